//! Queues: what they make of tickets, matches under way that want players, and the tick that makes matches.

use std::ffi::c_char;

use crate::capi::caller::{joinly_caller, with_queues};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};
use crate::error::{Error, Kind, Result};
use crate::models::matchmaking::Matchmaker;

/// Makes a queue, or gives it a new document: tickets that wait are matched by that one. A queue's name, and every other id
/// of matchmaking, has 1 to 128 bytes of printable UTF-8 without a colon. `document` is a JSON object of "rules", "seed" (a
/// number that decides what the rules leave open) and "lobby"; what is left out is the default, and so is NULL.
///
/// "rules" is an object of "teams" (2) and "team_size" (1); "roles" (how many players of each role a team has, by role; {});
/// "window", an object of "start" (3), "growth" a second (0.2), "cap" (10), "late_after" seconds (60), "late_growth" (0.1)
/// and "sigma_weight" (0.5): how far from its own rating a ticket accepts others after a wait, with a "start" not beyond the
/// "cap"; "policy", whose window counts: "mutual" (both) or "older"; "pairing" ("optimal" or "greedy", see below);
/// "age_bonus" (0), points of rating by which a second of waiting makes a partner look nearer; "max_latency_ms" (250);
/// "accept_ms" (0: players are not asked whether they are ready, at most an hour); and "rating", the system that
/// probabilities of winning rest on: {"system": "weng_lin"} or {"system": "glicko2"}.
///
/// Where a match has two players, "optimal" pairs all who wait with equal keys together, while they are 200 at most. There
/// are as many matches as there can be; the oldest ticket that may meet anybody is in one, then the next oldest that can be
/// beside it, and so on; and of all ways to pair these it is one with the least sum of distances of ratings, where each
/// second that one of a pair waits longer counts as "age_bonus" points. "greedy", and so it is above 200 and for larger
/// matches: the oldest chooses first, the nearest, then the next oldest that is left.
///
/// "lobby" is the lobby to create for each match, with a seat kept for everyone in it, while they are asked and then as long
/// as its reservations last; without it matches are played elsewhere. An object of the fields of `joinly_lobby_options`, by
/// name: "kind", "name", "max_members", "teams", "visibility" ("public", "friends", "private"), "build", "migration"
/// ("oldest", "manual", "never", "close"), "exclusive" (true), "backfill", "keep_empty", "timing" (an object of "member_ms",
/// "reservation_ms", "stale_ms", "close_ms"), "chat" (an object of "burst" and "every_ms"), "keep_events", "attributes", "member_attributes" and "owner_attributes".
/// Without "teams" it has those of the rules and just their seats. It has neither an owner nor a password.
///
/// Of `caller` only the transaction counts; so for all functions of matchmaking. Any thread.
///
/// Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (what no queue or lobby can have), and those of
/// `joinly_kv_put`; within a transaction, those of `joinly_txn_put`. What fails changes nothing.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_configure(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    document: *const c_char,
    document_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let queue = ffi::text(queue, queue_len, "queue")?;
            let document = ffi::json(document, document_len, "document")?.unwrap_or_default();
            with_queues(store, caller, |queues| queues.configure(queue, &document))
        })
    }
}

/// Reads a queue's document, complete: `*out` receives the JSON of `joinly_queue_configure`, to be freed with
/// `joinly_value_free`. Any thread. Errors: `JOINLY_NOT_FOUND`, `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (the document is
/// another's), and those of `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_get(
    store: *const joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let queue = ffi::text(queue, queue_len, "queue")?;
            *out = document(&with_queues(store, caller, |queues| queues.queue(queue))?)?;
            Ok(())
        })
    }
}

/// Makes what matches can be made now, oldest tickets first, each with its lobby in one step; ends the tickets and the
/// matches that took too long. `holder` (an id) has the queue for itself for `lease_ms` milliseconds from now on: a tick of
/// another one does nothing meanwhile. That saves work only; any number of processes may tick at any time.
///
/// `*out` receives a JSON object of "held_by" (who has the queue, if it is another one: then nothing was done), "matches"
/// (those made, in the form of `joinly_match_get`), "expired" (numbers of tickets whose time was over) and "stale" (how many
/// matches came to nothing because somebody was faster); to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such queue), `JOINLY_INVALID` (also for a lease of 0), `JOINLY_CONFLICT` (it lost every
/// race against other writers), and those of `joinly_queue_configure`. Matches that were made before an error stay made.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_tick(
    store: *mut joinly_store,
    queue: *const c_char,
    queue_len: usize,
    holder: *const c_char,
    holder_len: usize,
    lease_ms: u64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let (queue, holder) =
                (ffi::text(queue, queue_len, "queue")?, ffi::text(holder, holder_len, "holder")?);
            *out = document(&with_store(store, |s| Matchmaker::new(s).tick(queue, holder, lease_ms))?)?;
            Ok(())
        })
    }
}

/// Sums up the queue's matches that are kept, at most `most` of them, and the tickets that wait. `*out` receives a JSON
/// object of "deciles" (of the tickets by rating, each with "from", "to", "tickets", "match_rate", "wait_p50_ms",
/// "wait_p95_ms" and "wait_max_ms"), "matches" (how many), and "mean" and "worst", each the quality of matches as in
/// `joinly_match_get`; to be freed with `joinly_value_free`. It takes some 50 bytes of memory for each match and ticket. Any
/// thread. Errors: `JOINLY_INVALID`, and those of `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_report(
    store: *const joinly_store,
    queue: *const c_char,
    queue_len: usize,
    most: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let queue = ffi::text(queue, queue_len, "queue")?;
            *out = document(&with_store(store, |s| Matchmaker::new(s).report(queue, most))?)?;
            Ok(())
        })
    }
}

/// Asks for players for a match under way, or changes what was asked for. `backfill` is a JSON object of "lobby" (its
/// number), "teams" (who plays: as many arrays as the queue's matches have teams, of objects of "player", "mu", "sigma" and
/// maybe "role"), and what counts as in a ticket: "keys", "attributes", "filters", "region" (where it is played), "blocked"
/// and "deadline" (0: none). Players who are found have seats kept for them there and are added to "teams". It ends with its
/// deadline, with `joinly_queue_backfill_stop`, and when the lobby refuses players who were found (it is full, stale,
/// starting, or in game and not for backfill; one of them is banned or there already): ask again when that has changed.
///
/// `out` may be NULL; `*out` receives the request as it is stored, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such queue or lobby), `JOINLY_WRONG_STATE` (the lobby is closed), `JOINLY_EXPIRED` (the
/// deadline is past), and those of `joinly_queue_configure`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_backfill(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    backfill: *const c_char,
    backfill_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            ffi::optional(out, std::ptr::null_mut());
            let queue = ffi::text(queue, queue_len, "queue")?;
            let asked = ffi::json(backfill, backfill_len, "backfill")?
                .ok_or_else(|| Error::invalid("backfill is empty"))?;
            let stored = with_queues(store, caller, |queues| queues.backfill(queue, &asked))?;
            tell(out, || document(&stored))
        })
    }
}

/// Reads what was asked for a match under way, with the players that were found. `*out` receives the JSON of
/// `joinly_queue_backfill`, with "created", since when it waits; to be freed with `joinly_value_free`. Any thread. Errors:
/// `JOINLY_NOT_FOUND` (nothing was, or no more), and those of `joinly_queue_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_backfill_get(
    store: *const joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    lobby: u64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let queue = ffi::text(queue, queue_len, "queue")?;
            *out = document(&with_queues(store, caller, |queues| queues.backfilled(queue, lobby))?)?;
            Ok(())
        })
    }
}

/// Asks for no more players for a match under way. Any thread. Errors: `JOINLY_NOT_FOUND` (none were asked for; no error
/// object), and those of `joinly_queue_configure`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_queue_backfill_stop(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    queue: *const c_char,
    queue_len: usize,
    lobby: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let queue = ffi::text(queue, queue_len, "queue")?;
            match with_queues(store, caller, |queues| queues.stop_backfill(queue, lobby))? {
                true => Ok(()),
                false => Err(Error::quiet(Kind::NotFound)),
            }
        })
    }
}

/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn tell(
    out: *mut *mut joinly_value,
    value: impl FnOnce() -> Result<*mut joinly_value>,
) -> Result<()> {
    if !out.is_null() {
        // SAFETY: non-NULL, so writable by the caller's contract.
        unsafe { out.write(value()?) };
    }
    Ok(())
}
