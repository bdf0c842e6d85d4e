//! What becomes of sessions: recovered, rolled up, deleted.

use std::ffi::c_char;

use super::ask::with_stats;
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::joinly_store;
use crate::capi::value::{document, joinly_value};
use crate::models::stats::RollUp;

/// Flushes the sessions of processes that died: those in the journal to which nothing was written for `idle_ms`
/// milliseconds. Choose it longer than a player may pause; a session that lives nevertheless loses nothing, but what it
/// records later counts as another one, its id followed by a tab and a number. `out` (may be NULL) receives a JSON array of
/// what `joinly_session_flush` tells of each. Any thread.
///
/// Errors: `JOINLY_INVALID` (`idle_ms` below zero), and those of `joinly_session_flush`. A journal that cannot be flushed for what
/// is in it keeps none of the others from it.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_recover(
    store: *mut joinly_store,
    idle_ms: i64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let recovered = with_stats(store, |stats| stats.recover(idle_ms))?;
            if !out.is_null() {
                out.write(document(&recovered)?);
            }
            Ok(())
        })
    }
}

/// Rolls up old sessions of a subject: those of each day that had ended at `days_until` become one entry of its history, and
/// the days and sessions of each month that had ended at `months_until` another. Times are milliseconds since 1970-01-01
/// UTC; 0: nothing. Days and months are in UTC. Figures, percentiles and trends stay what they are; single sessions are
/// forgotten, but still count once. `out` (may be NULL) receives how many entries are gone for it. Each day and month is a
/// commit of its own: after a failure, repeat the call. Any thread.
///
/// Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_OUT_OF_RANGE` (a sum beyond 64 bits), `JOINLY_WRONG_TYPE` (a plain
/// put wrote something else into the history), `JOINLY_BAD_HANDLE`, and those of `joinly_txn_commit`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_roll_up(
    store: *mut joinly_store,
    subject: *const c_char,
    subject_len: usize,
    days_until: i64,
    months_until: i64,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let subject = ffi::text(subject, subject_len, "subject")?;
            let bound = |time: i64| (time != 0).then_some(time);
            let roll_up = RollUp { days_until: bound(days_until), months_until: bound(months_until) };
            ffi::optional(out, with_stats(store, |stats| stats.roll_up(subject, roll_up))?);
            Ok(())
        })
    }
}

/// Forgets all that is known of a subject, its journals too; doing it again does nothing. `out` (may be NULL) receives how many
/// keys are gone. They are deleted some thousands in a commit: after a failure, repeat the call. Any thread.
///
/// Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`, and those of `joinly_txn_commit`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_delete(
    store: *mut joinly_store,
    subject: *const c_char,
    subject_len: usize,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let subject = ffi::text(subject, subject_len, "subject")?;
            ffi::optional(out, with_stats(store, |stats| stats.delete(subject))?);
            Ok(())
        })
    }
}
