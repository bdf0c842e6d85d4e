//! The one writer: its transaction is staged, and a commit is a record in the journal and a move into the table.

use std::cell::OnceCell;

use parking_lot::MutexGuard;

use super::Core;
use super::format::{LONGEST, Op, Record as JournalRecord, space_number};
use super::table::{Logged, Row, Table};
use super::view::{Layers, Shared, View};
use crate::engine::{
    CommitError, Engine, Fields, Generation, Hold, Range, Read, Record, RecordRef, Snapshot, Space, Visit,
    VisitEntry, VisitLog, Writer,
};
use crate::error::{Error, Kind, Result};

pub(super) struct BehindWriter<'e> {
    core: &'e Core,
    /// Memory for the record; who has it is the writer.
    buffer: MutexGuard<'e, Vec<u8>>,
    record: JournalRecord,
    staged: Table,
    tables: Vec<Shared>,
    sequence: u64,
    last_version: u64,
    generation: Generation,
    below: Below<'e>,
}

impl<'e> BehindWriter<'e> {
    pub fn begin(core: &'e Core) -> Self {
        let mut buffer = core.writer.lock();
        let record = JournalRecord::new(std::mem::take(&mut buffer));
        let state = core.state.read();
        Self {
            core,
            buffer,
            record,
            staged: Table::default(),
            tables: state.tables(),
            sequence: state.sequence,
            last_version: state.version,
            generation: core.generation_at(state.sequence),
            below: Below { engine: core.below.as_ref(), snapshot: OnceCell::new() },
        }
    }

    fn view(&self) -> View<'_> {
        let layers = Layers { staged: Some(&self.staged), tables: &self.tables, sequence: self.sequence };
        View { layers, below: &self.below, last_version: self.last_version }
    }

    /// The number of this transaction.
    fn next(&self) -> u64 {
        self.sequence + 1
    }

    fn set_entry(&mut self, space: Space, key: &[u8], value: Option<&[u8]>) {
        let next = self.next();
        self.staged.space_mut(space).set(key.into(), next, value.map(Into::into), 0);
    }
}

impl Writer for BehindWriter<'_> {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let RecordRef { version, expires_at, encoding, data } = record;
        self.record.push(&Op::Put { key, version, expires_at, encoding, data })?;
        let row = Row { version, expires_at, encoding, data: data.into() };
        let next = self.next();
        self.staged.records.set(key.into(), next, Some(row), 0);
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.record.push(&Op::Delete { key })?;
        let next = self.next();
        self.staged.records.set(key.into(), next, None, 0);
        Ok(())
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        self.record.push(&Op::PutEntry { space: space_number(space), key, value })?;
        self.set_entry(space, key, Some(value));
        Ok(())
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        self.record.push(&Op::DeleteEntry { space: space_number(space), key })?;
        self.set_entry(space, key, None);
        Ok(())
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        self.record.push(&Op::Log { version, entry })?;
        let sequence = self.next();
        self.staged.log.push(Logged { sequence, version, bytes: entry.into() });
        self.last_version = version;
        Ok(())
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        self.staged.trim = (through, at_most);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        let (core, sequence) = (self.core, self.next());
        let mut staged = std::mem::take(&mut self.staged);
        (staged.last, staged.bytes) = (sequence, self.record.len() as u64);
        if self.record.len() > LONGEST {
            core.write_through(&staged, self.last_version)?;
        } else {
            let refused = |error| CommitError { error, outcome_unknown: false };
            core.journal.append(&mut self.record, sequence).map_err(refused)?;
            if core.options.power_safe
                && let Err(error) = core.journal.sync()
            {
                core.fail(&error);
                return Err(CommitError { error, outcome_unknown: true });
            }
            core.publish(staged, self.last_version);
        }
        Ok(core.generation_at(sequence))
    }
}

impl Drop for BehindWriter<'_> {
    fn drop(&mut self) {
        let record = std::mem::replace(&mut self.record, JournalRecord::new(Vec::new()));
        *self.buffer = record.into_bytes();
    }
}

impl Read for BehindWriter<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        self.view().get(key)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        self.view().scan(range, reverse, fields, visit)
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.view().entry(space, key)
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        self.view().entries(space, range, reverse, visit)
    }

    fn last_version(&self) -> Result<u64> {
        self.view().last_version()
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        self.view().log_after(version, visit)
    }
}

/// A snapshot of the database below, taken when first needed: most writes read nothing. Nothing commits meanwhile but
/// flushes, of what the tables have too.
struct Below<'e> {
    engine: &'e dyn Engine,
    snapshot: OnceCell<Box<dyn Snapshot>>,
}

impl Below<'_> {
    fn read(&self) -> Result<&dyn Read> {
        if self.snapshot.get().is_none() {
            let _ = self.snapshot.set(self.engine.snapshot(Hold::Long)?);
        }
        let missing = || Error::new(Kind::Panic, "a snapshot was lost");
        self.snapshot.get().map(|snapshot| snapshot.as_ref() as &dyn Read).ok_or_else(missing)
    }
}

impl Read for Below<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        self.read()?.get(key)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        self.read()?.scan(range, reverse, fields, visit)
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read()?.entry(space, key)
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        self.read()?.entries(space, range, reverse, visit)
    }

    fn last_version(&self) -> Result<u64> {
        self.read()?.last_version()
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        self.read()?.log_after(version, visit)
    }
}
