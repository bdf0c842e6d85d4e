//! Who decides in a lobby, and what of it is changed and seen by whom.

use joinly_storage::Kind;
use joinly_storage::models::lobby::{By, Create, Join, Lobbies, LobbyPatch, Migration, Poll, State, Viewer};
use serde_json::json;

use crate::lobby_support::{check, of, owner, persist};
use crate::support::{Home, kind};

// Invariants 3 and 8, LC-LateCompany#51.
#[test]
fn an_epoch_fences_off_a_former_owner() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(of("ada")).unwrap().lobby;
        lobbies.join(id, Join::of("bob")).unwrap();
        assert_eq!(kind(lobbies.lock(id, &owner("bob", 1))), Kind::Forbidden);
        lobbies.transfer(id, &owner("ada", 1), "bob").unwrap();
        assert_eq!(kind(lobbies.lock(id, &owner("ada", 1))), Kind::Forbidden);
        assert_eq!(kind(lobbies.lock(id, &owner("ada", 2))), Kind::Forbidden);
        lobbies.transfer(id, &owner("bob", 2), "ada").unwrap();
        // Ada owns it again, but what she sent in her first epoch comes too late.
        assert_eq!(kind(lobbies.lock(id, &owner("ada", 1))), Kind::Forbidden);
        lobbies.lock(id, &owner("ada", 3)).unwrap();
        assert_eq!(kind(lobbies.transfer(id, &owner("ada", 3), "cy")), Kind::NotFound);
        check(&lobbies, id);
    }
}

#[test]
fn ownership_goes_on_as_the_policy_says() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let end = |migration| {
            let id = lobbies.create(Create { migration, exclusive: false, ..of("ada") }).unwrap().lobby;
            lobbies.join(id, Join::of("zoe")).unwrap();
            lobbies.join(id, Join::of("bob")).unwrap();
            lobbies.leave(id, "ada").unwrap();
            check(&lobbies, id).lobby
        };
        assert_eq!(end(Migration::Oldest).owner.as_deref(), Some("zoe"));
        assert_eq!(end(Migration::Close).state, State::Closed);
        let manual = end(Migration::Manual);
        assert_eq!((manual.owner, manual.epoch), (None, 2));
        lobbies.transfer(manual.id, &By::Host, "bob").unwrap();
        assert_eq!(check(&lobbies, manual.id).lobby.owner.as_deref(), Some("bob"));
        let never = end(Migration::Never);
        assert_eq!(kind(lobbies.transfer(never.id, &By::Host, "bob")), Kind::Forbidden);
    }
}

#[test]
fn an_owner_who_is_gone_is_succeeded_by_someone_who_is_not() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(of("ada")).unwrap().lobby;
        lobbies.join(id, Join::of("bob")).unwrap();
        home.clock.advance(1000);
        lobbies.join(id, Join::of("cy")).unwrap();
        home.clock.advance(29_000);
        // Ada and Bob sent no heartbeat: the oldest who is left is Cy, and Bob never owns anything.
        assert_eq!(lobbies.heartbeat(id, &["ada", "cy"]).unwrap(), [false, true]);
        let room = check(&lobbies, id);
        assert_eq!((room.lobby.owner.as_deref(), room.lobby.epoch), (Some("cy"), 2));
        assert_eq!(kind(lobbies.say(id, "bob", "hello?")), Kind::NotFound);
        assert_eq!(kind(lobbies.heartbeat(77, &["cy"])), Kind::NotFound);
    }
}

// boardgame.io#1100, nakama#2449 and #51.
#[test]
fn patches_of_different_fields_do_not_undo_each_other() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(of("ada")).unwrap().lobby;
        let by = owner("ada", 1);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (lobbies, by) = (Lobbies::new(&store), &by);
                scope.spawn(move || {
                    for n in 0..10 {
                        let attributes = [(format!("t{thread}"), Some(json!(n)))].into();
                        let patch = LobbyPatch { attributes, ..LobbyPatch::default() };
                        persist(|| lobbies.patch(id, by, patch.clone(), None)).unwrap();
                    }
                });
            }
        });
        let room = check(&lobbies, id);
        assert_eq!(
            serde_json::to_value(&room.lobby.attributes).unwrap(),
            json!({"t0": 9, "t1": 9, "t2": 9, "t3": 9})
        );
        assert_eq!(room.lobby.version, 43);
        let name = |name: &str| LobbyPatch { name: Some(name.to_owned()), ..LobbyPatch::default() };
        lobbies.patch(id, &by, name("new"), Some(43)).unwrap();
        let error = lobbies.patch(id, &by, name("newer"), Some(43)).unwrap_err();
        assert_eq!((error.kind(), error.present_version()), (Kind::Conflict, Some(44)));
        let error =
            lobbies.patch_member(id, "ada", &[("a".to_owned(), Some(json!(1)))].into(), Some(7)).unwrap_err();
        assert_eq!((error.kind(), error.present_version()), (Kind::Conflict, Some(44)));
        assert_eq!(store.stats().unwrap().version, store.version().unwrap());
        lobbies.join(id, Join::of("bob")).unwrap();
        let fewer = LobbyPatch { max_members: Some(1), ..LobbyPatch::default() };
        assert_eq!(kind(lobbies.patch(id, &by, fewer, None)), Kind::LobbyFull);
        let more = LobbyPatch { max_members: Some(2), ..LobbyPatch::default() };
        lobbies.patch(id, &by, more, None).unwrap();
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::LobbyFull);
        check(&lobbies, id);
    }
}

#[test]
fn attributes_are_seen_by_those_they_are_for() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let one = |name: &str| json!({ name: 1 }).as_object().unwrap().clone();
    let create = Create {
        attributes: one("public"),
        member_attributes: one("member"),
        owner_attributes: one("owner"),
        ..of("ada")
    };
    let id = lobbies.create(create).unwrap().lobby;
    let by = owner("ada", 1);
    let secret = LobbyPatch {
        owner_attributes: [("more".to_owned(), Some(json!(2)))].into(),
        ..LobbyPatch::default()
    };
    lobbies.patch(id, &by, secret, None).unwrap();
    lobbies.patch_member(id, "ada", &[("hat".to_owned(), Some(json!("red")))].into(), None).unwrap();
    let shown = |viewer| serde_json::to_string(&lobbies.get(id, viewer).unwrap()).unwrap();
    let has = |viewer| {
        ["\"public\":1", "\"member\":1", "\"owner\":1", "\"more\":2", "\"hat\"", "argon2"]
            .map(|part| shown(viewer).contains(part))
    };
    assert_eq!(has(Viewer::Public), [true, false, false, false, false, false]);
    assert_eq!(has(Viewer::Member), [true, true, false, false, true, false]);
    assert_eq!(has(Viewer::Owner), [true, true, true, true, true, false]);
    let told = |viewer| match lobbies.poll(id, 0, 100, viewer).unwrap() {
        Poll::Events(events) => serde_json::to_string(&events).unwrap(),
        Poll::Resync(_) => panic!("events are missing"),
    };
    assert!(!told(Viewer::Member).contains("\"more\"") && !told(Viewer::Member).contains("\"owner\":1"));
    assert!(told(Viewer::Owner).contains("\"more\""));
    assert_eq!(lobbies.room(id).unwrap().viewer("ada"), Viewer::Owner);
}
