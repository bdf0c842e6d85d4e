//! Forks and second copies of SQLite in one process.
#![allow(unsafe_code)]

use std::path::Path;
use std::process::Command;

use joinly_storage::{Kind, Store};

use super::{Child, open, report};

/// Forks with a store, a transaction and a watch open. In a process of its own, which has few threads.
pub fn fork_child(arguments: &[&str]) {
    let [file] = arguments else { panic!("{arguments:?}") };
    let file = Path::new(file);
    let store = open(file, |_| {});
    store.put(b"key", b"parent").unwrap();
    let mut txn = store.begin().unwrap();
    assert_eq!(txn.get(b"key").unwrap().as_deref(), Some(&b"parent"[..]));
    let mut watch = store.watch(0, b"").unwrap();

    // SAFETY: the child is the only thread of its process, and allocates with the allocator of glibc, which is usable after
    // a fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let forked = |kind: Option<Kind>| kind == Some(Kind::Forked);
        let all = [
            store.get(b"key").err().map(|e| e.kind()),
            store.put(b"key", b"child").err().map(|e| e.kind()),
            store.verify().err().map(|e| e.kind()),
            store.checkpoint().err().map(|e| e.kind()),
            store.stats().err().map(|e| e.kind()),
            store.begin().err().map(|e| e.kind()),
            txn.get(b"key").err().map(|e| e.kind()),
            txn.commit().err().map(|e| e.kind()),
            watch.poll(std::time::Duration::ZERO).err().map(|e| e.kind()),
            Store::open_url(file.to_str().unwrap()).err().map(|e| e.kind()),
            store.close().err().map(|e| e.kind()),
        ];
        drop((watch, store));
        let status = if all.into_iter().all(forked) { 0 } else { 1 };
        // SAFETY: ends the child as most programs end, exit handlers included.
        unsafe { libc::exit(status) }
    }
    let mut status = -1;
    // SAFETY: waits for the child above; `status` is a valid place.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the forked child got another answer than Forked, or died");

    assert_eq!(txn.get(b"key").unwrap().as_deref(), Some(&b"parent"[..]));
    drop(txn);
    let mut other = Child::spawn("count", &[file.to_str().unwrap()]);
    for n in 1..=200 {
        assert_eq!(store.add(b"n", 1).unwrap(), n);
    }
    assert_eq!(other.line(), None);
    assert_eq!(store.get(b"opened").unwrap().as_deref(), Some(&b"1"[..]));
    store.verify().unwrap();
    store.close().unwrap();
    report("done");
}

#[test]
fn a_forked_child_harms_nobody() {
    let home = tempfile::tempdir().unwrap();
    Child::spawn("fork", &[home.path().join("a.db").to_str().unwrap()]).join();
}

const SECOND_COPY: &str = "
import ctypes, sqlite3, sys
library, path = ctypes.CDLL(sys.argv[1]), sys.argv[2]
def opened():
    store = ctypes.c_void_p()
    status = library.joinly_store_open(path.encode(), None, ctypes.byref(store), None)
    if status == 0:
        library.joinly_store_free(store)
    return status
other = sqlite3.connect(path)
other.execute('SELECT count(*) FROM kv').fetchall()
print(opened(), end=' ')
other.close()
print(opened())
";

#[test]
fn a_second_copy_of_sqlite_in_the_process_is_refused() {
    // Beside the test binary's directory, where cargo leaves the library.
    let binary = std::env::current_exe().unwrap();
    let library = binary.parent().unwrap().parent().unwrap().join("libjoinly_storage.so");
    let python = Command::new("python3").args(["-c", "import ctypes, sqlite3"]).status();
    if !library.exists() || !python.is_ok_and(|status| status.success()) {
        return println!("skipped: python3 with sqlite3, or {}, is missing", library.display());
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    let _store = open(&file, |_| {});
    let output = Command::new("python3").args(["-c", SECOND_COPY]).arg(&library).arg(&file).output().unwrap();
    let unsupported = Kind::Unsupported as i32;
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{unsupported} 0\n"), "{output:?}");
}
