//! Where the library's own messages go.

use std::ffi::{CString, c_char, c_void};

use super::error::{joinly_error, joinly_status};
use super::guard::guard;
use crate::error::{Error, Result};
use crate::log::{self, Level};

/// Nothing.
pub const JOINLY_LOG_OFF: i32 = 0;
/// Contained defects, failed background work.
pub const JOINLY_LOG_ERROR: i32 = 1;
/// Things that will become a problem, such as a write-ahead log that cannot shrink.
pub const JOINLY_LOG_WARN: i32 = 2;
/// Opening, closing, recovery.
pub const JOINLY_LOG_INFO: i32 = 3;

/// Receives a message: its level (`JOINLY_LOG_*`), a UTF-8 text valid during the call, and the pointer given at
/// registration. Called from any thread, also the library's own; it must not call the library.
pub type joinly_log_callback =
    Option<unsafe extern "C" fn(level: i32, message: *const c_char, user: *mut c_void)>;

struct User(*mut c_void);
// SAFETY: the pointer is only handed back to the host's callback, which promises to take it on any thread.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// Sends the library's messages up to `max_level` to `callback`; NULL: nowhere, as at start. One callback for the
/// whole process. It stays in use until replaced, and a call already under way on another thread may still finish
/// after that. Any thread. Errors: `JOINLY_INVALID` (no such level).
///
/// # Safety
/// `callback` is NULL or a function that is safe to call from any thread with `user`; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_log_set(
    callback: joinly_log_callback,
    user: *mut c_void,
    max_level: i32,
    err: *mut *mut joinly_error,
) -> joinly_status {
    let user = User(user);
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, move || {
            let level = level_of(max_level)?;
            let sink = callback.map(|callback| -> log::Sink {
                Box::new(move |level, text| {
                    let user = &user;
                    let message = CString::new(text.replace('\0', " ")).unwrap_or_default();
                    // SAFETY: the host promised that its callback may be called from any thread with `user`.
                    callback(level as i32, message.as_ptr(), user.0);
                })
            });
            log::set(sink, level);
            Ok(())
        })
    }
}

fn level_of(level: i32) -> Result<Level> {
    match level {
        JOINLY_LOG_OFF => Ok(Level::Off),
        JOINLY_LOG_ERROR => Ok(Level::Error),
        JOINLY_LOG_WARN => Ok(Level::Warn),
        JOINLY_LOG_INFO => Ok(Level::Info),
        other => Err(Error::invalid(format!("{other} is no log level: see JOINLY_LOG_*"))),
    }
}
