//! Leaderboards.

use std::ffi::c_char;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::kv::found;
use super::store::{joinly_store, with_store};
use super::txn::{joinly_txn, with_store_within};
use super::value::{document, joinly_value};
use crate::error::Result;
use crate::models::leaderboard::Leaderboards;

/// Runs a call on the leaderboards of a store, within a transaction unless that is NULL.
pub(super) fn with_leaderboards<R>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    f: impl FnOnce(&Leaderboards<'_>) -> Result<R>,
) -> Result<R> {
    with_store_within(store, txn, |store, txn| match txn {
        None => f(&Leaderboards::new(store)),
        Some(txn) => f(&Leaderboards::within(store, txn)),
    })
}

/// Makes a leaderboard. `rules` is a JSON object of any of "period", how long scores count together, in UTC ("forever",
/// "daily", "weekly" from Monday on, "monthly"), "policy", what a new score does to the player's ("best": it replaces a worse
/// one, "set": it replaces it, "increment": it is added), and "order", which scores are better ("highest", "lowest"); the first
/// of each unless given. Making the same again does nothing. Any thread.
///
/// Errors: `JOINLY_EXISTS` (there is one with other rules), and those of `joinly_player_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_board_create(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    board: *const c_char,
    board_len: usize,
    rules: *const c_char,
    rules_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let board = ffi::text(board, board_len, "board")?;
            let rules = ffi::json(rules, rules_len, "rules")?.unwrap_or_default();
            with_leaderboards(store, txn, |boards| boards.create(board, rules))
        })
    }
}

/// Submits a player's score; `subscore` decides between equal ones, and is better as the score is. `out` (may be NULL)
/// receives what the player has now, a JSON object of "period" (its name: its first day as "2026-01-05", or "all"), "score",
/// "subscore", "time" (when it was reached, in milliseconds since 1970-01-01 UTC) and "changed" (whether this submission
/// changed it), to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such board), `JOINLY_OUT_OF_RANGE` (a sum does not fit 64 bits), `JOINLY_WRONG_TYPE` (a
/// plain put wrote something else there), and those of `joinly_player_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_board_submit(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    board: *const c_char,
    board_len: usize,
    player: *const c_char,
    player_len: usize,
    score: i64,
    subscore: i64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let board = ffi::text(board, board_len, "board")?;
            let player = ffi::text(player, player_len, "player")?;
            let submitted =
                with_leaderboards(store, txn, |boards| boards.submit(board, player, score, subscore))?;
            if !out.is_null() {
                out.write(document(&submitted)?);
            }
            Ok(())
        })
    }
}

/// Tells a player's place on a board. `period` is the name of a period, as `joinly_board_submit` gives it; NULL: the
/// present one. `*out` receives a JSON object of "rank" (from 1 on; no two players share one: of equal scores the one
/// reached earlier is better), "player", "score", "subscore" and "time", to be freed with `joinly_value_free`.
///
/// Ranks, here and below, are those of the committed scores. The first call for a period reads its scores; later ones take
/// microseconds, however many there are. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such board; without an error object: the player has no score), `JOINLY_INVALID`,
/// `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_board_rank(
    store: *const joinly_store,
    board: *const c_char,
    board_len: usize,
    period: *const c_char,
    period_len: usize,
    player: *const c_char,
    player_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let board = ffi::text(board, board_len, "board")?;
            let period = ffi::optional_text(period, period_len, "period")?;
            let player = ffi::text(player, player_len, "player")?;
            let ranked = with_store(store, |store| Leaderboards::new(store).rank(board, period, player))?;
            *out = document(&found(ranked)?)?;
            Ok(())
        })
    }
}

/// Reads the best `count` players, at most 10,000, after the first `skip`. `*out` receives a JSON array, the best first,
/// each in the form of `joinly_board_rank`, to be freed with `joinly_value_free`. Any thread. Errors: those of
/// `joinly_board_rank`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_board_top(
    store: *const joinly_store,
    board: *const c_char,
    board_len: usize,
    period: *const c_char,
    period_len: usize,
    skip: usize,
    count: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let board = ffi::text(board, board_len, "board")?;
            let period = ffi::optional_text(period, period_len, "period")?;
            *out = document(&with_store(store, |store| {
                Leaderboards::new(store).top(board, period, skip, count)
            })?)?;
            Ok(())
        })
    }
}

/// Reads a player between the `before` next better and the `after` next worse, at most 10,000 in all. `*out` receives them
/// in the form of `joinly_board_top`; an empty array when the player has no score. Any thread. Errors: those of
/// `joinly_board_rank`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_board_around(
    store: *const joinly_store,
    board: *const c_char,
    board_len: usize,
    period: *const c_char,
    period_len: usize,
    player: *const c_char,
    player_len: usize,
    before: usize,
    after: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let board = ffi::text(board, board_len, "board")?;
            let period = ffi::optional_text(period, period_len, "period")?;
            let player = ffi::text(player, player_len, "player")?;
            let ranked = with_store(store, |store| {
                Leaderboards::new(store).around(board, period, player, before, after)
            })?;
            *out = document(&ranked)?;
            Ok(())
        })
    }
}

/// How many players have a score: `*out` receives the number. Any thread. Errors: those of `joinly_board_rank`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_board_count(
    store: *const joinly_store,
    board: *const c_char,
    board_len: usize,
    period: *const c_char,
    period_len: usize,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, 0, "out")?;
            let board = ffi::text(board, board_len, "board")?;
            let period = ffi::optional_text(period, period_len, "period")?;
            *out = with_store(store, |store| Leaderboards::new(store).count(board, period))? as u64;
            Ok(())
        })
    }
}
