//! The cache of a store. Reads take no lock and write nothing that others read, but for a mark on an entry's first
//! read; writers take turns.
//!
//! - `arena`: memory as words; `item`: how an entry lies in them; `copy`: out of them
//! - `ring`: a queue of items; `index`: finds them
//! - `writer`: what is kept; `ghost`: what was
//! - `counters`: hits and misses
//!
//! A writer gives up a position before it writes over it. A reader copies what it finds and then looks whether the
//! position was given up: if so, it saw a torn item and looks again. A word of the index is replaced by one store, so
//! what was removed or replaced before a read began is never read.

mod arena;
mod copy;
mod counters;
mod ghost;
mod index;
mod item;
mod ring;
#[cfg(test)]
mod tests;
mod writer;

use std::hash::{BuildHasher, Hasher};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, fence};

use parking_lot::Mutex;

use super::{Figures, Lookup};
use crate::value::ValueRef;
use counters::Counters;
use index::{BUCKET_BYTES, Index, Queue, Slot, Word};
use item::Item;
use ring::Ring;
use writer::Writer;

/// A bucket of the index for so much of the capacity: half its slots are used by entries with values of 100 bytes.
const BYTES_PER_BUCKET: usize = 1280;

/// Fingerprints of dropped keys for every bucket.
const GHOSTS: usize = 8;

/// The small ring is this part of both.
const SMALL_PART: usize = 10;

/// The words of an item that [`Table::prefetch_item`] fetches: three cache lines, a value of 100 bytes.
const FETCHED: usize = 17;

/// Tries to read an entry that is just being moved.
const TRIES: usize = 16;

pub(crate) struct Table {
    shared: Shared,
    writer: Mutex<Writer>,
    counters: Counters,
    capacity: usize,
}

/// A read of an item that was given up meanwhile.
struct Unread;

/// What readers use too.
struct Shared {
    index: Index,
    /// By [`Queue`].
    rings: [Ring; 2],
    hasher: foldhash::quality::RandomState,
}

impl Table {
    /// A cache of at most `bytes` of memory, everything included, taken as it is used.
    ///
    /// # Errors
    /// That the system has no such memory.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let buckets = (bytes / BYTES_PER_BUCKET).max(1);
        let words = bytes.saturating_sub(buckets * (BUCKET_BYTES + GHOSTS * 2)) / 8;
        let small = words / SMALL_PART;
        Ok(Self {
            shared: Shared {
                index: Index::new(buckets)?,
                rings: [Ring::new(small)?, Ring::new(words - small)?],
                hasher: foldhash::quality::RandomState::default(),
            },
            writer: Mutex::new(Writer::new(buckets * GHOSTS)?),
            counters: Counters::default(),
            capacity: bytes,
        })
    }

    /// The hash of a key in this cache, for the calls that ask for it.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.shared.hash(key)
    }

    /// Has the processor fetch the place where a key is looked up.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        if let Some(bucket) = self.shared.index.bucket(hash) {
            prefetch(bucket.start());
        }
    }

    /// Has the processor fetch the item that a key may have.
    #[inline]
    pub fn prefetch_item(&self, hash: u64) {
        for slot in self.shared.index.bucket(hash).into_iter().flat_map(|bucket| bucket.candidates(hash)) {
            let word = slot.word();
            self.shared
                .ring(word.queue())
                .words(word.position(), FETCHED)
                .iter()
                .step_by(8)
                .for_each(prefetch);
        }
    }

    /// Looks a key up. An entry that is expired at `now` is as one that is not there.
    #[inline]
    pub fn get(&self, hash: u64, key: &[u8], now: impl FnOnce() -> i64) -> Lookup {
        // Held, before memory is taken for its length.
        let copy = |entry: &Entry<'_>| entry.holds().then(|| entry.item.to_value());
        self.counted(self.read(hash, key, now, copy))
    }

    /// As [`Table::get`], but copies the value into `buf` when it fits, and tells its length either way. When nothing
    /// is found, `buf` may hold anything.
    #[inline(always)]
    pub fn get_into(
        &self,
        hash: u64,
        key: &[u8],
        buf: &mut [u8],
        now: impl FnOnce() -> i64,
    ) -> Lookup<usize> {
        self.counted(self.probe_into(hash, key, buf, now))
    }

    /// As [`Table::get_into`], not counting a miss.
    #[inline(always)]
    pub fn probe_into(
        &self,
        hash: u64,
        key: &[u8],
        buf: &mut [u8],
        now: impl FnOnce() -> i64,
    ) -> Lookup<usize> {
        self.read(hash, key, now, |entry| Some(entry.item.copy_into(buf)))
    }

    /// The version of the value of a key, not counting a miss.
    pub fn version(&self, key: &[u8], now: i64) -> Lookup<u64> {
        self.read(self.hash(key), key, || now, |entry| Some(entry.item.version()))
    }

    /// As [`Table::probe_into`], making `buf` as long as the value.
    #[inline(always)]
    pub fn probe_to_vec(
        &self,
        hash: u64,
        key: &[u8],
        buf: &mut Vec<u8>,
        now: impl FnOnce() -> i64,
    ) -> Lookup<()> {
        self.read(hash, key, now, |entry| entry.holds().then(|| entry.item.copy_to_vec(buf)))
    }

    #[inline(always)]
    fn counted<T>(&self, lookup: Lookup<T>) -> Lookup<T> {
        if matches!(lookup, Lookup::Unknown) {
            self.counters.miss();
        }
        lookup
    }

    #[inline(always)]
    fn read<T>(
        &self,
        hash: u64,
        key: &[u8],
        now: impl FnOnce() -> i64,
        mut copy: impl FnMut(&Entry<'_>) -> Option<T>,
    ) -> Lookup<T> {
        let read = self.try_read(hash, key, &mut copy);
        let (found, expires_at) = match read.or_else(|_| self.read_again(hash, key, &mut copy)) {
            Ok(entry) => entry,
            Err(Unread) => return Lookup::Unknown,
        };
        if expires_at != 0 && expires_at <= now() {
            return Lookup::Unknown;
        }
        if !matches!(found, Lookup::Unknown) {
            self.counters.hit();
        }
        found
    }

    /// For an entry that is just being moved.
    #[cold]
    fn read_again<T>(
        &self,
        hash: u64,
        key: &[u8],
        copy: &mut impl FnMut(&Entry<'_>) -> Option<T>,
    ) -> Result<(Lookup<T>, i64), Unread> {
        let mut tries = (0..TRIES).map(|_| {
            std::hint::spin_loop();
            self.try_read(hash, key, copy)
        });
        tries.find(Result::is_ok).unwrap_or(Err(Unread))
    }

    /// What is known of a key, and until when.
    #[inline(always)]
    fn try_read<T>(
        &self,
        hash: u64,
        key: &[u8],
        copy: &mut impl FnMut(&Entry<'_>) -> Option<T>,
    ) -> Result<(Lookup<T>, i64), Unread> {
        let Some(entry) = self.shared.find(hash, key) else { return Ok((Lookup::Unknown, 0)) };
        let expires_at = entry.item.expires_at();
        let found = match entry.item.is_absent() {
            true => Lookup::Absent,
            false => Lookup::Found(copy(&entry).ok_or(Unread)?),
        };
        if !entry.holds() {
            return Err(Unread);
        }
        if !entry.word.is_visited() {
            entry.slot.visit(entry.word);
        }
        Ok((found, expires_at))
    }

    /// Stores an entry; `None` says that the key does not exist.
    pub fn insert(&self, key: &[u8], value: Option<ValueRef<'_>>) {
        self.insert_if(key, value, || true);
    }

    /// Stores an entry if `allowed`, asked under the lock that a removal takes, agrees.
    pub fn insert_if(&self, key: &[u8], value: Option<ValueRef<'_>>, allowed: impl FnOnce() -> bool) {
        let hash = self.hash(key);
        let mut writer = self.writer.lock();
        if allowed() {
            writer.insert(&self.shared, hash, key, value);
        }
    }

    /// Forgets what is known of a key. False when that was nothing.
    pub fn remove(&self, key: &[u8]) -> bool {
        self.writer.lock().remove(&self.shared, self.hash(key), key)
    }

    pub fn clear(&self) {
        self.writer.lock().clear(&self.shared);
    }

    pub fn figures(&self) -> Figures {
        let writer = self.writer.lock();
        Figures {
            hits: self.counters.hits(),
            misses: self.counters.misses(),
            evictions: writer.evictions,
            entries: writer.entries as u64,
            bytes: (writer.words + writer.entries) as u64 * 8,
            capacity: self.capacity as u64,
            max_entries: 0,
        }
    }
}

impl Shared {
    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    #[inline]
    #[allow(
        clippy::indexing_slicing,
        reason = "a ring for each queue; without a branch that would be a guess"
    )]
    fn ring(&self, queue: Queue) -> &Ring {
        &self.rings[queue as usize]
    }

    #[inline]
    fn item(&self, word: Word) -> Option<Item<'_>> {
        self.ring(word.queue()).item(word.position())
    }

    /// The entry of a key, to be trusted without the writer's lock only as far as [`Entry::holds`].
    #[inline(always)]
    fn find(&self, hash: u64, key: &[u8]) -> Option<Entry<'_>> {
        for slot in self.index.bucket(hash)?.candidates(hash) {
            let word = slot.word();
            let ring = self.ring(word.queue());
            if let Some(item) = ring.item_of(word.position(), key)
                && word != Word::EMPTY
            {
                return Some(Entry { slot, word, ring, item });
            }
        }
        None
    }
}

/// Where the entry of a key is.
struct Entry<'a> {
    slot: Slot<'a>,
    word: Word,
    ring: &'a Ring,
    item: Item<'a>,
}

impl Entry<'_> {
    /// Whether what was read of the item until now is true.
    #[inline(always)]
    fn holds(&self) -> bool {
        fence(Acquire);
        self.ring.holds(self.word.position())
    }
}

#[inline]
#[allow(unsafe_code)]
fn prefetch(word: &AtomicU64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint without effect on what is read or written; every x86-64 processor has it.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(word.as_ptr().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = word;
}
