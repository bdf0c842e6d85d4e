//! The one writer: a transaction that took the write lock at its begin.

use std::cell::RefCell;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::puts::Puts;
use super::read;
use super::statement::Param::{self, Bytes, Integer};
use super::statement::Session;
use super::wal_index::{WalIndex, changes};
use crate::engine::{
    CommitError, Fields, Generation, Range, Read, Record, RecordRef, Space, Visit, VisitEntry, VisitLog,
    Writer, busy, checksum,
};
use crate::error::{Error, Kind, Result};

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const DELETE: &str = "DELETE FROM record WHERE key = ?1";
const HAS_BLOBS: &str = "SELECT 1 FROM blob LIMIT 1";
const PUT_BLOB: &str = "REPLACE INTO blob (key, data) VALUES (?1, ?2)";
const DELETE_BLOB: &str = "DELETE FROM blob WHERE key = ?1";
const APPEND_LOG: &str = "INSERT INTO log (version, sum, entry) VALUES (?1, ?2, ?3)";
const TRIM_LOG: &str = "
    DELETE FROM log WHERE version IN (SELECT version FROM log WHERE version <= ?1 ORDER BY version LIMIT ?2)";

/// Key and value up to this size stay in the row: with pages of 4 KiB at least four rows fit on each.
const INLINE_BYTES: usize = 900;

/// Takes the write lock. Calls `waits` each time that others have it.
pub(super) fn begin<'e>(
    session: MutexGuard<'e, Session>,
    wal: &'e WalIndex,
    timeout: Duration,
    waits: impl Fn(),
) -> Result<Box<dyn Writer + 'e>> {
    busy::retry(timeout, || {
        let begun = session.run("begin a commit", BEGIN, &[]);
        if begun.as_ref().is_err_and(|error| error.kind() == Kind::Busy) {
            waits();
        }
        begun
    })?;
    // Nobody commits or resets the log while this lock is held: the header stands still.
    let generation = wal.generation();
    Ok(Box::new(SqliteWriter {
        session,
        wal,
        generation,
        has_blobs: None,
        puts: RefCell::default(),
        finished: false,
    }))
}

struct SqliteWriter<'e> {
    session: MutexGuard<'e, Session>,
    wal: &'e WalIndex,
    generation: Generation,
    /// Whether any value is outside its row; most stores have none and need not look.
    has_blobs: Option<bool>,
    /// To be flushed before anything else touches the records.
    puts: RefCell<Puts>,
    finished: bool,
}

fn stored_version(version: u64) -> Result<i64> {
    i64::try_from(version).map_err(|_| Error::new(Kind::OutOfRange, "versions are used up"))
}

impl SqliteWriter<'_> {
    fn execute(&self, text: &'static str, params: &[Param<'_>]) -> Result<()> {
        self.session.run("write", text, params)
    }

    /// The connection, with all that was put written.
    fn written(&self) -> Result<&Session> {
        self.puts.borrow_mut().flush(&self.session)?;
        Ok(&self.session)
    }

    fn has_blobs(&mut self) -> Result<bool> {
        if let Some(known) = self.has_blobs {
            return Ok(known);
        }
        let found = self.session.query("look for large values", HAS_BLOBS, &[])?.next()?;
        self.has_blobs = Some(found);
        Ok(found)
    }

    fn delete_blob(&mut self, key: &[u8]) -> Result<()> {
        if self.has_blobs()? { self.execute(DELETE_BLOB, &[Bytes(key)]) } else { Ok(()) }
    }
}

impl Writer for SqliteWriter<'_> {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        let large = key.len() + record.data.len() > INLINE_BYTES;
        if large {
            self.execute(PUT_BLOB, &[Bytes(key), Bytes(record.data)])?;
            self.has_blobs = Some(true);
        } else {
            self.delete_blob(key)?;
        }
        self.puts.get_mut().push(&self.session, key, &record, large)
    }

    fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.delete_blob(key)?;
        self.written()?;
        self.execute(DELETE, &[Bytes(key)])
    }

    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()> {
        let text = match space {
            Space::Meta => "REPLACE INTO meta (key, value) VALUES (?1, ?2)",
            Space::Expiry => "REPLACE INTO expiry (key, value) VALUES (?1, ?2)",
            Space::Index => "REPLACE INTO idx (key, value) VALUES (?1, ?2)",
        };
        self.execute(text, &[Bytes(key), Bytes(value)])
    }

    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()> {
        let text = match space {
            Space::Meta => "DELETE FROM meta WHERE key = ?1",
            Space::Expiry => "DELETE FROM expiry WHERE key = ?1",
            Space::Index => "DELETE FROM idx WHERE key = ?1",
        };
        self.execute(text, &[Bytes(key)])
    }

    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        let sum = checksum::of_log_entry(version, entry).into();
        self.execute(APPEND_LOG, &[Integer(stored_version(version)?), Integer(sum), Bytes(entry)])
    }

    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()> {
        let through = i64::try_from(through).unwrap_or(i64::MAX);
        self.execute(TRIM_LOG, &[Integer(through), Integer(at_most.into())])
    }

    fn commit(mut self: Box<Self>) -> std::result::Result<Generation, CommitError> {
        self.written().map_err(|error| CommitError { error, outcome_unknown: false })?;
        if let Err(error) = self.session.run("commit", COMMIT, &[]) {
            // A frame that failed to be written or synchronised may still be found whole by a later recovery.
            let outcome_unknown = !matches!(error.kind(), Kind::Busy | Kind::Full | Kind::ReadOnly);
            return Err(CommitError { error, outcome_unknown });
        }
        self.finished = true;
        let after = self.wal.generation();
        self.wal.wake();
        let ours_alone = after != Generation::UNKNOWN
            && self.generation != Generation::UNKNOWN
            && changes(&after) == changes(&self.generation).wrapping_add(1);
        Ok(if ours_alone { after } else { Generation::UNKNOWN })
    }
}

impl Drop for SqliteWriter<'_> {
    fn drop(&mut self) {
        // Some failures have rolled back already.
        if !self.finished
            && !self.session.connection().is_autocommit()
            && let Err(error) = self.session.run("roll back", ROLLBACK, &[])
        {
            crate::log::error(format_args!("{error}"));
        }
    }
}

impl Read for SqliteWriter<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        read::get(self.written()?, key)
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        read::scan(self.written()?, range, reverse, fields, visit)
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        read::entry(&self.session, space, key)
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        read::entries(&self.session, space, range, reverse, visit)
    }

    fn last_version(&self) -> Result<u64> {
        read::last_version(&self.session)
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        read::log_after(&self.session, version, visit)
    }
}
