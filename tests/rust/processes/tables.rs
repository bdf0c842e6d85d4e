//! Rows of processes that are killed: what was acknowledged is there, what was inserted together is there together, and
//! nothing keeps the values of rows that are not there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use joinly_storage::models::filter::Filter;
use joinly_storage::models::table::{Query, Schema, Tables, Values};
use joinly_storage::{Kind, Store};
use serde_json::json;

use super::{Child, Random, number_from_environment, open, report};

const TABLE: &str = "parcel";
/// Rows that are inserted together.
const ROWS: u64 = 3;

fn schema() -> Schema {
    let columns = r#"{"id": {"type": "int", "primary_key": true}, "pack": {"type": "int"},
        "tag": {"type": "str", "unique": true}, "text": {"type": "str"}}"#;
    Schema::from_json(&format!(r#"{{"table_name": "{TABLE}", "schema": {columns}}}"#)).unwrap()
}

/// The rows of a pack: the same in every process, and of many lengths.
fn pack(number: u64) -> Vec<Values> {
    let row = |part: u64| {
        let length = (number * 131 + part * 977) % 3000;
        let text = format!("{number}.{part} ").repeat(length as usize / 4);
        json!({"pack": number, "tag": format!("{number}.{part}"), "text": text}).as_object().unwrap().clone()
    };
    (0..ROWS).map(row).collect()
}

/// Inserts one pack after the other until it is killed, and reports each that is safe.
pub fn child(arguments: &[&str]) {
    let [file, first] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |_| {});
    let tables = Tables::new(&store);
    report("ready");
    for number in first.parse().unwrap().. {
        let inserted = tables.insert(TABLE, &pack(number)).unwrap();
        assert_eq!(inserted.len() as u64, ROWS);
        report(&number.to_string());
    }
}

/// Every row by its key.
fn rows(tables: &Tables<'_>) -> BTreeMap<u64, Values> {
    let (mut query, mut rows) = (Query::new(), BTreeMap::new());
    loop {
        let page = tables.select(TABLE, &query).unwrap();
        for mut row in page.rows {
            let key = row.values.remove("id").and_then(|id| id.as_u64()).unwrap();
            assert!(rows.insert(key, row.values).is_none(), "row {key} is there twice");
        }
        match page.cursor {
            Some(cursor) => query = query.after(&cursor),
            None => return rows,
        }
    }
}

/// Checks that there are packs from 0 on, whole, and nothing else; answers how many.
fn check(store: &Store) -> u64 {
    let tables = Tables::new(store);
    let found = rows(&tables);
    let packs = found.len() as u64 / ROWS;
    let expected: Vec<_> = (0..packs).flat_map(pack).collect();
    assert!(found.values().eq(&expected), "{packs} packs are not as they were inserted");
    assert!(found.keys().copied().eq(1..=packs * ROWS), "keys follow one another");
    assert_eq!(tables.count(TABLE, &Filter::new()).unwrap(), packs * ROWS);
    let again = |number| tables.insert(TABLE, &pack(number)[ROWS as usize - 1..]).map(|rows| rows.len());
    if packs > 0 {
        assert_eq!(again(packs - 1).unwrap_err().kind(), Kind::Exists);
    }
    // Nothing of the pack that was being inserted holds its values.
    assert_eq!(again(packs).unwrap(), 1);
    store.verify().unwrap();
    packs
}

fn survives_kills(name: &str) {
    let (mut random, mut most) = (Random(0x7ab1e), 0);
    for round in 0..number_from_environment("JOINLY_KILLS", 30) / 5 {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(name);
        Tables::new(&open(&file, |_| {})).create(&schema()).unwrap();
        let mut safe = 0;
        // Killed while it goes on after a kill, too.
        for _ in 0..2 {
            let mut child = Child::spawn("tables", &[file.to_str().unwrap(), &safe.to_string()]);
            assert_eq!(child.line().as_deref(), Some("ready"));
            std::thread::sleep(Duration::from_micros(random.next(30_000)));
            child.kill();
            while let Some(line) = child.line() {
                safe = line.parse::<u64>().unwrap() + 1;
            }
            let store = open(&file, |options| options.must_exist = true);
            let packs = rows(&Tables::new(&store)).len() as u64 / ROWS;
            assert!((safe..=safe + 1).contains(&packs), "round {round}: {safe} were safe, {packs} are there");
            safe = packs;
        }
        assert_eq!(check(&open(&file, |options| options.must_exist = true)), safe, "round {round}");
        most = most.max(safe);
    }
    assert!(most > 0, "the children got to insert");
}

#[test]
fn rows_of_killed_processes_in_sqlite() {
    survives_kills("tables.db");
}

#[test]
fn rows_of_killed_processes_in_json_lines() {
    survives_kills("tables.jsonl");
}
