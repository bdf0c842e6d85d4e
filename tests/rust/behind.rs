//! Mode behind: what is visible when, what a dead process leaves, and what a damaged journal means.

use std::path::Path;
use std::time::Duration;

use joinly_storage::store::Mode;
use joinly_storage::{Batch, Kind, Options, Scan, Store};

use crate::support::{Home, eventually, get, keys, kind};

fn value(n: u64) -> Vec<u8> {
    format!("value {n}").into_bytes()
}

fn put_many(store: &Store, numbers: std::ops::Range<u64>) {
    for n in numbers {
        store.put(format!("k{n:05}").as_bytes(), &value(n)).unwrap();
    }
}

/// The same place as a power-up would find it: what files hold now, opened by nobody.
fn image(home: &Home) -> Home {
    let copy = Home::sqlite();
    for name in ["test.db", "test.db-wal", "test.db-behind"] {
        std::fs::copy(home.path(name), copy.path(name)).unwrap();
    }
    copy
}

/// How many of [`put_many`] are there, from the first on and without a gap.
fn found(store: &Store) -> u64 {
    let rows = store.scan(&Scan::prefix(b"k").limit(10_000)).unwrap().rows;
    for (row, n) in rows.iter().zip(0..) {
        assert_eq!(row.key, format!("k{n:05}").as_bytes());
        assert!(row.value.as_ref().unwrap().to_vec() == value(n), "k{n}");
    }
    rows.len() as u64
}

#[test]
fn others_see_what_is_flushed_and_nothing_else() {
    let home = Home::behind();
    let store = home.open();
    let reader = Store::open_url(home.file().to_str().unwrap()).unwrap();
    let mut watch = reader.watch(0, b"").unwrap();
    let first = store.put(b"a", b"1").unwrap();
    let second = store.put(b"a", b"2").unwrap();
    assert_eq!((get(&store, "a"), get(&reader, "a")), (Some(b"2".to_vec()), None));
    store.flush(first).unwrap();
    assert_eq!(get(&reader, "a").unwrap(), b"2");
    assert_eq!(reader.version().unwrap(), second);
    // Both commits, though they came as one transaction of the database.
    for version in [first, second] {
        assert_eq!(watch.poll(Duration::ZERO).unwrap().unwrap().version, version);
    }
    let queue = store.stats().unwrap().engine.queue.unwrap();
    assert_eq!((queue.transactions, queue.bytes, queue.flushes, queue.rows), (0, 0, 1, 1));
    assert_eq!(kind(store.flush(second + 1)), Kind::OutOfRange);
}

#[test]
fn flushes_come_by_themselves() {
    let home = Home::behind_flushing();
    let store = home.open();
    let reader = Store::open_url(home.file().to_str().unwrap()).unwrap();
    for n in 0..3 {
        store.put(b"k", &value(n)).unwrap();
        eventually("a flush", || get(&reader, "k") == Some(value(n)));
    }
}

#[test]
fn one_store_writes() {
    let home = Home::behind();
    let store = home.open();
    let other = Store::open_url(home.file().to_str().unwrap()).unwrap();
    store.put(b"k", b"v").unwrap();
    for error in [other.put(b"k", b"w").unwrap_err(), home.try_open().err().unwrap()] {
        assert_eq!(error.kind(), Kind::Busy);
        assert!(error.message().contains("mode behind"), "{error}");
    }
    store.close().unwrap();
    assert_eq!(get(&other, "k").unwrap(), b"v");
    other.put(b"k", b"w").unwrap();
    assert!(!home.path("test.db-behind").exists());
    // It may be opened again while calls of the closed one still hold it.
    let again = home.open();
    assert_eq!(get(&again, "k").unwrap(), b"w");
    assert_eq!(kind(store.put(b"k", b"x")), Kind::Closed);
}

#[test]
fn what_a_dead_process_left_is_recovered_by_any_writer() {
    let home = Home::behind();
    let store = home.open();
    put_many(&store, 0..100);
    store.flush(0).unwrap();
    put_many(&store, 100..200);
    store.put_ttl(b"lease", b"x", 1000).unwrap();
    store.delete(b"k00199").unwrap();
    let version = store.version().unwrap();

    for mode in [Mode::Through, Mode::Behind] {
        let image = image(&home).with(|options| options.mode = mode);
        let store = image.open();
        assert_eq!((found(&store), store.version().unwrap()), (199, version));
        assert_eq!(
            store.get(b"lease").unwrap().unwrap().expires_at(),
            1000 + crate::support::TestClock::START
        );
        store.verify().unwrap();
        let log: Vec<_> = crate::support::drain(&mut store.watch(0, b"").unwrap());
        assert!(log.iter().map(|commit| commit.version).eq(1..=version));
        assert_eq!(store.put(b"goes", b"on").unwrap(), version + 1);
    }
}

/// It was open before, and comes to write only later.
#[test]
fn a_writer_that_was_there_before_recovers_too() {
    let home = Home::behind();
    let store = home.open();
    put_many(&store, 0..10);
    let copy = Home::sqlite();
    for name in ["test.db", "test.db-wal"] {
        std::fs::copy(home.path(name), copy.path(name)).unwrap();
    }
    let waiting = copy.open();
    assert_eq!(found(&waiting), 0);
    std::fs::copy(home.path("test.db-behind"), copy.path("test.db-behind")).unwrap();
    waiting.put(b"x", b"").unwrap();
    assert_eq!(found(&waiting), 10);
}

#[test]
fn a_reader_leaves_the_journal_alone() {
    let home = Home::behind();
    let store = home.open();
    put_many(&store, 0..10);
    let image = image(&home).with(|options| options.read_only = true);
    assert_eq!(found(&image.open()), 0);
    assert_eq!(found(&image.with(|options| options.read_only = false).open()), 10);
}

#[test]
fn a_damaged_journal_is_recovered_up_to_the_damage() {
    let home = Home::behind();
    let store = home.open();
    put_many(&store, 0..30);
    let journal = std::fs::read(home.path("test.db-behind")).unwrap();
    let used = journal.iter().rposition(|byte| *byte != 0).unwrap();
    let mut whole = 0;
    for at in (0..used).step_by(41).chain([used]) {
        for (damage, damaged) in [
            ("torn", [&journal[..at], &vec![0; journal.len() - at][..]].concat()),
            ("cut", journal[..at].to_vec()),
            ("flipped", [&journal[..at], &[journal[at] ^ 0x10], &journal[at + 1..]].concat()),
        ] {
            let image = image(&home);
            std::fs::write(image.path("test.db-behind"), damaged).unwrap();
            let store = image.open();
            let count = found(&store);
            assert_eq!(store.version().unwrap(), count, "{damage} at {at}");
            whole += u64::from(count == 30);
            store.verify().unwrap();
        }
    }
    assert!(whole < 10, "damage was noticed");
}

#[test]
fn a_journal_of_another_database_is_set_aside() {
    let (home, other) = (Home::behind(), Home::behind());
    let (store, stranger) = (home.open(), other.open());
    put_many(&store, 0..10);
    put_many(&stranger, 0..20);
    let image = image(&home);
    std::fs::copy(other.path("test.db-behind"), image.path("test.db-behind")).unwrap();
    assert_eq!(found(&image.open()), 0);
    assert!(image.path("test.db-behind.foreign").exists() && !image.path("test.db-behind").exists());
}

#[test]
fn a_transaction_larger_than_a_segment_goes_through() {
    let home = Home::behind();
    let store = home.open();
    put_many(&store, 0..10);
    let large: Vec<u8> = (0..9_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let mut batch = Batch::new();
    batch.put(b"large", &large).unwrap();
    batch.put(b"k00010", &value(10)).unwrap();
    store.commit(&batch).unwrap();
    put_many(&store, 11..20);
    for store in [store, image(&home).open()] {
        assert!(get(&store, "large").unwrap() == large);
        assert_eq!(found(&store), 20);
    }
}

#[test]
fn segments_are_used_again() {
    let home = Home::behind().with(|options| options.behind_bytes = 8 << 20);
    let store = home.open();
    let noise = |n: u64| -> Vec<u8> {
        (0..20_000_u64).map(|i| ((i + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
    };
    for n in 0..2000 {
        store.put(&(n % 50_u64).to_be_bytes(), &noise(n)).unwrap();
    }
    let journal = home.path("test.db-behind").metadata().unwrap().len();
    assert!(journal <= 32 << 20, "{journal} bytes for a bound of 8 MiB");
    let image = image(&home).open();
    for n in 1950..2000 {
        assert!(get(&image, (n % 50_u64).to_be_bytes()).unwrap() == noise(n));
    }
}

#[test]
fn a_transaction_reads_flushed_and_unflushed_alike() {
    let home = Home::behind();
    let store = home.open();
    put_many(&store, 0..4);
    store.flush(0).unwrap();
    store.delete(b"k00001").unwrap();
    store.put(b"k00002", b"changed").unwrap();
    let mut txn = store.begin().unwrap();
    txn.put(b"k00009", b"own").unwrap();
    assert_eq!(keys(&txn.scan(&Scan::prefix(b"k")).unwrap().rows), ["k00000", "k00002", "k00003", "k00009"]);
    store.flush(0).unwrap();
    assert_eq!(txn.get(b"k00002").unwrap().unwrap().to_vec(), b"changed");
    txn.commit().unwrap();
    let reverse = store.scan(&Scan::prefix(b"k").reverse(true)).unwrap();
    assert_eq!(keys(&reverse.rows), ["k00009", "k00003", "k00002", "k00000"]);
}

#[test]
fn the_journal_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::behind();
    let _store = home.open();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path("test.db-behind")), 0o600);
}

#[test]
fn writers_are_slowed_down_and_never_refused_while_the_database_keeps_up() {
    let home = Home::behind_flushing().with(|options| options.behind_bytes = 100_000);
    let store = home.open();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..500_u64 {
                    store.put(format!("{thread}:{n}").as_bytes(), &[n as u8; 900]).unwrap();
                    let queue = store.stats().unwrap().engine.queue.unwrap();
                    assert!(queue.bytes < 110_000, "{queue:?}");
                }
            });
        }
    });
    store.close().unwrap();
    let options = Options { read_only: true, ..Options::default() };
    let reader = home.with(|kept| *kept = options).open();
    assert_eq!(reader.scan(&Scan::prefix(b"").limit(10_000)).unwrap().rows.len(), 1500);
}
