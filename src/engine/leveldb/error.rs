//! What LevelDB says, in this library's terms. It tells kinds of errors by the first words of a message alone.

use std::path::Path;

use crate::error::{Error, Kind};

const NO_ROOM: &[i32] = &[libc::ENOSPC, if cfg!(unix) { libc::EDQUOT } else { libc::ENOSPC }];
const NOT_PERMITTED: &[i32] = &[libc::EACCES, libc::EPERM, libc::EROFS];

/// An error that LevelDB gave while the database in `folder` was being opened, read or written.
pub(super) fn map(message: &str, folder: &Path, doing: &str) -> Error {
    let (kind, advice) = kind(message);
    // The path leads every message of an open store's user anyway, and is long.
    let message = message.replace(&format!("{}/", folder.display()), "");
    Error::new(kind, format!("{doing}: {message}{advice}"))
}

fn kind(message: &str) -> (Kind, &'static str) {
    if message.starts_with("IO error: lock ") {
        return (Kind::Busy, ": a LevelDB database is for one process at a time, and another has it open");
    }
    if message.starts_with("Corruption: ") {
        return (Kind::Corrupt, ": restore a backup, or salvage a copy with LevelDB's own repair");
    }
    if message.contains("does not match existing comparator") {
        return (Kind::NotADatabase, ": it is of other software, which orders its keys in a way of its own");
    }
    if ends_with_any(message, NO_ROOM) {
        // Not `Full`, which promises that nothing was changed: how much of a record reached the log is not known.
        return (Kind::Io, ": free some space and reopen");
    }
    if ends_with_any(message, NOT_PERMITTED) {
        return (Kind::ReadOnly, ": even a reader of a LevelDB database needs to write in its folder");
    }
    (Kind::Io, "")
}

/// Whether it ends with the system's text for one of these errors, in the language of the process.
fn ends_with_any(message: &str, errors: &[i32]) -> bool {
    errors.iter().any(|error| {
        let text = std::io::Error::from_raw_os_error(*error).to_string();
        text.split(" (os error").next().is_some_and(|text| message.ends_with(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_their_kind() {
        for (message, kind) in [
            ("IO error: lock /a/db/LOCK: Resource temporarily unavailable", Kind::Busy),
            ("IO error: lock /a/db/LOCK: already held by process", Kind::Busy),
            ("Corruption: checksum mismatch: /a/db/000003.log", Kind::Corrupt),
            ("Invalid argument: idb_cmp1 does not match existing comparator : leveldb", Kind::NotADatabase),
            ("IO error: /a/db/000003.log: No space left on device", Kind::Io),
            ("IO error: /a/db/LOCK: Permission denied", Kind::ReadOnly),
            ("IO error: /a/db/LOCK: Read-only file system", Kind::ReadOnly),
            ("IO error: /a/db/000003.log: Input/output error", Kind::Io),
        ] {
            let error = map(message, Path::new("/a/db"), "open");
            assert_eq!(error.kind(), kind, "{message}");
            assert!(error.message().starts_with("open: ") && !error.message().contains("/a/db"), "{error}");
        }
    }
}
