//! Who calls a model, and what the call did.

use std::ffi::c_char;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::store::joinly_store;
use super::txn::{joinly_txn, with_store_within};
use crate::error::{Error, Result};
use crate::models::lobby::{By, Done, Lobbies};
use crate::models::matchmaking::Matchmaker;

/// Who calls, and how. NULL in its place: the game itself, in a transaction of its own. Zero-initialise it and set
/// `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_caller {
    /// `sizeof(joinly_caller)`.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// For what only the owner of a lobby may do: the player who asks for it, in UTF-8. NULL: the host, which may do all.
    pub player: *const c_char,
    /// Length of `player`.
    pub player_len: usize,
    /// In which epoch the player became the owner; another one than the present is refused with `JOINLY_FORBIDDEN`.
    pub epoch: u64,
    /// The id of this request, in UTF-8, at most 128 bytes: once it has been answered, a repetition within an hour is
    /// answered the same and does nothing. NULL: none.
    pub request: *const c_char,
    /// Length of `request`.
    pub request_len: usize,
    /// The transaction that the call becomes part of, committed and undone with it; NULL: one of its own. What is refused
    /// leaves it as it was.
    pub txn: *mut joinly_txn,
}

/// What a call did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_done {
    /// `sizeof(joinly_done)`, set by the caller.
    pub struct_size: u32,
    /// 1: the request had been answered before, and nothing was done again.
    pub repeated: u32,
    /// To which lobby.
    pub lobby: u64,
    /// The number of the last event that it made: events after it are news.
    pub sequence: u64,
}

/// # Safety
/// As [`ffi::fill_optional`].
unsafe fn fill_done(out: *mut joinly_done, done: Option<Done>) -> Result<()> {
    let (repeated, lobby, sequence) =
        done.map_or((0, 0, 0), |done| (u32::from(done.repeated), done.lobby, done.sequence));
    let value = joinly_done { struct_size: 0, repeated, lobby, sequence };
    // SAFETY: forwarded contract.
    unsafe { ffi::fill_optional(out, &value, "joinly_done") }
}

/// Runs a call on the lobbies of a store, as its caller wants it.
///
/// # Safety
/// `caller` is NULL or valid as described.
pub(super) unsafe fn with_lobbies<R>(
    store: *const joinly_store,
    caller: *const joinly_caller,
    f: impl FnOnce(&Lobbies<'_>, &By) -> Result<R>,
) -> Result<R> {
    // SAFETY: forwarded contract.
    let (caller, player, request) = unsafe {
        let caller = read(caller)?;
        let player = ffi::optional_text(caller.player, caller.player_len, "player")?;
        (caller, player, ffi::optional_text(caller.request, caller.request_len, "request")?)
    };
    let by = player.map_or(By::Host, |player| By::Owner { player: player.to_owned(), epoch: caller.epoch });
    let call = |mut lobbies: Lobbies<'_>| {
        if let Some(request) = request {
            lobbies.request(request)?;
        }
        f(&lobbies, &by)
    };
    with_store_within(store, caller.txn, |store, txn| match txn {
        None => call(Lobbies::new(store)),
        Some(txn) => call(Lobbies::within(store, txn)),
    })
}

/// Runs a call on the queues of a store, as its caller wants it.
///
/// # Safety
/// `caller` is NULL or valid as described.
pub(super) unsafe fn with_queues<R>(
    store: *const joinly_store,
    caller: *const joinly_caller,
    f: impl FnOnce(&Matchmaker<'_>) -> Result<R>,
) -> Result<R> {
    // SAFETY: forwarded contract.
    let caller = unsafe { read(caller)? };
    with_store_within(store, caller.txn, |store, txn| match txn {
        None => f(&Matchmaker::new(store)),
        Some(txn) => f(&Matchmaker::within(store, txn)),
    })
}

/// # Safety
/// As [`ffi::sized`].
unsafe fn read(caller: *const joinly_caller) -> Result<joinly_caller> {
    // SAFETY: forwarded contract.
    let caller = unsafe { ffi::sized(caller, "joinly_caller")? };
    match caller.reserved {
        0 => Ok(caller),
        _ => Err(Error::invalid("joinly_caller.reserved is not zero")),
    }
}

/// The whole of an export that changes a lobby: `done` is checked and cleared before anything is done.
///
/// # Safety
/// Pointers are NULL or valid as described.
pub(super) unsafe fn change(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
    f: impl FnOnce(&Lobbies<'_>, &By) -> Result<Done>,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            fill_done(done, None)?;
            fill_done(done, Some(with_lobbies(store, caller, f)?))
        })
    }
}
