//! Tables as files, and from store to store.

use joinly_storage::models::table;

use super::*;

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
