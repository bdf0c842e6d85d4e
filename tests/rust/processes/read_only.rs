//! Files that may not be written. Root may write everything: a child gives its rights up, and read-only media are mounted
//! in a namespace of the child's own.
#![allow(unsafe_code)]

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use joinly_storage::store::Location;
use joinly_storage::{Config, Kind, Options, Store};

use super::{Child, busy_for, open, report};

const NOBODY: u32 = 65534;
const LONG: Duration = Duration::from_secs(60);

fn opened(file: &Path, read_only: bool) -> joinly_storage::Result<Store> {
    let options = Options { read_only, busy_timeout_ms: 500, ..Options::default() };
    Store::open(&Config { location: Location::Sqlite(file.to_owned()), options })
}

fn outcome<T: ToString>(result: joinly_storage::Result<T>) -> String {
    result.map_or_else(|error| error.kind().name().to_owned(), |value| value.to_string())
}

fn value(store: &Store) -> String {
    let value = store.get(b"key").map(|value| String::from_utf8(value.unwrap().to_vec()).unwrap());
    outcome(value)
}

fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Somebody without rights: tells how opening went and what it reads, then again once the parent wrote.
pub fn stranger_child(arguments: &[&str]) {
    let [file, access] = arguments else { panic!("{arguments:?}") };
    let file = Path::new(file);
    // SAFETY: a plain system call; every thread changes its user.
    assert_eq!(unsafe { libc::setuid(NOBODY) }, 0);
    match opened(file, *access == "read") {
        Err(error) => report(error.kind().name()),
        Ok(store) => {
            report(&value(&store));
            let mut waiting = busy_for(LONG);
            while !written(file).exists() && waiting() {
                std::thread::sleep(Duration::from_millis(5));
            }
            report(&value(&store));
            report(&outcome(store.put(b"key", b"theirs")));
        }
    }
}

/// Exists once the parent wrote a second time.
fn written(file: &Path) -> PathBuf {
    file.with_extension("written")
}

/// A directory of root's that others may look into, with a file in it that they may read; None when not root.
fn others_directory() -> Option<(tempfile::TempDir, PathBuf)> {
    // SAFETY: a plain system call.
    if unsafe { libc::getuid() } != 0 {
        println!("skipped: not root, so that no other user can be");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    mode(home.path(), 0o755);
    let file = home.path().join("a.db");
    let store = open(&file, |_| {});
    store.put(b"key", b"first").unwrap();
    mode(&file, 0o644);
    Some((home, file))
}

fn stranger(file: &Path, access: &str) -> Child {
    Child::spawn("stranger", &[file.to_str().unwrap(), access])
}

#[test]
fn a_file_of_others_is_not_opened_for_writing() {
    let Some((_home, file)) = others_directory() else { return };
    assert_eq!(stranger(&file, "write").line().as_deref(), Some("READ_ONLY"));
    mode(&file, 0o600);
    for access in ["read", "write"] {
        let outcome = stranger(&file, access).line().unwrap();
        assert!(["READ_ONLY", "IO"].contains(&outcome.as_str()), "{access}: {outcome}");
    }
}

#[test]
fn a_reader_without_rights_sees_what_a_writer_commits() {
    let Some((_home, file)) = others_directory() else { return };
    let store = open(&file, |_| {});
    let mut reader = stranger(&file, "read");
    assert_eq!(reader.line().as_deref(), Some("first"));
    store.put(b"key", b"second").unwrap();
    std::fs::write(written(&file), b"").unwrap();
    assert_eq!(reader.line().as_deref(), Some("second"));
    assert_eq!(reader.line().as_deref(), Some("READ_ONLY"));
    reader.join();
}

/// Without the files of a WAL database beside it, and without the right to make them, it could not tell what others write.
#[test]
fn a_reader_that_came_before_the_writer_is_refused_rather_than_stale() {
    let Some((_home, file)) = others_directory() else { return };
    assert_eq!(stranger(&file, "read").line().as_deref(), Some("READ_ONLY"));
}

/// Nobody alive can tell it whether the files that a dead writer left are whole.
#[test]
fn a_reader_without_rights_is_refused_what_a_killed_writer_left() {
    let Some((_home, file)) = others_directory() else { return };
    let mut writer = Child::spawn("sql", &[file.to_str().unwrap(), "SELECT count(*) FROM kv", "hold"]);
    assert_eq!(writer.line().as_deref(), Some("holding"));
    let mut reader = stranger(&file, "read");
    assert_eq!(reader.line().as_deref(), Some("first"));
    reader.kill();
    writer.kill();
    assert!(file.with_extension("db-shm").exists());
    assert_eq!(stranger(&file, "read").line().as_deref(), Some("READ_ONLY"));
}

/// In a mount namespace of its own.
pub fn media_child(arguments: &[&str]) {
    let [place] = arguments else { panic!("{arguments:?}") };
    let mount = |options: &str| {
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "none", place]).status().unwrap().success()
    };
    assert!(mount("size=4m"));
    let file = Path::new(place).join("a.db");
    let store = open(&file, |_| {});
    store.put(b"key", b"first").unwrap();
    store.close().unwrap();
    drop(store);
    assert!(mount("remount,ro"));

    assert_eq!(opened(&file, false).err().unwrap().kind(), Kind::ReadOnly);
    let missing = Path::new(place).join("missing.db");
    assert_eq!(opened(&missing, false).err().unwrap().kind(), Kind::ReadOnly);
    assert_eq!(opened(&missing, true).err().unwrap().kind(), Kind::NotFound);
    let store = opened(&file, true).unwrap();
    assert_eq!(value(&store), "first");
    assert_eq!(store.put(b"key", b"x").unwrap_err().kind(), Kind::ReadOnly);
    assert_eq!(store.checkpoint().unwrap_err().kind(), Kind::ReadOnly);
    assert_eq!(store.compact().unwrap_err().kind(), Kind::ReadOnly);
    store.verify().unwrap();
    store.stats().unwrap();
    store.close().unwrap();
    report("done");
}

#[test]
fn a_store_on_read_only_media_is_read() {
    let home = tempfile::tempdir().unwrap();
    match Command::new("unshare").args(["-m", "true"]).status() {
        Ok(status) if status.success() => {}
        _ => return println!("skipped: no mount namespaces here"),
    }
    Child::spawn_under(&["unshare", "-m"], "media", &[home.path().to_str().unwrap()]).join();
}
