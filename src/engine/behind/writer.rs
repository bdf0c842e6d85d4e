//! The one writer: its transaction is staged, and a commit is a record in the journal and a move into the table.

use std::cell::OnceCell;

use parking_lot::MutexGuard;

use super::Core;
use super::format::{LONGEST, Op, Record as JournalRecord, space_number};
use super::table::{Change, Key, Row, Staged, Table};
use super::view::{Layers, Tables, View, read_through};
use crate::engine::{
    CommitError, Engine, Fields, Generation, Hold, Range, Read, Record, RecordRef, Snapshot, Space, Visit,
    VisitEntry, VisitLog, Writer,
};
use crate::error::{Error, Kind, Result};

/// What the one writer works with; whoever has it is the writer.
#[derive(Default)]
pub(super) struct Desk {
    record: JournalRecord,
    staged: Staged,
}

pub(super) struct BehindWriter<'e> {
    core: &'e Core,
    desk: MutexGuard<'e, Desk>,
    /// What is staged, for reads: made by the first one.
    own: OnceCell<Table>,
    tables: Tables,
    sequence: u64,
    last_version: u64,
    generation: Generation,
    below: Below<'e>,
}

impl<'e> BehindWriter<'e> {
    pub fn begin(core: &'e Core) -> Self {
        let mut desk = core.desk.lock();
        desk.record.clear();
        desk.staged.clear();
        let state = core.state.read();
        Self {
            core,
            desk,
            own: OnceCell::new(),
            tables: state.tables(),
            sequence: state.sequence,
            last_version: state.version,
            generation: core.generation_at(state.sequence),
            below: Below { engine: core.below.as_ref(), snapshot: OnceCell::new() },
        }
    }

    fn view(&self) -> View<'_> {
        let staged = &self.desk.staged;
        let own = (!staged.is_empty()).then(|| self.own.get_or_init(|| staged.to_table()));
        let layers = Layers { staged: own, tables: &self.tables, sequence: self.sequence };
        View { layers, below: &self.below, last_version: self.last_version }
    }

    fn stage(&mut self, op: &Op<'_>, change: Change) -> Result<()> {
        self.desk.record.push(op)?;
        if let Some(own) = self.own.get_mut() {
            own.apply(change.clone(), 0, 0);
        }
        self.desk.staged.changes.push(change);
        Ok(())
    }
}

impl Writer for BehindWriter<'_> {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let RecordRef { version, expires_at, encoding, data } = record;
        let row = Row { version, expires_at, encoding, data: data.into() };
        let op = Op::Put { key, version, expires_at, encoding, data };
        self.stage(&op, Change::Record(Key::from_slice(key), Some(row)))
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.stage(&Op::Delete { key }, Change::Record(Key::from_slice(key), None))
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        let change = Change::Entry(space, Key::from_slice(key), Some(value.into()));
        self.stage(&Op::PutEntry { space: space_number(space), key, value }, change)
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        let change = Change::Entry(space, Key::from_slice(key), None);
        self.stage(&Op::DeleteEntry { space: space_number(space), key }, change)
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        self.desk.record.push(&Op::Log { version, entry })?;
        let sequence = self.sequence + 1;
        if let Some(own) = self.own.get_mut() {
            own.log.push(sequence, version, entry);
        }
        self.desk.staged.log.push(sequence, version, entry);
        self.last_version = version;
        Ok(())
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        self.desk.staged.trim = (through, at_most);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        let (core, sequence) = (self.core, self.sequence + 1);
        let Desk { record, staged } = &mut *self.desk;
        let bytes = record.len() as u64;
        if record.len() > LONGEST {
            let mut table = Table::default();
            table.absorb(staged, sequence, bytes, 0);
            core.write_through(&table, self.last_version)?;
        } else {
            let refused = |error| CommitError { error, outcome_unknown: false };
            core.journal.append(record, sequence).map_err(refused)?;
            if core.options.power_safe
                && let Err(error) = core.journal.sync()
            {
                core.fail(&error);
                return Err(CommitError { error, outcome_unknown: true });
            }
            core.publish(staged, sequence, bytes, self.last_version);
        }
        Ok(core.generation_at(sequence))
    }
}

read_through!(BehindWriter<'_>, |writer| writer.view());

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

read_through!(Below<'_>, |below| below.read()?);
