//! One shard: a map with least-recently-used eviction, bounded by bytes and by entries. No locks, no clock.

use hashlink::LruCache;

use crate::value::Value;

/// What an entry costs beside its key and value: the map's node, the two allocations, and their headers.
const OVERHEAD: usize = 136;

/// What the cache knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup<T = Value> {
    Found(T),
    /// The key is known not to exist.
    Absent,
    /// Nothing is known.
    Unknown,
}

pub(crate) struct Lru {
    /// `None` records that the key does not exist.
    map: LruCache<Box<[u8]>, Option<Value>, foldhash::fast::RandomState>,
    max_entries: usize,
    max_bytes: usize,
    pub bytes: usize,
    pub hits: u64,
    pub misses: u64,
    pub evictions: u64,
}

impl Lru {
    pub fn new(max_entries: usize, max_bytes: usize) -> Self {
        let map = LruCache::with_hasher(usize::MAX, foldhash::fast::RandomState::default());
        Self { map, max_entries, max_bytes, bytes: 0, hits: 0, misses: 0, evictions: 0 }
    }

    /// Looks a key up and makes it the most recent. An entry that is expired at `now` is dropped: nothing is known.
    pub fn get(&mut self, key: &[u8], now: impl FnOnce() -> i64) -> Lookup {
        let lookup = match self.map.get(key) {
            None => Lookup::Unknown,
            Some(None) => Lookup::Absent,
            Some(Some(value)) if value.expires_at() != 0 && value.expired(now()) => {
                self.remove(key);
                Lookup::Unknown
            }
            Some(Some(value)) => Lookup::Found(value.clone()),
        };
        match lookup {
            Lookup::Unknown => self.misses += 1,
            _ => self.hits += 1,
        }
        lookup
    }

    /// Stores an entry as the most recent, evicting as needed. One that alone is over the bound is not kept.
    pub fn insert(&mut self, key: &[u8], value: Option<Value>) {
        let weight = weight(key, value.as_ref());
        if weight > self.max_bytes || self.max_entries == 0 {
            self.remove(key);
            return;
        }
        if let Some(old) = self.map.insert(key.into(), value) {
            self.bytes -= weight_of(key, &old);
        }
        self.bytes += weight;
        while self.bytes > self.max_bytes || self.map.len() > self.max_entries {
            let Some((key, value)) = self.map.remove_lru() else { break };
            self.bytes -= weight_of(&key, &value);
            self.evictions += 1;
        }
    }

    pub fn remove(&mut self, key: &[u8]) -> bool {
        let Some(value) = self.map.remove(key) else { return false };
        self.bytes -= weight_of(key, &value);
        true
    }

    pub fn clear(&mut self) {
        self.map.clear();
        self.bytes = 0;
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// The invariants, for tests.
    #[cfg(test)]
    pub fn validate(&self) {
        let bytes: usize = self.map.iter().map(|(k, v)| weight_of(k, v)).sum();
        assert_eq!(bytes, self.bytes);
        assert!(self.bytes <= self.max_bytes && self.map.len() <= self.max_entries);
    }
}

fn weight_of(key: &[u8], value: &Option<Value>) -> usize {
    weight(key, value.as_ref())
}

fn weight(key: &[u8], value: Option<&Value>) -> usize {
    OVERHEAD + key.len() + value.map_or(0, |v| v.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Get(u8),
        Insert(u8, Option<u16>),
        Remove(u8),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            (0..20u8).prop_map(Op::Get),
            (0..20u8, proptest::option::of(0..600u16)).prop_map(|(k, v)| Op::Insert(k, v)),
            (0..20u8).prop_map(Op::Remove),
        ];
        proptest::collection::vec(op, 0..200)
    }

    /// The plainest LRU: a list, most recent last.
    struct Model {
        list: Vec<(u8, Option<u16>)>,
        max_entries: usize,
        max_bytes: usize,
    }

    impl Model {
        fn weight(value: Option<u16>) -> usize {
            OVERHEAD + 1 + value.map_or(0, usize::from)
        }

        fn insert(&mut self, key: u8, value: Option<u16>) {
            self.list.retain(|(k, _)| *k != key);
            if Self::weight(value) > self.max_bytes {
                return;
            }
            self.list.push((key, value));
            while self.list.len() > self.max_entries
                || self.list.iter().map(|(_, v)| Self::weight(*v)).sum::<usize>() > self.max_bytes
            {
                self.list.remove(0);
            }
        }
    }

    proptest! {
        #[test]
        fn behaves_as_a_list(ops in ops(), max_entries in 1..10usize, max_bytes in 1..2000usize) {
            let mut lru = Lru::new(max_entries, max_bytes);
            let mut model = Model { list: Vec::new(), max_entries, max_bytes };
            for op in ops {
                match op {
                    Op::Get(k) => {
                        let found = match lru.get(&[k], || 0) {
                            Lookup::Unknown => None,
                            Lookup::Absent => Some(None),
                            Lookup::Found(v) => Some(Some(v.len() as u16)),
                        };
                        let at = model.list.iter().position(|(key, _)| *key == k);
                        prop_assert_eq!(found, at.map(|at| model.list[at].1));
                        if let Some(at) = at {
                            let entry = model.list.remove(at);
                            model.list.push(entry);
                        }
                    }
                    Op::Insert(k, v) => {
                        lru.insert(&[k], v.map(|n| vec![0; n.into()].into()));
                        model.insert(k, v);
                    }
                    Op::Remove(k) => {
                        let had = model.list.iter().any(|(key, _)| *key == k);
                        prop_assert_eq!(lru.remove(&[k]), had);
                        model.list.retain(|(key, _)| *key != k);
                    }
                }
                lru.validate();
                prop_assert_eq!(lru.len(), model.list.len());
            }
        }
    }
}
