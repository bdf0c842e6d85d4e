//! What keys and values mean, the same over every engine: commits, versions, expiry, transactions, scans, watches,
//! indexes, and the cache in front with its coherence across processes.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::engine::query::Prompts;
use crate::engine::{Engine, EngineStats, Hold};
use crate::error::{Error, Kind, Result};
use crate::platform::fork::Process;

mod apply;
mod batch;
mod changelog;
mod clock;
mod coherence;
mod commit;
mod config;
mod encoding;
mod group;
mod index;
mod look;
mod moment;
mod open;
mod page;
mod read;
pub(crate) mod replica;
mod scan;
mod sql;
mod txn;
mod upkeep;
mod verify;
mod watch;

pub use crate::cache::Figures as CacheFigures;
pub use crate::engine::query::{Sql, SqlPage, SqlParam, SqlValue};
pub use crate::engine::{Capabilities, Limits, Sharing};
pub use crate::value::Value;
pub use batch::{Batch, Expiry};
pub use changelog::{Change, ChangeKind, Commit};
pub use clock::{Clock, SystemClock};
pub use config::{Config, Durability, Location, Mode, Options};
pub(crate) use index::{Entry, index_number, index_order, put_index_order};
pub use index::{Find, IndexSpec};
pub(crate) use look::Look;
pub(crate) use page::{FlatPage, FlatRow};
pub use page::{Page, Row};
pub use scan::Scan;
pub use sql::SqlRows;
pub use txn::Transaction;
pub use watch::Watch;

use clock::SteadyClock;
use coherence::CoherentCache;
use encoding::Compression;
use group::Group;
use upkeep::Upkeep;

/// An open store. Usable from any thread; share it in an [`Arc`].
pub struct Store {
    inner: Arc<Inner>,
    upkeep: Upkeep,
    attached: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// Figures of a store since it was opened, all of this process alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// The cache.
    pub cache: CacheFigures,
    /// Entries dropped because another process or store changed their key.
    pub cache_invalidations: u64,
    /// Times the whole cache was dropped because what had changed could not be told.
    pub cache_resets: u64,
    /// The version of the latest commit.
    pub version: u64,
    /// Commits made through this store.
    pub commits: u64,
    /// Transactions of the engine that carried them.
    pub engine_commits: u64,
    /// Commits refused because of a conflict.
    pub conflicts: u64,
    /// Expired keys removed by this store.
    pub expired: u64,
    /// The engine.
    pub engine: EngineStats,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    engine_commits: AtomicU64,
    conflicts: AtomicU64,
    expired: AtomicU64,
}

/// What the store, its transactions, its watches and its background thread share.
pub(crate) struct Inner {
    engine: Box<dyn Engine>,
    /// Where a store that writes to the same database in mode behind has its journal; None for that store itself.
    journal: Option<PathBuf>,
    cache: CoherentCache,
    clock: SteadyClock,
    group: Group<commit::Request, commit::Reply>,
    compression: Compression,
    prompts: Arc<Prompts>,
    log_keep: u64,
    read_only: bool,
    process: Process,
    closed: AtomicBool,
    poisoned: AtomicBool,
    corrupt: AtomicBool,
    catalog: index::Catalog,
    waker: upkeep::Waker,
    counters: Counters,
}

impl Inner {
    /// The engine, for a call that may only read.
    #[inline]
    fn engine(&self) -> Result<&dyn Engine> {
        if !self.process.is_current() || self.closed.load(Ordering::Relaxed) {
            return Err(self.ended());
        }
        Ok(self.engine.as_ref())
    }

    #[cold]
    fn ended(&self) -> Error {
        match self.process.is_current() {
            true => Error::new(Kind::Closed, "the store was closed"),
            false => {
                Error::new(Kind::Forked, "the process was forked after the store was opened: open it anew")
            }
        }
    }

    /// The engine, for a call that writes.
    fn engine_to_write(&self) -> Result<&dyn Engine> {
        let engine = self.engine()?;
        if self.poisoned.load(Ordering::Relaxed) {
            let text = "an earlier failure left the outcome of a write unknown: reopen the store to write";
            return Err(Error::new(Kind::Poisoned, text));
        }
        if self.corrupt.load(Ordering::Relaxed) {
            return Err(Error::new(
                Kind::Corrupt,
                "the file is damaged: writes are refused, what can be read is read",
            ));
        }
        if self.read_only {
            return Err(Error::new(Kind::ReadOnly, "the store was opened with read_only"));
        }
        Ok(engine)
    }

    /// Makes every later call answer `Closed`, and the background thread end.
    fn stop(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Remembers what an error says of the file.
    fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && error.kind() == Kind::Corrupt
            && !self.corrupt.swap(true, Ordering::Relaxed)
        {
            crate::log::error(format_args!("the store refuses writes from now on: {error}"));
        }
        result
    }
}

impl Store {
    /// Opens or creates the store of a path or URL, with default options; see [`Config::from_url`].
    ///
    /// # Errors
    /// As `joinly_store_open` in the C header.
    pub fn open_url(url: &str) -> Result<Self> {
        Self::open(&Config::from_url(url, Options::default())?)
    }

    /// Opens or creates a store.
    ///
    /// # Errors
    /// As `joinly_store_open` in the C header.
    pub fn open(config: &Config) -> Result<Self> {
        Self::open_with_clock(config, Arc::new(SystemClock))
    }

    /// Opens a store that takes the time from `clock`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with_clock(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let options = &config.options;
        options.check()?;
        let (engine, journal) = open::engine(config)?;
        Self::with_engine(engine, journal, options, clock)
    }

    /// A store over an engine of the caller's.
    ///
    /// # Errors
    /// Those of the engine's first read.
    pub fn over(engine: Box<dyn Engine>, options: &Options, clock: Arc<dyn Clock>) -> Result<Self> {
        options.check()?;
        Self::with_engine(engine, None, options, clock)
    }

    fn with_engine(
        engine: Box<dyn Engine>,
        journal: Option<PathBuf>,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let compress_level = if engine.capabilities().compresses { options.compress_level } else { -1 };
        let inner = Inner {
            engine,
            journal,
            cache: CoherentCache::new(options.cache_bytes)?,
            clock: SteadyClock::new(clock),
            group: Group::new(),
            compression: Compression::new(compress_level, options.compress_threshold),
            prompts: Prompts::new(encoding::decode),
            log_keep: options.log_keep,
            read_only: options.read_only,
            process: Process::current(),
            closed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            corrupt: AtomicBool::new(false),
            catalog: index::Catalog::default(),
            waker: upkeep::Waker::default(),
            counters: Counters::default(),
        };
        let inner = Arc::new(inner);
        inner.make_indexes()?;
        inner.catch_up()?;
        inner.refuse_unfinished()?;
        let upkeep = Upkeep::start(&inner, options)?;
        Ok(Self { inner, upkeep, attached: Mutex::default() })
    }

    /// Waits for the commits under way, flushes them in mode behind, and refuses all later calls. The file is released
    /// when the store is dropped and the last call under way has returned.
    ///
    /// # Errors
    /// [`Kind::Forked`] in a forked child; [`Kind::Closed`] when it was closed before. Those of the flush: the store is
    /// closed nevertheless, and what could not be flushed is recovered by whoever opens it next.
    pub fn close(&self) -> Result<()> {
        let engine = self.inner.engine()?;
        self.inner.stop();
        self.inner.group.drain();
        drop(self.inner.catalog.change());
        self.upkeep.stop(&self.inner);
        engine.close()
    }

    /// Refuses writes from now on.
    pub fn poison(&self) {
        self.inner.poisoned.store(true, Ordering::Relaxed);
    }

    /// The version of the latest commit of any process.
    ///
    /// # Errors
    /// Those of a read.
    pub fn version(&self) -> Result<u64> {
        self.inner.current_version()
    }

    /// The store's clock: milliseconds since 1970-01-01 UTC that never go back.
    ///
    /// # Errors
    /// [`Kind::Closed`], [`Kind::Forked`].
    pub fn now(&self) -> Result<i64> {
        self.inner.engine()?;
        Ok(self.inner.clock.now())
    }

    /// The time by which leases are judged that their holders have to renew: for the length of a heartbeat after the machine
    /// slept, the one at which it fell asleep and not the present one.
    pub(crate) fn lease_time(&self) -> Result<i64> {
        Ok(self.now()?.saturating_sub(self.inner.clock.lag()))
    }

    /// What a layer above keeps in memory with this store, one of a type; made when it is first asked for.
    pub(crate) fn attached<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut attached = self.attached.lock();
        let entry = attached.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        Arc::clone(entry).downcast().unwrap_or_default()
    }

    /// The name of the engine.
    pub fn engine_name(&self) -> &'static str {
        self.engine_name_c().to_str().unwrap_or("")
    }

    pub(crate) fn engine_name_c(&self) -> &'static CStr {
        self.inner.engine.name()
    }

    /// What the engine can hold.
    ///
    /// # Errors
    /// [`Kind::Closed`], [`Kind::Forked`].
    pub fn limits(&self) -> Result<Limits> {
        Ok(self.inner.engine()?.limits())
    }

    /// What may be relied on: durability, and who else may have the data open.
    ///
    /// # Errors
    /// [`Kind::Closed`], [`Kind::Forked`].
    pub fn capabilities(&self) -> Result<Capabilities> {
        Ok(self.inner.engine()?.capabilities())
    }

    /// Waits until the commit of `version` (0: all so far) is as durable as the store promises and, in mode behind, in the
    /// database, where other processes see it.
    ///
    /// # Errors
    /// [`Kind::OutOfRange`] for a version that no commit has; [`Kind::Poisoned`], [`Kind::Closed`], [`Kind::Forked`]; in
    /// mode behind those of a commit.
    pub fn flush(&self, version: u64) -> Result<()> {
        let engine = self.inner.engine()?;
        if self.inner.poisoned.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Poisoned, "the outcome of an earlier write is unknown"));
        }
        if version != 0 && version > self.version()? {
            return Err(Error::new(Kind::OutOfRange, format!("no commit has the version {version}")));
        }
        self.inner.note(engine.flush(version))
    }

    /// Moves the write-ahead log into the database and empties it.
    ///
    /// # Errors
    /// [`Kind::Busy`], [`Kind::Full`], [`Kind::Io`], [`Kind::ReadOnly`].
    pub fn checkpoint(&self) -> Result<()> {
        let engine = self.inner.engine_to_write()?;
        self.inner.note(engine.checkpoint())
    }

    /// Rewrites the database without its free pages.
    ///
    /// # Errors
    /// As [`Store::checkpoint`].
    pub fn compact(&self) -> Result<()> {
        let engine = self.inner.engine_to_write()?;
        self.inner.note(engine.compact())
    }

    /// Figures.
    ///
    /// # Errors
    /// Those of a read.
    pub fn stats(&self) -> Result<Stats> {
        let inner = &self.inner;
        let engine = inner.note(inner.engine()?.stats())?;
        let counters = &inner.counters;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Ok(Stats {
            cache: inner.cache.figures(),
            cache_invalidations: inner.cache.invalidations(),
            cache_resets: inner.cache.resets(),
            version: inner.current_version()?,
            commits: get(&counters.commits),
            engine_commits: get(&counters.engine_commits),
            conflicts: get(&counters.conflicts),
            expired: get(&counters.expired),
            engine,
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.inner.process.is_current() {
            self.upkeep.stop(&self.inner);
        } else {
            // The connections are the parent's: closing them here would touch its files. And a thread that this process
            // does not have may have been in the midst of changing what is in memory.
            std::mem::forget(Arc::clone(&self.inner));
        }
    }
}

/// Tries of a read whose snapshot was ended for its age before it got to run.
const SNAPSHOT_TRIES: usize = 3;

impl Inner {
    /// Runs a read on a fresh snapshot.
    fn with_snapshot<R>(&self, f: impl Fn(&dyn crate::engine::Snapshot) -> Result<R>) -> Result<R> {
        let mut tries = SNAPSHOT_TRIES;
        loop {
            let result = self.engine()?.snapshot(Hold::Short).and_then(|snapshot| f(snapshot.as_ref()));
            tries -= 1;
            match result {
                Err(error) if error.kind() == Kind::Conflict && tries > 0 => {}
                result => return self.note(result),
            }
        }
    }

    fn current_version(&self) -> Result<u64> {
        match self.catch_up()? {
            true => Ok(self.cache.applied()),
            false => self.with_snapshot(|snapshot| snapshot.last_version()),
        }
    }
}
