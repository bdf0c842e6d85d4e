//! What readers see: the state that the last commit published. No commit shows before it is as durable as it will be, and no
//! reader waits for one.

use std::sync::Arc;

use super::database::Snapshot as DbSnapshot;
use super::read::{self, Rows};
use crate::engine::{
    Fields, Generation, Range, Read, Record, RecordRef, Snapshot, Space, Visit, VisitEntry, VisitLog,
};
use crate::error::Result;

/// A state of the database.
pub(super) struct View {
    pub generation: Generation,
    /// Of the change log: every read asks for it, and LevelDB would look into each of its tables.
    pub last_version: u64,
    pub rows: DbSnapshot,
}

impl Rows for DbSnapshot {
    fn get(&self, key: &[u8], show: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        DbSnapshot::get(self, key, show)
    }

    fn walk(&self, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        DbSnapshot::walk(self, range, reverse, visit)
    }
}

/// A snapshot of a database of this library.
pub(super) struct Joinly(pub Arc<View>);

impl Snapshot for Joinly {
    fn generation(&self) -> Generation {
        self.0.generation
    }
}

impl Read for Joinly {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        read::get(&self.0.rows, key)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        read::scan(&self.0.rows, range, reverse, fields, visit)
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        read::entry(&self.0.rows, space, key)
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        read::entries(&self.0.rows, space, range, reverse, visit)
    }

    fn last_version(&self) -> Result<u64> {
        Ok(self.0.last_version)
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        read::log_after(&self.0.rows, version, visit)
    }
}

/// A snapshot of a database of other software: its keys and values are records as they are, all of [`Foreign::VERSION`].
pub(super) struct Foreign(pub Arc<View>);

impl Foreign {
    pub const VERSION: u64 = 1;

    fn record(data: &[u8]) -> RecordRef<'_> {
        RecordRef { version: Self::VERSION, expires_at: 0, encoding: 0, data }
    }
}

impl Snapshot for Foreign {
    fn generation(&self) -> Generation {
        self.0.generation
    }
}

impl Read for Foreign {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        let mut found = None;
        self.0.rows.get(key, &mut |data| {
            let RecordRef { version, expires_at, encoding, data } = Self::record(data);
            found = Some(Record { version, expires_at, encoding, data: data.to_vec() });
            Ok(())
        })?;
        Ok(found)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        self.0.rows.walk(range, reverse, &mut |key, data| {
            visit(key, Self::record(if fields == Fields::All { data } else { &[] }))
        })
    }

    fn entry(&self, _space: Space, _key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn entries(&self, _: Space, _: &Range, _reverse: bool, _: VisitEntry<'_>) -> Result<()> {
        Ok(())
    }

    fn last_version(&self) -> Result<u64> {
        Ok(self.0.last_version)
    }

    fn log_after(&self, _version: u64, _: VisitLog<'_>) -> Result<()> {
        Ok(())
    }
}
