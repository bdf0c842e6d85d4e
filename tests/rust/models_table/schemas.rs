//! Schemas that change, and what was cut short while they did.

use super::*;

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
