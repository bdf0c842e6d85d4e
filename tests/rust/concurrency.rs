//! Threads: nothing is lost, nothing is torn, nothing is stale.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use joinly_storage::store::Durability;
use joinly_storage::{Batch, Kind, Scan, Store};

use crate::support::{Home, get};

fn number(value: Option<&[u8]>) -> u64 {
    value.map_or(0, |value| std::str::from_utf8(value).unwrap().parse().unwrap())
}

/// The stores that threads share: one of each engine, and two on one file.
fn sharings() -> Vec<(Home, Vec<Store>)> {
    let open = |home: Home, count| {
        let stores = (0..count).map(|_| home.open()).collect();
        (home, stores)
    };
    vec![open(Home::memory(), 1), open(Home::sqlite(), 1), open(Home::sqlite(), 2)]
}

#[test]
fn counters_are_exact() {
    const THREADS: usize = 6;
    const EACH: usize = 100;
    for (_home, stores) in sharings() {
        let mut sums: Vec<i64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let store = &stores[thread % stores.len()];
                    let add = move |_| store.add(b"n", 1).unwrap();
                    scope.spawn(move || (0..EACH).map(add).collect::<Vec<_>>())
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        sums.sort_unstable();
        assert!(sums.into_iter().eq(1..=(THREADS * EACH) as i64), "each sum was answered once");
        for store in &stores {
            assert_eq!(get(store, "n").unwrap(), (THREADS * EACH).to_string().as_bytes());
        }
    }
}

#[test]
fn transactions_that_race_lose_no_update() {
    const THREADS: usize = 4;
    const EACH: usize = 40;
    for (_home, stores) in sharings() {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let store = &stores[thread % stores.len()];
                scope.spawn(move || {
                    let mut done = 0;
                    while done < EACH {
                        let moved = store.transaction(|txn| {
                            let n = number(txn.get(b"n")?.as_deref());
                            txn.put(b"n", (n + 1).to_string().as_bytes())?;
                            txn.add(format!("by {thread}").as_bytes(), 1)
                        });
                        match moved {
                            Ok(sum) => done = sum as usize,
                            Err(error) => assert_eq!(error.kind(), Kind::Conflict),
                        }
                    }
                });
            }
        });
        assert_eq!(get(&stores[0], "n").unwrap(), (THREADS * EACH).to_string().as_bytes());
    }
}

#[test]
fn compare_and_set_has_one_winner() {
    const ROUNDS: u64 = 50;
    for (_home, stores) in sharings() {
        for round in 0..ROUNDS {
            let version = stores[0].get(b"k").unwrap().map_or(0, |value| value.version());
            let wins = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let (store, wins) = (&stores[thread % stores.len()], &wins);
                    scope.spawn(move || {
                        let mut batch = Batch::new();
                        batch.check(b"k", version).unwrap();
                        batch.put(b"k", format!("{round}/{thread}").as_bytes()).unwrap();
                        match store.commit(&batch) {
                            Ok(_) => drop(wins.fetch_add(1, Ordering::Relaxed)),
                            Err(error) => assert_eq!(error.kind(), Kind::Conflict),
                        }
                    });
                }
            });
            assert_eq!(wins.into_inner(), 1);
        }
        let conflicts: u64 = stores.iter().map(|store| store.stats().unwrap().conflicts).sum();
        assert_eq!(conflicts, 3 * ROUNDS);
    }
}

#[test]
fn a_group_shares_transactions_of_the_engine() {
    const THREADS: usize = 8;
    const EACH: usize = 40;
    let home = Home::sqlite().with(|options| options.durability = Durability::Power);
    let store = home.open();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for n in 0..EACH {
                    store.put(format!("{thread}/{n}").as_bytes(), b"v").unwrap();
                }
            });
        }
    });
    let stats = store.stats().unwrap();
    assert_eq!((stats.commits, stats.version), ((THREADS * EACH) as u64, (THREADS * EACH) as u64));
    assert!(stats.engine_commits < stats.commits, "{} carried {}", stats.engine_commits, stats.commits);
    drop(store);
    assert_eq!(home.open().scan(&Scan::prefix(b"").limit(1000)).unwrap().rows.len(), THREADS * EACH);
}

/// A refusal is its own request's, not that of those who shared its transaction.
#[test]
fn a_refused_commit_does_not_hinder_its_group() {
    for (_home, stores) in sharings() {
        stores[0].put(b"text", b"no number").unwrap();
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let store = &stores[thread % stores.len()];
                scope.spawn(move || {
                    for n in 0..50 {
                        if thread % 2 == 0 {
                            assert_eq!(store.add(b"text", 1).unwrap_err().kind(), Kind::WrongType);
                            continue;
                        }
                        let mut batch = Batch::new();
                        batch.add(b"n", 1).unwrap();
                        batch.put(format!("{thread}/{n}").as_bytes(), b"").unwrap();
                        store.commit(&batch).unwrap();
                    }
                });
            }
        });
        assert_eq!(get(&stores[0], "n").unwrap(), b"150");
        assert_eq!(get(&stores[0], "text").unwrap(), b"no number");
        assert_eq!(stores[0].scan(&Scan::range(b"0", b"9")).unwrap().rows.len(), 150);
    }
}

/// One writer writes two keys together; whoever reads them together, or one after the other, sees it.
#[test]
fn readers_never_see_half_a_commit() {
    const COMMITS: u64 = 400;
    for cache_bytes in [1, 600, 64 << 20] {
        for (home, stores) in [Home::memory(), Home::sqlite()].map(|home| {
            let home = home.with(|options| options.cache_bytes = cache_bytes);
            let count = if home.config.location == joinly_storage::store::Location::Memory { 1 } else { 2 };
            let stores: Vec<_> = (0..count).map(|_| home.open()).collect();
            (home, stores)
        }) {
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let (store, done) = (&stores[thread % stores.len()], &done);
                    scope.spawn(move || {
                        while !done.load(Ordering::Relaxed) {
                            check_pair(store);
                        }
                    });
                }
                for n in 1..=COMMITS {
                    let mut batch = Batch::new();
                    let value = n.to_string();
                    batch.put(b"a", value.as_bytes()).unwrap();
                    batch.put(b"b", value.as_bytes()).unwrap();
                    stores[0].commit(&batch).unwrap();
                    if n % 100 == 0 {
                        stores[0].compact().unwrap();
                    }
                }
                done.store(true, Ordering::Relaxed);
            });
            assert_eq!(get(&stores[0], "b").unwrap(), COMMITS.to_string().as_bytes());
            drop((stores, home));
        }
    }
}

fn check_pair(store: &Store) {
    let both = store.get_many(&[b"a", b"b"]).unwrap();
    assert_eq!(both[0].as_deref(), both[1].as_deref());
    let rows = store.scan(&Scan::prefix(b"")).unwrap().rows;
    assert!(rows.windows(2).all(|pair| pair[0].value.as_deref() == pair[1].value.as_deref()));
    let mut txn = store.begin().unwrap();
    assert_eq!(txn.get(b"a").unwrap().as_deref(), txn.get(b"b").unwrap().as_deref());
    // What one read has seen, a later one sees too, be it of another key.
    for keys in [["a", "b"], ["b", "a"]] {
        let [first, then] = keys.map(|key| number(store.get(key.as_bytes()).unwrap().as_deref()));
        assert!(then >= first, "read {first} of {}, then {then} of {}", keys[0], keys[1]);
    }
}

/// What was acknowledged to anybody is read by everybody, through each store, from the first read on.
#[test]
fn no_read_is_stale() {
    const COMMITS: u64 = 500;
    for cache_bytes in [1, 600, 64 << 20] {
        let home = Home::sqlite().with(|options| options.cache_bytes = cache_bytes);
        let stores = [home.open(), home.open()];
        let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for store in &stores {
                let (acknowledged, done) = (&acknowledged, &done);
                scope.spawn(move || {
                    while !done.load(Ordering::SeqCst) {
                        let least = acknowledged.load(Ordering::SeqCst);
                        let read = number(store.get(b"k").unwrap().as_deref());
                        assert!(read >= least, "{read} read after {least} was acknowledged");
                        // Absence is cached as well.
                        assert_eq!(store.exists(format!("n{least}").as_bytes()).unwrap(), least > 0);
                        assert!(
                            !store.exists(format!("n{}", least + 3).as_bytes()).unwrap() || {
                                acknowledged.load(Ordering::SeqCst) > least
                            }
                        );
                    }
                });
            }
            for n in 1..=COMMITS {
                let store = &stores[n as usize % 2];
                let mut batch = Batch::new();
                batch.put(b"k", n.to_string().as_bytes()).unwrap();
                batch.put(format!("n{n}").as_bytes(), b"").unwrap();
                store.commit(&batch).unwrap();
                acknowledged.store(n, Ordering::SeqCst);
                match n % 125 {
                    0 => store.checkpoint().unwrap_or_else(|error| assert_eq!(error.kind(), Kind::Busy)),
                    50 => store.compact().unwrap(),
                    _ => {}
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        for store in &stores {
            assert_eq!(get(store, "k").unwrap(), COMMITS.to_string().as_bytes());
            store.verify().unwrap();
        }
    }
}

/// The cache is worth its name: what was read once is read from it, also after another store changed something else.
#[test]
fn other_keys_stay_cached_when_one_changes() {
    let home = Home::sqlite();
    let (store, other) = (home.open(), home.open());
    for n in 0..100_u8 {
        store.put(&[n], b"v").unwrap();
    }
    (0..100_u8).for_each(|n| drop(other.get(&[n]).unwrap()));
    let before = other.stats().unwrap();
    store.put(&[7], b"w").unwrap();
    (0..100_u8).for_each(|n| drop(other.get(&[n]).unwrap()));
    let after = other.stats().unwrap();
    assert_eq!(after.cache.hits - before.cache.hits, 99);
    assert_eq!(after.cache.misses - before.cache.misses, 1);
    assert_eq!(after.cache_invalidations - before.cache_invalidations, 1);
    assert_eq!(after.cache_resets, before.cache_resets);
    assert_eq!(get(&other, [7]).unwrap(), b"w");
}

/// Software that knows nothing of the change log, `sqlite3` for example, is noticed all the same.
#[test]
fn a_change_by_other_software_is_read_at_once() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"a", b"old").unwrap();
    assert_eq!(get(&store, "a").unwrap(), b"old");
    let other = rusqlite::Connection::open(home.file()).unwrap();
    other.execute("UPDATE kv SET value = x'6e6577' WHERE key = x'61'", []).unwrap();
    assert_eq!(get(&store, "a").unwrap(), b"new");
    // Also when commits of both kinds are between two reads.
    other.execute("UPDATE kv SET value = x'6e657772' WHERE key = x'61'", []).unwrap();
    home.open().put(b"b", b"v").unwrap();
    assert_eq!(get(&store, "a").unwrap(), b"newr");
    assert!(store.stats().unwrap().cache_resets >= 2);
}

/// The records as any SQLite shows and changes them.
#[test]
fn other_software_reads_and_writes_records_through_a_view() {
    let home = Home::sqlite();
    let store = home.open();
    // Not to be compressed.
    let mut noise = vec![1_u8];
    let mut state = 1_u64;
    noise.resize_with(5000, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    store.put(b"small", b"a b 1").unwrap();
    store.put_ttl(b"mortal", b"", 60_000).unwrap();
    store.put(b"large", &noise).unwrap();
    let other = rusqlite::Connection::open(home.file()).unwrap();
    let shown = |key: &str| {
        let text = "SELECT version, expires, encoding, value FROM kv WHERE key = ?1";
        let of = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        other.query_row::<(i64, i64, i64, Vec<u8>), _, _>(text, [key.as_bytes()], of).unwrap()
    };
    assert_eq!(shown("small"), (1, 0, 0, b"a b 1".to_vec()));
    assert_eq!(shown("mortal"), (2, home.clock_ms() + 60_000, 0, Vec::new()));
    assert!(shown("large") == (3, 0, 0, noise.clone()));
    other.execute("UPDATE kv SET value = value || '!' WHERE key = CAST('large' AS BLOB)", []).unwrap();
    assert!(get(&store, "large").unwrap() == [&noise[..], b"!"].concat());
    other.execute("INSERT INTO kv (key, value) VALUES ('new', 'text')", []).unwrap();
    assert_eq!(get(&store, "new").unwrap(), b"text");
    assert_eq!(store.get(b"new").unwrap().unwrap().version(), 3);
    other.execute("UPDATE kv SET key = 'moved', expires = 1 WHERE key = x'6e6577'", []).unwrap();
    assert_eq!((get(&store, "new"), get(&store, "moved")), (None, None));
    other.execute("DELETE FROM kv WHERE key > x'6d' AND key < x'73'", []).unwrap();
    assert_eq!(get(&store, "mortal"), None);
    store.verify().unwrap();
}
