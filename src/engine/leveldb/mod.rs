//! The engine over a folder of LevelDB: all in one database, a commit is one of its batches, one process at a time.
//!
//! It loads Google's library rather than a port to Rust: the port that is alive (rusty-leveldb) compacts in the calling
//! thread, shares nothing between threads and says of itself that it is not for data that anybody cares about.
//!
//! LevelDB promises less than SQLite. A failed write may leave half a record in its log, so that the store refuses writes
//! until it is reopened; reports of full devices that damaged databases are the reason why commits are refused before a device
//! is full. With durability `process` the last commits may be lost with power, and a log that then ends in garbage makes it
//! refuse to open. A new log file's name is as durable as the file system makes it when the file is synchronised.

use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use super::counter::Counter;
use super::{
    Capabilities, Durability, Engine, EngineStats, Generation, Hold, Range, Sharing, Snapshot, Writer,
};
use crate::error::{Error, Kind, Result};
use crate::platform;

mod database;
mod error;
mod keys;
mod library;
mod open;
mod read;
mod view;
mod writer;

use database::{Database, Snapshot as DbSnapshot};
use open::Origin;
use view::{Foreign, Joinly, View};
use writer::LevelDbWriter;

/// What must stay free on the device: LevelDB writes a log and tables of 4 MiB each and rewrites several at once.
const ROOM: u64 = 32 << 20;

/// How to open the folder.
#[derive(Clone, Debug)]
pub struct LevelDbOptions {
    /// Where it is.
    pub path: PathBuf,
    /// Refuse writes; also for databases of other software. LevelDB itself needs to write in the folder nevertheless.
    pub read_only: bool,
    /// Do not create it.
    pub must_exist: bool,
    /// Whether a commit waits for the device.
    pub power_safe: bool,
    /// How long to wait for another process to close it.
    pub busy_timeout: Duration,
}

/// An open folder.
pub struct LevelDbEngine {
    options: LevelDbOptions,
    origin: Origin,
    commits: Counter,
    /// The state that readers see; None once closed.
    view: RwLock<Option<Arc<View>>>,
    writer: Mutex<WriterState>,
}

#[derive(Default)]
struct WriterState {
    /// Whether a commit failed.
    failed: bool,
    /// Up to where the change log is known to be empty.
    trimmed: u64,
}

impl LevelDbEngine {
    /// Opens or creates the folder.
    ///
    /// # Errors
    /// As `joinly_store_open` in the C header.
    pub fn open(mut options: LevelDbOptions) -> Result<Self> {
        let path = options.path.display().to_string();
        let (database, origin) = open::open(&options).map_err(|error| error.within(&path))?;
        // The current directory may change.
        options.path = database.folder().to_owned();
        let commits = Counter::default();
        let rows = DbSnapshot::new(&database);
        let last_version = match origin {
            Origin::Joinly => read::last_version(&rows).map_err(|error| error.within(&path))?,
            Origin::Foreign => Foreign::VERSION,
        };
        let view = View { generation: commits.generation(), last_version, rows };
        crate::log::info(format_args!("opened {path}"));
        Ok(Self {
            options,
            origin,
            commits,
            view: RwLock::new(Some(Arc::new(view))),
            writer: Mutex::default(),
        })
    }

    fn view(&self) -> Result<Arc<View>> {
        self.view.read().clone().ok_or_else(|| Error::new(Kind::Closed, "the store was closed"))
    }

    fn database(&self) -> Result<Arc<Database>> {
        Ok(Arc::clone(self.view()?.rows.database()))
    }

    /// Shows what was committed. Answers the state that it made.
    fn publish(&self, database: &Arc<Database>, last_version: u64) -> Generation {
        let generation = self.commits.next();
        let view = Arc::new(View { generation, last_version, rows: DbSnapshot::new(database) });
        let before = {
            let mut published = self.view.write();
            self.commits.advance();
            published.replace(view)
        };
        drop(before);
        self.commits.wake();
        generation
    }

    /// Refuses a commit of so many bytes while the device is about to be full.
    fn check_room(&self, bytes: u64) -> Result<()> {
        let wanted = bytes.saturating_mul(3).saturating_add(ROOM);
        match platform::free_bytes(&self.options.path) {
            Some(free) if free < wanted => Err(Error::new(
                Kind::Full,
                format!(
                    "{free} bytes are free on the device and {wanted} are wanted: free some space and repeat"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Sizes of the files: of all, as what is in the log is to be in a table, and of the log in use.
    fn sizes(&self) -> std::io::Result<(u64, u64)> {
        let (mut all, mut log) = (0, (0, 0));
        for entry in std::fs::read_dir(&self.options.path)? {
            let entry = entry?;
            // LevelDB deletes files at any time.
            let Ok(metadata) = entry.metadata() else { continue };
            all += metadata.len();
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".log"));
            if let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) {
                log = log.max((number, metadata.len()));
            }
        }
        Ok((all, log.1))
    }
}

impl Engine for LevelDbEngine {
    fn name(&self) -> &'static CStr {
        c"leveldb"
    }

    fn capabilities(&self) -> Capabilities {
        let durability = if self.options.power_safe { Durability::Power } else { Durability::Process };
        Capabilities {
            durability: Some(durability),
            sharing: Sharing::OneStore,
            sqlite_file: false,
            keeps_indexes: true,
            compresses: true,
        }
    }

    fn generation(&self) -> Generation {
        self.commits.generation()
    }

    fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64> {
        Counter::between(from, to)
    }

    fn wait(&self, seen: &Generation, timeout: Duration) {
        self.commits.wait(seen, timeout);
    }

    fn snapshot(&self, _hold: Hold) -> Result<Box<dyn Snapshot>> {
        let view = self.view()?;
        Ok(match self.origin {
            Origin::Joinly => Box::new(Joinly(view)),
            Origin::Foreign => Box::new(Foreign(view)),
        })
    }

    fn begin(&self) -> Result<Box<dyn Writer + '_>> {
        if self.options.read_only {
            return Err(Error::new(Kind::ReadOnly, "the database was opened with read_only"));
        }
        let state = self.writer.lock();
        writer::check_state(&state)?;
        Ok(Box::new(LevelDbWriter::new(self, state, self.view()?)))
    }

    fn close(&self) -> Result<()> {
        drop(self.view.write().take());
        Ok(())
    }

    /// LevelDB keeps house by itself.
    fn maintain(&self) -> Result<()> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        // Of a range without keys nothing but the log is rewritten.
        self.database()?.compact(Some((keys::FORMAT, keys::FORMAT)));
        Ok(())
    }

    fn compact(&self) -> Result<()> {
        self.database()?.compact(None);
        Ok(())
    }

    /// Reads everything, with LevelDB's checksums.
    fn verify(&self) -> Result<Vec<String>> {
        match self.view()?.rows.walk(&Range::all(), false, &mut |_, _| Ok(true)) {
            Err(error) if error.kind() == Kind::Corrupt => Ok(vec![error.message().to_owned()]),
            result => result.map(|()| Vec::new()),
        }
    }

    fn stats(&self) -> Result<EngineStats> {
        let sizes = self.sizes();
        let (file_bytes, wal_bytes) = sizes.map_err(|error| Error::io(&error, "list the folder"))?;
        Ok(EngineStats { file_bytes, free_bytes: 0, wal_bytes, queue: None })
    }
}
