//! Queues in the store: a player waits once, a ticket is in one match, whoever does what at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use joinly_storage::models::matchmaking::{
    Backfill, Match, MatchState, Matchmaker, Rooms, Rules, Seeker, State, Ticket, Window,
};
use joinly_storage::{Error, Kind, Result, Scan, Store, Transaction};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{Home, get, kind};

const QUEUE: &str = "ranked";

/// Lobbies of the tests: a counter of places under `lobby:{match}`, of which a host has a few to spare.
struct Counters;

fn places(made: &Match) -> i64 {
    made.players().count() as i64
}

impl Rooms for Counters {
    fn open(&self, txn: &mut Transaction, _: i64, made: &Match) -> Result<Option<String>> {
        if made.players().any(|player| player == "nowhere") {
            return Err(Error::new(Kind::LobbyFull, "no lobby for this one"));
        }
        txn.add(format!("lobby:{}", made.id).as_bytes(), places(made))?;
        Ok(Some(made.id.clone()))
    }

    fn join(&self, txn: &mut Transaction, _: i64, lobby: &str, made: &Match) -> Result<bool> {
        let key = format!("lobby:{lobby}");
        if txn.add(key.as_bytes(), 0)? + places(made) > 4 {
            return Ok(false);
        }
        txn.add(key.as_bytes(), places(made))?;
        Ok(true)
    }

    fn release(&self, txn: &mut Transaction, _: i64, lobby: &str, made: &Match) -> Result<()> {
        txn.add(format!("lobby:{lobby}").as_bytes(), -places(made)).map(|_| ())
    }
}

fn over(store: Arc<Store>) -> Matchmaker {
    Matchmaker::new(store, Arc::new(Counters))
}

fn open(home: &Home, rules: &Rules) -> (Arc<Store>, Matchmaker) {
    let store = Arc::new(home.open());
    let queues = over(Arc::clone(&store));
    queues.configure(QUEUE, rules, 7).unwrap();
    (store, queues)
}

fn seeker(player: &str, mu: f64) -> Seeker {
    Seeker { player: player.to_owned(), mu, sigma: 2.0, role: None }
}

fn party(players: &[&str], mu: f64) -> Ticket {
    Ticket { party: players.iter().map(|player| seeker(player, mu)).collect(), ..Ticket::default() }
}

fn enqueue(queues: &Matchmaker, player: &str, mu: f64) -> u64 {
    queues.enqueue(QUEUE, &party(&[player], mu)).unwrap().id
}

fn tick(queues: &Matchmaker) -> Vec<Match> {
    let tick = queues.tick(QUEUE, "test", 1000).unwrap();
    assert_eq!((tick.held_by, tick.stale), (None, 0));
    tick.matches
}

fn asked() -> Rules {
    Rules { accept_ms: 1000, ..Rules::default() }
}

fn state(queues: &Matchmaker, id: u64) -> State {
    queues.ticket(QUEUE, id).unwrap().state
}

#[test]
fn a_match_is_made_with_its_lobby_in_one_step() {
    for home in Home::each() {
        let (store, queues) = open(&home, &Rules::default());
        let (a, b) = (enqueue(&queues, "a", 20.0), enqueue(&queues, "b", 21.0));
        home.clock.advance(500);
        let made = tick(&queues);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].state, MatchState::Confirmed);
        assert_eq!(made[0].lobby.as_deref(), Some(made[0].id.as_str()));
        assert!(made[0].tickets().all(|ticket| ticket.waited_ms == 500));
        assert_eq!(queues.match_of(&made[0].id).unwrap(), made[0]);
        assert_eq!(get(&store, format!("lobby:{}", made[0].id)).as_deref(), Some(&b"2"[..]));
        assert_eq!((state(&queues, a), state(&queues, b)), (State::Accepted, State::Accepted));
        assert_eq!(tick(&queues), []);
        // Both may wait again, and meet in another match.
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 21.0);
        assert_ne!(tick(&queues)[0].id, made[0].id);
    }
}

#[test]
fn nothing_of_a_match_is_kept_when_its_lobby_cannot_be_made() {
    for home in Home::each() {
        let (store, queues) = open(&home, &Rules::default());
        let ids = [enqueue(&queues, "a", 20.0), enqueue(&queues, "nowhere", 20.0)];
        assert_eq!(kind(queues.tick(QUEUE, "test", 1000)), Kind::LobbyFull);
        assert!(ids.iter().all(|id| state(&queues, *id) == State::Queued));
        assert!(store.scan(&Scan::prefix(b"match:")).unwrap().rows.is_empty());
        assert!(store.scan(&Scan::prefix(b"lobby:")).unwrap().rows.is_empty());
    }
}

#[test]
fn a_player_waits_once_in_a_queue() {
    for home in Home::each() {
        let (store, queues) = open(&home, &Rules { team_size: 2, ..Rules::default() });
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
        let (_, queues) = open(&home, &asked());
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
        let (store, queues) = open(&home, &asked());
        let (a, b) = (enqueue(&queues, "a", 20.0), enqueue(&queues, "b", 20.0));
        let created = queues.ticket(QUEUE, a).unwrap().created;
        home.clock.advance(700);
        let first = tick(&queues).remove(0);
        queues.decline(&first.id, "b").unwrap();
        queues.decline(&first.id, "b").unwrap();
        assert_eq!((state(&queues, a), state(&queues, b)), (State::Queued, State::Cancelled));
        assert_eq!(get(&store, format!("lobby:{}", first.id)).as_deref(), Some(&b"0"[..]));
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
    }
}

#[test]
fn an_overdue_match_hinders_nobody() {
    for home in Home::each() {
        let (_, queues) = open(&home, &asked());
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

#[test]
fn a_match_under_way_is_filled_and_given_back() {
    for home in Home::each() {
        let (store, queues) = open(&home, &Rules { team_size: 2, ..asked() });
        store.put(b"lobby:L", b"3").unwrap();
        let teams = vec![vec![seeker("x", 20.0), seeker("y", 20.0)], vec![seeker("z", 20.0)]];
        let host = Backfill { lobby: "L".to_owned(), teams, ..Backfill::default() };
        queues.backfill(QUEUE, &host).unwrap();
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 20.0);
        let made = tick(&queues);
        assert_eq!((made.len(), made[0].lobby.as_deref(), made[0].backfill), (1, Some("L"), true));
        assert_eq!(queues.backfilled(QUEUE, "L").unwrap().teams[1], [seeker("z", 20.0), seeker("a", 20.0)]);
        assert_eq!(get(&store, "lobby:L").as_deref(), Some(&b"4"[..]));
        assert_eq!(tick(&queues), []);

        queues.decline(&made[0].id, "a").unwrap();
        assert_eq!(queues.backfilled(QUEUE, "L").unwrap(), host);
        assert_eq!(get(&store, "lobby:L").as_deref(), Some(&b"3"[..]));
        assert_eq!(tick(&queues)[0].players().collect::<Vec<_>>(), ["b"]);

        // A lobby that says it is full keeps the ticket waiting.
        let c = enqueue(&queues, "c", 20.0);
        queues.backfill(QUEUE, &host).unwrap();
        let tick = queues.tick(QUEUE, "test", 1000).unwrap();
        assert_eq!((tick.matches.len(), tick.stale, state(&queues, c)), (0, 1, State::Queued));
        assert!(queues.stop_backfill(QUEUE, "L").unwrap() && !queues.stop_backfill(QUEUE, "L").unwrap());
        let alien = Backfill { teams: vec![vec![seeker("x", 20.0)]], ..host };
        assert_eq!(kind(queues.backfill(QUEUE, &alien)), Kind::Invalid);
    }
}

#[test]
fn a_lease_saves_work_and_lapses() {
    for home in Home::each() {
        let (_, queues) = open(&home, &Rules::default());
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
        let (_, queues) = open(&home, &Rules::default());
        enqueue(&queues, "a", 20.0);
        enqueue(&queues, "b", 90.0);
        assert_eq!(tick(&queues), []);
        let wide = Window { start: 100.0, cap: 100.0, ..Window::default() };
        queues.configure(QUEUE, &Rules { window: wide, ..Rules::default() }, 7).unwrap();
        assert_eq!(tick(&queues).len(), 1);
        let report = queues.report(QUEUE, 100).unwrap();
        assert_eq!((report.matches, report.worst.gap, report.deciles.len()), (1, 70.0, 2));
        assert!(report.deciles.iter().all(|decile| decile.match_rate == 1.0));
        assert_eq!(kind(queues.configure(QUEUE, &Rules { teams: 0, ..Rules::default() }, 7)), Kind::Invalid);
    }
}

#[test]
fn documents_of_another_form_are_left_alone() {
    for home in Home::each() {
        let (store, queues) = open(&home, &Rules::default());
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

/// Invariant 6: a ticket is in one match, a player in one live ticket, and the documents agree with each other.
fn check(store: &Store, now: i64) {
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
    let known: BTreeMap<String, u64> = rows
        .iter()
        .map(|row| {
            let player = String::from_utf8(row.key[prefix.len()..].to_vec()).unwrap();
            (player, serde_json::from_slice(row.value.as_ref().unwrap()).unwrap())
        })
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
        let places = get(store, format!("lobby:{}", made.id)).unwrap();
        assert_eq!(String::from_utf8(places).unwrap(), made.players().count().to_string());
        assert!(made.created <= now);
    }
    for ticket in tickets.iter().filter(|ticket| ticket.state == State::Queued) {
        assert!(!taken.contains(&ticket.id) && ticket.match_id.is_none());
    }
}

fn perform(store: &Store, queues: &Matchmaker, home: &Home, step: &Step) {
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
                let (store, queues) = open(home, &rules);
                for step in &steps {
                    perform(&store, &queues, home, step);
                    check(&store, home.clock_ms());
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
    let (store, queues) = open(&home, &Rules::default());
    let made: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3_usize)
            .map(|worker| {
                let queues = over(Arc::new(home.open()));
                let home = &home;
                scope.spawn(move || {
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
    check(&store, home.clock_ms());
    let matches: Vec<Match> = parsed(&store, "match:");
    assert_eq!(matches.len(), made);
    assert!(made > 0);
    drop(queues);
}
