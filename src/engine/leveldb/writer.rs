//! The one writer: changes are staged in memory and reach LevelDB as one batch.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::MutexGuard;

use super::database::Batch;
use super::read::{self, Rows};
use super::view::View;
use super::{LevelDbEngine, WriterState, keys};
use crate::engine::{
    CommitError, Fields, Generation, Range, Read, Record, RecordRef, Space, Visit, VisitEntry, VisitLog,
    Writer, checksum, packed,
};
use crate::error::{Error, Kind, Result};

/// A transaction.
pub(super) struct LevelDbWriter<'e> {
    engine: &'e LevelDbEngine,
    state: MutexGuard<'e, WriterState>,
    staged: Staged,
    /// Up to where the change log is known to be empty.
    trimmed: u64,
    /// Of the change log.
    last_version: u64,
}

/// Changes over the state that they began from; None: deleted.
struct Staged {
    base: Arc<View>,
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: u64,
}

impl Staged {
    fn put(&mut self, key: Vec<u8>, row: Vec<u8>) {
        self.bytes += (key.len() + row.len()) as u64;
        self.rows.insert(key, Some(row));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.rows.insert(key, None);
    }
}

impl Rows for Staged {
    fn get(&self, key: &[u8], show: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self.rows.get(key) {
            Some(Some(row)) => show(row),
            Some(None) => Ok(()),
            None => self.base.rows.get(key, show),
        }
    }

    fn walk(&self, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let mut staged = self.rows.range::<[u8], _>(range.bounds());
        let mut next = || if reverse { staged.next_back() } else { staged.next() };
        let mut pending = next();
        let mut ended = false;
        self.base.rows.walk(range, reverse, &mut |key, value| {
            while let Some((staged_key, row)) = pending {
                let order = staged_key.as_slice().cmp(key);
                if (if reverse { order.reverse() } else { order }).is_gt() {
                    break;
                }
                pending = next();
                if let Some(row) = row
                    && !visit(staged_key, row)?
                {
                    ended = true;
                    return Ok(false);
                }
                if order.is_eq() {
                    return Ok(true);
                }
            }
            ended = !visit(key, value)?;
            Ok(!ended)
        })?;
        while let Some((key, row)) = pending.filter(|_| !ended) {
            pending = next();
            if let Some(row) = row {
                ended = !visit(key, row)?;
            }
        }
        Ok(())
    }
}

impl<'e> LevelDbWriter<'e> {
    pub fn new(engine: &'e LevelDbEngine, state: MutexGuard<'e, WriterState>, base: Arc<View>) -> Self {
        let (trimmed, last_version) = (state.trimmed, base.last_version);
        let staged = Staged { base, rows: BTreeMap::new(), bytes: 0 };
        Self { engine, state, staged, trimmed, last_version }
    }
}

impl Writer for LevelDbWriter<'_> {
    fn generation(&self) -> Generation {
        self.staged.base.generation
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let mut row = Vec::new();
        packed::pack(&mut row, key, &record, false)?;
        self.staged.put(keys::of(keys::RECORD, key), row);
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.staged.delete(keys::of(keys::RECORD, key));
        Ok(())
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        self.staged.put(keys::of(keys::letter_of(space), key), value.to_vec());
        Ok(())
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        self.staged.delete(keys::of(keys::letter_of(space), key));
        Ok(())
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        let row = [&checksum::of_log_entry(version, entry).to_be_bytes(), entry].concat();
        self.staged.put(keys::of(keys::LOG, &version.to_be_bytes()), row);
        self.last_version = version;
        Ok(())
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        // From where the last one ended: LevelDB would walk over all that was ever deleted before.
        let start = Bound::Excluded(self.trimmed.to_be_bytes().to_vec());
        let end = Bound::Included(through.to_be_bytes().to_vec());
        let range = keys::range(keys::LOG, &Range { start, end });
        let mut old = Vec::new();
        if at_most > 0 {
            self.staged.walk(&range, false, &mut |key, _| {
                old.push(key.to_vec());
                Ok(old.len() < at_most as usize)
            })?;
        }
        if let Some(version) = old.last().and_then(|key| key.last_chunk()) {
            self.trimmed = u64::from_be_bytes(*version);
            if self.trimmed == self.last_version {
                self.last_version = 0;
            }
        }
        old.into_iter().for_each(|key| self.staged.delete(key));
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        let last_version = self.last_version;
        let Staged { base, mut rows, bytes } = self.staged;
        let database = base.rows.database();
        self.engine.check_room(bytes).map_err(|error| CommitError { error, outcome_unknown: false })?;
        let mut batch = Batch::new(database);
        // One by one, so that a large transaction is not there twice.
        while let Some((key, row)) = rows.pop_first() {
            match row {
                Some(row) => batch.put(&key, &row),
                None => batch.delete(&key),
            }
        }
        if let Err(error) = database.write(&batch) {
            self.state.failed = true;
            return Err(CommitError { error, outcome_unknown: true });
        }
        self.state.trimmed = self.trimmed;
        Ok(self.engine.publish(database, last_version))
    }
}

impl Read for LevelDbWriter<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        read::get(&self.staged, key)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        read::scan(&self.staged, range, reverse, fields, visit)
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        read::entry(&self.staged, space, key)
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        read::entries(&self.staged, space, range, reverse, visit)
    }

    fn last_version(&self) -> Result<u64> {
        Ok(self.last_version)
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        read::log_after(&self.staged, version, visit)
    }
}

/// Refuses to begin one after a commit failed: LevelDB would append to a log that may end within a record, and what follows
/// such a record is lost.
pub(super) fn check_state(state: &WriterState) -> Result<()> {
    match state.failed {
        false => Ok(()),
        true => Err(Error::new(Kind::Poisoned, "an earlier commit failed: reopen the store to write")),
    }
}
