//! Statuses and error objects.

use std::ffi::{CString, c_char};

use super::handle::{Table, object};
use crate::error::{Error, Kind};

/// What a call answers: `JOINLY_OK` or one of the statuses below. Codes are never reused.
pub type joinly_status = i32;

/// The call succeeded.
pub const JOINLY_OK: joinly_status = 0;
/// The key, index or file does not exist. For a missing key no error object is made.
pub const JOINLY_NOT_FOUND: joinly_status = 1;
/// Nothing happened before the time-out. No error object is made.
pub const JOINLY_TIMEOUT: joinly_status = 2;
/// A check failed, or a transaction lost against another writer; nothing was changed. Retry from the read.
pub const JOINLY_CONFLICT: joinly_status = 3;
/// Another process or thread held a lock for longer than `busy_timeout_ms`. Retry later.
pub const JOINLY_BUSY: joinly_status = 4;
/// An argument, option or document is malformed; the message names it.
pub const JOINLY_INVALID: joinly_status = 5;
/// A key, value, batch or count is over its limit (`joinly_store_limits`).
pub const JOINLY_TOO_LARGE: joinly_status = 6;
/// The stored value is not of the type that the operation needs, for example no decimal integer for an add.
pub const JOINLY_WRONG_TYPE: joinly_status = 7;
/// The result does not fit its type, for example a counter beyond 64 bits.
pub const JOINLY_OUT_OF_RANGE: joinly_status = 8;
/// The feature is not available with this engine, file or build.
pub const JOINLY_UNSUPPORTED: joinly_status = 9;
/// The handle is closed, freed, NULL where an object is needed, or of another type.
pub const JOINLY_BAD_HANDLE: joinly_status = 10;
/// The store behind this object was closed, or the transaction is finished.
pub const JOINLY_CLOSED: joinly_status = 11;
/// The process was forked after the store was opened. Open it anew, best in a process that did not inherit one.
pub const JOINLY_FORKED: joinly_status = 12;
/// An earlier failure left the outcome of a write unknown: reads go on, writes are refused until it is reopened.
pub const JOINLY_POISONED: joinly_status = 13;
/// A defect of the library was contained; the store concerned refuses further writes.
pub const JOINLY_PANIC: joinly_status = 14;
/// An allocation was refused.
pub const JOINLY_NO_MEMORY: joinly_status = 15;
/// No room left on the device. Nothing was changed, reads go on, and writes work again once there is room.
pub const JOINLY_FULL: joinly_status = 16;
/// The file, its directory or the store is read-only.
pub const JOINLY_READ_ONLY: joinly_status = 17;
/// The operating system refused an operation; the message says which.
pub const JOINLY_IO: joinly_status = 18;
/// The file is damaged. The store refuses writes; what can be read is still read.
pub const JOINLY_CORRUPT: joinly_status = 19;
/// The file exists and is not a database of this library.
pub const JOINLY_NOT_A_DATABASE: joinly_status = 20;
/// The file was written by a newer version of the library.
pub const JOINLY_NEWER_SCHEMA: joinly_status = 21;
/// The change log no longer reaches back to the wanted version: read the state anew, then watch from now.
pub const JOINLY_COMPACTED: joinly_status = 22;
/// The name is taken by something different.
pub const JOINLY_EXISTS: joinly_status = 23;
/// The caller's buffer is too small: the needed length was reported and nothing was copied. No error object is made.
pub const JOINLY_BUFFER_TOO_SMALL: joinly_status = 24;
/// The lobby, or the team in it, has no free seat.
pub const JOINLY_LOBBY_FULL: joinly_status = 25;
/// The rules do not allow it to this caller: wrong password, banned, not the owner, a fenced epoch.
pub const JOINLY_FORBIDDEN: joinly_status = 26;
/// The lease or deadline that it rests on has passed.
pub const JOINLY_EXPIRED: joinly_status = 27;
/// The ticket was matched before it could be cancelled.
pub const JOINLY_ALREADY_MATCHED: joinly_status = 28;
/// The state that it is in has no such move, for example joining a lobby that is locked.
pub const JOINLY_WRONG_STATE: joinly_status = 29;
/// A balance would go below zero; nothing was changed.
pub const JOINLY_INSUFFICIENT: joinly_status = 30;
/// The caller ended it; what was done so far is kept where the operation says so.
pub const JOINLY_CANCELLED: joinly_status = 31;
/// What is kept here was moved: it is written to in its new place, which the message names.
pub const JOINLY_MOVED: joinly_status = 32;
/// It comes too soon after what the same caller did before. Retry later.
pub const JOINLY_RATE_LIMITED: joinly_status = 33;

/// A failure: status, message, engine code. Immutable; usable from any thread; freed with `joinly_error_free`.
pub struct joinly_error {
    _private: (),
}

pub(super) struct ErrorObject {
    error: Error,
    message: CString,
}

object!(joinly_error => ErrorObject, ERRORS, 1, Short);

/// A new error handle; NULL when the table of errors is full, which loses the message but never the status.
pub(super) fn make(error: Error) -> *mut joinly_error {
    let text: Vec<u8> = error.message().bytes().filter(|b| *b != 0).collect();
    let message = CString::new(text).unwrap_or_default();
    ERRORS.insert(ErrorObject { error, message }).unwrap_or(std::ptr::null_mut())
}

/// The stable name of a status, for example "NOT_FOUND"; "UNKNOWN" for a number that is none. A static string,
/// never to be freed. Any thread; never fails.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_status_name(status: joinly_status) -> *const c_char {
    macro_rules! names {
        ($($constant:ident $name:literal,)*) => { match status { $($constant => $name.as_ptr(),)* _ => c"UNKNOWN".as_ptr() } };
    }
    names! {
        JOINLY_OK c"OK", JOINLY_NOT_FOUND c"NOT_FOUND", JOINLY_TIMEOUT c"TIMEOUT", JOINLY_CONFLICT c"CONFLICT",
        JOINLY_BUSY c"BUSY", JOINLY_INVALID c"INVALID", JOINLY_TOO_LARGE c"TOO_LARGE",
        JOINLY_WRONG_TYPE c"WRONG_TYPE", JOINLY_OUT_OF_RANGE c"OUT_OF_RANGE",
        JOINLY_UNSUPPORTED c"UNSUPPORTED", JOINLY_BAD_HANDLE c"BAD_HANDLE", JOINLY_CLOSED c"CLOSED",
        JOINLY_FORKED c"FORKED", JOINLY_POISONED c"POISONED", JOINLY_PANIC c"PANIC",
        JOINLY_NO_MEMORY c"NO_MEMORY", JOINLY_FULL c"FULL", JOINLY_READ_ONLY c"READ_ONLY", JOINLY_IO c"IO",
        JOINLY_CORRUPT c"CORRUPT", JOINLY_NOT_A_DATABASE c"NOT_A_DATABASE",
        JOINLY_NEWER_SCHEMA c"NEWER_SCHEMA", JOINLY_COMPACTED c"COMPACTED", JOINLY_EXISTS c"EXISTS",
        JOINLY_BUFFER_TOO_SMALL c"BUFFER_TOO_SMALL", JOINLY_LOBBY_FULL c"LOBBY_FULL",
        JOINLY_FORBIDDEN c"FORBIDDEN", JOINLY_EXPIRED c"EXPIRED", JOINLY_ALREADY_MATCHED c"ALREADY_MATCHED",
        JOINLY_WRONG_STATE c"WRONG_STATE", JOINLY_INSUFFICIENT c"INSUFFICIENT",
        JOINLY_CANCELLED c"CANCELLED", JOINLY_MOVED c"MOVED",
        JOINLY_RATE_LIMITED c"RATE_LIMITED",
    }
}

/// 1 when the same call can succeed if repeated (`JOINLY_CONFLICT`: from the first read of the transaction;
/// `JOINLY_BUSY`, `JOINLY_TIMEOUT`, `JOINLY_RATE_LIMITED`: later), else 0. Any thread; never fails.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_status_is_retryable(status: joinly_status) -> u8 {
    u8::from(Kind::ALL.iter().any(|kind| *kind as i32 == status && kind.is_retryable()))
}

/// The status of an error; `JOINLY_BAD_HANDLE` for NULL or a freed one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_error_status(error: *const joinly_error) -> joinly_status {
    ERRORS.with(error, |e| e.error.kind() as i32).unwrap_or(JOINLY_BAD_HANDLE)
}

/// The message of an error, in UTF-8, for people: what failed and what to do about it. Borrowed: valid until
/// `joinly_error_free`. An empty string for NULL or a freed one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_error_message(error: *const joinly_error) -> *const c_char {
    // The pointer outlives the closure: the string is on the heap of an object that only `joinly_error_free` drops.
    ERRORS.with(error, |e| e.message.as_ptr()).unwrap_or(c"".as_ptr())
}

/// The code of the engine below (for SQLite its extended result code), 0 where the library itself refused, and
/// for NULL or a freed error. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_error_engine_code(error: *const joinly_error) -> i32 {
    ERRORS.with(error, |e| e.error.engine_code()).unwrap_or(0)
}

/// The present version of what a call expected another version of (`JOINLY_CONFLICT`): read it again from there. 0 where
/// an error tells none, and for NULL or a freed one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_error_present_version(error: *const joinly_error) -> u64 {
    ERRORS.with(error, |e| e.error.present_version()).ok().flatten().unwrap_or(0)
}

/// Frees an error. NULL and an error that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_error_free(error: *mut joinly_error) {
    ERRORS.remove(error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_constant_of_its_name() {
        for kind in Kind::ALL {
            // SAFETY: joinly_status_name answers a static C string.
            let name = unsafe { std::ffi::CStr::from_ptr(joinly_status_name(*kind as i32)) };
            assert_eq!(name.to_str().ok(), Some(kind.name()));
        }
    }
}
