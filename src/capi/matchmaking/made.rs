//! Matches: what they are, and whether everyone is ready.

use std::ffi::c_char;

use super::queue::tell;
use crate::capi::caller::{joinly_caller, with_queues};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::joinly_store;
use crate::capi::value::{document, joinly_value};

/// Reads a match. `*out` receives a JSON object of "id", "queue", "state" ("PENDING": its players are asked whether they are
/// ready; "CONFIRMED": it is on; "DISSOLVED": someone was not ready), "teams" (arrays of tickets, each with "ticket",
/// "party" and "waited_ms"), "lobby" (its number, if there is one: everyone has a seat kept there, in the team of the same
/// place), "backfill" (whether it was under way), "region" (where to play, if anybody minds), "quality" (an object of "gap"
/// between the means of the teams' ratings, "spread" within a team, "advantage" of the best team in probability of winning,
/// and "party_mismatch" in players: 0 is perfect), "created", "accept_by" (until when players may say that they are ready;
/// 0: they are not asked), "accepted" (who said so) and "result" (what was applied as its result, if anything was); to be
/// freed with `joinly_value_free`. Any thread. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_queue_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_match_get(
    store: *const joinly_store,
    caller: *const joinly_caller,
    id: *const c_char,
    id_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let id = ffi::text(id, id_len, "id")?;
            *out = document(&with_queues(store, caller, |queues| queues.match_of(id))?)?;
            Ok(())
        })
    }
}

/// A player of a match is ready; when all have said so it is on. Saying it again does nothing. `out` may be NULL; `*out`
/// receives the match as it is then, in the form of `joinly_match_get`, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not in the match), `JOINLY_EXPIRED` (it is too late, or the match is
/// dissolved), and those of `joinly_queue_configure`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_match_accept(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    id: *const c_char,
    id_len: usize,
    player: *const c_char,
    player_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            ffi::optional(out, std::ptr::null_mut());
            let (id, player) = (ffi::text(id, id_len, "id")?, ffi::text(player, player_len, "player")?);
            let made = with_queues(store, caller, |queues| queues.accept(id, player))?;
            tell(out, || document(&made))
        })
    }
}

/// A player of a match is not ready. It is dissolved: the player's ticket is cancelled, and the others wait on as if they
/// had never been matched. A lobby that was opened for it is closed; in one that was under way the seats that are still kept
/// for its players are given back. Declining what is dissolved does nothing. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, `JOINLY_FORBIDDEN` (not in the match), `JOINLY_ALREADY_MATCHED` (it is on), and those of
/// `joinly_queue_configure`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_match_decline(
    store: *mut joinly_store,
    caller: *const joinly_caller,
    id: *const c_char,
    id_len: usize,
    player: *const c_char,
    player_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let (id, player) = (ffi::text(id, id_len, "id")?, ffi::text(player, player_len, "player")?);
            with_queues(store, caller, |queues| queues.decline(id, player))
        })
    }
}
