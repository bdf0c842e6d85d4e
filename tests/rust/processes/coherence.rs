//! No stale read, ever: two writers and four readers in three processes on hot keys, while others checkpoint, rewrite the
//! file, write to it without this library, and die in the middle of a write.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use joinly_storage::store::Durability;
use joinly_storage::{Batch, Store};
use rusqlite::{Connection, TransactionBehavior};

use super::shared::{Shared, die, tear_wal_index};
use super::{Child, busy_for, number_from_environment, open, report};

/// Keys that each of the two writers owns, and the key that is written by plain SQL.
const OWNED: usize = 6;
const RAW: usize = 2 * OWNED;
/// Cell of the acknowledged additions to the counter.
const TOTAL: usize = RAW + 1;

fn key(at: usize) -> String {
    format!("hot:{at}")
}

fn value(store: &Store, at: usize) -> u64 {
    store
        .get(key(at).as_bytes())
        .unwrap()
        .map_or(0, |value| std::str::from_utf8(&value).unwrap().parse().unwrap())
}

/// Writes its keys, each number greater than the one before, and says what was acknowledged. Odd numbers go out in pairs.
fn write(store: &Store, shared: &Shared, writer: usize, mut going: impl FnMut() -> bool) -> u64 {
    let mut n = (0..OWNED).map(|at| shared.get(writer * OWNED + at)).max().unwrap();
    let start = n;
    while going() {
        n += 1;
        let at = writer * OWNED + n as usize % OWNED;
        let mut batch = Batch::new();
        batch.put(key(at).as_bytes(), n.to_string().as_bytes()).unwrap();
        batch.add(b"total", 1).unwrap();
        store.commit(&batch).unwrap();
        shared.raise(at, n);
        shared.cell(TOTAL).fetch_add(1, Ordering::SeqCst);
    }
    n - start
}

/// Reads all keys: never less than what was acknowledged before, nor than what it read before.
fn read(store: &Store, shared: &Shared, mut going: impl FnMut() -> bool) -> u64 {
    let mut last = [0; RAW + 1];
    let mut reads = 0;
    while going() {
        for (at, last) in last.iter_mut().enumerate() {
            let acknowledged = shared.get(at);
            let found = value(store, at);
            assert!(
                found >= acknowledged,
                "stale: {found} of {} when {acknowledged} was acknowledged",
                key(at)
            );
            assert!(found >= *last, "back in time: {found} of {} after {last}", key(at));
            *last = found;
            reads += 1;
        }
    }
    reads
}

fn open_hot(file: &Path, cache_bytes: u64) -> Store {
    open(file, |options| {
        options.cache_bytes = cache_bytes;
        options.durability = Durability::Process;
        options.busy_timeout_ms = 30_000;
    })
}

/// A writer and a reader, or two readers.
pub fn child(arguments: &[&str]) {
    let [file, cells, writer, ms] = arguments else { panic!("{arguments:?}") };
    let store = open_hot(Path::new(file), 1 << 20);
    let shared = Shared::map(Path::new(cells));
    let time = Duration::from_millis(ms.parse().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| read(&store, &shared, busy_for(time)));
        match writer.parse() {
            Ok(writer) => write(&store, &shared, writer, busy_for(time)),
            Err(_) => read(&store, &shared, busy_for(time)),
        };
    });
    report("done");
}

/// Writes a key with SQL of its own: no version, no change log.
pub fn raw_child(arguments: &[&str]) {
    let [file, cells, ms] = arguments else { panic!("{arguments:?}") };
    let shared = Shared::map(Path::new(cells));
    let mut raw = Connection::open(file).unwrap();
    raw.busy_timeout(Duration::from_secs(30)).unwrap();
    let mut going = busy_for(Duration::from_millis(ms.parse().unwrap()));
    let mut n = shared.get(RAW);
    while going() {
        n += 1;
        let txn = raw.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let (value, key) = (n.to_string().into_bytes(), key(RAW).into_bytes());
        txn.execute("UPDATE kv SET value = ?1 WHERE key = ?2", (&value, &key)).unwrap();
        // The changes of rows of a view are not counted.
        let changed: Vec<u8> =
            txn.query_row("SELECT value FROM kv WHERE key = ?1", [&key], |row| row.get(0)).unwrap();
        assert_eq!(changed, value);
        txn.commit().unwrap();
        shared.raise(RAW, n);
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Dies with the write lock held and the header of the WAL-index half written: the next reader has to recover it.
pub fn tear_child(arguments: &[&str]) {
    let [file] = arguments else { panic!("{arguments:?}") };
    let mut raw = Connection::open(file).unwrap();
    raw.busy_timeout(Duration::from_secs(30)).unwrap();
    let txn = raw.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    txn.execute("UPDATE kv SET value = x'00' WHERE key = CAST(?1 AS BLOB)", [key(0)]).unwrap();
    tear_wal_index(Path::new(&format!("{file}-shm")));
    die();
}

#[test]
fn no_read_is_ever_stale() {
    let home = tempfile::tempdir().unwrap();
    let (file, cells) = (home.path().join("hot.db"), home.path().join("cells"));
    let (file_name, cells_name) = (file.to_str().unwrap(), cells.to_str().unwrap());
    let ms = number_from_environment("JOINLY_COHERENCE_MS", 8000);
    let shared = Shared::map(&cells);
    let store = open_hot(&file, 64 << 20);
    store.put(key(RAW).as_bytes(), b"0").unwrap();
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let (store, shared, reads) = (&store, &shared, &reads);
    let commits = std::thread::scope(|scope| {
        let others = [
            Child::spawn("coherence", &[file_name, cells_name, "1", &ms.to_string()]),
            Child::spawn("coherence", &[file_name, cells_name, "reader", &ms.to_string()]),
            Child::spawn("raw", &[file_name, cells_name, &ms.to_string()]),
        ];
        let stop = &stop;
        // Also when an assertion fails.
        let _stopping = Stop(stop);
        let going = move || !stop.load(Ordering::Relaxed);
        let writer = scope.spawn(move || write(store, shared, 0, going));
        scope.spawn(move || reads.fetch_add(read(store, shared, going), Ordering::Relaxed));
        let mut disturbing = busy_for(Duration::from_millis(ms));
        while disturbing() {
            std::thread::sleep(Duration::from_millis(100));
            // Readers of other processes may be in the way.
            let _ = store.checkpoint();
            std::thread::sleep(Duration::from_millis(100));
            let mut torn = Child::spawn("tear", &[file_name]);
            assert_eq!(torn.line(), None);
            store.compact().unwrap();
        }
        others.into_iter().for_each(Child::join);
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert!(commits > 100 && reads.load(Ordering::Relaxed) > 1000, "{commits} commits");
    let total = store.add(b"total", 0).unwrap();
    assert_eq!(total as u64, shared.get(TOTAL), "additions were lost or doubled");
    let stats = store.stats().unwrap();
    assert!(stats.cache_invalidations > 0 && stats.cache_resets > 0, "{stats:?}");
    store.verify().unwrap();
}

struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Without disturbance foreign commits are told exactly: the cache is not dropped, only what changed.
#[test]
fn foreign_commits_drop_only_what_they_changed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("exact.db");
    let (ours, theirs) = (open_hot(&file, 64 << 20), open_hot(&file, 64 << 20));
    for at in 0..100 {
        ours.put(format!("cold:{at}").as_bytes(), b"x").unwrap();
    }
    let before = ours.stats().unwrap();
    for n in 0..200 {
        theirs.put(key(0).as_bytes(), n.to_string().as_bytes()).unwrap();
        assert_eq!(value(&ours, 0), n);
        assert_eq!(ours.get(format!("cold:{}", n % 100).as_bytes()).unwrap().as_deref(), Some(&b"x"[..]));
    }
    let after = ours.stats().unwrap();
    assert_eq!(after.cache_resets, before.cache_resets);
    assert_eq!(after.cache.misses - before.cache.misses, 200, "only the changed key is read again");
}
