//! Queries in SQL: what they see, what they are refused, and that they end.

use std::time::Duration;

use joinly_storage::models;
use joinly_storage::models::leaderboard::{Board, Leaderboard, Order};
use joinly_storage::models::lobby::{Create, Join, Lobbies, Migration, Reserve, Timing};
use joinly_storage::models::player::{Patch, Players};
use joinly_storage::store::{Sql, SqlParam, SqlValue};
use joinly_storage::{Batch, Kind, Result, Store};

use crate::support::{Home, kind};

use SqlValue::{Blob, Integer, Null, Real, Text};

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
    kind(rows_of(store, &Sql::new(sql)))
}

#[test]
fn every_engine_shows_its_live_records_decoded() {
    for home in Home::each() {
        let home = home.with(|options| options.compress_threshold = 100);
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
    for key in
        ["x", "x:", "x:1", "x:01", "x:10", "x:1:a", "x:1:a:b", "x:1:", "x:b", "xy:1", "y:1", "", "é:1:ü"]
    {
        if !key.is_empty() {
            batch.put(key.as_bytes(), b"{}").unwrap();
        }
    }
    batch.put(b"x:\xff", b"").unwrap();
    batch.put(b"x:1:\xff", b"").unwrap();
    store.commit(batch).unwrap();
    // A sign before a column keeps it from being looked up.
    let values =
        ["'x'", "''", "'1'", "1", "1.0", "'01'", "'1.0'", "'b'", "'a'", "'a:b'", "NULL", "x'78'", "'x:1'"];
    let keys = ["key", "space", "name", "id", "rest"];
    let terms = keys.iter().flat_map(|key| {
        let equal = values.iter().flat_map(move |v| [("=", v), ("IS", v)]);
        equal.map(move |(sign, value)| (format!("{key} {sign} {value}"), format!("+{key} {sign} {value}")))
    });
    let mut terms: Vec<(String, String)> = terms.collect();
    let bounds =
        ["key < 'x:1'", "key >= 'x:1'", "key > 'x:' AND key <= 'x:b'", "key >= x'78'", "key < x'79'"];
    let globs = ["key GLOB 'x:*'", "key GLOB 'x:1'", "key GLOB '*1'", "key GLOB 'x:[01]?'", "rest IS NULL"];
    terms.extend(bounds.iter().chain(&globs).map(|term| {
        let slow = term.replace("key", "+key").replace("rest", "+rest");
        (term.to_string(), slow)
    }));
    let spaced: Vec<_> =
        terms.iter().map(|(a, b)| (format!("space = 'x' AND {a}"), format!("+space = 'x' AND {b}")));
    let named = terms.iter().map(|(a, b)| {
        (format!("space = 'x' AND id = 1 AND {a}"), format!("+space = 'x' AND +id = 1 AND {b}"))
    });
    let all: Vec<_> = terms.iter().cloned().chain(spaced).chain(named).collect();
    assert!(all.len() > 400);
    for (fast, slow) in all {
        let wanted = rows(&store, &format!("SELECT key FROM kv WHERE {slow} ORDER BY key"));
        assert_eq!(rows(&store, &format!("SELECT key FROM kv WHERE {fast} ORDER BY key")), wanted, "{fast}");
    }
    let plan =
        rows(&store, "EXPLAIN QUERY PLAN SELECT 1 FROM kv WHERE space = 'x' AND id = 1 AND rest IS NULL");
    assert!(format!("{plan:?}").contains("INDEX 1:siz"), "{plan:?}");
}
