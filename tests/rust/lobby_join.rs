//! Who may join a lobby, alone, in a party and in a crowd.

use std::sync::atomic::{AtomicUsize, Ordering};

use joinly_storage::Kind;
use joinly_storage::models::lobby::{
    Change, Create, Event, Join, Leaving, Lobbies, LobbyPatch, Query, Reserve, State, Visibility,
};

use crate::lobby_support::{check, events, members, of, owner, persist};
use crate::support::{Home, TestClock, get, kind};

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
        assert_eq!(lobbies.by_code(&code.to_lowercase()).unwrap(), Some(id));
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
