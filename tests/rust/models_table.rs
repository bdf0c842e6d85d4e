//! Tables: constraints hold whoever writes, schemas evolve without a loss, and files say what stores do.

use joinly_storage::models::filter::{Filter, Path, Test};
use joinly_storage::models::sql;
use joinly_storage::models::table::{Query, Schema, Tables, Values, filter_from_json};
use joinly_storage::store::{Sql, SqlValue};
use joinly_storage::{Kind, Scan};
use serde_json::{Value, json};

use crate::support::{Home, get, kind};

mod files;
mod model;
mod schemas;

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
