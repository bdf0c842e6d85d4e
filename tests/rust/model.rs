//! Random sequences of operations against a plain ordered map: what a store promises, on every engine, with every size of
//! cache, through one store and through two on one file.

use std::collections::BTreeMap;

use joinly_storage::store::{ChangeKind, Expiry, Location};
use joinly_storage::{Batch, Kind, Scan, Store, Transaction, Watch};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult};

use crate::support::{Home, drain};

mod plain;
mod steps;

use plain::*;
use steps::*;

/// A model and the stores that must agree with it.
struct Run {
    home: Home,
    stores: Vec<Store>,
    /// Of the last store.
    watch: Watch,
    /// What the change log says: the version of each key's last write.
    told: BTreeMap<Key, u64>,
    told_version: u64,
    model: Model,
}

fn kind_of<T>(result: joinly_storage::Result<T>) -> Result<T, Kind> {
    result.map_err(|error| error.kind())
}

impl Run {
    fn new(home: Home, stores: usize) -> Self {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let watch = stores[stores.len() - 1].watch(0, b"").unwrap();
        let model = Model { now: stores[0].now().unwrap(), ..Model::default() };
        Self { home, stores, watch, told: BTreeMap::new(), told_version: 0, model }
    }

    fn step(&mut self, via: usize, op: &Op) -> TestCaseResult {
        let via = via % self.stores.len();
        let store = &self.stores[via];
        match op {
            Op::Get(key) => self.check_get(store, key)?,
            Op::GetMany(keys) => {
                let live = self.model.live();
                let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
                let found = store.get_many(&asked).unwrap();
                let found: Vec<_> = found.iter().map(|value| value.as_ref().map(entry_of)).collect();
                prop_assert_eq!(found, keys.iter().map(|key| live.get(key).cloned()).collect::<Vec<_>>());
            }
            Op::Scan(pages) => {
                let mut scan = pages.scan();
                let mut rows = Vec::new();
                loop {
                    let page = store.scan(&scan).unwrap();
                    prop_assert!(page.rows.len() <= pages.limit);
                    prop_assert!(page.cursor.is_none() || page.rows.len() == pages.limit);
                    rows.extend(page.rows);
                    match page.cursor {
                        Some(cursor) => scan = scan.after(&cursor),
                        None => break,
                    }
                }
                check_rows(&rows, &pages.of(&self.model.live()), pages.keys_only)?;
            }
            Op::Change(change) => {
                let expected = self.model.commit(std::slice::from_ref(change));
                prop_assert_eq!(apply(store, change), expected);
            }
            Op::Batch(checks, changes) => {
                let mut batch = Batch::new();
                let live = self.model.live();
                let version = |key: &Key| live.get(key).map_or(0, |entry| entry.version);
                let mut holds = true;
                for check in checks {
                    let (key, wanted) = match check {
                        Check::Present(key) => (key, version(key)),
                        Check::Absent(key) => (key, 0),
                        Check::Wrong(key) => (key, version(key) + 1),
                    };
                    batch.check(key, wanted).unwrap();
                    holds &= wanted == version(key);
                }
                changes.iter().for_each(|change| add(&mut batch, change));
                let expected = if holds { self.model.commit(changes).map(drop) } else { Err(Kind::Conflict) };
                let made = kind_of(store.commit(&batch));
                prop_assert_eq!(made, expected.map(|()| self.model.version));
            }
            Op::Transaction(steps, commit) => self.transaction(via, steps, *commit)?,
            Op::Advance(ms) => {
                self.home.clock.advance(*ms);
                self.model.now += ms;
            }
            Op::Reopen => self.reopen(via),
            Op::Checkpoint => store.checkpoint().unwrap(),
        }
        self.check_told()?;
        prop_assert_eq!(self.stores[via].version().unwrap(), self.model.version);
        Ok(())
    }

    fn check_get(&self, store: &Store, key: &[u8]) -> TestCaseResult {
        let expected = self.model.live().get(key).cloned();
        let found = store.get(key).unwrap();
        prop_assert_eq!(found.as_ref().map(entry_of), expected.clone());
        prop_assert_eq!(store.exists(key).unwrap(), expected.is_some());
        let mut buffer = [0; 8];
        let length = store.get_into(key, &mut buffer).unwrap();
        prop_assert_eq!(length, expected.as_ref().map(|entry| entry.value.len()));
        if let Some(entry) = expected.filter(|entry| entry.value.len() <= buffer.len()) {
            prop_assert_eq!(&buffer[..entry.value.len()], &entry.value[..]);
        }
        Ok(())
    }

    /// A memory engine ends with its store.
    fn reopen(&mut self, via: usize) {
        if self.stores[via].engine_name() == "memory" {
            return;
        }
        drop(self.stores.remove(via));
        self.stores.push(self.home.open());
        self.watch = self.stores[self.stores.len() - 1].watch(self.watch.version(), b"").unwrap();
    }

    /// Replays what the change log tells since the last time: it must lead to the same versions of the same keys.
    fn check_told(&mut self) -> TestCaseResult {
        for commit in drain(&mut self.watch) {
            prop_assert_eq!(commit.version, self.told_version + 1);
            self.told_version = commit.version;
            for change in commit.changes {
                match change.kind {
                    ChangeKind::Put => drop(self.told.insert(change.key, commit.version)),
                    ChangeKind::Delete | ChangeKind::Expire => drop(self.told.remove(&change.key)),
                }
            }
        }
        let expected = self.model.entries.iter().map(|(key, entry)| (key.clone(), entry.version));
        prop_assert_eq!(&self.told, &expected.collect::<BTreeMap<_, _>>());
        prop_assert_eq!(self.told_version, self.model.version);
        Ok(())
    }

    fn transaction(&mut self, via: usize, steps: &[Step], commit: bool) -> TestCaseResult {
        let mut txn = self.stores[via].begin().unwrap();
        let mut seen = Seen { live: self.model.live(), ..Seen::default() };
        for step in steps {
            match step {
                Step::Get(key) => {
                    let found = txn.get(key).unwrap();
                    prop_assert_eq!(found.as_ref().map(entry_of), seen.get(key));
                }
                Step::Change(change) => {
                    let Some(expected) = seen.change(&self.model, change) else { continue };
                    prop_assert_eq!(apply_in(&mut txn, change), expected);
                }
                Step::Scan(pages) => {
                    let page = txn.scan(&pages.scan()).unwrap();
                    let view = seen.live.clone();
                    let rows = pages.of(&view);
                    let shown = rows.len().min(pages.limit);
                    check_rows(&page.rows, &rows[..shown], pages.keys_only)?;
                    prop_assert_eq!(page.cursor.is_some(), rows.len() > shown);
                    let last = page.cursor.is_some().then(|| rows[shown - 1].0.clone());
                    seen.ranges.push((pages.clone(), last));
                }
                Step::Elsewhere(by, change) => {
                    let before = self.model.live();
                    let expected = self.model.commit(std::slice::from_ref(change));
                    prop_assert_eq!(apply(&self.stores[by % self.stores.len()], change), expected);
                    let after = self.model.live();
                    let key = key_of(change);
                    if before.get(key) != after.get(key) {
                        seen.changed.push(key.clone());
                    }
                }
            }
        }
        if !commit {
            return Ok(());
        }
        let made = kind_of(txn.commit());
        if seen.writes.is_empty() {
            prop_assert!(made.is_ok());
        } else if seen.conflicts(&self.model.live()) {
            prop_assert_eq!(made, Err(Kind::Conflict));
        } else {
            let changes: Vec<Change> = seen.writes.into_values().collect();
            prop_assert_eq!(self.model.commit(&changes).map(drop), Ok(()));
            prop_assert_eq!(made, Ok(self.model.version));
        }
        Ok(())
    }
}

/// What a transaction has read and written.
#[derive(Default)]
struct Seen {
    /// Its view: the live entries of its begin and its own writes, which have no version yet.
    live: BTreeMap<Key, Entry>,
    /// Each a put or a delete.
    writes: BTreeMap<Key, Change>,
    /// The version of each key read by itself; 0: absent.
    reads: BTreeMap<Key, u64>,
    /// With the last key read, where a page ended before the range did.
    ranges: Vec<(Pages, Option<Key>)>,
    /// By others, since the begin.
    changed: Vec<Key>,
}

impl Seen {
    fn get(&mut self, key: &Key) -> Option<Entry> {
        let found = self.live.get(key).cloned();
        if !self.writes.contains_key(key) {
            self.reads.insert(key.clone(), found.as_ref().map_or(0, |entry| entry.version));
        }
        found
    }

    /// What a change answers; None for one that transactions do not have.
    fn change(&mut self, model: &Model, change: &Change) -> Option<Result<i64, Kind>> {
        let key = key_of(change).clone();
        if matches!(change, Change::Expire(..)) {
            return None;
        }
        if !matches!(change, Change::Put(..)) {
            self.get(&key);
        }
        // A lease that is written again in the transaction counts from the commit, which is at the same time here.
        let reply = match model.change(&mut self.live, change) {
            Ok((reply, changed)) => {
                if !changed {
                    return Some(Ok(reply));
                }
                reply
            }
            Err(kind) => return Some(Err(kind)),
        };
        let write = match self.live.get_mut(&key) {
            Some(entry) => {
                entry.version = 0;
                let ttl = if entry.expires_at == 0 { 0 } else { (entry.expires_at - model.now) as u64 };
                Change::Put(key.clone(), entry.value.clone(), ttl)
            }
            None => Change::Delete(key.clone()),
        };
        self.writes.insert(key, write);
        Some(Ok(reply))
    }

    fn conflicts(&self, now: &BTreeMap<Key, Entry>) -> bool {
        let version = |key| now.get(key).map_or(0, |entry| entry.version);
        let in_a_range = |key: &Key| {
            self.ranges.iter().any(|(pages, last)| {
                pages.covers(key)
                    && match last {
                        None => true,
                        Some(last) if pages.reverse => key >= last,
                        Some(last) => key <= last,
                    }
            })
        };
        self.reads.iter().any(|(key, seen)| version(key) != *seen) || self.changed.iter().any(in_a_range)
    }
}

fn entry_of(value: &joinly_storage::Value) -> Entry {
    Entry { value: value.to_vec(), version: value.version(), expires_at: value.expires_at() }
}

fn check_rows(
    found: &[joinly_storage::store::Row],
    expected: &[(&Key, &Entry)],
    keys_only: bool,
) -> TestCaseResult {
    let shown: Vec<_> = found.iter().map(|row| (&row.key, row.version, row.expires_at)).collect();
    let wanted: Vec<_> =
        expected.iter().map(|(key, entry)| (*key, entry.version, entry.expires_at)).collect();
    prop_assert_eq!(shown, wanted);
    for (row, (_, entry)) in found.iter().zip(expected) {
        let wanted = (!keys_only).then_some((*entry).clone());
        prop_assert_eq!(row.value.as_ref().map(entry_of), wanted);
    }
    Ok(())
}

fn key_of(change: &Change) -> &Key {
    match change {
        Change::Put(key, ..) | Change::Delete(key) | Change::Add(key, _) | Change::Expire(key, _) => key,
    }
}

fn apply(store: &Store, change: &Change) -> Result<i64, Kind> {
    kind_of(match change {
        Change::Put(key, value, ttl) => store.put_ttl(key, value, *ttl).map(|_| 1),
        Change::Delete(key) => store.delete(key).map(i64::from),
        Change::Add(key, delta) => store.add(key, *delta),
        Change::Expire(key, ttl) => store.expire(key, *ttl).map(i64::from),
    })
}

fn apply_in(txn: &mut Transaction, change: &Change) -> Result<i64, Kind> {
    kind_of(match change {
        Change::Put(key, value, ttl) => txn.put_ttl(key, value, *ttl).map(|()| 1),
        Change::Delete(key) => txn.delete(key).map(i64::from),
        Change::Add(key, delta) => txn.add(key, *delta),
        Change::Expire(..) => Ok(0),
    })
}

fn add(batch: &mut Batch, change: &Change) {
    match change {
        Change::Put(key, value, 0) => batch.put_expiring(key, value, Expiry::Never),
        Change::Put(key, value, ttl) => batch.put_ttl(key, value, *ttl),
        Change::Delete(key) => batch.delete(key),
        Change::Add(key, delta) => batch.add(key, *delta),
        Change::Expire(key, ttl) => batch.expire(key, *ttl),
    }
    .unwrap();
}

/// The same sequences at every run; `PROPTEST_CASES` asks for more of them.
fn check_against_the_model(home: impl Fn() -> Home, stores: usize, cache_bytes: u64) {
    let default = Config::default();
    // Files cost time.
    let cases = if home().config.location == Location::Memory { default.cases } else { default.cases / 4 };
    let seed = RngSeed::Fixed(cache_bytes + stores as u64);
    let config = Config { cases, rng_seed: seed, failure_persistence: None, ..default };
    proptest!(config, |(ops in prop::collection::vec((0..2usize, op()), 1..40))| {
        let home = home().with(|options| options.cache_bytes = cache_bytes);
        let mut run = Run::new(home, stores);
        for (via, op) in &ops {
            run.step(*via, op)?;
        }
        for store in &run.stores {
            for key in ["a", "a\0", "ab", "b", "none"] {
                run.check_get(store, key.as_bytes())?;
            }
        }
        run.stores[0].verify().unwrap();
    });
}

const TINY: u64 = 1;
const SMALL: u64 = 600;
const LARGE: u64 = 64 << 20;

#[test]
fn memory_with_no_cache() {
    check_against_the_model(Home::memory, 1, TINY);
}

#[test]
fn memory_with_a_small_cache() {
    check_against_the_model(Home::memory, 1, SMALL);
}

#[test]
fn memory_with_a_large_cache() {
    check_against_the_model(Home::memory, 1, LARGE);
}

#[test]
fn sqlite_with_no_cache() {
    check_against_the_model(Home::sqlite, 1, TINY);
}

#[test]
fn sqlite_with_a_small_cache() {
    check_against_the_model(Home::sqlite, 1, SMALL);
}

#[test]
fn sqlite_with_a_large_cache() {
    check_against_the_model(Home::sqlite, 1, LARGE);
}

#[test]
fn leveldb_with_no_cache() {
    check_against_the_model(Home::leveldb, 1, TINY);
}

#[test]
fn leveldb_with_a_small_cache() {
    check_against_the_model(Home::leveldb, 1, SMALL);
}

#[test]
fn behind_with_no_cache() {
    check_against_the_model(Home::behind, 1, TINY);
}

#[test]
fn behind_flushing_with_no_cache() {
    check_against_the_model(Home::behind_flushing, 1, TINY);
}

#[test]
fn behind_with_a_small_cache() {
    check_against_the_model(Home::behind_flushing, 1, SMALL);
}

#[test]
fn two_stores_with_a_small_cache_on_one_file() {
    check_against_the_model(Home::sqlite, 2, SMALL);
}

#[test]
fn two_stores_with_a_large_cache_on_one_file() {
    check_against_the_model(Home::sqlite, 2, LARGE);
}

#[test]
fn jsonl_with_no_cache() {
    check_against_the_model(Home::jsonl, 1, TINY);
}

#[test]
fn jsonl_with_a_small_cache() {
    check_against_the_model(Home::jsonl, 1, SMALL);
}
