//! A folder of LevelDB is for one store at a time, tells damage, and is not taken from other software.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_void};
use std::path::{Path, PathBuf};
use std::time::Duration;

use joinly_storage::{Kind, Scan, Store};

use super::{Child, Random, open, report, try_open};
use crate::support::PATIENCE;

const RECORDS: u64 = 200;

/// Opens a folder and keeps it until it is killed.
pub fn hold_child(arguments: &[&str]) {
    let [folder] = arguments else { panic!("{arguments:?}") };
    let _store = open(Path::new(folder), |options| options.busy_timeout_ms = 60_000);
    report("open");
    std::thread::sleep(PATIENCE);
}

fn refused(folder: &Path) -> joinly_storage::Error {
    try_open(folder, |options| options.busy_timeout_ms = 50).err().unwrap()
}

#[test]
fn a_second_opener_is_told_who_has_it() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("one.leveldb");
    let store = open(&folder, |_| {});
    store.put(b"k", b"v").unwrap();
    // By another name too; and the refused ones must not take the lock from the first.
    let link = home.path().join("link.leveldb");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    for name in [&folder, &link] {
        let error = refused(name);
        assert_eq!(error.kind(), Kind::Busy, "{error}");
        assert!(error.message().contains("this process"), "{error}");
    }
    let mut other = Child::spawn("hold", &[folder.to_str().unwrap()]);
    std::thread::sleep(Duration::from_millis(100));
    store.put(b"k", b"w").unwrap();
    // Once it is free, the other process has it.
    store.close().unwrap();
    drop(store);
    assert_eq!(other.line().as_deref(), Some("open"));
    let error = refused(&folder);
    assert_eq!(error.kind(), Kind::Busy, "{error}");
    assert!(error.message().contains("one process at a time"), "{error}");
    other.kill();
    assert_eq!(open(&folder, |_| {}).get(b"k").unwrap().as_deref(), Some(&b"w"[..]));
}

/// As by a copy of LevelDB that other software brought: the lock is this process's, and keeps nobody in it out.
#[test]
fn a_folder_that_other_software_of_this_process_has_open_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("one.leveldb");
    drop(open(&folder, |_| {}));
    let other = std::fs::File::open(folder.join("LOCK")).unwrap();
    let error = refused(&folder);
    assert!(error.kind() == Kind::Busy && error.message().contains("another copy"), "{error}");
    drop(other);
    open(&folder, |_| {}).put(b"k", b"v").unwrap();
}

/// Forks after the store was closed: LevelDB's thread is still only the parent's.
pub fn fork_child(arguments: &[&str]) {
    let [folder] = arguments else { panic!("{arguments:?}") };
    let folder = Path::new(folder);
    drop(open(folder, |_| {}));
    // SAFETY: the child is the only thread of its process, and allocates with the allocator of glibc, which is usable after
    // a fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let forked = try_open(folder, |_| {}).err().map(|error| error.kind()) == Some(Kind::Forked);
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!forked)) }
    }
    let mut status = -1;
    // SAFETY: waits for the child above; `status` is a valid place.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the forked child got another answer than Forked, or died");
    open(folder, |_| {}).put(b"k", b"v").unwrap();
    report("done");
}

#[test]
fn a_forked_child_is_refused() {
    let home = tempfile::tempdir().unwrap();
    Child::spawn("fork_leveldb", &[home.path().join("one.leveldb").to_str().unwrap()]).join();
}

#[test]
fn a_closed_store_gives_its_folder_free_before_it_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("one.leveldb");
    let store = open(&folder, |_| {});
    store.close().unwrap();
    let next = open(&folder, |_| {});
    assert_eq!(store.get(b"k").unwrap_err().kind(), Kind::Closed);
    next.put(b"k", b"v").unwrap();
}

fn key(n: u64) -> Vec<u8> {
    format!("k{n:03}").into_bytes()
}

fn value(n: u64) -> Vec<u8> {
    let mut random = Random(n + 1);
    (0..300).map(|_| random.next(256) as u8).collect()
}

/// A closed folder whose first half of records is in a table, and the second in the log.
fn sound(folder: &Path) {
    let store = open(folder, |_| {});
    for n in 0..RECORDS {
        store.put(&key(n), &value(n)).unwrap();
        if n == RECORDS / 2 - 1 {
            store.checkpoint().unwrap();
        }
    }
}

fn files(folder: &Path, of: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| of(path.file_name().unwrap().to_str().unwrap())).collect()
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir(to).unwrap();
    for file in files(from, |_| true) {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// What of the records is there, each as it was written or told to be damaged.
fn readable(store: &Store, what: &str) -> Vec<Option<bool>> {
    let read = |n| match store.get(&key(n)) {
        Ok(Some(found)) => {
            assert!(*found == *value(n), "{what}: another value of record {n}");
            Some(true)
        }
        Ok(None) => Some(false),
        Err(error) => {
            assert_eq!(error.kind(), Kind::Corrupt, "{what}: {error}");
            None
        }
    };
    (0..RECORDS).map(read).collect()
}

#[test]
fn changed_bytes_are_told_or_cost_the_end_of_the_log() {
    let home = tempfile::tempdir().unwrap();
    let (good, bad) = (home.path().join("good.leveldb"), home.path().join("bad.leveldb"));
    sound(&good);
    let mut random = Random(0xdead);
    let (mut refused, mut told) = (0, 0);
    for file in files(&good, |name| name.ends_with(".ldb") || name.ends_with(".log")) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.len() > 30_000, "{} is short", file.display());
        for _ in 0..60 {
            copy(&good, &bad);
            let (at, bit) = (random.next(bytes.len() as u64) as usize, random.next(8));
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let name = file.file_name().unwrap();
            std::fs::write(bad.join(name), damaged).unwrap();
            let what = format!("bit {bit} of byte {at} of {}", name.display());
            let store = match try_open(&bad, |_| {}) {
                Ok(store) => store,
                Err(error) => {
                    assert_eq!(error.kind(), Kind::Corrupt, "{what}: {error}");
                    refused += 1;
                    continue;
                }
            };
            let found = readable(&store, &what);
            let lost = found.iter().position(|there| *there == Some(false)).unwrap_or(found.len());
            assert!(lost as u64 >= RECORDS / 2, "{what}: record {lost} is gone from a table");
            assert!(found[lost..].iter().all(|there| *there == Some(false)), "{what}: a hole at {lost}");
            if found.contains(&None) {
                assert_eq!(store.put(b"new", b"x").unwrap_err().kind(), Kind::Corrupt, "{what}");
                assert_eq!(store.verify().unwrap_err().kind(), Kind::Corrupt, "{what}");
                assert!(found.contains(&Some(true)), "{what}: nothing is readable");
                told += 1;
            }
        }
    }
    assert!(refused > 20 && told > 20, "{refused} refused, {told} told");
}

#[test]
fn lost_files_are_told() {
    let home = tempfile::tempdir().unwrap();
    let (good, bad) = (home.path().join("good.leveldb"), home.path().join("bad.leveldb"));
    sound(&good);
    let needed = |name: &str| name == "CURRENT" || name.starts_with("MANIFEST") || name.ends_with(".ldb");
    let files = files(&good, needed);
    assert!(files.len() >= 3);
    for file in files {
        copy(&good, &bad);
        std::fs::remove_file(bad.join(file.file_name().unwrap())).unwrap();
        let error = try_open(&bad, |_| {}).err().unwrap();
        assert_eq!(error.kind(), Kind::Corrupt, "{}: {error}", file.display());
    }
}

#[test]
fn what_is_no_database_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    std::fs::write(path("file.leveldb"), b"text").unwrap();
    std::fs::create_dir(path("photos.leveldb")).unwrap();
    std::fs::write(path("photos.leveldb").join("cat.jpg"), b"").unwrap();
    for name in ["file.leveldb", "photos.leveldb"] {
        let error = try_open(&path(name), |_| {}).err().unwrap();
        assert_eq!(error.kind(), Kind::NotADatabase, "{name}: {error}");
    }
    assert_eq!(files(&path("photos.leveldb"), |_| true).len(), 1);
    let missing = path("missing.leveldb");
    for read_only in [true, false] {
        let error =
            try_open(&missing, |options| (options.read_only, options.must_exist) = (read_only, !read_only));
        assert_eq!(error.err().unwrap().kind(), Kind::NotFound);
    }
    let error = try_open(&path("no/where.leveldb"), |_| {}).err().unwrap();
    assert!(error.kind() == Kind::Io && error.message().contains("create it first"), "{error}");
    assert!(!missing.exists());
    // Empty, or left by who died in its beginning.
    std::fs::create_dir(&missing).unwrap();
    std::fs::write(missing.join("LOCK"), b"").unwrap();
    open(&missing, |_| {}).put(b"k", b"v").unwrap();
}

/// Writes a database as other software does, with LevelDB alone.
fn foreign(folder: &Path, entries: &[(&str, &str)]) {
    type Handle = *mut c_void;
    let path = CString::new(folder.to_str().unwrap()).unwrap();
    // SAFETY: as `leveldb/c.h` says.
    unsafe {
        let library = libloading::Library::new("libleveldb.so.1d").unwrap();
        let create: libloading::Symbol<unsafe extern "C" fn() -> Handle> =
            library.get("leveldb_options_create").unwrap();
        let create_missing: libloading::Symbol<unsafe extern "C" fn(Handle, u8)> =
            library.get("leveldb_options_set_create_if_missing").unwrap();
        let open: libloading::Symbol<unsafe extern "C" fn(Handle, *const c_char, *mut Handle) -> Handle> =
            library.get("leveldb_open").unwrap();
        let write_options: libloading::Symbol<unsafe extern "C" fn() -> Handle> =
            library.get("leveldb_writeoptions_create").unwrap();
        let put: libloading::Symbol<
            unsafe extern "C" fn(Handle, Handle, *const u8, usize, *const u8, usize, *mut Handle),
        > = library.get("leveldb_put").unwrap();
        let close: libloading::Symbol<unsafe extern "C" fn(Handle)> = library.get("leveldb_close").unwrap();
        let (options, mut error) = (create(), std::ptr::null_mut());
        create_missing(options, 1);
        let db = open(options, path.as_ptr(), &raw mut error);
        assert!(error.is_null());
        let writing = write_options();
        for (key, value) in entries {
            put(db, writing, key.as_ptr(), key.len(), value.as_ptr(), value.len(), &raw mut error);
            assert!(error.is_null());
        }
        close(db);
        std::mem::forget(library);
    }
}

#[test]
fn a_database_of_other_software_is_read_and_not_written() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("other.leveldb");
    foreign(&folder, &[("lobby:1", "{}"), ("player:1", "ada"), ("player:2", "bob")]);
    let error = try_open(&folder, |_| {}).err().unwrap();
    assert_eq!(error.kind(), Kind::NotADatabase, "{error}");
    assert!(error.message().contains("read_only"), "{error}");
    let store = open(&folder, |options| options.read_only = true);
    assert_eq!(store.get(b"player:2").unwrap().as_deref(), Some(&b"bob"[..]));
    assert_eq!(store.get(b"player:3").unwrap(), None);
    let rows = store.scan(&Scan::prefix(b"player:").reverse(true)).unwrap().rows;
    assert_eq!(rows.iter().map(|row| &row.key[..]).collect::<Vec<_>>(), [b"player:2", b"player:1"]);
    assert_eq!(store.put(b"k", b"v").unwrap_err().kind(), Kind::ReadOnly);
    store.verify().unwrap();
}

#[test]
fn what_a_folder_of_leveldb_cannot_do_is_told() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a");
    let url = |query: &str| format!("leveldb:{}?{query}", path.display());
    let error = Store::open_url(&url("mode=behind")).err().unwrap();
    assert!(error.kind() == Kind::Invalid && error.message().contains("leveldb"), "{error}");
    assert!(!path.exists());
    let store = Store::open_url(&url("durability=power")).unwrap();
    let can = store.capabilities().unwrap();
    assert_eq!(store.engine_name(), "leveldb");
    assert_eq!(can.durability, Some(joinly_storage::store::Durability::Power));
    assert_eq!((can.sharing, can.sqlite_file), (joinly_storage::store::Sharing::OneStore, false));
}
