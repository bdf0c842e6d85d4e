//! Point reads: the cache while it is true, else a snapshot.

use super::coherence::Epoch;
use super::{Inner, Store, encoding};
use crate::cache::Lookup;
use crate::engine::Snapshot;
use crate::error::Result;
use crate::limits;
use crate::value::Value;

/// What the cache alone tells of a key.
pub(crate) enum Cached {
    /// The length of its value.
    Found(usize),
    Absent,
    /// Nothing: [`Store::get`] will tell.
    Unknown,
}

impl Store {
    /// Asks the cache alone, if it is true as of now, and copies the value into `buf` when it fits. Reads no file and
    /// waits for no commit, so a host may hold a lock of its own meanwhile.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub(crate) fn get_cached(&self, key: &[u8], buf: &mut [u8]) -> Result<Cached> {
        limits::check_key(key)?;
        Ok(match self.inner.probe(key)? {
            Lookup::Found(value) => Cached::Found(value.copy_into(buf)),
            Lookup::Absent => Cached::Absent,
            Lookup::Unknown => Cached::Unknown,
        })
    }

    /// Reads many keys as of one moment from the cache alone, as [`Store::get_cached`], and hands each value in turn to
    /// `each`, None for a missing key. False when the cache cannot tell: then what was handed on is void.
    ///
    /// # Errors
    /// As [`Store::get_many`].
    pub(crate) fn get_many_cached(
        &self,
        keys: &[&[u8]],
        mut each: impl FnMut(Option<&[u8]>),
    ) -> Result<bool> {
        check_keys(keys)?;
        let probe = |key: &[u8]| self.inner.cache.probe(key, || self.inner.clock.now());
        self.inner.at_one_moment(keys, probe, |value| each(value.as_deref()))
    }

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
        check_keys(keys)?;
        self.inner.get_many(keys)
    }
}

fn check_keys(keys: &[&[u8]]) -> Result<()> {
    if keys.len() > limits::MAX_PAGE_ROWS {
        return Err(limits::too_many("keys", keys.len(), limits::MAX_PAGE_ROWS));
    }
    keys.iter().try_for_each(|key| limits::check_key(key))
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

    /// What the cache knows of a key, if it is true as of now. Does not make it true.
    fn probe(&self, key: &[u8]) -> Result<Lookup> {
        let current = self.cache.is_at(&self.engine()?.generation());
        Ok(if current { self.cache.probe(key, || self.clock.now()) } else { Lookup::Unknown })
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Value>>> {
        if self.catch_up()? {
            let mut values = Vec::with_capacity(keys.len());
            let get = |key: &[u8]| self.cache.get(key, || self.clock.now());
            let known = self.at_one_moment(keys, get, |value| values.push(value))?;
            if known {
                return Ok(values);
            }
        }
        let epoch = self.cache.epoch();
        self.with_snapshot(|snapshot| {
            keys.iter().map(|key| self.read_through(snapshot, key, epoch)).collect()
        })
    }

    /// Looks each key up in the cache and hands its value to `each`. Whether the cache was true, knew them all, and
    /// nothing was committed meanwhile.
    fn at_one_moment(
        &self,
        keys: &[&[u8]],
        lookup: impl Fn(&[u8]) -> Lookup,
        mut each: impl FnMut(Option<Value>),
    ) -> Result<bool> {
        let engine = self.engine()?;
        let before = engine.generation();
        if !self.cache.is_at(&before) {
            return Ok(false);
        }
        for key in keys {
            match lookup(key) {
                Lookup::Found(value) => each(Some(value)),
                Lookup::Absent => each(None),
                Lookup::Unknown => return Ok(false),
            }
        }
        Ok(engine.generation() == before && self.cache.is_at(&before))
    }
}
