//! What the suites share: homes for stores, clocks that tests set, and bounded waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use joinly_storage::engine::sqlite::{SqliteEngine, SqliteOptions};
use joinly_storage::store::{Clock, Commit, Location, Mode};
use joinly_storage::{Config, Kind, Options, Result, Store, Watch, store::Row};
use tempfile::TempDir;

/// The longest that a test waits for what must happen. Reached only by a failing test.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Time as a test says.
pub struct TestClock {
    now: AtomicI64,
    slept: AtomicI64,
}

impl TestClock {
    pub const START: i64 = 1_000_000;

    pub fn new() -> Self {
        Self { now: AtomicI64::new(Self::START), slept: AtomicI64::new(0) }
    }

    pub fn set(&self, ms: i64) {
        self.now.store(ms, Ordering::SeqCst);
    }

    pub fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    /// The machine sleeps.
    pub fn sleep(&self, ms: i64) {
        self.slept.fetch_add(ms, Ordering::SeqCst);
        self.advance(ms);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn awake_ms(&self) -> i64 {
        self.now_ms() - self.slept.load(Ordering::SeqCst)
    }
}

/// A place for stores, removed when dropped, with a clock of its own. Unless a test sets `sweep_interval_ms`, expired keys
/// stay in the file; no snapshot ends before a test's patience does, unless it sets `snapshot_max_age_ms`.
pub struct Home {
    pub config: Config,
    pub clock: Arc<TestClock>,
    directory: TempDir,
}

impl Home {
    pub fn memory() -> Self {
        let mut home = Self::sqlite();
        home.config.location = Location::Memory;
        home
    }

    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options =
            Options { sweep_interval_ms: u32::MAX, snapshot_max_age_ms: 60_000, ..Options::default() };
        let config = Config { location: Location::Sqlite(directory.path().join("test.db")), options };
        Self { config, clock: Arc::new(TestClock::new()), directory }
    }

    pub fn leveldb() -> Self {
        let mut home = Self::sqlite();
        home.config.location = Location::LevelDb(home.path("test.leveldb"));
        home
    }

    /// Flushes when asked, when closed, and when much is queued.
    pub fn behind() -> Self {
        Self::sqlite().with(|options| {
            options.mode = Mode::Behind;
            options.flush_interval_ms = u32::MAX;
        })
    }

    /// Flushes all the time.
    pub fn behind_flushing() -> Self {
        Self::behind().with(|options| options.flush_interval_ms = 1)
    }

    pub fn jsonl() -> Self {
        let mut home = Self::sqlite();
        home.config.location = Location::Jsonl(home.path("test"));
        home
    }

    /// One for each way to keep data.
    pub fn each() -> [Self; 5] {
        [Self::memory(), Self::sqlite(), Self::leveldb(), Self::behind(), Self::jsonl()]
    }

    pub fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.config.options);
        self
    }

    /// The time of the clock.
    pub fn clock_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Store> {
        Store::open_with_clock(&self.config, Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    /// The file as its engine sees it, past every rule of the store.
    pub fn engine(&self) -> SqliteEngine {
        let options = SqliteOptions {
            path: self.file(),
            read_only: false,
            must_exist: true,
            power_safe: false,
            busy_timeout: PATIENCE,
            snapshot_max_age: PATIENCE,
        };
        SqliteEngine::open(options).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn file(&self) -> PathBuf {
        self.path("test.db")
    }
}

/// Looks again and again until it is so.
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "never came to be: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn kind<T: std::fmt::Debug>(result: Result<T>) -> Kind {
    result.unwrap_err().kind()
}

/// A value as plain bytes.
pub fn get(store: &Store, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    store.get(key.as_ref()).unwrap().map(|value| value.to_vec())
}

pub fn keys(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| String::from_utf8_lossy(&row.key).into_owned()).collect()
}

/// What a watch has to tell now.
pub fn drain(watch: &mut Watch) -> Vec<Commit> {
    std::iter::from_fn(|| watch.poll(Duration::ZERO).unwrap()).collect()
}

/// The keys of commits, one list each.
pub fn changed(commits: &[Commit]) -> Vec<Vec<String>> {
    let key = |change: &joinly_storage::store::Change| String::from_utf8_lossy(&change.key).into_owned();
    commits.iter().map(|commit| commit.changes.iter().map(key).collect()).collect()
}
