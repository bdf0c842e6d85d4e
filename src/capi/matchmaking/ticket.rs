//! Tickets: parties that wait in a queue.

use std::ffi::c_char;

use super::queue::tell;
use crate::capi::caller::{joinly_caller, with_queues};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::joinly_store;
use crate::capi::value::{document, joinly_value};
use crate::error::{Error, Result};
use crate::models::matchmaking::{Seeker, Ticket};

/// A player who waits. Zero-initialise it and set `struct_size`. Texts are UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_seeker {
    /// `sizeof(joinly_seeker)`.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The rating.
    pub mu: f64,
    /// Its deviation.
    pub sigma: f64,
    /// Who: 1 to 128 bytes.
    pub player: *const c_char,
    /// Length of `player`.
    pub player_len: usize,
    /// The role wanted, one of the queue's; NULL: any.
    pub role: *const c_char,
    /// Length of `role`.
    pub role_len: usize,
}

/// A party that wants to play; it is never split. Zero-initialise it and set `struct_size`. Texts are JSON in UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_ticket {
    /// `sizeof(joinly_ticket)`.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Its players: as many as a team has at most.
    pub party: *const joinly_seeker,
    /// How many.
    pub party_count: usize,
    /// Until when it waits, in milliseconds since 1970-01-01 UTC; 0: for ever.
    pub deadline: i64,
    /// What must be equal in all tickets of a match, as a whole: an object of texts. NULL: nothing.
    pub keys: *const c_char,
    /// Length of `keys`.
    pub keys_len: usize,
    /// What the filters of other tickets look at: an object of booleans, numbers and texts. NULL: nothing.
    pub attributes: *const c_char,
    /// Length of `attributes`.
    pub attributes_len: usize,
    /// What every other ticket of the match must have: an array of `{"key": attribute, "test": test}`, where a test is one
    /// of `{"equal": value}`, `{"not_equal": value}`, `{"at_least": number}`, `{"at_most": number}` and
    /// `{"one_of": [values]}`. A missing attribute fails every test. NULL: nothing.
    pub filters: *const c_char,
    /// Length of `filters`.
    pub filters_len: usize,
    /// The latency to each region in milliseconds: an object of numbers. NULL: any region will do.
    pub latencies: *const c_char,
    /// Length of `latencies`.
    pub latencies_len: usize,
    /// Players whom this party never meets: an array of ids. NULL: none.
    pub blocked: *const c_char,
    /// Length of `blocked`.
    pub blocked_len: usize,
}

impl joinly_seeker {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_seeker(self) -> Result<Seeker> {
        if self.reserved != 0 {
            return Err(Error::invalid("joinly_seeker.reserved is not zero"));
        }
        // SAFETY: forwarded contract.
        unsafe {
            Ok(Seeker {
                player: ffi::text(self.player, self.player_len, "player")?.to_owned(),
                mu: self.mu,
                sigma: self.sigma,
                role: ffi::optional_text(self.role, self.role_len, "role")?.map(str::to_owned),
            })
        }
    }
}

impl joinly_ticket {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_ticket(self) -> Result<Ticket> {
        if self.reserved != 0 {
            return Err(Error::invalid("joinly_ticket.reserved is not zero"));
        }
        // SAFETY: forwarded contract.
        unsafe {
            let party = ffi::sized_array(self.party, self.party_count, "joinly_seeker")?;
            Ok(Ticket {
                party: party.into_iter().map(|seeker| seeker.to_seeker()).collect::<Result<_>>()?,
                keys: ffi::json(self.keys, self.keys_len, "keys")?.unwrap_or_default(),
                attributes: ffi::json(self.attributes, self.attributes_len, "attributes")?
                    .unwrap_or_default(),
                filters: ffi::json_array(self.filters, self.filters_len, "filters")?.unwrap_or_default(),
                latencies: ffi::json(self.latencies, self.latencies_len, "latencies")?.unwrap_or_default(),
                blocked: ffi::json_array(self.blocked, self.blocked_len, "blocked")?
                    .unwrap_or_default()
                    .into_iter()
                    .collect(),
                deadline: self.deadline,
                ..Ticket::default()
            })
        }
    }
}

/// A party begins to wait in a queue. `*id` receives the ticket's number in the queue. `out` may be NULL; `*out` receives
/// the ticket, in the form of `joinly_ticket_get`, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such queue), `JOINLY_EXISTS` (one of the players waits there already), `JOINLY_EXPIRED`
/// (the deadline is past), `JOINLY_INVALID` and `JOINLY_TOO_LARGE` (what could never be matched), `JOINLY_CONFLICT` (it lost
/// every race against other writers), and those of `joinly_queue_configure`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_ticket_enqueue(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    ticket: *const joinly_ticket,
    id: *mut u64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            ffi::optional(out, std::ptr::null_mut());
            let id = ffi::out(id, 0, "id")?;
            let queue = ffi::text(queue, queue_len, "queue")?;
            let ticket = ffi::sized(ticket, "joinly_ticket")?.to_ticket()?;
            let stored = with_queues(store, caller, |queues| queues.enqueue(queue, &ticket))?;
            *id = stored.id;
            tell(out, || document(&stored))
        })
    }
}

/// Reads a ticket; for ten minutes also after its end. `*out` receives a JSON object of "id", "party" (objects of "player",
/// "mu", "sigma" and maybe "role"), "created" (since when it waits, in milliseconds since 1970-01-01 UTC), "deadline",
/// "state" ("QUEUED"; "MATCHED": its players are asked whether they are ready; and at its end "ACCEPTED": it is in a match
/// that is on, "CANCELLED" or "EXPIRED"), "match" (the id of its match, once it has one), "attempts" (how often it was
/// matched), and of "keys", "attributes", "filters", "latencies" and "blocked" what it has; to be freed with
/// `joinly_value_free`. Any thread. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_queue_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_ticket_get(
    store: *const joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    id: u64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let queue = ffi::text(queue, queue_len, "queue")?;
            *out = document(&with_queues(store, caller, |queues| queues.ticket(queue, id))?)?;
            Ok(())
        })
    }
}

/// Withdraws a ticket. Withdrawing it again does nothing. Any thread.
///
/// Errors: `JOINLY_ALREADY_MATCHED` (decline the match, or leave its lobby), `JOINLY_NOT_FOUND`, `JOINLY_EXPIRED` (its time
/// was over), and those of `joinly_queue_configure`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_ticket_cancel(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    id: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let queue = ffi::text(queue, queue_len, "queue")?;
            with_queues(store, caller, |queues| queues.cancel(queue, id))
        })
    }
}
