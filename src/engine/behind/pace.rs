//! Back-pressure: writers are slowed down bit by bit as the queue fills, to the rate at which the database takes it, so
//! that none has to stop for long when it is full.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Assumed until the first measurement, in bytes a second.
const FIRST_RATE: u64 = 8 << 20;
/// Pauses are collected to at least this, since a thread cannot sleep for less time with any accuracy.
const SHORTEST: u64 = 1_000_000;
/// The longest pause at once, in nanoseconds.
const LONGEST: u64 = 20_000_000;

pub(super) struct Pace {
    bound: u64,
    /// Bytes a second that the database took lately.
    rate: AtomicU64,
    /// Nanoseconds of pause not yet taken.
    debt: AtomicU64,
}

impl Pace {
    pub fn new(bound: u64) -> Self {
        Self { bound, rate: AtomicU64::new(FIRST_RATE), debt: AtomicU64::new(0) }
    }

    pub fn bound(&self) -> u64 {
        self.bound
    }

    pub fn rate(&self) -> u64 {
        self.rate.load(Ordering::Relaxed)
    }

    /// Notes that a writer added `bytes` to a queue that then holds `queued`.
    pub fn charge(&self, bytes: u64, queued: u64) {
        let half = self.bound / 2;
        if queued <= half {
            return;
        }
        // From nothing at half the bound to four times what the database needs for as many bytes at the bound.
        let own_time = bytes.saturating_mul(1_000_000_000) / self.rate().max(1);
        let pause = own_time.saturating_mul(4 * (queued - half)) / half.max(1);
        self.debt.fetch_add(pause.min(LONGEST), Ordering::Relaxed);
    }

    /// The pause that is due before the next write.
    pub fn due(&self) -> Option<Duration> {
        let debt = self.debt.load(Ordering::Relaxed);
        if debt < SHORTEST {
            return None;
        }
        let pause = debt.min(LONGEST);
        self.debt.fetch_sub(pause, Ordering::Relaxed);
        Some(Duration::from_nanos(pause))
    }

    /// Notes that the database took `bytes` in `time`.
    pub fn measured(&self, bytes: u64, time: Duration) {
        let now = u128::from(bytes) * 1_000_000_000 / time.as_nanos().max(1);
        let now = u64::try_from(now).unwrap_or(u64::MAX).max(1);
        // Half of it new: a slow disk is noticed after two flushes.
        self.rate.store(self.rate() / 2 + now / 2, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fuller_queue_slows_more_and_an_emptier_one_not_at_all() {
        let pace = Pace::new(1000);
        pace.measured(1 << 40, Duration::from_secs(1));
        pace.charge(1 << 30, 500);
        assert_eq!(pace.due(), None);
        let pause_at = |queued| {
            let pace = Pace::new(1000);
            (0..20).for_each(|_| pace.measured(1_000_000, Duration::from_secs(1)));
            (0..10).for_each(|_| pace.charge(1000, queued));
            pace.debt.load(Ordering::Relaxed)
        };
        assert!(pause_at(501) < pause_at(750) && pause_at(750) < pause_at(1000));
        // Ten times 1,000 bytes at a megabyte a second, four times over.
        assert!((39_000_000..=41_000_000).contains(&pause_at(1000)));
    }

    #[test]
    fn no_pause_is_long_and_none_is_lost() {
        let pace = Pace::new(10);
        (0..10).for_each(|_| pace.charge(u64::MAX / 8, 10));
        let pauses: Vec<_> = std::iter::from_fn(|| pace.due()).collect();
        assert_eq!(pauses, vec![Duration::from_nanos(LONGEST); 10]);
    }
}
