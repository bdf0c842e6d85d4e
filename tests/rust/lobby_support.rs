//! What the suites of lobbies share.

use joinly_storage::models::lobby::{By, Create, Event, Join, Lobbies, Migration, Poll, Room, Viewer};
use joinly_storage::{Kind, Result};

pub fn of(owner: &str) -> Create {
    Create { owner: Some(Join::of(owner)), ..Create::default() }
}

pub fn owner(player: &str, epoch: u64) -> By {
    By::Owner { player: player.to_owned(), epoch }
}

pub fn members(room: &Room) -> Vec<&str> {
    let mut seats: Vec<_> = room.seats.values().filter(|seat| seat.member.is_some()).collect();
    seats.sort_by_key(|seat| seat.number);
    seats.into_iter().map(|seat| seat.player.as_str()).collect()
}

pub fn events(lobbies: &Lobbies<'_>, id: u64, mut after: u64) -> Vec<Event> {
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

/// Tries again what lost a race, as callers do.
pub fn persist<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Busy) => {}
            result => return result,
        }
    }
}
