//! Questions about a subject.

use std::ffi::c_char;

use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::found;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};
use crate::error::{Error, Result};
use crate::limits;
use crate::models::stats::{Stats, Window};

pub(super) fn with_stats<R>(
    store: *const joinly_store,
    f: impl FnOnce(&Stats<'_>) -> Result<R>,
) -> Result<R> {
    with_store(store, |store| f(&Stats::new(store)))
}

/// 0 is no bound.
fn window(from: i64, until: i64) -> Window {
    let bound = |time: i64| (time != 0).then_some(time);
    Window { from: bound(from), until: bound(until) }
}

/// Reads the figures of one metric over all sessions of a subject. `*out` receives a JSON object of "attempts", "correct"
/// (how many of them), "miss_rate" (what part was not, from 0 to 1), and of the times of the correct ones, in milliseconds:
/// "total_ms", "average_ms", "min_ms" and "max_ms", the last three null without a correct one; to be freed with
/// `joinly_value_free`. All but the average and the rate are exact. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object: it was never attempted), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`,
/// `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_figures(
    store: *const joinly_store,
    subject: *const c_char,
    subject_len: usize,
    metric: *const c_char,
    metric_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            let metric = ffi::text(metric, metric_len, "metric")?;
            *out = document(&found(with_stats(store, |stats| stats.figures(subject, metric))?)?)?;
            Ok(())
        })
    }
}

/// Reads the figures of every metric over the sessions that began at `from` or later and before `until`, in milliseconds
/// since 1970-01-01 UTC; 0: no bound. `*out` receives a JSON array in order of the names, each the object of
/// `joinly_stats_figures` with "metric" before it, to be freed with `joinly_value_free`. Over all sessions it takes as long
/// after thousands as after one. Of sessions that were rolled up, here and below, the days and months that began then
/// count. Any thread. Errors: those of `joinly_stats_figures` but `JOINLY_NOT_FOUND`; `JOINLY_CONFLICT` (it took longer
/// than `snapshot_max_age_ms`).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_summary(
    store: *const joinly_store,
    subject: *const c_char,
    subject_len: usize,
    from: i64,
    until: i64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            *out = document(&with_stats(store, |stats| stats.summary(subject, window(from, until)))?)?;
            Ok(())
        })
    }
}

/// Reads the metrics that go worst over all sessions, the worst first. `weakness` is a JSON object of any of "by" ("miss_rate":
/// those that are missed most, "time": those that take longest on average), "min_attempts" (10) and "count" (10); NULL: the
/// first of each. `*out` receives an array as that of `joinly_stats_summary`. Any thread. Errors: those of
/// `joinly_stats_summary`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_worst(
    store: *const joinly_store,
    subject: *const c_char,
    subject_len: usize,
    weakness: *const c_char,
    weakness_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            let weakness = ffi::json(weakness, weakness_len, "weakness")?.unwrap_or_default();
            *out = document(&with_stats(store, |stats| stats.worst(subject, weakness))?)?;
            Ok(())
        })
    }
}

/// Tells the times of correct attempts at some quantiles from 0 to 1: `times_ms`, an array of `count` (at most 1,000), receives
/// them in milliseconds. Of n times in order the time at q is the ⌈q·n⌉th, told within 1/128 of itself; those at 0 and 1 are
/// exact. `metric` is NULL for all metrics together; `from` and `until` are as in `joinly_stats_summary`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object: there was no correct attempt), `JOINLY_INVALID` (a quantile that is none), and
/// those of `joinly_stats_summary`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_percentiles(
    store: *const joinly_store,
    subject: *const c_char,
    subject_len: usize,
    metric: *const c_char,
    metric_len: usize,
    from: i64,
    until: i64,
    quantiles: *const f64,
    count: usize,
    times_ms: *mut f64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::optional_array(times_ms, count, "times_ms")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            let metric = ffi::optional_text(metric, metric_len, "metric")?;
            let quantiles = ffi::array(quantiles, count, limits::MAX_PAGE_ROWS, "quantiles")?;
            if out.len() != quantiles.len() {
                return Err(Error::invalid("times_ms is NULL"));
            }
            let window = window(from, until);
            let times = with_stats(store, |stats| stats.percentiles(subject, metric, window, quantiles))?;
            out.copy_from_slice(&found(times)?);
            Ok(())
        })
    }
}

/// Reads how a metric went from day to day, in UTC; `metric` is NULL for all together, `from` and `until` are as in
/// `joinly_stats_summary`. `*out` receives a JSON array, the oldest first, of objects of "day" ("2026-01-05"), "grain" ("day";
/// "month" for one that was rolled up, at its first day), "sessions" (how many), what `joinly_stats_figures` tells, and
/// "p50_ms" and "p95_ms", as `joinly_stats_percentiles` tells them; to be freed with `joinly_value_free`. Any thread. Errors:
/// those of `joinly_stats_summary`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_trend(
    store: *const joinly_store,
    subject: *const c_char,
    subject_len: usize,
    metric: *const c_char,
    metric_len: usize,
    from: i64,
    until: i64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            let metric = ffi::optional_text(metric, metric_len, "metric")?;
            let window = window(from, until);
            *out = document(&with_stats(store, |stats| stats.trend(subject, metric, window))?)?;
            Ok(())
        })
    }
}

/// Reads the sessions of a subject in pages. `past` is a JSON object of any of "metric" (of that alone, and of sessions that
/// have it), "from" and "until" (milliseconds), "newest_first" (false), "limit" (256, at most 10,000) and "after" (the "next"
/// of the page before); NULL: all of them. `*out` receives a JSON object of "next" (null: this is the last page) and
/// "sessions", an array of objects of "grain" ("session", or "day" and "month" for what was rolled up), "id" (of a session),
/// "sessions" (how many), "began" and "ended" (milliseconds since 1970-01-01 UTC), and "metrics", by name what
/// `joinly_stats_figures` tells; to be freed with `joinly_value_free`. Any thread. Errors: those of `joinly_stats_summary`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_history(
    store: *const joinly_store,
    subject: *const c_char,
    subject_len: usize,
    past: *const c_char,
    past_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            let past = ffi::json(past, past_len, "past")?.unwrap_or_default();
            *out = document(&with_stats(store, |stats| stats.history(subject, &past))?)?;
            Ok(())
        })
    }
}

/// Reads of whom something is known: `*out` receives a JSON array of their names, in order, to be freed with
/// `joinly_value_free`. Any thread. Errors: those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_stats_subjects(
    store: *const joinly_store,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = document(&with_stats(store, |stats| stats.subjects())?)?;
            Ok(())
        })
    }
}
