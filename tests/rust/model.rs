//! Random sequences of operations against a plain ordered map: what a store promises, on every engine, with every size of
//! cache, through one store and through two on one file.

use std::collections::BTreeMap;

use joinly_storage::store::{ChangeKind, Expiry, Location};
use joinly_storage::{Batch, Kind, Scan, Store, Transaction, Watch};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult};

use crate::support::{Home, drain};

type Key = Vec<u8>;

/// A mutation, single or in a batch or transaction.
#[derive(Clone, Debug)]
enum Change {
    Put(Key, Vec<u8>, u64),
    Delete(Key),
    Add(Key, i64),
    Expire(Key, u64),
}

#[derive(Clone, Debug)]
enum Check {
    /// The version is what it is now.
    Present(Key),
    Absent(Key),
    /// The version is one that it never has.
    Wrong(Key),
}

/// What is read, with a limit on the rows.
#[derive(Clone, Debug)]
struct Pages {
    start: Key,
    end: Key,
    prefix: bool,
    reverse: bool,
    keys_only: bool,
    limit: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Get(Key),
    Change(Change),
    Scan(Pages),
    /// By another writer meanwhile.
    Elsewhere(usize, Change),
}

#[derive(Clone, Debug)]
enum Op {
    Get(Key),
    GetMany(Vec<Key>),
    Scan(Pages),
    Change(Change),
    Batch(Vec<Check>, Vec<Change>),
    /// Steps, and whether it is committed.
    Transaction(Vec<Step>, bool),
    Advance(i64),
    Reopen,
    Checkpoint,
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(vec![&b"a"[..], b"a\0", b"ab", b"b", b"b\xff", b"\xff", b"\xff\xff"])
        .prop_map(<[u8]>::to_vec)
}

fn bound() -> impl Strategy<Value = Key> {
    prop_oneof![4 => key(), 1 => Just(Key::new()), 1 => Just(b"aa".to_vec())]
}

/// Counters, short values, and such as are stored in their own way: compressed, or outside their row.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => (-9..9i64).prop_map(|n| n.to_string().into_bytes()),
        1 => Just(i64::MAX.to_string().into_bytes()),
        3 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (any::<u8>(), 850..950usize).prop_map(|(byte, size)| vec![byte; size]),
        1 => (any::<u8>(), 1000..5000usize).prop_map(|(byte, size)| vec![byte; size]),
        1 => (any::<u8>(), 1000..2000usize).prop_map(|(salt, size)| noise(salt, size)),
    ]
}

/// Bytes that do not compress.
fn noise(salt: u8, size: usize) -> Vec<u8> {
    let mut state = u32::from(salt) + 1;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(size)
    .collect()
}

fn ttl() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0), 3 => 1..30u64, 1 => Just(u64::MAX)]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (key(), value(), ttl()).prop_map(|(key, value, ttl)| Change::Put(key, value, ttl)),
        2 => key().prop_map(Change::Delete),
        2 => (key(), prop_oneof![Just(1), Just(-1), Just(i64::MAX)]).prop_map(|(key, n)| Change::Add(key, n)),
        2 => (key(), ttl()).prop_map(|(key, ttl)| Change::Expire(key, ttl)),
    ]
}

fn check() -> impl Strategy<Value = Check> {
    prop_oneof![key().prop_map(Check::Present), key().prop_map(Check::Absent), key().prop_map(Check::Wrong)]
}

fn pages() -> impl Strategy<Value = Pages> {
    (bound(), bound(), any::<bool>(), any::<bool>(), any::<bool>(), 1..5usize).prop_map(
        |(start, end, prefix, reverse, keys_only, limit)| Pages {
            start,
            end,
            prefix,
            reverse,
            keys_only,
            limit,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => key().prop_map(Step::Get),
        4 => change().prop_map(Step::Change),
        2 => pages().prop_map(Step::Scan),
        2 => (0..2usize, change()).prop_map(|(via, change)| Step::Elsewhere(via, change)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => key().prop_map(Op::Get),
        2 => prop::collection::vec(key(), 0..5).prop_map(Op::GetMany),
        4 => pages().prop_map(Op::Scan),
        10 => change().prop_map(Op::Change),
        3 => (prop::collection::vec(check(), 0..2), prop::collection::vec(change(), 0..5))
            .prop_map(|(checks, changes)| Op::Batch(checks, changes)),
        3 => (prop::collection::vec(step(), 0..7), prop::bool::weighted(0.8))
            .prop_map(|(steps, commit)| Op::Transaction(steps, commit)),
        4 => (1..20i64).prop_map(Op::Advance),
        1 => Just(Op::Reopen),
        1 => Just(Op::Checkpoint),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    value: Vec<u8>,
    version: u64,
    expires_at: i64,
}

impl Pages {
    fn scan(&self) -> Scan {
        let scan = if self.prefix { Scan::prefix(&self.start) } else { Scan::range(&self.start, &self.end) };
        scan.reverse(self.reverse).keys_only(self.keys_only).limit(self.limit)
    }

    fn covers(&self, key: &[u8]) -> bool {
        if self.prefix {
            key.starts_with(&self.start)
        } else {
            key >= self.start.as_slice() && (self.end.is_empty() || key < self.end.as_slice())
        }
    }

    /// The rows of a map that it covers, in its order.
    fn of<'m>(&self, map: &'m BTreeMap<Key, Entry>) -> Vec<(&'m Key, &'m Entry)> {
        let mut rows: Vec<_> = map.iter().filter(|(key, _)| self.covers(key)).collect();
        if self.reverse {
            rows.reverse();
        }
        rows
    }
}

/// The plainest store. Expired entries stay in `entries` until they are written over, as in a file that nobody sweeps.
#[derive(Clone, Default)]
struct Model {
    entries: BTreeMap<Key, Entry>,
    version: u64,
    now: i64,
}

impl Model {
    fn live(&self) -> BTreeMap<Key, Entry> {
        let live = |entry: &Entry| entry.expires_at == 0 || entry.expires_at > self.now;
        self.entries.clone().into_iter().filter(|(_, entry)| live(entry)).collect()
    }

    fn expiry(&self, ttl: u64) -> i64 {
        match ttl {
            0 => 0,
            ttl => self.now.saturating_add(i64::try_from(ttl).unwrap_or(i64::MAX)),
        }
    }

    /// Makes a change on the live entries of a commit; what its caller is told, and whether it changed anything.
    fn change(&self, live: &mut BTreeMap<Key, Entry>, change: &Change) -> Result<(i64, bool), Kind> {
        let version = self.version + 1;
        match change {
            Change::Put(key, value, ttl) => {
                let expires_at = self.expiry(*ttl);
                live.insert(key.clone(), Entry { value: value.clone(), version, expires_at });
                Ok((1, true))
            }
            Change::Delete(key) => Ok(if live.remove(key).is_some() { (1, true) } else { (0, false) }),
            Change::Add(key, delta) => {
                let (old, expires_at) = match live.get(key) {
                    Some(entry) => (counter(&entry.value)?, entry.expires_at),
                    None => (0, 0),
                };
                let sum = old.checked_add(*delta).ok_or(Kind::OutOfRange)?;
                live.insert(key.clone(), Entry { value: sum.to_string().into_bytes(), version, expires_at });
                Ok((sum, true))
            }
            Change::Expire(key, ttl) => Ok(match live.get_mut(key) {
                Some(entry) => {
                    (entry.version, entry.expires_at) = (version, self.expiry(*ttl));
                    (1, true)
                }
                None => (0, false),
            }),
        }
    }

    /// All or nothing; what the last change answers.
    fn commit(&mut self, changes: &[Change]) -> Result<i64, Kind> {
        let mut live = self.live();
        let (mut reply, mut touched) = (0, Vec::new());
        for change in changes {
            let (answer, changed) = self.change(&mut live, change)?;
            reply = answer;
            touched.extend(changed.then(|| key_of(change)));
        }
        self.version += u64::from(!touched.is_empty());
        for key in touched {
            match live.get(key) {
                Some(entry) => drop(self.entries.insert(key.clone(), entry.clone())),
                None => drop(self.entries.remove(key)),
            }
        }
        Ok(reply)
    }
}

fn counter(value: &[u8]) -> Result<i64, Kind> {
    let text = std::str::from_utf8(value).map_err(|_| Kind::WrongType)?;
    if text.starts_with('+') { Err(Kind::WrongType) } else { text.parse().map_err(|_| Kind::WrongType) }
}

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
