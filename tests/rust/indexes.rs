//! Indexes: whatever is written, and however, finding by an index is filtering all documents.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use joinly_storage::{Batch, Find, IndexSpec, Kind, Scan, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult};
use serde_json::{Value as Json, json};

use crate::support::{Home, eventually, keys, kind};

const INDEXES: [(&str, &str, &str); 3] =
    [("state", "lobby:", "$.state"), ("deep", "lobby:", "$.a[1].\"b c\""), ("all", "", "$.state")];

fn spec(index: usize) -> IndexSpec {
    let (name, prefix, path) = INDEXES[index];
    IndexSpec::new(name, prefix.as_bytes(), path).unwrap()
}

/// Where the path of an index leads in a document, if to a scalar.
fn indexed(index: usize, document: &[u8]) -> Option<Json> {
    let document: Json = serde_json::from_slice(document).ok()?;
    let found = match index {
        1 => document.get("a")?.get(1)?.get("b c")?,
        _ => document.get("state")?,
    };
    let short = found.as_str().is_none_or(|text| text.len() <= 512);
    (!found.is_array() && !found.is_object() && short).then(|| found.clone())
}

/// null < false < true < numbers < strings.
fn compare(a: &Json, b: &Json) -> Ordering {
    let rank = |value: &Json| match value {
        Json::Null => 0,
        Json::Bool(flag) => 1 + u8::from(*flag),
        Json::Number(_) => 3,
        _ => 4,
    };
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
        (Json::String(a), Json::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => rank(a).cmp(&rank(b)),
    }
}

#[derive(Clone, Debug)]
enum Op {
    Put(String, Vec<u8>, u64),
    Add(String),
    Delete(String),
    Expire(String, u64),
    Batch(Vec<(String, Option<Vec<u8>>)>),
    Transaction(Vec<(String, Option<Vec<u8>>)>),
    Advance(i64),
    Declare(usize),
    Drop(usize),
    Rebuild(usize),
}

#[derive(Clone, Debug)]
struct Query {
    lower: Option<(Json, bool)>,
    upper: Option<(Json, bool)>,
    descending: bool,
    limit: usize,
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(false),
            json!(true),
            json!(-1.5),
            json!(0),
            json!(1),
            json!(1.0),
            json!(10),
        ]),
        prop::sample::select(vec!["", "a", "a\0", "a\0b", "ab", "b", "é", "\u{10ffff}"]).prop_map(Json::from),
        Just(Json::from("x".repeat(512))),
    ]
}

fn document() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        5 => scalar().prop_map(|value| json!({ "state": value }).to_string().into_bytes()),
        3 => (scalar(), scalar())
            .prop_map(|(a, b)| json!({ "state": a, "a": [0, { "b c": b }] }).to_string().into_bytes()),
        1 => Just(json!({ "state": "waiting", "pad": "x".repeat(3000) }).to_string().into_bytes()),
        1 => prop::sample::select(vec![
            json!({ "state": { "state": 1 } }),
            json!({ "state": [1] }),
            json!({ "state": "x".repeat(513) }),
            json!({ "a": [1] }),
            json!([1, 2]),
            json!("state"),
        ])
        .prop_map(|value| value.to_string().into_bytes()),
        1 => prop::sample::select(vec![&b""[..], b"{", b"\xff", b"{\"state\":1}x"]).prop_map(<[u8]>::to_vec),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["lobby:1", "lobby:2", "lobby:", "lobby:\0", "lobby", "lobby;", "player:1"])
        .prop_map(str::to_owned)
}

fn op() -> impl Strategy<Value = Op> {
    let ttl = || prop_oneof![2 => Just(0), 2 => 1..20u64];
    let changes = || prop::collection::vec((key(), prop::option::weighted(0.7, document())), 1..4);
    prop_oneof![
        8 => (key(), document(), ttl()).prop_map(|(key, document, ttl)| Op::Put(key, document, ttl)),
        1 => key().prop_map(Op::Add),
        2 => key().prop_map(Op::Delete),
        2 => (key(), ttl()).prop_map(|(key, ttl)| Op::Expire(key, ttl)),
        2 => changes().prop_map(Op::Batch),
        2 => changes().prop_map(Op::Transaction),
        2 => (1..15i64).prop_map(Op::Advance),
        3 => (0..3usize).prop_map(Op::Declare),
        1 => (0..3usize).prop_map(Op::Drop),
        1 => (0..3usize).prop_map(Op::Rebuild),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let bound = || prop::option::of((scalar(), any::<bool>()));
    (bound(), bound(), any::<bool>(), 1..4usize).prop_map(|(lower, upper, descending, limit)| Query {
        lower,
        upper,
        descending,
        limit,
    })
}

impl Query {
    fn find(&self) -> Find {
        let mut find = Find::all().descending(self.descending).limit(self.limit);
        if let Some((value, inclusive)) = &self.lower {
            find = find.lower(value.to_string().as_bytes(), *inclusive).unwrap();
        }
        if let Some((value, inclusive)) = &self.upper {
            find = find.upper(value.to_string().as_bytes(), *inclusive).unwrap();
        }
        find
    }

    fn wants(&self, value: &Json) -> bool {
        let lower = self.lower.as_ref().is_none_or(|(bound, inclusive)| match compare(value, bound) {
            Ordering::Greater => true,
            Ordering::Equal => *inclusive,
            Ordering::Less => false,
        });
        lower
            && self.upper.as_ref().is_none_or(|(bound, inclusive)| match compare(value, bound) {
                Ordering::Less => true,
                Ordering::Equal => *inclusive,
                Ordering::Greater => false,
            })
    }
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

/// All documents of a store, through a scan, which knows no indexes.
fn documents(store: &Store) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let page = store.scan(&Scan::prefix(b"")).unwrap();
    page.rows.into_iter().map(|row| (row.key, row.value.unwrap().to_vec())).collect()
}

fn filtered(store: &Store, index: usize, query: &Query) -> Vec<(Vec<u8>, Vec<u8>)> {
    let prefix = INDEXES[index].1.as_bytes();
    let mut rows: Vec<_> = documents(store)
        .into_iter()
        .filter(|(key, _)| key.starts_with(prefix))
        .filter_map(|(key, document)| Some((indexed(index, &document)?, key, document)))
        .filter(|(value, ..)| query.wants(value))
        .collect();
    rows.sort_by(|a, b| compare(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
    if query.descending {
        rows.reverse();
    }
    rows.into_iter().map(|(_, key, document)| (key, document)).collect()
}

fn apply(home: &Home, store: &Store, declared: &mut [bool; 3], op: &Op) -> TestCaseResult {
    match op {
        Op::Put(key, document, ttl) => drop(store.put_ttl(key.as_bytes(), document, *ttl).unwrap()),
        // A counter is a JSON number and has no fields; most values are no counters.
        Op::Add(key) => drop(store.add(key.as_bytes(), 1)),
        Op::Delete(key) => drop(store.delete(key.as_bytes()).unwrap()),
        Op::Expire(key, ttl) => drop(store.expire(key.as_bytes(), *ttl).unwrap()),
        Op::Batch(changes) => {
            let mut batch = Batch::new();
            for (key, document) in changes {
                match document {
                    Some(document) => batch.put(key.as_bytes(), document).unwrap(),
                    None => batch.delete(key.as_bytes()).unwrap(),
                }
            }
            store.commit(&batch).unwrap();
        }
        Op::Transaction(changes) => store
            .transaction(|txn| {
                changes.iter().try_for_each(|(key, document)| match document {
                    Some(document) => txn.put(key.as_bytes(), document),
                    None => txn.delete(key.as_bytes()).map(drop),
                })
            })
            .unwrap(),
        Op::Advance(ms) => home.clock.advance(*ms),
        Op::Declare(index) => {
            store.declare_index(&spec(*index)).unwrap();
            declared[*index] = true;
        }
        Op::Drop(index) => {
            let dropped = store.drop_index(INDEXES[*index].0);
            prop_assert_eq!(dropped.is_ok(), std::mem::take(&mut declared[*index]));
        }
        Op::Rebuild(index) => {
            let rebuilt = store.rebuild_index(INDEXES[*index].0);
            prop_assert_eq!(rebuilt.is_ok(), declared[*index]);
        }
    }
    Ok(())
}

/// Random documents by random stores of one place, each index looked at through each store.
fn finding_is_filtering(home: impl Fn() -> Home, stores: usize) {
    let default = Config::default();
    let cases = default.cases / 4;
    let config = Config { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..default };
    let step = || (0..2usize, op(), query());
    proptest!(config, |(steps in prop::collection::vec(step(), 1..30))| {
        let home = home();
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let mut declared = [false; 3];
        for (via, op, query) in &steps {
            apply(&home, &stores[via % stores.len()], &mut declared, op)?;
            for (index, declared) in declared.into_iter().enumerate() {
                let name = INDEXES[index].0;
                for store in &stores {
                    if declared {
                        let expected = filtered(store, index, query);
                        prop_assert_eq!(found(store, name, query.find(), query.limit), expected, "{}", name);
                    } else {
                        prop_assert_eq!(kind(store.find(name, &query.find())), Kind::NotFound);
                    }
                }
            }
        }
        let mut names: Vec<_> = (0..3).filter(|index| declared[*index]).map(|index| INDEXES[index].0).collect();
        names.sort_unstable();
        for store in &stores {
            let listed = store.indexes().unwrap();
            prop_assert!(listed.iter().map(IndexSpec::name).eq(names.iter().copied()));
            store.verify().unwrap();
        }
    });
}

#[test]
fn finding_is_filtering_in_memory() {
    finding_is_filtering(Home::memory, 1);
}

#[test]
fn finding_is_filtering_in_a_file() {
    finding_is_filtering(Home::sqlite, 1);
}

#[test]
fn finding_is_filtering_through_two_stores_on_one_file() {
    finding_is_filtering(Home::sqlite, 2);
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
