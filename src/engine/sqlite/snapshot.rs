//! Pooled readers. A reader keeps its snapshot open between uses and renews it only when somebody committed, which halves
//! the cost of a read; it is released when idle and ended when too old, so that the log can shrink.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::checkpoint::RESTART_FRAMES;
use super::open::File;
use super::read;
use super::statement::Session;
use super::wal_index::WalIndex;
use crate::engine::{
    Fields, Generation, Hold, Range, Read, Record, Snapshot, Space, Visit, VisitEntry, VisitLog, too_old,
};
use crate::error::{Error, Kind, Result};
use crate::platform::fork::Process;

const BEGIN: &str = "BEGIN";
const END: &str = "COMMIT";
const DOING: &str = "take a snapshot";
/// Idle readers that stay connected.
const KEPT: usize = 8;
/// Readers in use at once, idle transactions of the host included.
const MOST: usize = 256;
/// An unused snapshot is given up after this.
const IDLE: Duration = Duration::from_millis(50);
/// Tries to see the same generation before and after a snapshot began.
const TRIES: usize = 4;

struct Reader {
    /// None once the engine is closed.
    session: Option<Session>,
    /// Whether a snapshot is held; then the fields below tell of it.
    held: bool,
    /// Whether it may read the log, which then can't start anew. SQLite reads the database alone once all is copied there.
    in_log: bool,
    generation: Generation,
    /// The last of the change log. Where that is damaged, records are read nevertheless.
    version: Result<u64>,
    began: Instant,
    used: Instant,
    /// How its present user wants it; None while it is idle.
    user: Option<Hold>,
}

pub(super) struct Pool {
    file: File,
    wal: WalIndex,
    max_age: Duration,
    process: Process,
    idle: Mutex<Vec<Arc<Mutex<Reader>>>>,
    all: Mutex<Vec<Weak<Mutex<Reader>>>>,
}

impl Pool {
    pub fn new(file: File, wal: WalIndex, max_age: Duration) -> Arc<Self> {
        let process = Process::current();
        Arc::new(Self { file, wal, max_age, process, idle: Mutex::default(), all: Mutex::default() })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// A view of everything committed before the call.
    pub fn snapshot(self: &Arc<Self>, hold: Hold) -> Result<Box<dyn Snapshot>> {
        let reader = match self.idle.lock().pop() {
            Some(reader) => reader,
            None => self.new_reader()?,
        };
        let mut state = reader.lock();
        let current = state.held
            && state.generation != Generation::UNKNOWN
            && state.generation == self.wal.generation()
            && state.began.elapsed() < self.max_age / 2;
        if !current {
            self.renew(&mut state)?;
        }
        state.user = Some(hold);
        let generation = state.generation;
        drop(state);
        Ok(Box::new(PooledSnapshot { pool: Arc::clone(self), reader: Some(reader), generation }))
    }

    fn new_reader(&self) -> Result<Arc<Mutex<Reader>>> {
        let session = Session::new(self.file.connect()?);
        let now = Instant::now();
        let reader = Arc::new(Mutex::new(Reader {
            session: Some(session),
            held: false,
            in_log: true,
            generation: Generation::UNKNOWN,
            version: Ok(0),
            began: now,
            used: now,
            user: None,
        }));
        let mut all = self.all.lock();
        all.retain(|known| known.strong_count() > 0);
        if all.len() >= MOST {
            return Err(Error::new(
                Kind::Busy,
                format!("{MOST} transactions and reads are open at once: finish some"),
            ));
        }
        all.push(Arc::downgrade(&reader));
        Ok(reader)
    }

    fn renew(&self, reader: &mut Reader) -> Result<()> {
        for _ in 0..TRIES {
            reader.release()?;
            let before = self.wal.generation();
            let in_log = self.wal.pending() > 0;
            let session = reader.session.as_ref().ok_or_else(closed)?;
            session.run(DOING, BEGIN, &[])?;
            reader.held = true;
            reader.began = Instant::now();
            reader.in_log = true;
            reader.generation = Generation::UNKNOWN;
            // SQLite takes the snapshot at the first read.
            reader.version = match read::last_version(session) {
                Err(error) if error.kind() != Kind::Corrupt => return Err(error),
                version => version,
            };
            if self.wal.generation() == before {
                reader.generation = before;
                reader.in_log = in_log;
                break;
            }
        }
        Ok(())
    }

    /// Gives up the snapshots that nobody used for a while, and ends those in use for too long.
    pub fn release_idle(&self) {
        self.release(|reader| match reader.user {
            None => reader.used.elapsed() >= IDLE,
            Some(Hold::Short) => reader.began.elapsed() >= self.max_age,
            Some(Hold::Long) => false,
        });
    }

    /// Gives up all snapshots that nobody uses.
    pub fn release_all(&self) {
        self.release(|reader| reader.user.is_none());
    }

    fn release(&self, due: impl Fn(&Reader) -> bool) {
        let all: Vec<_> = self.all.lock().iter().filter_map(Weak::upgrade).collect();
        for reader in all {
            // A reader at work is asked again the next time.
            if let Some(mut state) = reader.try_lock()
                && state.held
                && due(&state)
            {
                state.give_up();
            }
        }
    }

    /// Closes every connection, also of snapshots that the host still has.
    pub fn close(&self) {
        self.idle.lock().clear();
        for reader in self.all.lock().drain(..).filter_map(|reader| reader.upgrade()) {
            let mut state = reader.lock();
            state.held = false;
            state.session = None;
        }
    }
}

impl Reader {
    fn release(&mut self) -> Result<()> {
        if std::mem::take(&mut self.held)
            && let Some(session) = &self.session
        {
            session.run(DOING, END, &[])?;
        }
        Ok(())
    }

    fn give_up(&mut self) {
        if let Err(error) = self.release() {
            crate::log::warn(format_args!("release a snapshot: {error}"));
        }
    }
}

fn closed() -> Error {
    Error::new(Kind::Closed, "the store was closed")
}

struct PooledSnapshot {
    pool: Arc<Pool>,
    /// None only while dropping.
    reader: Option<Arc<Mutex<Reader>>>,
    generation: Generation,
}

impl PooledSnapshot {
    fn with<R>(&self, f: impl FnOnce(&Session, &Reader) -> Result<R>) -> Result<R> {
        let reader = self.reader.as_ref().ok_or_else(closed)?.lock();
        let session = reader.session.as_ref().ok_or_else(closed)?;
        if !reader.held {
            return Err(too_old());
        }
        f(session, &reader)
    }
}

impl Snapshot for PooledSnapshot {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn hold(&self, hold: Hold) {
        if let Some(reader) = &self.reader {
            reader.lock().user = Some(hold);
        }
    }
}

impl Drop for PooledSnapshot {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        if !self.pool.process.is_current() {
            // The parent's connection: closing it here would touch the parent's files.
            std::mem::forget(reader);
            return;
        }
        {
            let mut state = reader.lock();
            state.used = Instant::now();
            state.user = None;
            // A log that is due to start anew can do so only once nobody reads it. Of a closed engine there is none.
            if state.held && state.in_log && self.pool.wal.frames() >= RESTART_FRAMES {
                state.give_up();
            }
        }
        let mut idle = self.pool.idle.lock();
        if idle.len() < KEPT {
            idle.push(reader);
        }
    }
}

impl Read for PooledSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        self.with(|session, _| read::get(session, key))
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        self.with(|session, _| read::scan(session, range, reverse, fields, visit))
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(|session, _| read::entry(session, space, key))
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        self.with(|session, _| read::entries(session, space, range, reverse, visit))
    }

    fn last_version(&self) -> Result<u64> {
        self.with(|_, reader| reader.version.clone())
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        self.with(|session, _| read::log_after(session, version, visit))
    }
}
