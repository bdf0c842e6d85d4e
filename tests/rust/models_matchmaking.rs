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

mod lobbies;
mod writers;

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
        store.put(b"lobby.id", b"no counter").unwrap();
        assert_eq!(kind(queues.tick(QUEUE, "test", 1000)), Kind::WrongType);
        assert!(ids.iter().all(|id| state(&queues, *id) == State::Queued));
        for prefix in ["match:", "lobby:", "lobby.seat:", "lobby.code:"] {
            assert!(store.scan(&Scan::prefix(prefix.as_bytes())).unwrap().rows.is_empty());
        }
        store.delete(b"lobby.id").unwrap();
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
        let huge = format!(r#"{{"rules":{{"teams":{0},"team_size":{0}}},"seed":1}}"#, u64::MAX);
        store.put(b"queue:huge", huge.as_bytes()).unwrap();
        assert_eq!(kind(queues.enqueue("huge", &own)), Kind::TooLarge);
        assert_eq!(kind(queues.tick("huge", "test", 1000)), Kind::TooLarge);
    }
}
