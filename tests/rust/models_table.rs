//! Tables: constraints hold whoever writes, schemas evolve without a loss, and files say what stores do.

use std::collections::BTreeMap;

use joinly_storage::models::filter::{Filter, Path, Test};
use joinly_storage::models::sql;
use joinly_storage::models::table::{self, Query, Schema, Tables, Values, filter_from_json};
use joinly_storage::store::{Sql, SqlValue};
use joinly_storage::{Kind, Scan, Store};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use crate::support::{Home, get, kind};

fn schema(table: &str, columns: &str) -> Schema {
    Schema::from_json(&format!(r#"{{"table_name": "{table}", "schema": {columns}}}"#)).unwrap()
}

fn student() -> Schema {
    schema(
        "student",
        r#"{"id": {"type": "int", "primary_key": true}, "name": {"type": "str", "nullable": false},
            "email": {"type": "str", "unique": true}, "gpa": {"type": "float", "default": 0}}"#,
    )
}

fn row(value: Value) -> Values {
    value.as_object().unwrap().clone()
}

fn eq(column: &str, value: Value) -> Filter {
    Filter::new().and(Path::column(column).unwrap(), Test::Eq(value)).unwrap()
}

fn filter(value: &Value) -> Filter {
    filter_from_json(&value.to_string()).unwrap()
}

/// Every row of a query, page by page.
fn all(tables: &Tables<'_>, table: &str, query: &Query) -> Vec<Value> {
    let (mut query, mut rows) = (query.clone(), Vec::new());
    loop {
        let page = tables.select(table, &query).unwrap();
        rows.extend(page.rows.into_iter().map(|row| Value::Object(row.values)));
        match page.cursor {
            Some(cursor) => query = query.after(&cursor),
            None => return rows,
        }
    }
}

#[test]
fn rows_lie_in_the_store_as_plain_json() {
    for home in Home::each() {
        let store = home.open();
        let tables = Tables::new(&store);
        let made = tables.create(&student()).unwrap();
        assert_eq!(made.created_at, "1970-01-01T00:16:40.000000");
        let alice = tables.insert("student", &[row(json!({"name": "Alice", "gpa": 4}))]).unwrap();
        assert_eq!(
            Value::Object(alice[0].values.clone()),
            json!({"id": 1, "name": "Alice", "email": null, "gpa": 4.0})
        );
        assert_eq!(
            get(&store, "table:student:0000000000000000001").unwrap(),
            br#"{"id":1,"name":"Alice","email":null,"gpa":4.0}"#
        );
        let stored = String::from_utf8(get(&store, "table:student").unwrap()).unwrap();
        assert!(stored.starts_with(
            r#"{"table_name":"student","schema":{"id":{"type":"int","primary_key":true,"nullable":true,"unique":false},"#
        ));
        // What is there is what is wanted.
        assert_eq!(*tables.create(&student()).unwrap(), *made);
        assert_eq!(tables.names().unwrap(), ["student"]);
    }
}

#[test]
fn constraints_are_refused_by_name_and_change_nothing() {
    for home in Home::each() {
        let store = home.open();
        let tables = Tables::new(&store);
        tables.create(&student()).unwrap();
        tables.insert("student", &[row(json!({"name": "A", "email": "a@x"}))]).unwrap();
        let version = store.version().unwrap();
        for (given, expected, parts) in [
            (json!({"name": 5}), Kind::WrongType, ["column name", "wanted str, found 5"]),
            (json!({"email": "b@x"}), Kind::WrongType, ["column name", "not nullable"]),
            (json!({"name": "B", "age": 1}), Kind::Invalid, ["table student", "no column \"age\""]),
            (json!({"name": "B", "id": 1}), Kind::Exists, ["table student", "a row 1 already"]),
            (json!({"name": "B", "email": "a@x"}), Kind::Exists, ["column email", "row 1 has \"a@x\""]),
            (json!({"name": "B", "id": u64::MAX}), Kind::OutOfRange, ["column id", "64 bits"]),
            (json!({"name": "B", "email": "x".repeat(600)}), Kind::TooLarge, ["column email", "512"]),
        ] {
            // One bad row spoils all.
            let rows = [row(json!({"name": "Good"})), row(given)];
            let error = tables.insert("student", &rows).unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
            assert!(parts.iter().all(|part| error.message().contains(part)), "{error}");
            assert!(error.message().starts_with("row 1: "), "{error}");
        }
        let taken = [row(json!({"name": "B", "email": "b@x"})), row(json!({"name": "C", "email": "b@x"}))];
        assert_eq!(kind(tables.insert("student", &taken)), Kind::Exists);
        assert_eq!(
            kind(tables.update("student", &Filter::new(), &row(json!({"name": null})))),
            Kind::WrongType
        );
        assert_eq!(kind(tables.insert("nobody", &[])), Kind::NotFound);
        assert_eq!(kind(tables.insert("a:b", &[])), Kind::Invalid);
        assert_eq!(store.version().unwrap(), version);
        assert_eq!(tables.count("student", &Filter::new()).unwrap(), 1);
    }
}

#[test]
fn updates_and_deletes_keep_unique_values_with_their_rows() {
    let home = Home::sqlite();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&student()).unwrap();
    let rows = ["a", "b", "c"].map(|name| row(json!({"name": name, "email": name})));
    tables.insert("student", &rows).unwrap();
    assert_eq!(
        kind(tables.update("student", &eq("id", json!(2)), &row(json!({"email": "a"})))),
        Kind::Exists
    );
    assert_eq!(
        tables.update("student", &eq("email", json!("b")), &row(json!({"email": "z", "gpa": 2}))).unwrap(),
        1
    );
    assert_eq!(
        tables.update("student", &eq("id", json!(1)), &row(json!({"email": "b", "id": 9}))).unwrap(),
        1
    );
    assert_eq!(tables.get("student", &json!(1)).unwrap(), None);
    assert_eq!(tables.get("student", &json!(9)).unwrap().unwrap().values["email"], json!("b"));
    assert_eq!(kind(tables.update("student", &eq("id", json!(9)), &row(json!({"id": 3})))), Kind::Exists);
    assert_eq!(tables.delete("student", &eq("email", json!("z"))).unwrap(), 1);
    // Numbers are not given twice; values of rows that are gone are free.
    let next = tables.insert("student", &[row(json!({"name": "d", "email": "z"}))]).unwrap();
    assert_eq!(next[0].values["id"], json!(10));
    assert_eq!(tables.count("student", &eq("email", json!(null))).unwrap(), 0);
    assert_eq!(tables.delete("student", &Filter::new()).unwrap(), 3);
    assert!(store.scan(&Scan::prefix(b"table.unique:")).unwrap().rows.is_empty());
}

#[test]
fn pages_go_on_in_every_order() {
    let home = Home::memory();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&schema("t", r#"{"k": {"type": "str", "primary_key": true}, "a": {"type": "int", "index": true}, "b": {"type": "json"}}"#)).unwrap();
    let b = [json!(null), json!("x"), json!([1]), json!(2), json!(true)];
    let rows: Vec<_> =
        (0..50).map(|n| row(json!({"k": format!("k{n:02}"), "a": n % 7, "b": b[n % 5]}))).collect();
    tables.insert("t", &rows).unwrap();
    for (column, descending) in [("k", false), ("k", true), ("a", false), ("a", true), ("b", true)] {
        let query = Query::new().order(column, descending);
        let whole = all(&tables, "t", &query.clone().limit(100));
        assert_eq!(whole.len(), 50);
        for limit in [1, 7, 49, 50] {
            assert_eq!(all(&tables, "t", &query.clone().limit(limit)), whole, "{column} {limit}");
        }
    }
    let by_a = all(&tables, "t", &Query::new().order("a", true).limit(8));
    let ranked: Vec<_> =
        by_a.iter().map(|row| (-row["a"].as_i64().unwrap(), row["k"].as_str().unwrap())).collect();
    assert!(ranked.is_sorted());
    let page = tables.select("t", &Query::new().order("a", true).limit(2)).unwrap();
    let foreign = Query::new().after(&page.cursor.unwrap());
    assert_eq!(kind(tables.select("t", &foreign)), Kind::Invalid);
    assert_eq!(kind(tables.select("t", &Query::new().order("z", true))), Kind::Invalid);
    assert_eq!(kind(tables.select("t", &Query::new().filter(eq("z", json!(1))))), Kind::Invalid);
}

#[test]
fn a_table_without_a_primary_key_keeps_the_order_of_insertion() {
    let home = Home::memory();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&schema("log", r#"{"text": {"type": "str"}}"#)).unwrap();
    let rows = ["b", "a", "b"].map(|text| row(json!({"text": text})));
    tables.insert("log", &rows).unwrap();
    assert_eq!(
        all(&tables, "log", &Query::new()),
        [json!({"text": "b"}), json!({"text": "a"}), json!({"text": "b"})]
    );
    assert_eq!(tables.get("log", &json!(2)).unwrap().unwrap().values["text"], json!("a"));
    assert_eq!(tables.delete("log", &eq("text", json!("b"))).unwrap(), 2);
}

#[test]
fn schemas_evolve_where_rows_can_follow() {
    for home in Home::each() {
        let store = home.open();
        let tables = Tables::new(&store);
        tables.create(&schema("t", r#"{"id": {"type": "int", "primary_key": true}, "n": {"type": "int"}, "u": {"type": "str", "unique": true}}"#)).unwrap();
        let rows: Vec<_> = (0..2500).map(|n| row(json!({"n": n, "u": n.to_string()}))).collect();
        tables.insert("t", &rows).unwrap();
        let wider = schema(
            "t",
            r#"{"id": {"type": "int", "primary_key": true}, "m": {"type": "float", "formerly": "n", "index": true},
            "u": {"type": "str", "unique": true}, "x": {"type": "str", "nullable": false, "default": "?"}}"#,
        );
        let made = tables.create(&wider).unwrap();
        assert_eq!(made.version, 1);
        let last = tables.get("t", &json!(2500)).unwrap().unwrap();
        assert_eq!(Value::Object(last.values), json!({"id": 2500, "m": 2499.0, "u": "2499", "x": "?"}));
        let raw = get(&store, "table:t:0000000000000002500").unwrap();
        assert_eq!(raw, br#"{"id":2500,"m":2499.0,"u":"2499","x":"?"}"#);
        assert_eq!(tables.count("t", &eq("m", json!(7))).unwrap(), 1);
        assert_eq!(kind(tables.insert("t", &[row(json!({"u": "7"}))])), Kind::Exists);
        // A column that is missing is dropped only when that was asked for.
        let narrow = schema("t", r#"{"id": {"type": "int", "primary_key": true}, "m": {"type": "float"}}"#);
        let error = tables.create(&narrow).unwrap_err();
        assert_eq!(error.kind(), Kind::Exists);
        assert!(error.message().contains("column u is missing here; column x is missing here"), "{error}");
        tables.evolve(&narrow).unwrap();
        assert!(store.scan(&Scan::prefix(b"table.unique:")).unwrap().rows.is_empty());
        assert!(store.indexes().unwrap().is_empty());
        // A column of the old name is a new one.
        let again = schema(
            "t",
            r#"{"id": {"type": "int", "primary_key": true}, "m": {"type": "float"}, "u": {"type": "int", "unique": true}}"#,
        );
        tables.create(&again).unwrap();
        assert_eq!(tables.count("t", &eq("u", json!(null))).unwrap(), 2500);
    }
}

#[test]
fn a_change_of_a_schema_that_was_cut_short_holds_and_is_finished() {
    let home = Home::sqlite();
    let store = home.open();
    let tables = Tables::new(&store);
    tables
        .create(&schema("t", r#"{"id": {"type": "int", "primary_key": true}, "b": {"type": "int"}}"#))
        .unwrap();
    store.put(b"table:t:0000000000000000001", br#"{"id":1,"a":5,"c":6}"#).unwrap();
    // As a process leaves it that died after the first commit of the change.
    store
        .put(
            b"table:t",
            br#"{"table_name":"t","schema":{"id":{"type":"int","primary_key":true},"b":{"type":"float"},"d":{"type":"str","default":"x'y"}},
                "pending":[{"rename":["a","b"]},{"widen":["b","float"]},{"drop":"c"},{"fill":["d","x'y"]}]}"#,
        )
        .unwrap();
    let expected = json!({"id": 1, "b": 5.0, "d": "x'y"});
    assert_eq!(Value::Object(tables.get("t", &json!(1)).unwrap().unwrap().values), expected);
    let mut rows = sql(&store, &Sql::new("SELECT id, b, d FROM t")).unwrap();
    assert_eq!(
        rows.next_page(9).unwrap().values,
        [SqlValue::Integer(1), SqlValue::Real(5.0), SqlValue::Text("x'y".to_owned())]
    );
    assert_eq!(tables.check("t").unwrap(), 1);
    assert_eq!(get(&store, "table:t:0000000000000000001").unwrap(), br#"{"id":1,"b":5.0,"d":"x'y"}"#);
    assert!(!String::from_utf8(get(&store, "table:t").unwrap()).unwrap().contains("pending"));
}

#[test]
fn drops_and_loads_that_were_cut_short_leave_no_table() {
    let home = Home::memory();
    let store = home.open();
    let tables = Tables::new(&store);
    for phase in ["dropping", "loading"] {
        tables.create(&student()).unwrap();
        tables.insert("student", &[row(json!({"name": "A", "email": "a"}))]).unwrap();
        let stored = String::from_utf8(get(&store, "table:student").unwrap()).unwrap();
        let phased = stored.replacen('{', &format!(r#"{{"phase":"{phase}","#), 1);
        store.put(b"table:student", phased.as_bytes()).unwrap();
        assert_eq!(kind(tables.schema("student")), Kind::NotFound);
        assert!(tables.names().unwrap().is_empty());
        tables.create(&student()).unwrap();
        assert_eq!(tables.count("student", &Filter::new()).unwrap(), 0);
        assert_eq!(
            tables.insert("student", &[row(json!({"name": "A", "email": "a"}))]).unwrap()[0].values["id"],
            json!(1)
        );
        tables.drop("student").unwrap();
        assert!(store.scan(&Scan::prefix(b"table")).unwrap().rows.is_empty());
    }
    assert_eq!(kind(tables.drop("student")), Kind::NotFound);
}

#[test]
fn names_that_differ_in_case_only_are_one() {
    let home = Home::memory();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&schema("t", r#"{"a": {"type": "int"}}"#)).unwrap();
    tables.create(&schema("t0", r#"{"a": {"type": "int"}}"#)).unwrap();
    tables.insert("t", &[row(json!({"a": 1}))]).unwrap();
    tables.insert("t0", &[row(json!({"a": 1}))]).unwrap();
    tables.create(&schema("Ta", r#"{"a": {"type": "int"}}"#)).unwrap();
    assert_eq!(tables.names().unwrap(), ["Ta", "t", "t0"]);
    assert_eq!(kind(tables.create(&schema("T", r#"{"a": {"type": "int"}}"#))), Kind::Exists);
    for bad in ["", "1a", "a-b", "a b", "ä"] {
        let json = format!(r#"{{"table_name": "{bad}", "schema": {{"a": {{"type": "int"}}}}}}"#);
        assert_eq!(kind(Schema::from_json(&json)), Kind::Invalid, "{bad}");
    }
    for bad in [
        r#"{"table_name": "t", "schema": {}}"#,
        r#"{"table_name": "t", "schema": {"a": {"type": "blob"}}}"#,
        r#"{"table_name": "t", "schema": {"a": {"type": "int", "primary_key": true}, "b": {"type": "int", "primary_key": true}}}"#,
        r#"{"table_name": "t", "schema": {"a": {"type": "int"}, "A": {"type": "int"}}}"#,
        r#"{"table_name": "t", "schema": {"a": {"type": "json", "unique": true}}}"#,
        r#"{"table_name": "t"}"#,
    ] {
        assert_eq!(kind(Schema::from_json(bad)), Kind::Invalid, "{bad}");
    }
}

#[test]
fn rows_of_others_are_checked_and_taken_in() {
    let home = Home::sqlite();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&student()).unwrap();
    store.put(b"table:student:0000000000000000001", br#"{"id":1,"name":"Hand","email":"h"}"#).unwrap();
    assert_eq!(tables.check("student").unwrap(), 1);
    assert_eq!(kind(tables.insert("student", &[row(json!({"name": "B", "email": "h"}))])), Kind::Exists);
    assert_eq!(tables.insert("student", &[row(json!({"name": "B"}))]).unwrap()[0].values["id"], json!(2));
    store.delete(b"table:student:0000000000000000001").unwrap();
    tables.check("student").unwrap();
    tables.insert("student", &[row(json!({"name": "B", "email": "h"}))]).unwrap();
    for (key, data, part) in [
        ("0000000000000000009", r#"{"id":9,"name":"#, "row 9: broken JSON"),
        ("0000000000000000009", r#"{"id":9,"name":5}"#, "row 9: column name: wanted str"),
        ("0000000000000000009", r#"{"id":9,"name":"x","z":1}"#, "no column \"z\""),
        ("0000000000000000009", r#"{"id":8,"name":"x"}"#, "the key of another row"),
        ("0000000000000000009", r#"{"id":9,"name":"x","email":"h"}"#, "rows 3 and 9 both have \"h\""),
    ] {
        store.put(format!("table:student:{key}").as_bytes(), data.as_bytes()).unwrap();
        let error = tables.check("student").unwrap_err();
        assert!(error.message().contains("table student") && error.message().contains(part), "{error}");
        assert!(matches!(error.kind(), Kind::WrongType | Kind::Exists));
    }
    for broken in [
        "{}",
        r#"{"table_name":"other","schema":{"a":{"type":"int"}}}"#,
        r#"{"table_name":"student","schema":{"a'":{"type":"int"}}}"#,
        r#"{"table_name":"student","schema":{"a":{"type":"int"}},"pending":[{"rename":["x') FROM kv; --","a"]}]}"#,
    ] {
        store.put(b"table:student", broken.as_bytes()).unwrap();
        assert!(matches!(kind(tables.schema("student")), Kind::WrongType | Kind::Invalid), "{broken}");
        assert_eq!(kind(sql(&store, &Sql::new("SELECT * FROM student")).map(|_| ())), Kind::Invalid);
        assert!(sql(&store, &Sql::new("SELECT * FROM lobbies")).is_ok());
    }
}

#[test]
fn what_programs_do_at_once_breaks_no_constraint() {
    let home = Home::sqlite();
    let store = home.open();
    Tables::new(&store).create(&student()).unwrap();
    let inserted: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let store = home.open();
                scope.spawn(move || {
                    let tables = Tables::new(&store);
                    let rows = (0..20).map(|n| row(json!({"name": "x", "email": n.to_string()})));
                    rows.filter(|row| tables.insert("student", std::slice::from_ref(row)).is_ok()).count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(inserted, 20);
    let ids: Vec<_> = all(&Tables::new(&store), "student", &Query::new())
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
}

#[test]
fn calls_in_a_transaction_are_committed_with_it() {
    let home = Home::memory();
    let store = home.open();
    Tables::new(&store).create(&student()).unwrap();
    let mut txn = store.begin().unwrap();
    {
        let tables = Tables::within(&store, &mut txn);
        tables.insert("student", &[row(json!({"name": "A", "email": "a"}))]).unwrap();
        assert_eq!(kind(tables.insert("student", &[row(json!({"name": "B", "email": "a"}))])), Kind::Exists);
        assert_eq!(tables.count("student", &eq("email", json!("a"))).unwrap(), 1);
        assert_eq!(kind(tables.create(&student())), Kind::Unsupported);
        assert_eq!(kind(tables.drop("student")), Kind::Unsupported);
    }
    assert_eq!(Tables::new(&store).count("student", &Filter::new()).unwrap(), 0);
    txn.commit().unwrap();
    assert_eq!(Tables::new(&store).count("student", &Filter::new()).unwrap(), 1);
}

#[test]
fn locks_are_leases() {
    let home = Home::memory();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&student()).unwrap();
    tables.lock("student", "me", 1000).unwrap();
    tables.lock("student", "me", 2000).unwrap();
    let error = tables.lock("student", "you", 1000).unwrap_err();
    assert!(error.kind() == Kind::Busy && error.message().contains("me"), "{error}");
    assert!(!tables.unlock("student", "you").unwrap());
    home.clock.advance(2000);
    tables.lock("student", "you", 1000).unwrap();
    assert!(!tables.unlock("student", "me").unwrap());
    assert!(tables.unlock("student", "you").unwrap());
    assert_eq!(kind(tables.lock("student", "you", 0)), Kind::Invalid);
    assert_eq!(kind(tables.lock("nobody", "you", 1)), Kind::NotFound);
}

#[test]
fn tables_are_views_of_sql() {
    for home in Home::each() {
        let store = home.open();
        let tables = Tables::new(&store);
        let ask = |text: &str| {
            let mut rows = sql(&store, &Sql::new(text)).unwrap();
            rows.next_page(100).unwrap().values
        };
        tables.create(&student()).unwrap();
        tables.create(&schema("players", r#"{"a": {"type": "bool"}, "order": {"type": "json"}}"#)).unwrap();
        tables
            .insert(
                "student",
                &[row(json!({"name": "O'Hara", "gpa": 3})), row(json!({"name": "B", "gpa": 4}))],
            )
            .unwrap();
        tables.insert("players", &[row(json!({"a": true, "order": [1]}))]).unwrap();
        assert_eq!(
            ask("SELECT avg(gpa), typeof(email) FROM student"),
            [SqlValue::Real(3.5), SqlValue::Null][..1]
                .iter()
                .cloned()
                .chain([SqlValue::Text("null".to_owned())])
                .collect::<Vec<_>>()
        );
        assert_eq!(ask("SELECT id FROM student WHERE name = 'O''Hara'"), [SqlValue::Integer(1)]);
        assert_eq!(
            ask(r#"SELECT a, "order" FROM table_players"#),
            [SqlValue::Integer(1), SqlValue::Text("[1]".to_owned())]
        );
        assert_eq!(ask("SELECT count(*) FROM players"), [SqlValue::Integer(0)]);
        tables.drop("student").unwrap();
        assert_eq!(kind(sql(&store, &Sql::new("SELECT * FROM student")).map(|_| ())), Kind::Invalid);
    }
}

#[test]
fn files_bring_back_what_was_exported() {
    let (home, other) = (Home::sqlite(), Home::memory());
    let (store, target) = (home.open(), other.open());
    let tables = Tables::new(&store);
    tables.create(&student()).unwrap();
    let rows: Vec<_> = (0..1500)
        .map(|n| row(json!({"name": "x", "gpa": f64::from(n) / 7.0, "email": n.to_string()})))
        .collect();
    tables.insert("student", &rows).unwrap();
    let path = home.path("students.json");
    assert_eq!(tables.export("student", &path).unwrap(), 1500);
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((&written["table"], &written["count"]), (&json!("student"), &json!(1500)));
    assert_eq!(written["records"][1], json!({"id": 2, "name": "x", "email": "1", "gpa": 1.0 / 7.0}));
    assert_eq!(written["exported_at"], json!("1970-01-01T00:16:40.000000"));
    let back = Tables::new(&target);
    assert_eq!(back.import(&path).unwrap(), 1500);
    assert_eq!(all(&back, "student", &Query::new()), all(&tables, "student", &Query::new()));
    // Into a table that is there: all or nothing.
    let version = target.version().unwrap();
    assert_eq!(kind(back.import(&path)), Kind::Exists);
    assert_eq!(target.version().unwrap(), version);
    assert_eq!(kind(back.import(&home.path("nothing.json"))), Kind::NotFound);
    for (broken, expected) in [
        (r#"{"table": "s", "records": [], "count": 1}"#, Kind::Invalid),
        (r#"{"table": "s", "records": [{}], "count": 1}"#, Kind::NotFound),
        (
            r#"{"table": "s", "records": [{"a": "x"}], "schema": {"table_name": "s", "schema": {"a": {"type": "int"}}}}"#,
            Kind::WrongType,
        ),
        (
            r#"{"table": "s", "records": [{"a": 1}, {"a": 1}], "schema": {"table_name": "s", "schema": {"a": {"type": "int", "unique": true}}}}"#,
            Kind::Exists,
        ),
        (r#"{"records": []}"#, Kind::Invalid),
        (r#"{"table": "s", "records": [{"a": 1}"#, Kind::Invalid),
        (r#"[]"#, Kind::Invalid),
    ] {
        let path = home.path("broken.json");
        std::fs::write(&path, broken).unwrap();
        assert_eq!(kind(back.import(&path)), expected, "{broken}");
        assert_eq!(back.names().unwrap(), ["student"]);
    }
}

#[test]
fn a_store_is_copied_with_all_its_tables_or_none() {
    let (home, other) = (Home::sqlite(), Home::memory());
    let (store, target) = (home.open(), other.open());
    let tables = Tables::new(&store);
    tables.create(&student()).unwrap();
    tables.create(&schema("log", r#"{"text": {"type": "str"}}"#)).unwrap();
    let rows: Vec<_> = (0..1200).map(|n| row(json!({"name": "x", "email": n.to_string()}))).collect();
    tables.insert("student", &rows).unwrap();
    tables.delete("student", &eq("id", json!(1200))).unwrap();
    tables.insert("log", &[row(json!({"text": "a"}))]).unwrap();
    assert_eq!(table::copy(&store, &target).unwrap(), [("log".to_owned(), 1), ("student".to_owned(), 1199)]);
    let copied = Tables::new(&target);
    assert_eq!(all(&copied, "student", &Query::new()), all(&tables, "student", &Query::new()));
    assert_eq!(copied.schema("student").unwrap(), tables.schema("student").unwrap());
    assert_eq!(copied.insert("student", &[row(json!({"name": "y"}))]).unwrap()[0].values["id"], json!(1201));
    assert_eq!(kind(copied.insert("student", &[row(json!({"name": "y", "email": "7"}))])), Kind::Exists);
    assert_eq!(kind(table::copy(&store, &target)), Kind::Exists);
    // One name that is taken: then nothing of the others is left.
    copied.drop("log").unwrap();
    let version = Tables::new(&target).names().unwrap();
    assert_eq!(kind(table::copy(&store, &target)), Kind::Exists);
    assert_eq!(copied.names().unwrap(), version);
}

#[test]
fn floats_come_back_to_the_last_bit() {
    let home = Home::memory();
    let store = home.open();
    let tables = Tables::new(&store);
    tables.create(&schema("f", r#"{"x": {"type": "float"}}"#)).unwrap();
    let numbers = [0.1 + 0.2, 1.0 / 3.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, 122.416_294_033_786_58];
    let rows = numbers.map(|x| row(json!({"x": x})));
    tables.insert("f", &rows).unwrap();
    let found: Vec<f64> =
        all(&tables, "f", &Query::new()).iter().map(|row| row["x"].as_f64().unwrap()).collect();
    assert_eq!(found, numbers);
}

/// What a plain list of rows does.
#[derive(Default)]
struct Model(BTreeMap<i64, Value>, i64);

impl Model {
    fn taken(&self, but: Option<i64>, u: &Value) -> bool {
        !u.is_null() && self.0.iter().any(|(id, row)| Some(*id) != but && row["u"] == *u)
    }

    fn insert(&mut self, id: Option<i64>, u: &Value, n: &Value) -> bool {
        let id = id.unwrap_or(self.1 + 1);
        if self.0.contains_key(&id) || self.taken(None, u) {
            return false;
        }
        self.1 = self.1.max(id);
        self.0.insert(id, json!({"id": id, "u": u, "n": n}));
        true
    }
}

#[derive(Clone, Debug)]
enum Act {
    Insert(Option<i64>, Value, Value),
    Update(i64, Value),
    Move(i64, i64),
    Raise(Value, Value),
    Delete(Value),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), (0..6i64).prop_map(Value::from)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (prop::option::of(-3..9i64), value(), value()).prop_map(|(id, u, n)| Act::Insert(id, u, n)),
        1 => (0..9i64, value()).prop_map(|(id, u)| Act::Update(id, u)),
        1 => (-3..9i64, -3..9i64).prop_map(|(from, to)| Act::Move(from, to)),
        1 => (value(), value()).prop_map(|(from, to)| Act::Raise(from, to)),
        1 => value().prop_map(Act::Delete),
    ]
}

/// The same of a store.
fn perform(store: &Store, act: &Act) -> bool {
    let tables = Tables::new(store);
    let done = match act {
        Act::Insert(id, u, n) => tables.insert("t", &[row(json!({"id": id, "u": u, "n": n}))]).map(drop),
        Act::Update(id, u) => tables.update("t", &eq("id", json!(id)), &row(json!({"u": u}))).map(drop),
        Act::Move(from, to) => tables.update("t", &eq("id", json!(from)), &row(json!({"id": to}))).map(drop),
        Act::Raise(from, to) => tables.update("t", &eq("n", from.clone()), &row(json!({"n": to}))).map(drop),
        Act::Delete(n) => tables.delete("t", &eq("n", n.clone())).map(drop),
    };
    match done {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind(), Kind::Exists, "{act:?}: {error}");
            false
        }
    }
}

fn perform_on(model: &mut Model, act: &Act) -> bool {
    match act {
        Act::Insert(id, u, n) => model.insert(*id, u, n),
        Act::Update(id, u) => {
            let Some(row) = model.0.get(id).cloned() else { return true };
            if model.taken(Some(*id), u) {
                return false;
            }
            model.0.insert(*id, json!({"id": id, "u": u, "n": row["n"]}));
            true
        }
        Act::Move(from, to) => {
            let Some(row) = model.0.get(from).cloned().filter(|_| from != to) else { return true };
            if model.0.contains_key(to) {
                return false;
            }
            model.0.remove(from);
            model.0.insert(*to, json!({"id": to, "u": row["u"], "n": row["n"]}));
            model.1 = model.1.max(*to);
            true
        }
        Act::Raise(from, to) => {
            for row in model.0.values_mut().filter(|row| row["n"] == *from) {
                row["n"] = to.clone();
            }
            true
        }
        Act::Delete(n) => {
            model.0.retain(|_, row| row["n"] != *n);
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    /// On every engine a table does what a list does.
    #[test]
    fn a_table_is_a_list_of_rows(acts in prop::collection::vec(act(), 1..60), looks in prop::collection::vec(-4..10i64, 4)) {
        for home in Home::each() {
            let mut store = home.open();
            let columns = r#"{"id": {"type": "int", "primary_key": true}, "u": {"type": "int", "unique": true}, "n": {"type": "int", "index": true}}"#;
            Tables::new(&store).create(&schema("t", columns)).unwrap();
            let mut model = Model::default();
            for (at, act) in acts.iter().enumerate() {
                prop_assert_eq!(perform(&store, act), perform_on(&mut model, act), "{:?}", act);
                if at == acts.len() / 2 && home.config.location != joinly_storage::store::Location::Memory {
                    store.close().unwrap();
                    store = home.open();
                }
            }
            let tables = Tables::new(&store);
            let rows: Vec<Value> = model.0.values().cloned().collect();
            prop_assert_eq!(&all(&tables, "t", &Query::new().limit(3)), &rows);
            prop_assert_eq!(tables.check("t").unwrap(), rows.len() as u64);
            for look in &looks {
                for (op, column) in ["=", "!=", "<", "<=", ">", ">="].iter().flat_map(|op| ["id", "u", "n"].map(|column| (op, column))) {
                    let wanted = filter(&json!([{"key": column, "op": op, "value": look}]));
                    let expected: Vec<_> = rows.iter().filter(|row| wanted.passes(row)).cloned().collect();
                    let query = Query::new().filter(wanted).limit(2);
                    prop_assert_eq!(&all(&tables, "t", &query), &expected, "{} {} {}", column, op, look);
                    let mut reversed = expected.clone();
                    reversed.reverse();
                    prop_assert_eq!(&all(&tables, "t", &query.order("id", true)), &reversed);
                }
            }
        }
    }
}
