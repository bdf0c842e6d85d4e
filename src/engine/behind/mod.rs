//! Write-behind over another engine: a commit is acknowledged once it is in a journal that outlives the process, and
//! reaches the engine below later, sorted and together with others.
//!
//! A `put` is a record in the `journal` and a move into the active `table`. The thread in `flush` freezes that table
//! when it is old or large and writes it down. Reads look through the tables onto the engine below (`view`). One process
//! alone writes meanwhile; the others see what has been flushed. `recovery` finishes what a dead process left.
//!
//! Invariants:
//! 1. A transaction is in the journal before it is in a table, and in the database before it leaves either.
//! 2. A flush is one transaction of the database with all transactions up to one: others never see half of one, or one
//!    without those before it. It records how far the journal is done with, so that nothing is replayed twice.
//! 3. A snapshot's view of the engine below is never ahead of its place in the tables.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock, RwLockWriteGuard};

use super::{
    Capabilities, Durability, Engine, EngineStats, Generation, Hold, Limits, Queue, Sharing, Snapshot, Space,
    Writer,
};
use crate::error::{Error, Kind, Result};
use crate::platform::wait;

mod flush;
mod format;
mod journal;
mod map;
mod pace;
mod recovery;
mod table;
mod view;
mod writer;

pub use recovery::recover;

use flush::Progress;
use format::Record;
use journal::Journal;
use pace::Pace;
use view::{BehindSnapshot, Shared, Tables};
use writer::{BehindWriter, Desk};

/// Where the database keeps how far its journal is done with.
const PROGRESS: &[u8] = b"behind";
/// The last word of this engine's generations, so that they equal none of the engine below.
const TAG: u64 = u64::from_le_bytes(*b"behind\0\0");
/// Tries to take a snapshot between two flushes.
const TRIES: usize = 16;

/// Where the journal of a database is.
pub fn journal_of(database: &Path) -> PathBuf {
    crate::platform::with_suffix(database, "-behind")
}

/// How to write behind.
#[derive(Clone, Debug)]
pub struct BehindOptions {
    /// Where the journal is.
    pub journal: PathBuf,
    /// Whether a commit waits until the device has the journal.
    pub power_safe: bool,
    /// How many bytes of transactions may wait. Writers are slowed down from half of it on.
    pub bound: u64,
    /// How long a transaction waits at most while the database keeps up.
    pub interval: Duration,
    /// How long a writer waits for room.
    pub patience: Duration,
}

/// An engine over another.
pub struct BehindEngine {
    core: Arc<Core>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the engine, its snapshots' makers, its writer and its thread share.
struct Core {
    below: Box<dyn Engine>,
    options: BehindOptions,
    journal: Journal,
    state: RwLock<State>,
    desk: Mutex<Desk>,
    /// The generation: transactions so far, and times that others were found to have written to the database.
    sequence: AtomicU64,
    foreign: AtomicU64,
    /// The low half of `sequence`, for those who wait, and how many do.
    changed: AtomicU32,
    waiting: AtomicU32,
    /// The latest transaction that a snapshot saw.
    pinned: AtomicU64,
    /// Bytes of the journal that are not yet in the database.
    queued: AtomicU64,
    pace: Pace,
    /// The generation of the engine below after our last commit to it. Its lock is that of writing to it.
    expected: Mutex<Generation>,
    progress: Mutex<Progress>,
    moved: Condvar,
    /// The transaction up to which somebody waits for a flush.
    flush_now: AtomicU64,
    flusher: OnceLock<Thread>,
    stopping: AtomicBool,
    /// Why nothing can be written any more.
    failed: OnceLock<Error>,
}

struct State {
    /// The last transaction, and its version.
    sequence: u64,
    version: u64,
    active: Shared,
    frozen: Option<Shared>,
    /// An empty one with the memory of a former, while writes keep coming.
    spare: Option<Shared>,
    /// The last transaction that may be in the database.
    frozen_through: u64,
}

impl State {
    /// Newest first.
    fn tables(&self) -> Tables {
        std::iter::once(&self.active).chain(&self.frozen).map(Arc::clone).collect()
    }
}

impl BehindEngine {
    /// Takes over an engine that nobody else writes to, and recovers what a dead process left in the journal.
    ///
    /// # Errors
    /// [`Kind::Busy`] when another process or store has the journal; else those of a commit, and of a new file.
    pub fn open(below: Box<dyn Engine>, options: BehindOptions) -> Result<Self> {
        let journal = Journal::create(&options.journal, options.power_safe, || {
            recover(below.as_ref(), &options.journal)
        })?;
        // From here on others that begin to write find the journal; this waits for those who began before.
        let mut writer = below.begin()?;
        let version = writer.last_version()?;
        writer.put_entry(Space::Meta, PROGRESS, &recovery::progress(journal.id(), 0))?;
        writer.commit().map_err(|failed| failed.error)?;
        let core = Arc::new(Core {
            state: RwLock::new(State {
                sequence: 0,
                version,
                active: Shared::default(),
                frozen: None,
                spare: None,
                frozen_through: 0,
            }),
            desk: Mutex::new(Desk::new(version)),
            sequence: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            changed: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            pinned: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            pace: Pace::new(options.bound),
            expected: Mutex::new(below.generation()),
            progress: Mutex::new(Progress { version, ..Progress::default() }),
            moved: Condvar::new(),
            flush_now: AtomicU64::new(0),
            flusher: OnceLock::new(),
            stopping: AtomicBool::new(false),
            failed: OnceLock::new(),
            below,
            options,
            journal,
        });
        let thread = Mutex::new(Some(flush::start(&core)?));
        Ok(Self { core, thread })
    }
}

impl Drop for BehindEngine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            crate::log::error(format_args!("{error}"));
        }
    }
}

impl Core {
    fn generation_at(&self, sequence: u64) -> Generation {
        Generation([sequence, self.foreign.load(Ordering::Acquire), 0, 0, 0, TAG])
    }

    /// From how many bytes on a table is flushed without waiting for its time.
    fn threshold(&self) -> u64 {
        self.pace.bound() / 4
    }

    /// Waits while too much is queued.
    fn admit(&self) -> Result<()> {
        if let Some(error) = self.failed.get() {
            return Err(Error::new(Kind::Poisoned, format!("writes are refused since: {error}")));
        }
        if let Some(pause) = self.pace.due() {
            std::thread::sleep(pause);
        }
        let full = || self.queued.load(Ordering::Relaxed) >= self.pace.bound();
        if !full() {
            return Ok(());
        }
        let mut progress = self.progress.lock();
        while full() {
            self.poke();
            let late = self.moved.wait_for(&mut progress, self.options.patience).timed_out();
            match &progress.failure {
                Some(error) => return Err(error.clone()),
                None if late && full() => {
                    return Err(Error::new(Kind::Busy, "the database does not keep up with the writes"));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Makes a transaction that the journal has visible.
    fn publish(&self, record: &Record, trim: (u64, u32), sequence: u64, version: u64) -> Result<()> {
        let bytes = record.len() as u64;
        let queued = self.queued.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let first = {
            let mut state = self.state.write();
            let mut active = state.active.write();
            let first = active.first == 0;
            active.absorb(record.payload(), sequence, bytes, self.pinned.load(Ordering::Relaxed))?;
            active.trim(trim);
            drop(active);
            self.advance(&mut state, sequence, version);
            first
        };
        self.pace.charge(bytes, queued);
        if first || queued >= self.threshold() && queued - bytes < self.threshold() {
            self.poke();
        }
        if self.waiting.load(Ordering::SeqCst) > 0 {
            wait::wake(&self.changed);
        }
        Ok(())
    }

    fn advance(&self, state: &mut RwLockWriteGuard<'_, State>, sequence: u64, version: u64) {
        (state.sequence, state.version) = (sequence, version);
        self.sequence.store(sequence, Ordering::Release);
        self.changed.store(sequence as u32, Ordering::SeqCst);
    }

    /// Refuses writes from now on.
    fn fail(&self, error: &Error) {
        let _ = self.failed.set(error.clone());
    }

    fn queue(&self) -> Queue {
        let state = self.state.read();
        let progress = self.progress.lock();
        let oldest = state.frozen.as_ref().unwrap_or(&state.active).read();
        Queue {
            transactions: state.sequence - progress.sequence,
            bytes: self.queued.load(Ordering::Relaxed),
            lag: if oldest.first == 0 { Duration::ZERO } else { oldest.began.elapsed() },
            flushes: progress.flushes,
            rows: progress.rows,
            bytes_per_second: self.pace.rate(),
        }
    }
}

impl Engine for BehindEngine {
    fn name(&self) -> &'static CStr {
        self.core.below.name()
    }

    fn capabilities(&self) -> Capabilities {
        let durability = if self.core.options.power_safe { Durability::Power } else { Durability::Process };
        Capabilities {
            durability: Some(durability),
            sharing: Sharing::OneWriter,
            ..self.core.below.capabilities()
        }
    }

    fn limits(&self) -> Limits {
        self.core.below.limits()
    }

    fn generation(&self) -> Generation {
        self.core.generation_at(self.core.sequence.load(Ordering::Acquire))
    }

    fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64> {
        let ([from, from_rest @ ..], [to, to_rest @ ..]) = (from.0, to.0);
        if from_rest == to_rest && to_rest.last() == Some(&TAG) { to.checked_sub(from) } else { None }
    }

    fn wait(&self, seen: &Generation, timeout: Duration) {
        let core = &self.core;
        let [sequence, ..] = seen.0;
        core.waiting.fetch_add(1, Ordering::SeqCst);
        if self.generation() == *seen {
            wait::wait(&core.changed, sequence as u32, timeout);
        }
        core.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    fn snapshot(&self, hold: Hold) -> Result<Box<dyn Snapshot>> {
        let core = &self.core;
        for _ in 0..TRIES {
            let state = core.state.read();
            let (tables, sequence, last_version) = (state.tables(), state.sequence, state.version);
            // Under the lock that a commit takes before it asks what is pinned.
            core.pinned.fetch_max(sequence, Ordering::Relaxed);
            drop(state);
            let generation = core.generation_at(sequence);
            let below = core.below.snapshot(hold)?;
            if core.state.read().frozen_through <= sequence {
                return Ok(Box::new(BehindSnapshot { tables, sequence, last_version, generation, below }));
            }
        }
        Err(Error::new(Kind::Busy, "every try to read met a flush"))
    }

    fn begin(&self) -> Result<Box<dyn Writer + '_>> {
        self.core.admit()?;
        Ok(Box::new(BehindWriter::begin(&self.core)))
    }

    fn flush(&self, version: u64) -> Result<()> {
        self.core.flush(version)
    }

    fn close(&self) -> Result<()> {
        let core = &self.core;
        let Some(thread) = self.thread.lock().take() else { return Ok(()) };
        core.stopping.store(true, Ordering::Release);
        core.poke();
        let _ = thread.join();
        core.fail(&Error::new(Kind::Closed, "the store was closed"));
        let progress = core.progress.lock();
        let left = core.state.read().sequence - progress.sequence;
        if left == 0 {
            return core.journal.remove();
        }
        core.journal.let_go();
        let reason = progress.failure.clone().unwrap_or_else(flush::interrupted);
        let text =
            format!("{left} transactions stay in the journal, for whoever opens the store next: {reason}");
        Err(Error::new(reason.kind(), text).with_engine_code(reason.engine_code()))
    }

    fn maintain(&self) -> Result<()> {
        self.core.below.maintain()
    }

    fn wants_maintenance(&self) -> bool {
        self.core.below.wants_maintenance()
    }

    fn checkpoint(&self) -> Result<()> {
        self.core.flush(0)?;
        self.core.below.checkpoint()
    }

    fn compact(&self) -> Result<()> {
        self.core.flush(0)?;
        let mut expected = self.core.expected.lock();
        let result = self.core.below.compact();
        *expected = self.core.below.generation();
        result
    }

    fn verify(&self) -> Result<Vec<String>> {
        self.core.below.verify()
    }

    fn stats(&self) -> Result<EngineStats> {
        Ok(EngineStats { queue: Some(self.core.queue()), ..self.core.below.stats()? })
    }
}
