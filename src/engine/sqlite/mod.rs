//! The engine over one SQLite file in WAL mode: one writer connection, pooled readers that hold their snapshot open, and
//! the WAL-index in shared memory as generation.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::{
    AtomicGeneration, Capabilities, Durability, Engine, EngineStats, Generation, Hold, Sharing, Snapshot,
    Writer, busy,
};
use crate::error::{Error, Kind, Result};

mod checkpoint;
mod error;
mod open;
mod puts;
mod read;
mod schema;
mod snapshot;
mod statement;
mod wal_index;
mod writer;

use checkpoint::Checkpointer;
use error::mapped;
use snapshot::Pool;
use statement::Session;
use wal_index::WalIndex;

/// What the write-ahead log keeps beside each page.
const FRAME_HEADER_BYTES: u64 = 24;

/// How to open the file.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Where it is.
    pub path: PathBuf,
    /// Read only, also from read-only media.
    pub read_only: bool,
    /// Do not create it.
    pub must_exist: bool,
    /// Whether a commit waits for the device.
    pub power_safe: bool,
    /// How long to wait for locks of others.
    pub busy_timeout: Duration,
    /// The longest that a read snapshot is held.
    pub snapshot_max_age: Duration,
}

/// An open SQLite file.
///
/// Fields drop in order: `wal` borrows shared memory that `writer` keeps mapped, and is not used once dropping began.
pub struct SqliteEngine {
    options: SqliteOptions,
    wal: WalIndex,
    pool: std::sync::Arc<Pool>,
    checkpointer: Mutex<Checkpointer>,
    writer: Mutex<Session>,
    _registration: open::Registration,
}

impl SqliteEngine {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// As `joinly_store_open` in the C header.
    pub fn open(options: SqliteOptions) -> Result<Self> {
        let path = options.path.clone();
        Self::connect(options).map_err(|error| {
            let error = error.within(path.display());
            match error.kind() {
                Kind::Io if crate::platform::is_read_only_media(&path) => {
                    Error::new(Kind::ReadOnly, error.message()).with_engine_code(error.engine_code())
                }
                _ => error,
            }
        })
    }

    /// Where the file is: absolute, links resolved.
    pub fn path(&self) -> &Path {
        self.pool.file().path()
    }

    fn connect(options: SqliteOptions) -> Result<Self> {
        let (file, registration) = open::prepare(&options)?;
        let writer = file.connect()?;
        // SQLite's own waiting sleeps ever longer; `busy::retry` takes a lock soon after it is free.
        writer.busy_timeout(Duration::ZERO).map_err(mapped("set a connection up"))?;
        writer.execute_batch(schema::WRITER).map_err(mapped("set a connection up"))?;
        busy::retry(options.busy_timeout, || {
            if !options.read_only {
                schema::initialise(&writer, &options)?;
            }
            schema::check(&writer)
        })?;
        let wal = if file.immutable() { WalIndex::constant() } else { wal_index::map(&writer)? };
        if !options.read_only && wal.is_nameless() {
            checkpoint::name_log(&writer);
        }
        crate::log::info(format_args!("opened {}", options.path.display()));
        let pool = Pool::new(file.clone(), wal.clone(), options.snapshot_max_age);
        let checkpointer = Mutex::new(Checkpointer::new(file));
        let writer = Mutex::new(Session::new(writer));
        Ok(Self { options, wal, pool, checkpointer, writer, _registration: registration })
    }
}

impl Drop for SqliteEngine {
    fn drop(&mut self) {
        self.pool.close();
    }
}

impl Engine for SqliteEngine {
    fn name(&self) -> &'static CStr {
        c"sqlite"
    }

    fn capabilities(&self) -> Capabilities {
        let durability = if self.options.power_safe { Durability::Power } else { Durability::Process };
        Capabilities {
            durability: Some(durability),
            sharing: Sharing::Everyone,
            sqlite_file: true,
            keeps_indexes: true,
            compresses: true,
        }
    }

    fn generation(&self) -> Generation {
        self.wal.generation()
    }

    fn is_at(&self, seen: &AtomicGeneration) -> bool {
        self.wal.is_at(seen)
    }

    fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64> {
        if *from == Generation::UNKNOWN || *to == Generation::UNKNOWN {
            return None;
        }
        match wal_index::changes(to).wrapping_sub(wal_index::changes(from)) {
            // Recovery starts the counter anew: that nothing was committed is told by the last frame alone. When commits
            // that the change log lacks bring the counter back, the mark that they leave there tells.
            0 if wal_index::last_frame(to) != wal_index::last_frame(from) => None,
            commits => Some(commits.into()),
        }
    }

    fn wait(&self, seen: &Generation, timeout: Duration) {
        self.wal.wait(seen, timeout);
    }

    fn snapshot(&self, hold: Hold) -> Result<Box<dyn Snapshot>> {
        self.pool.snapshot(hold)
    }

    fn begin(&self) -> Result<Box<dyn Writer + '_>> {
        // What others commit meanwhile makes the snapshots of this process stale, and these may be what they wait for.
        let waits = || self.pool.release_all();
        writer::begin(self.writer.lock(), &self.wal, self.options.busy_timeout, waits)
    }

    fn maintain(&self) -> Result<()> {
        self.pool.release_idle();
        if self.options.read_only {
            return Ok(());
        }
        // Whoever checkpoints now may wait for the snapshots that this thread releases.
        match self.checkpointer.try_lock() {
            Some(mut checkpointer) => checkpointer.tick(&self.wal, &self.writer, || self.pool.release_all()),
            None => Ok(()),
        }
    }

    fn wants_maintenance(&self) -> bool {
        !self.options.read_only && self.wal.pending() >= checkpoint::PASSIVE_FRAMES
    }

    fn checkpoint(&self) -> Result<()> {
        // In short tries, since each keeps writers waiting while it waits for readers.
        busy::retry(self.options.busy_timeout, || {
            self.pool.release_all();
            self.checkpointer.lock().truncate()
        })
    }

    fn compact(&self) -> Result<()> {
        let writer = self.writer.lock();
        self.pool.release_all();
        busy::retry(self.options.busy_timeout, || {
            writer.connection().execute_batch(schema::COMPACT).map_err(mapped("compact"))
        })
    }

    fn verify(&self) -> Result<Vec<String>> {
        open::verify(self.pool.file())
    }

    fn stats(&self) -> Result<EngineStats> {
        let writer_free = self.writer.try_lock();
        let stats = |connection: &Connection| -> Result<EngineStats> {
            let (page, pages, free): (i64, i64, i64) = connection
                .query_row(schema::SIZES, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .map_err(mapped("statistics"))?;
            let bytes = |pages: i64| pages.saturating_mul(page).cast_unsigned();
            let wal_bytes = u64::from(self.wal.frames()) * (page.cast_unsigned() + FRAME_HEADER_BYTES);
            Ok(EngineStats { file_bytes: bytes(pages), free_bytes: bytes(free), wal_bytes, queue: None })
        };
        match writer_free {
            Some(writer) => stats(writer.connection()),
            // The writer may be busy for long: a connection of its own costs less than waiting.
            None => stats(&self.pool.file().connect()?),
        }
    }
}
