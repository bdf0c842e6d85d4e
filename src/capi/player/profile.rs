//! Profiles and presence.

use std::ffi::c_char;

use super::{answer, with_players};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::{guard, of_read};
use crate::capi::kv::found;
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::joinly_value;
use crate::error::Error;

/// Makes a player's profile, at the key `player:{player}`; wallets, presence and the like need none. `player` is 1 to 128
/// bytes of printable UTF-8 without a colon, like every id here. `patch` says what it holds, in the form of
/// `joinly_player_patch`; NULL: nothing yet. `*out` receives the profile, a JSON object of "id", "name", "accounts",
/// "properties", "created" (milliseconds since 1970-01-01 UTC) and "version", to be freed with `joinly_value_free`.
///
/// `txn`, here and below, is the transaction that the call becomes part of: it sees what that has written, and is committed
/// and undone with it; what fails leaves it as it was. NULL: the call is a transaction of its own. Any thread; a
/// transaction belongs to one at a time.
///
/// Errors: `JOINLY_EXISTS` (the id or an account is taken), `JOINLY_INVALID` (what is no id; broken JSON, an unknown field;
/// `txn` is of another store), `JOINLY_TOO_LARGE`, `JOINLY_CONFLICT` (it lost every race against other writers), and those
/// of `joinly_kv_put`; within a transaction, those of `joinly_txn_get` and `joinly_txn_put`. What fails changes nothing.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_create(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    patch: *const c_char,
    patch_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            let player = ffi::text(player, player_len, "player")?;
            players.create(player, &ffi::json(patch, patch_len, "patch")?.unwrap_or_default())
        })
    }
}

/// Reads a player's profile. `*out` receives it in the form of `joinly_player_create`, to be freed with
/// `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object), `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of
/// `joinly_kv_get`; within a transaction, those of `joinly_txn_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_get(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            players.get(ffi::text(player, player_len, "player")?).map_err(of_read)
        })
    }
}

/// Reads the profile of the player who has an account elsewhere. Otherwise as `joinly_player_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_by_account(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    platform: *const c_char,
    platform_len: usize,
    account: *const c_char,
    account_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            let platform = ffi::text(platform, platform_len, "platform")?;
            players.by_account(platform, ffi::text(account, account_len, "account")?).map_err(of_read)
        })
    }
}

/// Changes the fields of a profile that `patch` names, a JSON object of any of "name", "properties" (an object of new
/// values: booleans, integers of 64 bits, doubles, texts, arrays of texts; null removes one) and "accounts" (an object of
/// platforms and the player's id there, which no other player has; null gives one up). At most 64 properties, 64 accounts,
/// and 1024 bytes of each. `expected` is the version that the profile must be of; 0: any. `*out` receives the profile now,
/// in the form of `joinly_player_create`, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (of another version, which `joinly_error_present_version` tells), `JOINLY_NOT_FOUND`,
/// `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_player_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_patch(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    patch: *const c_char,
    patch_len: usize,
    expected: u64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            let player = ffi::text(player, player_len, "player")?;
            let patch =
                ffi::json(patch, patch_len, "patch")?.ok_or_else(|| Error::invalid("patch is empty"))?;
            players.patch(player, (expected != 0).then_some(expected), &patch)
        })
    }
}

/// Says that a player is there, for `lease_ms` milliseconds from now on, at least 1; who needs no profile. `status` is what
/// the player is doing, at most 1024 bytes of UTF-8. `*out` receives the presence, a JSON object of "status", "since" and
/// "until" (milliseconds since 1970-01-01 UTC), to be freed with `joinly_value_free`. Any thread. Errors:
/// `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_player_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_heartbeat(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    status: *const c_char,
    status_len: usize,
    lease_ms: u32,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            let player = ffi::text(player, player_len, "player")?;
            players.heartbeat(player, ffi::text(status, status_len, "status")?, lease_ms)
        })
    }
}

/// Whether a player is there: `*out` receives the presence, in the form of `joinly_player_heartbeat`, to be freed with
/// `joinly_value_free`. One whose lease has lapsed is not. Any thread. Errors: those of `joinly_player_get`;
/// `JOINLY_NOT_FOUND` who is not there.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_presence(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            found(players.presence(ffi::text(player, player_len, "player")?)?)
        })
    }
}

/// Says that a player is gone: `JOINLY_OK` who was there, `JOINLY_NOT_FOUND` (no error object) who was not. Any thread.
/// Errors: those of `joinly_player_heartbeat`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_player_leave(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let player = ffi::text(player, player_len, "player")?;
            found(with_players(store, txn, |players| players.leave(player))?.then_some(()))
        })
    }
}
