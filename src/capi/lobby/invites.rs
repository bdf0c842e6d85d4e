//! Inviting players.

use std::ffi::c_char;

use crate::capi::caller::{change, joinly_caller, joinly_done, with_lobbies};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::joinly_store;
use crate::capi::value::{document, joinly_value};

/// Invites a player: the invitation admits them once without a code or a password, until `for_ms` milliseconds are over (0:
/// 300000) or it is taken back; another one of the player is replaced. A ban stands against it, and a lobby that is locked,
/// starting or full. `from` is the member who invites; NULL: the host. At most 256 are invited at a time. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such lobby), `JOINLY_FORBIDDEN` (`from` is no member; the player is banned),
/// `JOINLY_EXISTS` (a member already), `JOINLY_WRONG_STATE` (closed), `JOINLY_EXPIRED` (the lobby is stale), and those of
/// `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_invite(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    from: *const c_char,
    from_len: usize,
    player: *const c_char,
    player_len: usize,
    for_ms: u32,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, _| {
            let from = ffi::optional_text(from, from_len, "from")?;
            let for_ms = (for_ms != 0).then_some(for_ms.into());
            lobbies.invite(lobby, from, ffi::text(player, player_len, "player")?, for_ms)
        })
    }
}

/// Takes an invitation back. `from` is who does: the owner, the member who made it, or the invited player, who declines;
/// NULL: the host. Any thread. Errors: `JOINLY_NOT_FOUND` (no such lobby, or no such invitation), `JOINLY_FORBIDDEN`
/// (`from` is somebody else), and those of `joinly_lobby_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_uninvite(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    lobby: u64,
    from: *const c_char,
    from_len: usize,
    player: *const c_char,
    player_len: usize,
    done: *mut joinly_done,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        change(store, caller, done, err, |lobbies, _| {
            let from = ffi::optional_text(from, from_len, "from")?;
            lobbies.uninvite(lobby, from, ffi::text(player, player_len, "player")?)
        })
    }
}

/// Where a player is invited: `*out` receives a JSON array of objects of "lobby" (its number), "by" (the member who invited;
/// null: the host) and "until" (in milliseconds since 1970-01-01 UTC), by the number of the lobby, to be freed with
/// `joinly_value_free`. Of `caller` only the transaction counts. Any thread. Errors: those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_invitations(
    store: *const joinly_store,
    caller: *const joinly_caller,
    player: *const c_char,
    player_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let player = ffi::text(player, player_len, "player")?;
            *out = document(&with_lobbies(store, caller, |lobbies, _| lobbies.invitations(player))?)?;
            Ok(())
        })
    }
}
