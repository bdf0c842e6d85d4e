//! The one writer: its transaction is staged, and a commit is a record in the journal and a move into the table.

use std::cell::OnceCell;

use parking_lot::MutexGuard;

use super::Core;
use super::format::{LONGEST, Op, Record as JournalRecord, space_number};
use super::table::Table;
use super::view::{Layers, Tables, View, read_through};
use crate::engine::{
    CommitError, Engine, Fields, Generation, Hold, Range, Read, Record, RecordRef, Snapshot, Space, Visit,
    VisitEntry, VisitLog, Writer,
};
use crate::error::{Error, Kind, Result};

/// What the one writer works with; whoever has it is the writer.
pub(super) struct Desk {
    /// The last transaction, and its version.
    pub sequence: u64,
    pub version: u64,
    record: JournalRecord,
}

impl Desk {
    pub fn new(version: u64) -> Self {
        Self { sequence: 0, version, record: JournalRecord::default() }
    }
}

pub(super) struct BehindWriter<'e> {
    core: &'e Core,
    desk: MutexGuard<'e, Desk>,
    /// What is staged, for reads: made by the first one.
    own: OnceCell<Box<Table>>,
    /// Taken when first needed, as the snapshot below them.
    tables: OnceCell<Tables>,
    last_version: u64,
    /// As [`Table::trim`].
    trim: (u64, u32),
    generation: Generation,
    below: Below<'e>,
}

impl<'e> BehindWriter<'e> {
    pub fn begin(core: &'e Core) -> Self {
        let mut desk = core.desk.lock();
        desk.record.clear();
        Self {
            core,
            own: OnceCell::new(),
            tables: OnceCell::new(),
            last_version: desk.version,
            trim: (0, 0),
            generation: core.generation_at(desk.sequence),
            below: Below { engine: core.below.as_ref(), snapshot: OnceCell::new() },
            desk,
        }
    }

    fn view(&self) -> Result<View<'_>> {
        let payload = self.desk.record.payload();
        if self.own.get().is_none() && !payload.is_empty() {
            let mut own = Box::<Table>::default();
            own.absorb(payload, self.desk.sequence + 1, 0, 0)?;
            let _ = self.own.set(own);
        }
        let tables = self.tables.get_or_init(|| self.core.state.read().tables());
        let layers = Layers { staged: self.own.get().map(Box::as_ref), tables, sequence: self.desk.sequence };
        Ok(View { layers, below: &self.below, last_version: self.last_version })
    }

    fn stage(&mut self, op: &Op<'_>) -> Result<()> {
        self.desk.record.push(op);
        let sequence = self.desk.sequence + 1;
        match self.own.get_mut() {
            Some(own) => own.apply(op, sequence, 0),
            None => Ok(()),
        }
    }
}

impl Writer for BehindWriter<'_> {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let RecordRef { version, expires_at, encoding, data } = record;
        self.stage(&Op::Put { key, version, expires_at, encoding, data })
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.stage(&Op::Delete { key })
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        self.stage(&Op::PutEntry { space: space_number(space), key, value })
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        self.stage(&Op::DeleteEntry { space: space_number(space), key })
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        self.last_version = version;
        self.stage(&Op::Log { version, entry })
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        self.trim = (through, at_most);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        let (core, version, trim) = (self.core, self.last_version, self.trim);
        let Desk { record, sequence, .. } = &mut *self.desk;
        let sequence = *sequence + 1;
        let refused = |error| CommitError { error, outcome_unknown: false };
        let unknown = |error| {
            core.fail(&error);
            CommitError { error, outcome_unknown: true }
        };
        if record.len() > LONGEST {
            let mut table = Table::default();
            table.absorb(record.payload(), sequence, record.len() as u64, 0).map_err(refused)?;
            table.trim(trim);
            core.write_through(&table, version)?;
        } else {
            core.journal.append(record, sequence).map_err(refused)?;
            if core.options.power_safe {
                core.journal.sync().map_err(unknown)?;
            }
            core.publish(record, trim, sequence, version).map_err(unknown)?;
        }
        (self.desk.sequence, self.desk.version) = (sequence, version);
        Ok(core.generation_at(sequence))
    }
}

read_through!(BehindWriter<'_>, |writer| writer.view()?);

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
