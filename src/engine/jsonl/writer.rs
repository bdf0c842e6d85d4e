//! The one writer: what it does goes to the write-ahead log before others see it.

use parking_lot::MutexGuard;

use super::layout::{Home, Tables};
use super::load::{self, Touched, borrowed};
use super::operation::Lines;
use super::{Desk, JsonlEngine};
use crate::engine::{
    CommitError, Fields, Generation, Range, Read, Record, RecordRef, Space, Visit, VisitEntry, VisitLog,
    Writer,
};
use crate::error::{Error, Kind, Result};

pub(super) struct JsonlWriter<'e> {
    engine: &'e JsonlEngine,
    // Let go in this order: whoever has the writer of the memory may have the desk.
    desk: MutexGuard<'e, Desk>,
    memory: Box<dyn Writer + 'e>,
    lines: Lines,
    log: Vec<(u64, Vec<u8>)>,
    touched: Touched,
    tables: Tables,
    /// Tables whose schema is new, or gone.
    schemas: Vec<String>,
}

impl<'e> JsonlWriter<'e> {
    pub fn new(engine: &'e JsonlEngine, memory: Box<dyn Writer + 'e>, desk: MutexGuard<'e, Desk>) -> Self {
        let lines = Lines::new(super::now().iso(), desk.log_end().checksum);
        let tables = desk.tables.clone();
        let (log, touched, schemas) = (Vec::new(), Touched::default(), Vec::new());
        Self { engine, desk, memory, lines, log, touched, tables, schemas }
    }

    /// Notes that a record is about to change, and which tables there are then.
    fn touch(&mut self, key: &[u8], old: Option<RecordRef<'_>>, new: Option<RecordRef<'_>>) -> Result<()> {
        let table = load::made_or_unmade(key, old, new);
        if let Some(table) = table {
            if self.tables.has(table) {
                self.tables.remove(table)
            } else {
                self.tables.add(table)?
            }
            self.schemas.push(table.to_owned());
        }
        self.touched.record(key, table, self.memory.as_ref())
    }
}

impl Writer for JsonlWriter<'_> {
    fn generation(&self) -> Generation {
        self.memory.generation()
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let old = self.memory.get(key)?;
        let before = self.tables.clone();
        self.touch(key, old.as_ref().map(borrowed), Some(record))?;
        let home = self.tables.home(key, record);
        if let Home::Schema(table) = home {
            self.schemas.push(table.to_owned());
        }
        let old = old.as_ref().map(|old| (before.home(key, borrowed(old)), &*old.data));
        self.lines.put(key, (home, record), old);
        self.memory.put(key, record)
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        let Some(old) = self.memory.get(key)? else {
            self.touched.keys.insert(key.to_vec());
            self.lines.delete(key, (Home::Keys, b""));
            return Ok(());
        };
        let before = self.tables.clone();
        self.touch(key, Some(borrowed(&old)), None)?;
        self.lines.delete(key, (before.home(key, borrowed(&old)), &old.data));
        self.memory.delete(key)
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        if space == Space::Meta {
            self.lines.meta(key, Some(value));
            self.touched.meta = true;
        }
        self.memory.put_entry(space, key, value)
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        if space == Space::Meta {
            self.lines.meta(key, None);
            self.touched.meta = true;
        }
        self.memory.delete_entry(space, key)
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        self.log.push((version, entry.to_vec()));
        self.memory.append_log(version, entry)
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        self.memory.trim_log(through, at_most)
    }

    fn commit(self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        let Self { engine, mut desk, memory, mut lines, log, touched, tables, schemas } = *self;
        if !lines.is_empty() || !log.is_empty() {
            lines.commit(&log);
            desk.append(&lines.text, lines.checksum)?;
        }
        let made = memory.commit()?;
        desk.touched.add(touched);
        desk.tables = tables;
        engine.noted(&desk);
        drop(desk);
        if !schemas.is_empty() {
            engine.save_schemas(&schemas);
        }
        Ok(made)
    }
}

impl Desk {
    fn append(&mut self, text: &[u8], checksum: u64) -> std::result::Result<(), CommitError> {
        match &mut self.log {
            Some(log) => log.append(text, checksum),
            None => {
                let error = Error::new(Kind::ReadOnly, "the store was opened with read_only");
                Err(CommitError { error, outcome_unknown: false })
            }
        }
    }
}

impl Read for JsonlWriter<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        self.memory.get(key)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        self.memory.scan(range, reverse, fields, visit)
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.memory.entry(space, key)
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        self.memory.entries(space, range, reverse, visit)
    }

    fn last_version(&self) -> Result<u64> {
        self.memory.last_version()
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        self.memory.log_after(version, visit)
    }
}
