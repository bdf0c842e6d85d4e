//! Point reads: the cache while it is true, else a snapshot.

use super::coherence::Epoch;
use super::{Inner, Store, encoding};
use crate::cache::Lookup;
use crate::engine::Snapshot;
use crate::error::Result;
use crate::limits;
use crate::value::Value;

/// Keys whose entries are fetched from memory at the same time.
const LOOK_AHEAD: usize = 32;

/// A state of the store as the cache sees it.
pub(super) struct View {
    pub version: u64,
    epoch: Epoch,
    /// Whether the cache was of the same state: then a value in it that is not newer is of that state.
    in_step: bool,
}

impl View {
    pub fn without_cache(self) -> Self {
        Self { in_step: false, ..self }
    }
}

impl Store {
    /// Asks the cache alone, if it is true as of now, and copies the value into `buf` when it fits. Reads no file and
    /// waits for no commit, so a host may hold a lock of its own meanwhile.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub(crate) fn get_cached(&self, key: &[u8], buf: &mut [u8]) -> Result<Lookup<usize>> {
        limits::check_key(key)?;
        self.inner.probe_into(key, buf)
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
        let (entries, mut buf) = (self.inner.cache.entries(), Vec::new());
        self.inner.at_one_moment(keys, |hash, key| {
            match entries.probe_to_vec(hash, key, &mut buf, || self.inner.clock.now()) {
                Lookup::Found(()) => each(Some(&buf)),
                Lookup::Absent => each(None),
                Lookup::Unknown => return false,
            }
            true
        })
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
    #[inline]
    pub fn get_into(&self, key: &[u8], buf: &mut [u8]) -> Result<Option<usize>> {
        self.inner.get_into(key, buf)
    }

    /// Whether a key exists.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn exists(&self, key: &[u8]) -> Result<bool> {
        Ok(self.inner.get_into(key, &mut [])?.is_some())
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
        let entries = self.cache.entries();
        let known = match self.catch_up()? {
            true => entries.get(entries.hash(key), key, || self.clock.now()),
            false => Lookup::Unknown,
        };
        match known {
            Lookup::Found(value) => Ok(Some(value)),
            Lookup::Absent => Ok(None),
            Lookup::Unknown => self.read(key),
        }
    }

    /// As [`Inner::get`], without an allocation when the cache knows the key.
    #[inline(always)]
    fn get_into(&self, key: &[u8], buf: &mut [u8]) -> Result<Option<usize>> {
        limits::check_key(key)?;
        let entries = self.cache.entries();
        let known = match self.catch_up()? {
            true => entries.get_into(entries.hash(key), key, buf, || self.clock.now()),
            false => Lookup::Unknown,
        };
        match known {
            Lookup::Found(len) => Ok(Some(len)),
            Lookup::Absent => Ok(None),
            Lookup::Unknown => Ok(self.read(key)?.map(|value| value.copy_into(buf))),
        }
    }

    /// Reads a key that the cache does not know.
    #[cold]
    fn read(&self, key: &[u8]) -> Result<Option<Value>> {
        let epoch = self.cache.epoch();
        self.with_snapshot(|snapshot| self.read_through(snapshot, key, &self.view(snapshot, epoch)?))
    }

    /// Reads a key from the snapshot that a view is of, and lets the cache have it.
    fn read_through(&self, snapshot: &dyn Snapshot, key: &[u8], view: &View) -> Result<Option<Value>> {
        let now = self.clock.now();
        let value =
            snapshot.get(key)?.map(encoding::value_of).transpose()?.filter(|value| !value.expired(now));
        self.cache.fill(key, value.as_ref(), view.version, view.epoch);
        Ok(value)
    }

    /// What the cache knows of a key, if it is true as of now. Does not make it true, nor count a miss.
    fn probe_into(&self, key: &[u8], buf: &mut [u8]) -> Result<Lookup<usize>> {
        let entries = self.cache.entries();
        Ok(match self.cache.is_true(self.engine()?) {
            true => entries.probe_into(entries.hash(key), key, buf, || self.clock.now()),
            false => Lookup::Unknown,
        })
    }

    /// How the cache may serve reads of a snapshot that was begun after `epoch`.
    pub(super) fn view(&self, snapshot: &dyn Snapshot, epoch: Epoch) -> Result<View> {
        match self.present_view()? {
            Some(view) if self.cache.is_at(&snapshot.generation()) => Ok(view),
            _ => Ok(View { epoch, version: snapshot.last_version()?, in_step: false }),
        }
    }

    /// The present state, if the cache is of it: to be read from the cache alone, as far as that goes.
    pub(super) fn present_view(&self) -> Result<Option<View>> {
        let (engine, epoch) = (self.engine()?, self.cache.epoch());
        let view = View { version: self.cache.applied(), epoch, in_step: true };
        // Asked last: what raises `applied` has moved the engine on before.
        let in_step = self.cache.is_true(engine) && self.cache.applied() == view.version;
        Ok(in_step.then_some(view))
    }

    /// Whether nothing was committed since the present view was taken.
    pub(super) fn is_still(&self, view: &View) -> bool {
        let cache = &self.cache;
        view.in_step && cache.applied() == view.version && cache.epoch() == view.epoch
    }

    /// What the cache knows of a key as of a view.
    pub(super) fn known_as_of(&self, key: &[u8], view: &View) -> Lookup {
        if !view.in_step {
            return Lookup::Unknown;
        }
        let entries = self.cache.entries();
        match entries.get(entries.hash(key), key, || self.clock.now()) {
            Lookup::Found(value) if value.version() <= view.version => Lookup::Found(value),
            // An absence tells no version, but what is newer is applied before it is in the cache.
            Lookup::Absent if self.is_still(view) => Lookup::Absent,
            _ => Lookup::Unknown,
        }
    }

    /// Reads a key as of a snapshot, from the cache where it knows.
    pub(super) fn read_as_of(
        &self,
        snapshot: &dyn Snapshot,
        key: &[u8],
        view: &View,
    ) -> Result<Option<Value>> {
        match self.known_as_of(key, view) {
            Lookup::Found(value) => Ok(Some(value)),
            Lookup::Absent => Ok(None),
            Lookup::Unknown => self.read_through(snapshot, key, view),
        }
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Value>>> {
        if self.catch_up()? {
            let (entries, mut values) = (self.cache.entries(), Vec::with_capacity(keys.len()));
            let known = self.at_one_moment(keys, |hash, key| {
                values.push(match entries.get(hash, key, || self.clock.now()) {
                    Lookup::Found(value) => Some(value),
                    Lookup::Absent => None,
                    Lookup::Unknown => return false,
                });
                true
            })?;
            if known {
                return Ok(values);
            }
        }
        let epoch = self.cache.epoch();
        self.with_snapshot(|snapshot| {
            let view = self.view(snapshot, epoch)?;
            keys.iter().map(|key| self.read_through(snapshot, key, &view)).collect()
        })
    }

    /// Has each key, with its hash, looked up in the cache until `look` says no. Whether the cache was true, `look`
    /// never said no, and nothing was committed meanwhile.
    fn at_one_moment(&self, keys: &[&[u8]], mut look: impl FnMut(u64, &[u8]) -> bool) -> Result<bool> {
        let (engine, entries) = (self.engine()?, self.cache.entries());
        let before = engine.generation();
        if !self.cache.is_at(&before) {
            return Ok(false);
        }
        // Memory fetches what the next keys need while it is waited for what the first one needs.
        let mut hashes = [0; LOOK_AHEAD];
        for keys in keys.chunks(LOOK_AHEAD) {
            for (hash, key) in hashes.iter_mut().zip(keys) {
                *hash = entries.hash(key);
                entries.prefetch(*hash);
            }
            hashes.iter().zip(keys).for_each(|(hash, _)| entries.prefetch_item(*hash));
            if !hashes.iter().zip(keys).all(|(hash, key)| look(*hash, key)) {
                return Ok(false);
            }
        }
        Ok(engine.generation() == before && self.cache.is_at(&before))
    }
}
