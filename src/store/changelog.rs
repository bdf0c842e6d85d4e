//! The change log: one entry for each transaction of the store, listing the commits it carried and the keys they changed.
//! Caches and watches of every process live on it. An engine that gathers transactions joins their entries into one row.

use xxhash_rust::xxh3::xxh3_64;

use crate::encode::{self, Parts};
use crate::engine::{MARK, Read};
use crate::error::{Error, Kind, Result};

/// The changes of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its version.
    pub version: u64,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// The changed keys, each once.
    pub changes: Vec<Change>,
}

/// A changed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Vec<u8>,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was written.
    Put,
    /// It was deleted.
    Delete,
    /// It had expired and was removed.
    Expire,
}

/// What an entry records of a key. Numbers are those of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logged {
    Put,
    Delete,
    Expire,
    /// The catalog of indexes changed; the key is an index's name.
    Catalog,
}

impl Logged {
    fn decode(number: u8) -> Option<Self> {
        [Self::Put, Self::Delete, Self::Expire, Self::Catalog].into_iter().find(|kind| *kind as u8 == number)
    }

    pub fn change(self) -> Option<ChangeKind> {
        match self {
            Self::Put => Some(ChangeKind::Put),
            Self::Delete => Some(ChangeKind::Delete),
            Self::Expire => Some(ChangeKind::Expire),
            Self::Catalog => None,
        }
    }
}

/// One change in an entry.
#[derive(Clone, Debug)]
pub(super) struct LoggedChange<'a> {
    pub what: Logged,
    pub key: &'a [u8],
}

/// The changes of one commit.
pub(super) type LoggedCommit<'a> = Vec<LoggedChange<'a>>;

/// About what an entry takes, and each change in it, without the key.
const ENTRY_BYTES: usize = 24;
const CHANGE_BYTES: usize = 6;

/// One entry: consecutive commits made at one time. Its row has the version of the last as key.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Whether it is the last of its row.
    pub ends_row: bool,
    /// Whether other software changed something after it, nobody knows what.
    pub marked: bool,
    /// Tells it, and its mark, from entries of the same version in other histories of the store.
    pub fingerprint: u64,
    /// The version of the first commit.
    pub first: u64,
    pub time_ms: i64,
    pub commits: Vec<LoggedCommit<'a>>,
}

impl<'a> Entry<'a> {
    /// None when it is damaged.
    fn decode(parts: &mut Parts<'a>) -> Option<Self> {
        let (first, time_ms) = (parts.varint()?, parts.zigzag()?);
        let change = |parts: &mut Parts<'a>| {
            Some(LoggedChange { what: Logged::decode(parts.byte()?)?, key: parts.run()? })
        };
        let commits = parts.sequence(|parts| parts.sequence(change))?;
        Some(Self { ends_row: true, marked: false, fingerprint: 0, first, time_ms, commits })
    }

    /// The version of the last commit.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.commits.len() as u64).saturating_sub(1)
    }

    /// The commits with their versions.
    pub fn versioned(&self) -> impl Iterator<Item = (u64, &LoggedCommit<'a>)> {
        (self.first..).zip(&self.commits)
    }

    /// Whether nothing is missing between `version` and this entry.
    pub fn follows(&self, version: u64) -> bool {
        self.first <= version.saturating_add(1)
    }
}

/// Encodes the [`Entry`] of commits, the first of version `first`.
pub(super) fn encode<'a, C>(
    first: u64,
    time_ms: i64,
    commits: impl ExactSizeIterator<Item = C> + Clone,
) -> Vec<u8>
where
    C: ExactSizeIterator<Item = LoggedChange<'a>>,
{
    let changes = commits.clone().flatten();
    let most = changes.map(|change| change.key.len() + CHANGE_BYTES).sum::<usize>() + ENTRY_BYTES;
    let mut bytes = Vec::with_capacity(most);
    encode::varint(first, &mut bytes);
    encode::zigzag(time_ms, &mut bytes);
    encode::varint(commits.len() as u64, &mut bytes);
    for commit in commits {
        encode::varint(commit.len() as u64, &mut bytes);
        for LoggedChange { what, key } in commit {
            bytes.push(what as u8);
            encode::run(key, &mut bytes);
        }
    }
    bytes
}

/// Encodes the [`Entry`] of one commit that wrote or, where false, deleted keys.
pub(super) fn entry_of(version: u64, time_ms: i64, changes: &[(Vec<u8>, bool)]) -> Vec<u8> {
    let changes = changes.iter().map(|(key, written)| LoggedChange {
        what: if *written { Logged::Put } else { Logged::Delete },
        key,
    });
    encode(version, time_ms, [changes].into_iter())
}

/// The fingerprint of an encoded entry.
pub(super) fn fingerprint(entry: &[u8]) -> u64 {
    xxh3_64(entry)
}

/// Decodes the entries of the row of `last`; what a damaged file says is checked.
pub(super) fn decode(last: u64, mut bytes: &[u8]) -> Result<Vec<Entry<'_>>> {
    let corrupt = || Error::new(Kind::Corrupt, format!("row {last} of the change log is damaged"));
    let mut entries: Vec<Entry<'_>> = Vec::new();
    while !bytes.is_empty() {
        let mut parts = Parts(bytes);
        let mut entry = Entry::decode(&mut parts).ok_or_else(corrupt)?;
        let rest = parts.0;
        let next = entries.last().map_or(entry.first, |before| before.last().saturating_add(1));
        if entry.commits.is_empty() || entry.first == 0 || entry.first != next {
            return Err(corrupt());
        }
        entry.marked = rest.first() == Some(&MARK);
        let rest = if entry.marked { &[] } else { rest };
        entry.fingerprint = fingerprint(bytes.get(..bytes.len() - rest.len()).unwrap_or_default());
        (entry.ends_row, bytes) = (rest.is_empty(), rest);
        entries.push(entry);
    }
    match entries.last() {
        Some(entry) if entry.last() == last => Ok(entries),
        _ => Err(corrupt()),
    }
}

/// Reads the entries after `version`, in order, until `visit` answers false.
pub(super) fn after(
    read: &(impl Read + ?Sized),
    version: u64,
    mut visit: impl FnMut(&Entry<'_>) -> Result<bool>,
) -> Result<()> {
    read.log_after(version, &mut |last, bytes| {
        for entry in decode(last, bytes)?.iter().filter(|entry| entry.last() > version) {
            if !visit(entry)? {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_round_trip_and_damage_is_told() {
        let changes = |count| (0..count).map(|_| LoggedChange { what: Logged::Delete, key: b"a\0b" });
        let entry = |first| encode(first, 9, [1, 0].into_iter().map(changes));
        let bytes = entry(7);
        let decoded = &decode(8, &bytes).unwrap()[0];
        assert_eq!((decoded.first, decoded.time_ms, decoded.last()), (7, 9, 8));
        assert_eq!(decoded.commits[0][0].key, b"a\0b");
        assert!(decoded.follows(6) && decoded.follows(7) && !decoded.follows(5));
        assert_eq!(decode(9, &bytes).unwrap_err().kind(), Kind::Corrupt);
        assert_eq!(decoded.fingerprint, fingerprint(&bytes));
        assert_eq!(bytes, b"\x07\x12\x02\x01\x01\x03a\0b\0", "the bytes of an entry never change");
        for cut in 0..bytes.len() {
            assert_eq!(decode(8, &bytes[..cut]).unwrap_err().kind(), Kind::Corrupt);
        }
        let with_mark = [bytes.clone(), vec![MARK, 1, 2, 3]].concat();
        let marked = &decode(8, &with_mark).unwrap()[0];
        assert!(marked.marked && marked.ends_row && marked.fingerprint != decoded.fingerprint);
        let joined = [bytes.clone(), entry(9)].concat();
        let decoded = decode(10, &joined).unwrap();
        assert_eq!(
            decoded.iter().map(|entry| (entry.first, entry.ends_row)).collect::<Vec<_>>(),
            [(7, false), (9, true)]
        );
        let gap = [bytes.clone(), entry(10)].concat();
        assert_eq!(decode(11, &gap).unwrap_err().kind(), Kind::Corrupt);
    }
}
