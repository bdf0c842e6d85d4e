//! The one way in: every change of a store, single or in batches, is a commit carried by a group.

use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use super::apply::{self, Plan};
use super::batch::Batch;
use super::changelog::{self, Logged, LoggedChange};
use super::group::Replies;
use super::{Inner, Store};
use crate::engine::{CommitError, Engine, Writer};
use crate::error::{Error, Kind, Result};

/// A packed batch on its way into the engine.
pub(super) type Request = Batch;

/// What a commit answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    pub version: u64,
    /// Of the last operation: a sum, or whether the key existed.
    pub value: i64,
}

/// The change log is trimmed by one in so many transactions, by at most so many entries.
const TRIM_EVERY: u64 = 64;
const TRIM_MOST: u32 = 512;

impl Store {
    /// Writes a value that never expires. Answers the commit's version.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`], [`Kind::Busy`], [`Kind::Full`], [`Kind::ReadOnly`], [`Kind::Io`],
    /// [`Kind::Corrupt`], [`Kind::Poisoned`], [`Kind::Closed`], [`Kind::Forked`]; so for all methods below.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<u64> {
        self.put_ttl(key, value, 0)
    }

    /// Writes a value that expires `ttl_ms` milliseconds after its commit; 0: never.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn put_ttl(&self, key: &[u8], value: &[u8], ttl_ms: u64) -> Result<u64> {
        Ok(self.inner.commit_one(|batch| batch.put_ttl(key, value, ttl_ms))?.version)
    }

    /// Deletes a key; whether it existed.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn delete(&self, key: &[u8]) -> Result<bool> {
        Ok(self.inner.commit_one(|batch| batch.delete(key))?.value != 0)
    }

    /// Changes when a key expires: `ttl_ms` milliseconds after the commit; 0: never. Whether it existed.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn expire(&self, key: &[u8], ttl_ms: u64) -> Result<bool> {
        Ok(self.inner.commit_one(|batch| batch.expire(key, ttl_ms))?.value != 0)
    }

    /// Adds to a counter, atomically across threads and processes; answers the sum. See [`Batch::add`].
    ///
    /// # Errors
    /// As [`Store::put`], and [`Kind::WrongType`], [`Kind::OutOfRange`].
    pub fn add(&self, key: &[u8], delta: i64) -> Result<i64> {
        Ok(self.inner.commit_one(|batch| batch.add(key, delta))?.value)
    }

    /// Commits a batch: all of it or nothing. Answers the commit's version, greater than those of all commits before; for
    /// a batch that changes nothing, the present version.
    ///
    /// # Errors
    /// As [`Store::add`], and [`Kind::Conflict`].
    pub fn commit(&self, batch: &Batch) -> Result<u64> {
        Ok(self.inner.commit(batch.clone())?.version)
    }
}

impl Inner {
    fn commit_one(&self, fill: impl FnOnce(&mut Batch) -> Result<()>) -> Result<Reply> {
        let mut batch = Batch::new();
        fill(&mut batch)?;
        self.commit(batch)
    }

    pub(super) fn commit(&self, batch: Batch) -> Result<Reply> {
        self.engine_to_write()?;
        batch.keys().for_each(|key| self.cache.prefetch(key));
        let reply = self.group.run(batch.pack(&self.compression), |requests| self.carry(requests));
        match &reply {
            Ok(_) => self.counters.commits.fetch_add(1, Ordering::Relaxed),
            Err(error) if error.kind() == Kind::Conflict => {
                self.counters.conflicts.fetch_add(1, Ordering::Relaxed)
            }
            Err(_) => 0,
        };
        reply
    }

    /// Carries requests in one transaction of the engine. A refused one does not hinder the others.
    fn carry(&self, requests: &[Request]) -> Replies<Reply> {
        match self.note(self.try_carry(requests)) {
            Ok(replies) => replies,
            // What the engine refuses of one is no matter of the others.
            Err(error) if is_refusal(&error) && requests.len() > 1 => {
                requests.iter().flat_map(|request| self.carry(std::slice::from_ref(request))).collect()
            }
            Err(error) => requests.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn try_carry(&self, requests: &[Request]) -> Result<Replies<Reply>> {
        let engine = self.engine_to_write()?;
        let mut writer = self.begin(engine)?;
        let start = self.start(engine, writer.as_ref())?;
        let indexes = self.catalog.current(writer.as_ref())?;
        indexes.check_writable()?;
        let now = self.clock.now();
        let mut version = start;
        let mut plans: SmallVec<[(u64, Plan<'_>); 1]> = SmallVec::new();
        let mut replies = Replies::with_capacity(requests.len());
        let cache = self.cache.is_at(&writer.generation()).then(|| self.cache.entries());
        for request in requests {
            // The cache does not know what those before are about to change.
            let cache = cache.filter(|_| plans.is_empty());
            replies.push(match apply::plan(request, writer.as_ref(), cache, now) {
                Ok(plan) => {
                    let value = plan.reply;
                    if !plan.is_empty() {
                        version = next(version)?;
                        plan.write(writer.as_mut(), version, &indexes)?;
                        plans.push((version, plan));
                    }
                    Ok(Reply { version, value })
                }
                Err(error) if is_refusal(&error) => Err(error),
                Err(error) => return Err(error),
            });
        }
        if plans.is_empty() {
            return Ok(replies);
        }
        let entry = changelog::encode(start + 1, now, plans.iter().map(|(_, plan)| plan.logged()));
        let expired: u64 = plans.iter().map(|(_, plan)| plan.expired()).sum();
        self.finish(engine, writer, version, &entry, &plans)?;
        if expired > 0 {
            self.counters.expired.fetch_add(expired, Ordering::Relaxed);
        }
        Ok(replies)
    }

    /// Commits a change of the catalog of indexes made by `change`.
    pub(super) fn commit_catalog(
        &self,
        name: &str,
        change: impl Fn(&mut dyn Writer) -> Result<()>,
    ) -> Result<()> {
        self.engine_to_write()?;
        let _changing = self.catalog.change();
        self.note(self.try_commit_catalog(name, change))
    }

    fn try_commit_catalog(&self, name: &str, change: impl Fn(&mut dyn Writer) -> Result<()>) -> Result<()> {
        let engine = self.engine_to_write()?;
        let mut writer = self.begin(engine)?;
        let version = next(self.start(engine, writer.as_ref())?)?;
        change(writer.as_mut())?;
        let changed = LoggedChange { what: Logged::Catalog, key: name.as_bytes() };
        let entry = changelog::encode(version, self.clock.now(), [[changed].into_iter()].into_iter());
        self.catalog.forget();
        self.finish(engine, writer, version, &entry, &[])
    }

    /// The version to go on from, with the cache true as of it.
    fn start(&self, engine: &dyn Engine, writer: &dyn Writer) -> Result<u64> {
        let generation = writer.generation();
        if !self.cache.is_at(&generation) {
            let _sync = self.cache.sync();
            if !self.absorb(engine, writer, &generation)? {
                return writer.last_version();
            }
        }
        Ok(self.cache.applied())
    }

    /// Commits what was planned and written under `version` and those before it.
    fn finish(
        &self,
        engine: &dyn Engine,
        mut writer: Box<dyn Writer + '_>,
        version: u64,
        entry: &[u8],
        plans: &[(u64, Plan<'_>)],
    ) -> Result<()> {
        writer.append_log(version, entry)?;
        let transactions = self.counters.engine_commits.fetch_add(1, Ordering::Relaxed);
        if version > self.log_keep && transactions.is_multiple_of(TRIM_EVERY) {
            writer.trim_log(version - self.log_keep, TRIM_MOST)?;
        }
        let before = writer.generation();
        plans.iter().for_each(|(_, plan)| plan.keys().for_each(|key| self.cache.prefetch_item(key)));
        // Readers that see the new generation wait here until its effects are in the cache.
        let _sync = self.cache.sync();
        match writer.commit() {
            Ok(after) => {
                let entry = (version, changelog::fingerprint(entry));
                self.cache.adopt(&before, &after, entry, |entries| {
                    plans.iter().for_each(|(version, plan)| plan.update(entries, *version));
                });
            }
            Err(CommitError { error, outcome_unknown }) => {
                if outcome_unknown {
                    self.poisoned.store(true, Ordering::Relaxed);
                    crate::log::error(format_args!("the store refuses writes until it is reopened: {error}"));
                }
                return Err(error);
            }
        }
        if engine.wants_maintenance() {
            self.wake_upkeep();
        }
        Ok(())
    }
}

/// The errors that concern one request and leave the transaction as it was.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Conflict | Kind::WrongType | Kind::OutOfRange | Kind::Invalid | Kind::TooLarge
    )
}

fn next(version: u64) -> Result<u64> {
    // The file stores versions as signed 64-bit integers.
    if version >= i64::MAX as u64 {
        return Err(Error::new(Kind::Corrupt, "versions are used up: the file was damaged"));
    }
    Ok(version + 1)
}
