//! What is not yet in the database: the newest changes, with the older ones that a snapshot may need, and their entries of
//! the change log.

use std::time::Instant;

use super::format::{Op, each_op, space_of};
use super::map::{Found, Map};
use crate::engine::{Record, RecordRef, Space};
use crate::error::Result;

/// What a record has beside its data.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub version: u64,
    pub expires_at: i64,
    pub encoding: u8,
}

impl Row {
    pub fn with(self, data: &[u8]) -> RecordRef<'_> {
        let Self { version, expires_at, encoding } = self;
        RecordRef { version, expires_at, encoding, data }
    }

    pub fn with_vec(self, data: Vec<u8>) -> Record {
        let Self { version, expires_at, encoding } = self;
        Record { version, expires_at, encoding, data }
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
    fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
    }

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
}
/// The changes of one or more consecutive transactions.
pub(super) struct Table {
    pub records: Map<Row>,
    spaces: [Map<()>; Space::ALL.len()],
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
    /// Makes it a new one that has its memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.spaces.iter_mut().for_each(Map::clear);
        self.log.clear();
        (self.trim, self.first, self.last, self.bytes) = ((0, 0), 0, 0, 0);
    }

    pub fn space(&self, space: Space) -> &Map<()> {
        let [meta, expiry, index] = &self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }

    fn space_mut(&mut self, space: Space) -> &mut Map<()> {
        let [meta, expiry, index] = &mut self.spaces;
        match space {
            Space::Meta => meta,
            Space::Expiry => expiry,
            Space::Index => index,
        }
    }

    /// Does one step of a transaction. What it replaces is kept if a snapshot of `pinned` or before may read it.
    pub fn apply(&mut self, op: &Op<'_>, sequence: u64, pinned: u64) -> Result<()> {
        let entry = |data| -> Found<'_, ()> { Some(((), data)) };
        match *op {
            Op::Put { key, version, expires_at, encoding, data } => {
                let row = Row { version, expires_at, encoding };
                self.records.set(key, sequence, Some((row, data)), pinned);
            }
            Op::Delete { key } => self.records.set(key, sequence, None, pinned),
            Op::PutEntry { space, key, value } => {
                self.space_mut(space_of(space)?).set(key, sequence, entry(value), pinned);
            }
            Op::DeleteEntry { space, key } => {
                self.space_mut(space_of(space)?).set(key, sequence, None, pinned);
            }
            Op::Log { version, entry } => self.log.push(sequence, version, entry),
        }
        Ok(())
    }

    /// Takes over a transaction, the payload of a record that takes `bytes` in the journal.
    pub fn absorb(&mut self, payload: &[u8], sequence: u64, bytes: u64, pinned: u64) -> Result<()> {
        if self.first == 0 {
            (self.first, self.began) = (sequence, Instant::now());
        }
        each_op(payload, |op| self.apply(op, sequence, pinned))?;
        self.last = sequence;
        self.bytes += bytes;
        Ok(())
    }

    /// Has rows of the change log removed with the next flush.
    pub fn trim(&mut self, (through, at_most): (u64, u32)) {
        self.trim = (self.trim.0.max(through), self.trim.1.saturating_add(at_most));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_what_came_after_a_version_and_not_after_a_transaction() {
        let mut log = Log::default();
        log.push(1, 1, b"one");
        log.push(2, 4, b"four");
        log.push(3, 5, b"five");
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
