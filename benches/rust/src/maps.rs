//! What keeps its data in memory only: caches, and a map behind a lock.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use foldhash::fast::FixedState;

use crate::{Bytes, Durability, Peer, copy};

type Key = Box<[u8]>;
type Value = Arc<[u8]>;

fn weight(key: &Key, value: &Value) -> usize {
    key.len() + value.len()
}

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<Key, Value> for Weigh {
    fn weight(&self, key: &Key, value: &Value) -> u64 {
        weight(key, value) as u64
    }
}

pub struct Quick(quick_cache::sync::Cache<Key, Value, Weigh, FixedState>);

impl Peer for Quick {
    fn open(_: &Path, _: Durability, cache_bytes: usize) -> Self {
        // The average row of most workloads.
        let entries = cache_bytes / 116;
        Self(quick_cache::sync::Cache::with(
            entries,
            cache_bytes as u64,
            Weigh,
            FixedState::default(),
            quick_cache::sync::DefaultLifecycle::default(),
        ))
    }

    fn get(&self, key: &[u8], into: &mut [u8]) -> Option<usize> {
        self.0.get(key).map(|value| copy(&value, into))
    }

    fn put(&self, key: &[u8], value: &[u8]) {
        self.0.insert(key.into(), value.into());
    }
}

pub struct Moka(moka::sync::Cache<Key, Value, FixedState>);

impl Peer for Moka {
    fn open(_: &Path, _: Durability, cache_bytes: usize) -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(cache_bytes as u64)
            .weigher(|key, value| u32::try_from(weight(key, value)).unwrap_or(u32::MAX))
            .build_with_hasher(FixedState::default());
        Self(cache)
    }

    fn get(&self, key: &[u8], into: &mut [u8]) -> Option<usize> {
        self.0.get(key).map(|value| copy(&value, into))
    }

    fn put(&self, key: &[u8], value: &[u8]) {
        self.0.insert(key.into(), value.into());
    }
}

pub struct RwLockMap(RwLock<HashMap<Key, Vec<u8>, FixedState>>);

impl Peer for RwLockMap {
    fn open(_: &Path, _: Durability, _: usize) -> Self {
        Self(RwLock::default())
    }

    fn get(&self, key: &[u8], into: &mut [u8]) -> Option<usize> {
        let map = self.0.read().expect("a lock that no panic poisoned");
        map.get(key).map(|value| copy(value, into))
    }

    fn put(&self, key: &[u8], value: &[u8]) {
        let mut map = self.0.write().expect("a lock that no panic poisoned");
        match map.get_mut(key) {
            Some(old) => {
                old.clear();
                old.extend_from_slice(value);
            }
            None => {
                map.insert(key.into(), value.into());
            }
        }
    }

    fn get_many(&self, keys: &[Bytes], into: &mut [u8]) -> Option<usize> {
        let map = self.0.read().expect("a lock that no panic poisoned");
        let found = keys.iter().filter(|key| map.get(key.get()).map(|value| copy(value, into)).is_some());
        Some(found.count())
    }
}
