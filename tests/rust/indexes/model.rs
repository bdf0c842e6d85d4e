//! Random queries against filters over all documents.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult};
use serde_json::Value as Json;

use super::*;

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
