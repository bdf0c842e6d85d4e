//! Queues in the store: a player waits once, a ticket is in one match, whoever does what at the same time; and every match
//! has its lobby.

use std::collections::{BTreeMap, BTreeSet};

use joinly_storage::models::lobby::{
    self, By, Create, Join, Leaving, Lobbies, Lobby, Room, State as LobbyState, Timing,
};
use joinly_storage::models::matchmaking::{
    Backfill, Match, MatchState, MatchedTicket, Matchmaker, Queue, Rules, Seeker, State, Ticket, Window,
};
use joinly_storage::{Kind, Scan, Store};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::lobby_support;
use crate::support::{Home, get, kind};

const QUEUE: &str = "ranked";

fn of(rules: &Rules) -> Queue {
    let lobby = Create { kind: "duel".to_owned(), ..Create::default() };
    Queue { rules: rules.clone(), seed: 7, lobby: Some(lobby) }
}

fn open(home: &Home, rules: &Rules) -> Store {
    let store = home.open();
    Matchmaker::new(&store).configure(QUEUE, &of(rules)).unwrap();
    store
}

/// The lobby of a match, which is what its events made of it.
fn room(store: &Store, made: &Match) -> Room {
    lobby_support::check(&Lobbies::new(store), made.lobby.unwrap())
}

/// The players with seats, by team.
fn seated(room: &Room) -> Vec<Vec<&str>> {
    let team = |number| {
        let seats = room.seats.values().filter(move |seat| seat.team == number);
        seats.map(|seat| seat.player.as_str()).collect()
    };
    (0..).zip(&room.lobby.teams).map(|(number, _)| team(number)).collect()
}

fn wanted(made: &Match) -> Vec<Vec<&str>> {
    fn players(team: &[MatchedTicket]) -> Vec<&str> {
        let mut players: Vec<_> = team.iter().flat_map(names).collect();
        players.sort_unstable();
        players
    }
    made.teams.iter().map(|team| players(team)).collect()
}

fn names(ticket: &MatchedTicket) -> impl Iterator<Item = &str> {
    ticket.party.iter().map(|seeker| seeker.player.as_str())
}

fn seeker(player: &str, mu: f64) -> Seeker {
    Seeker { player: player.to_owned(), mu, sigma: 2.0, role: None }
}

fn party(players: &[&str], mu: f64) -> Ticket {
    Ticket { party: players.iter().map(|player| seeker(player, mu)).collect(), ..Ticket::default() }
}

fn enqueue(queues: &Matchmaker<'_>, player: &str, mu: f64) -> u64 {
    queues.enqueue(QUEUE, &party(&[player], mu)).unwrap().id
}

fn tick(queues: &Matchmaker<'_>) -> Vec<Match> {
    let tick = queues.tick(QUEUE, "test", 1000).unwrap();
    assert_eq!((tick.held_by, tick.stale), (None, 0));
    tick.matches
}

fn asked() -> Rules {
    Rules { accept_ms: 1000, ..Rules::default() }
}

fn state(queues: &Matchmaker<'_>, id: u64) -> State {
    queues.ticket(QUEUE, id).unwrap().state
}

#[test]
fn a_match_is_made_with_its_lobby_in_one_step() {
    for home in Home::each() {
        let store = open(&home, &Rules::default());
        let queues = Matchmaker::new(&store);
        let (a, b) = (enqueue(&queues, "a", 20.0), enqueue(&queues, "b", 21.0));
        home.clock.advance(500);
        let made = tick(&queues);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].state, MatchState::Confirmed);
        assert!(made[0].tickets().all(|ticket| ticket.waited_ms == 500));
        assert_eq!(queues.match_of(&made[0].id).unwrap(), made[0]);
        let room = room(&store, &made[0]);
        assert_eq!((room.lobby.kind.as_str(), room.lobby.reserved, room.lobby.max_members), ("duel", 2, 2));
        assert_eq!(seated(&room), wanted(&made[0]));
        assert_eq!((state(&queues, a), state(&queues, b)), (State::Accepted, State::Accepted));
        assert_eq!(tick(&queues), []);
        // Both may wait again, and meet in another match.
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 21.0);
        let again = tick(&queues).remove(0);
        assert!(again.id != made[0].id && again.lobby != made[0].lobby);
        // Who comes has the seat; the first owns the lobby, and who does not come in time loses it.
        let lobbies = Lobbies::new(&store);
        let joined = lobbies.join(made[0].lobby.unwrap(), Join::of("b")).unwrap();
        assert_eq!(joined.snapshot.lobby.owner.as_deref(), Some("b"));
        home.clock.advance(15_000);
        let room = lobby_support::check(&lobbies, made[0].lobby.unwrap());
        assert_eq!((room.lobby.members, room.lobby.reserved), (1, 0));
        assert_eq!(lobby_support::check(&lobbies, again.lobby.unwrap()).lobby.state, LobbyState::Closed);
    }
}

#[test]
fn nothing_of_a_match_is_kept_when_its_lobby_cannot_be_made() {
    for home in Home::each() {
        let store = open(&home, &Rules::default());
        let queues = Matchmaker::new(&store);
        let ids = [enqueue(&queues, "a", 20.0), enqueue(&queues, "b", 20.0)];
        store.put(b"lobby.feed", b"no counter").unwrap();
        assert_eq!(kind(queues.tick(QUEUE, "test", 1000)), Kind::WrongType);
        assert!(ids.iter().all(|id| state(&queues, *id) == State::Queued));
        for prefix in ["match:", "lobby:", "lobby.seat:", "lobby.code:"] {
            assert!(store.scan(&Scan::prefix(prefix.as_bytes())).unwrap().rows.is_empty());
        }
        store.delete(b"lobby.feed").unwrap();
        assert_eq!(tick(&queues).len(), 1);
    }
}

#[test]
fn a_player_waits_once_in_a_queue() {
    for home in Home::each() {
        let store = open(&home, &Rules { team_size: 2, ..Rules::default() });
        let queues = Matchmaker::new(&store);
        let first = queues.enqueue(QUEUE, &party(&["a", "b"], 20.0)).unwrap();
        assert_eq!(kind(queues.enqueue(QUEUE, &party(&["c", "b"], 20.0))), Kind::Exists);
        assert_eq!(get(&store, "queue:ranked:player:c"), None);
        queues.cancel(QUEUE, first.id).unwrap();
        queues.cancel(QUEUE, first.id).unwrap();
        assert_eq!(state(&queues, first.id), State::Cancelled);
        let mut short = party(&["c", "b"], 20.0);
        short.deadline = home.clock_ms() + 100;
        let second = queues.enqueue(QUEUE, &short).unwrap();
        home.clock.advance(100);
        assert_eq!(state(&queues, second.id), State::Expired);
        // Without any tick: an expired ticket hinders nobody.
        let third = queues.enqueue(QUEUE, &party(&["b"], 20.0)).unwrap();
        assert_eq!(kind(queues.cancel(QUEUE, second.id)), Kind::Expired);
        assert!(queues.tick(QUEUE, "test", 1).unwrap().expired.is_empty());
        assert_eq!(state(&queues, third.id), State::Queued);
        assert_eq!(kind(queues.enqueue(QUEUE, &short)), Kind::Expired);
        assert_eq!(kind(queues.enqueue("other", &party(&["z"], 20.0))), Kind::NotFound);
        assert_eq!(kind(queues.cancel(QUEUE, 99)), Kind::NotFound);
    }
}

#[test]
fn a_match_is_on_once_everyone_is_ready() {
    for home in Home::each() {
        let store = open(&home, &asked());
        let queues = Matchmaker::new(&store);
        let a = enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 20.0);
        let made = tick(&queues).remove(0);
        assert_eq!((made.state, made.accept_by), (MatchState::Pending, home.clock_ms() + 1000));
        assert_eq!(state(&queues, a), State::Matched);
        assert_eq!(kind(queues.cancel(QUEUE, a)), Kind::AlreadyMatched);
        assert_eq!(kind(queues.enqueue(QUEUE, &party(&["a"], 20.0))), Kind::Exists);
        assert_eq!(kind(queues.accept(&made.id, "c")), Kind::Forbidden);
        assert_eq!(kind(queues.accept("none", "a")), Kind::NotFound);
        assert_eq!(queues.accept(&made.id, "a").unwrap().state, MatchState::Pending);
        assert_eq!(queues.accept(&made.id, "a").unwrap().state, MatchState::Pending);
        assert_eq!(queues.accept(&made.id, "b").unwrap().state, MatchState::Confirmed);
        assert_eq!(queues.accept(&made.id, "b").unwrap().state, MatchState::Confirmed);
        assert_eq!(kind(queues.decline(&made.id, "a")), Kind::AlreadyMatched);
        assert_eq!(kind(queues.cancel(QUEUE, a)), Kind::AlreadyMatched);
        home.clock.advance(5000);
        assert_eq!(tick(&queues), []);
        assert_eq!(queues.match_of(&made.id).unwrap().state, MatchState::Confirmed);
    }
}

#[test]
fn who_was_ready_keeps_the_age() {
    for home in Home::each() {
        let store = open(&home, &asked());
        let queues = Matchmaker::new(&store);
        let (a, b) = (enqueue(&queues, "a", 20.0), enqueue(&queues, "b", 20.0));
        let created = queues.ticket(QUEUE, a).unwrap().created;
        home.clock.advance(700);
        let first = tick(&queues).remove(0);
        queues.decline(&first.id, "b").unwrap();
        queues.decline(&first.id, "b").unwrap();
        assert_eq!((state(&queues, a), state(&queues, b)), (State::Queued, State::Cancelled));
        let closed = room(&store, &first);
        assert_eq!((closed.lobby.state, closed.seats.len()), (LobbyState::Closed, 0));
        assert_eq!(kind(Lobbies::new(&store).join(closed.lobby.id, Join::of("a"))), Kind::WrongState);
        assert_eq!(kind(queues.accept(&first.id, "a")), Kind::Expired);

        // The second match has an id of its own. Now b is ready and a is not.
        let b = enqueue(&queues, "b", 20.0);
        let second = tick(&queues).remove(0);
        assert_ne!(first.id, second.id);
        assert_eq!(second.tickets().find(|ticket| ticket.ticket == a).unwrap().waited_ms, 700);
        queues.accept(&second.id, "b").unwrap();
        home.clock.advance(1000);
        assert_eq!(kind(queues.accept(&second.id, "a")), Kind::Expired);
        assert_eq!(tick(&queues), []);
        assert_eq!((state(&queues, a), state(&queues, b)), (State::Expired, State::Queued));
        assert_eq!(queues.ticket(QUEUE, a).unwrap().created, created);
        assert_eq!(queues.match_of(&second.id).unwrap().state, MatchState::Dissolved);
        assert_eq!(room(&store, &second).lobby.state, LobbyState::Closed);
    }
}

#[test]
fn an_overdue_match_hinders_nobody() {
    for home in Home::each() {
        let store = open(&home, &asked());
        let queues = Matchmaker::new(&store);
        enqueue(&queues, "a", 20.0);
        let b = enqueue(&queues, "b", 20.0);
        let made = tick(&queues).remove(0);
        queues.accept(&made.id, "b").unwrap();
        home.clock.advance(1000);
        // No tick ran: the calls see for themselves.
        enqueue(&queues, "a", 20.0);
        queues.cancel(QUEUE, b).unwrap();
        assert_eq!(state(&queues, b), State::Cancelled);
    }
}

/// A lobby of two teams in which x and y play against z.
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

#[test]
fn queues_may_play_elsewhere_and_their_lobbies_are_checked() {
    let home = Home::memory();
    let store = home.open();
    let queues = Matchmaker::new(&store);
    let kind_of =
        |lobby: Create| kind(queues.configure(QUEUE, &Queue { lobby: Some(lobby), ..Queue::default() }));
    let owned = Create { owner: Some(Join::of("a")), ..Create::default() };
    assert_eq!(kind_of(owned), Kind::Invalid);
    assert_eq!(kind_of(Create { password: "x".to_owned(), ..Create::default() }), Kind::Invalid);
    assert_eq!(kind_of(Create { kind: "a:b".to_owned(), ..Create::default() }), Kind::Invalid);
    assert_eq!(kind_of(Create { teams: vec![2, 0], max_members: 2, ..Create::default() }), Kind::Invalid);
    assert_eq!(kind_of(Create { name: "n".repeat(257), ..Create::default() }), Kind::TooLarge);
    for wrong in
        [r#"{"lobby":{"owner":{"player":"a"}}}"#, r#"{"lobbby":{}}"#, r#"{"lobby":{"timing":{"x":1}}}"#]
    {
        assert!(serde_json::from_str::<Queue>(wrong).is_err(), "{wrong}");
    }
    // A place to watch from beside the teams.
    let text = r#"{"rules":{"team_size":1},"lobby":{"kind":"duel","teams":[1,2,3],"max_members":6,"timing":{"stale_ms":5}}}"#;
    let document: Queue = serde_json::from_str(text).unwrap();
    queues.configure(QUEUE, &document).unwrap();
    assert_eq!(queues.queue(QUEUE).unwrap(), document);
    enqueue(&queues, "a", 20.0);
    enqueue(&queues, "b", 20.0);
    let made = tick(&queues).remove(0);
    let room = room(&store, &made);
    assert_eq!((room.lobby.max_members, room.lobby.teams.len()), (6, 3));
    assert_eq!(seated(&room)[..2], wanted(&made)[..]);
    // Fresh as long as someone is expected.
    home.clock.advance(14_999);
    Lobbies::new(&store).join(room.lobby.id, Join::of("a")).unwrap();

    queues.configure(QUEUE, &Queue::default()).unwrap();
    enqueue(&queues, "a", 20.0);
    enqueue(&queues, "b", 20.0);
    assert_eq!(tick(&queues)[0].lobby, None);
}

#[test]
fn a_ticket_is_paid_for_or_not_there() {
    for home in Home::each() {
        let store = open(&home, &Rules { team_size: 2, ..Rules::default() });
        let mut txn = store.begin().unwrap();
        let id = Matchmaker::within(&store, &mut txn).enqueue(QUEUE, &party(&["a"], 20.0)).unwrap().id;
        txn.put(b"paid:a", b"1").unwrap();
        let queues = Matchmaker::new(&store);
        assert_eq!(kind(queues.ticket(QUEUE, id)), Kind::NotFound);
        drop(txn);
        assert_eq!(kind(queues.ticket(QUEUE, id)), Kind::NotFound);
        let mut txn = store.begin().unwrap();
        let within = Matchmaker::within(&store, &mut txn);
        let id = within.enqueue(QUEUE, &party(&["a"], 20.0)).unwrap().id;
        assert_eq!(kind(within.enqueue(QUEUE, &party(&["b", "a"], 20.0))), Kind::Exists);
        txn.put(b"paid:a", b"1").unwrap();
        txn.commit().unwrap();
        assert_eq!(state(&queues, id), State::Queued);
    }
}

#[test]
fn a_report_reads_every_page() {
    let home = Home::memory();
    let store = open(&home, &Rules::default());
    Matchmaker::new(&store).configure(QUEUE, &Queue::default()).unwrap();
    let queues = Matchmaker::new(&store);
    for player in 0..700 {
        enqueue(&queues, &format!("p{player}"), 20.0);
    }
    assert_eq!(tick(&queues).len(), 350);
    enqueue(&queues, "late", 20.0);
    let tickets = |most| {
        let report = queues.report(QUEUE, most).unwrap();
        (report.matches, report.deciles.iter().map(|decile| decile.tickets).sum::<usize>())
    };
    assert_eq!(tickets(usize::MAX), (350, 701));
    assert_eq!(tickets(300), (300, 601));
    assert_eq!(tickets(0), (0, 1));
}

#[test]
fn a_lease_saves_work_and_lapses() {
    for home in Home::each() {
        let store = open(&home, &Rules::default());
        let queues = Matchmaker::new(&store);
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 20.0);
        assert_eq!(queues.tick(QUEUE, "one", 100).unwrap().matches.len(), 1);
        assert_eq!(queues.tick(QUEUE, "other", 100).unwrap().held_by.as_deref(), Some("one"));
        home.clock.advance(60);
        assert_eq!(queues.tick(QUEUE, "one", 100).unwrap().held_by, None);
        home.clock.advance(99);
        assert_eq!(queues.tick(QUEUE, "other", 100).unwrap().held_by.as_deref(), Some("one"));
        home.clock.advance(1);
        assert_eq!(queues.tick(QUEUE, "other", 100).unwrap().held_by, None);
    }
}

#[test]
fn new_rules_apply_to_who_waits() {
    for home in Home::each() {
        let store = open(&home, &Rules::default());
        let queues = Matchmaker::new(&store);
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 90.0);
        assert_eq!(tick(&queues), []);
        let wide = Window { start: 100.0, cap: 100.0, ..Window::default() };
        queues.configure(QUEUE, &of(&Rules { window: wide, ..Rules::default() })).unwrap();
        assert_eq!(tick(&queues).len(), 1);
        let report = queues.report(QUEUE, 100).unwrap();
        assert_eq!((report.matches, report.worst.gap, report.deciles.len()), (1, 70.0, 2));
        assert!(report.deciles.iter().all(|decile| decile.match_rate == 1.0));
        assert_eq!(
            kind(queues.configure(QUEUE, &of(&Rules { teams: 0, ..Rules::default() }))),
            Kind::Invalid
        );
        assert_eq!(kind(queues.configure("a:b", &Queue::default())), Kind::Invalid);
    }
}

#[test]
fn documents_of_another_form_are_left_alone() {
    for home in Home::each() {
        let store = open(&home, &Rules::default());
        let queues = Matchmaker::new(&store);
        store.put(b"queue:ranked:ticket:5", b"no JSON").unwrap();
        store.put(b"queue:ranked:ticket:x", b"{}").unwrap();
        // One that a plain put wrote is a ticket like any other.
        let own = Ticket { id: 900, created: home.clock_ms(), ..party(&["p"], 20.0) };
        store.put(b"queue:ranked:ticket:900", &serde_json::to_vec(&own).unwrap()).unwrap();
        enqueue(&queues, "a", 20.0);
        assert_eq!(tick(&queues).len(), 1);
        assert_eq!(kind(queues.ticket(QUEUE, 5)), Kind::WrongType);
    }
}

/// What may happen to a queue of six players.
#[derive(Clone, Debug)]
enum Step {
    Enqueue(usize, Option<usize>, i32, Option<u16>),
    Cancel(usize),
    Tick,
    Accept(usize),
    Decline(usize),
    Join(usize),
    Advance(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6usize, prop::option::weighted(0.3, 0..6usize), 0..6i32, prop::option::weighted(0.2, 1..3000u16))
            .prop_map(|(player, friend, mu, wait)| Step::Enqueue(player, friend, mu, wait)),
        2 => (0..12usize).prop_map(Step::Cancel),
        4 => Just(Step::Tick),
        4 => (0..6usize).prop_map(Step::Accept),
        1 => (0..6usize).prop_map(Step::Decline),
        3 => (0..6usize).prop_map(Step::Join),
        2 => (1..1500u16).prop_map(Step::Advance),
    ]
}

fn parsed<T: serde::de::DeserializeOwned>(store: &Store, prefix: &str) -> Vec<T> {
    let rows = store.scan(&Scan::prefix(prefix.as_bytes()).limit(10_000)).unwrap().rows;
    rows.iter().map(|row| serde_json::from_slice(row.value.as_ref().unwrap()).unwrap()).collect()
}

/// The match that a player is asked for or plays in.
fn match_of_player(store: &Store, player: &str) -> Option<Match> {
    let matches: Vec<Match> = parsed(store, "match:");
    matches
        .into_iter()
        .filter(|made| made.state != MatchState::Dissolved && made.players().any(|member| member == player))
        .max_by_key(|made| (made.state == MatchState::Pending, made.created))
}

/// Invariant 6: a ticket is in one match, a player in one live ticket, and the documents agree with each other. Invariant 1
/// in every lobby of a match: it has a seat for everyone until their time is over, and is closed with a dissolved match.
fn check(store: &Store, now: i64, accept_ms: i64) {
    let tickets: Vec<Ticket> = parsed(store, "queue:ranked:ticket:");
    let matches: Vec<Match> = parsed(store, "match:");
    let live = |ticket: &&Ticket| matches!(ticket.state, State::Queued | State::Matched);
    let mut holders = BTreeMap::new();
    for ticket in tickets.iter().filter(live) {
        for player in ticket.players() {
            assert_eq!(
                holders.insert(player.to_owned(), ticket.id),
                None,
                "{player} waits twice: {tickets:?}"
            );
        }
    }
    let prefix = b"queue:ranked:player:";
    let rows = store.scan(&Scan::prefix(prefix).limit(10_000)).unwrap().rows;
    // Each names the player's last ticket, live or not.
    let known: BTreeMap<String, u64> = rows
        .iter()
        .map(|row| {
            let player = String::from_utf8(row.key[prefix.len()..].to_vec()).unwrap();
            (player, serde_json::from_slice(row.value.as_ref().unwrap()).unwrap())
        })
        .filter(|(_, id)| tickets.iter().filter(live).any(|ticket| ticket.id == *id))
        .collect();
    assert_eq!(known, holders);

    let mut taken = BTreeSet::new();
    for made in matches.iter().filter(|made| made.state != MatchState::Dissolved) {
        for matched in made.tickets() {
            assert!(taken.insert(matched.ticket), "ticket {} is in two matches", matched.ticket);
            if let Some(ticket) = tickets.iter().find(|ticket| ticket.id == matched.ticket) {
                let expected = match made.state {
                    MatchState::Pending => State::Matched,
                    _ => State::Accepted,
                };
                assert_eq!((ticket.state, ticket.match_id.as_ref()), (expected, Some(&made.id)));
            }
        }
        assert!(made.created <= now);
        let room = room(store, made);
        if now < made.created + accept_ms + Timing::default().reservation_ms {
            assert_eq!(seated(&room), wanted(made));
        }
    }
    let of_matches: BTreeSet<_> = matches.iter().map(|made| made.lobby.unwrap()).collect();
    assert_eq!(of_matches.len(), matches.len());
    for dissolved in matches.iter().filter(|made| made.state == MatchState::Dissolved) {
        assert_eq!(room(store, dissolved).lobby.state, LobbyState::Closed);
    }
    // No lobby was made for nothing.
    let lobbies: Vec<Lobby> = parsed(store, "lobby:");
    assert_eq!(lobbies.iter().map(|lobby| lobby.id).collect::<BTreeSet<_>>(), of_matches);
    for ticket in tickets.iter().filter(|ticket| ticket.state == State::Queued) {
        assert!(!taken.contains(&ticket.id) && ticket.match_id.is_none());
    }
}

fn perform(store: &Store, queues: &Matchmaker<'_>, home: &Home, step: &Step) {
    let name = |player: usize| format!("p{player}");
    match step {
        Step::Enqueue(player, friend, mu, wait) => {
            let mut ids = vec![name(*player)];
            ids.extend(friend.filter(|friend| friend != player).map(name));
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let mut ticket = party(&ids, f64::from(*mu));
            ticket.deadline = wait.map_or(0, |wait| home.clock_ms() + i64::from(wait));
            let result = queues.enqueue(QUEUE, &ticket).map_err(|error| error.kind());
            assert!(matches!(result, Ok(_) | Err(Kind::Exists)), "{result:?}");
        }
        Step::Cancel(id) => {
            let result = queues.cancel(QUEUE, *id as u64).map_err(|error| error.kind());
            let refused = [Kind::NotFound, Kind::Expired, Kind::AlreadyMatched];
            assert!(result.is_ok() || refused.contains(&result.unwrap_err()));
        }
        Step::Tick => {
            let done = queues.tick(QUEUE, "test", 1000).unwrap();
            assert_eq!(done.stale, 0, "nobody interferes");
        }
        Step::Accept(player) | Step::Decline(player) => {
            let player = name(*player);
            let Some(made) = match_of_player(store, &player) else { return };
            let result = match step {
                Step::Accept(_) => queues.accept(&made.id, &player).map(|_| ()),
                _ => queues.decline(&made.id, &player),
            };
            let result = result.map_err(|error| error.kind());
            assert!(matches!(result, Ok(()) | Err(Kind::Expired | Kind::AlreadyMatched)), "{result:?}");
        }
        Step::Join(player) => {
            let player = name(*player);
            let Some(made) = match_of_player(store, &player) else { return };
            let joined = Lobbies::new(store).join(made.lobby.unwrap(), Join::of(&player));
            let refused = [Kind::Exists, Kind::Forbidden, Kind::WrongState, Kind::Expired, Kind::LobbyFull];
            assert!(joined.is_ok() || refused.contains(&joined.unwrap_err().kind()));
        }
        Step::Advance(ms) => home.clock.advance(i64::from(*ms)),
    }
}

fn dump(store: &Store) -> Vec<(String, String)> {
    let rows = store.scan(&Scan::prefix(b"").limit(10_000)).unwrap().rows;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    rows.iter().map(|row| (text(&row.key), text(row.value.as_ref().unwrap()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariants 6 and 11: random sequences keep the rules after every step, and the same sequence at the same times
    /// leaves the same documents, byte for byte, on every engine.
    #[test]
    fn random_sequences_keep_the_rules(steps in prop::collection::vec(step(), 1..50), accept in any::<bool>()) {
        let rules = Rules { team_size: 2, accept_ms: if accept { 1000 } else { 0 }, ..Rules::default() };
        let dumps: Vec<_> = Home::each()
            .iter()
            .map(|home| {
                let store = open(home, &rules);
                let queues = Matchmaker::seeded(&store, 3);
                for step in &steps {
                    perform(&store, &queues, home, step);
                    check(&store, home.clock_ms(), rules.accept_ms);
                }
                dump(&store)
            })
            .collect();
        prop_assert_eq!(&dumps[0], &dumps[1]);
        prop_assert_eq!(&dumps[0], &dumps[2]);
    }
}

/// Invariant 6 while three stores on one file enqueue, withdraw and tick at once, with leases that do not hinder.
#[test]
fn many_writers_at_once_keep_the_rules() {
    let home = Home::sqlite();
    let store = open(&home, &Rules::default());
    let made: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3_usize)
            .map(|worker| {
                let (own, home) = (home.open(), &home);
                scope.spawn(move || {
                    let queues = Matchmaker::new(&own);
                    let mut made = 0;
                    for step in 0..30_usize {
                        let player = format!("p{}", (worker * 5 + step * 7) % 20);
                        if let Ok(ticket) = queues.enqueue(QUEUE, &party(&[&player], (step % 4) as f64))
                            && step % 3 == 0
                        {
                            let result = queues.cancel(QUEUE, ticket.id).map_err(|error| error.kind());
                            let expected = [Ok(()), Err(Kind::AlreadyMatched), Err(Kind::Conflict)];
                            assert!(expected.contains(&result), "{result:?}");
                        }
                        home.clock.advance(2);
                        match queues.tick(QUEUE, &format!("w{worker}"), 1) {
                            Ok(tick) => made += tick.matches.len(),
                            Err(error) => assert_eq!(error.kind(), Kind::Conflict),
                        }
                    }
                    made
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    check(&store, home.clock_ms(), 0);
    let matches: Vec<Match> = parsed(&store, "match:");
    assert_eq!(matches.len(), made);
    assert!(made > 0);
}
