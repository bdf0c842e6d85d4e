//! What becomes of a lobby from its creation to its end, and when whose lease passes.

use joinly_storage::Kind;
use joinly_storage::models::lobby::{
    By, Change, Create, Join, Lobbies, LobbyPatch, Moving, Query, State, Timing,
};
use serde_json::json;

use crate::lobby_support::{check, events, members, of, owner};
use crate::support::{Home, get, kind};

#[test]
fn a_lobby_from_its_creation_to_its_end() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let attributes = json!({ "map": "dust", "elo": 1500 }).as_object().unwrap().clone();
        let create = Create { name: "Ada's".to_owned(), max_members: 3, attributes, ..of("ada") };
        let done = lobbies.create(create).unwrap();
        let id = done.lobby;
        assert_eq!((id, done.sequence), (1, 3));
        let joined = lobbies.join(id, Join::of("bob")).unwrap();
        assert_eq!((joined.done.sequence, joined.snapshot.lobby.version), (4, 4));
        assert_eq!(
            joined.snapshot.seats.iter().map(|seat| seat.player.as_str()).collect::<Vec<_>>(),
            ["ada", "bob"]
        );
        assert_eq!(joined.snapshot.lobby.attributes["map"], "dust");
        assert_eq!(kind(lobbies.join(id, Join::of("bob"))), Kind::Exists);
        lobbies.join(id, Join::of("cy")).unwrap();
        assert_eq!(kind(lobbies.join(id, Join::of("dan"))), Kind::LobbyFull);
        lobbies.start(id, &owner("ada", 1), Some(5000)).unwrap();
        for player in ["ada", "bob", "cy"] {
            assert_eq!(lobbies.room(id).unwrap().lobby.state, State::Starting);
            lobbies.ready(id, player, true).unwrap();
        }
        assert_eq!(lobbies.room(id).unwrap().lobby.state, State::InGame);
        lobbies.say(id, "cy", "gg").unwrap();
        lobbies.reopen(id, &owner("ada", 1)).unwrap();
        lobbies.leave(id, "ada").unwrap();
        let room = check(&lobbies, id);
        assert_eq!((room.lobby.owner.as_deref(), room.lobby.epoch), (Some("bob"), 2));
        assert_eq!(members(&room), ["bob", "cy"]);
        // The lowest free seat is taken again.
        assert_eq!(lobbies.join(id, Join::of("dan")).unwrap().snapshot.seats[0].player, "dan");
        lobbies.close(id, &owner("bob", 2)).unwrap();
        let room = check(&lobbies, id);
        assert_eq!((room.lobby.state, room.seats.len()), (State::Closed, 0));
        assert_eq!(kind(lobbies.join(id, Join::of("eve"))), Kind::WrongState);
        assert_eq!(kind(lobbies.close(id, &By::Host)), Kind::WrongState);
        assert_eq!(lobbies.by_code(&room.lobby.code).unwrap(), None);
        assert_eq!(kind(lobbies.join(99, Join::of("eve"))), Kind::NotFound);
        // The document is plain JSON under a plain key.
        let document: serde_json::Value = serde_json::from_slice(&get(&store, "lobby:1").unwrap()).unwrap();
        assert_eq!((&document["name"], &document["state"]), (&json!("Ada's"), &json!("closed")));
        assert_eq!(lobbies.said(id, 5).unwrap().len(), 1);
        store.verify().unwrap();
    }
}

#[test]
fn ready_checks_pass_fail_and_are_called_off() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(of("ada")).unwrap().lobby;
        let by = owner("ada", 1);
        lobbies.join(id, Join::of("bob")).unwrap();
        let state = || check(&lobbies, id).lobby.state;
        assert_eq!(kind(lobbies.ready(id, "ada", true)), Kind::WrongState);
        lobbies.start(id, &by, Some(5000)).unwrap();
        assert_eq!(kind(lobbies.start(id, &by, Some(5000))), Kind::WrongState);
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::WrongState);
        lobbies.ready(id, "ada", true).unwrap();
        lobbies.ready(id, "ada", true).unwrap();
        assert_eq!(kind(lobbies.ready(id, "cy", true)), Kind::NotFound);
        home.clock.advance(5000);
        assert_eq!(state(), State::Open);
        let last = events(&lobbies, id, 0).pop().unwrap();
        assert!(
            matches!(last.change, Change::Moved { to: State::Open, why: Moving::Expired, .. }),
            "{last:?}"
        );
        // An answer to an earlier question is none to this one.
        lobbies.start(id, &by, Some(5000)).unwrap();
        lobbies.ready(id, "bob", true).unwrap();
        assert_eq!(state(), State::Starting);
        lobbies.ready(id, "bob", false).unwrap();
        lobbies.ready(id, "ada", true).unwrap();
        assert_eq!(state(), State::Starting);
        lobbies.cancel(id, &by).unwrap();
        lobbies.start(id, &by, Some(5000)).unwrap();
        lobbies.leave(id, "bob").unwrap();
        assert_eq!(state(), State::Open);
        lobbies.start(id, &by, None).unwrap();
        assert_eq!(state(), State::InGame);
        assert_eq!(kind(lobbies.join(id, Join::of("bob"))), Kind::WrongState);
        lobbies.patch(id, &by, LobbyPatch { backfill: Some(true), ..LobbyPatch::default() }, None).unwrap();
        lobbies.join(id, Join::of("bob")).unwrap();
        assert_eq!(kind(lobbies.lock(id, &by)), Kind::WrongState);
        check(&lobbies, id);
    }
}

// Invariant 7, colyseus#850 and #555.
#[test]
fn leases_that_passed_are_believed_by_nobody() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let timing = Timing { member_ms: 100_000, ..Timing::default() };
        let id = lobbies.create(Create { timing, ..of("ada") }).unwrap().lobby;
        let query = Query::new();
        home.clock.advance(29_999);
        assert_eq!(lobbies.search(&query).unwrap().found.len(), 1);
        lobbies.join(id, Join::of("bob")).unwrap();
        home.clock.advance(1);
        // Stale: hidden and closed to newcomers, until its owner is heard of again.
        assert_eq!(lobbies.search(&query).unwrap().found.len(), 0);
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::Expired);
        assert_eq!(lobbies.heartbeat(id, &["bob"]).unwrap(), [true]);
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::Expired);
        lobbies.heartbeat(id, &["ada"]).unwrap();
        assert_eq!(lobbies.search(&query).unwrap().found.len(), 1);
        lobbies.join(id, Join::of("cy")).unwrap();
        // After an hour without anybody it is over, though nobody wrote so.
        home.clock.advance(3_700_000);
        assert_eq!(lobbies.search(&query.clone().full(true)).unwrap().found.len(), 0);
        assert_eq!(kind(lobbies.join(id, Join::of("dan"))), Kind::WrongState);
        assert_eq!(lobbies.heartbeat(id, &["ada"]).unwrap(), [false]);
        assert_eq!(kind(lobbies.heartbeat_host(id)), Kind::WrongState);
        assert_eq!(check(&lobbies, id).lobby.state, State::Closed);
    }
}

#[test]
fn a_host_keeps_a_lobby_without_members_alive() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(Create { keep_empty: true, ..Create::default() }).unwrap().lobby;
        for _ in 0..5 {
            home.clock.advance(29_000);
            lobbies.heartbeat_host(id).unwrap();
        }
        let joined = lobbies.join(id, Join::of("ada")).unwrap();
        assert_eq!(joined.snapshot.lobby.owner.as_deref(), Some("ada"));
        lobbies.leave(id, "ada").unwrap();
        let room = check(&lobbies, id);
        assert_eq!((room.lobby.state, room.lobby.owner), (State::Open, None));
        let id = lobbies.create(of("ada")).unwrap().lobby;
        lobbies.leave(id, "ada").unwrap();
        assert_eq!(check(&lobbies, id).lobby.state, State::Closed);
    }
}

#[test]
fn a_machine_that_slept_gives_everybody_the_time_of_a_heartbeat() {
    let home = Home::sqlite();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let id = lobbies.create(of("ann")).unwrap().lobby;
    lobbies.join(id, Join::of("bob")).unwrap();
    home.clock.advance(20_000);
    home.clock.sleep(7_200_000);
    // Nobody is gone yet, and players may come.
    assert_eq!(members(&check(&lobbies, id)), ["ann", "bob"]);
    lobbies.join(id, Join::of("cid")).unwrap();
    assert_eq!(lobbies.search(&Query::new()).unwrap().found.len(), 1);
    home.clock.advance(9_999);
    assert_eq!(lobbies.heartbeat(id, &["ann"]).unwrap(), [true]);
    // Bob did not come back.
    home.clock.advance(1);
    assert_eq!(members(&check(&lobbies, id)), ["ann", "cid"]);
    home.clock.advance(29_999);
    assert_eq!(kind(lobbies.join(id, Join::of("dan"))), Kind::WrongState);
}

#[test]
fn who_was_late_before_the_machine_slept_is_late_after_it() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let id = lobbies.create(of("ann")).unwrap().lobby;
    home.clock.advance(30_000);
    home.clock.sleep(60_000);
    assert_eq!(lobbies.heartbeat(id, &["ann"]).unwrap(), [false]);
    assert_eq!(check(&lobbies, id).lobby.state, State::Closed);
}
