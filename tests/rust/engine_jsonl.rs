//! The engine over JSON Lines: its files as the formats show them, edited by hand, and what is refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use joinly_storage::engine::jsonl::{Archives, JsonlOptions};
use joinly_storage::store::ChangeKind;
use joinly_storage::{Batch, Find, IndexSpec, Kind, Store};
use serde_json::{Value, json};

use crate::support::{Home, get, kind};

mod folder;

/// How the tests of the engine alone open a folder.
pub fn options(path: &Path) -> JsonlOptions {
    JsonlOptions {
        path: path.to_owned(),
        read_only: false,
        must_exist: false,
        power_safe: false,
        busy_timeout: Duration::ZERO,
        archives: Archives { keep: 8, compress: false },
        row_key: |_, row, _| {
            let row: Value = serde_json::from_slice(row).unwrap();
            Ok(format!("{:04}", row["id"].as_u64().unwrap()).into_bytes())
        },
        change_entry: |_, _, changes| format!("edited {}", changes.len()).into_bytes(),
    }
}

const SCHEMA: &str = r#"{
  "table_name": "student",
  "schema": {
    "id": {
      "type": "int",
      "primary_key": true,
      "nullable": true,
      "unique": false
    },
    "name": {
      "type": "str",
      "primary_key": false,
      "nullable": false,
      "unique": false
    }
  },
  "created_at": "2026-01-22T20:31:17.592172"
}"#;
const ALICE: &str = r#"{"name": "Alice Johnson", "email": "alice@university.edu", "gpa": 3.8, "id": 1}"#;
const BOB: &str = r#"{"name": "Bob Smith", "email": "bob@university.edu", "gpa": 3.5, "id": 2}"#;
const CAROL: &str = r#"{"name": "Carol White", "email": "carol@university.edu", "gpa": 3.9, "id": 3}"#;

fn row(id: u64) -> String {
    format!("table:student:{id:019}")
}

fn folder(home: &Home) -> PathBuf {
    home.path("test")
}

fn text(home: &Home, name: &str) -> String {
    std::fs::read_to_string(folder(home).join(name)).unwrap()
}

fn write(home: &Home, name: &str, text: &str) {
    std::fs::write(folder(home).join(name), text).unwrap();
}

/// Three students and two keys, in the files.
fn university() -> Home {
    let home = Home::jsonl();
    let store = home.open();
    store.put(b"table:student", SCHEMA.as_bytes()).unwrap();
    for (id, student) in [(1, ALICE), (2, BOB), (3, CAROL)] {
        store.put(row(id).as_bytes(), student.as_bytes()).unwrap();
    }
    store.put(b"player:7", br#"{"name":"Ada"}"#).unwrap();
    store.put_ttl(b"note", b"plain text", 60_000).unwrap();
    store.checkpoint().unwrap();
    home
}

fn archives(home: &Home) -> Vec<String> {
    let names = std::fs::read_dir(folder(home).join("wal")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "transaction.log");
    names.sort();
    names
}

fn refused(home: &Home) -> (Kind, String) {
    match home.try_open() {
        Ok(_) => panic!("opened"),
        Err(error) => (error.kind(), error.message().to_owned()),
    }
}

#[test]
fn tables_lie_in_plain_lines() {
    let home = university();
    assert_eq!(text(&home, "schema/student.schema.json"), SCHEMA);
    assert_eq!(text(&home, "data/student.records"), format!("{ALICE}\n{BOB}\n{CAROL}\n"));
    assert_eq!(text(&home, "wal/transaction.log"), "");
    let keys = text(&home, "data/kv.records");
    let lines: Vec<Value> = keys.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["key"], &lines[0]["value"]), (&json!("note"), &json!("plain text")));
    assert_eq!(lines[0]["type"], json!("text"));
    assert_eq!(lines[0]["expires_at"], json!(home.clock_ms() + 60_000));
    assert!(keys.contains(r#"{"key": "player:7", "value": {"name":"Ada"}, "version": 5, "expires_at": 0, "#));
    let [archive] = &archives(&home)[..] else { panic!() };
    let digits: Vec<usize> = archive.split(['.', '_']).map(str::len).collect();
    assert_eq!(digits, ["transaction", "20260122", "203117", "log"].map(str::len), "{archive}");
}

#[test]
fn the_log_tells_each_operation() {
    let home = Home::jsonl();
    let store = home.open();
    store.put(b"table:student", SCHEMA.as_bytes()).unwrap();
    // The schema is there at once.
    assert_eq!(text(&home, "schema/student.schema.json"), SCHEMA);
    store.put(row(1).as_bytes(), ALICE.as_bytes()).unwrap();
    store.put(row(1).as_bytes(), BOB.as_bytes()).unwrap();
    store.delete(row(1).as_bytes()).unwrap();
    store.put(b"player:7", b"8").unwrap();
    store.delete(b"player:7").unwrap();
    store.delete(b"table:student").unwrap();
    let log = text(&home, "wal/transaction.log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let row = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line["operation"] != "COMMIT")
        .map(|line| {
            assert_eq!(line["timestamp"].as_str().unwrap().len(), "2026-01-22T20:31:17.592245".len());
            let field = |name: &str| line[name].clone();
            [field("operation"), field("table"), field("record"), field("old_record")]
        })
        .collect();
    let null = Value::Null;
    let student = json!("student");
    assert_eq!(told[0], [json!("CREATE_TABLE"), student.clone(), null.clone(), null.clone()]);
    assert_eq!(told[1], [json!("INSERT"), student.clone(), row(ALICE), null.clone()]);
    assert_eq!(told[2], [json!("UPDATE"), student.clone(), row(BOB), row(ALICE)]);
    assert_eq!(told[3], [json!("DELETE"), student.clone(), null.clone(), row(BOB)]);
    assert_eq!((&told[4][0], &told[4][2]["key"]), (&json!("PUT"), &json!("player:7")));
    assert_eq!(told[5][0], json!("REMOVE"));
    assert_eq!(told[6], [json!("DROP_TABLE"), student, null.clone(), null]);
    assert_eq!(told.len(), 7);
    assert!(
        log.starts_with(r#"{"timestamp": ""#)
            && log.contains(r#", "operation": "INSERT", "table": "student", "#)
    );
}

#[test]
fn inserts_are_appended_and_other_changes_are_compacted() {
    let home = university();
    let store = home.open();
    let before = text(&home, "data/student.records");
    let dora = r#"{"name": "Dora", "id": 4}"#;
    store.put(row(4).as_bytes(), dora.as_bytes()).unwrap();
    store.checkpoint().unwrap();
    assert_eq!(text(&home, "data/student.records"), format!("{before}{dora}\n"));
    store.delete(row(1).as_bytes()).unwrap();
    store.put(row(2).as_bytes(), br#"{"name": "Bobby", "id": 2}"#).unwrap();
    store.checkpoint().unwrap();
    let expected = format!("{{\"name\": \"Bobby\", \"id\": 2}}\n{CAROL}\n{dora}\n");
    assert_eq!(text(&home, "data/student.records"), expected);
    store.delete(b"table:student").unwrap();
    store.checkpoint().unwrap();
    for name in ["schema/student.schema.json", "data/student.records", "data/student.versions"] {
        assert!(!folder(&home).join(name).exists(), "{name}");
    }
    // The rows are no rows any more, and not lost either.
    drop(store);
    assert_eq!(get(&home.open(), row(4)).unwrap(), dora.as_bytes());
}

#[test]
fn a_large_file_keeps_lines_that_no_longer_count_until_it_is_compacted() {
    let home = Home::jsonl();
    let store = home.open();
    store.put(b"table:student", SCHEMA.as_bytes()).unwrap();
    let student = |id: u64, name: &str| format!(r#"{{"id": {id}, "name": "{name:_>100}"}}"#);
    let lines = |home: &Home| text(home, "data/student.records").lines().count();
    let mut batch = Batch::new();
    (0..1000).for_each(|id| batch.put(row(id).as_bytes(), student(id, "old").as_bytes()).unwrap());
    store.commit(&batch).unwrap();
    store.checkpoint().unwrap();
    store.put(row(1).as_bytes(), student(1, "new").as_bytes()).unwrap();
    store.delete(row(2).as_bytes()).unwrap();
    store.checkpoint().unwrap();
    assert_eq!(lines(&home), 1001);
    assert!(store.stats().unwrap().engine.free_bytes > 0);
    drop(store);
    let store = home.open();
    assert_eq!(get(&store, row(1)).unwrap(), student(1, "new").into_bytes());
    assert_eq!(get(&store, row(2)), None);
    store.compact().unwrap();
    assert_eq!(lines(&home), 999);
    assert_eq!(store.stats().unwrap().engine.free_bytes, 0);
    let mut batch = Batch::new();
    (0..500).for_each(|id| batch.put(row(id).as_bytes(), student(id, "newer").as_bytes()).unwrap());
    store.commit(&batch).unwrap();
    store.checkpoint().unwrap();
    assert_eq!(lines(&home), 1000, "too much of it did not count");
    store.verify().unwrap();
}

/// What must be the same after reopening: with what is in the log, and with what is in the files.
#[test]
fn everything_survives_reopening() {
    let home = Home::jsonl();
    let store = home.open();
    store.declare_index(&IndexSpec::new("name", b"table:student:", "$.name").unwrap()).unwrap();
    store.put(b"table:student", SCHEMA.as_bytes()).unwrap();
    let values: [(&[u8], &[u8]); 9] = [
        (row(1).leak().as_bytes(), ALICE.as_bytes()),
        (row(2).leak().as_bytes(), b"{\n}"),
        (row(3).leak().as_bytes(), b"\xff"),
        (b"table:other:1", b"{}"),
        (b"table:KV", br#"{"table_name":"KV","schema":{}}"#),
        (b"\xff\0\n", b"\0binary\n"),
        (b"text", b" spaces \"quotes\" \x01 "),
        (b"empty", b""),
        (b"null", b"null"),
    ];
    for (key, value) in values {
        store.put(key, value).unwrap();
    }
    store.put_ttl(row(4).as_bytes(), br#"{"name":"Dora"}"#, 5000).unwrap();
    store.put(b"gone", b"").unwrap();
    store.delete(b"gone").unwrap();
    let version = store.version().unwrap();
    let seen = |store: &Store| {
        let rows: Vec<_> = values
            .iter()
            .map(|(key, value)| {
                let found = store.get(key).unwrap().unwrap();
                assert_eq!(&found[..], *value);
                (found.version(), found.expires_at())
            })
            .collect();
        assert_eq!(store.get(b"gone").unwrap(), None);
        assert_eq!(store.version().unwrap(), version);
        let mut watch = store.watch(0, b"").unwrap();
        let mut changes = Vec::new();
        while let Some(commit) = watch.poll(Duration::ZERO).unwrap() {
            changes.push(commit);
        }
        let found = store.find("name", &Find::all().equal(br#""Dora""#).unwrap()).unwrap();
        (rows, changes, found.rows.len(), store.get(row(4).as_bytes()).unwrap().unwrap().expires_at())
    };
    let before = seen(&store);
    assert_eq!(before.2, 1);
    drop(store);
    for step in 0..6 {
        let store = home.open();
        assert_eq!(seen(&store), before, "step {step}");
        store.verify().unwrap();
        match step {
            1 => store.checkpoint().unwrap(),
            3 => store.compact().unwrap(),
            _ => {}
        }
        assert_eq!(seen(&store), before, "step {step}");
    }
    home.clock.advance(5000);
    let store = home.open();
    assert_eq!(get(&store, row(4)), None);
    assert!(store.put(b"more", b"").unwrap() > version);
}

#[test]
fn lines_edited_by_hand_are_a_commit() {
    let home = university();
    let dora = r#"{"id": 4, "name": "Dora"}"#;
    // Bob is gone, Carol is another, Dora is new, the order is another, and the last line has no end.
    write(&home, "data/student.records", &format!("{dora}\n\n{{\"id\": 3, \"name\": \"Carola\"}}\n{ALICE}"));
    let keys = text(&home, "data/kv.records").replace("Ada", "Eve");
    write(&home, "data/kv.records", &format!("{keys}{{\"key\": \"new\", \"value\": [1]}}\n"));
    for reopened in 0..3 {
        let store = home.open();
        assert_eq!(get(&store, row(1)).unwrap(), ALICE.as_bytes());
        assert_eq!(get(&store, row(2)), None);
        assert_eq!(get(&store, row(3)).unwrap(), br#"{"id": 3, "name": "Carola"}"#);
        assert_eq!(get(&store, row(4)).unwrap(), dora.as_bytes());
        assert_eq!(get(&store, "player:7").unwrap(), br#"{"name":"Eve"}"#);
        assert_eq!(get(&store, "new").unwrap(), b"[1]");
        assert_eq!(store.version().unwrap(), 7, "one commit, once");
        assert_eq!(store.get(row(1).as_bytes()).unwrap().unwrap().version(), 2);
        assert_eq!(store.get(row(4).as_bytes()).unwrap().unwrap().version(), 7);
        let commit = store.watch(6, b"").unwrap().poll(Duration::ZERO).unwrap().unwrap();
        let mut changes: Vec<_> =
            commit.changes.iter().map(|change| (change.kind, change.key.clone())).collect();
        changes.sort_by_key(|(_, key)| key.clone());
        let put = |key: &str| (ChangeKind::Put, key.as_bytes().to_vec());
        let expected = [
            put("new"),
            put("player:7"),
            (ChangeKind::Delete, row(2).into_bytes()),
            put(&row(3)),
            put(&row(4)),
        ];
        assert_eq!(changes, expected);
        store.verify().unwrap();
        if reopened == 1 {
            store.checkpoint().unwrap();
        }
    }
    assert_eq!(text(&home, "data/student.records").lines().count(), 3);
}

/// A folder of plain files that nobody wrote with this library.
#[test]
fn a_folder_made_by_hand_is_a_store() {
    let home = Home::jsonl();
    for name in ["schema", "data", "wal"] {
        std::fs::create_dir_all(folder(&home).join(name)).unwrap();
    }
    write(&home, "schema/student.schema.json", SCHEMA);
    write(&home, "data/student.records", &format!("{CAROL}\n{ALICE}\n"));
    let store = home.open();
    assert_eq!(get(&store, row(1)).unwrap(), ALICE.as_bytes());
    assert_eq!(get(&store, row(3)).unwrap(), CAROL.as_bytes());
    assert_eq!(get(&store, "table:student").unwrap(), SCHEMA.as_bytes());
    store.checkpoint().unwrap();
    assert_eq!(text(&home, "data/student.records"), format!("{ALICE}\n{CAROL}\n"));
    store.verify().unwrap();
}

#[test]
fn a_broken_line_is_named() {
    for (name, edit, told) in [
        ("data/student.records", (BOB, "not JSON"), "student.records, line 2: it is no JSON object"),
        ("data/student.records", (CAROL, "[1]"), "student.records, line 3: it is no JSON object"),
        ("data/student.records", ("\"id\": 2", "\"id\": \"x\""), "student.records: column id is \"x\""),
        (
            "data/student.versions",
            ("{\"version\"", "{\"nothing\""),
            "student.versions, line 1: unknown field",
        ),
        ("data/kv.records", ("{\"key\": \"note\"", "{\"key\": note"), "kv.records, line 1: "),
        ("data/kv.records", ("\"expires_at\"", "\"expiry\""), "kv.records, line 1: unknown field `expiry`"),
        ("data/changes.log", ("\"version\": 1", "\"version\": 2"), "changes.log, line 1: it is not what"),
        (
            "schema/student.schema.json",
            ("\"student\"", "\"pupil\""),
            "it is not the schema of the table student",
        ),
    ] {
        let home = university();
        let before = text(&home, name);
        assert!(before.contains(edit.0), "{name}: {before}");
        let broken = before.replace(edit.0, edit.1);
        write(&home, name, &broken);
        let (kind, message) = refused(&home);
        assert!(matches!(kind, Kind::Corrupt | Kind::WrongType), "{kind:?}");
        assert!(message.contains(told), "{message}");
        assert_eq!(text(&home, name), broken, "nothing was changed");
        write(&home, name, &before);
        home.open().verify().unwrap();
    }
    let home = university();
    std::fs::remove_file(folder(&home).join("schema/student.schema.json")).unwrap();
    assert!(refused(&home).1.contains("student.schema.json is missing"));
}

#[test]
fn files_changed_while_a_store_is_open_are_found() {
    let home = university();
    let store = home.open();
    store.verify().unwrap();
    write(&home, "data/student.records", &format!("{ALICE}\n{CAROL}\n"));
    let error = store.verify().unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.message().contains(&row(2)), "{error}");
}
