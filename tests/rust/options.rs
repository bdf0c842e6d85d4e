//! How a store is opened: paths, URLs, TOML files, options, and what is refused.

use std::path::Path;

use joinly_storage::store::{Durability, Location};
use joinly_storage::{Config, Kind, Options, Result, Store};
use rusqlite::Connection;

use crate::support::{Home, get, kind};

fn url(home: &Home, query: &str) -> String {
    format!("sqlite:{}{query}", home.file().display())
}

fn refused(result: Result<Store>) -> (Kind, String) {
    match result {
        Ok(_) => panic!("opened"),
        Err(error) => (error.kind(), error.message().to_owned()),
    }
}

#[test]
fn a_path_and_its_url_are_the_same_store() {
    let home = Home::sqlite();
    Store::open_url(home.file().to_str().unwrap()).unwrap().put(b"k", b"v").unwrap();
    for url in [
        url(&home, ""),
        url(&home, "?cache_mb=1&durability=power&busy_timeout_ms=100"),
        format!("sqlite://{}", home.file().display()),
        url(&home, "").replace("test.db", "%74est%2Edb"),
    ] {
        let store = Store::open_url(&url).unwrap();
        assert_eq!(get(&store, "k").unwrap(), b"v", "{url}");
        assert_eq!(store.engine_name(), "sqlite");
    }
    assert_eq!(Store::open_url("memory:?cache_bytes=1000").unwrap().engine_name(), "memory");
}

#[test]
fn names_with_every_odd_character() {
    let home = Home::sqlite();
    for name in ["with space", "100%", "a?b=c", "a#b", "ünï", "a'b\"c", "a\nb", "-x"] {
        let file = home.path(name);
        Store::open_url(file.to_str().unwrap()).unwrap().put(b"k", name.as_bytes()).unwrap();
        assert!(file.exists(), "{name:?}");
        let options = Options { read_only: true, ..Options::default() };
        let config = Config { location: Location::Sqlite(file), options };
        assert_eq!(get(&Store::open(&config).unwrap(), "k").unwrap(), name.as_bytes());
    }
}

#[test]
fn a_new_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k", b"v").unwrap();
    for name in ["test.db", "test.db-wal", "test.db-shm"] {
        let mode = home.path(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn what_is_malformed_is_named() {
    let home = Home::sqlite();
    for (query, named) in [
        ("?cash_mb=1", "cash_mb"),
        ("?cache_mb=lots", "cache_mb"),
        ("?cache_mb=-1", "cache_mb"),
        ("?cache_bytes=0", "cache_bytes"),
        ("?cache_mb=99999999999999", "cache_mb"),
        ("?durability=maybe", "durability"),
        ("?mode=sideways", "mode"),
        ("?busy_timeout_ms=1s", "busy_timeout_ms"),
        ("?busy_timeout_ms=4294967296", "busy_timeout_ms"),
        ("?snapshot_max_age_ms=0", "snapshot_max_age_ms"),
        ("?log_keep=0", "log_keep"),
        ("?sweep_interval_ms=0", "sweep_interval_ms"),
        ("?compress_level=0", "compress_level"),
        ("?compress_level=20", "compress_level"),
        ("?compress_threshold=1k", "compress_threshold"),
        ("?read_only=perhaps", "read_only"),
        ("?must_exist=2", "must_exist"),
        ("?%ff=1", "UTF-8"),
    ] {
        let (kind, message) = refused(Store::open_url(&url(&home, query)));
        assert_eq!(kind, Kind::Invalid, "{query}: {message}");
        assert!(message.contains(named), "{query}: {message}");
    }
    assert!(!home.file().exists(), "nothing is created for a refused URL");
    for (url, named) in [
        ("", "empty"),
        ("sqlite:", "empty"),
        ("sqlite://", "empty"),
        ("redis:x", "redis"),
        ("memory:x", "memory"),
        ("a\0b", "NUL"),
        ("sqlite:a%00b", "NUL"),
        ("sqlite:%ff", "UTF-8"),
    ] {
        let (kind, message) = refused(Store::open_url(url));
        assert_eq!(kind, Kind::Invalid, "{url:?}: {message}");
        assert!(message.contains(named), "{url:?}: {message}");
    }
}

#[test]
fn write_behind_needs_a_file_to_write_to() {
    let home = Home::sqlite();
    for (url, named) in [
        ("memory:?mode=behind".to_owned(), "memory"),
        (url(&home, "?mode=behind&read_only"), "read_only"),
        (url(&home, "?mode=behind&behind_mb=0"), "behind_bytes"),
        (url(&home, "?mode=behind&flush_interval_ms=0"), "flush_interval_ms"),
    ] {
        let (kind, message) = refused(Store::open_url(&url));
        assert_eq!(kind, Kind::Invalid);
        assert!(message.contains(named), "{message}");
    }
    assert!(!home.file().exists());
}

#[test]
fn a_toml_file_describes_a_store() {
    let home = Home::sqlite();
    let file = home.path("store.toml");
    let text = "url = 'sqlite:nested.db?log_keep=9'\n\
                cache_mb = 2\ndurability = 'power'\nmust_exist = false\ncompress_level = -1\n";
    std::fs::write(&file, text).unwrap();
    let config = Config::from_toml_file(file.to_str().unwrap()).unwrap();
    assert_eq!(config.location, Location::Sqlite(home.path("nested.db")));
    let expected = Options {
        cache_bytes: 2 << 20,
        durability: Durability::Power,
        compress_level: -1,
        log_keep: 9,
        ..Options::default()
    };
    assert_eq!(config.options, expected);
    Store::open(&config).unwrap().put(b"k", b"v").unwrap();
    assert!(home.path("nested.db").exists());
}

#[test]
fn a_toml_file_that_is_wrong_names_what_and_where() {
    let home = Home::sqlite();
    let file = home.path("store.toml");
    for (text, named) in [
        ("cache_mb = 1", "url"),
        ("url = 1", "url"),
        ("url = 'memory:'\nspeed = 11", "speed"),
        ("url = 'memory:'\ncache_mb = 1.5", "cache_mb"),
        ("url = 'memory:'\ncache_mb = -1", "cache_mb"),
        ("url = 'memory:'\ncache_mb = [1]", "cache_mb"),
        ("url = 'memory:'\n[cache_mb]", "cache_mb"),
        ("url = 'memory:?speed=11'", "speed"),
        ("url = ", "store.toml"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = Config::from_toml_file(file.to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{text}: {error}");
        assert!(error.message().contains(named), "{text}: {error}");
        assert!(error.message().contains("store.toml"), "{text}: {error}");
    }
    assert_eq!(kind(Config::from_toml_file(home.path("none.toml").to_str().unwrap())), Kind::NotFound);
    assert_eq!(kind(Config::from_toml_file(home.path("").to_str().unwrap())), Kind::Io);
}

#[test]
fn must_exist_creates_nothing() {
    let home = Home::sqlite().with(|options| options.must_exist = true);
    let (kind, message) = refused(home.try_open());
    assert_eq!(kind, Kind::NotFound);
    assert!(message.contains("test.db"), "{message}");
    assert!(!home.file().exists());
    let home = home.with(|options| options.must_exist = false);
    home.open().put(b"k", b"v").unwrap();
    assert_eq!(get(&home.with(|options| options.must_exist = true).open(), "k").unwrap(), b"v");
}

#[test]
fn read_only_reads_and_refuses_every_write() {
    let home = Home::sqlite().with(|options| options.read_only = true);
    assert_eq!(refused(home.try_open()).0, Kind::NotFound);
    assert!(!home.file().exists());
    let home = home.with(|options| options.read_only = false);
    let writer = home.open();
    writer.put(b"k", b"v").unwrap();
    let home = home.with(|options| options.read_only = true);
    let reader = home.open();
    assert_eq!(get(&reader, "k").unwrap(), b"v");
    let spec = joinly_storage::IndexSpec::new("i", b"", "$.a").unwrap();
    assert_eq!(kind(reader.put(b"k", b"w")), Kind::ReadOnly);
    assert_eq!(kind(reader.delete(b"k")), Kind::ReadOnly);
    assert_eq!(kind(reader.add(b"n", 1)), Kind::ReadOnly);
    assert_eq!(kind(reader.expire(b"k", 1)), Kind::ReadOnly);
    assert_eq!(kind(reader.declare_index(&spec)), Kind::ReadOnly);
    assert_eq!(kind(reader.rebuild_index("i")), Kind::ReadOnly);
    assert_eq!(kind(reader.drop_index("i")), Kind::ReadOnly);
    assert_eq!(kind(reader.checkpoint()), Kind::ReadOnly);
    assert_eq!(kind(reader.compact()), Kind::ReadOnly);
    assert_eq!(kind(reader.transaction(|txn| txn.put(b"k", b"w"))), Kind::ReadOnly);
    // It sees what others write, in its cache too, and checks and watches as any other.
    writer.put(b"k", b"w").unwrap();
    assert_eq!(get(&reader, "k").unwrap(), b"w");
    assert_eq!(reader.watch(1, b"").unwrap().poll(std::time::Duration::ZERO).unwrap().unwrap().version, 2);
    reader.verify().unwrap();
    drop((reader, writer));
    assert_eq!(get(&home.open(), "k").unwrap(), b"w");
}

#[test]
fn places_where_no_store_can_be() {
    let home = Home::sqlite();
    let open = |path: &Path| refused(Store::open_url(path.to_str().unwrap()));
    let (kind, message) = open(&home.path("none/test.db"));
    assert_eq!(kind, Kind::Io);
    assert!(message.contains("none") && message.contains("does not exist"), "{message}");
    assert_eq!(open(&home.path("")).0, Kind::NotADatabase);
    std::fs::write(home.path("text"), "once upon a time ".repeat(1000)).unwrap();
    let (kind, message) = open(&home.path("text"));
    assert_eq!(kind, Kind::NotADatabase);
    assert!(message.contains("text"), "{message}");
    assert_eq!(open(&home.path("text/test.db")).0, Kind::Io);
    assert_eq!(std::fs::read(home.path("text")).unwrap().len(), 17_000);
}

/// What is refused stays as it was, to the last byte.
fn assert_refused_untouched(file: &Path, expected: Kind, named: &str) {
    let before = std::fs::read(file).unwrap();
    for read_only in [true, false] {
        let options = Options { read_only, ..Options::default() };
        let config = Config { location: Location::Sqlite(file.to_owned()), options };
        let (kind, message) = refused(Store::open(&config));
        assert_eq!(kind, expected, "{message}");
        assert!(message.contains(named), "{message}");
        assert!(std::fs::read(file).unwrap() == before, "the file was changed (read_only: {read_only})");
    }
}

#[test]
fn a_database_of_another_program_is_refused_untouched() {
    let home = Home::sqlite();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')").unwrap();
    drop(other);
    assert_refused_untouched(&home.file(), Kind::NotADatabase, "another program");
}

#[test]
fn a_file_of_a_newer_version_is_refused_untouched() {
    let home = Home::sqlite();
    drop(home.open());
    let newer = Connection::open(home.file()).unwrap();
    newer.pragma_update(None, "user_version", 1_000_000).unwrap();
    newer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(newer);
    assert_refused_untouched(&home.file(), Kind::NewerSchema, "newer");
}

/// So that it needs no lock, and that no other process has to drop its cache for it.
#[test]
fn opening_an_existing_store_commits_nothing() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k", b"v").unwrap();
    assert_eq!(get(&store, "k").unwrap(), b"v");
    let before = store.stats().unwrap();
    for _ in 0..3 {
        assert_eq!(get(&home.open(), "k").unwrap(), b"v");
        assert_eq!(get(&store, "k").unwrap(), b"v");
    }
    let after = store.stats().unwrap();
    assert_eq!(after.engine.wal_bytes, before.engine.wal_bytes, "pages were written");
    assert_eq!(after.cache_resets, before.cache_resets, "the cache was dropped");
}

#[test]
fn a_store_has_one_identity_under_every_name() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k", b"1").unwrap();
    std::os::unix::fs::symlink(home.file(), home.path("link.db")).unwrap();
    std::os::unix::fs::symlink(home.path(""), home.path("directory")).unwrap();
    for name in ["link.db", "directory/test.db", "./test.db", "directory/link.db"] {
        let other = Store::open_url(home.path(name).to_str().unwrap()).unwrap();
        assert_eq!(other.add(b"k", 1).unwrap(), store.add(b"k", 0).unwrap(), "{name}");
        assert_eq!(get(&store, "k"), get(&other, "k"));
    }
}

#[test]
fn a_link_may_be_opened_before_the_file_itself() {
    let home = Home::sqlite();
    drop(home.open());
    std::os::unix::fs::symlink(home.file(), home.path("link.db")).unwrap();
    let by_link = Store::open_url(home.path("link.db").to_str().unwrap()).unwrap();
    by_link.put(b"k", b"v").unwrap();
    assert_eq!(get(&home.open(), "k").unwrap(), b"v");
}

/// `/tmp/x/tmp/x/test.db` is not `/tmp/x/test.db`.
#[test]
fn files_whose_paths_end_alike_are_different_files() {
    let home = Home::sqlite();
    let inner = home.path(home.file().parent().unwrap().to_str().unwrap().trim_start_matches('/'));
    std::fs::create_dir_all(&inner).unwrap();
    let nested = Store::open_url(inner.join("test.db").to_str().unwrap()).unwrap();
    nested.put(b"k", b"nested").unwrap();
    assert_eq!(get(&home.open(), "k"), None);
}

#[test]
fn limits_are_told_and_kept() {
    for home in Home::each() {
        let store = home.open();
        let limits = store.limits().unwrap();
        assert_eq!((limits.key_bytes, limits.value_bytes), (2048, 64 << 20));
        let (key, value) = (vec![b'k'; limits.key_bytes], vec![b'v'; limits.value_bytes]);
        store.put(&key, &value).unwrap();
        assert!(store.get(&key).unwrap().as_deref() == Some(&value[..]));
        let before = store.version().unwrap();
        assert_eq!(kind(store.put(&[&key[..], b"k"].concat(), b"")), Kind::TooLarge);
        assert_eq!(kind(store.put(b"k", &[&value[..], b"v"].concat())), Kind::TooLarge);
        assert_eq!(kind(store.put(b"", b"v")), Kind::Invalid);
        assert_eq!(kind(store.get(b"")), Kind::Invalid);
        assert_eq!(kind(store.get(&[0; 2049])), Kind::TooLarge);
        assert_eq!(kind(store.get_many(&vec![&b"k"[..]; limits.page_rows + 1])), Kind::TooLarge);
        assert_eq!(store.get_many(&vec![&b"k"[..]; limits.page_rows]).unwrap().len(), limits.page_rows);
        let mut batch = joinly_storage::Batch::new();
        for _ in 0..limits.batch_ops {
            batch.delete(b"none").unwrap();
        }
        assert_eq!(kind(batch.delete(b"none")), Kind::TooLarge);
        assert_eq!((batch.len(), store.commit(&batch).unwrap()), (limits.batch_ops, before));
    }
}
