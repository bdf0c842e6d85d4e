//! Feeds: values under numbers that the commits give, without a gap, in the order of the commits.

use joinly_storage::store::feed_key;
use joinly_storage::{Batch, Kind, Scan, Store};

use crate::support::{Home, get, kind};

fn values(store: &Store, feed: &str) -> Vec<String> {
    let prefix = format!("{feed}:");
    let mut scan = Scan::prefix(prefix.as_bytes());
    let (mut values, mut number) = (Vec::new(), 0);
    loop {
        let page = store.scan(&scan).unwrap();
        for row in &page.rows {
            number += 1;
            assert_eq!(row.key, feed_key(feed.as_bytes(), number), "a gap before it");
            values.push(String::from_utf8(row.value.as_deref().unwrap().to_vec()).unwrap());
        }
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => break,
        }
    }
    let last = get(store, feed).map_or(0, |count| String::from_utf8(count).unwrap().parse().unwrap());
    assert_eq!(number, last);
    values
}

#[test]
fn numbers_start_at_one_and_have_no_gap() {
    for home in Home::each() {
        let store = home.open();
        assert_eq!(store.append(b"f", b"one").unwrap(), 1);
        assert_eq!(store.append(b"g", b"other").unwrap(), 1);
        let long = "long ".repeat(1000);
        let mut batch = Batch::new();
        batch.append(b"f", b"two").unwrap();
        batch.put(b"k", b"v").unwrap();
        batch.append(b"f", long.as_bytes()).unwrap();
        batch.append(b"g", b"another").unwrap();
        for key in 0..20 {
            batch.put(format!("k{key}").as_bytes(), b"many").unwrap();
        }
        batch.append(b"f", b"four").unwrap();
        store.commit(&batch).unwrap();
        assert_eq!(values(&store, "f"), ["one", "two", &long, "four"]);
        assert_eq!(values(&store, "g"), ["other", "another"]);
        assert_eq!(String::from_utf8(feed_key(b"f", 12)).unwrap(), "f:00000000000000000012");
        let mut watch = store.watch(0, b"f").unwrap();
        let changed = crate::support::changed(&crate::support::drain(&mut watch));
        assert_eq!(changed[0], ["f", "f:00000000000000000001"]);
        // Each key once, though the counter was raised three times.
        assert_eq!(changed[1].len(), 4);
        store.verify().unwrap();
    }
}

#[test]
fn what_is_refused_takes_no_number() {
    for home in Home::each() {
        let store = home.open();
        store.append(b"f", b"one").unwrap();
        let mut batch = Batch::new();
        batch.append(b"f", b"lost").unwrap();
        batch.check(b"f", 77).unwrap();
        assert_eq!(kind(store.commit(&batch)), Kind::Conflict);
        let mut batch = Batch::new();
        batch.append(b"f", b"lost").unwrap();
        batch.add(b"text", 1).unwrap();
        store.put(b"text", b"x").unwrap();
        assert_eq!(kind(store.commit(&batch)), Kind::WrongType);
        assert_eq!(store.append(b"f", b"two").unwrap(), 2);
        assert_eq!(values(&store, "f"), ["one", "two"]);
        assert_eq!(kind(store.append(b"text", b"v")), Kind::WrongType);
        store.put(b"below", b"-5").unwrap();
        assert_eq!(kind(store.append(b"below", b"v")), Kind::OutOfRange);
        store.put(b"end", i64::MAX.to_string().as_bytes()).unwrap();
        assert_eq!(kind(store.append(b"end", b"v")), Kind::OutOfRange);
        assert_eq!(kind(store.append(b"", b"v")), Kind::Invalid);
        assert_eq!(kind(store.append(&[b'f'; 2028], b"v")), Kind::TooLarge);
        store.append(&[b'f'; 2027], b"v").unwrap();
    }
}

#[test]
fn transactions_that_append_to_one_feed_do_not_conflict() {
    for home in Home::each() {
        let store = home.open();
        let mut first = store.begin().unwrap();
        let mut second = store.begin().unwrap();
        first.append(b"f", b"first").unwrap();
        second.append(b"f", b"second").unwrap();
        second.put(b"k", b"v").unwrap();
        second.commit().unwrap();
        first.commit().unwrap();
        assert_eq!(values(&store, "f"), ["second", "first"]);
        // Who has read the counter does.
        let mut reader = store.begin().unwrap();
        reader.get(b"f").unwrap();
        reader.append(b"f", b"third").unwrap();
        store.append(b"f", b"meanwhile").unwrap();
        assert_eq!(kind(reader.commit()), Kind::Conflict);
        assert_eq!(values(&store, "f").len(), 3);
    }
}

#[test]
fn many_writers_of_several_stores_leave_no_gap() {
    const THREADS: usize = 6;
    const EACH: usize = 100;
    for (home, stores) in [(Home::memory(), 1), (Home::sqlite(), 2), (Home::behind(), 1)] {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let store = &stores[thread % stores.len()];
                scope.spawn(move || {
                    let mut last = 0;
                    for n in 0..EACH {
                        let number = store.append(b"f", format!("{thread}/{n}").as_bytes()).unwrap();
                        assert!(number > last);
                        last = number;
                    }
                });
            }
        });
        let mut found = values(&stores[0], "f");
        // In the order in which each thread made them.
        found.sort_by_key(|value| value.split('/').next().unwrap().to_owned());
        let made = (0..THREADS).flat_map(|thread| (0..EACH).map(move |n| format!("{thread}/{n}")));
        assert!(found.iter().map(String::as_str).eq(made.collect::<Vec<_>>().iter().map(String::as_str)));
    }
}
