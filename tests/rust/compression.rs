//! Compression: nobody notices but the file.

use joinly_storage::engine::{Engine, Hold, RecordRef};
use joinly_storage::{Kind, Scan, Store};

use crate::support::{Home, get, kind};

/// Text that compresses well, never the same.
fn text(size: usize) -> Vec<u8> {
    (0..).flat_map(|n: u32| format!("{{\"line\":{n}}}").into_bytes()).take(size).collect()
}

/// Bytes that do not compress.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(size)
    .collect()
}

/// How many bytes the file keeps for a key, and how they are encoded.
fn kept(home: &Home, key: &str) -> (usize, u8) {
    let record = home.engine().snapshot(Hold::Short).unwrap().get(key.as_bytes()).unwrap().unwrap();
    (record.data.len(), record.encoding)
}

#[test]
fn every_way_of_reading_and_writing_is_transparent() {
    for home in Home::each() {
        let home = home.with(|options| options.cache_bytes = 1);
        let store = home.open();
        for (n, value) in
            [text(5000), noise(5000), vec![0; 1 << 20], text(1024), Vec::new()].iter().enumerate()
        {
            let key = [n as u8];
            store.put(&key, value).unwrap();
            assert_eq!(get(&store, key).as_ref(), Some(value));
            let mut buffer = vec![0; value.len()];
            assert_eq!(store.get_into(&key, &mut buffer).unwrap(), Some(value.len()));
            assert_eq!(&buffer, value);
            let row = &store.scan(&Scan::prefix(&key)).unwrap().rows[0];
            assert_eq!(row.value.as_deref(), Some(&value[..]));
            // A new expiry keeps what is stored as it is.
            assert!(store.expire(&key, 1000).unwrap());
            assert_eq!(get(&store, key).as_ref(), Some(value));
            let copied = store.transaction(|txn| {
                let value = txn.get(&key)?.unwrap();
                txn.put(b"copy", &value)
            });
            copied.unwrap();
            assert_eq!(get(&store, "copy").as_ref(), Some(value));
        }
        store.verify().unwrap();
    }
}

#[test]
fn only_what_is_large_enough_and_gets_smaller_is_compressed() {
    let home = Home::sqlite().with(|options| options.compress_threshold = 100);
    let store = home.open();
    store.put(b"below", &[7; 99]).unwrap();
    store.put(b"at", &[7; 100]).unwrap();
    store.put(b"noise", &noise(3000)).unwrap();
    store.transaction(|txn| txn.put(b"in a transaction", &[7; 3000])).unwrap();
    assert_eq!(kept(&home, "below"), (99, 0));
    let (bytes, encoding) = kept(&home, "at");
    assert!(bytes < 100 && encoding != 0);
    assert_eq!(kept(&home, "noise"), (3000, 0));
    assert!(kept(&home, "in a transaction").0 < 300);
    // A counter stays readable, and a compressed value may turn into one.
    store.put(b"at", b"41").unwrap();
    assert_eq!(store.add(b"at", 1).unwrap(), 42);
    assert_eq!(kept(&home, "at"), (2, 0));
}

#[test]
fn levels_can_be_changed_and_switched_off_at_every_opening() {
    let home = Home::sqlite();
    let value = text(20_000);
    let mut sizes = Vec::new();
    for level in [-1, 1, 3, 19] {
        let store =
            Store::open_url(&format!("sqlite:{}?compress_level={level}", home.file().display())).unwrap();
        store.put(format!("{level}").as_bytes(), &value).unwrap();
        // Each reads what all before wrote.
        for row in store.scan(&Scan::prefix(b"")).unwrap().rows {
            assert_eq!(row.value.as_deref(), Some(&value[..]));
        }
        sizes.push(kept(&home, &level.to_string()).0);
    }
    assert_eq!(sizes[0], value.len());
    assert!(sizes[1..].iter().all(|size| *size < value.len() / 2), "{sizes:?}");
}

#[test]
fn the_file_gets_smaller() {
    let bytes = |level| {
        let home = Home::sqlite().with(|options| options.compress_level = level);
        let store = home.open();
        for n in 0..50_u8 {
            store.put(&[n], &text(20_000 + usize::from(n))).unwrap();
        }
        store.checkpoint().unwrap();
        store.verify().unwrap();
        home.file().metadata().unwrap().len()
    };
    let (plain, compressed) = (bytes(-1), bytes(3));
    assert!(plain > 50 * 20_000 && compressed < plain / 3, "{plain} and {compressed}");
}

#[test]
fn a_damaged_value_is_told_and_nothing_else_is_lost() {
    for (encoding, data) in [(1, &b"not zstd"[..]), (1, b""), (9, b"of the future")] {
        let home = Home::sqlite();
        home.open().put(b"good", b"v").unwrap();
        let engine = home.engine();
        let mut writer = engine.begin().unwrap();
        writer.put(b"bad", RecordRef { version: 1, expires_at: 0, encoding, data }).unwrap();
        writer.commit().unwrap();
        drop(engine);

        let store = home.open();
        assert_eq!(get(&store, "good").unwrap(), b"v");
        store.put(b"more", b"v").unwrap();
        assert_eq!(kind(store.get(b"bad")), Kind::Corrupt);
        // From here on the file is only read.
        assert_eq!(kind(store.put(b"good", b"w")), Kind::Corrupt);
        assert_eq!(kind(store.scan(&Scan::prefix(b""))), Kind::Corrupt);
        assert_eq!(get(&store, "good").unwrap(), b"v");
        assert_eq!(store.scan(&Scan::prefix(b"").keys_only(true)).unwrap().rows.len(), 3);
        let error = store.verify().unwrap_err();
        assert!(error.kind() == Kind::Corrupt && error.message().contains("bad"), "{error}");
    }
}
