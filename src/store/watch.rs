//! Watching: the change log of every process, commit by commit.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::changelog::{self, Change, Commit, Entry};
use super::{Inner, Store};
use crate::engine::Generation;
use crate::error::{Error, Kind, Result};
use crate::limits;

/// Commits read ahead, and then to the end of their row.
const AHEAD: usize = 256;
/// How long one wait holds on to the store, so that a close need not wait for long.
const SLICE: Duration = Duration::from_millis(100);

/// A position in the change log.
pub struct Watch {
    inner: Weak<Inner>,
    prefix: Vec<u8>,
    /// Up to where the log was read; None before the first look at one that starts wherever the log does.
    reached: Option<u64>,
    /// Up to where commits were reported.
    reported: u64,
    ahead: VecDeque<Commit>,
}

impl Store {
    /// Watches the keys that start with `prefix`, for commits after `version`; 0: as far back as the log reaches.
    ///
    /// # Errors
    /// [`Kind::TooLarge`], [`Kind::Closed`], [`Kind::Forked`].
    pub fn watch(&self, version: u64, prefix: &[u8]) -> Result<Watch> {
        self.watch_at((version != 0).then_some(version), prefix)
    }

    /// The same for commits after `version` exactly: also after 0, a log that no longer has the first is compacted.
    pub(crate) fn watch_after(&self, version: u64, prefix: &[u8]) -> Result<Watch> {
        self.watch_at(Some(version), prefix)
    }

    fn watch_at(&self, reached: Option<u64>, prefix: &[u8]) -> Result<Watch> {
        self.inner.engine()?;
        if prefix.len() > limits::MAX_KEY_BYTES {
            return Err(limits::too_many("bytes of a prefix", prefix.len(), limits::MAX_KEY_BYTES));
        }
        Ok(Watch {
            inner: Arc::downgrade(&self.inner),
            prefix: prefix.to_vec(),
            reached,
            reported: reached.unwrap_or(0),
            ahead: VecDeque::new(),
        })
    }

    /// Watches the keys that start with `prefix` from now on.
    ///
    /// # Errors
    /// As [`Store::watch`] and [`Store::get`].
    pub fn watch_from_now(&self, prefix: &[u8]) -> Result<Watch> {
        self.watch_after(self.version()?, prefix)
    }
}

impl Watch {
    /// The version up to which it has reported; a new watch may start from it.
    pub fn version(&self) -> u64 {
        self.reported
    }

    /// Waits for the next commit that touched a watched key, at most `timeout`. None when there was none.
    ///
    /// # Errors
    /// [`Kind::Compacted`] when the log no longer reaches back to this position: the watch goes on with the oldest commit
    /// kept, once the caller has read the state anew. [`Kind::Closed`], [`Kind::Forked`], and those of a read.
    pub fn poll(&mut self, timeout: Duration) -> Result<Option<Commit>> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            if let Some(commit) = self.ahead.pop_front() {
                self.reported = commit.version;
                return Ok(Some(commit));
            }
            let inner =
                self.inner.upgrade().ok_or_else(|| Error::new(Kind::Closed, "the store was closed"))?;
            let engine = inner.engine()?;
            let generation = engine.generation();
            self.read_ahead(&inner)?;
            if !self.ahead.is_empty() {
                continue;
            }
            self.reported = self.reached.unwrap_or(0);
            let left =
                deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            if generation == Generation::UNKNOWN {
                std::thread::sleep(left.min(Duration::from_millis(1)));
            } else {
                engine.wait(&generation, left.min(SLICE));
            }
        }
    }

    /// Reads on in the log.
    fn read_ahead(&mut self, inner: &Inner) -> Result<()> {
        let read = inner.with_snapshot(|snapshot| {
            let mut read = Ahead { commits: VecDeque::new(), reached: self.reached, gap: false };
            changelog::after(snapshot, self.reached.unwrap_or(0), |entry| {
                let from = read.reached.unwrap_or(entry.first - 1);
                if !entry.follows(from) {
                    (read.reached, read.gap) = (Some(entry.first - 1), true);
                    return Ok(false);
                }
                read.commits.extend(commits(entry, from, &self.prefix));
                read.reached = Some(entry.last());
                Ok(read.commits.len() < AHEAD || !entry.ends_row)
            })?;
            Ok(read)
        })?;
        (self.ahead, self.reached) = (read.commits, read.reached.or(Some(0)));
        if read.gap {
            self.reported = self.reached.unwrap_or(0);
            return Err(Error::new(
                Kind::Compacted,
                "the change log no longer reaches back to this version: read the state anew",
            ));
        }
        Ok(())
    }
}

/// What was read on in the log.
struct Ahead {
    commits: VecDeque<Commit>,
    reached: Option<u64>,
    /// Whether entries before the first one are missing. (A log has no gap further on.)
    gap: bool,
}

/// The commits of an entry after `reached` that touched a watched key.
fn commits(entry: &Entry<'_>, reached: u64, prefix: &[u8]) -> Vec<Commit> {
    entry
        .versioned()
        .filter(|(version, _)| *version > reached)
        .map(|(version, logged)| Commit {
            version,
            time_ms: entry.time_ms,
            changes: logged
                .iter()
                .filter(|change| change.key.starts_with(prefix))
                .filter_map(|change| Some(Change { kind: change.what.change()?, key: change.key.to_vec() }))
                .collect(),
        })
        .filter(|commit| !commit.changes.is_empty())
        .collect()
}
