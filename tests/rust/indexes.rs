//! Indexes: whatever is written, and however, finding by an index is filtering all documents.

use joinly_storage::{Batch, Find, IndexSpec, Kind, Scan, Store};
use serde_json::json;

use crate::support::{Home, eventually, keys, kind};

mod model;

const INDEXES: [(&str, &str, &str); 3] =
    [("state", "lobby:", "$.state"), ("deep", "lobby:", "$.a[1].\"b c\""), ("all", "", "$.state")];

fn spec(index: usize) -> IndexSpec {
    let (name, prefix, path) = INDEXES[index];
    IndexSpec::new(name, prefix.as_bytes(), path).unwrap()
}

/// All pages.
fn found(store: &Store, index: &str, mut find: Find, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    loop {
        let page = store.find(index, &find).unwrap();
        assert!(page.rows.len() <= limit && (page.cursor.is_none() || page.rows.len() == limit));
        rows.extend(page.rows.into_iter().map(|row| (row.key, row.value.unwrap().to_vec())));
        match page.cursor {
            Some(cursor) => find = find.after(&cursor),
            None => return rows,
        }
    }
}

/// A store with an index on `$.state`, and lobbies in this order of it: 2, 4, 1, 3, 5.
fn lobbies(home: &Home) -> Store {
    let store = home.open();
    store.declare_index(&spec(0)).unwrap();
    for (n, state) in [(1, "b"), (2, "a"), (3, "b"), (4, "a"), (5, "c")] {
        let document = json!({ "state": state }).to_string();
        store.put(format!("lobby:{n}").as_bytes(), document.as_bytes()).unwrap();
    }
    store
}

#[test]
fn a_cursor_goes_on_where_the_page_ended_whatever_changed() {
    for home in Home::each() {
        let store = lobbies(&home);
        let find = Find::all().limit(2);
        let page = store.find("state", &find).unwrap();
        assert_eq!(keys(&page.rows), ["lobby:2", "lobby:4"]);
        // The row it stands on goes away, one comes before it, one after.
        store.delete(b"lobby:4").unwrap();
        store.put(b"lobby:0", b"{\"state\":\"a\"}").unwrap();
        store.put(b"lobby:9", b"{\"state\":\"a\"}").unwrap();
        let page = store.find("state", &find.clone().limit(10).after(&page.cursor.unwrap())).unwrap();
        assert_eq!(keys(&page.rows), ["lobby:9", "lobby:1", "lobby:3", "lobby:5"]);
        assert_eq!(page.cursor, None);
    }
}

#[test]
fn a_foreign_cursor_is_refused() {
    for home in Home::each() {
        let store = lobbies(&home);
        store.declare_index(&spec(2)).unwrap();
        let find = Find::all().limit(1);
        let cursor = |name, find: &Find| store.find(name, find).unwrap().cursor.unwrap();
        let scanned = store.scan(&Scan::prefix(b"").limit(1)).unwrap().cursor.unwrap();
        let other_value = cursor("state", &find.clone().equal(b"\"a\"").unwrap());
        for (what, cursor) in
            [("another index's", cursor("all", &find)), ("a scan's", scanned), ("none", Vec::new())]
        {
            assert_eq!(kind(store.find("state", &find.clone().after(&cursor))), Kind::Invalid, "{what}");
        }
        let equal = find.equal(b"\"b\"").unwrap().after(&other_value);
        assert_eq!(kind(store.find("state", &equal)), Kind::Invalid);
    }
}

#[test]
fn an_index_has_one_meaning() {
    for home in Home::each() {
        let store = lobbies(&home);
        let version = store.version().unwrap();
        store.declare_index(&spec(0)).unwrap();
        assert_eq!(store.version().unwrap(), version, "declaring the same again does nothing");
        for other in [
            IndexSpec::new("state", b"lobby:", "$.other").unwrap(),
            IndexSpec::new("state", b"player:", "$.state").unwrap(),
        ] {
            assert_eq!(kind(store.declare_index(&other)), Kind::Exists);
        }
        assert_eq!(store.indexes().unwrap(), [spec(0)]);
        store.drop_index("state").unwrap();
        assert_eq!(kind(store.drop_index("state")), Kind::NotFound);
        assert_eq!(kind(store.rebuild_index("state")), Kind::NotFound);
        assert_eq!(kind(store.find("state", &Find::all())), Kind::NotFound);
        store.verify().unwrap();
    }
}

#[test]
fn there_is_a_bound_on_indexes() {
    for home in Home::each() {
        let store = home.open();
        let spec = |n| IndexSpec::new(&format!("index {n}"), b"", "$.a").unwrap();
        for n in 0..64 {
            store.declare_index(&spec(n)).unwrap();
        }
        assert_eq!(kind(store.declare_index(&spec(64))), Kind::TooLarge);
        store.put(b"k", b"{\"a\":1}").unwrap();
        for n in 0..64 {
            assert_eq!(keys(&store.find(&format!("index {n}"), &Find::all()).unwrap().rows), ["k"]);
        }
        store.drop_index("index 7").unwrap();
        store.declare_index(&spec(64)).unwrap();
        store.verify().unwrap();
    }
}

#[test]
fn what_is_no_index_is_refused() {
    for (name, prefix, path) in [
        ("", &b""[..], "$.a"),
        ("a\nb", b"", "$.a"),
        (&"n".repeat(129), b"", "$.a"),
        ("n", b"\xff", "$.a"),
        ("n", b"", ""),
        ("n", b"", "$"),
        ("n", b"", "a"),
        ("n", b"", "$.a..b"),
        ("n", b"", "$.a[*]"),
        ("n", b"", "$.a[-1]"),
        ("n", b"", &format!("$.{}", "a".repeat(600))),
    ] {
        assert_eq!(kind(IndexSpec::new(name, prefix, path)), Kind::Invalid, "{name:?} {path:?}");
    }
    assert_eq!(kind(IndexSpec::new("n", &[b'a'; 2049], "$.a")), Kind::TooLarge);
    for bound in [
        &b""[..],
        b"[]",
        b"{}",
        b"a",
        b"1 2",
        b"\xff",
        b"\"open",
        format!("{:?}", "x".repeat(513)).as_bytes(),
    ] {
        assert_eq!(kind(Find::all().equal(bound)), Kind::Invalid, "{bound:?}");
    }
}

#[test]
fn a_rebuild_repairs_what_verify_reports() {
    use joinly_storage::engine::{Engine, Range, Space};
    let home = Home::sqlite();
    drop(lobbies(&home));
    let engine = home.engine();
    let mut entries = Vec::new();
    let snapshot = engine.snapshot(joinly_storage::engine::Hold::Short).unwrap();
    let mut visit = |key: &[u8], _: &[u8]| {
        entries.push(key.to_vec());
        Ok(true)
    };
    snapshot.entries(Space::Index, &Range::all(), false, &mut visit).unwrap();
    assert_eq!(entries.len(), 5);
    let mut writer = engine.begin().unwrap();
    writer.delete_entry(Space::Index, &entries[0]).unwrap();
    writer.commit().unwrap();
    drop((snapshot, engine));

    let store = home.open();
    let error = store.verify().unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.message().contains("state") && error.message().contains("rebuild"), "{error}");
    // It refuses writes from now on; another opening may repair it.
    assert_eq!(kind(store.put(b"k", b"v")), Kind::Corrupt);
    drop(store);
    let store = home.open();
    store.rebuild_index("state").unwrap();
    store.verify().unwrap();
    assert_eq!(store.find("state", &Find::all()).unwrap().rows.len(), 5);
}

#[test]
fn the_sweeper_keeps_indexes_too() {
    for home in Home::each() {
        let home = home.with(|options| options.sweep_interval_ms = 1);
        let store = lobbies(&home);
        store.expire(b"lobby:2", 50).unwrap();
        home.clock.advance(50);
        eventually("an expired document is removed", || store.stats().unwrap().expired == 1);
        let page = store.find("state", &Find::all()).unwrap();
        assert_eq!(keys(&page.rows), ["lobby:4", "lobby:1", "lobby:3", "lobby:5"]);
        store.verify().unwrap();
    }
}

#[test]
fn an_index_of_many_documents_is_built_whole() {
    for home in Home::each() {
        let store = home.open();
        let mut batch = Batch::new();
        for n in 0..2500 {
            batch
                .put(format!("lobby:{n:04}").as_bytes(), json!({ "state": n % 10 }).to_string().as_bytes())
                .unwrap();
        }
        store.commit(&batch).unwrap();
        store.declare_index(&spec(0)).unwrap();
        let find = Find::all().equal(b"3").unwrap().limit(100);
        assert_eq!(found(&store, "state", find.clone(), 100).len(), 250);
        store.rebuild_index("state").unwrap();
        assert_eq!(found(&store, "state", find, 100).len(), 250);
        store.verify().unwrap();
    }
}

#[test]
fn a_page_is_of_one_moment_whatever_the_cache_knows() {
    for home in [Home::memory(), Home::sqlite(), Home::behind()] {
        let store = home.open();
        store.declare_index(&IndexSpec::new("state", b"doc:", "$.state").unwrap()).unwrap();
        let write = |n: u64| {
            let mut batch = Batch::new();
            for key in ["doc:a", "doc:b", "doc:c"] {
                batch.put(key.as_bytes(), format!(r#"{{"state":"open","n":{n}}}"#).as_bytes()).unwrap();
            }
            store.commit(&batch).unwrap();
        };
        write(0);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (1..500).for_each(write);
                done.store(true, std::sync::atomic::Ordering::SeqCst);
            });
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                let rows = store.find("state", &Find::all()).unwrap().rows;
                let versions: Vec<_> = rows.iter().map(|row| row.version).collect();
                let values: Vec<_> = rows.iter().map(|row| row.value.as_deref().unwrap().to_vec()).collect();
                assert_eq!(rows.len(), 3);
                assert!(versions.iter().all(|version| *version == versions[0]), "{versions:?}");
                assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
            }
        });
    }
}
