//! The generation of an engine that one store has for itself: how many commits it made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::Generation;

/// Counts commits, and wakes who waits for one.
#[derive(Default)]
pub(super) struct Counter {
    commits: AtomicU64,
    changed: (Mutex<()>, Condvar),
}

impl Counter {
    /// The present generation.
    pub fn generation(&self) -> Generation {
        numbered(self.commits.load(Ordering::Acquire))
    }

    /// The generation after the present one, which the one writer is about to make.
    pub fn next(&self) -> Generation {
        numbered(self.commits.load(Ordering::Relaxed) + 1)
    }

    /// Counts a commit. Under the lock that snapshots are taken with, so that none is ahead of the generation.
    pub fn advance(&self) {
        self.commits.fetch_add(1, Ordering::Release);
    }

    /// Tells waiters that a commit was counted.
    pub fn wake(&self) {
        let _lock = self.changed.0.lock();
        self.changed.1.notify_all();
    }

    /// As [`super::Engine::wait`].
    pub fn wait(&self, seen: &Generation, timeout: Duration) {
        let mut lock = self.changed.0.lock();
        if self.generation() == *seen {
            self.changed.1.wait_for(&mut lock, timeout);
        }
    }

    /// As [`super::Engine::commits_between`].
    pub fn between(from: &Generation, to: &Generation) -> Option<u64> {
        let known = *from != Generation::UNKNOWN && *to != Generation::UNKNOWN;
        let ([from, ..], [to, ..]) = (from.0, to.0);
        if known { to.checked_sub(from) } else { None }
    }
}

fn numbered(commits: u64) -> Generation {
    Generation([commits, 0, 0, 0, 0, 0])
}
