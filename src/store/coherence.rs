//! The cache in front of the engine, kept true while other threads, stores and processes commit.
//!
//! Invariants:
//! 1. When the engine's generation equals `seen`, every entry is the present state of its key.
//! 2. `applied` is the version up to which the change log has been applied. It is raised before the keys of those
//!    commits are dropped or replaced, and a value read from a snapshot is admitted under the writers' lock only if that
//!    snapshot is not older than `applied`, nor than the last reset: a slow reader cannot bring back what was replaced.
//! 3. `seen` is moved last, by whoever holds `sync`. Nobody waits for the engine's locks while holding it.
//!
//! A foreign commit moves the generation; the next read then applies the change log. Commits of software that writes no
//! change log are noticed because the generation counts them, and drop everything.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::Inner;
use super::changelog::{self, Logged};
use crate::cache::{Figures, Table};
use crate::engine::{AtomicGeneration, Engine, Generation, Hold, Read};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// Beyond this many commits behind, dropping everything is cheaper than reading what changed.
const MOST_BEHIND: u64 = 10_000;

/// Tries to apply the change log before somebody commits again.
const CATCH_UP_TRIES: usize = 8;

pub(super) struct CoherentCache {
    entries: Table,
    seen: AtomicGeneration,
    applied: AtomicU64,
    /// Of the entry of the change log that was applied last. Under `sync`.
    fingerprint: AtomicU64,
    sync: Mutex<()>,
    invalidations: AtomicU64,
    resets: AtomicU64,
}

/// A stretch of time without a reset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u64);

impl CoherentCache {
    /// # Errors
    /// [`Kind::NoMemory`].
    pub fn new(bytes: u64) -> Result<Self> {
        let entries = Table::new(usize::try_from(bytes).unwrap_or(usize::MAX)).map_err(|error| {
            Error::new(Kind::NoMemory, format!("no room for a cache of {bytes} bytes: {error}"))
        })?;
        Ok(Self {
            entries,
            seen: AtomicGeneration::new(&Generation::UNKNOWN),
            applied: AtomicU64::new(0),
            fingerprint: AtomicU64::new(0),
            sync: Mutex::new(()),
            invalidations: AtomicU64::new(0),
            resets: AtomicU64::new(0),
        })
    }

    /// The entries, to be read while they are true.
    pub fn entries(&self) -> &Table {
        &self.entries
    }

    /// To be taken before a snapshot whose values are to be admitted.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.resets.load(Ordering::SeqCst))
    }

    /// Admits what a snapshot of `version`, begun after `epoch`, says of a key, unless more was applied since.
    pub fn fill(&self, key: &[u8], value: Option<&Value>, version: u64, epoch: Epoch) {
        self.entries
            .insert_if(key, value.map(Value::to_ref), || version >= self.applied() && epoch == self.epoch());
    }

    /// Has the processor fetch the place of a key that is about to change.
    #[inline]
    pub fn prefetch(&self, key: &[u8]) {
        self.entries.prefetch(self.entries.hash(key));
    }

    /// Has the processor fetch what is known of it, some time after its place.
    #[inline]
    pub fn prefetch_item(&self, key: &[u8]) {
        self.entries.prefetch_item(self.entries.hash(key));
    }

    /// Whether nothing was committed since the entries were last made true.
    pub fn is_at(&self, generation: &Generation) -> bool {
        *generation != Generation::UNKNOWN && self.seen.load() == *generation
    }

    /// Whether nothing was committed until now since then.
    #[inline]
    pub fn is_true(&self, engine: &dyn Engine) -> bool {
        engine.is_at(&self.seen)
    }

    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::SeqCst)
    }

    /// Keeps others from moving `seen`: held from just before a commit until its effects are in the cache.
    pub fn sync(&self) -> MutexGuard<'_, ()> {
        self.sync.lock()
    }

    /// Takes over a commit of our own, its version and the fingerprint of its entry, that is alone between `before` and
    /// `after`; `update` makes the entries true. Under [`CoherentCache::sync`].
    pub fn adopt(
        &self,
        before: &Generation,
        after: &Generation,
        (version, fingerprint): (u64, u64),
        update: impl FnOnce(&Table),
    ) {
        // When others committed too, the next read finds our commit and theirs in the change log.
        if !self.is_at(before) || *after == Generation::UNKNOWN {
            return;
        }
        self.applied.store(version, Ordering::SeqCst);
        self.fingerprint.store(fingerprint, Ordering::Relaxed);
        update(&self.entries);
        self.seen.store(after);
    }

    pub fn figures(&self) -> Figures {
        self.entries.figures()
    }

    pub fn invalidations(&self) -> u64 {
        self.invalidations.load(Ordering::Relaxed)
    }

    /// Resets but the one at opening.
    pub fn resets(&self) -> u64 {
        self.resets.load(Ordering::Relaxed).saturating_sub(1)
    }
}

impl Inner {
    /// Makes the cache true as of now. False when it cannot be told whether it is: then it must not be asked.
    #[inline]
    pub(super) fn catch_up(&self) -> Result<bool> {
        let engine = self.engine()?;
        if self.cache.is_true(engine) { Ok(true) } else { self.apply_changes(engine) }
    }

    #[cold]
    fn apply_changes(&self, engine: &dyn Engine) -> Result<bool> {
        for _ in 0..CATCH_UP_TRIES {
            if self.cache.is_true(engine) {
                return Ok(true);
            }
            // Before `sync`: taking a snapshot may wait for a writer, and a writer waits for `sync`.
            let snapshot = engine.snapshot(Hold::Short)?;
            let _sync = self.cache.sync();
            let now = engine.generation();
            if self.cache.is_at(&now) {
                return Ok(true);
            }
            if now != Generation::UNKNOWN && snapshot.generation() == now {
                return match self.note(self.absorb(engine, snapshot.as_ref(), &now)) {
                    // A damaged log tells no change: the cache answers nothing, and what the engine can read is read.
                    Err(error) if error.kind() == Kind::Corrupt => Ok(false),
                    result => result,
                };
            }
        }
        Ok(false)
    }

    /// Applies what was committed between `seen` and `generation`, which `read` is a view of. Under `sync`.
    pub(super) fn absorb(
        &self,
        engine: &dyn Engine,
        read: &(impl Read + ?Sized),
        generation: &Generation,
    ) -> Result<bool> {
        let cache = &self.cache;
        if cache.is_at(generation) {
            return Ok(true);
        }
        if *generation == Generation::UNKNOWN {
            return Ok(false);
        }
        let (seen, applied, last) = (cache.seen.load(), cache.applied(), read.last_version()?);
        let counted = engine.commits_between(&seen, generation);
        let mut known = counted.is_some() && last >= applied && last - applied <= MOST_BEHIND;
        let mut changed: Vec<Box<[u8]>> = Vec::new();
        let (mut rows, mut reached) = (0, applied);
        let mut fingerprint = cache.fingerprint.load(Ordering::Relaxed);
        // The log must still hold the entry that was applied last, with no new mark: a file may be given another history,
        // from a backup.
        let mut same_history = applied == 0;
        // For a reset the last entry is still read, for its time.
        let start = if known { applied } else { last };
        changelog::after(read, start.saturating_sub(1), |entry| {
            self.clock.observe(entry.time_ms);
            same_history |= entry.last() == applied && entry.fingerprint == fingerprint;
            fingerprint = entry.fingerprint;
            if known && entry.last() <= applied {
                return Ok(true);
            }
            known &= entry.follows(reached) && !entry.marked;
            (rows, reached) = (rows + u64::from(entry.ends_row), entry.last());
            for change in entry.commits.iter().flatten() {
                match change.what {
                    Logged::Catalog => self.catalog.forget(),
                    _ if known => changed.push(change.key.into()),
                    _ => {}
                }
            }
            Ok(true)
        })?;
        cache.fingerprint.store(fingerprint, Ordering::Relaxed);
        if known && same_history && counted == Some(rows) {
            cache.applied.store(last, Ordering::SeqCst);
            let dropped = changed.iter().filter(|key| cache.entries.remove(key)).count();
            cache.invalidations.fetch_add(dropped as u64, Ordering::Relaxed);
        } else {
            cache.applied.store(last, Ordering::SeqCst);
            cache.resets.fetch_add(1, Ordering::SeqCst);
            cache.entries.clear();
            self.catalog.forget();
        }
        cache.seen.store(generation);
        Ok(true)
    }
}
