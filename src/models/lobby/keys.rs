//! Where a lobby's documents are. Only those that everybody may know begin with `lobby:`, so that a list of lobbies is one.

use std::ops::Bound;

use crate::engine::Range;
use crate::error::{Error, Kind, Result};
use crate::store::Scan;

/// Before the lobbies' ids.
pub const LOBBY: &str = "lobby:";
/// The counter of ids.
pub const ID: &[u8] = b"lobby.id";
/// Before the events of all lobbies.
pub const EVENTS: &[u8] = b"lobby.event:";

/// What everybody may know.
pub fn lobby(id: u64) -> Vec<u8> {
    format!("{LOBBY}{id}").into_bytes()
}

/// What few may know.
pub fn private(id: u64) -> Vec<u8> {
    format!("lobby.private:{id}").into_bytes()
}

/// A seat.
pub fn seat(id: u64, player: &str) -> Vec<u8> {
    format!("lobby.seat:{id}:{player}").into_bytes()
}

/// All seats.
pub fn seats(id: u64) -> Scan {
    Scan::prefix(format!("lobby.seat:{id}:").as_bytes()).limit(crate::limits::MAX_PAGE_ROWS)
}

/// A ban.
pub fn ban(id: u64, player: &str) -> Vec<u8> {
    format!("lobby.ban:{id}:{player}").into_bytes()
}

/// All bans.
pub fn bans(id: u64) -> Scan {
    Scan::prefix(format!("lobby.ban:{id}:").as_bytes()).limit(crate::limits::MAX_PAGE_ROWS)
}

/// An invitation of a lobby.
pub fn invite(id: u64, player: &str) -> Vec<u8> {
    format!("lobby.invite:{id}:{player}").into_bytes()
}

/// All invitations of a lobby.
pub fn invites(id: u64) -> Scan {
    Scan::prefix(format!("lobby.invite:{id}:").as_bytes()).limit(crate::limits::MAX_PAGE_ROWS)
}

/// The same invitation, as one of its player.
pub fn invitation(player: &str, id: u64) -> Vec<u8> {
    format!("lobby.invited:{player}:{id}").into_bytes()
}

/// All invitations of a player.
pub fn invitations(player: &str) -> Scan {
    Scan::prefix(format!("lobby.invited:{player}:").as_bytes()).limit(crate::limits::MAX_PAGE_ROWS)
}

/// What is after the second colon of a key.
pub fn last_part(key: &[u8]) -> Result<&str> {
    let key = std::str::from_utf8(key).ok();
    let last = key.and_then(|key| key.splitn(3, ':').nth(2));
    last.ok_or_else(|| Error::new(Kind::Corrupt, "a key of a lobby is damaged"))
}

/// The lobby of an invitation of a player.
pub fn number_of(key: &[u8]) -> Result<u64> {
    let damaged = |_| Error::new(Kind::Corrupt, "the key of an invitation is damaged");
    last_part(key)?.parse().map_err(damaged)
}

/// An event. The keys of a lobby's are ordered as their numbers.
pub fn event(id: u64, version: u64) -> Vec<u8> {
    format!("lobby.event:{id}:{version:020}").into_bytes()
}

/// The events after a number.
pub fn events_after(id: u64, version: u64) -> Scan {
    let end = match Range::prefix(&events_prefix(id)).end {
        Bound::Excluded(end) => end,
        _ => Vec::new(),
    };
    Scan::range(&event(id, version.saturating_add(1)), &end)
}

/// Before all keys of a lobby's events.
pub fn events_prefix(id: u64) -> Vec<u8> {
    format!("lobby.event:{id}:").into_bytes()
}

/// The lobby as it was before the first event that is kept.
pub fn base(id: u64) -> Vec<u8> {
    format!("lobby.base:{id}").into_bytes()
}

/// Whose a code is.
pub fn code(code: &str) -> Vec<u8> {
    format!("lobby.code:{code}").into_bytes()
}

/// In which exclusive lobby of a kind a player is.
pub fn player(kind: &str, player: &str) -> Vec<u8> {
    format!("lobby.player:{kind}:{player}").into_bytes()
}

/// The lobby of a kind that was created last.
pub fn made(kind: &str) -> Vec<u8> {
    format!("lobby.made:{kind}").into_bytes()
}

/// What a request was answered.
pub fn request(id: &str) -> Vec<u8> {
    format!("lobby.request:{id}").into_bytes()
}
