//! Point reads: the cache while it is true, else a snapshot.

use super::coherence::Epoch;
use super::{Inner, Store, encoding};
use crate::cache::Lookup;
use crate::engine::Snapshot;
use crate::error::Result;
use crate::limits;
use crate::value::Value;

impl Store {
    /// Reads a key. A read sees every commit that any process acknowledged before the call.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge) for a bad key;
    /// [`Kind::Busy`](crate::Kind::Busy), [`Kind::Io`](crate::Kind::Io), [`Kind::Corrupt`](crate::Kind::Corrupt),
    /// [`Kind::Closed`](crate::Kind::Closed), [`Kind::Forked`](crate::Kind::Forked); so for all methods below.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        self.inner.get(key)
    }

    /// Copies the value of a key into `buf` when it fits, and answers its length either way.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get_into(&self, key: &[u8], buf: &mut [u8]) -> Result<Option<usize>> {
        Ok(self.inner.get(key)?.map(|value| value.copy_into(buf)))
    }

    /// Whether a key exists.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn exists(&self, key: &[u8]) -> Result<bool> {
        Ok(self.inner.get(key)?.is_some())
    }

    /// Reads many keys as of one moment.
    ///
    /// # Errors
    /// As [`Store::get`]; [`Kind::TooLarge`](crate::Kind::TooLarge) for more keys than a page may have rows.
    pub fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Value>>> {
        if keys.len() > limits::MAX_PAGE_ROWS {
            return Err(limits::too_many("keys", keys.len(), limits::MAX_PAGE_ROWS));
        }
        self.inner.get_many(keys)
    }
}

impl Inner {
    fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        limits::check_key(key)?;
        if self.catch_up()? {
            match self.cache.get(key, || self.clock.now()) {
                Lookup::Found(value) => return Ok(Some(value)),
                Lookup::Absent => return Ok(None),
                Lookup::Unknown => {}
            }
        }
        let epoch = self.cache.epoch();
        self.with_snapshot(|snapshot| self.read_through(snapshot, key, epoch))
    }

    /// Reads a key from a snapshot begun after `epoch`, and lets the cache have it.
    fn read_through(&self, snapshot: &dyn Snapshot, key: &[u8], epoch: Epoch) -> Result<Option<Value>> {
        let now = self.clock.now();
        let value =
            snapshot.get(key)?.map(encoding::value_of).transpose()?.filter(|value| !value.expired(now));
        self.cache.fill(key, value.clone(), snapshot.last_version()?, epoch);
        Ok(value)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Value>>> {
        keys.iter().try_for_each(|key| limits::check_key(key))?;
        if let Some(values) = self.cached_many(keys)? {
            return Ok(values);
        }
        let epoch = self.cache.epoch();
        self.with_snapshot(|snapshot| {
            keys.iter().map(|key| self.read_through(snapshot, key, epoch)).collect()
        })
    }

    /// All the keys from the cache, if it knows them all and nothing was committed meanwhile.
    fn cached_many(&self, keys: &[&[u8]]) -> Result<Option<Vec<Option<Value>>>> {
        let engine = self.engine()?;
        let before = engine.generation();
        if !self.catch_up()? {
            return Ok(None);
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(match self.cache.get(key, || self.clock.now()) {
                Lookup::Found(value) => Some(value),
                Lookup::Absent => None,
                Lookup::Unknown => return Ok(None),
            });
        }
        Ok((engine.generation() == before && self.cache.is_at(&before)).then_some(values))
    }
}
