//! Lobbies through the store: what each call does on every engine, and what other lobby services are known to get wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use joinly_storage::models::lobby::{
    By, Change, Create, Event, Join, Leaving, Lobbies, LobbyPatch, Migration, Moving, Order, Poll, PollAll,
    Query, Reserve, Room, State, Timing, Viewer, Visibility,
};
use joinly_storage::{Kind, Result, Store};
use serde_json::json;

use crate::support::{Home, TestClock, eventually, get, kind};

fn of(owner: &str) -> Create {
    Create { owner: Some(Join::of(owner)), ..Create::default() }
}

fn owner(player: &str, epoch: u64) -> By {
    By::Owner { player: player.to_owned(), epoch }
}

fn members(room: &Room) -> Vec<&str> {
    let mut seats: Vec<_> = room.seats.values().filter(|seat| seat.member.is_some()).collect();
    seats.sort_by_key(|seat| seat.number);
    seats.into_iter().map(|seat| seat.player.as_str()).collect()
}

fn events(lobbies: &Lobbies<'_>, id: u64, mut after: u64) -> Vec<Event> {
    let mut told = Vec::new();
    loop {
        match lobbies.poll(id, after, 1000, Viewer::Owner).unwrap() {
            Poll::Events(events) if events.is_empty() => return told,
            Poll::Events(events) => {
                after += events.len() as u64;
                told.extend(events);
            }
            Poll::Resync(_) => panic!("events are missing"),
        }
    }
}

/// What must hold of a lobby at any time: counters are row counts, seats unique, one owner who is a member, versions
/// consecutive, and the events make what the documents say.
pub fn check(lobbies: &Lobbies<'_>, id: u64) -> Room {
    let room = lobbies.room(id).unwrap();
    let lobby = &room.lobby;
    let is_member = |player: &String| room.seats.get(player).is_some_and(|seat| seat.member.is_some());
    let members = room.seats.values().filter(|seat| seat.member.is_some()).count();
    assert_eq!((lobby.members as usize, lobby.reserved as usize), (members, room.seats.len() - members));
    assert!(lobby.members + lobby.reserved <= lobby.max_members);
    let numbers: std::collections::BTreeSet<_> = room.seats.values().map(|seat| seat.number).collect();
    assert_eq!(numbers.len(), room.seats.len());
    for (number, team) in (0..).zip(&lobby.teams) {
        assert_eq!(team.taken as usize, room.seats.values().filter(|seat| seat.team == number).count());
        assert!(team.taken <= team.size);
    }
    assert!(lobby.owner.as_ref().is_none_or(is_member));
    if matches!(lobby.migration, Migration::Oldest | Migration::Close) && members > 0 {
        assert!(lobby.owner.is_some());
    }
    if lobby.first_event == 1 {
        let mut told = events(lobbies, id, 0);
        // Others may write meanwhile.
        told.truncate(usize::try_from(lobby.version).unwrap());
        let mut folded = Room::created(&told[0]).unwrap();
        for event in &told[1..] {
            let epoch = folded.lobby.epoch;
            folded.apply(event).unwrap();
            assert!(folded.lobby.epoch >= epoch && event.time >= room.lobby.created);
        }
        // Nobody is told the hash of a password.
        folded.private.password.clone_from(&room.private.password);
        assert_eq!(folded.without_leases(), room.clone().without_leases());
    }
    let folded = lobbies.as_of(id, lobby.version).unwrap();
    assert_eq!(folded.without_leases(), room.clone().without_leases());
    room
}

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
        assert_eq!(kind(lobbies.by_code(&room.lobby.code)), Kind::NotFound);
        assert_eq!(kind(lobbies.join(99, Join::of("eve"))), Kind::NotFound);
        // The document is plain JSON under a plain key.
        let document: serde_json::Value = serde_json::from_slice(&get(&store, "lobby:1").unwrap()).unwrap();
        assert_eq!((&document["name"], &document["state"]), (&json!("Ada's"), &json!("closed")));
        assert_eq!(lobbies.said(id, 5).unwrap().len(), 1);
        store.verify().unwrap();
    }
}

#[test]
fn passwords_codes_builds_bans_and_visibility_decide_who_joins() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let create = Create {
            password: "s3cret".to_owned(),
            build: "1.2".to_owned(),
            visibility: Visibility::Private,
            ..of("ada")
        };
        let id = lobbies.create(create).unwrap().lobby;
        let document = String::from_utf8(get(&store, "lobby:1").unwrap()).unwrap();
        assert!(!document.contains("s3cret") && !document.contains("argon2"));
        let code = lobbies.room(id).unwrap().lobby.code;
        assert_eq!(lobbies.by_code(&code.to_lowercase()).unwrap(), id);
        let good = |player: &str| Join {
            password: "s3cret".to_owned(),
            build: "1.2".to_owned(),
            code: Some(format!("{}-{}", &code[..3], &code[3..])),
            ..Join::of(player)
        };
        for wrong in [
            Join { password: "secret".to_owned(), ..good("bob") },
            Join { password: String::new(), ..good("bob") },
            Join { build: "1.1".to_owned(), ..good("bob") },
            Join { code: None, ..good("bob") },
            Join { code: Some("000000".to_owned()), ..good("bob") },
        ] {
            assert_eq!(kind(lobbies.join(id, wrong)), Kind::Forbidden);
        }
        lobbies.join(id, good("bob")).unwrap();
        // A reservation stands for password, code and lock, but not for the build.
        let by = owner("ada", 1);
        lobbies.reserve(id, &by, &[Reserve::of("cy")]).unwrap();
        lobbies.lock(id, &by).unwrap();
        assert_eq!(kind(lobbies.join(id, good("dan"))), Kind::WrongState);
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::Forbidden);
        lobbies.join(id, Join { build: "1.2".to_owned(), ..Join::of("cy") }).unwrap();
        lobbies.unlock(id, &by).unwrap();
        // A kick may come back, a ban may not until it ends.
        lobbies.kick(id, &by, "bob").unwrap();
        lobbies.join(id, good("bob")).unwrap();
        lobbies.ban(id, &by, "bob", Some(TestClock::START + 1000)).unwrap();
        assert_eq!(members(&check(&lobbies, id)), ["ada", "cy"]);
        assert_eq!(kind(lobbies.join(id, good("bob"))), Kind::Forbidden);
        home.clock.set(TestClock::START + 1000);
        lobbies.join(id, good("bob")).unwrap();
        lobbies.ban(id, &by, "bob", None).unwrap();
        home.clock.advance(20_000);
        assert_eq!(kind(lobbies.join(id, good("bob"))), Kind::Forbidden);
        lobbies.unban(id, &by, "bob").unwrap();
        assert_eq!(kind(lobbies.unban(id, &by, "bob")), Kind::NotFound);
        lobbies.join(id, good("bob")).unwrap();
        // The password can be changed and removed.
        lobbies
            .patch(id, &by, LobbyPatch { password: Some("new".to_owned()), ..LobbyPatch::default() }, None)
            .unwrap();
        assert_eq!(kind(lobbies.join(id, good("eve"))), Kind::Forbidden);
        lobbies
            .patch(id, &by, LobbyPatch { password: Some(String::new()), ..LobbyPatch::default() }, None)
            .unwrap();
        lobbies.join(id, good("eve")).unwrap();
        let hash = |event: &Event| serde_json::to_string(event).unwrap().contains("argon2");
        assert!(!events(&lobbies, id, 0).iter().any(hash));
        let room = check(&lobbies, id);
        assert!(!room.lobby.protected && get(&store, "lobby.private:1").is_none());
    }
}

#[test]
fn friends_join_by_the_word_of_the_game() {
    let home = Home::memory();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let id = lobbies.create(Create { visibility: Visibility::Friends, ..of("ada") }).unwrap().lobby;
    assert_eq!(kind(lobbies.join(id, Join::of("bob"))), Kind::Forbidden);
    lobbies.join(id, Join { friend: true, ..Join::of("bob") }).unwrap();
    assert!(lobbies.search(&Query::new()).unwrap().found.is_empty());
}

// Invariant 1, colyseus#678 and #726.
#[test]
fn capacity_holds_against_a_crowd() {
    const SEATS: u32 = 100;
    const PLAYERS: usize = 150;
    for (home, stores) in [(Home::memory(), 1), (Home::sqlite(), 2), (Home::behind(), 1)] {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let id = Lobbies::new(&stores[0])
            .create(Create { max_members: SEATS, ..Create::default() })
            .unwrap()
            .lobby;
        let (joined, full, next) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = &stores[thread % stores.len()];
                let (joined, full, next) = (&joined, &full, &next);
                scope.spawn(move || {
                    let lobbies = Lobbies::new(store);
                    loop {
                        let player = next.fetch_add(1, Ordering::SeqCst);
                        if player >= PLAYERS {
                            break;
                        }
                        // A writer who lost every race is told so, never that the lobby is full.
                        let result = persist(|| lobbies.join(id, Join::of(&format!("p{player}"))));
                        match result {
                            Ok(_) => joined.fetch_add(1, Ordering::SeqCst),
                            Err(error) if error.kind() == Kind::LobbyFull => {
                                full.fetch_add(1, Ordering::SeqCst)
                            }
                            Err(error) => panic!("{error}"),
                        };
                    }
                });
            }
        });
        assert_eq!((joined.into_inner(), full.into_inner()), (SEATS as usize, PLAYERS - SEATS as usize));
        let lobbies = Lobbies::new(&stores[0]);
        check(&lobbies, id);
        // A seat that is given up can be taken at once.
        lobbies
            .leave(id, "p0")
            .or_else(|_| lobbies.leave(id, members(&lobbies.room(id).unwrap())[0]))
            .unwrap();
        lobbies.join(id, Join::of("late")).unwrap();
        assert_eq!(check(&lobbies, id).lobby.members, SEATS);
    }
}

/// Tries again what lost a race, as callers do.
fn persist<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Busy) => {}
            result => return result,
        }
    }
}

#[test]
fn reservations_count_until_they_pass() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(Create { max_members: 2, ..of("ada") }).unwrap().lobby;
        let by = owner("ada", 1);
        lobbies.reserve(id, &by, &[Reserve::of("bob")]).unwrap();
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::LobbyFull);
        assert_eq!(kind(lobbies.reserve(id, &by, &[Reserve::of("cy")])), Kind::LobbyFull);
        assert_eq!(kind(lobbies.reserve(id, &by, &[Reserve::of("ada")])), Kind::Exists);
        assert_eq!(kind(lobbies.reserve(id, &owner("bob", 1), &[Reserve::of("bob")])), Kind::Forbidden);
        home.clock.advance(14_999);
        lobbies.reserve(id, &by, &[Reserve { for_ms: Some(10_000), ..Reserve::of("bob") }]).unwrap();
        home.clock.advance(9_999);
        assert_eq!(kind(lobbies.join(id, Join::of("cy"))), Kind::LobbyFull);
        home.clock.advance(1);
        lobbies.join(id, Join::of("cy")).unwrap();
        assert_eq!(kind(lobbies.join(id, Join::of("bob"))), Kind::LobbyFull);
        let room = check(&lobbies, id);
        assert_eq!(members(&room), ["ada", "cy"]);
        let left =
            events(&lobbies, id, 0).into_iter().find(|event| matches!(event.change, Change::Left { .. }));
        assert!(
            matches!(left.unwrap().change, Change::Left { why: Leaving::Expired, player } if player == "bob")
        );
    }
}

#[test]
fn parties_join_whole_or_not_at_all_and_stay_together() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let create = Create { max_members: 6, teams: vec![3, 3], ..Create::default() };
        let id = lobbies.create(create).unwrap().lobby;
        let party = |names: &[&str]| names.iter().map(|name| Join::of(name)).collect::<Vec<_>>();
        lobbies.join(id, Join::of("ada")).unwrap();
        let joined = lobbies.join_many(id, party(&["bob", "cy", "dan"])).unwrap();
        let teams: Vec<_> = joined.snapshot.seats.iter().map(|seat| seat.team).collect();
        assert_eq!(teams, [0, 1, 1, 1]);
        let before = get(&store, "lobby:1");
        assert_eq!(kind(lobbies.join_many(id, party(&["e", "f", "g"]))), Kind::LobbyFull);
        assert_eq!(kind(lobbies.join(id, Join { team: Some(1), ..Join::of("e") })), Kind::LobbyFull);
        assert_eq!(kind(lobbies.join(id, Join { team: Some(2), ..Join::of("e") })), Kind::Invalid);
        assert_eq!(kind(lobbies.join_many(id, party(&["e", "e"]))), Kind::Invalid);
        assert_eq!(kind(lobbies.join_many(id, Vec::new())), Kind::Invalid);
        assert_eq!(kind(lobbies.join_many(id, party(&["e", "bob"]))), Kind::Exists);
        assert_eq!(get(&store, "lobby:1"), before);
        lobbies.join_many(id, party(&["e", "f"])).unwrap();
        check(&lobbies, id);
    }
}

// Invariant 2.
#[test]
fn a_player_is_in_one_exclusive_lobby_of_a_kind() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let kind_of =
            |kind: &str, exclusive| Create { kind: kind.to_owned(), exclusive, ..Create::default() };
        let first = lobbies.create(kind_of("game", true)).unwrap().lobby;
        let second = lobbies.create(kind_of("game", true)).unwrap().lobby;
        let chat = lobbies.create(kind_of("game", false)).unwrap().lobby;
        let party = lobbies.create(kind_of("party", true)).unwrap().lobby;
        lobbies.join(first, Join::of("ada")).unwrap();
        assert_eq!(kind(lobbies.join(second, Join::of("ada"))), Kind::Exists);
        let taken = Create { owner: Some(Join::of("ada")), ..kind_of("game", true) };
        assert_eq!(kind(lobbies.create(taken.clone())), Kind::Exists);
        lobbies.join(chat, Join::of("ada")).unwrap();
        lobbies.join(party, Join::of("ada")).unwrap();
        assert_eq!(lobbies.of_player("game", "ada").unwrap(), Some(first));
        lobbies.leave(first, "ada").unwrap();
        assert_eq!(lobbies.of_player("game", "ada").unwrap(), None);
        lobbies.join(second, Join::of("ada")).unwrap();
        // One whose lease has passed holds nobody.
        home.clock.advance(30_000);
        lobbies.create(taken).unwrap();
        assert_eq!(check(&lobbies, second).lobby.state, State::Closed);
        assert!(lobbies.of_player("game", "ada").unwrap() > Some(second));
    }
}

#[test]
fn two_lobbies_race_for_a_player_and_one_gets_them() {
    for (home, stores) in [(Home::memory(), 1), (Home::sqlite(), 2)] {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let ids: Vec<_> = (0..2)
            .map(|_| {
                Lobbies::new(&stores[0])
                    .create(Create { keep_empty: true, ..Create::default() })
                    .unwrap()
                    .lobby
            })
            .collect();
        for round in 0..20 {
            let player = format!("p{round}");
            let won: usize = std::thread::scope(|scope| {
                let racers: Vec<_> = (0..2)
                    .map(|n| {
                        let (store, player, id) = (&stores[n % stores.len()], &player, ids[n]);
                        scope.spawn(move || {
                            match persist(|| Lobbies::new(store).join(id, Join::of(player))) {
                                Ok(_) => 1,
                                Err(error) => {
                                    assert_eq!(error.kind(), Kind::Exists);
                                    0
                                }
                            }
                        })
                    })
                    .collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).sum()
            });
            assert_eq!(won, 1);
            let lobbies = Lobbies::new(&stores[0]);
            lobbies.leave(lobbies.of_player("", &player).unwrap().unwrap(), &player).unwrap();
        }
    }
}

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

// colyseus#156.
#[test]
fn all_who_want_a_quick_game_at_once_get_one_lobby() {
    for (home, stores) in [(Home::memory(), 1), (Home::sqlite(), 2), (Home::behind(), 1)] {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let start = std::sync::Barrier::new(4);
        let ids: Vec<u64> = std::thread::scope(|scope| {
            let players: Vec<_> = (0..4)
                .map(|n| {
                    let (store, start) = (&stores[n % stores.len()], &start);
                    scope.spawn(move || {
                        start.wait();
                        let join = || vec![Join::of(&format!("p{n}"))];
                        let create =
                            || Create { max_members: 4, kind: "duel".to_owned(), ..Create::default() };
                        persist(|| Lobbies::new(store).quick_join(&Query::new(), join(), create()))
                            .unwrap()
                            .done
                            .lobby
                    })
                })
                .collect();
            players.into_iter().map(|player| player.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let lobbies = Lobbies::new(&stores[0]);
        assert_eq!(check(&lobbies, ids[0]).lobby.members, 4);
        let create = Create { max_members: 4, kind: "duel".to_owned(), ..Create::default() };
        let joined =
            lobbies.quick_join(&Query::new(), vec![Join::of("p9"), Join::of("p10")], create.clone()).unwrap();
        assert_ne!(joined.done.lobby, ids[0]);
        assert_eq!(joined.snapshot.lobby.owner.as_deref(), Some("p9"));
        assert_eq!(check(&lobbies, joined.done.lobby).lobby.members, 2);
        assert_eq!(kind(lobbies.quick_join(&Query::new(), vec![Join::of("p9")], create)), Kind::Exists);
    }
}

// Invariants 4 and 5.
#[test]
fn events_have_no_gap_whoever_writes() {
    for (home, stores) in [(Home::memory(), 1), (Home::sqlite(), 2), (Home::behind(), 1)] {
        let stores: Vec<_> = (0..stores).map(|_| home.open()).collect();
        let lobbies = Lobbies::new(&stores[0]);
        let create = || Create { exclusive: false, keep_empty: true, ..Create::default() };
        let ids: Vec<_> = (0..3).map(|_| lobbies.create(create()).unwrap().lobby).collect();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (store, ids) = (&stores[thread % stores.len()], &ids);
                scope.spawn(move || {
                    let lobbies = Lobbies::new(store);
                    let player = format!("p{thread}");
                    for round in 0..20 {
                        let id = ids[(thread + round) % ids.len()];
                        let done = persist(|| lobbies.join(id, Join::of(&player))).unwrap().done;
                        // What was acknowledged is told, and told with its state.
                        let told = events(&lobbies, id, done.sequence - 1);
                        assert_eq!(told.first().map(|event| event.version), Some(done.sequence));
                        persist(|| lobbies.leave(id, &player)).unwrap();
                    }
                });
            }
        });
        for id in &ids {
            check(&lobbies, *id);
        }
        let (mut last, mut versions) = (0, std::collections::BTreeMap::new());
        loop {
            let PollAll::Happened(told) = lobbies.poll_all(last, 50).unwrap() else { panic!("a gap") };
            if told.is_empty() {
                break;
            }
            for told in told {
                last += 1;
                assert_eq!(told.sequence, last);
                for event in told.events {
                    let version: &mut u64 = versions.entry(event.lobby).or_default();
                    *version += 1;
                    assert_eq!(event.version, *version);
                }
            }
        }
        for id in ids {
            assert_eq!(versions[&id], lobbies.room(id).unwrap().lobby.version);
        }
    }
}

#[test]
fn old_events_are_pruned_and_readers_are_told() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(Create { keep_events: 10, ..of("ada") }).unwrap().lobby;
        lobbies.join(id, Join::of("bob")).unwrap();
        for n in 0..200 {
            lobbies.say(id, "ada", &format!("line {n}")).unwrap();
        }
        let room = check(&lobbies, id);
        let (first, last) = (room.lobby.first_event, room.lobby.version);
        assert!(first > 100 && last - first >= 9, "{first} to {last}");
        let Poll::Resync(snapshot) = lobbies.poll(id, first - 2, 10, Viewer::Member).unwrap() else {
            panic!("events that are gone were told")
        };
        assert_eq!((snapshot.lobby.version, snapshot.seats.len()), (last, 2));
        assert_eq!(events(&lobbies, id, first - 1).len() as u64, last - first + 1);
        let Poll::Events(some) = lobbies.poll(id, last - 5, 3, Viewer::Member).unwrap() else { panic!() };
        assert_eq!(
            some.iter().map(|event| event.version).collect::<Vec<_>>(),
            [last - 4, last - 3, last - 2]
        );
        assert!(matches!(lobbies.poll(id, last + 1, 3, Viewer::Member).unwrap(), Poll::Resync(_)));
        assert_eq!(kind(lobbies.as_of(id, first - 2)), Kind::Compacted);
        assert_eq!(kind(lobbies.as_of(id, last + 1)), Kind::OutOfRange);
        assert_eq!(lobbies.as_of(id, first - 1).unwrap().lobby.members, 2);
        let said = lobbies.said(id, 2).unwrap();
        assert!(matches!(&said[1].change, Change::Said { text, .. } if text == "line 199"));
        assert!(matches!(lobbies.poll_all(0, 10).unwrap(), PollAll::Resync(_)));
        lobbies.close(id, &By::Host).unwrap();
        let swept = lobbies.sweep(0, 5).unwrap();
        assert_eq!(swept.deleted, 1);
        assert_eq!(kind(lobbies.room(id)), Kind::NotFound);
        let rest: Vec<_> = store.scan(&joinly_storage::Scan::prefix(b"lobby")).unwrap().rows;
        let rest: Vec<_> = rest.iter().map(|row| String::from_utf8_lossy(&row.key).into_owned()).collect();
        assert_eq!(rest.len(), 2 + 5 + 1, "{rest:?}");
        assert_eq!(lobbies.create(of("ada")).unwrap().lobby, 2);
    }
}

#[test]
fn a_past_state_can_be_seen_again() {
    for home in Home::each() {
        let store = home.open();
        let lobbies = Lobbies::new(&store);
        let id = lobbies.create(of("ada")).unwrap().lobby;
        let mut states = vec![lobbies.room(id).unwrap()];
        let by = owner("ada", 1);
        for n in 0..5 {
            let player = format!("p{n}");
            lobbies.join(id, Join::of(&player)).unwrap();
            states.push(lobbies.room(id).unwrap());
            lobbies.patch_member(id, &player, &[("n".to_owned(), Some(json!(n)))].into(), None).unwrap();
            states.push(lobbies.room(id).unwrap());
        }
        lobbies.ban(id, &by, "p3", None).unwrap();
        states.push(lobbies.room(id).unwrap());
        for state in states {
            let seen = lobbies.as_of(id, state.lobby.version).unwrap();
            assert_eq!(seen.without_leases(), state.without_leases());
        }
        assert_eq!(kind(lobbies.as_of(id, 0)), Kind::OutOfRange);
    }
}

#[test]
fn a_listener_is_woken_by_another_store_and_by_time() {
    let home = Home::sqlite();
    let (store, other) = (home.open(), home.open());
    let lobbies = Lobbies::new(&store);
    let id = lobbies.create(of("ada")).unwrap().lobby;
    let mut listener = lobbies.listen(id, 3, Viewer::Member).unwrap();
    assert_eq!(listener.next(10, Duration::ZERO).unwrap(), Poll::Events(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| Lobbies::new(&other).join(id, Join::of("bob")).unwrap());
        let mut told = Vec::new();
        eventually("an event of another store", || {
            let Poll::Events(events) = listener.next(10, Duration::from_secs(5)).unwrap() else { panic!() };
            told.extend(events);
            !told.is_empty()
        });
        assert!(matches!(&told[0].change, Change::Joined { seat } if seat.player == "bob"));
    });
    assert_eq!(listener.after(), 4);
    home.clock.advance(30_000);
    let Poll::Events(told) = listener.next(10, Duration::ZERO).unwrap() else { panic!() };
    assert!(matches!(&told[0].change, Change::Left { why: Leaving::Expired, .. }), "{told:?}");
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
        lobbies.sweep(1_000_000, 100).unwrap();
        dump(&store)
    };
    let [memory, sqlite, behind] = Home::each().map(run);
    assert!(memory.len() > 20);
    assert_eq!(memory, sqlite);
    assert_eq!(memory, behind);
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
