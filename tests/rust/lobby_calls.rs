//! What holds of every call on lobbies: done once per request, whole or not at all, the same again from the same input.

use joinly_storage::models::lobby::{By, Create, Join, Lobbies, LobbyPatch, Order, Query, Timing};
use joinly_storage::{Kind, Store};
use serde_json::json;

use crate::lobby_support::{check, of, owner};
use crate::support::{Home, kind};

#[test]
fn a_request_is_done_once() {
    for home in Home::each() {
        let store = home.open();
        let mut lobbies = Lobbies::new(&store);
        let id = lobbies.request("make").unwrap().create(of("ada")).unwrap().lobby;
        let again = lobbies.create(of("ada")).unwrap();
        assert_eq!((again.lobby, again.repeated), (id, true));
        lobbies.request("join").unwrap();
        let first = lobbies.join(id, Join::of("bob")).unwrap();
        let second = lobbies.join(id, Join::of("bob")).unwrap();
        assert_eq!((second.done.sequence, second.done.repeated), (first.done.sequence, true));
        assert_eq!(second.snapshot, first.snapshot);
        assert_eq!(kind(lobbies.leave(id, "bob")), Kind::Invalid);
        // What was refused was not done: it may be tried again.
        lobbies.request("lock").unwrap();
        assert_eq!(kind(lobbies.lock(id, &owner("bob", 1))), Kind::Forbidden);
        lobbies.lock(id, &owner("ada", 1)).unwrap();
        assert!(lobbies.lock(id, &owner("ada", 1)).unwrap().repeated);
        home.clock.advance(3_600_000);
        assert_eq!(kind(lobbies.lock(id, &By::Host)), Kind::WrongState);
        assert_eq!(kind(lobbies.request("").map(drop)), Kind::Invalid);
        check(&lobbies, id);
    }
}

#[test]
fn calls_within_a_transaction_are_committed_and_undone_with_it() {
    for home in Home::each() {
        let store = home.open();
        let create = Create { owner: Some(Join::of("ann")), max_members: 2, ..Create::default() };
        let id = Lobbies::new(&store).create(create).unwrap().lobby;

        let mut txn = store.begin().unwrap();
        Lobbies::within(&store, &mut txn).join(id, Join::of("bob")).unwrap();
        txn.put(b"paid:bob", b"1").unwrap();
        // A refused call undoes itself alone, and calls see those before them.
        let full = Lobbies::within(&store, &mut txn).join(id, Join::of("cid"));
        assert_eq!(full.unwrap_err().kind(), Kind::LobbyFull);
        assert_eq!(Lobbies::within(&store, &mut txn).room(id).unwrap().seats.len(), 2);
        assert_eq!(Lobbies::new(&store).room(id).unwrap().seats.len(), 1);
        txn.commit().unwrap();
        assert_eq!(Lobbies::new(&store).room(id).unwrap().seats.len(), 2);
        assert!(store.get(b"paid:bob").unwrap().is_some());

        let mut txn = store.begin().unwrap();
        Lobbies::within(&store, &mut txn).leave(id, "bob").unwrap();
        drop(txn);
        assert_eq!(Lobbies::new(&store).room(id).unwrap().seats.len(), 2);
    }
}

// Invariant 11.
#[test]
fn the_same_calls_make_the_same_documents() {
    let dump = |store: &Store| {
        let rows = store.scan(&joinly_storage::Scan::prefix(b"").limit(10_000)).unwrap().rows;
        rows.into_iter().map(|row| (row.key, row.value.unwrap().to_vec())).collect::<Vec<_>>()
    };
    let run = |home: Home| {
        let store = home.open();
        let lobbies = Lobbies::seeded(&store, 42);
        for n in 0..5 {
            let create = Create { password: "pw".to_owned(), exclusive: false, ..of(&format!("p{n}")) };
            let id = lobbies.create(create).unwrap().lobby;
            lobbies.join(id, Join { password: "pw".to_owned(), ..Join::of("bob") }).unwrap();
            home.clock.advance(7000);
            lobbies.heartbeat(id, &["bob"]).unwrap();
            lobbies.quick_join(&Query::new(), vec![Join::of(&format!("q{n}"))], Create::default()).unwrap();
        }
        lobbies.sweep(1_000_000).unwrap();
        dump(&store)
    };
    let [memory, others @ ..] = Home::each().map(run);
    assert!(memory.len() > 20);
    for other in others {
        assert_eq!(memory, other);
    }
}

#[test]
fn a_stale_version_in_a_transaction_is_final() {
    for home in Home::each() {
        let store = home.open();
        let id = Lobbies::new(&store).create(of("duel")).unwrap().lobby;
        let mut runs = 0;
        let error = store
            .transaction(|txn| {
                runs += 1;
                Lobbies::within(&store, txn).patch(id, &By::Host, LobbyPatch::default(), Some(99))
            })
            .unwrap_err();
        assert_eq!((error.kind(), error.present_version(), runs), (Kind::Conflict, Some(3), 1));
    }
}

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let id = lobbies.create(of("ada")).unwrap().lobby;
    let version = store.version().unwrap();
    let attributes = |value: serde_json::Value| json!({ "a": value }).as_object().unwrap().clone();
    for (create, expected) in [
        (Create { max_members: 0, ..of("b") }, Kind::Invalid),
        (Create { max_members: 1001, ..of("b") }, Kind::Invalid),
        (Create { teams: vec![1, 2], ..of("b") }, Kind::Invalid),
        (Create { teams: vec![1; 65], max_members: 65, ..of("b") }, Kind::TooLarge),
        (Create { kind: "a:b".to_owned(), ..of("b") }, Kind::Invalid),
        (Create { name: "n".repeat(257), ..of("b") }, Kind::TooLarge),
        (Create { password: "n".repeat(129), ..of("b") }, Kind::TooLarge),
        (Create { attributes: attributes(json!({})), ..of("b") }, Kind::WrongType),
        (Create { attributes: attributes(json!("x".repeat(513))), ..of("b") }, Kind::TooLarge),
        (Create { timing: Timing { stale_ms: 0, ..Timing::default() }, ..of("b") }, Kind::Invalid),
        (Create { timing: Timing { member_ms: i64::MAX, ..Timing::default() }, ..of("b") }, Kind::Invalid),
        (Create { keep_events: 100_001, ..of("b") }, Kind::TooLarge),
        (of(""), Kind::Invalid),
        (of("a\nb"), Kind::Invalid),
        (of(&"b".repeat(129)), Kind::TooLarge),
    ] {
        assert_eq!(kind(lobbies.create(create.clone())), expected, "{create:?}");
    }
    assert_eq!(
        kind(lobbies.join(id, Join { code: Some("12345U".to_owned()), ..Join::of("b") })),
        Kind::Invalid
    );
    assert_eq!(kind(lobbies.say(id, "ada", "")), Kind::Invalid);
    assert_eq!(kind(lobbies.say(id, "ada", &"x".repeat(4097))), Kind::TooLarge);
    assert_eq!(kind(lobbies.start(id, &By::Host, Some(0))), Kind::Invalid);
    assert_eq!(kind(lobbies.heartbeat(id, &[])), Kind::Invalid);
    let near = Order::Near(joinly_storage::models::filter::Path::new("elo").unwrap(), f64::NAN);
    assert_eq!(kind(lobbies.search(&Query::new().order(near))), Kind::WrongType);
    assert_eq!(store.version().unwrap(), version);
    // A document that somebody else wrote is not changed by rules that it does not know.
    store.put(b"lobby:77", br#"{"name":"plain"}"#).unwrap();
    assert_eq!(kind(lobbies.join(77, Join::of("b"))), Kind::WrongType);
}
