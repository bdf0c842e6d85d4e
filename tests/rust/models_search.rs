//! Search: the same answer with and without an index, in pages, as time has made each lobby.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use joinly_storage::models::Filter;
use joinly_storage::models::filter::{Path, Test};
use joinly_storage::models::lobby::{By, Create, Join, Lobbies, Order, Query, Visibility};
use joinly_storage::{IndexSpec, Kind, Store};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use crate::support::{Home, PATIENCE, kind};

fn path(key: &str) -> Path {
    Path::new(key).unwrap()
}

fn names(store: &Store, query: &Query) -> Vec<String> {
    Lobbies::new(store).search(query).unwrap().found.into_iter().map(|found| found.name).collect()
}

/// All pages of a query.
fn all(store: &Store, query: &Query, limit: usize) -> Vec<String> {
    let lobbies = Lobbies::new(store);
    let (mut found, mut query) = (Vec::new(), query.clone().limit(limit));
    loop {
        let page = lobbies.search(&query).unwrap();
        assert!(page.found.len() <= limit);
        found.extend(page.found.into_iter().map(|found| found.name));
        match page.cursor {
            Some(cursor) => query = query.after(&cursor),
            None => return found,
        }
    }
}

fn put(store: &Store, name: &str, attributes: Value) {
    let document = json!({ "name": name, "attributes": attributes });
    store.put(format!("lobby:{name}").as_bytes(), document.to_string().as_bytes()).unwrap();
}

fn index(store: &Store, name: &str, at: &str) {
    store.declare_index(&IndexSpec::new(name, b"lobby:", at).unwrap()).unwrap();
}

#[test]
fn lobbies_are_found_as_they_are_now() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let elo = |elo: i64| json!({ "elo": elo }).as_object().unwrap().clone();
        let create = |kind: &str, elo_of| {
            let create = Create {
                kind: kind.to_owned(),
                max_members: 2,
                attributes: elo(elo_of),
                ..Create::default()
            };
            lobbies.create(create).unwrap().lobby
        };
        let (a, b, c) = (create("duel", 1500), create("duel", 1000), create("race", 1400));
        let private = Create { visibility: Visibility::Private, ..Create::default() };
        lobbies.create(private).unwrap();
        assert_eq!(names(&store, &Query::new()), ["1", "2", "3"]);
        assert_eq!(names(&store, &Query::new().kind("duel")), ["1", "2"]);
        let near = Query::new().order(Order::Near(path("elo"), 1410.0));
        assert_eq!(names(&store, &near), ["3", "1", "2"]);
        let strong = Filter::new().and(path("elo"), Test::Ge(json!(1400))).unwrap();
        assert_eq!(names(&store, &Query::new().filter(strong)), ["1", "3"]);
        // Full, locked and in game are found when asked for.
        lobbies.join(a, Join::of("p")).unwrap();
        lobbies.join(a, Join::of("q")).unwrap();
        lobbies.lock(b, &By::Host).unwrap();
        lobbies.join(c, Join::of("r")).unwrap();
        lobbies.start(c, &By::Host, None).unwrap();
        assert!(names(&store, &Query::new()).is_empty());
        assert_eq!(names(&store, &Query::new().full(true)), ["1", "2", "3"]);
        // Members whose lease passed make room, though nobody wrote so.
        home.clock.advance(29_000);
        lobbies.heartbeat_host(a).unwrap();
        lobbies.heartbeat(a, &["p"]).unwrap();
        home.clock.advance(1000);
        assert_eq!(names(&store, &Query::new()), ["1"]);
        let version = store.version().unwrap();
        let found = &lobbies.search(&Query::new()).unwrap().found[0];
        let document: Value = serde_json::from_slice(&found.document).unwrap();
        assert_eq!((found.id(), &document["members"]), (Some(1), &json!(1)));
        assert_eq!(store.version().unwrap(), version);
        lobbies.join(a, Join::of("s")).unwrap();
    }
}

#[test]
fn documents_of_others_are_found_like_any() {
    for home in Home::each() {
        let store = home.open();
        for (name, elo) in [("x", json!(5)), ("y", json!("text")), ("z", json!(null))] {
            put(&store, name, json!({ "elo": elo }));
        }
        store.put(b"lobby:broken", b"{").unwrap();
        store.put(b"lobby:list", b"[1]").unwrap();
        store.put(b"lobby:text", br#""text""#).unwrap();
        let exists = Filter::new().and(path("elo"), Test::Exists(true)).unwrap();
        assert_eq!(names(&store, &Query::new().filter(exists.clone())), ["x", "y", "z"]);
        let by_name = Filter::new().and(path("$.name"), Test::Prefix("x".to_owned())).unwrap();
        assert_eq!(names(&store, &Query::new().filter(by_name)), ["x"]);
        let ascending = Query::new().order(Order::Ascending(path("elo")));
        assert_eq!(names(&store, &ascending), ["z", "x", "y"]);
        store.delete(b"lobby:x").unwrap();
        assert_eq!(names(&store, &Query::new().filter(exists)), ["y", "z"]);
    }
}

#[test]
fn a_search_tells_how_it_went_about_it() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    for n in 0..300 {
        put(&store, &format!("{n:03}"), json!({ "elo": n, "mode": if n % 100 == 0 { "ctf" } else { "dm" } }));
    }
    let near = Query::new().order(Order::Near(path("elo"), 150.2)).limit(3);
    let page = lobbies.search(&near).unwrap();
    assert_eq!((page.explain.index, page.explain.ordered, page.explain.read), (None, false, 300));
    index(&store, "elo", "$.attributes.elo");
    index(&store, "mode", "$.attributes.mode");
    let page = lobbies.search(&near).unwrap();
    assert_eq!(page.found.iter().map(|found| &found.name[..]).collect::<Vec<_>>(), ["150", "151", "149"]);
    assert_eq!((page.explain.index.as_deref(), page.explain.ordered), (Some("elo"), true));
    assert!(page.explain.read < 10, "{:?}", page.explain);
    let ctf = Filter::new().and(path("mode"), Test::Eq(json!("ctf"))).unwrap();
    let page = lobbies.search(&Query::new().filter(ctf.clone())).unwrap();
    assert_eq!((page.explain.index.as_deref(), page.explain.read), (Some("mode"), 3));
    // A budget ends what would take too long, and says so.
    let dear = Filter::new().and(path("other"), Test::Exists(true)).unwrap();
    let page = lobbies.search(&Query::new().filter(dear).budget(100)).unwrap();
    assert_eq!((page.explain.read, page.explain.exhausted), (100, true));
    let page = lobbies.search(&Query::new().budget(300)).unwrap();
    assert!(!page.explain.exhausted);
    // Cursors go on, and only with their own query.
    let cursor = lobbies.search(&near).unwrap().cursor.unwrap();
    assert_eq!(names(&store, &near.clone().after(&cursor)), ["152", "148", "153"]);
    assert_eq!(kind(lobbies.search(&Query::new().after(&cursor))), Kind::Invalid);
    assert_eq!(kind(lobbies.search(&near.clone().filter(ctf).after(&cursor))), Kind::Invalid);
    assert_eq!(kind(lobbies.search(&near.clone().after(b"{"))), Kind::Invalid);
    let many = (0..5).fold(Query::new(), |query, _| query.order(Order::Ascending(path("elo"))));
    assert_eq!(kind(lobbies.search(&many)), Kind::TooLarge);
}

#[test]
fn what_moves_meanwhile_is_found_once() {
    for home in [Home::sqlite(), Home::memory()] {
        let store = home.open();
        index(&store, "elo", "$.attributes.elo");
        for n in 0..400 {
            put(&store, &format!("{n:03}"), json!({ "elo": n }));
        }
        put(&store, "mover", json!({ "elo": -1 }));
        let (done, began) = (AtomicBool::new(false), Instant::now());
        let goes_on = || !done.load(Ordering::Relaxed) && began.elapsed() < PATIENCE;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for elo in [-1, 1000].into_iter().cycle().take_while(|_| goes_on()) {
                    put(&store, "mover", json!({ "elo": elo }));
                }
            });
            // Pages of the index end between the places where it may be.
            let ways = [Order::Near(path("elo"), 200.0), Order::Ascending(path("elo"))];
            let found = ways.into_iter().cycle().take(60).map(|order| {
                let found = names(&store, &Query::new().order(order).limit(1000));
                (found.len(), found.iter().filter(|name| *name == "mover").count())
            });
            let found: Vec<_> = found.collect();
            done.store(true, Ordering::Relaxed);
            assert_eq!(found, [(401, 1); 60]);
        });
    }
}

#[test]
fn an_expired_document_ends_no_search() {
    for home in Home::each() {
        let store = home.open();
        index(&store, "elo", "$.attributes.elo");
        for n in 0..40 {
            let document = json!({ "attributes": { "elo": n } }).to_string();
            let ttl_ms = if n % 4 == 0 { 0 } else { 1000 };
            store.put_ttl(format!("lobby:{n:02}").as_bytes(), document.as_bytes(), ttl_ms).unwrap();
        }
        home.clock.advance(1000);
        let near = Query::new().order(Order::Near(path("elo"), 18.0)).limit(3);
        assert_eq!(names(&store, &near), ["20", "16", "24"]);
        assert_eq!(all(&store, &near, 3), ["20", "16", "24", "12", "28", "08", "32", "04", "36", "00"]);
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-4..5i64).prop_map(|n| json!(n)),
        1 => prop::sample::select(vec![json!(0.5), json!(-2.5), json!(1e300), json!(i64::MAX), json!(u64::MAX)]),
        2 => "[ab]{0,2}".prop_map(|text| json!(text)),
        1 => prop::sample::select(vec![json!(null), json!(true), json!(false), json!(["a", "b"])]),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    value().prop_filter("a scalar", |value| !value.is_array())
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        scalar().prop_map(Test::Eq),
        scalar().prop_map(Test::Ne),
        scalar().prop_map(Test::Lt),
        scalar().prop_map(Test::Le),
        scalar().prop_map(Test::Gt),
        scalar().prop_map(Test::Ge),
        prop::collection::vec(scalar(), 0..3).prop_map(Test::In),
        prop::collection::vec(scalar(), 0..3).prop_map(Test::NotIn),
        any::<bool>().prop_map(Test::Exists),
        scalar().prop_map(Test::Contains),
        "[ab]{0,2}".prop_map(Test::Prefix),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let key = || prop::sample::select(vec!["a", "b"]).prop_map(path);
    prop_oneof![
        (key(), prop::sample::select(vec![0.0, 1.0, -0.5, 1e300]))
            .prop_map(|(key, target)| Order::Near(key, target)),
        key().prop_map(Order::Ascending),
        key().prop_map(Order::Descending),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_index_never_changes_the_answer_nor_do_pages(
        documents in prop::collection::vec((prop::option::of(value()), prop::option::of(value())), 0..25),
        conditions in prop::collection::vec(prop::collection::vec((prop::sample::select(vec!["a", "b"]), test()), 1..3), 0..3),
        orders in prop::collection::vec(order(), 0..3),
        limit in 1..6usize,
    ) {
        let home = Home::memory();
        let store = home.open();
        for (n, (a, b)) in documents.iter().enumerate() {
            let mut attributes = serde_json::Map::new();
            attributes.extend(a.clone().map(|a| ("a".to_owned(), a)));
            attributes.extend(b.clone().map(|b| ("b".to_owned(), b)));
            put(&store, &n.to_string(), attributes.into());
        }
        let mut query = Query::new();
        let mut filter = Filter::new();
        for clause in conditions {
            filter = filter.and_any(clause.into_iter().map(|(key, test)| (path(key), test))).unwrap();
        }
        query = query.filter(filter);
        for order in orders {
            query = query.order(order);
        }
        let plain = all(&store, &query, 1000);
        prop_assert_eq!(&all(&store, &query, limit), &plain);
        index(&store, "b", "$.attributes.b");
        prop_assert_eq!(&all(&store, &query, limit), &plain);
        index(&store, "a", "$.attributes.a");
        prop_assert_eq!(&all(&store, &query, 1000), &plain);
        prop_assert_eq!(&all(&store, &query, limit), &plain);
    }
}

#[test]
fn orders_are_json() {
    let elo = || path("elo");
    let orders = Order::list_from_json(
        r#"[{"key": "elo", "near": 1500}, {"key": "elo"}, {"key": "elo", "descending": true}]"#,
    );
    let expected = [Order::Near(elo(), 1500.0), Order::Ascending(elo()), Order::Descending(elo())];
    assert_eq!(orders.unwrap(), expected);
    for wrong in ["{", "{}", "[[\"elo\"]]", r#"[{"near": 1}]"#, r#"[{"key": "elo", "up": true}]"#] {
        assert_eq!(kind(Order::list_from_json(wrong)), Kind::Invalid, "{wrong}");
    }
}
