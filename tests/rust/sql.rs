//! Queries in SQL: what they see, what they are refused, and that they end.

use std::time::Duration;

use joinly_storage::models;
use joinly_storage::store::{Sql, SqlParam, SqlValue};
use joinly_storage::{Batch, Kind, Result, Store};

use crate::support::{Home, kind};

use SqlValue::{Blob, Integer, Null, Real, Text};

mod views;

fn text(text: &str) -> SqlValue {
    Text(text.to_owned())
}

fn param(value: SqlValue) -> SqlParam<'static> {
    SqlParam { name: None, value }
}

/// All rows, taken in pages of three.
fn rows_of(store: &Store, query: &Sql<'_>) -> Result<Vec<Vec<SqlValue>>> {
    let mut rows = models::sql(store, query)?;
    let mut all = Vec::new();
    loop {
        let page = rows.next_page(3)?;
        assert!(page.rows().len() <= 3);
        all.extend(page.rows().map(<[SqlValue]>::to_vec));
        if !page.more {
            assert_eq!(rows.next_page(3)?.rows().len(), 0);
            return Ok(all);
        }
    }
}

fn rows(store: &Store, sql: &str) -> Vec<Vec<SqlValue>> {
    rows_of(store, &Sql::new(sql)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn one(store: &Store, sql: &str) -> SqlValue {
    let mut rows = rows(store, sql);
    assert_eq!(rows.len(), 1, "{sql}");
    rows.remove(0).remove(0)
}

fn refused(store: &Store, sql: &str) -> Kind {
    match rows_of(store, &Sql::new(sql)) {
        Err(error) => error.kind(),
        Ok(rows) => panic!("{sql}: {rows:?}"),
    }
}

#[test]
fn every_engine_shows_its_live_records_decoded() {
    for home in Home::each() {
        let store = home.open();
        let long = "compressed ".repeat(1000);
        store.put(b"a:1", long.as_bytes()).unwrap();
        store.put(b"a:2", b"\xff\x00").unwrap();
        store.put(b"\xfe", b"").unwrap();
        store.put_ttl(b"b:1", b"soon gone", 1000).unwrap();
        let version = Integer(store.version().unwrap() as i64);
        let expires = Integer(home.clock_ms() + 1000);
        let found = rows(&store, "SELECT * FROM kv ORDER BY key");
        let value = |row: usize| found[row][1].clone();
        assert_eq!(found.len(), 4);
        assert_eq!((value(0), value(1)), (Text(long), Blob(vec![255, 0])));
        assert_eq!(found[2], [text("b:1"), text("soon gone"), version, expires]);
        assert_eq!(found[3], [Blob(vec![254]), text(""), Integer(3), Null]);
        home.clock.advance(1000);
        assert_eq!(one(&store, "SELECT count(*) FROM kv"), Integer(3));
        assert_eq!(one(&store, "SELECT joinly_now()"), Integer(home.clock_ms()));
    }
}

#[test]
fn keys_are_found_by_their_parts_as_by_reading_everything() {
    let store = Home::memory().open();
    let mut batch = Batch::new();
    for key in ["x", "x:", "x:1", "x:01", "x:10", "x:1:a", "x:1:a:b", "x:1:", "x:b", "xy:1", "y:1", "é:1:ü"]
    {
        batch.put(key.as_bytes(), b"{}").unwrap();
    }
    batch.put(b"x:\xff", b"").unwrap();
    batch.put(b"x:1:\xff", b"").unwrap();
    store.commit(&batch).unwrap();
    let values =
        ["'x'", "''", "'1'", "1", "1.0", "'01'", "'1.0'", "'b'", "'a'", "'a:b'", "NULL", "x'78'", "'x:1'"];
    let equal = ["key", "space", "name", "id", "rest"].into_iter().flat_map(|column| {
        values.iter().flat_map(move |value| ["=", "IS"].map(|sign| format!("{column} {sign} {value}")))
    });
    let others = [
        "key < 'x:1'",
        "key >= 'x:1'",
        "key > 'x:' AND key <= 'x:b'",
        "key >= x'78'",
        "key < x'79'",
        "key GLOB 'x:*'",
        "key GLOB 'x:1'",
        "key GLOB '*1'",
        "key GLOB 'x:[01]?'",
        "rest IS NULL",
        "key IN ('x:1', 'y:1', 'z')",
        "key COLLATE NOCASE = 'X:1'",
        "space IN ('x', 'y')",
        "1",
    ];
    let terms: Vec<String> = equal.chain(others.map(str::to_owned)).collect();
    // With a limit a subquery is read as it is: nothing is looked up.
    let everything = "SELECT key FROM (SELECT key, space, name, id, rest FROM kv LIMIT -1) WHERE";
    for before in ["", "space = 'x' AND ", "space = 'x' AND id = 1 AND ", "space = 'x' AND name = '1' AND "] {
        for term in &terms {
            let term = format!("{before}{term}");
            let wanted = rows(&store, &format!("{everything} {term} ORDER BY key"));
            let found = rows(&store, &format!("SELECT key FROM kv WHERE {term} ORDER BY key"));
            assert_eq!(found, wanted, "{term}");
        }
    }
    let plan =
        rows(&store, "EXPLAIN QUERY PLAN SELECT 1 FROM kv WHERE space = 'x' AND id = 1 AND rest IS NULL");
    assert!(format!("{plan:?}").contains("INDEX 1:siz"), "{plan:?}");
}

#[test]
fn only_one_statement_that_reads_is_run() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k", b"v").unwrap();
    let attached = home.path("attached.db");
    let refusals = [
        "DELETE FROM kv",
        "INSERT INTO kv VALUES ('a', 'b', 1, 0)",
        "UPDATE kv SET value = 1",
        "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)",
        "DROP VIEW lobbies",
        "DROP TABLE kv",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "VACUUM",
        "VACUUM INTO '/tmp/joinly-must-not-exist.db'",
        "REINDEX",
        "ANALYZE",
        "PRAGMA writable_schema = ON",
        "PRAGMA query_only = OFF",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "DETACH main",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM kv",
        "SELECT 1;;; x",
        "SELECT 'a\0b'",
        "",
        "  -- nothing",
        ";",
        "SELEC 1",
        "SELECT nothing FROM kv",
        "SELECT * FROM meta",
        "SELECT \"no column\" FROM kv",
        "WITH x AS (SELECT 1) INSERT INTO kv SELECT * FROM x",
        "SELECT json_extract('{', '$')",
        "SELECT sum(9223372036854775807) FROM (SELECT 1 UNION ALL SELECT 2)",
    ];
    for sql in refusals {
        assert_eq!(refused(&store, sql), Kind::Invalid, "{sql}");
    }
    let attach = format!("ATTACH '{}' AS other", attached.display());
    assert_eq!(refused(&store, &attach), Kind::Invalid);
    assert!(!attached.exists());
    assert_eq!(rows(&store, "SELECT 1; -- one is enough"), [[Integer(1)]]);
    assert_eq!(one(&store, "SELECT value FROM kv"), text("v"));
}

#[test]
fn parameters_are_values_and_nothing_else() {
    let store = Home::memory().open();
    store.put(b"k", b"v").unwrap();
    let evil = "x' OR 1=1; DELETE FROM kv; --";
    let ask = |sql: &str, params: &[SqlParam<'_>]| rows_of(&store, &Sql::new(sql).params(params));
    assert!(ask("SELECT * FROM kv WHERE key = ?", &[param(text(evil))]).unwrap().is_empty());
    let values =
        [Null, Integer(i64::MIN), Real(-0.5), text("ü\0x"), Blob(vec![0, 255]), text(""), Blob(vec![])];
    for value in values {
        let given = [param(value.clone())];
        assert_eq!(ask("SELECT ?", &given).unwrap(), [[value.clone()]]);
        for name in ["n", ":n"] {
            let given = [SqlParam { name: Some(name), value: value.clone() }];
            assert_eq!(ask("SELECT :n WHERE :n IS :n", &given).unwrap(), [[value.clone()]]);
        }
    }
    assert_eq!(ask("SELECT @a, $b", &[named("b", 2), named("a", 1)]).unwrap(), [[Integer(1), Integer(2)]]);
    let wrong: [(&str, &[SqlParam<'_>]); 7] = [
        ("SELECT ?", &[]),
        ("SELECT 1", &[param(Null)]),
        ("SELECT ?, ?", &[param(Null)]),
        ("SELECT ?3", &[param(Null)]),
        ("SELECT :a", &[named("b", 1)]),
        ("SELECT :a", &[named("a", 1), named(":a", 1)]),
        ("SELECT ?", &[param(Real(f64::NAN))]),
    ];
    for (sql, params) in wrong {
        assert_eq!(kind(ask(sql, params)), Kind::Invalid, "{sql}");
    }
    let many = vec![param(Null); 10_001];
    assert_eq!(kind(ask("SELECT 1", &many)), Kind::TooLarge);
    assert_eq!(refused(&store, &format!("SELECT '{}'", "x".repeat(1 << 20))), Kind::TooLarge);
}

fn named(name: &str, number: i64) -> SqlParam<'_> {
    SqlParam { name: Some(name), value: Integer(number) }
}

#[test]
fn what_does_not_end_is_stopped() {
    let store = Home::memory().open();
    for n in 0..2000 {
        store.put(format!("k:{n}").as_bytes(), b"x").unwrap();
    }
    let endless = [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT count(*) FROM kv a, kv b, kv c, kv d WHERE a.value <> b.value",
    ];
    for sql in endless {
        let query = Sql::new(sql).timeout(Duration::from_millis(20));
        assert_eq!(kind(rows_of(&store, &query)), Kind::Timeout, "{sql}");
    }
    assert_eq!(refused(&store, "SELECT zeroblob(100000000)"), Kind::TooLarge);
    assert_eq!(refused(&store, "SELECT zeroblob(40000000), zeroblob(40000000)"), Kind::TooLarge);
    // Rows without end are given as long as somebody asks.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let mut endless = store.sql(&Sql::new(sql)).unwrap();
    for page in 0..3 {
        let page_rows = endless.next_page(1000).unwrap();
        assert_eq!((page_rows.values[0].clone(), page_rows.more), (Integer(page * 1000 + 1), true));
    }
}

#[test]
fn pages_are_bounded_by_bytes_and_of_one_moment() {
    for home in Home::each() {
        let home = home.with(|options| options.snapshot_max_age_ms = 60_000);
        let store = home.open();
        for n in 0..10 {
            store.put(format!("k:{n}").as_bytes(), &vec![b'x'; 6 << 20]).unwrap();
        }
        let mut pages = store.sql(&Sql::new("SELECT key, value FROM kv WHERE space = 'k'")).unwrap();
        assert_eq!(pages.columns(), ["key", "value"]);
        let first = pages.next_page(usize::MAX).unwrap();
        assert_eq!((first.rows().len(), first.more), (2, true));
        store.delete(b"k:9").unwrap();
        store.put(b"k:99", b"later").unwrap();
        let mut found = 2;
        loop {
            let page = pages.next_page(usize::MAX).unwrap();
            assert!(page.rows().all(|row| row[0] != text("k:99")));
            found += page.rows().len();
            if !page.more {
                break;
            }
        }
        assert_eq!(found, 10);
        assert_eq!(one(&store, "SELECT count(*) FROM kv"), Integer(10));
    }
}

#[test]
fn a_query_that_waits_for_too_long_is_given_up() {
    let home = Home::sqlite().with(|options| {
        options.snapshot_max_age_ms = 1000;
        options.sweep_interval_ms = 10;
    });
    let store = home.open();
    for n in 0..1000 {
        store.put(format!("k:{n}").as_bytes(), b"x").unwrap();
    }
    let mut waiting = store.sql(&Sql::new("SELECT * FROM kv")).unwrap();
    assert_eq!(waiting.next_page(1).unwrap().rows().len(), 1);
    let late = std::cell::Cell::new(None);
    crate::support::eventually("the snapshot is ended", || {
        std::thread::sleep(Duration::from_millis(100));
        late.set(waiting.next_page(1).err());
        late.take().is_some_and(|error| error.kind() == Kind::Conflict)
    });
    assert_eq!(waiting.next_page(1).unwrap().rows().len(), 0);
}

#[test]
fn a_closed_store_answers_so() {
    for home in Home::each() {
        let store = home.open();
        for n in 0..1000 {
            store.put(format!("k:{n}").as_bytes(), b"x").unwrap();
        }
        let mut rows = store.sql(&Sql::new("SELECT * FROM kv")).unwrap();
        rows.next_page(1).unwrap();
        store.close().unwrap();
        assert_eq!(kind(rows.next_page(1)), Kind::Closed);
        assert_eq!(refused(&store, "SELECT 1"), Kind::Closed);
        drop(store);
        assert_eq!(kind(rows.next_page(1)), Kind::Closed);
    }
}

#[test]
fn what_is_acknowledged_is_seen_and_what_others_wrote() {
    let home = Home::behind();
    let store = home.open();
    store.put(b"k", b"queued").unwrap();
    assert_eq!(one(&store, "SELECT value FROM kv"), text("queued"));
    store.close().unwrap();
    let home = home.with(|options| options.mode = joinly_storage::store::Mode::Through);
    let (one_store, other) = (home.open(), home.open());
    assert_eq!(one(&one_store, "SELECT value FROM kv"), text("queued"));
    other.put(b"k", b"other").unwrap();
    assert_eq!(one(&one_store, "SELECT value FROM kv"), text("other"));
}

#[test]
fn a_changed_byte_is_told_and_stops_writes() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k:1", b"sound").unwrap();
    store.put(b"k:2", b"to be damaged").unwrap();
    store.close().unwrap();
    drop(store);
    let mut bytes = std::fs::read(home.file()).unwrap();
    let at = bytes.windows(13).position(|window| window == b"to be damaged").unwrap();
    bytes[at] ^= 1;
    std::fs::write(home.file(), bytes).unwrap();
    let store = home.open();
    assert_eq!(one(&store, "SELECT value FROM kv WHERE key = 'k:1'"), text("sound"));
    assert_eq!(refused(&store, "SELECT value FROM kv"), Kind::Corrupt);
    assert_eq!(kind(store.put(b"x", b"y")), Kind::Corrupt);
    assert_eq!(one(&store, "SELECT value FROM kv WHERE key = 'k:1'"), text("sound"));
}

#[test]
fn a_file_cannot_replace_the_views() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"player:1", br#"{"id":"1","name":"Ada"}"#).unwrap();
    drop(store);
    let file = rusqlite::Connection::open(home.file()).unwrap();
    file.execute_batch("CREATE VIEW players AS SELECT 'forged' AS id; CREATE TABLE lobbies (id); ").unwrap();
    drop(file);
    let store = home.open();
    assert_eq!(rows(&store, "SELECT id, name FROM players"), [[text("1"), text("Ada")]]);
    assert!(rows(&store, "SELECT * FROM lobbies").is_empty());
}
