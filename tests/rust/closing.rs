//! Closing: while others are at it, in any order, once and for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use joinly_storage::{Batch, Find, IndexSpec, Kind, Result, Scan, Store};

use crate::support::{Home, PATIENCE, eventually, get, kind};

/// Calls until the store is closed; how often that went well.
fn until_closed(counted: &AtomicU64, mut call: impl FnMut(u64) -> Result<()>) {
    loop {
        match call(counted.load(Ordering::SeqCst)) {
            Ok(()) => drop(counted.fetch_add(1, Ordering::SeqCst)),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Closed, "{error}");
                return;
            }
        }
    }
}

#[test]
fn closing_while_everybody_is_busy_loses_nothing_acknowledged() {
    for home in Home::each() {
        let home = home.with(|options| options.sweep_interval_ms = 1);
        let store = home.open();
        store.declare_index(&IndexSpec::new("n", b"", "$.n").unwrap()).unwrap();
        let counted: [AtomicU64; 6] = Default::default();
        std::thread::scope(|scope| {
            let [put, add, read, scan, poll, txn] = &counted;
            let store = &store;
            let key = |n: u64| format!("put {n}").into_bytes();
            scope.spawn(move || until_closed(put, |n| store.put(&key(n), b"{\"n\":1}").map(drop)));
            scope.spawn(|| until_closed(add, |_| store.add(b"sum", 1).map(drop)));
            scope.spawn(|| until_closed(read, |n| store.get(&[1 + (n % 250) as u8]).map(drop)));
            scope.spawn(|| {
                until_closed(scan, |_| {
                    store.scan(&Scan::prefix(b"")).and_then(|_| store.find("n", &Find::all())).map(drop)
                });
            });
            scope.spawn(|| {
                let mut watch = store.watch(0, b"").unwrap();
                until_closed(poll, |_| watch.poll(PATIENCE).map(drop));
            });
            scope.spawn(|| {
                until_closed(txn, |_| store.transaction(|txn| txn.put_ttl(b"lease", b"v", 1)).map(drop));
            });
            eventually("everybody is at work", || counted.iter().all(|n| n.load(Ordering::SeqCst) > 5));
            store.close().unwrap();
        });
        let [put, add, ..] = counted.map(AtomicU64::into_inner);
        if store.engine_name() == "memory" {
            continue;
        }
        drop(store);
        let store = home.open();
        store.verify().unwrap();
        assert_eq!(store.add(b"sum", 0).unwrap(), add as i64);
        for n in 0..put {
            assert!(store.exists(format!("put {n}").as_bytes()).unwrap(), "put {n} was acknowledged");
        }
        assert!(!store.exists(format!("put {put}").as_bytes()).unwrap(), "put {put} was refused");
    }
}

#[test]
fn every_call_on_a_closed_store_says_so() {
    for home in Home::each() {
        let store = home.open();
        store.put(b"k", b"v").unwrap();
        let mut watch = store.watch(0, b"").unwrap();
        store.close().unwrap();
        assert_eq!(kind(store.close()), Kind::Closed);
        assert_eq!(kind(store.get(b"k")), Kind::Closed);
        assert_eq!(kind(store.get_many(&[b"k"])), Kind::Closed);
        assert_eq!(kind(store.scan(&Scan::prefix(b""))), Kind::Closed);
        assert_eq!(kind(store.find("n", &Find::all())), Kind::Closed);
        assert_eq!(kind(store.put(b"k", b"w")), Kind::Closed);
        assert_eq!(kind(store.commit(&Batch::new())), Kind::Closed);
        assert_eq!(kind(store.watch(0, b"").map(drop)), Kind::Closed);
        assert_eq!(kind(watch.poll(PATIENCE)), Kind::Closed);
        assert_eq!(kind(store.indexes()), Kind::Closed);
        assert_eq!(kind(store.stats()), Kind::Closed);
        assert_eq!(kind(store.version()), Kind::Closed);
        assert_eq!(kind(store.now()), Kind::Closed);
        assert_eq!(kind(store.limits()), Kind::Closed);
        assert_eq!(kind(store.flush(0)), Kind::Closed);
        assert_eq!(kind(store.checkpoint()), Kind::Closed);
        assert_eq!(kind(store.compact()), Kind::Closed);
        assert_eq!(kind(store.verify()), Kind::Closed);
    }
}

#[test]
fn values_rows_and_commits_outlive_the_store() {
    for home in Home::each() {
        let store = home.with(|options| options.cache_bytes = 1000).open();
        store.put(b"k", &[7; 500]).unwrap();
        let value = store.get(b"k").unwrap().unwrap();
        store.put(b"k", b"overwritten").unwrap();
        store.put(b"other", &[8; 500]).unwrap();
        store.get(b"other").unwrap();
        let page = store.scan(&Scan::prefix(b"")).unwrap();
        let commit = store.watch(0, b"").unwrap().poll(Duration::ZERO).unwrap().unwrap();
        drop(store);
        assert_eq!(&*value, [7; 500]);
        assert_eq!(page.rows[0].value.as_deref(), Some(&b"overwritten"[..]));
        assert_eq!(commit.changes[0].key, b"k");
    }
}

#[test]
fn objects_may_be_dropped_in_any_order() {
    for home in Home::each() {
        for order in 0..6 {
            let store = home.open();
            store.put(b"k", b"v").unwrap();
            let mut txn = store.begin().unwrap();
            txn.get(b"k").unwrap();
            txn.put(b"never", b"").unwrap();
            let watch = store.watch(0, b"").unwrap();
            match order {
                0 => drop((store, txn, watch)),
                1 => drop((store, watch, txn)),
                2 => drop((txn, store, watch)),
                3 => drop((txn, watch, store)),
                4 => drop((watch, store, txn)),
                _ => drop((watch, txn, store)),
            }
        }
        assert_eq!(get(&home.open(), "never"), None);
    }
}

#[test]
fn the_file_is_released_with_the_store() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k", b"v").unwrap();
    let mut txn = store.begin().unwrap();
    txn.get(b"k").unwrap();
    let watch = store.watch(0, b"").unwrap();
    assert!(home.path("test.db-wal").exists());
    drop(store);
    // SQLite removes them with the last connection, and a transaction of a store that is gone has none.
    assert!(!home.path("test.db-wal").exists() && !home.path("test.db-shm").exists());
    drop((txn, watch));
    let copy = home.path("copy.db");
    std::fs::copy(home.file(), &copy).unwrap();
    assert_eq!(get(&Store::open_url(copy.to_str().unwrap()).unwrap(), "k").unwrap(), b"v");
}

#[test]
fn a_closed_store_may_be_opened_again_at_once() {
    let home = Home::sqlite();
    let mut closed = Vec::new();
    for n in 1..=20 {
        let store = home.open();
        assert_eq!(store.add(b"n", 1).unwrap(), n);
        store.close().unwrap();
        closed.push(store);
    }
}

/// Of those who open a new file at the same time one makes it a store; the others find it half made, or whole.
#[test]
fn a_new_file_may_be_opened_by_many_threads_at_once() {
    const THREADS: usize = 4;
    for round in 0..100 {
        let (home, together) = (Home::sqlite(), std::sync::Barrier::new(THREADS));
        let refused: Vec<_> = std::thread::scope(|scope| {
            let open = || {
                together.wait();
                home.try_open().and_then(|store| store.add(b"n", 1)).err()
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(open)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(refused.is_empty(), "round {round}: {refused:?}");
        assert_eq!(get(&home.open(), "n").unwrap(), THREADS.to_string().as_bytes());
    }
}

/// Stores that come and go in many threads at once, on one file.
#[test]
fn opening_and_closing_by_many_threads() {
    let home = Home::sqlite();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let store = home.open();
                    store.add(b"n", 1).unwrap();
                    store.get(b"n").unwrap();
                }
            });
        }
    });
    let store = home.open();
    assert_eq!(get(&store, "n").unwrap(), b"40");
    store.verify().unwrap();
}

#[test]
fn the_last_owner_may_be_any_thread() {
    for home in Home::each() {
        let store = Arc::new(home.open());
        let threads: Vec<_> = (0..4)
            .map(|n: u8| {
                let store = Arc::clone(&store);
                std::thread::spawn(move || {
                    store.put(&[n + 1], b"v").unwrap();
                    let mut watch = store.watch_from_now(b"").unwrap();
                    drop(store);
                    while watch.poll(Duration::from_millis(10)).is_ok() {}
                })
            })
            .collect();
        drop(store);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// An engine in memory whose commits wait at a gate.
mod gated {
    use std::ffi::CStr;
    use std::sync::Arc;
    use std::time::Duration;

    use joinly_storage::Result;
    use joinly_storage::engine::memory::MemoryEngine;
    use joinly_storage::engine::*;
    use parking_lot::{Mutex, MutexGuard};

    /// Locked: the gate is shut.
    pub type Gate = Arc<Mutex<()>>;

    pub struct Gated {
        pub engine: MemoryEngine,
        pub gate: Gate,
        /// Told of each arrival at the gate.
        pub arrived: std::sync::mpsc::SyncSender<()>,
    }

    impl Engine for Gated {
        fn name(&self) -> &'static CStr {
            c"gated"
        }

        fn capabilities(&self) -> Capabilities {
            self.engine.capabilities()
        }

        fn generation(&self) -> Generation {
            self.engine.generation()
        }

        fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64> {
            self.engine.commits_between(from, to)
        }

        fn wait(&self, seen: &Generation, timeout: Duration) {
            self.engine.wait(seen, timeout);
        }

        fn snapshot(&self, hold: Hold) -> Result<Box<dyn Snapshot>> {
            self.engine.snapshot(hold)
        }

        /// The gate is before the write lock, where it keeps nobody from reading.
        fn begin(&self) -> Result<Box<dyn Writer + '_>> {
            let _ = self.arrived.try_send(());
            let _passed: MutexGuard<'_, ()> = self.gate.lock();
            self.engine.begin()
        }

        fn maintain(&self) -> Result<()> {
            Ok(())
        }

        fn checkpoint(&self) -> Result<()> {
            Ok(())
        }

        fn compact(&self) -> Result<()> {
            Ok(())
        }

        fn verify(&self) -> Result<Vec<String>> {
            self.engine.verify()
        }

        fn stats(&self) -> Result<EngineStats> {
            self.engine.stats()
        }
    }
}

/// Closes a store while `call` stands before the write lock; the close must not be over before the call is.
fn assert_close_waits_for(call: impl Fn(&Store) -> Result<()> + Sync) {
    let home = Home::memory();
    let gate = gated::Gate::default();
    let (arrived, arrival) = std::sync::mpsc::sync_channel(1);
    let engine = gated::Gated {
        engine: joinly_storage::engine::memory::MemoryEngine::new(),
        gate: Arc::clone(&gate),
        arrived,
    };
    let clock = Arc::clone(&home.clock);
    let store = Store::over(Box::new(engine), &home.config.options, clock).unwrap();
    let (call_over, close_over) = (AtomicBool::new(false), channel());
    let shut = gate.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // It may have been in time or not, but not come to anything else.
            let result = call(&store);
            assert!(result.is_ok() || kind(result) == Kind::Closed);
            call_over.store(true, Ordering::SeqCst);
        });
        arrival.recv_timeout(PATIENCE).unwrap();
        let (told, heard) = &close_over;
        let (store, call_over) = (&store, &call_over);
        let told = told.clone();
        scope.spawn(move || {
            store.close().unwrap();
            told.send(call_over.load(Ordering::SeqCst)).unwrap();
        });
        let early = heard.recv_timeout(Duration::from_millis(50));
        drop(shut);
        assert!(early.is_err(), "closed while a commit was under way");
        heard.recv_timeout(PATIENCE).unwrap();
    });
}

#[test]
fn close_waits_for_a_commit_under_way() {
    assert_close_waits_for(|store| store.put(b"k", b"v").map(drop));
}

#[test]
fn close_waits_for_an_index_under_way() {
    assert_close_waits_for(|store| store.declare_index(&IndexSpec::new("n", b"", "$.n").unwrap()));
}
