//! Backups made every so often, by a thread of their own.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use super::{BackupOptions, backup_of, folder};
use crate::error::{Error, Kind, Result};
use crate::store::Store;
use crate::store::replica::{Reader, WeakReader};

/// The longest that the thread sleeps, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Makes backups until it is dropped, or its store is closed. Dropping it ends a backup under way.
pub struct BackupSchedule {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    folder: PathBuf,
    options: BackupOptions,
    interval: Duration,
    stopping: AtomicBool,
    status: Mutex<ScheduleStatus>,
}

/// What a schedule did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScheduleStatus {
    /// Backups made.
    pub made: u64,
    /// The latest one that it made.
    pub latest: Option<PathBuf>,
    /// Attempts that failed, and the last failure, until one succeeds.
    pub failures: u64,
    /// As [`ScheduleStatus::failures`].
    pub error: Option<String>,
}

impl BackupSchedule {
    /// Makes a backup whenever the latest in the folder is older than `interval`: so restarts neither skip nor repeat one.
    /// One that failed is tried again after a tenth of the interval, with a message in the log.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an interval of 0; [`Kind::Io`] when no thread can be started.
    pub fn start(store: &Store, folder: &Path, options: BackupOptions, interval: Duration) -> Result<Self> {
        if interval.is_zero() {
            return Err(Error::invalid("the interval of backups is 0"));
        }
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            options,
            interval,
            stopping: AtomicBool::new(false),
            status: Mutex::default(),
        });
        let (store, of_thread) = (store.reader().downgrade(), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("joinly-backup".to_owned())
            .spawn(move || of_thread.run(&store))
            .map_err(|error| Error::new(Kind::Io, format!("start the backup thread: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// What it did so far.
    pub fn status(&self) -> ScheduleStatus {
        self.shared.status.lock().clone()
    }
}

impl Drop for BackupSchedule {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, store: &WeakReader) {
        while !self.stopping.load(Ordering::Relaxed) {
            let Some(store) = store.upgrade() else { return };
            let Ok(now) = store.now() else { return };
            let mut sleep = self.left(now);
            if sleep.is_zero() {
                sleep = self.make(&store);
            }
            drop(store);
            std::thread::park_timeout(sleep.min(LONGEST_SLEEP));
        }
    }

    /// How long until the next one is due.
    fn left(&self, now: i64) -> Duration {
        let latest =
            folder::headers(&self.folder).ok().and_then(|headers| Some(headers.last()?.1.created_ms));
        let age = latest.and_then(|latest| u64::try_from(now.saturating_sub(latest)).ok());
        age.map_or(Duration::ZERO, |age| self.interval.saturating_sub(Duration::from_millis(age)))
    }

    /// Makes one; how long to wait then.
    fn make(&self, store: &Reader) -> Duration {
        let ended = || self.stopping.load(Ordering::Relaxed) || store.now().is_err();
        let made = backup_of(store, &self.folder, &self.options, &mut |_| {
            if ended() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let mut status = self.status.lock();
        match made {
            Ok(report) => {
                *status = ScheduleStatus {
                    made: status.made + 1,
                    latest: Some(report.backup.file),
                    failures: status.failures,
                    error: None,
                };
                self.interval
            }
            Err(error) => {
                if !matches!(error.kind(), Kind::Cancelled | Kind::Closed) {
                    crate::log::error(format_args!("a scheduled backup failed: {error}"));
                }
                status.failures += 1;
                status.error = Some(error.to_string());
                (self.interval / 10).max(Duration::from_millis(100))
            }
        }
    }
}
