//! Time, which never goes back: not when the system's clock is set back, nor, after a restart, behind the last commit.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;

    /// Milliseconds that programs have had since some moment: neither while the machine slept nor when the clock was set.
    fn awake_ms(&self) -> i64 {
        self.now_ms()
    }
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

    fn awake_ms(&self) -> i64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// The least jump of the clock that is taken for one, in milliseconds.
const LEAST_JUMP_MS: i64 = 5000;
/// How long after a jump those who could do nothing meanwhile are waited for: one heartbeat.
const GRACE_MS: i64 = 10_000;

/// A clock with a high-water mark, raised by itself and by the times of commits found in the change log.
pub(super) struct SteadyClock {
    source: Arc<dyn Clock>,
    highest: AtomicI64,
    seen: Mutex<Seen>,
}

/// Both times when they were last compared, and the last jump of one ahead of the other.
struct Seen {
    now: i64,
    awake: i64,
    jump: i64,
    grace_until: i64,
}

impl SteadyClock {
    pub fn new(source: Arc<dyn Clock>) -> Self {
        let seen = Seen { now: source.now_ms(), awake: source.awake_ms(), jump: 0, grace_until: 0 };
        Self { source, highest: AtomicI64::new(1), seen: Mutex::new(seen) }
    }

    /// How far the clock has just jumped ahead of programs, as when the machine slept; 0 once they have had the time of a
    /// heartbeat since.
    pub fn lag(&self) -> i64 {
        let mut seen = self.seen.lock();
        let (now, awake) = (self.source.now_ms(), self.source.awake_ms());
        let jump = now.saturating_sub(seen.now).saturating_sub(awake.saturating_sub(seen.awake));
        (seen.now, seen.awake) = (now, awake);
        if jump >= LEAST_JUMP_MS {
            (seen.jump, seen.grace_until) = (jump, now.saturating_add(GRACE_MS));
        }
        if now < seen.grace_until { seen.jump } else { 0 }
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
