//! The change log: one entry for each transaction of the engine, listing the commits it carried and the keys they changed.
//! Caches and watches of every process live on it.

use serde::{Deserialize, Serialize};

use crate::engine::Read;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Logged {
    Put,
    Delete,
    Expire,
    /// The catalog of indexes changed; the key is an index's name.
    Catalog,
}

impl Logged {
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
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LoggedChange<'a> {
    pub what: Logged,
    #[serde(borrow, with = "serde_bytes")]
    pub key: &'a [u8],
}

/// One entry: consecutive commits made at one time. Its key in the log is the version of the last.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    /// The version of the first commit.
    pub first: u64,
    pub time_ms: i64,
    #[serde(borrow)]
    pub commits: Vec<Vec<LoggedChange<'a>>>,
}

impl<'a> Entry<'a> {
    /// The commits with their versions.
    pub fn versioned(&self) -> impl Iterator<Item = (u64, &Vec<LoggedChange<'a>>)> {
        (self.first..).zip(&self.commits)
    }

    pub fn encode(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(self)
            .map_err(|error| Error::new(Kind::Panic, format!("encode the change log: {error}")))
    }

    /// Whether nothing is missing between `version` and this entry.
    pub fn follows(&self, version: u64) -> bool {
        self.first <= version.saturating_add(1)
    }
}

/// Decodes the entry of `last`; what a damaged file says is checked.
pub(super) fn decode(last: u64, bytes: &[u8]) -> Result<Entry<'_>> {
    let corrupt = || Error::new(Kind::Corrupt, format!("entry {last} of the change log is damaged"));
    let entry: Entry<'_> = postcard::from_bytes(bytes).map_err(|_| corrupt())?;
    let commits = entry.commits.len() as u64;
    if commits == 0 || entry.first == 0 || entry.first.checked_add(commits - 1) != Some(last) {
        return Err(corrupt());
    }
    Ok(entry)
}

/// Reads the entries after `version`, in order, until `visit` answers false.
pub(super) fn after(
    read: &(impl Read + ?Sized),
    version: u64,
    mut visit: impl FnMut(u64, &Entry<'_>) -> Result<bool>,
) -> Result<()> {
    read.log_after(version, &mut |last, bytes| visit(last, &decode(last, bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_round_trip_and_damage_is_told() {
        let change = LoggedChange { what: Logged::Delete, key: b"a\0b" };
        let entry = Entry { first: 7, time_ms: 9, commits: vec![vec![change], vec![]] };
        let bytes = entry.encode().unwrap();
        let decoded = decode(8, &bytes).unwrap();
        assert_eq!((decoded.first, decoded.time_ms, decoded.commits.len()), (7, 9, 2));
        assert_eq!(decoded.commits[0][0].key, b"a\0b");
        assert!(decoded.follows(6) && decoded.follows(7) && !decoded.follows(5));
        assert_eq!(decode(9, &bytes).unwrap_err().kind(), Kind::Corrupt);
        for cut in 0..bytes.len() {
            assert_eq!(decode(8, &bytes[..cut]).unwrap_err().kind(), Kind::Corrupt);
        }
    }
}
