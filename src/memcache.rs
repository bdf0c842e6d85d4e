//! A cache in memory that hosts use on its own, without a store.

use std::time::Instant;

use once_cell::race::OnceBox;

use crate::cache::{Bounds, Lookup, Sharded};
use crate::platform::fork::Process;
use crate::value::Value;

pub use crate::cache::Figures;

const DEFAULT_BYTES: usize = 64 << 20;

/// A bounded cache with least-recently-used eviction and expiry. Every operation takes constant time; usable from
/// any thread. Lives are measured on the monotonic clock. In a forked child it starts empty.
pub struct MemCache {
    cache: Forkable,
    bounds: Bounds,
    default_ttl_ms: u64,
    start: Instant,
}

/// A cache for each process: the locks that threads of a parent held during a fork are held for ever in the child.
struct Forkable {
    process: Process,
    cache: Sharded,
    child: OnceBox<Forkable>,
}

impl Forkable {
    fn new(bounds: Bounds) -> Self {
        Self { process: Process::current(), cache: Sharded::new(bounds), child: OnceBox::new() }
    }
}

impl MemCache {
    /// A cache of at most `max_entries` entries and `max_bytes` bytes; 0 is no bound, both 0 is 64 MiB. Entries live
    /// `default_ttl_ms` milliseconds unless they say otherwise; 0 is for ever.
    pub fn new(max_entries: u64, max_bytes: u64, default_ttl_ms: u64) -> Self {
        let bound = |n: u64| if n == 0 { usize::MAX } else { usize::try_from(n).unwrap_or(usize::MAX) };
        let bytes = if max_entries == 0 && max_bytes == 0 { DEFAULT_BYTES } else { bound(max_bytes) };
        let bounds = Bounds { entries: bound(max_entries), bytes };
        Self { cache: Forkable::new(bounds), bounds, default_ttl_ms, start: Instant::now() }
    }

    fn cache(&self) -> &Sharded {
        let mut at = &self.cache;
        while !at.process.is_current() {
            at = at.child.get_or_init(|| Box::new(Forkable::new(self.bounds)));
        }
        &at.cache
    }

    /// Milliseconds since the cache was made, from 1 on: 0 means "never expires" in an entry.
    fn now(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Stores a value that lives `ttl_ms` milliseconds; 0: the default.
    pub fn set(&self, key: &[u8], value: &[u8], ttl_ms: u64) {
        let ttl = if ttl_ms == 0 { self.default_ttl_ms } else { ttl_ms };
        let expires_at = match ttl {
            0 => 0,
            ttl => self.now().saturating_add(i64::try_from(ttl).unwrap_or(i64::MAX)),
        };
        self.cache().insert(key, Some(Value::new(value.into(), 0, expires_at)));
    }

    /// The value of a key, if it is there and alive. Its `expires_at` is not on the wall clock and reads 0.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        match self.cache().get(key, || self.now()) {
            Lookup::Found(value) => Some(value.without_expiry()),
            Lookup::Absent | Lookup::Unknown => None,
        }
    }

    /// Copies a value into `buf` when it fits, and returns its length either way.
    pub fn get_into(&self, key: &[u8], buf: &mut [u8]) -> Option<usize> {
        self.get(key).map(|value| value.copy_into(buf))
    }

    /// Removes a key. False when it was not there.
    pub fn delete(&self, key: &[u8]) -> bool {
        self.cache().remove(key)
    }

    /// Removes all keys.
    pub fn clear(&self) {
        self.cache().clear();
    }

    /// Figures since the cache was made.
    pub fn stats(&self) -> Figures {
        self.cache().figures()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_cache_evicts_in_exact_order_of_use() {
        let cache = MemCache::new(2, 0, 0);
        cache.set(b"a", b"1", 0);
        cache.set(b"b", b"2", 0);
        assert_eq!(cache.get(b"a").as_deref(), Some(&b"1"[..]));
        cache.set(b"c", b"3", 0);
        assert_eq!(cache.get(b"b"), None);
        assert_eq!(cache.get(b"a").as_deref(), Some(&b"1"[..]));
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses, stats.evictions, stats.entries), (2, 1, 1, 2));
    }

    #[test]
    fn an_expired_entry_is_a_miss() {
        let cache = MemCache::new(0, 0, 1);
        cache.set(b"a", b"1", 0);
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(cache.get(b"a"), None);
    }
}
