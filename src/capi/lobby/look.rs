//! What a lobby is and was, and cleaning up.

use std::ffi::c_char;

use crate::capi::caller::{joinly_caller, with_lobbies};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::found;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::document;
use crate::capi::value::joinly_value;
use crate::error::{Error, Result};
use crate::models::lobby::{Lobbies, Viewer};

/// What anybody may know of a lobby.
pub const JOINLY_VIEWER_PUBLIC: u32 = 0;
/// What members may know.
pub const JOINLY_VIEWER_MEMBER: u32 = 1;
/// What the owner and the host may know.
pub const JOINLY_VIEWER_OWNER: u32 = 2;

/// What a sweep has done.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_swept {
    /// `sizeof(joinly_swept)`, set by the caller.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Lobbies in which time had decided something.
    pub settled: u64,
    /// Closed lobbies that were deleted, with all their events.
    pub deleted: u64,
}

pub(super) fn viewer(constant: u32) -> Result<Viewer> {
    match constant {
        JOINLY_VIEWER_PUBLIC => Ok(Viewer::Public),
        JOINLY_VIEWER_MEMBER => Ok(Viewer::Member),
        JOINLY_VIEWER_OWNER => Ok(Viewer::Owner),
        other => Err(Error::invalid(format!("there is no viewer {other}"))),
    }
}

/// Reads a lobby as `viewer`, one of `JOINLY_VIEWER_*`, may know it. `*out` receives a JSON object of "lobby" (the document
/// at `lobby:{number}`, whose "version" is the number of the last event in it, and whose "epoch" is that of its owner),
/// "seats" (for members; by number), "member_attributes", "owner_attributes", "bans" (for the owner: an object of players,
/// each with "until" when, in milliseconds since 1970-01-01 UTC, 0 being for ever) and "invites" (for members: an object of
/// players, each with "by" whom, null being the host, and "until"); to be freed with `joinly_value_free`.
/// Leases are as time has made them: who looks first writes it. Of `caller` only the transaction counts. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (the document is another's), and those of
/// `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_get(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    viewer: u32,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let viewer = self::viewer(viewer)?;
            *out = document(&with_lobbies(store, caller, |lobbies, _| lobbies.get(lobby, viewer))?)?;
            Ok(())
        })
    }
}

/// Finds the live lobby that has a code: six letters and digits as people write them, in small letters, with hyphens and
/// spaces, with O for 0. `*lobby` receives its number. Of `caller` only the transaction counts. Any thread. Errors:
/// `JOINLY_NOT_FOUND` (no error object), `JOINLY_INVALID` (no code), and those of `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_by_code(
    store: *const joinly_store,
    caller: *const joinly_caller,
    code: *const c_char,
    code_len: usize,
    lobby: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let lobby = ffi::out(lobby, 0, "lobby")?;
            let code = ffi::text(code, code_len, "code")?;
            *lobby = found(with_lobbies(store, caller, |lobbies, _| lobbies.by_code(code))?)?;
            Ok(())
        })
    }
}

/// In which exclusive lobby of a kind a player is: `*lobby` receives its number. Of `caller` only the transaction counts.
/// Any thread. Errors: `JOINLY_NOT_FOUND` (in none; no error object), and those of `joinly_lobby_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_of_player(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    kind: *const c_char,
    kind_len: usize,
    player: *const c_char,
    player_len: usize,
    lobby: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let lobby = ffi::out(lobby, 0, "lobby")?;
            let (kind, player) =
                (ffi::text(kind, kind_len, "kind")?, ffi::text(player, player_len, "player")?);
            *lobby = found(with_lobbies(store, caller, |lobbies, _| lobbies.of_player(kind, player))?)?;
            Ok(())
        })
    }
}

/// Reads a lobby as it was when event `version` had just happened, folded from the events that are kept, in the form of
/// `joinly_lobby_get`. Leases are those that the events tell. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_COMPACTED` (the events up to there are no longer kept), `JOINLY_OUT_OF_RANGE` (it has
/// not happened), `JOINLY_INVALID`, and those of `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_as_of(
    store: *const joinly_store,
    lobby: u64,
    version: u64,
    viewer: u32,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let viewer = self::viewer(viewer)?;
            *out = document(&with_store(store, |s| Lobbies::new(s).as_of(lobby, version))?.seen_by(viewer))?;
            Ok(())
        })
    }
}

/// Writes what time has decided in all lobbies, and deletes the closed lobbies that were created more than `keep_ms`
/// milliseconds ago. In small transactions. Of use now and then for the size of the file: nothing else depends on it. `swept`
/// may be NULL. Any thread. Errors: `JOINLY_INVALID`, and those of `joinly_kv_put`.
///
/// # Safety
/// `swept` is NULL or writable for the size it states; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_sweep(
    store: *mut joinly_store,
    keep_ms: u64,
    swept: *mut joinly_swept,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let mut value = joinly_swept { struct_size: 0, reserved: 0, settled: 0, deleted: 0 };
            ffi::fill_optional(swept, &value, "joinly_swept")?;
            let keep_ms = i64::try_from(keep_ms).unwrap_or(i64::MAX);
            let done = with_store(store, |s| Lobbies::new(s).sweep(keep_ms))?;
            (value.settled, value.deleted) = (done.settled as u64, done.deleted as u64);
            ffi::fill_optional(swept, &value, "joinly_swept")
        })
    }
}
