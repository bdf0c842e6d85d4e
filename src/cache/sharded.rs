//! Shards under locks: the whole cache, usable from any thread.

use std::hash::BuildHasher;

use parking_lot::Mutex;

use super::lru::{Lookup, Lru};
use crate::value::Value;

/// Below these sizes one shard keeps the eviction order exact.
const EXACT_ENTRIES: usize = 4096;
const EXACT_BYTES: usize = 1 << 20;
const SHARDS: usize = 16;

/// How large a cache may be; `usize::MAX` is no bound.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub entries: usize,
    pub bytes: usize,
}

/// Figures of a cache.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Lookups that were answered.
    pub hits: u64,
    /// Lookups that were not.
    pub misses: u64,
    /// Entries dropped to stay within the bound.
    pub evictions: u64,
    /// Entries now.
    pub entries: u64,
    /// Bytes now.
    pub bytes: u64,
    /// The bound in bytes; 0: none.
    pub capacity: u64,
    /// The bound in entries; 0: none.
    pub max_entries: u64,
}

/// Keeps a shard's lock on cache lines of its own.
#[repr(align(128))]
struct Shard(Mutex<Lru>);

pub(crate) struct Sharded {
    shards: Box<[Shard]>,
    hasher: foldhash::fast::RandomState,
    bounds: Bounds,
}

impl Sharded {
    pub fn new(bounds: Bounds) -> Self {
        let count = if bounds.entries <= EXACT_ENTRIES || bounds.bytes <= EXACT_BYTES { 1 } else { SHARDS };
        let share = |total: usize| if total == usize::MAX { total } else { total.div_ceil(count) };
        let shard = || Shard(Mutex::new(Lru::new(share(bounds.entries), share(bounds.bytes))));
        Self {
            shards: std::iter::repeat_with(shard).take(count).collect(),
            hasher: foldhash::fast::RandomState::default(),
            bounds,
        }
    }

    fn shard(&self, key: &[u8]) -> &Mutex<Lru> {
        let at = self.hasher.hash_one(key) as usize % self.shards.len();
        #[allow(
            clippy::indexing_slicing,
            reason = "a remainder is below its divisor, and there is at least one shard"
        )]
        &self.shards[at].0
    }

    pub fn get(&self, key: &[u8], now: impl FnOnce() -> i64) -> Lookup {
        self.shard(key).lock().get(key, now)
    }

    pub fn insert(&self, key: &[u8], value: Option<Value>) {
        self.insert_if(key, value, || true);
    }

    /// Stores an entry if `allowed`, asked under the lock that a removal of the key takes, agrees.
    pub fn insert_if(&self, key: &[u8], value: Option<Value>, allowed: impl FnOnce() -> bool) {
        let mut shard = self.shard(key).lock();
        if allowed() {
            shard.insert(key, value);
        }
    }

    pub fn remove(&self, key: &[u8]) -> bool {
        self.shard(key).lock().remove(key)
    }

    pub fn clear(&self) {
        for shard in &self.shards {
            shard.0.lock().clear();
        }
    }

    pub fn figures(&self) -> Figures {
        let bound = |n: usize| if n == usize::MAX { 0 } else { n as u64 };
        let mut sum = Figures {
            capacity: bound(self.bounds.bytes),
            max_entries: bound(self.bounds.entries),
            ..Figures::default()
        };
        for shard in &self.shards {
            let shard = shard.0.lock();
            sum.hits += shard.hits;
            sum.misses += shard.misses;
            sum.evictions += shard.evictions;
            sum.entries += shard.len() as u64;
            sum.bytes += shard.bytes as u64;
        }
        sum
    }
}
