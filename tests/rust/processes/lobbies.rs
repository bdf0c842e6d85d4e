//! Processes that use the same lobbies and are killed at random moments: the rules hold, what was acknowledged is told, and
//! the places of the dead are free once their leases have passed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use joinly_storage::models::lobby::{By, Create, Join, Lobbies, PollAll, Reserve, Timing};
use joinly_storage::{Kind, Store};
use serde_json::json;

use super::{Child, Random, number_from_environment, open, report};
use crate::lobby_support::check;
use crate::support::eventually;

const LOBBIES: u64 = 3;
const PROCESSES: usize = 3;
const PLAYERS: u64 = 12;
const SEATS: u32 = 5;
const MEMBER_MS: i64 = 400;

/// Makes calls until it is killed; reports the lobby and the event of each that was done.
pub fn child(arguments: &[&str]) {
    let [file, seed] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |_| {});
    let lobbies = Lobbies::new(&store);
    let mut random = Random(seed.parse().unwrap());
    report("ready");
    loop {
        let id = 1 + random.next(LOBBIES);
        let player = format!("p{}", random.next(PLAYERS));
        let other = format!("p{}", random.next(PLAYERS));
        let done = match random.next(12) {
            0..5 => lobbies.enter(id, vec![Join::of(&player)]),
            5 => lobbies.join(id, Join::of(&player)).map(|joined| joined.done),
            6 if player != other => lobbies.enter(id, vec![Join::of(&player), Join::of(&other)]),
            6 | 7 => lobbies.leave(id, &player),
            8 => lobbies.kick(id, &By::Host, &player),
            9 => lobbies.reserve(id, &By::Host, &[Reserve { for_ms: Some(100), ..Reserve::of(&player) }]),
            10 => lobbies.patch_member(
                id,
                &player,
                &[("n".to_owned(), Some(json!(random.next(9))))].into(),
                None,
            ),
            _ => lobbies.heartbeat(id, &[&player]).and_then(|_| lobbies.say(id, &player, "hi")),
        };
        match done {
            Ok(done) => report(&format!("{} {}", done.lobby, done.sequence)),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    Kind::LobbyFull | Kind::Exists | Kind::NotFound | Kind::Conflict | Kind::Busy
                ),
                "{error}"
            ),
        }
    }
}

/// Follows what happens in all lobbies: the events of none have a gap.
#[derive(Default)]
struct Follower {
    last: u64,
    versions: BTreeMap<u64, u64>,
}

impl Follower {
    fn follow(&mut self, lobbies: &Lobbies<'_>) {
        loop {
            let PollAll::Happened { commits, next } = lobbies.poll_all(self.last, 256).unwrap() else {
                panic!("something is missing after {}", self.last)
            };
            self.last = next;
            if commits.is_empty() {
                return;
            }
            for commit in commits {
                for event in commit.events {
                    let version = self.versions.entry(event.lobby).or_default();
                    assert_eq!(event.version, *version + 1);
                    *version = event.version;
                }
            }
        }
    }
}

/// One exclusive lobby for each player, now that nobody enters any; leases may still end between two looks.
fn check_exclusive(lobbies: &Lobbies<'_>) {
    let mut places = BTreeMap::new();
    for id in 1..=LOBBIES {
        let room = check(lobbies, id);
        for seat in room.seats.values().filter(|seat| seat.member.is_some()) {
            assert_eq!(places.insert(seat.player.clone(), id), None, "{} is in two lobbies", seat.player);
            match lobbies.of_player("", &seat.player).unwrap() {
                Some(noted) => assert_eq!(noted, id),
                None => assert!(!lobbies.room(id).unwrap().seats.contains_key(&seat.player)),
            }
        }
    }
}

#[test]
fn lobbies_survive_processes_that_are_killed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("lobbies.db");
    let store: Store = open(&file, |_| {});
    let lobbies = Lobbies::new(&store);
    let timing = Timing { member_ms: MEMBER_MS, stale_ms: 3_600_000, ..Timing::default() };
    for id in 1..=LOBBIES {
        let create = Create {
            max_members: SEATS,
            keep_empty: true,
            timing,
            keep_events: 100_000,
            ..Create::default()
        };
        assert_eq!(lobbies.create(create).unwrap().lobby, id);
    }
    let kills = number_from_environment("JOINLY_KILLS", 200) / 2;
    let mut random = Random(20_250_601);
    let mut seed = 0;
    let mut spawn = || {
        seed += 1;
        Child::spawn("lobbies", &[file.to_str().unwrap(), &(seed * 7919).to_string()])
    };
    let mut children: Vec<_> = (0..PROCESSES).map(|_| spawn()).collect();
    let (mut acknowledged, mut follower) = (BTreeMap::<u64, u64>::new(), Follower::default());
    let mut note = |line: &str| {
        if let Some((lobby, version)) = line.split_once(' ') {
            let last = acknowledged.entry(lobby.parse().unwrap()).or_default();
            *last = (*last).max(version.parse().unwrap());
        }
    };
    for kill in 0..kills {
        let victim = &mut children[random.next(PROCESSES as u64) as usize];
        for _ in 0..1 + random.next(20) {
            note(&victim.line().expect("a child ended by itself"));
        }
        std::thread::sleep(Duration::from_micros(random.next(3000)));
        victim.kill();
        while let Some(line) = victim.line() {
            note(&line);
        }
        *victim = spawn();
        follower.follow(&lobbies);
        if kill % 10 == 0 {
            check(&lobbies, 1 + kill / 10 % LOBBIES);
        }
    }
    for mut child in children {
        child.kill();
        while let Some(line) = child.line() {
            note(&line);
        }
    }
    follower.follow(&lobbies);
    for (lobby, version) in acknowledged {
        assert!(follower.versions[&lobby] >= version, "event {version} of lobby {lobby} was lost");
    }
    check_exclusive(&lobbies);
    // Nobody is left to renew the leases.
    eventually("the seats of the dead are free", || {
        (1..=LOBBIES).all(|id| lobbies.room(id).unwrap().seats.is_empty())
    });
    for id in 1..=LOBBIES {
        lobbies.join(id, Join::of(&format!("new{id}"))).unwrap();
    }
    check_exclusive(&lobbies);
    store.verify().unwrap();
}
