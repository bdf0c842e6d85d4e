//! Damage to the file, page by page: it is told, and no read answers anything but the truth or an error.

use std::path::{Path, PathBuf};

use joinly_storage::store::Location;
use joinly_storage::{Config, IndexSpec, Kind, Options, Scan, Store};
use rusqlite::{Connection, OpenFlags};

use super::{Random, open};

const PAGE: usize = 4096;
const DOCUMENTS: u64 = 200;
const LARGE: u64 = 8;
const CHANGED: &[u8] = b"the key of the changed value";

fn document(n: u64) -> Vec<u8> {
    format!(r#"{{"n":{n},"text":"{n:0>300}"}}"#).into_bytes()
}

fn large(n: u64) -> Vec<u8> {
    let mut random = Random(n + 1);
    (0..20_000).map(|_| random.next(256) as u8).collect()
}

fn records() -> impl Iterator<Item = (String, Vec<u8>)> {
    let documents = (0..DOCUMENTS).map(|n| (format!("doc:{n:03}"), document(n)));
    documents.chain((0..LARGE).map(|n| (format!("large:{n}"), large(n))))
}

/// A closed file with documents, an index, expiring keys and large values.
fn sound(file: &Path) -> Vec<u8> {
    let store = open(file, |_| {});
    store.declare_index(&IndexSpec::new("n", b"doc:", "$.n").unwrap()).unwrap();
    for (key, value) in records() {
        store.put_ttl(key.as_bytes(), &value, 1 << 40).unwrap();
    }
    store.checkpoint().unwrap();
    drop(store);
    assert!(!file.with_extension("db-wal").exists());
    std::fs::read(file).unwrap()
}

/// The numbers and kinds of the pages.
fn pages(file: &Path) -> Vec<(usize, String)> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let mut statement = connection.prepare("SELECT pageno, pagetype FROM dbstat ORDER BY pageno").unwrap();
    let pages = statement.query_map([], |row| Ok((row.get::<_, i64>(0)? as usize, row.get(1)?))).unwrap();
    pages.map(Result::unwrap).collect()
}

fn copy(home: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let file = home.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

fn try_open(file: &Path) -> joinly_storage::Result<Store> {
    Store::open(&Config { location: Location::Sqlite(file.to_owned()), options: Options::default() })
}

/// Reads everything: the truth or an error. How many reads answered.
fn read_truth(store: &Store, what: &str) -> usize {
    let answered = records().filter(|(key, value)| match store.get(key.as_bytes()) {
        Ok(found) => {
            let found = found.unwrap_or_else(|| panic!("{what}: {key} is gone"));
            assert!(*found == **value, "{what}: {key} is another value");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), Kind::Corrupt, "{what}: {key}: {error}");
            false
        }
    });
    answered.count()
}

#[test]
fn a_lost_page_is_told_and_the_rest_is_read() {
    let home = tempfile::tempdir().unwrap();
    let good = home.path().join("good.db");
    let bytes = sound(&good);
    let all = records().count();
    let mut partly = 0;
    for (number, kind) in pages(&good).iter().filter(|(_, kind)| kind != "overflow") {
        let what = format!("page {number} ({kind})");
        let mut damaged = bytes.clone();
        let mut random = Random(*number as u64);
        damaged[(number - 1) * PAGE..number * PAGE].fill_with(|| random.next(256) as u8);
        let store = match try_open(&copy(home.path(), &format!("{number}.db"), &damaged)) {
            Ok(store) => store,
            Err(error) => {
                assert!([Kind::Corrupt, Kind::NotADatabase].contains(&error.kind()), "{what}: {error}");
                continue;
            }
        };
        let answered = read_truth(&store, &what);
        partly += usize::from(answered > 0 && answered < all);
        assert_eq!(store.verify().expect_err(&what).kind(), Kind::Corrupt, "{what}");
        assert_eq!(store.put(b"new", b"x").unwrap_err().kind(), Kind::Corrupt, "{what}");
        assert_eq!(read_truth(&store, &what), answered);
    }
    assert!(partly > 10, "only {partly} damaged files were partly read");
}

/// A file with a value of that many random bytes under `CHANGED`, beside another record, and the value.
fn sound_value(home: &Path, bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let file = home.join("good.db");
    let store = open(&file, |options| options.compress_level = -1);
    let mut random = Random(bytes as u64);
    let value: Vec<u8> = (0..bytes).map(|_| random.next(256) as u8).collect();
    store.put(CHANGED, &value).unwrap();
    store.put(b"other", b"kept").unwrap();
    store.checkpoint().unwrap();
    drop(store);
    (std::fs::read(file).unwrap(), value)
}

/// Where `wanted` is in the file, which holds it once.
fn position(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut found = bytes.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted);
    let (at, _) = found.next().unwrap();
    assert!(found.next().is_none());
    at
}

fn changed_byte_is_told(home: &Path, bytes: &[u8], at: usize) {
    let mut damaged = bytes.to_vec();
    damaged[at] ^= 1 << (at % 8);
    let what = format!("byte {at}");
    let store = try_open(&copy(home, "bad.db", &damaged)).unwrap();
    assert_eq!(store.get(b"other").unwrap().as_deref(), Some(&b"kept"[..]), "{what}");
    assert_eq!(store.get(CHANGED).expect_err(&what).kind(), Kind::Corrupt, "{what}");
    assert_eq!(store.get_many(&[CHANGED]).expect_err(&what).kind(), Kind::Corrupt, "{what}");
    assert_eq!(store.scan(&Scan::prefix(b"")).expect_err(&what).kind(), Kind::Corrupt, "{what}");
    assert_eq!(store.verify().expect_err(&what).kind(), Kind::Corrupt, "{what}");
    assert_eq!(store.add(b"n", 1).expect_err(&what).kind(), Kind::Corrupt, "{what}");
}

#[test]
fn a_changed_byte_of_a_small_value_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (bytes, value) = sound_value(home.path(), 40);
    let start = position(&bytes, &value);
    // Before the value are its checksum and its numbers: "1 0 0 ".
    for at in start - 10..start + value.len() {
        changed_byte_is_told(home.path(), &bytes, at);
    }
}

#[test]
fn damage_met_by_a_new_index_stops_writes() {
    let home = tempfile::tempdir().unwrap();
    let (mut bytes, value) = sound_value(home.path(), 40);
    let start = position(&bytes, &value);
    bytes[start] ^= 1;
    let store = try_open(&copy(home.path(), "bad.db", &bytes)).unwrap();
    store.put(b"other", b"before").unwrap();
    let index = IndexSpec::new("n", CHANGED, "$.n").unwrap();
    assert_eq!(store.declare_index(&index).unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(store.put(b"other", b"after").unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(store.get(b"other").unwrap().as_deref(), Some(&b"before"[..]));
    assert_eq!(store.indexes().unwrap(), []);
}

#[test]
fn a_changed_byte_of_a_large_value_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (bytes, value) = sound_value(home.path(), 20_000);
    for chunk in value.chunks_exact(16).step_by(50) {
        changed_byte_is_told(home.path(), &bytes, position(&bytes, chunk));
    }
}

/// A power loss may take the end of the log away, never a part of a commit or one from the middle.
#[test]
fn a_damaged_log_is_read_up_to_the_damage() {
    let home = tempfile::tempdir().unwrap();
    let good = home.path().join("good.db");
    let store = open(&good, |_| {});
    for n in 1..=100_u64 {
        let mut batch = joinly_storage::Batch::new();
        for key in ["a", "b", "c"] {
            batch.put(key.as_bytes(), format!("{n:0>500}").as_bytes()).unwrap();
        }
        assert_eq!(store.commit(&batch).unwrap(), n);
    }
    let snapshot = |extension| std::process::Command::new("cat").arg(good.with_extension(extension)).output();
    let (main, log) = (snapshot("db").unwrap().stdout, snapshot("db-wal").unwrap().stdout);
    assert!(log.len() > 100 * PAGE);
    let mut random = Random(0xbad);
    for round in 0..40 {
        // The first commit made the tables.
        let at = log.len() / 10 + random.next(log.len() as u64 * 9 / 10) as usize;
        let mut damaged = log.clone();
        if round % 2 == 0 {
            damaged[at] ^= 0x10
        } else {
            damaged.truncate(at)
        }
        let bad = copy(home.path(), &format!("{round}.db"), &main);
        std::fs::write(bad.with_extension("db-wal"), damaged).unwrap();
        let store = try_open(&bad).unwrap();
        let version = store.version().unwrap();
        assert!((1..=100).contains(&version), "cut at {at}: version {version}");
        for key in ["a", "b", "c"] {
            let value = store.get(key.as_bytes()).unwrap().unwrap();
            assert_eq!((value.version(), &*value), (version, format!("{version:0>500}").as_bytes()));
        }
        store.verify().unwrap();
        assert_eq!(store.put(b"a", b"on").unwrap(), version + 1);
    }
}
