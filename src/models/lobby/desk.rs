//! Lobbies in a transaction: read before a rule decides, written back with the events that it made.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::chance::Chance;
use super::rules::Turn;
use super::state::{Ban, Lobby, Private, Room, Seat, State};
use super::{code, history, keys};
use crate::error::{Kind, Result};
use crate::models::document::{self, decode};
use crate::models::{Refusal, Step};
use crate::store::{Scan, Transaction};

/// How long an answered request is remembered, in milliseconds.
pub(super) const REQUEST_MS: u64 = 3_600_000;

/// Codes tried until one is free.
const CODE_TRIES: u32 = 16;

/// Whose seats, bans and invitations a rule needs.
#[derive(Clone, Copy)]
pub(super) enum Seats<'a> {
    /// These players'.
    Of(&'a [&'a str]),
    /// All.
    All,
    /// This player's, who gives it up: all, if others have to be thought of then.
    Leaver(&'a str),
}

/// A lobby that is being changed.
pub(super) struct Opened {
    pub turn: Turn,
    /// What was read of it.
    before: Room,
}

/// A transaction of lobbies.
pub(super) struct Desk<'t> {
    pub txn: &'t mut Transaction,
    pub now: i64,
    /// The time by which leases are judged.
    pub lease_time: i64,
}

impl<'t> Desk<'t> {
    pub fn new(txn: &'t mut Transaction, now: i64) -> Self {
        let lease_time = txn.lease_time(now);
        Self { txn, now, lease_time }
    }

    /// Reads what a rule needs, as time has made it.
    pub fn open(&mut self, id: u64, seats: Seats<'_>, actor: Option<&str>) -> Step<Opened> {
        let lobby = self.lobby(id)?;
        let due = Turn::is_due(&lobby, self.lease_time);
        let last = |player| lobby.members <= 1 || lobby.owner.as_deref() == Some(player);
        let before = match seats {
            Seats::Of(players) if !due => self.part(lobby, players)?,
            Seats::Leaver(player) if !due && !last(player) => self.part(lobby, &[player])?,
            _ => self.whole(lobby)?,
        };
        let mut turn = Turn::new(before.clone(), self.now, actor).judged_at(self.lease_time);
        if due {
            turn.settle()?;
        }
        Ok(Opened { turn, before })
    }

    /// The document that everybody may know.
    pub fn lobby(&mut self, id: u64) -> Step<Lobby> {
        self.read(&keys::lobby(id))?.ok_or_else(|| Refusal(super::missing(id)).into())
    }

    pub fn read<T: DeserializeOwned>(&mut self, key: &[u8]) -> Result<Option<T>> {
        document::get(self.txn, key)
    }

    pub fn write(&mut self, key: &[u8], document: &impl Serialize) -> Result<()> {
        document::put(self.txn, key, document)
    }

    fn private(&mut self, lobby: &Lobby) -> Result<Private> {
        match lobby.private {
            true => Ok(self.read(&keys::private(lobby.id))?.unwrap_or_default()),
            false => Ok(Private::default()),
        }
    }

    fn part(&mut self, lobby: Lobby, players: &[&str]) -> Result<Room> {
        let (mut seats, mut bans, mut invites) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for player in players {
            if let Some(seat) = document::get_unlikely(self.txn, keys::seat(lobby.id, player))? {
                seats.insert((*player).to_owned(), seat);
            }
            if lobby.banned > 0
                && let Some(ban) = document::get_unlikely(self.txn, keys::ban(lobby.id, player))?
            {
                bans.insert((*player).to_owned(), ban);
            }
            if lobby.invited > 0
                && let Some(invite) = self.read(&keys::invite(lobby.id, player))?
            {
                invites.insert((*player).to_owned(), invite);
            }
        }
        Ok(Room { private: self.private(&lobby)?, lobby, seats, bans, invites })
    }

    /// The lobby with all its seats, bans and invitations. A change of them is one of the lobby too, and a seat that is removed is read
    /// by itself: so heartbeats of the others are no conflict.
    pub fn whole(&mut self, lobby: Lobby) -> Result<Room> {
        let seats: BTreeMap<String, Seat> = self.rows(&keys::seats(lobby.id))?;
        let bans: BTreeMap<String, Ban> =
            if lobby.banned > 0 { self.rows(&keys::bans(lobby.id))? } else { BTreeMap::new() };
        let invites = if lobby.invited > 0 { self.rows(&keys::invites(lobby.id))? } else { BTreeMap::new() };
        Ok(Room { private: self.private(&lobby)?, lobby, seats, bans, invites })
    }

    fn rows<T: DeserializeOwned>(&mut self, scan: &Scan) -> Result<BTreeMap<String, T>> {
        let (mut rows, mut scan) = (BTreeMap::new(), scan.clone());
        loop {
            let page = self.txn.peek(&scan)?;
            for row in &page.rows {
                let player = keys::last_part(&row.key)?.to_owned();
                rows.insert(player, decode(&row.key, row.value.as_deref().unwrap_or_default())?);
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(rows),
            }
        }
    }

    /// A code that no live lobby has.
    pub fn free_code(&mut self, chance: &Chance) -> Step<String> {
        for _ in 0..CODE_TRIES {
            let code = code::of(chance.bits()?);
            let taken = match document::get_unlikely::<u64>(self.txn, keys::code(&code))? {
                Some(other) => {
                    self.read::<Lobby>(&keys::lobby(other))?.is_some_and(|it| is_live(&it, self.lease_time))
                }
                None => false,
            };
            if !taken {
                return Ok(code);
            }
        }
        Err(Refusal::new(Kind::OutOfRange, "nearly every code is taken").into())
    }

    /// Writes a created lobby.
    pub fn create(&mut self, turn: Turn) -> Step<Room> {
        let lobby = &turn.room().lobby;
        self.write(&keys::code(&lobby.code), &lobby.id)?;
        self.write(&keys::made(&lobby.kind), &lobby.id)?;
        let before = Room {
            lobby: Lobby { version: 0, ..lobby.clone() },
            private: Private::default(),
            seats: BTreeMap::new(),
            bans: BTreeMap::new(),
            invites: BTreeMap::new(),
        };
        self.save(Opened { turn, before })
    }

    /// Writes what a rule has changed; answers what it had read, changed.
    pub fn save(&mut self, Opened { turn, before }: Opened) -> Step<Room> {
        let (mut room, events) = turn.finish();
        if room.lobby == before.lobby {
            return Ok(room);
        }
        self.save_seats(&room, &before)?;
        self.save_bans(&room, &before)?;
        self.save_invites(&room, &before)?;
        let id = room.lobby.id;
        if room.lobby.private && room.private != before.private {
            self.write(&keys::private(id), &room.private)?;
        } else if before.lobby.private && !room.lobby.private {
            self.txn.delete(&keys::private(id))?;
        }
        if room.lobby.state == State::Closed && before.lobby.state != State::Closed {
            self.release(&keys::code(&room.lobby.code), id)?;
        }
        for event in &events {
            self.write(&keys::event(id, event.version), event)?;
        }
        history::prune(self, &mut room.lobby)?;
        self.write(&keys::lobby(id), &room.lobby)?;
        Ok(room)
    }

    fn save_bans(&mut self, room: &Room, before: &Room) -> Result<()> {
        for (player, ban) in room.bans.iter().filter(|(player, ban)| before.bans.get(*player) != Some(ban)) {
            self.write(&keys::ban(room.lobby.id, player), ban)?;
        }
        for player in before.bans.keys().filter(|player| !room.bans.contains_key(*player)) {
            self.txn.delete(&keys::ban(room.lobby.id, player))?;
        }
        Ok(())
    }

    fn save_invites(&mut self, room: &Room, before: &Room) -> Result<()> {
        let id = room.lobby.id;
        for (player, invite) in &room.invites {
            if before.invites.get(player) != Some(invite) {
                self.write(&keys::invite(id, player), invite)?;
                self.write(&keys::invitation(player, id), invite)?;
            }
        }
        for player in before.invites.keys().filter(|player| !room.invites.contains_key(*player)) {
            self.txn.delete(&keys::invite(id, player))?;
            self.txn.delete(&keys::invitation(player, id))?;
        }
        Ok(())
    }

    fn save_seats(&mut self, room: &Room, before: &Room) -> Step<()> {
        let id = room.lobby.id;
        let is_member = |seat: Option<&Seat>| seat.is_some_and(|seat| seat.member.is_some());
        for (player, seat) in &room.seats {
            let old = before.seats.get(player);
            if old == Some(seat) {
                continue;
            }
            self.write(&keys::seat(id, player), seat)?;
            if room.lobby.exclusive && is_member(Some(seat)) && !is_member(old) {
                self.engage(&room.lobby, player)?;
            }
        }
        for (player, seat) in before.seats.iter().filter(|(player, _)| !room.seats.contains_key(*player)) {
            self.txn.delete(&keys::seat(id, player))?;
            if room.lobby.exclusive && is_member(Some(seat)) {
                self.release(&keys::player(&room.lobby.kind, player), id)?;
            }
        }
        Ok(())
    }

    /// Notes that a player is in an exclusive lobby, unless they are in another one.
    fn engage(&mut self, lobby: &Lobby, player: &str) -> Step<()> {
        let key = keys::player(&lobby.kind, player);
        if let Some(other) = document::get_unlikely::<u64>(self.txn, &key)?.filter(|other| *other != lobby.id)
            && self.is_member(other, player)?
        {
            let text = format!("{player:?} is in lobby {other}");
            return Err(Refusal::new(Kind::Exists, text).into());
        }
        Ok(self.write(&key, &lobby.id)?)
    }

    /// Whether a player is a member by leases that are good: a note of it may outlive them.
    fn is_member(&mut self, id: u64, player: &str) -> Result<bool> {
        let lobby: Option<Lobby> = self.read(&keys::lobby(id))?;
        if !lobby.is_some_and(|lobby| is_live(&lobby, self.lease_time)) {
            return Ok(false);
        }
        let seat: Option<Seat> = self.read(&keys::seat(id, player))?;
        Ok(seat.is_some_and(|seat| seat.member.is_some() && seat.deadline > self.lease_time))
    }

    /// Deletes a note if it is of this lobby.
    fn release(&mut self, key: &[u8], id: u64) -> Result<()> {
        if self.read::<u64>(key)? == Some(id) {
            self.txn.delete(key)?;
        }
        Ok(())
    }
}

/// Whether a lobby is not closed, nor due to be.
pub(super) fn is_live(lobby: &Lobby, now: i64) -> bool {
    lobby.state != State::Closed && lobby.closes_at() > now
}
