//! What is not yet in the database: sorted maps of the newest changes, with the older ones that a snapshot may need.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Record, RecordRef, Space};

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
pub(super) struct Map<T>(BTreeMap<Box<[u8]>, Versions<T>>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Map<T> {
    /// Records a change. What it replaces is kept if a snapshot of `pinned` or before may read it.
    pub fn set(&mut self, key: Box<[u8]>, sequence: u64, value: Option<T>, pinned: u64) {
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

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves the changes of a transaction here.
    fn absorb(&mut self, other: &mut Self, pinned: u64) {
        for (key, versions) in std::mem::take(&mut other.0) {
            self.set(key, versions.sequence, versions.value, pinned);
        }
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

/// An entry of the change log.
pub(super) struct Logged {
    pub sequence: u64,
    pub version: u64,
    pub bytes: Arc<[u8]>,
}

/// The changes of one or more consecutive transactions.
pub(super) struct Table {
    pub records: Map<Row>,
    spaces: [Map<Box<[u8]>>; Space::ALL.len()],
    pub log: Vec<Logged>,
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
            log: Vec::new(),
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

    pub fn space_mut(&mut self, space: Space) -> &mut Map<Box<[u8]>> {
        let [meta, expiry, index] = &mut self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }

    /// Takes over the transaction that `staged` holds.
    pub fn absorb(&mut self, mut staged: Self, pinned: u64) {
        if self.first == 0 {
            (self.first, self.began) = (staged.last, Instant::now());
        }
        self.records.absorb(&mut staged.records, pinned);
        for (own, staged) in self.spaces.iter_mut().zip(&mut staged.spaces) {
            if !staged.is_empty() {
                own.absorb(staged, pinned);
            }
        }
        self.log.append(&mut staged.log);
        self.trim = (self.trim.0.max(staged.trim.0), self.trim.1.saturating_add(staged.trim.1));
        self.last = staged.last;
        self.bytes += staged.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_see_what_was_there_and_nothing_else_is_kept() {
        let mut map = Map::<u32>::default();
        map.set(b"a"[..].into(), 1, Some(10), 0);
        map.set(b"a"[..].into(), 2, Some(20), 0);
        assert_eq!(map.get(b"a", 1), None, "no snapshot pinned the first");
        map.set(b"a"[..].into(), 5, None, 3);
        map.set(b"a"[..].into(), 6, Some(60), 3);
        let seen: Vec<_> = (2..=6).map(|at| map.get(b"a", at).copied()).collect();
        assert_eq!(seen, [Some(Some(20)), Some(Some(20)), Some(Some(20)), Some(Some(20)), Some(Some(60))]);
    }

    #[test]
    fn the_next_change_skips_what_came_later() {
        let mut map = Map::<u32>::default();
        for (key, sequence) in [(b"a", 3), (b"b", 1), (b"c", 2), (b"d", 4)] {
            map.set(key[..].into(), sequence, Some(0), u64::MAX);
        }
        let all = (Bound::Unbounded, Bound::Unbounded);
        let next = |range, reverse, at| map.next(range, reverse, at).map(|(key, _)| key.to_vec());
        assert_eq!(next(all, false, 2), Some(b"b".to_vec()));
        assert_eq!(next(all, true, 2), Some(b"c".to_vec()));
        assert_eq!(next((Bound::Excluded(&b"c"[..]), Bound::Unbounded), false, 3), None);
    }
}
