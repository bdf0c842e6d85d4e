//! What is not yet in the database: sorted maps of the newest changes, with the older ones that a snapshot may need.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use smallvec::SmallVec;

use crate::engine::{Record, RecordRef, Space};

/// Short keys lie in the nodes of the maps: a search follows no pointers.
pub(super) type Key = SmallVec<[u8; 24]>;

/// Of the memory for a transaction, what is kept for the next.
const KEPT: usize = 4096;

/// A record that was written.
#[derive(Clone)]
pub(super) struct Row {
    pub version: u64,
    pub expires_at: i64,
    pub encoding: u8,
    pub data: Arc<[u8]>,
}

impl Row {
    pub fn as_record(&self) -> RecordRef<'_> {
        RecordRef {
            version: self.version,
            expires_at: self.expires_at,
            encoding: self.encoding,
            data: &self.data,
        }
    }

    pub fn to_record(&self) -> Record {
        let Self { version, expires_at, encoding, ref data } = *self;
        Record { version, expires_at, encoding, data: data.to_vec() }
    }
}

/// The newest change of a key and those before it.
struct Versions<T> {
    /// The number of the transaction.
    sequence: u64,
    /// None: deleted.
    value: Option<T>,
    older: Option<Box<Versions<T>>>,
}

/// A map whose keys remember their changes.
pub(super) struct Map<T>(BTreeMap<Key, Versions<T>>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Map<T> {
    /// Records a change. What it replaces is kept if a snapshot of `pinned` or before may read it.
    pub fn set(&mut self, key: Key, sequence: u64, value: Option<T>, pinned: u64) {
        let new = Versions { sequence, value, older: None };
        match self.0.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(new);
            }
            Entry::Occupied(mut known) => {
                let old = std::mem::replace(known.get_mut(), new);
                known.get_mut().older = if old.sequence <= pinned { Some(Box::new(old)) } else { old.older };
            }
        }
    }

    /// What is known of a key as of a transaction.
    pub fn get(&self, key: &[u8], sequence: u64) -> Option<&Option<T>> {
        self.0.get(key)?.at(sequence)
    }

    /// The first change in a range as of a transaction, or the last.
    pub fn next(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        reverse: bool,
        sequence: u64,
    ) -> Option<(&[u8], &Option<T>)> {
        let mut found = self
            .0
            .range::<[u8], _>(range)
            .filter_map(|(key, versions)| Some((key.as_ref(), versions.at(sequence)?)));
        if reverse { found.next_back() } else { found.next() }
    }

    /// The newest changes, in order of their keys.
    pub fn newest(&self) -> impl Iterator<Item = (&[u8], &Option<T>)> {
        self.0.iter().map(|(key, versions)| (key.as_ref(), &versions.value))
    }
}

impl<T> Versions<T> {
    fn at(&self, sequence: u64) -> Option<&Option<T>> {
        let mut versions = self;
        while versions.sequence > sequence {
            versions = versions.older.as_deref()?;
        }
        Some(&versions.value)
    }
}

/// Entries of the change log, one after the other.
#[derive(Default)]
pub(super) struct Log {
    entries: Vec<Logged>,
    bytes: Vec<u8>,
}

struct Logged {
    sequence: u64,
    version: u64,
    /// Where its bytes end.
    end: usize,
}

impl Log {
    pub fn push(&mut self, sequence: u64, version: u64, entry: &[u8]) {
        self.bytes.extend_from_slice(entry);
        self.entries.push(Logged { sequence, version, end: self.bytes.len() });
    }

    /// The entries after a version, as of a transaction.
    pub fn after(&self, version: u64, sequence: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let first = self.entries.partition_point(|entry| entry.version <= version);
        let mut start = first.checked_sub(1).and_then(|at| self.entries.get(at)).map_or(0, |entry| entry.end);
        let rest = self.entries.get(first..).unwrap_or_default();
        rest.iter().take_while(move |entry| entry.sequence <= sequence).map(move |entry| {
            let bytes = self.bytes.get(start..entry.end).unwrap_or_default();
            start = entry.end;
            (entry.version, bytes)
        })
    }

    pub fn last_version(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.version)
    }

    /// All entries, joined.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn extend(&mut self, other: &Self) {
        let shift = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        let moved = |entry: &Logged| Logged { end: entry.end + shift, ..*entry };
        self.entries.extend(other.entries.iter().map(moved));
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
    }
}

/// One change of a transaction.
#[derive(Clone)]
pub(super) enum Change {
    Record(Key, Option<Row>),
    Entry(Space, Key, Option<Box<[u8]>>),
}

/// What a transaction does, in its order. Its memory is used again.
#[derive(Default)]
pub(super) struct Staged {
    pub changes: Vec<Change>,
    pub log: Log,
    /// As [`Table::trim`].
    pub trim: (u64, u32),
}

impl Staged {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.log.entries.is_empty()
    }

    /// The same, for reading.
    pub fn to_table(&self) -> Table {
        let mut table = Table::default();
        self.changes.iter().for_each(|change| table.apply(change.clone(), 0, 0));
        table.log.extend(&self.log);
        table
    }

    pub fn clear(&mut self) {
        self.changes.clear();
        self.changes.shrink_to(KEPT);
        self.log.clear();
        self.trim = (0, 0);
    }
}

/// The changes of one or more consecutive transactions.
pub(super) struct Table {
    pub records: Map<Row>,
    spaces: [Map<Box<[u8]>>; Space::ALL.len()],
    pub log: Log,
    /// Up to which version, and how many rows of the change log are to be removed.
    pub trim: (u64, u32),
    /// The first and the last transaction in it; 0: none.
    pub first: u64,
    pub last: u64,
    /// What its transactions take in the journal.
    pub bytes: u64,
    /// When the first came.
    pub began: Instant,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            records: Map::default(),
            spaces: Default::default(),
            log: Log::default(),
            trim: (0, 0),
            first: 0,
            last: 0,
            bytes: 0,
            began: Instant::now(),
        }
    }
}

impl Table {
    pub fn space(&self, space: Space) -> &Map<Box<[u8]>> {
        let [meta, expiry, index] = &self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }

    fn space_mut(&mut self, space: Space) -> &mut Map<Box<[u8]>> {
        let [meta, expiry, index] = &mut self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }

    pub fn apply(&mut self, change: Change, sequence: u64, pinned: u64) {
        match change {
            Change::Record(key, row) => self.records.set(key, sequence, row, pinned),
            Change::Entry(space, key, value) => self.space_mut(space).set(key, sequence, value, pinned),
        }
    }

    /// Takes over a transaction that takes `bytes` in the journal.
    pub fn absorb(&mut self, staged: &mut Staged, sequence: u64, bytes: u64, pinned: u64) {
        if self.first == 0 {
            (self.first, self.began) = (sequence, Instant::now());
        }
        for change in staged.changes.drain(..) {
            self.apply(change, sequence, pinned);
        }
        self.log.extend(&staged.log);
        self.trim = (self.trim.0.max(staged.trim.0), self.trim.1.saturating_add(staged.trim.1));
        self.last = sequence;
        self.bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> Key {
        Key::from_slice(bytes)
    }

    #[test]
    fn snapshots_see_what_was_there_and_nothing_else_is_kept() {
        let mut map = Map::<u32>::default();
        map.set(key(b"a"), 1, Some(10), 0);
        map.set(key(b"a"), 2, Some(20), 0);
        assert_eq!(map.get(b"a", 1), None, "no snapshot pinned the first");
        map.set(key(b"a"), 5, None, 3);
        map.set(key(b"a"), 6, Some(60), 3);
        let seen: Vec<_> = (2..=6).map(|at| map.get(b"a", at).copied()).collect();
        assert_eq!(seen, [Some(Some(20)), Some(Some(20)), Some(Some(20)), Some(Some(20)), Some(Some(60))]);
    }

    #[test]
    fn the_next_change_skips_what_came_later() {
        let mut map = Map::<u32>::default();
        for (name, sequence) in [(b"a", 3), (b"b", 1), (b"c", 2), (b"d", 4)] {
            map.set(key(name), sequence, Some(0), u64::MAX);
        }
        let all = (Bound::Unbounded, Bound::Unbounded);
        let next = |range, reverse, at| map.next(range, reverse, at).map(|(key, _)| key.to_vec());
        assert_eq!(next(all, false, 2), Some(b"b".to_vec()));
        assert_eq!(next(all, true, 2), Some(b"c".to_vec()));
        assert_eq!(next((Bound::Excluded(&b"c"[..]), Bound::Unbounded), false, 3), None);
    }

    #[test]
    fn the_log_tells_what_came_after_a_version_and_not_after_a_transaction() {
        let (mut log, mut more) = (Log::default(), Log::default());
        log.push(1, 1, b"one");
        log.push(2, 4, b"four");
        more.push(3, 5, b"five");
        log.extend(&more);
        let after = |version, sequence| {
            log.after(version, sequence).map(|(v, b)| (v, b.to_vec())).collect::<Vec<_>>()
        };
        let all = [(1, b"one".to_vec()), (4, b"four".to_vec()), (5, b"five".to_vec())];
        assert_eq!(after(0, 9), all);
        assert_eq!(after(1, 9), all[1..]);
        assert_eq!(after(2, 2), all[1..2]);
        assert_eq!(after(5, 9), []);
        assert_eq!((log.bytes(), log.last_version()), (&b"onefourfive"[..], Some(5)));
    }
}
