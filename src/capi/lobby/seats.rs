//! Creating lobbies, joining and leaving them, and keeping them alive.

use std::ffi::c_char;

use super::options::{self, joinly_join, joinly_lobby_options, joinly_seat_request};
use super::search::{self, joinly_lobby_query};
use crate::capi::caller::{change, joinly_caller, joinly_done};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::joinly_bytes;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::document;
use crate::capi::value::joinly_value;
use crate::error::Result;
use crate::limits;
use crate::models::lobby::{Done, Joined, Lobbies};

/// Creates a lobby; `done->lobby` is its number, which is never used again. `options` may be NULL: a public lobby of 8
/// seats. Any thread.
///
/// Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (what no lobby can have), `JOINLY_EXISTS` (the owner is
/// in another exclusive lobby of the kind), `JOINLY_CONFLICT` (it lost every race against other writers), and those of
/// `joinly_kv_put`; within a transaction, those of `joinly_txn_put`. What fails changes nothing.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_create(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    options: *const joinly_lobby_options,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { change(store, caller, done, err, |lobbies, _| lobbies.create(options::create(options)?)) }
}

/// Players join a lobby, all or none; one of their passwords is enough. `snapshot` (may be NULL: not wanted, and then it
/// costs as much in a crowd as in an empty lobby) receives the lobby as members see it as of `done->sequence`, in the form
/// of `joinly_lobby_get`, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_LOBBY_FULL`, `JOINLY_FORBIDDEN` (banned; wrong password, build or code),
/// `JOINLY_WRONG_STATE` (locked, starting, in game, closed), `JOINLY_EXPIRED` (the lobby is stale), `JOINLY_EXISTS` (a
/// member already, here or in another exclusive lobby of the kind), and those of `joinly_lobby_create`.
///
/// # Safety
/// `joins` is NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_join(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    joins: *const joinly_join,
    count: usize,
    snapshot: *mut *mut joinly_value,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(snapshot, std::ptr::null_mut());
        change(store, caller, done, err, |lobbies, _| {
            let joins = options::joins(joins, count)?;
            match snapshot.is_null() {
                true => lobbies.enter(lobby, joins),
                false => told(lobbies.join_many(lobby, joins)?, snapshot),
            }
        })
    }
}

/// Players join the first lobby that a query finds and that admits them all, or else create one, which the first of them
/// owns, instead of `options->owner`. Of two who create at the same moment, one joins the other's. `query` and `options` may
/// be NULL; the query's kind is that of `options`. `snapshot` as in `joinly_lobby_join`. Any thread.
///
/// Errors: those of `joinly_lobby_create` and `joinly_lobby_search`; `JOINLY_LOBBY_FULL` (a new lobby would be too small),
/// `JOINLY_EXISTS` (a player is in another exclusive lobby of the kind).
///
/// # Safety
/// `joins` is NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_quick_join(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    query: *const joinly_lobby_query,
    joins: *const joinly_join,
    count: usize,
    options: *const joinly_lobby_options,
    snapshot: *mut *mut joinly_value,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(snapshot, std::ptr::null_mut());
        change(store, caller, done, err, |lobbies, _| {
            let (query, create) = (search::query(query)?, options::create(options)?);
            told(lobbies.quick_join(&query, options::joins(joins, count)?, create)?, snapshot)
        })
    }
}

/// # Safety
/// `snapshot` is NULL or writable.
unsafe fn told(joined: Joined, snapshot: *mut *mut joinly_value) -> Result<Done> {
    if !snapshot.is_null() {
        // SAFETY: non-NULL, so writable by the caller's contract.
        unsafe { snapshot.write(document(&joined.snapshot)?) };
    }
    Ok(joined.done)
}

/// Keeps seats for players, all or none, and renews those that they have. Whoever has one joins in spite of a lock, a
/// password or a code. An act of the owner. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not the owner, or not in this epoch), `JOINLY_LOBBY_FULL`,
/// `JOINLY_EXISTS` (a member already), `JOINLY_WRONG_STATE` (closed), and those of `joinly_lobby_create`.
///
/// # Safety
/// `seats` is NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_reserve(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    seats: *const joinly_seat_request,
    count: usize,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, by| {
            lobbies.reserve(lobby, by, &options::reserves(seats, count)?)
        })
    }
}

/// A player gives up the seat, or the reservation. A lobby closes with its last member, unless it is to stay empty. Any
/// thread. Errors: `JOINLY_NOT_FOUND` (no such lobby, or no seat in it), and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_leave(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    player: *const c_char,
    player_len: usize,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, _| {
            lobbies.leave(lobby, ffi::text(player, player_len, "player")?)
        })
    }
}

/// Renews the leases of members, and that of the lobby if its owner is among them; makes no event. `alive` (may be NULL, or
/// writable for `count` bytes) receives for each player 1 while they are a member, else 0: an expired lease is not renewed.
/// When the machine has slept, or its clock was set ahead, leases are believed for 10 seconds more than they were before, so
/// that members can renew them (by stores that were open meanwhile; on Windows only when the clock was set).
/// Any thread. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_lobby_create`.
///
/// # Safety
/// `players` is NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_heartbeat(
    store: *mut joinly_store,
    lobby: u64,
    players: *const joinly_bytes,
    count: usize,
    alive: *mut u8,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let players = ffi::array(players, count, limits::MAX_PAGE_ROWS, "players")?.iter();
            let players = players.map(|player| ffi::text(player.data.cast(), player.len, "player"));
            let players = players.collect::<Result<Vec<_>>>()?;
            let beats = with_store(store, |s| Lobbies::new(s).heartbeat(lobby, &players))?;
            for (at, beat) in beats.into_iter().enumerate() {
                ffi::optional(if alive.is_null() { alive } else { alive.add(at) }, u8::from(beat));
            }
            Ok(())
        })
    }
}

/// Renews the lease of a lobby that its host keeps alive. Any thread. Errors: `JOINLY_NOT_FOUND`, `JOINLY_WRONG_STATE`
/// (closed), and those of `joinly_lobby_create`.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_heartbeat_host(
    store: *mut joinly_store,
    lobby: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, |s| Lobbies::new(s).heartbeat_host(lobby))) }
}
