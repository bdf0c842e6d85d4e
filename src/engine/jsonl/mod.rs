//! The engine over plain JSON Lines: files that people read, search and edit, and a write-ahead log that makes them safe.
//!
//! ```text
//! schema/{table}.schema.json        the record table:{table}
//! data/{table}.records              the records table:{table}:{row}: a JSON object on a line each, and nothing else
//! data/{table}.versions             beside it: key, version, expiry and checksum of each of these lines
//! data/kv.records                   all other records, with key, value, version, expiry
//! data/changes.log                  the change log
//! wal/transaction.log               the write-ahead log
//! wal/checkpoint.log                the part of it that is being moved into the files, while it is
//! wal/transaction.{time}.log        its archives
//! lock                              locked by whoever has the folder open
//! ```
//!
//! All of it is in memory too, in the maps of [`MemoryEngine`], from which everything is read. A commit is appended to the
//! write-ahead log; a checkpoint moves what that tells into the files. Expiries and indexes are not kept: the first are
//! found in the records, the second are made anew by the store.
//!
//! While nobody has the folder open, the files of `schema` and `data` may be edited: lines changed, added, removed, brought
//! into another order. That is found by the checksums, and becomes a commit when the folder is opened next. Damage that
//! leaves a line JSON cannot be told from that.
//!
//! One store at a time has a folder open, for reading too.

use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use super::memory::MemoryEngine;
use super::{
    AtomicGeneration, Capabilities, Durability, Engine, EngineStats, Generation, Hold, Record, Sharing,
    Snapshot, Space, Writer, expiry_entry,
};
use crate::error::{Error, Kind, Result};
use crate::platform::journal_file::OwnedFile;

mod archive;
mod checkpoint;
mod field;
mod folder;
mod layout;
mod line;
mod load;
mod operation;
pub(crate) mod record;
mod verify;
mod versions;
mod wal;
mod writer;

pub use archive::Archives;

use checkpoint::{Files, Pending};
use layout::{Layout, Stamp, Tables};
use load::{Touched, borrowed};
use wal::{End, Wal};
use writer::JsonlWriter;

/// From so many bytes on the write-ahead log is moved into the files.
const CHECKPOINT_BYTES: u64 = 16 << 20;

/// Makes the key of a row that was added by hand, its own part: of the table's schema, the row, and the greatest key so far.
pub type RowKey = fn(schema: &[u8], row: &[u8], last: Option<&[u8]>) -> Result<Vec<u8>>;
/// Makes the entry of the change log for a commit: of its version, the time in milliseconds since 1970-01-01 UTC, and the
/// keys that it wrote or, where false, removed.
pub type ChangeEntry = fn(version: u64, time_ms: i64, changes: &[(Vec<u8>, bool)]) -> Vec<u8>;

/// How a folder is opened.
#[derive(Clone, Debug)]
pub struct JsonlOptions {
    /// The folder.
    pub path: PathBuf,
    /// For reading only: nothing in it is changed.
    pub read_only: bool,
    /// Do not create it.
    pub must_exist: bool,
    /// Whether commits survive power loss, or the death of the process alone.
    pub power_safe: bool,
    /// How long to wait until another store closes the folder.
    pub busy_timeout: Duration,
    /// What becomes of the write-ahead log after a checkpoint.
    pub archives: Archives,
    /// What the engine does not know of rows.
    pub row_key: RowKey,
    /// What it does not know of the change log.
    pub change_entry: ChangeEntry,
}

/// An engine over a folder of JSON Lines.
pub struct JsonlEngine {
    memory: MemoryEngine,
    options: JsonlOptions,
    layout: Layout,
    /// Taken after the writer of `memory`.
    desk: Mutex<Desk>,
    /// Taken before the writer of `memory`; held by a checkpoint from its start to its end.
    files: Mutex<Files>,
    log_bytes: AtomicU64,
    /// Of the files: how many bytes they have, and about how many of lines that no longer count.
    figures: [AtomicU64; 2],
    lock: Mutex<Option<OwnedFile>>,
}

/// What belongs to the one writer.
struct Desk {
    /// None: nothing may be written.
    log: Option<Wal>,
    tables: Tables,
    /// What the log has and the files have not.
    touched: Touched,
}

impl Desk {
    fn log_end(&self) -> End {
        self.log.as_ref().map_or(End::EMPTY, Wal::end)
    }
}

impl JsonlEngine {
    /// Opens or creates the folder.
    ///
    /// # Errors
    /// [`Kind::Busy`] while another store has it open; [`Kind::Corrupt`] with the file and the line that are damaged;
    /// [`Kind::Invalid`] for names of tables that no file can have; [`Kind::NotFound`], [`Kind::NotADatabase`],
    /// [`Kind::ReadOnly`], [`Kind::Full`], [`Kind::Io`].
    pub fn open(options: JsonlOptions) -> Result<Self> {
        let name = options.path.display().to_string();
        Self::load(options).map_err(|error| error.within(name))
    }

    fn load(options: JsonlOptions) -> Result<Self> {
        let (layout, lock) = folder::take(&options)?;
        let memory = MemoryEngine::new();
        let mut writer = memory.begin()?;
        let found = load::files(&layout, &options, writer.as_mut())?;
        writer.commit().map_err(|failed| failed.error)?;
        let base = memory.snapshot(Hold::Long)?;

        let mut writer = memory.begin()?;
        let (aside, log) = (layout.checkpoint(), layout.log());
        let (_, put_aside) = load::replay(&aside, &folder::read(&aside)?, writer.as_mut())?;
        writer.commit().map_err(|failed| failed.error)?;
        let mut edited = found.edited;
        edited.retain(|key, _| !put_aside.keys.contains(key));
        let pending = match aside.exists() {
            true => {
                let now = memory.snapshot(Hold::Long)?;
                Some(Pending { tables: Tables::of(now.as_ref())?, now, touched: put_aside })
            }
            false => None,
        };

        let mut writer = memory.begin()?;
        let (end, touched) = load::replay(&log, &folder::read(&log)?, writer.as_mut())?;
        load::expiries(writer.as_mut())?;
        writer.commit().map_err(|failed| failed.error)?;
        edited.retain(|key, _| !touched.keys.contains(key));
        let tables = Tables::of(memory.snapshot(Hold::Long)?.as_ref())?;
        let files = Files {
            layout: layout.clone(),
            tables: Tables::of(base.as_ref())?,
            base,
            rows: found.rows,
            keys: found.keys,
            changes: found.changes,
            pending,
        };
        let log = match options.read_only {
            true => None,
            false => Some(Wal::open(log, end, options.power_safe)?),
        };
        let engine = Self {
            memory,
            layout,
            desk: Mutex::new(Desk { log, tables, touched }),
            files: Mutex::new(files),
            log_bytes: AtomicU64::new(end.len),
            figures: Default::default(),
            lock: Mutex::new(lock),
            options,
        };
        engine.measured(&engine.files.lock());
        engine.adopt(edited)?;
        crate::log::info(format_args!("opened {}", engine.layout.root().display()));
        Ok(engine)
    }

    /// Commits what was edited by hand.
    fn adopt(&self, edited: std::collections::BTreeMap<Vec<u8>, Option<Record>>) -> Result<()> {
        if edited.is_empty() {
            return Ok(());
        }
        let name = self.layout.root().display();
        crate::log::info(format_args!("{name}: other software changed {} records", edited.len()));
        let mut writer = if self.options.read_only { self.memory.begin()? } else { self.begin()? };
        let version = writer.last_version()? + 1;
        let changes: Vec<_> = edited.iter().map(|(key, record)| (key.clone(), record.is_some())).collect();
        for (key, record) in edited {
            let Some(record) = record else {
                writer.delete(&key)?;
                continue;
            };
            let record = Record { version, ..record };
            writer.put(&key, borrowed(&record))?;
            if record.expires_at != 0 {
                writer.put_entry(Space::Expiry, &expiry_entry(record.expires_at, &key), &[])?;
            }
        }
        let entry = (self.options.change_entry)(version, now_us() / 1000, &changes);
        writer.append_log(version, &entry)?;
        writer.commit().map(drop).map_err(|failed| failed.error)
    }

    /// Remembers how far the log reaches.
    fn noted(&self, desk: &Desk) {
        self.log_bytes.store(desk.log_end().len, Ordering::Relaxed);
    }

    /// Remembers what the files have, for whoever asks while they are written.
    fn measured(&self, files: &Files) {
        let all = files.rows.values().chain([&files.keys, &files.changes]);
        let (bytes, dead) = all.fold((0, 0), |(bytes, dead), usage| {
            (bytes + usage.len + usage.versions_len, dead + usage.dead_bytes())
        });
        self.figures.iter().zip([bytes, dead]).for_each(|(figure, now)| figure.store(now, Ordering::Relaxed));
    }

    /// Has the files of schemas that were committed be there at once. What fails here is done by the next checkpoint.
    fn save_schemas(&self, tables: &[String]) {
        let files = self.files.lock();
        let saved = tables.iter().try_for_each(|table| {
            let now = self.memory.snapshot(Hold::Short)?;
            match now.get(&layout::schema_key(table))? {
                Some(record) if layout::is_schema(table, &record.data) => {
                    files.write_schema(table, &record.data)
                }
                // It was never more than that file.
                _ if !files.tables.has(table) => folder::remove(&self.layout.schema(table)),
                _ => Ok(()),
            }
        });
        if let Err(error) = saved {
            crate::log::warn(format_args!("a schema is written later: {error}"));
        }
    }

    /// Moves the log into the files; `all` also rewrites what has lines that no longer count.
    fn settle(&self, files: &mut Files, all: bool) -> Result<()> {
        if self.options.read_only {
            return Err(Error::new(Kind::ReadOnly, "the store was opened with read_only"));
        }
        self.finish(files, false)?;
        files.pending = self.put_aside(all)?;
        self.finish(files, all)
    }

    /// Brings what was put aside into the files, and archives it.
    fn finish(&self, files: &mut Files, all: bool) -> Result<()> {
        let written = files.write(all);
        self.measured(files);
        written?;
        let aside = self.layout.checkpoint();
        if aside.exists() { archive::archive(&self.layout, &aside, self.options.archives) } else { Ok(()) }
    }

    /// Puts the log aside, if there is anything in it; `always` answers a pending part even so.
    fn put_aside(&self, always: bool) -> Result<Option<Pending>> {
        // Keeps writers out.
        let _writer = self.memory.begin()?;
        let mut desk = self.desk.lock();
        let empty = desk.log_end().len == 0;
        if empty && !always {
            return Ok(None);
        }
        let now = self.memory.snapshot(Hold::Long)?;
        if let Some(log) = desk.log.as_mut().filter(|_| !empty) {
            log.rotate(&self.layout.checkpoint())?;
        }
        self.noted(&desk);
        Ok(Some(Pending { now, tables: desk.tables.clone(), touched: std::mem::take(&mut desk.touched) }))
    }
}

impl Engine for JsonlEngine {
    fn name(&self) -> &'static CStr {
        c"jsonl"
    }

    fn capabilities(&self) -> Capabilities {
        let durability = if self.options.power_safe { Durability::Power } else { Durability::Process };
        Capabilities {
            durability: Some(durability),
            sharing: Sharing::OneStore,
            sqlite_file: false,
            keeps_indexes: false,
            compresses: false,
        }
    }

    fn generation(&self) -> Generation {
        self.memory.generation()
    }

    fn is_at(&self, seen: &AtomicGeneration) -> bool {
        self.memory.is_at(seen)
    }

    fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64> {
        self.memory.commits_between(from, to)
    }

    fn wait(&self, seen: &Generation, timeout: Duration) {
        self.memory.wait(seen, timeout);
    }

    fn snapshot(&self, hold: Hold) -> Result<Box<dyn Snapshot>> {
        self.memory.snapshot(hold)
    }

    fn begin(&self) -> Result<Box<dyn Writer + '_>> {
        let memory = self.memory.begin()?;
        let desk = self.desk.lock();
        Ok(Box::new(JsonlWriter::new(self, memory, desk)))
    }

    fn close(&self) -> Result<()> {
        self.desk.lock().log = None;
        self.lock.lock().take();
        Ok(())
    }

    fn maintain(&self) -> Result<()> {
        match self.files.try_lock() {
            Some(mut files) if self.wants_maintenance() || files.pending.is_some() => {
                if self.options.read_only { Ok(()) } else { self.settle(&mut files, false) }
            }
            _ => Ok(()),
        }
    }

    fn wants_maintenance(&self) -> bool {
        self.log_bytes.load(Ordering::Relaxed) >= CHECKPOINT_BYTES
    }

    fn checkpoint(&self) -> Result<()> {
        self.settle(&mut self.files.lock(), false)
    }

    fn compact(&self) -> Result<()> {
        self.settle(&mut self.files.lock(), true)
    }

    fn verify(&self) -> Result<Vec<String>> {
        verify::findings(self)
    }

    /// The bytes of the files are those that they have and those that the log will bring.
    fn stats(&self) -> Result<EngineStats> {
        let aside = std::fs::metadata(self.layout.checkpoint()).map_or(0, |file| file.len());
        let wal_bytes = self.log_bytes.load(Ordering::Relaxed) + aside;
        let [written, free_bytes] = self.figures.each_ref().map(|figure| figure.load(Ordering::Relaxed));
        Ok(EngineStats { file_bytes: written + wal_bytes, free_bytes, wal_bytes, queue: None })
    }
}

/// Microseconds since 1970-01-01 UTC.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn now() -> Stamp {
    Stamp::of(now_us())
}
