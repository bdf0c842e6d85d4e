//! SQLite's result codes (<https://sqlite.org/rescode.html>) in this library's terms.

use rusqlite::ffi;

use crate::error::{Error, Kind};

/// For `map_err`: names what was being done.
pub(super) fn mapped(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Error {
    move |error| map(error, doing)
}

pub(super) fn map(error: rusqlite::Error, doing: &str) -> Error {
    let (code, text) = match &error {
        rusqlite::Error::SqliteFailure(failure, text) => {
            (failure.extended_code, text.clone().unwrap_or_else(|| failure.to_string()))
        }
        // A column of another type than this library writes: the file was changed by someone else.
        _ => return Error::new(Kind::Corrupt, format!("{doing}: unexpected content: {error}")),
    };
    let (kind, advice) = kind(code);
    Error::new(kind, format!("{doing}: {text}{advice}")).with_engine_code(code)
}

/// For calls of SQLite's C interface.
pub(super) fn map_code(code: i32, doing: &str) -> Error {
    map(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None), doing)
}

fn kind(extended: i32) -> (Kind, &'static str) {
    match extended {
        // Growing the shared-memory file fails like this on a full device.
        ffi::SQLITE_IOERR_SHMSIZE => return (Kind::Full, ": no room for the WAL-index; free some space"),
        ffi::SQLITE_READONLY_DBMOVED => {
            return (Kind::Io, ": the file was moved or deleted while open; reopen it");
        }
        ffi::SQLITE_READONLY_DIRECTORY | ffi::SQLITE_READONLY_CANTINIT => {
            return (
                Kind::ReadOnly,
                ": even a reader needs the files that SQLite keeps beside a database (-wal, -shm): let a process that \
                 may write in the directory open it first and keep it open, or permit writing in the directory",
            );
        }
        ffi::SQLITE_IOERR_NOMEM => return (Kind::NoMemory, ""),
        _ => {}
    }
    match extended & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => {
            (Kind::Busy, ": another process holds a lock")
        }
        ffi::SQLITE_FULL => (Kind::Full, ": nothing was changed; free some space and repeat"),
        ffi::SQLITE_READONLY | ffi::SQLITE_PERM | ffi::SQLITE_AUTH => {
            (Kind::ReadOnly, ": check the permissions of the file and its directory")
        }
        ffi::SQLITE_CANTOPEN => (
            Kind::Io,
            ": check the permissions of the file, of those beside it (-wal, -shm) and of the directory",
        ),
        ffi::SQLITE_CORRUPT => (Kind::Corrupt, ": restore a backup, or salvage what can be read"),
        ffi::SQLITE_NOTADB => (Kind::NotADatabase, ": it is something else, or its first page is damaged"),
        ffi::SQLITE_NOMEM => (Kind::NoMemory, ""),
        ffi::SQLITE_TOOBIG => (Kind::TooLarge, ""),
        // The schema is not the one that the statements were written for.
        ffi::SQLITE_ERROR | ffi::SQLITE_SCHEMA | ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => {
            (Kind::Corrupt, "")
        }
        _ => (Kind::Io, ""),
    }
}
