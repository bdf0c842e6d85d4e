//! What SQLite says of a query, in this library's terms.

use rusqlite::ffi;

use crate::error::{Error, Kind};

/// For `map_err` while the connection is made: nothing of it depends on the caller.
pub(super) fn of_setup(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == rusqlite::ErrorCode::OutOfMemory => {
            Error::new(Kind::NoMemory, "prepare a query")
        }
        _ => Error::new(Kind::Panic, format!("prepare a query: {error}")),
    }
}

/// Of a query's own failure.
pub(super) fn of_query(extended: i32, message: &str) -> Error {
    let (kind, advice) = match extended & 0xff {
        ffi::SQLITE_INTERRUPT => (Kind::Timeout, ": the query took longer than its time-out"),
        ffi::SQLITE_AUTH => (Kind::Invalid, ": a query may only read"),
        ffi::SQLITE_NOMEM => (Kind::NoMemory, ""),
        ffi::SQLITE_TOOBIG => (Kind::TooLarge, ""),
        // Sorting and temporary results may need more than memory.
        ffi::SQLITE_FULL => (Kind::Full, ""),
        ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => (Kind::Io, ": temporary files of the query"),
        _ => (Kind::Invalid, ""),
    };
    Error::new(kind, format!("SQL: {message}{advice}")).with_engine_code(extended)
}
