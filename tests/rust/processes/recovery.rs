//! What other processes do to one open store, step by step.

use std::path::Path;
use std::time::Duration;

use joinly_storage::{Batch, Find, IndexSpec, Kind, Store};
use rusqlite::Connection;

use super::shared::{die, tear_wal_index};
use super::{Child, Random, open, report};

const RAW_WRITE: &str = "UPDATE kv SET value = CAST(value || '+' AS BLOB) WHERE key = CAST('key' AS BLOB)";
const LONG: Duration = Duration::from_secs(60);

/// Runs statements in a plain SQLite connection of its own; "tear" dies in the middle of a commit, "hold" keeps
/// what is locked until it is killed.
pub fn sql_child(arguments: &[&str]) {
    let (file, statements) = arguments.split_first().unwrap();
    let raw = Connection::open(file).unwrap();
    raw.busy_timeout(LONG).unwrap();
    for statement in statements {
        if *statement == "tear" {
            raw.execute_batch("BEGIN IMMEDIATE").unwrap();
            tear_wal_index(Path::new(&format!("{file}-shm")));
            die();
        }
        if *statement == "hold" {
            report("holding");
            std::thread::sleep(LONG);
        }
        raw.execute_batch(statement).unwrap();
    }
    report("done");
}

fn sql(file: &Path, statements: &[&str]) {
    let arguments: Vec<&str> =
        [file.to_str().unwrap()].into_iter().chain(statements.iter().copied()).collect();
    Child::spawn("sql", &arguments).join();
}

fn tear(file: &Path) {
    let mut child = Child::spawn("sql", &[file.to_str().unwrap(), "tear"]);
    assert_eq!(child.line(), None);
}

/// A store whose cache knows "key".
fn store_with_key(file: &Path) -> Store {
    let store = open(file, |_| {});
    store.put(b"key", b"ours").unwrap();
    assert_eq!(read(&store), "ours");
    store
}

fn read(store: &Store) -> String {
    String::from_utf8(store.get(b"key").unwrap().unwrap().to_vec()).unwrap()
}

#[test]
fn writes_of_other_software_are_seen() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    let store = store_with_key(&file);
    sql(&file, &[RAW_WRITE]);
    assert_eq!(read(&store), "ours+");
    sql(&file, &["DELETE FROM kv", "VACUUM"]);
    assert_eq!(store.get(b"key").unwrap(), None);
}

#[test]
fn a_process_that_died_in_a_commit_stops_nobody() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    let store = store_with_key(&file);
    for n in 0..20 {
        tear(&file);
        assert_eq!(store.add(b"count", 1).unwrap(), n + 1);
        tear(&file);
        assert_eq!(read(&store), "ours");
    }
    store.verify().unwrap();
}

/// Recovery starts the change counter at 0. As many writes of other software as it had counted bring it back to where it
/// was, and the change log has nothing new: only the rest of the header tells.
#[test]
fn a_change_counter_that_came_back_hides_nothing() {
    let home = tempfile::tempdir().unwrap();
    for writes in 1..8 {
        let file = home.path().join(format!("{writes}.db"));
        let store = store_with_key(&file);
        tear(&file);
        sql(&file, &vec![RAW_WRITE; writes]);
        assert_eq!(read(&store), format!("ours{:+<writes$}", ""));
    }
}

/// Recovery of an empty log makes the header that a file just opened has.
#[test]
fn a_log_that_came_back_empty_hides_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    drop(store_with_key(&file));
    let store = open(&file, |_| {});
    assert_eq!(read(&store), "ours");
    sql(&file, &[RAW_WRITE, "PRAGMA wal_checkpoint(TRUNCATE)"]);
    tear(&file);
    assert_eq!(read(&store), "ours+");
}

/// The same for as many commits as the counter had counted, and then one that the change log tells.
#[test]
fn a_change_counter_that_came_back_hides_nothing_behind_a_logged_commit() {
    let home = tempfile::tempdir().unwrap();
    for writes in 1..8 {
        let file = home.path().join(format!("{writes}.db"));
        let store = store_with_key(&file);
        tear(&file);
        sql(&file, &vec![RAW_WRITE; writes]);
        Child::spawn("count", &[file.to_str().unwrap()]).join();
        assert_eq!(read(&store), format!("ours{:+<writes$}", ""));
    }
}

/// Another history is put in the place of a file's, in one commit, and its log goes on where the file's ended.
#[test]
fn another_history_with_the_same_versions_is_seen() {
    let home = tempfile::tempdir().unwrap();
    let (file, other) = (home.path().join("a.db"), home.path().join("b.db"));
    let store = store_with_key(&file);
    let backup = open(&other, |_| {});
    let mut batch = Batch::new();
    batch.put(b"key", b"theirs").unwrap();
    batch.put(b"another", b"x").unwrap();
    assert_eq!(backup.commit(&batch).unwrap(), store.version().unwrap());
    backup.put(b"more", b"x").unwrap();
    drop(backup);
    let attach = format!("ATTACH '{}' AS b", other.display());
    let replace = "BEGIN; DELETE FROM kv; INSERT INTO kv SELECT * FROM b.kv; DELETE FROM log; \
                   INSERT INTO log SELECT * FROM b.log; COMMIT";
    sql(&file, &[&attach, replace]);
    assert_eq!(read(&store), "theirs");
}

#[test]
fn a_file_that_another_process_has_for_itself_is_busy() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    drop(store_with_key(&file));
    let alone = ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE", "COMMIT", "hold"];
    let arguments: Vec<&str> = [file.to_str().unwrap()].into_iter().chain(alone).collect();
    let mut other = Child::spawn("sql", &arguments);
    assert_eq!(other.line().as_deref(), Some("holding"));
    for access in ["read_only", "must_exist"] {
        let url = format!("sqlite:{}?busy_timeout_ms=100&{access}", file.display());
        let error = Store::open_url(&url).err().unwrap();
        assert_eq!(error.kind(), Kind::Busy, "{access}: {error}");
    }
    other.kill();
    assert_eq!(read(&open(&file, |_| {})), "ours");
}

/// The part of a process that declares an index.
pub fn declare_child(arguments: &[&str]) {
    let [file] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |_| {});
    store.declare_index(&IndexSpec::new("n", b"doc:", "$.n").unwrap()).unwrap();
    store.close().unwrap();
}

#[test]
fn an_index_declared_by_another_process_is_kept_by_all() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    let declare = || Child::spawn("declare", &[file.to_str().unwrap()]).join();
    let store = open(&file, |_| {});
    store.put(b"doc:1", br#"{"n":1}"#).unwrap();
    declare();
    store.put(b"doc:2", br#"{"n":2}"#).unwrap();
    assert_eq!(store.find("n", &Find::all()).unwrap().rows.len(), 2);
    store.drop_index("n").unwrap();
    declare();
    store.put(b"doc:1", br#"{"n":3}"#).unwrap();
    assert_eq!(store.find("n", &Find::all().equal(b"3").unwrap()).unwrap().rows.len(), 1);
    store.verify().unwrap();
}

/// The part of a process that opens a file, perhaps creating it, and counts itself.
pub fn count_child(arguments: &[&str]) {
    let [file] = arguments else { panic!("{arguments:?}") };
    open(Path::new(file), |options| options.busy_timeout_ms = 60_000).add(b"opened", 1).unwrap();
}

#[test]
fn processes_that_create_one_file_at_once_all_succeed() {
    let home = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let file = home.path().join(format!("{round}.db"));
        let children = [(); 4].map(|()| Child::spawn("count", &[file.to_str().unwrap()]));
        children.into_iter().for_each(Child::join);
        let store = open(&file, |_| {});
        assert_eq!(store.get(b"opened").unwrap().as_deref(), Some(&b"4"[..]));
        store.verify().unwrap();
    }
}

#[test]
fn a_process_killed_while_it_creates_the_file_leaves_it_usable() {
    let home = tempfile::tempdir().unwrap();
    let mut random = Random(0xc0de);
    let mut unfinished = 0;
    // Found by halving, so that about every other one is killed early on a machine of any speed.
    let mut longest = 2_000;
    for round in 0..60 {
        let file = home.path().join(format!("{round}.db"));
        let mut child = Child::spawn("count", &[file.to_str().unwrap()]);
        let mut waiting = super::busy_for(LONG);
        while !file.exists() && waiting() {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_micros(random.next(longest)));
        child.kill();
        let store = open(&file, |_| {});
        let counted = store.get(b"opened").unwrap();
        assert!(matches!(counted.as_deref(), None | Some(b"1")));
        unfinished += u32::from(counted.is_none());
        longest = if counted.is_none() { longest * 2 } else { (longest / 2).max(1) };
        store.add(b"opened", 1).unwrap();
        store.verify().unwrap();
    }
    assert!(unfinished > 0, "none was killed early");
}

#[test]
fn a_watch_sees_the_commits_of_other_processes_in_order() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    let store = open(&file, |_| {});
    let mut watch = store.watch_from_now(b"opened").unwrap();
    let children = [(); 3].map(|()| Child::spawn("count", &[file.to_str().unwrap()]));
    for expected in 1..=3 {
        let commit = watch.poll(LONG).unwrap().expect("no commit was seen");
        assert_eq!(commit.version, expected);
    }
    children.into_iter().for_each(Child::join);
    assert_eq!(watch.poll(Duration::ZERO).unwrap(), None);
}

#[test]
fn a_conflict_with_another_process_is_told() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    let store = open(&file, |options| options.snapshot_max_age_ms = 60_000);
    let mut txn = store.begin().unwrap();
    assert_eq!(txn.get(b"opened").unwrap(), None);
    txn.put(b"opened", b"7").unwrap();
    Child::spawn("count", &[file.to_str().unwrap()]).join();
    assert_eq!(txn.commit().unwrap_err().kind(), Kind::Conflict);
    assert_eq!(store.get(b"opened").unwrap().as_deref(), Some(&b"1"[..]));
}
