//! Time, which never goes back: not when the system's clock is set back, nor, after a restart, behind the last commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = since.as_secs().saturating_mul(1000).saturating_add(since.subsec_millis().into());
        i64::try_from(millis).unwrap_or(i64::MAX)
    }
}

/// A clock with a high-water mark, raised by itself and by the times of commits found in the change log.
pub(super) struct SteadyClock {
    source: Arc<dyn Clock>,
    highest: AtomicI64,
}

impl SteadyClock {
    pub fn new(source: Arc<dyn Clock>) -> Self {
        Self { source, highest: AtomicI64::new(1) }
    }

    pub fn source(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.source)
    }

    pub fn now(&self) -> i64 {
        let (now, highest) = (self.source.now_ms(), self.highest.load(Ordering::Relaxed));
        // Mostly it stands still.
        if now <= highest { highest } else { self.highest.fetch_max(now, Ordering::Relaxed).max(now) }
    }

    /// Never answers less than `time` from now on.
    pub fn observe(&self, time: i64) {
        self.highest.fetch_max(time, Ordering::Relaxed);
    }
}
