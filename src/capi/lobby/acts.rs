//! What owners decide, and what members do.

use std::ffi::c_char;

use crate::capi::caller::{change, joinly_caller, joinly_done};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::store::joinly_store;
use crate::error::Error;

/// From open to locked: only who has a reservation may join.
pub const JOINLY_MOVE_LOCK: u32 = 1;
/// From locked to open.
pub const JOINLY_MOVE_UNLOCK: u32 = 2;
/// From open or locked to in game; with a ready check, to starting until all members are ready.
pub const JOINLY_MOVE_START: u32 = 3;
/// From starting back to open.
pub const JOINLY_MOVE_CANCEL: u32 = 4;
/// From in game to open.
pub const JOINLY_MOVE_REOPEN: u32 = 5;
/// From any state to closed, which is the end.
pub const JOINLY_MOVE_CLOSE: u32 = 6;

/// Takes a player's seat away. An act of the owner. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such lobby, or no seat in it), `JOINLY_FORBIDDEN` (not the owner, or not in this epoch),
/// and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_kick(
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
        change(store, caller, done, err, |lobbies, by| {
            lobbies.kick(lobby, by, ffi::text(player, player_len, "player")?)
        })
    }
}

/// Takes a player's seat away, if there is one, and keeps the player from joining until `until`, in milliseconds since
/// 1970-01-01 UTC; 0: for ever. An act of the owner. Any thread. Errors: those of `joinly_lobby_kick`, `JOINLY_WRONG_STATE`
/// (closed).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_ban(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    player: *const c_char,
    player_len: usize,
    until: i64,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, by| {
            let until = (until != 0).then_some(until);
            lobbies.ban(lobby, by, ffi::text(player, player_len, "player")?, until)
        })
    }
}

/// Lets a player join again. An act of the owner. Any thread. Errors: those of `joinly_lobby_kick`; `JOINLY_NOT_FOUND` also
/// for who is not banned.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_unban(
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
        change(store, caller, done, err, |lobbies, by| {
            lobbies.unban(lobby, by, ffi::text(player, player_len, "player")?)
        })
    }
}

/// Gives the ownership to another member, in a new epoch: the former owner decides nothing any more. An act of the owner,
/// or of the host where there is none. Any thread. Errors: those of `joinly_lobby_kick`; `JOINLY_FORBIDDEN` also where a
/// lost ownership stays lost.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_transfer(
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
        change(store, caller, done, err, |lobbies, by| {
            lobbies.transfer(lobby, by, ffi::text(player, player_len, "player")?)
        })
    }
}

/// Moves a lobby to another state; `move_` is one of `JOINLY_MOVE_*`. `ready_ms` is for `JOINLY_MOVE_START`, else 0: the
/// game starts once all members have said within so many milliseconds that they are ready; 0: at once. An act of the owner.
/// Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not the owner, or not in this epoch), `JOINLY_WRONG_STATE` (no such move
/// from its state), and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_move(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    move_: u32,
    ready_ms: u32,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, by| match (move_, ready_ms) {
            (JOINLY_MOVE_START, 0) => lobbies.start(lobby, by, None),
            (JOINLY_MOVE_START, ms) => lobbies.start(lobby, by, Some(ms.into())),
            (JOINLY_MOVE_LOCK, 0) => lobbies.lock(lobby, by),
            (JOINLY_MOVE_UNLOCK, 0) => lobbies.unlock(lobby, by),
            (JOINLY_MOVE_CANCEL, 0) => lobbies.cancel(lobby, by),
            (JOINLY_MOVE_REOPEN, 0) => lobbies.reopen(lobby, by),
            (JOINLY_MOVE_CLOSE, 0) => lobbies.close(lobby, by),
            (other, 0) => Err(Error::invalid(format!("there is no move {other}"))),
            (other, ms) => Err(Error::invalid(format!("move {other} has no ready check (of {ms} ms)"))),
        })
    }
}

/// A member of a starting lobby is ready (`ready` is not 0), or not any more; the game starts when all are. Any thread.
/// Errors: `JOINLY_NOT_FOUND` (no such lobby, or no member of it), `JOINLY_WRONG_STATE` (nobody asked), and those of
/// `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_ready(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    player: *const c_char,
    player_len: usize,
    ready: u8,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, _| {
            lobbies.ready(lobby, ffi::text(player, player_len, "player")?, ready != 0)
        })
    }
}

/// Changes the fields that `patch` names, a JSON object of any of "name", "visibility" ("public", "friends", "private"),
/// "build", "max_members", "backfill", "migration" ("oldest", "manual", "never", "close"), "chat" (an object of
/// "burst" and "every_ms", as in `joinly_lobby_options`), "password" ("" removes it),
/// "attributes", "member_attributes" and "owner_attributes" (objects of new values; null removes an attribute). `expected`
/// is the version that the lobby must be of; 0: any. An act of the owner. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (of another version, which `joinly_error_present_version` tells), `JOINLY_NOT_FOUND`,
/// `JOINLY_FORBIDDEN` (not the owner, or not in this epoch), `JOINLY_LOBBY_FULL` (fewer seats than are taken),
/// `JOINLY_WRONG_STATE` (closed), and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_patch(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    patch: *const c_char,
    patch_len: usize,
    expected: u64,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, by| {
            let patch =
                ffi::json(patch, patch_len, "patch")?.ok_or_else(|| Error::invalid("patch is empty"))?;
            lobbies.patch(lobby, by, patch, (expected != 0).then_some(expected))
        })
    }
}

/// Changes attributes of a member: `attributes` is a JSON object of new values; null removes one. `expected` as in
/// `joinly_lobby_patch`. Any thread. Errors: `JOINLY_CONFLICT` (of another version, which `joinly_error_present_version`
/// tells), `JOINLY_NOT_FOUND` (no such lobby, or no member of it), and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_patch_member(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    player: *const c_char,
    player_len: usize,
    attributes: *const c_char,
    attributes_len: usize,
    expected: u64,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, _| {
            let player = ffi::text(player, player_len, "player")?;
            let attributes = ffi::json(attributes, attributes_len, "attributes")?
                .ok_or_else(|| Error::invalid("attributes is empty"))?;
            lobbies.patch_member(lobby, player, &attributes, (expected != 0).then_some(expected))
        })
    }
}

/// A member says something to the others: 1 to 4096 bytes of UTF-8. It is an event like all others. Any thread. Errors:
/// `JOINLY_NOT_FOUND` (no such lobby, or no member of it), `JOINLY_RATE_LIMITED` (more than members may say; the message tells
/// for how long), and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_say(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    player: *const c_char,
    player_len: usize,
    text: *const c_char,
    text_len: usize,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, _| {
            let player = ffi::text(player, player_len, "player")?;
            lobbies.say(lobby, player, ffi::text(text, text_len, "text")?)
        })
    }
}
