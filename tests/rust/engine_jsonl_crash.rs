//! The engine over JSON Lines after a death at any moment: in a commit, in a checkpoint, in a compaction.

use std::collections::BTreeMap;
use std::path::Path;

use joinly_storage::engine::jsonl::JsonlEngine;
use joinly_storage::engine::{Engine, Fields, Hold, Range, RecordRef, Space};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::engine_jsonl::options;

type State = BTreeMap<Vec<u8>, (u64, i64, Vec<u8>)>;

fn open(folder: &Path) -> JsonlEngine {
    JsonlEngine::open(options(folder)).unwrap()
}

/// All records, and the end of the change log.
fn state(engine: &JsonlEngine) -> (State, u64) {
    let view = engine.snapshot(Hold::Long).unwrap();
    let mut state = State::new();
    view.scan(&Range::all(), false, Fields::All, &mut |key, record| {
        state.insert(key.to_vec(), (record.version, record.expires_at, record.data.to_vec()));
        Ok(true)
    })
    .unwrap();
    (state, view.last_version().unwrap())
}

/// Commits writes and, where there is no value, deletions.
fn commit(engine: &JsonlEngine, changes: &[(String, Option<String>)]) -> u64 {
    let mut writer = engine.begin().unwrap();
    let version = writer.last_version().unwrap() + 1;
    for (key, value) in changes {
        match value {
            Some(value) => {
                let expires_at = if value.len() % 5 == 0 { 99 } else { 0 };
                let record = RecordRef { version, expires_at, encoding: 0, data: value.as_bytes() };
                writer.put(key.as_bytes(), record).unwrap();
            }
            None => writer.delete(key.as_bytes()).unwrap(),
        }
    }
    writer.append_log(version, format!("entry {version}").as_bytes()).unwrap();
    writer.commit().unwrap();
    version
}

fn row(table: &str, id: u64) -> String {
    format!("table:{table}:{id:04}")
}

fn put(key: String, value: impl Into<String>) -> (String, Option<String>) {
    (key, Some(value.into()))
}

fn schema(table: &str, note: &str) -> String {
    format!("{{\n\"table_name\": \"{table}\", \"schema\": {{}}, \"note\": \"{note}\"}}")
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a folder, by their paths in it.
fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for part in ["schema", "data", "wal"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("{part}/{name}");
            files.insert(path.clone(), std::fs::read(folder.join(path)).unwrap());
        }
    }
    files
}

fn lay_out(files: &Files) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for part in ["schema", "data", "wal"] {
        std::fs::create_dir(home.path().join(part)).unwrap();
    }
    for (name, data) in files {
        std::fs::write(home.path().join(name), data).unwrap();
    }
    home
}

/// A folder whose next checkpoint appends to every file: its files, and what they tell.
fn before_appending(home: &Path) -> (Files, (State, u64)) {
    let engine = open(home);
    commit(&engine, &[put("table:t".into(), schema("t", "")), put("k".into(), "v")]);
    // Enough that no file is small.
    let pad = "x".repeat(2000);
    let rows = (0..40).map(|id| put(row("t", id), format!(r#"{{"id":{id},"pad":"{pad}"}}"#)));
    let keys = (0..40).map(|id| put(format!("key:{id}"), pad.clone()));
    commit(&engine, &rows.chain(keys).collect::<Vec<_>>());
    engine.checkpoint().unwrap();
    commit(&engine, &[put(row("t", 900), r#"{"id":900}"#), put("k".into(), "new")]);
    commit(
        &engine,
        &[put(row("t", 1), r#"{"id":1,"new":true}"#), (row("t", 2), None), ("key:1".into(), None)],
    );
    commit(&engine, &[put(row("t", 2), r#"{"id":2,"again":true}"#), put("table:u".into(), schema("u", ""))]);
    commit(&engine, &[put(row("u", 7), r#"{"id":7}"#), put(row("u", 8), r#"{"id":7}"#)]);
    (files(home), state(&engine))
}

/// What a checkpoint that died in one file left: the log put aside, the files before it done, that one cut off.
fn interrupted(before: &Files, after: &Files, order: &[&str], at: usize, cut: usize) -> Files {
    let mut files = before.clone();
    let log = files.insert("wal/transaction.log".into(), Vec::new()).unwrap();
    files.insert("wal/checkpoint.log".into(), log);
    for name in &order[..at] {
        files.insert((*name).to_owned(), after[*name].clone());
    }
    files.insert(order[at].to_owned(), after[order[at]][..cut].to_vec());
    files
}

#[test]
fn what_is_removed_after_a_checkpoint_that_died_stays_removed() {
    let home = tempfile::tempdir().unwrap();
    let (mut files, _) = before_appending(&home.path().join("store"));
    let log = files.insert("wal/transaction.log".into(), Vec::new()).unwrap();
    files.insert("wal/checkpoint.log".into(), log);
    let there = lay_out(&files);
    // None of these is in the log that was put aside.
    commit(&open(there.path()), &[("key:5".into(), None), (row("t", 5), None)]);
    let engine = open(there.path());
    let told = state(&engine);
    engine.checkpoint().unwrap();
    assert_eq!(engine.verify().unwrap(), [""; 0]);
    drop(engine);
    assert_eq!(state(&open(there.path())), told);
}

#[test]
fn a_checkpoint_that_dies_while_it_appends_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (before, told) = before_appending(&home.path().join("store"));
    let there = lay_out(&before);
    open(there.path()).checkpoint().unwrap();
    let after = files(there.path());
    let order = [
        "schema/u.schema.json",
        "data/t.versions",
        "data/t.records",
        "data/u.versions",
        "data/u.records",
        "data/kv.records",
        "data/changes.log",
    ];
    for (at, name) in order.iter().enumerate() {
        let old = before.get(*name).map_or(0, Vec::len);
        let new = after[*name].len();
        // The schemas of tables are replaced as a whole.
        let cuts: Vec<usize> = if at == 0 { vec![new] } else { (old..=new).collect() };
        assert!(
            after[*name].starts_with(before.get(*name).map_or(&[], Vec::as_slice)),
            "{name} was appended to"
        );
        for cut in cuts {
            let there = lay_out(&interrupted(&before, &after, &order, at, cut));
            let engine = open(there.path());
            assert!(state(&engine) == told, "{name} cut at {cut} of {new}");
            if cut % 16 == 0 || cut == new {
                assert_eq!(engine.verify().unwrap(), [""; 0], "{name} cut at {cut} of {new}");
                engine.checkpoint().unwrap();
                drop(engine);
                let engine = open(there.path());
                assert!(state(&engine) == told, "{name} cut at {cut} of {new}, and written");
                assert!(!there.path().join("wal/checkpoint.log").exists());
            }
        }
    }
}

#[test]
fn a_checkpoint_that_dies_while_it_rewrites_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let engine = open(&folder);
    commit(&engine, &[put("table:t".into(), schema("t", "")), put("table:gone".into(), schema("gone", ""))]);
    let rows = (1..6).map(|id| put(row("t", id), format!(r#"{{"id":{id}}}"#)));
    commit(&engine, &rows.chain((1..6).map(|id| put(format!("key:{id}"), "v"))).collect::<Vec<_>>());
    commit(&engine, &[put(row("gone", 1), r#"{"id":1}"#)]);
    engine.checkpoint().unwrap();
    commit(&engine, &[(row("t", 1), None), put(row("t", 2), r#"{"id":2,"n":2}"#), ("key:1".into(), None)]);
    commit(&engine, &[(row("gone", 1), None), ("table:gone".into(), None), put("key:2".into(), "w")]);
    commit(&engine, &[put("table:t".into(), schema("t", "changed")), put(row("t", 6), r#"{"id":6}"#)]);
    let (before, told) = (files(&folder), state(&engine));
    engine.checkpoint().unwrap();
    drop(engine);
    let after = files(&folder);
    let mut there = before.clone();
    let log = there.insert("wal/transaction.log".into(), Vec::new()).unwrap();
    there.insert("wal/checkpoint.log".into(), log);
    // What is appended to the versions before they are rewritten is among the new ones.
    // One step after the other, as the checkpoint does them; a new version of a file may also be half written beside it.
    let versions = [&before["data/t.versions"][..], &after["data/t.versions"]].concat();
    let steps: [(&str, Option<&[u8]>); 11] = [
        ("wal/transaction.log", Some(b"")),
        ("data/gone.records", None),
        ("data/gone.versions", None),
        ("schema/gone.schema.json", None),
        ("schema/t.schema.json", Some(&after["schema/t.schema.json"])),
        ("data/t.versions", Some(&versions)),
        ("data/t.records.part", Some(b"{\"id\":")),
        ("data/t.records", Some(&after["data/t.records"])),
        ("data/t.versions", Some(&after["data/t.versions"])),
        ("data/kv.records", Some(&after["data/kv.records"])),
        ("data/changes.log", Some(&after["data/changes.log"])),
    ];
    for (name, data) in steps {
        match data {
            Some(data) => there.insert(name.to_owned(), data.to_vec()),
            None => there.remove(name),
        };
        let home = lay_out(&there);
        for reopened in 0..3 {
            let engine = open(home.path());
            assert_eq!(state(&engine), told, "after {name}, opened {reopened} times");
            assert_eq!(engine.verify().unwrap(), [""; 0], "after {name}");
            if reopened == 1 {
                engine.checkpoint().unwrap();
            }
        }
        for left in ["data/gone.records", "schema/gone.schema.json", "wal/checkpoint.log"] {
            assert!(!home.path().join(left).exists(), "after {name}: {left}");
        }
    }
}

#[test]
fn a_log_that_was_cut_off_keeps_whole_commits_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("store");
    let engine = open(&folder);
    let mut states = vec![state(&engine)];
    for n in 1..4 {
        commit(&engine, &[put(row("t", n), r#"{"id":1}"#), put("k".into(), n.to_string())]);
        states.push(state(&engine));
    }
    drop(engine);
    let there = files(&folder);
    let log = &there["wal/transaction.log"];
    let ends: Vec<usize> = (1..=log.len())
        .filter(|end| log[*end - 1] == b'\n')
        .filter(|end| String::from_utf8_lossy(&log[..*end]).lines().last().unwrap().contains("COMMIT"))
        .collect();
    for cut in 0..=log.len() {
        let mut cut_off = there.clone();
        cut_off.insert("wal/transaction.log".into(), log[..cut].to_vec());
        let home = lay_out(&cut_off);
        let engine = open(home.path());
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert!(state(&engine) == states[whole], "cut at {cut}");
        commit(&engine, &[put("after".into(), "v")]);
        let after = state(&engine);
        drop(engine);
        assert!(state(&open(home.path())) == after, "cut at {cut}, and written to");
    }
}

#[derive(Clone, Debug)]
enum Op {
    Commit(Vec<(String, Option<String>)>),
    Meta(u8, Option<u8>),
    Checkpoint,
    Compact,
    Reopen,
    /// Reopens what the files are while the store is open: as if it had been killed.
    Kill,
}

fn change() -> impl Strategy<Value = (String, Option<String>)> {
    let table = prop_oneof![Just("t"), Just("u")];
    let value = prop_oneof![
        4 => (0..9u8, 0..3u8).prop_map(|(id, n)| Some(format!(r#"{{"id":{id},"n":{n}}}"#))),
        1 => Just(Some("{\n}".to_owned())),
        1 => Just(Some("text".to_owned())),
        2 => Just(None),
    ];
    let schemas = (table.clone(), 0..3u8).prop_map(|(table, n)| {
        let value = (n > 0).then(|| schema(table, &n.to_string()));
        (format!("table:{table}"), value)
    });
    let rows = (table, 0..9u64, value.clone()).prop_map(|(table, id, value)| (row(table, id), value));
    let keys = (0..5u8, value).prop_map(|(key, value)| (format!("key:{key}"), value));
    prop_oneof![1 => schemas, 6 => rows, 3 => keys]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => prop::collection::vec(change(), 1..6).prop_map(Op::Commit),
        1 => (0..3u8, prop::option::of(any::<u8>())).prop_map(|(key, value)| Op::Meta(key, value)),
        2 => Just(Op::Checkpoint),
        1 => Just(Op::Compact),
        2 => Just(Op::Reopen),
        2 => Just(Op::Kill),
    ]
}

#[test]
fn any_sequence_is_what_a_map_would_be() {
    let config =
        Config { cases: 150, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() };
    proptest!(config, |(ops in prop::collection::vec(op(), 1..40))| {
        let mut home = tempfile::tempdir().unwrap();
        let mut engine = open(&home.path().join("store"));
        let (mut model, mut meta, mut last) = (State::new(), BTreeMap::new(), 0);
        for op in ops {
            match op {
                Op::Commit(changes) => {
                    last = commit(&engine, &changes);
                    for (key, value) in changes {
                        match value {
                            Some(value) => {
                                let expires_at = if value.len() % 5 == 0 { 99 } else { 0 };
                                model.insert(key.into_bytes(), (last, expires_at, value.into_bytes()))
                            }
                            None => model.remove(key.as_bytes()),
                        };
                    }
                }
                Op::Meta(key, value) => {
                    let mut writer = engine.begin().unwrap();
                    match value {
                        Some(value) => writer.put_entry(Space::Meta, &[key], &[value]).unwrap(),
                        None => writer.delete_entry(Space::Meta, &[key]).unwrap(),
                    }
                    writer.commit().unwrap();
                    meta.insert(key, value);
                }
                Op::Checkpoint => engine.checkpoint().unwrap(),
                Op::Compact => engine.compact().unwrap(),
                Op::Reopen => {
                    drop(engine);
                    engine = open(&home.path().join("store"));
                }
                Op::Kill => {
                    let there = lay_out(&files(&home.path().join("store")));
                    let next = tempfile::tempdir().unwrap();
                    std::fs::rename(there.path(), next.path().join("store")).unwrap();
                    engine = open(&next.path().join("store"));
                    home = next;
                }
            }
            prop_assert_eq!(state(&engine), (model.clone(), last));
            let view = engine.snapshot(Hold::Short).unwrap();
            for (key, value) in &meta {
                prop_assert_eq!(view.entry(Space::Meta, &[*key]).unwrap(), value.map(|value| vec![value]));
            }
            prop_assert_eq!(engine.verify().unwrap(), [""; 0]);
        }
    });
}
