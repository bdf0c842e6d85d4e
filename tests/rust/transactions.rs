//! Interactive transactions: what they see, when they conflict, how they end.

use std::cell::Cell;

use joinly_storage::{Error, Kind, Scan};

use crate::support::{Home, eventually, get, keys, kind};

#[test]
fn a_transaction_reads_its_own_writes_and_nobody_else_does() {
    for home in Home::each() {
        let store = home.open();
        store.put(b"b", b"old").unwrap();
        store.put(b"n", b"40").unwrap();
        let mut txn = store.begin().unwrap();
        txn.put(b"a", b"new").unwrap();
        txn.put_ttl(b"c", b"leased", 500).unwrap();
        assert!(txn.delete(b"b").unwrap());
        assert!(!txn.delete(b"b").unwrap() && !txn.delete(b"none").unwrap());
        assert_eq!((txn.add(b"n", 1).unwrap(), txn.add(b"n", 1).unwrap()), (41, 42));
        assert_eq!(txn.get(b"a").unwrap().as_deref(), Some(&b"new"[..]));
        assert_eq!(txn.get(b"b").unwrap(), None);
        assert_eq!(txn.get(b"n").unwrap().as_deref(), Some(&b"42"[..]));
        let leased = txn.get(b"c").unwrap().unwrap();
        assert_eq!((leased.expires_at(), leased.version()), (store.now().unwrap() + 500, 0));
        assert_eq!(keys(&txn.scan(&Scan::prefix(b"")).unwrap().rows), ["a", "c", "n"]);
        assert_eq!((get(&store, "a"), get(&store, "b")), (None, Some(b"old".to_vec())));
        let version = txn.commit().unwrap();
        assert_eq!(store.version().unwrap(), version);
        assert_eq!(keys(&store.scan(&Scan::prefix(b"")).unwrap().rows), ["a", "c", "n"]);
        assert_eq!(store.get(b"c").unwrap().unwrap().version(), version);
    }
}

#[test]
fn scans_merge_own_writes_both_ways_and_in_pages() {
    for home in Home::each() {
        let store = home.open();
        for key in ["a", "c", "e", "g"] {
            store.put(key.as_bytes(), b"stored").unwrap();
        }
        let mut txn = store.begin().unwrap();
        for key in ["0", "b", "c", "f", "h"] {
            txn.put(key.as_bytes(), b"own").unwrap();
        }
        txn.delete(b"e").unwrap();
        txn.delete(b"h").unwrap();
        let mut expected = ["0", "a", "b", "c", "f", "g"];
        for reverse in [false, true] {
            for limit in 1..=7 {
                let mut scan = Scan::prefix(b"").reverse(reverse).limit(limit);
                let mut found = Vec::new();
                loop {
                    let page = txn.scan(&scan).unwrap();
                    assert!(page.rows.len() <= limit);
                    found.extend(page.rows.iter().map(|row| row.key.clone()));
                    match page.cursor {
                        Some(cursor) => scan = scan.after(&cursor),
                        None => break,
                    }
                }
                assert!(found.iter().eq(expected.map(str::as_bytes).iter()), "{reverse} {limit} {found:?}");
            }
            expected.reverse();
        }
        let page = txn.scan(&Scan::range(b"b", b"f")).unwrap();
        let shown = |row: &joinly_storage::store::Row| row.value.as_deref().unwrap().to_vec();
        assert_eq!(page.rows.iter().map(shown).collect::<Vec<_>>(), [b"own", b"own"]);
        assert!(txn.scan(&Scan::range(b"f", b"b")).unwrap().rows.is_empty());
        let page = txn.scan(&Scan::prefix(b"").keys_only(true)).unwrap();
        assert!(page.rows.iter().all(|row| row.value.is_none()));
    }
}

#[test]
fn reads_stay_at_the_begin() {
    for home in Home::each() {
        let store = home.open();
        store.put(b"a", b"1").unwrap();
        let mut txn = store.begin().unwrap();
        store.put(b"a", b"2").unwrap();
        store.put(b"b", b"2").unwrap();
        assert_eq!(txn.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
        assert_eq!(keys(&txn.scan(&Scan::prefix(b"")).unwrap().rows), ["a"]);
        // What only read was never wrong.
        assert_eq!(txn.commit().unwrap(), 1);
    }
}

/// Runs a transaction that another writer interferes with; whether it conflicts, having changed nothing.
fn conflicts(
    home: &Home,
    read: impl Fn(&mut joinly_storage::Transaction),
    interfere: impl Fn(&joinly_storage::Store),
) -> bool {
    let store = home.open();
    for key in ["a", "b", "c", "d"] {
        store.put(key.as_bytes(), b"1").unwrap();
    }
    store.put_ttl(b"lease", b"1", 1000).unwrap();
    let mut txn = store.begin().unwrap();
    read(&mut txn);
    txn.put(b"written", b"1").unwrap();
    interfere(&store);
    let conflicts = match txn.commit() {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.kind(), Kind::Conflict, "{error}");
            true
        }
    };
    assert_eq!(store.exists(b"written").unwrap(), !conflicts);
    assert_eq!(store.stats().unwrap().conflicts, u64::from(conflicts));
    conflicts
}

#[test]
fn a_change_of_what_was_read_conflicts() {
    let each = Home::each;
    for home in each() {
        assert!(conflicts(&home, |txn| drop(txn.get(b"a")), |store| drop(store.put(b"a", b"1"))));
    }
    for home in each() {
        assert!(conflicts(&home, |txn| drop(txn.get(b"a")), |store| drop(store.delete(b"a"))));
    }
    for home in each() {
        assert!(conflicts(&home, |txn| drop(txn.get(b"a")), |store| drop(store.expire(b"a", 9))));
    }
    for home in each() {
        assert!(conflicts(&home, |txn| drop(txn.get(b"none")), |store| drop(store.put(b"none", b""))));
    }
    for home in each() {
        assert!(conflicts(&home, |txn| drop(txn.add(b"a", 1)), |store| drop(store.add(b"a", 1))));
    }
    for home in each() {
        assert!(conflicts(&home, |txn| drop(txn.delete(b"none")), |store| drop(store.put(b"none", b""))));
    }
    // Deleted and written again is changed, be it the same.
    for home in each() {
        let again = |store: &joinly_storage::Store| {
            store.delete(b"a").unwrap();
            store.put(b"a", b"1").unwrap();
        };
        assert!(conflicts(&home, |txn| drop(txn.get(b"a")), again));
    }
}

#[test]
fn a_change_of_what_was_not_read_does_not_conflict() {
    for home in Home::each() {
        assert!(!conflicts(&home, |txn| drop(txn.get(b"a")), |store| drop(store.put(b"b", b"2"))));
    }
    for home in Home::each() {
        assert!(!conflicts(&home, |txn| drop(txn.put(b"a", b"")), |store| drop(store.put(b"a", b"2"))));
    }
    for home in Home::each() {
        let own = |txn: &mut joinly_storage::Transaction| {
            txn.put(b"a", b"mine").unwrap();
            txn.get(b"a").unwrap().unwrap();
        };
        assert!(!conflicts(&home, own, |store| drop(store.put(b"a", b"2"))));
    }
    for home in Home::each() {
        let nothing = |store: &joinly_storage::Store| drop(store.delete(b"none"));
        assert!(!conflicts(&home, |txn| drop(txn.get(b"none")), nothing));
    }
}

#[test]
fn phantoms_conflict_in_the_part_that_was_read() {
    let page = |limit, reverse| {
        move |txn: &mut joinly_storage::Transaction| {
            txn.scan(&Scan::range(b"a", b"d").limit(limit).reverse(reverse)).unwrap();
        }
    };
    // Limit, direction, key written by the other, conflict.
    for (limit, reverse, key, expected) in [
        (10, false, &b"bb"[..], true),
        (10, false, b"cz", true),
        (10, false, b"d", false),
        (10, false, b"A", false),
        (2, false, b"b", true),
        (2, false, b"aa", true),
        (2, false, b"b\0", false),
        (2, false, b"c", false),
        (2, true, b"b", true),
        (2, true, b"cc", true),
        (2, true, b"az", false),
        (2, true, b"d", false),
    ] {
        for home in Home::each() {
            let conflicted = conflicts(&home, page(limit, reverse), |store| drop(store.put(key, b"2")));
            assert_eq!(conflicted, expected, "{limit} {reverse} {key:?}");
        }
    }
    for home in Home::each() {
        assert!(conflicts(&home, page(10, false), |store| drop(store.delete(b"c"))));
    }
}

#[test]
fn a_range_read_conflicts_when_the_log_no_longer_tells() {
    for home in Home::each() {
        let home = home.with(|options| options.log_keep = 1);
        let elsewhere = |store: &joinly_storage::Store| {
            for n in 0..200 {
                store.put(b"elsewhere", &[n]).unwrap();
                store.flush(0).unwrap();
            }
        };
        assert!(conflicts(&home, |txn| drop(txn.scan(&Scan::prefix(b"a"))), elsewhere));
    }
}

#[test]
fn expiry_of_what_was_read_conflicts() {
    for home in Home::each() {
        assert!(conflicts(&home, |txn| drop(txn.get(b"lease")), |_| home.clock.advance(1000)));
    }
    for home in Home::each() {
        assert!(!conflicts(&home, |txn| drop(txn.get(b"lease")), |_| home.clock.advance(999)));
    }
}

/// As for a key read by itself: a row that is gone by the commit was not to be relied on.
#[test]
fn expiry_of_a_row_of_a_range_that_was_read_conflicts() {
    for home in Home::each() {
        let read = |txn: &mut joinly_storage::Transaction| {
            assert_eq!(keys(&txn.scan(&Scan::prefix(b"le")).unwrap().rows), ["lease"]);
        };
        assert!(conflicts(&home, read, |_| home.clock.advance(1000)), "{:?}", home.config.location);
    }
}

/// It was looked at only to know that there is a next page.
#[test]
fn a_lease_beyond_the_page_was_not_read() {
    for home in Home::each() {
        let read = |txn: &mut joinly_storage::Transaction| {
            let page = txn.scan(&Scan::prefix(b"").limit(4)).unwrap();
            assert_eq!(
                (keys(&page.rows), page.cursor.is_some()),
                (["a", "b", "c", "d"].map(String::from).to_vec(), true)
            );
        };
        assert!(!conflicts(&home, read, |store| drop(store.put(b"lease", b"2"))));
    }
}

/// The first of two reads counts too.
#[test]
fn expiry_between_two_reads_of_a_key_conflicts() {
    for home in Home::each() {
        let read = |txn: &mut joinly_storage::Transaction| {
            assert!(txn.get(b"lease").unwrap().is_some());
            home.clock.advance(1000);
            let _ = txn.get(b"lease").unwrap();
        };
        assert!(conflicts(&home, read, |_| {}), "{:?}", home.config.location);
    }
}

#[test]
fn counters_keep_their_expiry_and_their_bounds() {
    for home in Home::each() {
        let store = home.open();
        store.put_ttl(b"n", b"1", 1000).unwrap();
        store.put(b"text", b"one").unwrap();
        store.put(b"max", i64::MAX.to_string().as_bytes()).unwrap();
        let mut txn = store.begin().unwrap();
        assert_eq!(txn.add(b"n", 1).unwrap(), 2);
        assert_eq!(kind(txn.add(b"text", 1)), Kind::WrongType);
        assert_eq!(kind(txn.add(b"max", 1)), Kind::OutOfRange);
        assert_eq!(txn.add(b"new", i64::MIN).unwrap(), i64::MIN);
        txn.put_ttl(b"fresh", b"1", 50).unwrap();
        assert_eq!(txn.add(b"fresh", 1).unwrap(), 2);
        // A refused addition is no reason to give the rest up.
        txn.commit().unwrap();
        let expiry = |key: &[u8]| store.get(key).unwrap().unwrap().expires_at() - store.now().unwrap();
        assert_eq!((expiry(b"n"), expiry(b"fresh")), (1000, 50));
        assert_eq!(get(&store, "text").unwrap(), b"one");
    }
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    for home in Home::each() {
        let store = home.open();
        let mut txn = store.begin().unwrap();
        txn.put(b"a", b"1").unwrap();
        drop(txn);
        assert_eq!((get(&store, "a"), store.version().unwrap()), (None, 0));
    }
}

#[test]
fn a_transaction_that_is_too_old_conflicts() {
    let home = Home::sqlite().with(|options| options.snapshot_max_age_ms = 50);
    let store = home.open();
    store.put(b"a", b"1").unwrap();
    let mut txn = store.begin().unwrap();
    // The store's own thread ends it, with no help of another call.
    eventually("a transaction is ended for its age", || match txn.get(b"a") {
        Ok(value) => {
            assert_eq!(value.as_deref(), Some(&b"1"[..]));
            false
        }
        Err(error) => {
            assert_eq!(error.kind(), Kind::Conflict);
            assert!(error.message().contains("snapshot_max_age_ms"), "{error}");
            true
        }
    });
    assert_eq!(kind(txn.scan(&Scan::prefix(b""))), Kind::Conflict);
    drop(txn);
    store.transaction(|txn| txn.put(b"a", b"2")).unwrap();
}

#[test]
fn the_helper_retries_conflicts_and_nothing_else() {
    for home in Home::each() {
        let store = home.open();
        let tries = Cell::new(0);
        let answer = store.transaction(|txn| {
            tries.set(tries.get() + 1);
            txn.add(b"n", 1)?;
            if tries.get() < 4 {
                store.add(b"n", 10)?;
            }
            Ok(tries.get())
        });
        assert_eq!((answer.unwrap(), get(&store, "n").unwrap()), (4, b"31".to_vec()));

        tries.set(0);
        let hopeless = store.transaction(|txn| {
            tries.set(tries.get() + 1);
            txn.get(b"n")?;
            store.add(b"n", 1)?;
            txn.put(b"never", b"")
        });
        assert_eq!(kind(hopeless), Kind::Conflict);
        assert!((2..100).contains(&tries.get()), "{} tries", tries.get());
        assert!(!store.exists(b"never").unwrap());

        tries.set(0);
        let refused = store.transaction(|txn| {
            tries.set(tries.get() + 1);
            txn.put(b"never", b"")?;
            Err::<(), _>(Error::new(Kind::OutOfRange, "the caller's own"))
        });
        assert_eq!((kind(refused), tries.get()), (Kind::OutOfRange, 1));
        assert!(!store.exists(b"never").unwrap());
    }
}

#[test]
fn a_transaction_of_a_closed_store_is_closed() {
    for home in Home::each() {
        let store = home.open();
        store.put(b"a", b"1").unwrap();
        let (mut txn, committing) = (store.begin().unwrap(), store.begin().unwrap());
        store.close().unwrap();
        for dropped in [false, true] {
            assert_eq!(kind(txn.get(b"a")), Kind::Closed, "{dropped}");
            assert_eq!(kind(txn.put(b"a", b"2")), Kind::Closed);
            assert_eq!(kind(txn.delete(b"a")), Kind::Closed);
            assert_eq!(kind(txn.add(b"a", 1)), Kind::Closed);
            assert_eq!(kind(txn.scan(&Scan::prefix(b""))), Kind::Closed);
            if !dropped {
                assert_eq!(kind(store.begin().map(drop)), Kind::Closed);
            }
        }
        drop(store);
        assert_eq!(kind(committing.commit()), Kind::Closed);
        assert_eq!(kind(txn.get(b"a")), Kind::Closed);
    }
}

#[test]
fn there_is_a_bound_on_open_transactions() {
    let home = Home::sqlite();
    let store = home.open();
    let mut open = Vec::new();
    let refused = loop {
        match store.begin() {
            Ok(txn) => open.push(txn),
            Err(error) => break error,
        }
        assert!(open.len() <= 1000, "no bound");
    };
    assert_eq!(refused.kind(), Kind::Busy);
    assert!(open.len() >= 100, "{}", open.len());
    open.clear();
    store.transaction(|txn| txn.put(b"a", b"1")).unwrap();
}

#[test]
fn bad_keys_and_values_are_refused_at_once() {
    for home in Home::each() {
        let store = home.open();
        let mut txn = store.begin().unwrap();
        assert_eq!(kind(txn.get(b"")), Kind::Invalid);
        assert_eq!(kind(txn.put(b"", b"")), Kind::Invalid);
        assert_eq!(kind(txn.put(&[0; 2049], b"")), Kind::TooLarge);
        assert_eq!(kind(txn.put(b"k", &vec![0; (64 << 20) + 1])), Kind::TooLarge);
        txn.put(b"k", b"v").unwrap();
        txn.commit().unwrap();
        assert_eq!(get(&store, "k").unwrap(), b"v");
    }
}
