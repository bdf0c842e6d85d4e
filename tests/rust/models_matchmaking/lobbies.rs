//! The lobbies of matches: those under way that want players, and seats that are kept.

use super::*;

fn under_way(store: &Store) -> Backfill {
    let lobbies = Lobbies::new(store);
    let create = Create { teams: vec![2, 2], max_members: 4, backfill: true, ..Create::default() };
    let id = lobbies.create(create).unwrap().lobby;
    for (player, team) in [("x", 0), ("y", 0), ("z", 1)] {
        lobbies.join(id, Join { team: Some(team), ..Join::of(player) }).unwrap();
    }
    lobbies.start(id, &By::Host, None).unwrap();
    let teams = vec![vec![seeker("x", 20.0), seeker("y", 20.0)], vec![seeker("z", 20.0)]];
    Backfill { lobby: id, teams, ..Backfill::default() }
}

#[test]
fn a_match_under_way_is_filled_and_given_back() {
    for home in Home::each() {
        let store = open(&home, &Rules { team_size: 2, ..asked() });
        let (queues, lobbies) = (Matchmaker::new(&store), Lobbies::new(&store));
        let host = queues.backfill(QUEUE, &under_way(&store)).unwrap();
        assert_eq!(host.created, home.clock_ms());
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 20.0);
        let made = tick(&queues);
        assert_eq!((made.len(), made[0].lobby, made[0].backfill), (1, Some(host.lobby), true));
        let filled = queues.backfilled(QUEUE, host.lobby).unwrap();
        assert_eq!(filled.teams[1], [seeker("z", 20.0), seeker("a", 20.0)]);
        assert_eq!(seated(&room(&store, &made[0])), [vec!["x", "y"], vec!["a", "z"]]);
        assert_eq!(tick(&queues), []);

        queues.decline(&made[0].id, "a").unwrap();
        assert_eq!(queues.backfilled(QUEUE, host.lobby).unwrap(), host);
        let room = room(&store, &made[0]);
        assert_eq!((room.lobby.state, room.lobby.members, room.lobby.reserved), (LobbyState::InGame, 3, 0));
        let second = tick(&queues).remove(0);
        assert_eq!(second.players().collect::<Vec<_>>(), ["b"]);
        queues.accept(&second.id, "b").unwrap();
        let joined = lobbies.join(host.lobby, Join::of("b")).unwrap().snapshot;
        assert_eq!(joined.seats.iter().find(|seat| seat.player == "b").unwrap().team, 1);
        assert!(queues.stop_backfill(QUEUE, host.lobby).unwrap());
        assert!(!queues.stop_backfill(QUEUE, host.lobby).unwrap());
        let alien = Backfill { teams: vec![vec![seeker("x", 20.0)]], ..host.clone() };
        assert_eq!(kind(queues.backfill(QUEUE, &alien)), Kind::Invalid);
        assert_eq!(kind(queues.backfill(QUEUE, &Backfill { lobby: 99, ..host })), Kind::NotFound);
    }
}

/// Whatever keeps a lobby from taking players in: they wait on, are not found for it again, and meet each other instead.
#[test]
fn a_lobby_that_refuses_is_asked_once() {
    type Hinder = fn(&Lobbies<'_>, u64);
    let hindered: [(&str, Hinder); 5] = [
        ("full", |lobbies, id| {
            lobbies.join(id, Join::of("w")).unwrap();
        }),
        ("closed", |lobbies, id| {
            lobbies.close(id, &By::Host).unwrap();
        }),
        ("banned", |lobbies, id| {
            lobbies.ban(id, &By::Host, "a", None).unwrap();
        }),
        ("starting", |lobbies, id| {
            lobbies.reopen(id, &By::Host).unwrap();
            lobbies.start(id, &By::Host, Some(1000)).unwrap();
        }),
        ("here already", |lobbies, id| {
            lobbies.leave(id, "x").unwrap();
            lobbies.join(id, Join::of("a")).unwrap();
        }),
    ];
    for (why, hinder) in hindered {
        for home in Home::each() {
            let store = open(&home, &Rules { team_size: 2, ..Rules::default() });
            let queues = Matchmaker::new(&store);
            let host = queues.backfill(QUEUE, &under_way(&store)).unwrap();
            let a = enqueue(&queues, "a", 20.0);
            hinder(&Lobbies::new(&store), host.lobby);
            let before = lobby_support::check(&Lobbies::new(&store), host.lobby);
            let refused = queues.tick(QUEUE, "test", 1000).unwrap();
            assert_eq!((refused.matches.len(), refused.stale), (0, 1), "{why}");
            assert_eq!(state(&queues, a), State::Queued, "{why}");
            assert_eq!(lobby_support::check(&Lobbies::new(&store), host.lobby), before, "{why}");
            assert_eq!(kind(queues.backfilled(QUEUE, host.lobby)), Kind::NotFound, "{why}");
            for player in ["b", "c", "d"] {
                enqueue(&queues, player, 20.0);
            }
            assert_eq!(tick(&queues).len(), 1, "{why}");
        }
    }
}

#[test]
fn a_reservation_outlasts_the_question_and_waits_for_who_is_elsewhere() {
    for home in Home::each() {
        let slow = Rules { accept_ms: 60_000, ..Rules::default() };
        let store = open(&home, &slow);
        let (queues, lobbies) = (Matchmaker::new(&store), Lobbies::new(&store));
        // The party waits in an exclusive lobby of the same kind.
        let owner = Some(Join::of("a"));
        let timing = Timing { member_ms: 100_000, ..Timing::default() };
        let create = Create { kind: "duel".to_owned(), owner, timing, ..Create::default() };
        let elsewhere = lobbies.create(create).unwrap().lobby;
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 20.0);
        let made = tick(&queues).remove(0);
        let id = made.lobby.unwrap();
        home.clock.advance(59_999);
        queues.accept(&made.id, "a").unwrap();
        assert_eq!(queues.accept(&made.id, "b").unwrap().state, MatchState::Confirmed);
        home.clock.advance(15_000);
        assert_eq!(kind(lobbies.join(id, Join::of("a"))), Kind::Exists);
        lobbies.leave(elsewhere, "a").unwrap();
        lobbies.join(id, Join::of("a")).unwrap();
        home.clock.advance(1);
        assert_eq!(room(&store, &made).lobby.reserved, 0);
        assert_eq!(lobbies.of_player("duel", "a").unwrap(), Some(id));
    }
}

/// What is given back is what was kept for the match: who has joined the lobby of a match under way stays.
#[test]
fn who_has_joined_already_stays() {
    for home in Home::each() {
        let store = open(&home, &Rules { team_size: 2, ..asked() });
        let (queues, lobbies) = (Matchmaker::new(&store), Lobbies::new(&store));
        let teams = vec![vec![seeker("x", 20.0), seeker("y", 20.0)], Vec::new()];
        let host = Backfill { teams, ..under_way(&store) };
        lobbies.leave(host.lobby, "z").unwrap();
        queues.backfill(QUEUE, &host).unwrap();
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 20.0);
        let made = tick(&queues).remove(0);
        assert_eq!(made.players().count(), 2);
        lobbies.join(host.lobby, Join::of("a")).unwrap();
        queues.decline(&made.id, "b").unwrap();
        let room = room(&store, &made);
        assert_eq!(seated(&room), [vec!["x", "y"], vec!["a"]]);
        let given_back = lobby::Change::Left { player: "b".to_owned(), why: Leaving::Kicked };
        let lobby::Poll::Events(events) =
            lobbies.poll(host.lobby, room.lobby.version - 1, 9, lobby::Viewer::Owner).unwrap()
        else {
            panic!("events are missing")
        };
        assert_eq!(events[0].change, given_back);
    }
}
