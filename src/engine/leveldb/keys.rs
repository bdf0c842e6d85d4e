//! Where things lie: one database, whose keys begin with the letter of what they are. A part of the file format.
//!
//! ```text
//! k key -> record, as in packed.rs    l version: 8 bytes, big-endian -> checksum: 4 bytes, big-endian | entry of the log
//! m key, e key, i key -> an entry of a space    \0joinly -> the number of this format
//! ```

use std::ops::Bound;

use crate::engine::{Range, Space};

/// Tells that a database is of this library.
pub(super) const FORMAT: &[u8] = b"\0joinly";
pub(super) const FORMAT_NUMBER: &[u8] = b"1";

pub(super) const RECORD: u8 = b'k';
pub(super) const LOG: u8 = b'l';

pub(super) fn letter_of(space: Space) -> u8 {
    match space {
        Space::Meta => b'm',
        Space::Expiry => b'e',
        Space::Index => b'i',
    }
}

/// The key of what has `key` under a letter.
pub(super) fn of(letter: u8, key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(1 + key.len());
    whole.push(letter);
    whole.extend_from_slice(key);
    whole
}

/// The keys of a range under a letter.
pub(super) fn range(letter: u8, range: &Range) -> Range {
    let within = |key: &Vec<u8>| of(letter, key);
    let start = match range.start.as_ref().map(within) {
        Bound::Unbounded => Bound::Included(vec![letter]),
        start => start,
    };
    let end = match range.end.as_ref().map(within) {
        Bound::Unbounded => Bound::Excluded(vec![letter + 1]),
        end => end,
    };
    Range { start, end }
}

/// The log after a version.
pub(super) fn log_after(version: u64) -> Range {
    let start = Bound::Excluded(version.to_be_bytes().to_vec());
    range(LOG, &Range { start, end: Bound::Unbounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_never_change() {
        let letters = [RECORD, LOG].into_iter().chain(Space::ALL.map(letter_of));
        assert!(letters.eq(*b"klmei"));
        assert_eq!((FORMAT, FORMAT_NUMBER), (&b"\0joinly"[..], &b"1"[..]));
        assert_eq!(of(RECORD, b"a"), b"ka");
        assert_eq!(log_after(258).start, Bound::Excluded(b"l\0\0\0\0\0\0\x01\x02".to_vec()));
        assert_eq!(log_after(0).end, Bound::Excluded(b"m".to_vec()));
    }
}
