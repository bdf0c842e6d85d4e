//! Processes that use the same queue and are killed at random moments: no ticket is in two matches, nobody waits twice, and
//! every match has the lobby that was opened for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use joinly_storage::models::lobby::{Create, Lobbies, Timing};
use joinly_storage::models::matchmaking::{
    Match, MatchState, Matchmaker, Queue, Rules, Seeker, State, Ticket,
};
use joinly_storage::store::Row;
use joinly_storage::{Kind, Scan, Store};

use super::{Child, Random, number_from_environment, open, report};
use crate::lobby_support::check;

const PROCESSES: usize = 3;
const PLAYERS: u64 = 16;

/// Makes calls until it is killed; reports each ticket that waits and each match that it made.
pub fn child(arguments: &[&str]) {
    let [file, seed] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |_| {});
    let queues = Matchmaker::new(&store);
    let mut random = Random(seed.parse().unwrap());
    report("ready");
    loop {
        let player = format!("p{}", random.next(PLAYERS));
        let seeker = Seeker { player: player.clone(), mu: random.next(9) as f64, sigma: 1.0, role: None };
        let done = match random.next(8) {
            0..5 => queues
                .enqueue("duel", &Ticket { party: vec![seeker], ..Ticket::default() })
                .map(|ticket| report(&format!("ticket {}", ticket.id))),
            5 => queues.cancel("duel", 1 + random.next(200)),
            6 => answer(&store, &queues, &mut random),
            _ => queues.tick("duel", &format!("holder {seed}"), 1).map(|tick| {
                tick.matches.iter().for_each(|made| report(&format!("match {}", made.id)));
            }),
        };
        if let Err(error) = done {
            let everyday = matches!(
                error.kind(),
                Kind::Exists
                    | Kind::NotFound
                    | Kind::Conflict
                    | Kind::Busy
                    | Kind::AlreadyMatched
                    | Kind::Expired
            );
            assert!(everyday, "{error}");
        }
    }
}

/// Somebody of some match says whether they are ready.
fn answer(store: &Store, queues: &Matchmaker<'_>, random: &mut Random) -> joinly_storage::Result<()> {
    let start = format!("match:duel-{}", random.next(1000));
    let page = store.scan(&Scan::range(start.as_bytes(), b"match;").limit(64))?;
    let some = page.rows.iter().map(decode).find(|made| made.state == MatchState::Pending);
    let Some(made) = some else { return Ok(()) };
    let player = made.players().nth(random.next(2) as usize).expect("two players");
    match random.next(4) {
        0 => queues.decline(&made.id, player),
        _ => queues.accept(&made.id, player).map(drop),
    }
}

fn decode(row: &Row) -> Match {
    serde_json::from_slice(row.value.as_ref().expect("a value")).expect("a match")
}

fn matches(store: &Store) -> Vec<Match> {
    let (mut scan, mut found) = (Scan::prefix(b"match:"), Vec::new());
    loop {
        let page = store.scan(&scan).unwrap();
        found.extend(page.rows.iter().map(decode));
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => return found,
        }
    }
}

/// What was acknowledged, and when: what has ended is kept for ten minutes.
type Noted<T> = BTreeMap<T, Instant>;
const KEPT: Duration = Duration::from_secs(300);

/// What holds at any time, and so now that all are dead.
fn check_all(store: &Store, tickets: &Noted<u64>, made: &Noted<String>) {
    let (queues, lobbies) = (Matchmaker::new(store), Lobbies::new(store));
    let all = matches(store);
    let ids: BTreeSet<_> = all.iter().map(|made| made.id.clone()).collect();
    for (id, noted) in made {
        assert!(ids.contains(id) || noted.elapsed() > KEPT, "match {id} was lost");
    }
    let (mut of_ticket, mut of_lobby) = (BTreeMap::new(), BTreeMap::new());
    for made in &all {
        let lobby = made.lobby.expect("a lobby");
        assert_eq!(of_lobby.insert(lobby, &made.id), None, "lobby {lobby} is of two matches");
        check(&lobbies, lobby);
        assert_eq!(made.players().collect::<BTreeSet<_>>().len(), 2);
        if made.state != MatchState::Dissolved {
            for ticket in made.tickets() {
                assert_eq!(
                    of_ticket.insert(ticket.ticket, &made.id),
                    None,
                    "{} is matched twice",
                    ticket.ticket
                );
            }
        }
    }
    let mut waiting = BTreeSet::new();
    for (id, noted) in tickets {
        let ticket = match queues.ticket("duel", *id) {
            Err(error) if error.kind() == Kind::NotFound && noted.elapsed() > KEPT => continue,
            ticket => ticket.expect("a ticket that was acknowledged"),
        };
        match ticket.state {
            State::Queued => {
                let player = ticket.party[0].player.clone();
                assert!(waiting.insert(player), "{ticket:?} waits twice");
                assert!(!of_ticket.contains_key(id), "{ticket:?} waits and is matched");
            }
            State::Matched | State::Accepted => {
                assert_eq!(of_ticket.get(id).copied(), ticket.match_id.as_ref())
            }
            State::Cancelled | State::Expired => {}
        }
    }
}

#[test]
fn matches_survive_processes_that_are_killed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("matches.db");
    let store: Store = open(&file, |_| {});
    let leases = 3_600_000;
    let timing = Timing { member_ms: leases, reservation_ms: leases, stale_ms: leases, close_ms: leases };
    let rules = Rules { accept_ms: 3_600_000, ..Rules::default() };
    let lobby = Some(Create { timing, exclusive: false, ..Create::default() });
    Matchmaker::new(&store).configure("duel", &Queue { rules, lobby, ..Queue::default() }).unwrap();
    let kills = number_from_environment("JOINLY_KILLS", 200) / 2;
    let mut random = Random(20_251_121);
    let mut seed = 0_u64;
    let mut spawn = || {
        seed += 1;
        Child::spawn("matches", &[file.to_str().unwrap(), &(seed * 6_700_417).to_string()])
    };
    let mut children: Vec<_> = (0..PROCESSES).map(|_| spawn()).collect();
    let (mut tickets, mut made) = (Noted::new(), Noted::new());
    let mut note = |line: &str| match line.split_once(' ') {
        Some(("ticket", id)) => drop(tickets.insert(id.parse().unwrap(), Instant::now())),
        Some(("match", id)) => drop(made.insert(id.to_owned(), Instant::now())),
        _ => {}
    };
    for _ in 0..kills {
        let victim = &mut children[random.next(PROCESSES as u64) as usize];
        note(&victim.line().expect("a child ended by itself"));
        std::thread::sleep(Duration::from_micros(random.next(20_000)));
        victim.kill();
        while let Some(line) = victim.line() {
            note(&line);
        }
        *victim = spawn();
    }
    for mut child in children {
        child.kill();
        while let Some(line) = child.line() {
            note(&line);
        }
    }
    assert!(!made.is_empty() && tickets.len() > made.len());
    check_all(&store, &tickets, &made);
    store.verify().unwrap();
}
