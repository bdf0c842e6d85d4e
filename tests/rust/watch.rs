//! The change log, as watches tell it.

use std::time::Duration;

use joinly_storage::store::ChangeKind::{Delete, Expire, Put};
use joinly_storage::{Batch, Kind, Store};

use crate::support::{Home, PATIENCE, changed, drain, eventually, kind};

#[test]
fn commits_come_in_order_each_once() {
    for home in Home::each() {
        let store = home.open();
        let mut watch = store.watch(0, b"").unwrap();
        home.clock.advance(5);
        store.put(b"a", b"1").unwrap();
        store.put(b"a", b"2").unwrap();
        store.add(b"n", 1).unwrap();
        store.expire(b"a", 9).unwrap();
        store.delete(b"n").unwrap();
        store.delete(b"none").unwrap();
        let commits = drain(&mut watch);
        assert_eq!(changed(&commits), [["a"], ["a"], ["n"], ["a"], ["n"]]);
        assert!(commits.iter().map(|commit| commit.version).eq(1..=5));
        assert!(commits.iter().map(|commit| commit.changes[0].kind).eq([Put, Put, Put, Put, Delete]));
        assert!(commits.iter().all(|commit| commit.time_ms == store.now().unwrap()));
        assert_eq!(watch.version(), 5);
        assert!(drain(&mut watch).is_empty());
    }
}

#[test]
fn a_batch_is_one_commit_and_names_each_key_once() {
    for home in Home::each() {
        let store = home.open();
        store.put(b"old", b"").unwrap();
        let mut watch = store.watch_from_now(b"").unwrap();
        let mut batch = Batch::new();
        batch.put(b"a", b"1").unwrap();
        batch.put(b"b", b"1").unwrap();
        batch.delete(b"old").unwrap();
        batch.add(b"a", 1).unwrap();
        batch.delete(b"none").unwrap();
        store.commit(&batch).unwrap();
        let commits = drain(&mut watch);
        assert_eq!(commits.len(), 1);
        let changes: Vec<_> =
            commits[0].changes.iter().map(|change| (&change.key[..], change.kind)).collect();
        assert_eq!(changes, [(&b"a"[..], Put), (b"b", Put), (b"old", Delete)]);
    }
}

#[test]
fn a_prefix_hides_other_keys_and_commits() {
    for home in Home::each() {
        let store = home.open();
        let mut watch = store.watch(0, b"lobby:").unwrap();
        for key in ["lobby", "lobby:1", "lobby;", "player:1"] {
            store.put(key.as_bytes(), b"").unwrap();
        }
        store.transaction(|txn| txn.put(b"lobby:2", b"").and_then(|()| txn.put(b"player:2", b""))).unwrap();
        assert_eq!(changed(&drain(&mut watch)), [["lobby:1"], ["lobby:2"]]);
        store.put(b"player:3", b"").unwrap();
        assert!(drain(&mut watch).is_empty());
        assert_eq!(watch.version(), store.version().unwrap(), "unwatched commits were passed all the same");
        assert_eq!(kind(store.watch(0, &[0; 2049]).map(drop)), Kind::TooLarge);
    }
}

#[test]
fn a_watch_starts_where_it_is_told() {
    for home in Home::each() {
        let store = home.open();
        for n in 1..=4 {
            assert_eq!(store.put(b"k", &[n]).unwrap(), u64::from(n));
        }
        let from = |version| {
            let commits = drain(&mut store.watch(version, b"").unwrap());
            commits.iter().map(|commit| commit.version).collect::<Vec<_>>()
        };
        assert_eq!((from(0), from(1), from(3)), (vec![1, 2, 3, 4], vec![2, 3, 4], vec![4]));
        assert!(from(4).is_empty());
        let mut now = store.watch_from_now(b"").unwrap();
        assert_eq!(now.version(), 4);
        store.put(b"k", b"").unwrap();
        assert_eq!(now.poll(Duration::ZERO).unwrap().unwrap().version, 5);
        // Where one left off another goes on, even in the middle of what was read ahead.
        let mut first = store.watch(0, b"").unwrap();
        first.poll(Duration::ZERO).unwrap();
        first.poll(Duration::ZERO).unwrap();
        assert_eq!(from(first.version()), [3, 4, 5]);
    }
}

/// Commits until the log has been cut behind what was written before.
fn overflow(store: &Store) {
    for n in 0..300 {
        store.put(b"filler", &[n as u8]).unwrap();
        store.flush(0).unwrap();
    }
}

#[test]
fn a_watch_left_behind_is_told_so_and_goes_on() {
    for home in Home::each() {
        let store = home.with(|options| options.log_keep = 10).open();
        store.put(b"a", b"").unwrap();
        let mut watch = store.watch(1, b"").unwrap();
        overflow(&store);
        assert_eq!(kind(watch.poll(Duration::ZERO)), Kind::Compacted);
        // From here on the log is whole again, up to the present, from the oldest commit kept.
        let oldest = watch.version() + 1;
        let versions: Vec<_> = drain(&mut watch).iter().map(|commit| commit.version).collect();
        assert!(versions.iter().copied().eq(oldest..=store.version().unwrap()), "{oldest} {versions:?}");
        assert!(versions.len() >= 10, "log_keep is 10, {} are kept", versions.len());
        store.put(b"a", b"").unwrap();
        assert_eq!(changed(&drain(&mut watch)), [["a"]]);
    }
}

#[test]
fn a_watch_from_0_begins_with_the_oldest_commit_kept() {
    for home in Home::each() {
        let store = home.with(|options| options.log_keep = 10).open();
        overflow(&store);
        let versions: Vec<_> =
            drain(&mut store.watch(0, b"").unwrap()).iter().map(|commit| commit.version).collect();
        assert!(versions.len() >= 10 && versions.len() < 300, "{}", versions.len());
        assert!(versions.iter().copied().eq(versions[0]..=store.version().unwrap()));
    }
}

/// An empty store has no version to start from, which must not be mistaken for "as far back as the log reaches".
#[test]
fn a_watch_from_now_on_an_empty_store_misses_nothing_silently() {
    for home in Home::each() {
        let home = home.with(|options| options.log_keep = 10);
        let store = home.open();
        let mut watch = store.watch_from_now(b"").unwrap();
        store.put(b"a", b"").unwrap();
        overflow(&store);
        match watch.poll(Duration::ZERO) {
            Err(error) => assert_eq!(error.kind(), Kind::Compacted),
            Ok(commit) => {
                let version = commit.unwrap().version;
                assert_eq!(version, 1, "{:?}: skipped without a word", home.config.location);
            }
        }
    }
}

/// The same for a watch that was at the beginning when it last looked.
#[test]
fn a_watch_from_0_that_looked_once_misses_nothing_silently() {
    for home in Home::each() {
        let home = home.with(|options| options.log_keep = 10);
        let store = home.open();
        let mut watch = store.watch(0, b"").unwrap();
        assert_eq!(watch.poll(Duration::ZERO).unwrap(), None);
        overflow(&store);
        match watch.poll(Duration::ZERO) {
            Err(error) => assert_eq!(error.kind(), Kind::Compacted),
            Ok(commit) => {
                let version = commit.unwrap().version;
                assert_eq!(version, 1, "{:?}: skipped without a word", home.config.location);
            }
        }
    }
}

#[test]
fn a_group_of_commits_is_told_one_by_one() {
    const THREADS: usize = 4;
    const EACH: usize = 50;
    for home in Home::each() {
        let store = home.open();
        let mut watch = store.watch(0, b"").unwrap();
        let mut versions: Vec<(u64, String)> = std::thread::scope(|scope| {
            let store = &store;
            let writers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let put = |n| {
                            let key = format!("{thread}/{n}");
                            (store.put(key.as_bytes(), b"").unwrap(), key)
                        };
                        (0..EACH).map(put).collect::<Vec<_>>()
                    })
                })
                .collect();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
        });
        versions.sort_unstable();
        let commits = drain(&mut watch);
        let told = commits.iter().map(|commit| {
            assert_eq!(commit.changes.len(), 1);
            (commit.version, String::from_utf8(commit.changes[0].key.clone()).unwrap())
        });
        assert!(told.eq(versions), "each commit with the version that its writer was told");
        assert!(commits.iter().map(|commit| commit.version).eq(1..=(THREADS * EACH) as u64));
    }
}

#[test]
fn a_waiting_watch_is_woken() {
    for home in Home::each() {
        let store = home.open();
        let mut watch = store.watch(0, b"k").unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(move || watch.poll(PATIENCE).unwrap());
            std::thread::sleep(Duration::from_millis(20));
            store.put(b"other", b"").unwrap();
            store.put(b"k", b"").unwrap();
            assert_eq!(waiter.join().unwrap().unwrap().version, 2);
        });
        // The longest of all waits is no overflow.
        assert!(store.watch(0, b"k").unwrap().poll(Duration::MAX).unwrap().is_some());
    }
}

#[test]
fn two_stores_on_a_file_tell_of_each_other() {
    let home = Home::sqlite();
    let (one, two) = (home.open(), home.open());
    let (mut at_one, mut at_two) = (one.watch(0, b"").unwrap(), two.watch(0, b"").unwrap());
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| at_two.poll(PATIENCE).unwrap().unwrap().version);
        std::thread::sleep(Duration::from_millis(20));
        one.put(b"a", b"").unwrap();
        assert_eq!(waiter.join().unwrap(), 1);
    });
    two.put(b"b", b"").unwrap();
    two.delete(b"a").unwrap();
    one.put(b"c", b"").unwrap();
    let expected = [["a"], ["b"], ["a"], ["c"]];
    assert_eq!(changed(&drain(&mut at_one)), expected);
    assert_eq!(changed(&drain(&mut at_two)), expected[1..]);
}

#[test]
fn a_watch_survives_a_reopening_by_its_version() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"a", b"").unwrap();
    let mut watch = store.watch(0, b"").unwrap();
    assert_eq!(drain(&mut watch).len(), 1);
    store.put(b"b", b"").unwrap();
    drop(store);
    assert_eq!(kind(watch.poll(Duration::ZERO)), Kind::Closed);
    let store = home.open();
    store.put(b"c", b"").unwrap();
    assert_eq!(changed(&drain(&mut store.watch(watch.version(), b"").unwrap())), [["b"], ["c"]]);
}

#[test]
fn removal_after_expiry_is_told_as_such() {
    for home in Home::each() {
        let store = home.with(|options| options.sweep_interval_ms = 1);
        let (clock, store) = (std::sync::Arc::clone(&store.clock), store.open());
        store.put_ttl(b"lease", b"", 100).unwrap();
        let mut watch = store.watch_from_now(b"lease").unwrap();
        clock.advance(100);
        let mut commits = Vec::new();
        eventually("an expired key is removed", || {
            commits.extend(drain(&mut watch));
            !commits.is_empty()
        });
        assert_eq!(changed(&commits), [["lease"]]);
        assert_eq!(commits[0].changes[0].kind, Expire);
    }
}
