//! The background thread of a store: removes expired keys, and lets the engine keep house.

use std::ops::Bound;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Inner;
use super::batch::Batch;
use super::config::Options;
use crate::engine::{Generation, Range, Space, expiry_entry};
use crate::error::{Error, Kind, Result};

/// Between two looks while the store is in use, and while it is not.
const BUSY_TICK: Duration = Duration::from_millis(50);
const IDLE_TICK: Duration = Duration::from_millis(500);
/// Expired keys removed by one commit, and commits of one round.
const SWEPT_AT_ONCE: usize = 256;
const SWEEPS: usize = 64;

/// The thread, stopped when dropped.
pub(super) struct Upkeep {
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How the thread of a store is woken.
#[derive(Default)]
pub(super) struct Waker(OnceLock<Thread>);

impl Upkeep {
    pub fn start(inner: &Arc<Inner>, options: &Options) -> Result<Self> {
        let weak = Arc::downgrade(inner);
        let interval = Duration::from_millis(options.sweep_interval_ms.into());
        let thread = std::thread::Builder::new()
            .name("joinly-upkeep".to_owned())
            .spawn(move || run(&weak, interval))
            .map_err(|error| Error::new(Kind::Io, format!("start the background thread: {error}")))?;
        let _ = inner.waker.0.set(thread.thread().clone());
        Ok(Self { thread: Mutex::new(Some(thread)) })
    }

    /// Ends the thread, once the store is closed or about to be dropped.
    pub fn stop(&self, inner: &Inner) {
        inner.stop();
        // In a forked child there is no such thread, and the lock may be held for ever.
        if inner.process.is_current()
            && let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != std::thread::current().id()
        {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Inner {
    pub(super) fn wake_upkeep(&self) {
        if let Some(thread) = self.waker.0.get() {
            thread.unpark();
        }
    }
}

fn run(weak: &Weak<Inner>, interval: Duration) {
    let (mut swept_at, mut seen) = (Instant::now(), Generation::UNKNOWN);
    loop {
        let Some(inner) = weak.upgrade() else { return };
        let Ok(engine) = inner.engine() else { return };
        if swept_at.elapsed() >= interval {
            swept_at = Instant::now();
            report("remove expired keys", inner.sweep());
        }
        report("keep house", inner.note(engine.maintain()));
        let generation = engine.generation();
        let tick = if generation == seen { IDLE_TICK } else { BUSY_TICK };
        seen = generation;
        drop(inner);
        std::thread::park_timeout(tick.min(interval));
    }
}

fn report(doing: &str, result: Result<()>) {
    match result {
        // Somebody else is at it; the next round comes soon.
        Err(error) if error.kind().is_retryable() => {}
        Err(error) if matches!(error.kind(), Kind::Closed | Kind::Moved) => {}
        Err(error) => crate::log::error(format_args!("{doing}: {error}")),
        Ok(()) => {}
    }
}

impl Inner {
    /// Removes expired keys from the file.
    fn sweep(&self) -> Result<()> {
        if self.engine_to_write().is_err() {
            return Ok(());
        }
        for _ in 0..SWEEPS {
            let due = self.due()?;
            if due.is_empty() {
                break;
            }
            let mut batch = Batch::new();
            for entry in &due {
                let (_, key) = entry.split_at_checked(8).unwrap_or_default();
                batch.sweep(key, entry)?;
            }
            self.commit(batch)?;
            if due.len() < SWEPT_AT_ONCE {
                break;
            }
        }
        Ok(())
    }

    /// Entries of keys whose time has come.
    fn due(&self) -> Result<Vec<Vec<u8>>> {
        let end = expiry_entry(self.clock.now().saturating_add(1), &[]);
        let range = Range { start: Bound::Unbounded, end: Bound::Excluded(end) };
        self.with_snapshot(|snapshot| {
            let mut due = Vec::new();
            snapshot.entries(Space::Expiry, &range, false, &mut |entry, _| {
                due.push(entry.to_vec());
                Ok(due.len() < SWEPT_AT_ONCE)
            })?;
            Ok(due)
        })
    }
}
