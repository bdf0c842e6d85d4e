//! Events of lobbies: told without a gap, pruned, folded, waited for.

use std::time::Duration;

use joinly_storage::Kind;
use joinly_storage::models::lobby::{By, Change, Create, Join, Leaving, Lobbies, Poll, PollAll, Viewer};
use serde_json::json;

use crate::lobby_support::{check, events, of, owner, persist};
use crate::support::{Home, eventually, kind};

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
            let PollAll::Happened { commits, next } = lobbies.poll_all(last, 50).unwrap() else {
                panic!("a gap")
            };
            if commits.is_empty() {
                assert_eq!(next, stores[0].version().unwrap());
                break;
            }
            for told in commits {
                assert!(last < told.sequence && told.sequence <= next);
                last = told.sequence;
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
        let present = store.version().unwrap();
        assert_eq!(lobbies.poll_all(0, 10).unwrap(), PollAll::Resync(present));
        assert_eq!(lobbies.poll_all(u64::MAX, 10).unwrap(), PollAll::Resync(present));
        lobbies.close(id, &By::Host).unwrap();
        let swept = lobbies.sweep(0).unwrap();
        assert_eq!(swept.deleted, 1);
        assert_eq!(kind(lobbies.room(id)), Kind::NotFound);
        let rest: Vec<_> = store.scan(&joinly_storage::Scan::prefix(b"lobby")).unwrap().rows;
        let rest: Vec<_> = rest.iter().map(|row| String::from_utf8_lossy(&row.key).into_owned()).collect();
        assert_eq!(rest, ["lobby.id", "lobby.made:"]);
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

#[test]
fn a_listener_to_all_lobbies_is_woken_by_another_store() {
    let home = Home::sqlite();
    let (store, other) = (home.open(), home.open());
    let lobbies = Lobbies::new(&store);
    lobbies.create(of("ada")).unwrap();
    let begun = store.version().unwrap();
    let mut listener = lobbies.listen_all(begun).unwrap();
    let nothing = PollAll::Happened { commits: Vec::new(), next: begun };
    assert_eq!(listener.next(10, Duration::from_millis(1)).unwrap(), nothing);
    // What concerns no lobby is passed over.
    store.put(b"other", b"1").unwrap();
    let nothing = PollAll::Happened { commits: Vec::new(), next: begun + 1 };
    assert_eq!(listener.next(10, Duration::from_millis(1)).unwrap(), nothing);
    std::thread::scope(|scope| {
        scope.spawn(|| Lobbies::new(&other).create(of("bob")).unwrap());
        let mut told = Vec::new();
        eventually("a commit of another store", || {
            let PollAll::Happened { commits, .. } = listener.next(10, Duration::from_secs(5)).unwrap() else {
                panic!()
            };
            told.extend(commits);
            !told.is_empty()
        });
        assert_eq!((told[0].sequence, told[0].events.len()), (listener.after(), 3));
    });
    assert_eq!(listener.after(), store.version().unwrap());
}

#[test]
fn a_listener_to_all_lobbies_is_told_of_what_it_missed() {
    let home = Home::sqlite().with(|options| options.log_keep = 10);
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    lobbies.create(of("ada")).unwrap();
    for n in 0..500_u32 {
        store.put(b"other", &n.to_le_bytes()).unwrap();
    }
    let present = store.version().unwrap();
    assert_eq!(lobbies.poll_all(1, 10).unwrap(), PollAll::Resync(present));
    lobbies.create(of("bob")).unwrap();
    let PollAll::Happened { commits, .. } = lobbies.poll_all(present, 10).unwrap() else { panic!() };
    assert_eq!(commits.len(), 1);
}
