//! Sessions under way.

use std::ffi::c_char;

use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::exclusive::Exclusive;
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::handle::{Table, object};
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};
use crate::error::Result;
use crate::models::stats::{Session, SessionOptions};
use crate::store::Store;

/// A session of a subject, from its begin to its flush. It belongs to one thread at a time (`JOINLY_BUSY` otherwise).
pub struct joinly_session {
    _private: (),
}

pub(super) struct SessionObject {
    /// The bits of the store's handle.
    store: usize,
    session: Exclusive<Session>,
}

object!(joinly_session => SessionObject, SESSIONS, 13, Long);

impl SessionObject {
    fn with_store<R>(&self, f: impl FnOnce(&mut Session, &Store) -> Result<R>) -> Result<R> {
        let mut session = self.session.try_lock("session")?;
        with_store(self.store as *const joinly_store, |store| f(&mut session, store))
    }

    fn record(&self, metric: &str, time_ms: f64, correct: bool, at: i64) -> Result<()> {
        let is_due = {
            let mut session = self.session.try_lock("session")?;
            session.record(metric, time_ms, correct, at)?;
            session.is_due()
        };
        if is_due { self.with_store(Session::journal) } else { Ok(()) }
    }
}

/// Begins a session of a subject: a player or a profile of one, of whom statistics are kept apart. `id` is the caller's name
/// for the session: it counts once, however often its flush is tried, by whichever process. NULL or empty: a random one.
/// Both are UTF-8 of at most 128 bytes without a colon or control characters. `began` is in milliseconds since 1970-01-01
/// UTC; 0: now. `*out` receives the session, to be freed with `joinly_session_free`.
///
/// With a `journal_every` of 0 samples are kept in memory alone until the flush: `joinly_session_record` then does no I/O, but
/// the session is lost with its process. Else every so many samples are written to a journal in the store, by the call that
/// records the last of them, in one commit; after the death of the process `joinly_stats_recover` makes them count. A session
/// counts from its flush on. Any thread.
///
/// Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_OUT_OF_RANGE` (`began`), `JOINLY_BAD_HANDLE`, `JOINLY_CLOSED`,
/// `JOINLY_FORKED`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_session_begin(
    store: *mut joinly_store,
    subject: *const c_char,
    subject_len: usize,
    id: *const c_char,
    id_len: usize,
    began: i64,
    journal_every: u32,
    out: *mut *mut joinly_session,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let subject = ffi::text(subject, subject_len, "subject")?;
            let id = ffi::text(id, id_len, "id")?;
            let options = SessionOptions { began: (began != 0).then_some(began), journal_every };
            let session = with_store(store, |store| Session::begin(store, subject, id, options))?;
            let session = Exclusive::new(session);
            *out = SESSIONS.insert(SessionObject { store: store as usize, session })?;
            Ok(())
        })
    }
}

/// Counts an attempt at a metric: a key that was typed, two in a row, or any other text of 1 to 128 bytes in UTF-8. `time_ms`
/// is how long it took, from 0 to a day, and counts, to the microsecond, when the attempt was `correct` (not 0). `at` is
/// when that was, in milliseconds since 1970-01-01 UTC; 0: not told. A session has at most 10,000 metrics.
///
/// Without a journal the call neither waits nor does I/O, and may be part of a render loop. With one, every
/// `journal_every`th call is a commit; when that fails its status is answered, the sample counts nevertheless, and the commit
/// is tried again after as many samples more.
///
/// Errors: `JOINLY_OUT_OF_RANGE` (a time that is NaN, negative or too long; `at`; a sum beyond 64 bits), `JOINLY_INVALID`,
/// `JOINLY_TOO_LARGE` (the metric, their number; 100,000 samples that wait for the journal), `JOINLY_CLOSED` (the session was
/// flushed), `JOINLY_BUSY` (in use by another thread), `JOINLY_BAD_HANDLE`; with a journal those of `joinly_session_journal`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_session_record(
    session: *mut joinly_session,
    metric: *const c_char,
    metric_len: usize,
    time_ms: f64,
    correct: u8,
    at: i64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let metric = ffi::text(metric, metric_len, "metric")?;
            SESSIONS.with(session, |session| session.record(metric, time_ms, correct != 0, at))?
        })
    }
}

/// Writes the samples that wait to the journal, at a moment of the caller's choice; does nothing without a journal or
/// samples. One thread at a time.
///
/// Errors: `JOINLY_EXISTS` (another session of the same id is recorded: wait, or recover it), `JOINLY_BUSY`,
/// `JOINLY_BAD_HANDLE`, and those of `joinly_kv_put`. Then the samples wait on.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_session_journal(
    session: *mut joinly_session,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || SESSIONS.with(session, |session| session.with_store(Session::journal))?) }
}

/// Ends a session: it counts from now on, added to the statistics of its subject in one commit. Once it does, further calls
/// change nothing; also when another process flushed a session with the same id and the same samples. A session without a
/// sample leaves nothing behind. After a failure the call may be tried again.
///
/// `out` (may be NULL) receives what was done, a JSON object of "subject", "session" (its id), "metrics" and "attempts" (how
/// many), and "repeated" (whether it counted before), to be freed with `joinly_value_free`. One thread at a time.
///
/// Errors: `JOINLY_EXISTS` (a session with the same id counts already, with other samples), `JOINLY_OUT_OF_RANGE` (a sum
/// beyond 64 bits), `JOINLY_WRONG_TYPE` (a plain put wrote something else there), `JOINLY_BUSY`, `JOINLY_BAD_HANDLE`, and
/// those of `joinly_txn_commit`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_session_flush(
    session: *mut joinly_session,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let outcome = SESSIONS.with(session, |session| session.with_store(Session::flush))??;
            if !out.is_null() {
                out.write(document(&outcome)?);
            }
            Ok(())
        })
    }
}

/// Frees a session. One that was not flushed does not count, except what is in its journal, once it is recovered. NULL and a
/// session that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_session_free(session: *mut joinly_session) {
    SESSIONS.remove(session);
}
