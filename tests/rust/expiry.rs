//! Expiry: to the millisecond, by a clock that never goes back.

use std::sync::Arc;
use std::time::Duration;

use joinly_storage::engine::{Engine, Fields, Hold, Range, Space};
use joinly_storage::store::{Batch, Expiry};
use joinly_storage::{Find, IndexSpec, Scan, Store};

use crate::support::{Home, TestClock, eventually, get, keys};

/// What every way of reading says of the key `lease`; all must agree.
fn is_there(store: &Store) -> bool {
    let there = store.get(b"lease").unwrap().is_some();
    assert_eq!(store.exists(b"lease").unwrap(), there);
    assert_eq!(store.get_into(b"lease", &mut []).unwrap().is_some(), there);
    assert_eq!(store.get_many(&[b"lease", b"none"]).unwrap()[0].is_some(), there);
    for (scan, reverse) in [(Scan::prefix(b"le"), false), (Scan::range(b"lease", b""), true)] {
        let rows = store.scan(&scan.clone().reverse(reverse)).unwrap().rows;
        assert_eq!(!rows.is_empty(), there);
        assert_eq!(!store.scan(&scan.keys_only(true)).unwrap().rows.is_empty(), there);
    }
    assert_eq!(!store.find("state", &Find::all()).unwrap().rows.is_empty(), there);
    let mut txn = store.begin().unwrap();
    assert_eq!(txn.get(b"lease").unwrap().is_some(), there);
    assert_eq!(!txn.scan(&Scan::prefix(b"le")).unwrap().rows.is_empty(), there);
    there
}

fn leasing(home: &Home) -> Store {
    let store = home.open();
    store.declare_index(&IndexSpec::new("state", b"lease", "$.state").unwrap()).unwrap();
    store.put_ttl(b"lease", b"{\"state\":1}", 100).unwrap();
    store
}

#[test]
fn a_key_is_gone_to_the_millisecond_by_every_way_of_reading() {
    for cache_bytes in [1, 64 << 20] {
        for home in Home::each() {
            let home = home.with(|options| options.cache_bytes = cache_bytes);
            let store = leasing(&home);
            assert_eq!(store.get(b"lease").unwrap().unwrap().expires_at(), TestClock::START + 100);
            assert!(is_there(&store));
            home.clock.advance(99);
            assert!(is_there(&store));
            home.clock.advance(1);
            assert!(!is_there(&store));
            let version = store.version().unwrap();
            assert!(!store.delete(b"lease").unwrap() && !store.expire(b"lease", 100).unwrap());
            assert_eq!(store.version().unwrap(), version, "there was nothing to change");
            assert!(!is_there(&store));
        }
    }
}

#[test]
fn what_is_written_again_lives_by_its_new_time() {
    for home in Home::each() {
        let store = home.open();
        let left = |key: &str| {
            store.get(key.as_bytes()).unwrap().map(|value| value.expires_at() - store.now().unwrap())
        };
        store.put_ttl(b"put", b"1", 100).unwrap();
        store.put_ttl(b"add", b"1", 100).unwrap();
        store.put_ttl(b"renewed", b"1", 100).unwrap();
        store.put_ttl(b"for ever", b"1", 100).unwrap();
        home.clock.advance(60);
        store.put(b"put", b"2").unwrap();
        store.add(b"add", 1).unwrap();
        assert!(store.expire(b"renewed", 100).unwrap());
        assert!(store.expire(b"for ever", 0).unwrap());
        assert_eq!((left("add"), left("renewed")), (Some(40), Some(100)));
        home.clock.advance(40);
        assert_eq!((get(&store, "put"), get(&store, "add")), (Some(b"2".to_vec()), None));
        assert_eq!((left("renewed"), get(&store, "for ever")), (Some(60), Some(b"1".to_vec())));
        assert_eq!(store.get(b"for ever").unwrap().unwrap().expires_at(), 0);
        // An expired counter begins anew, and for ever.
        assert_eq!(store.add(b"add", 5).unwrap(), 5);
        assert_eq!(store.get(b"add").unwrap().unwrap().expires_at(), 0);
        let mut batch = Batch::new();
        batch.check(b"renewed", store.get(b"renewed").unwrap().unwrap().version()).unwrap();
        batch.put(b"k", b"v").unwrap();
        home.clock.advance(60);
        assert!(store.commit(&batch).is_err(), "the checked key has expired");
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_set_the_store_back() {
    for home in Home::each() {
        let store = leasing(&home);
        home.clock.advance(100);
        assert!(!is_there(&store));
        home.clock.set(0);
        assert!(!is_there(&store));
        assert_eq!(store.now().unwrap(), TestClock::START + 100);
        store.put_ttl(b"lease", b"{\"state\":2}", 50).unwrap();
        assert_eq!(store.get(b"lease").unwrap().unwrap().expires_at(), TestClock::START + 150);
        home.clock.set(TestClock::START + 149);
        assert!(is_there(&store));
        home.clock.advance(1);
        assert!(!is_there(&store));
    }
}

#[test]
fn a_restart_does_not_set_the_store_back() {
    let home = Home::sqlite();
    let store = leasing(&home);
    home.clock.advance(100);
    store.put(b"k", b"v").unwrap();
    drop(store);
    home.clock.set(0);
    let store = home.open();
    assert_eq!(store.now().unwrap(), TestClock::START + 100);
    assert!(!is_there(&store));
}

#[test]
fn stores_with_different_clocks_go_by_the_later_one() {
    let home = Home::sqlite();
    let ahead = leasing(&home);
    let behind_clock = Home::memory().clock;
    behind_clock.set(5);
    let behind = Store::open_with_clock(&home.config, behind_clock).unwrap();
    assert_eq!(behind.now().unwrap(), TestClock::START);
    home.clock.advance(100);
    ahead.put(b"k", b"v").unwrap();
    assert!(!is_there(&behind));
    assert_eq!(behind.now().unwrap(), TestClock::START + 100);
    behind.put(b"k", b"w").unwrap();
    let mut watch = ahead.watch(0, b"k").unwrap();
    let times: Vec<_> = crate::support::drain(&mut watch).iter().map(|commit| commit.time_ms).collect();
    assert_eq!(times, [TestClock::START + 100; 2]);
}

#[test]
fn absolute_times_and_the_ends_of_time() {
    for home in Home::each() {
        let store = home.open();
        let put = |key: &str, expiry| {
            let mut batch = Batch::new();
            batch.put_expiring(key.as_bytes(), b"v"[..].into(), expiry).unwrap();
            store.commit(&batch).unwrap();
        };
        put("past", Expiry::At(TestClock::START - 1));
        put("ancient", Expiry::At(i64::MIN));
        put("now", Expiry::At(TestClock::START));
        put("soon", Expiry::At(TestClock::START + 1));
        put("last", Expiry::At(i64::MAX));
        put("longest", Expiry::After(u64::MAX));
        put("never", Expiry::Never);
        assert_eq!(keys(&store.scan(&Scan::prefix(b"")).unwrap().rows), ["last", "longest", "never", "soon"]);
        assert_eq!((get(&store, "past"), get(&store, "now"), get(&store, "ancient")), (None, None, None));
        home.clock.set(i64::MAX - 1);
        assert_eq!(keys(&store.scan(&Scan::prefix(b"")).unwrap().rows), ["last", "longest", "never"]);
        store.put_ttl(b"more", b"v", u64::MAX).unwrap();
        assert!(get(&store, "more").is_some());
    }
}

/// Everything in a file that has to do with expiry: rows that expire, and entries of their times.
fn leftovers(engine: &dyn Engine) -> (usize, usize) {
    let snapshot = engine.snapshot(Hold::Short).unwrap();
    let (mut rows, mut entries) = (0, 0);
    snapshot
        .scan(&Range::all(), false, Fields::KeysOnly, &mut |_, record| {
            rows += usize::from(record.expires_at != 0);
            Ok(true)
        })
        .unwrap();
    snapshot
        .entries(Space::Expiry, &Range::all(), false, &mut |_, _| {
            entries += 1;
            Ok(true)
        })
        .unwrap();
    (rows, entries)
}

#[test]
fn the_sweeper_removes_what_expired_and_only_that() {
    let home = Home::sqlite().with(|options| options.sweep_interval_ms = 1);
    let store = home.open();
    let mut batch = Batch::new();
    for n in 0..1000 {
        batch.put_ttl(format!("short {n}").as_bytes(), b"v", 100 + n % 7).unwrap();
    }
    batch.put_ttl(b"long", b"v", 10_000).unwrap();
    batch.put(b"never", b"v").unwrap();
    store.commit(&batch).unwrap();
    let file = home.engine();
    assert_eq!(leftovers(&file), (1001, 1001));
    home.clock.advance(200);
    eventually("expired rows are removed", || leftovers(&file) == (1, 1));
    assert_eq!(keys(&store.scan(&Scan::prefix(b"")).unwrap().rows), ["long", "never"]);
    assert_eq!(store.stats().unwrap().expired, 1000);
    let told = crate::support::drain(&mut store.watch(1, b"").unwrap());
    let told: usize = told.iter().map(|commit| commit.changes.len()).sum();
    assert_eq!(told, 1000, "each is told of once");
    store.verify().unwrap();
}

#[test]
fn a_renewed_lease_survives_the_sweep_of_its_first_time() {
    let home = Home::sqlite().with(|options| options.sweep_interval_ms = 1);
    let store = home.open();
    store.put_ttl(b"lease", b"v", 100).unwrap();
    store.put_ttl(b"rewritten", b"v", 100).unwrap();
    home.clock.advance(50);
    assert!(store.expire(b"lease", 100).unwrap());
    store.put(b"rewritten", b"w").unwrap();
    let file = home.engine();
    home.clock.advance(50);
    eventually("entries of past times are removed", || leftovers(&file) == (1, 1));
    assert_eq!((get(&store, "lease"), get(&store, "rewritten")), (Some(b"v".to_vec()), Some(b"w".to_vec())));
    home.clock.advance(50);
    assert_eq!(get(&store, "lease"), None);
    eventually("the lease is removed in the end", || leftovers(&file) == (0, 0));
    assert_eq!(store.stats().unwrap().expired, 1);
}

#[test]
fn leases_renewed_while_the_sweeper_works_are_never_lost() {
    for home in Home::each() {
        let home = home.with(|options| options.sweep_interval_ms = 1);
        let store = home.open();
        store.put_ttl(b"lease", b"v", 10).unwrap();
        for _ in 0..300 {
            home.clock.advance(9);
            assert!(store.expire(b"lease", 10).unwrap(), "it had a millisecond left");
            assert!(store.exists(b"lease").unwrap());
        }
        store.put_ttl(b"short", b"v", 1).unwrap();
        home.clock.advance(1);
        assert!(get(&store, "lease").is_some() && get(&store, "short").is_none());
    }
}

#[test]
fn the_system_clock_works_too() {
    for home in Home::each() {
        let store = Store::open(&home.config).unwrap();
        let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        assert!(store.now().unwrap() >= i64::try_from(before.as_millis()).unwrap());
        store.put_ttl(b"short", b"v", 30).unwrap();
        store.put_ttl(b"long", b"v", 3_600_000).unwrap();
        eventually("a key expires", || get(&store, "short").is_none());
        assert!(get(&store, "long").is_some());
        std::thread::sleep(Duration::from_millis(1));
        assert!(store.now().unwrap() > i64::try_from(before.as_millis()).unwrap());
    }
}

/// A clock may be shared by stores, and asked from any thread.
#[test]
fn now_never_goes_back_for_anybody() {
    let home = Home::memory();
    let store = Arc::new(home.open());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                for _ in 0..2000 {
                    let now = store.now().unwrap();
                    assert!(now >= last);
                    last = now;
                }
            });
        }
        for n in 0..2000 {
            home.clock.set(TestClock::START + n * 7919 % 1000);
        }
    });
}
