//! What happens in a lobby. A room is what its events make of it, one after the other, and nothing else changes it but the
//! heartbeats that renew its leases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{
    Ban, Chat, Invite, Lobby, Migration, Private, ReadyCheck, Room, Seat, State, Viewer, Visibility,
};
use crate::error::{Error, Kind, Result};
use crate::models::attribute::{self, AttributePatch};

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Of which lobby.
    pub lobby: u64,
    /// Its number in the lobby: from 1, without a gap.
    pub version: u64,
    /// When it was made.
    pub time: i64,
    /// The player who made it; None: the host, or time.
    pub actor: Option<String>,
    /// What happened.
    pub change: Change,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The lobby was created.
    Created {
        /// As it began.
        lobby: Box<Lobby>,
        /// What few may know.
        private: Box<Private>,
        /// Those for whom it keeps a seat from the beginning, in the order of their names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seats: Vec<Seat>,
    },
    /// A player joined.
    Joined {
        /// The seat.
        seat: Seat,
    },
    /// A seat was reserved, or its reservation renewed.
    Reserved {
        /// The seat.
        seat: Seat,
    },
    /// A seat was given up.
    Left {
        /// Whose.
        player: String,
        /// Why.
        why: Leaving,
    },
    /// A player may not join.
    Banned {
        /// Who.
        player: String,
        /// Until when; 0: for ever.
        until: i64,
    },
    /// A player may join again.
    Unbanned {
        /// Who.
        player: String,
    },
    /// A player was invited.
    Invited {
        /// Who.
        player: String,
        /// By whom; None: by the host.
        by: Option<String>,
        /// Until when it admits.
        until: i64,
    },
    /// An invitation ended without its player having joined.
    Uninvited {
        /// Whose.
        player: String,
        /// Why.
        why: Uninviting,
    },
    /// The ownership went on.
    Owner {
        /// To whom.
        owner: Option<String>,
    },
    /// The state changed.
    Moved {
        /// To what.
        to: State,
        /// Why.
        why: Moving,
        /// Until when all must be ready, where that was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ready_by: Option<i64>,
    },
    /// A member is ready, or not any more.
    Ready {
        /// Who.
        player: String,
        /// Which of them.
        ready: bool,
    },
    /// Fields of the lobby changed.
    Patched {
        /// Which, and to what.
        patch: Box<LobbyPatch>,
    },
    /// Attributes of a member changed.
    MemberPatched {
        /// Whose.
        player: String,
        /// Which, and to what.
        attributes: AttributePatch,
    },
    /// A member said something.
    Said {
        /// Who.
        player: String,
        /// What.
        text: String,
    },
}

/// Why a seat was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// The player left.
    Left,
    /// The player was removed.
    Kicked,
    /// The lease or the reservation passed.
    Expired,
}

/// Why an invitation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uninviting {
    /// It was taken back.
    Revoked,
    /// Its time was over.
    Expired,
}

/// Why the state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moving {
    /// The owner or the host said so.
    Asked,
    /// All are ready.
    Ready,
    /// A deadline passed.
    Expired,
    /// A member left while the lobby was starting.
    MemberLeft,
    /// The owner left, and the lobby ends with that.
    OwnerLeft,
    /// Nobody is left.
    Empty,
}

/// New values for fields of a lobby; None leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LobbyPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// The build that joining players need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// How many seats it has; not of a lobby with teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_members: Option<u32>,
    /// Whether players may join while it is in game.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backfill: Option<bool>,
    /// What becomes of the ownership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    /// How much members may say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// The password; an empty one removes it. Events hold its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Attributes for everybody.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: AttributePatch,
    /// Attributes for members.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub member_attributes: AttributePatch,
    /// Attributes for the owner.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub owner_attributes: AttributePatch,
}

impl LobbyPatch {
    fn seen_by(mut self, viewer: Viewer) -> Self {
        self.password = self.password.map(|_| String::new());
        if viewer < Viewer::Owner {
            self.owner_attributes.clear();
        }
        self
    }
}

impl Event {
    /// What a member or owner is told of it: no hash of a password, and no attribute that is not for them.
    pub fn seen_by(mut self, viewer: Viewer) -> Self {
        match &mut self.change {
            Change::Created { private, .. } => {
                private.password = None;
                if viewer < Viewer::Owner {
                    private.owner_attributes.clear();
                }
            }
            Change::Patched { patch } => **patch = std::mem::take(&mut **patch).seen_by(viewer),
            _ => {}
        }
        self
    }
}

impl Room {
    /// The room that a first event makes.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when it is no first event.
    pub fn created(event: &Event) -> Result<Self> {
        match &event.change {
            Change::Created { lobby, private, seats } if event.version == 1 && lobby.id == event.lobby => {
                Ok(Self {
                    lobby: (**lobby).clone(),
                    private: (**private).clone(),
                    seats: seats.iter().map(|seat| (seat.player.clone(), seat.clone())).collect(),
                    bans: BTreeMap::new(),
                    invites: BTreeMap::new(),
                })
            }
            _ => Err(damaged(event, "does not begin a lobby")),
        }
    }

    /// Makes of the room what an event says.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the event does not follow: then the room is to be thrown away.
    pub fn apply(&mut self, event: &Event) -> Result<()> {
        if event.lobby != self.lobby.id || event.version != self.lobby.version + 1 {
            return Err(damaged(event, "does not follow"));
        }
        self.lobby.version = event.version;
        match &event.change {
            Change::Created { .. } => Err(damaged(event, "begins a lobby again")),
            Change::Joined { seat } | Change::Reserved { seat } => self.sit(event, seat),
            Change::Left { player, .. } => self.rise(event, player),
            Change::Banned { player, until } => {
                let old = self.bans.insert(player.clone(), Ban { until: *until });
                self.lobby.banned += u32::from(old.is_none());
                Ok(())
            }
            Change::Unbanned { player } => {
                let old = self.bans.remove(player);
                self.lobby.banned = self.lobby.banned.saturating_sub(u32::from(old.is_some()));
                Ok(())
            }
            Change::Owner { owner } => {
                self.lobby.owner.clone_from(owner);
                self.lobby.epoch += 1;
                Ok(())
            }
            Change::Moved { to, ready_by, .. } => self.go(event, *to, *ready_by),
            Change::Ready { player, ready } => self.answer(event, player, *ready),
            Change::Patched { patch } => self.patch(patch),
            Change::MemberPatched { player, attributes } => {
                let member = self.seats.get_mut(player).and_then(|seat| seat.member.as_mut());
                let member = member.ok_or_else(|| damaged(event, "is of nobody here"))?;
                attribute::patch(&mut member.attributes, attributes)
            }
            Change::Said { player, .. } => self.speak(event, player),
            Change::Invited { player, by, until } => {
                let invite = Invite { by: by.clone(), until: *until };
                let old = self.invites.insert(player.clone(), invite);
                self.lobby.invited += u32::from(old.is_none());
                self.lobby.lease.next = self.lobby.lease.next.min(*until);
                Ok(())
            }
            Change::Uninvited { player, .. } => {
                self.uninvite(player);
                Ok(())
            }
        }
    }

    fn uninvite(&mut self, player: &str) {
        let old = self.invites.remove(player);
        self.lobby.invited = self.lobby.invited.saturating_sub(u32::from(old.is_some()));
    }

    /// The generic cell rate algorithm: of each member, the time when all that they said is forgotten.
    fn speak(&mut self, event: &Event, player: &str) -> Result<()> {
        let chat = self.lobby.chat;
        if !chat.is_unlimited() {
            let member = self.seats.get_mut(player).and_then(|seat| seat.member.as_mut());
            let member = member.ok_or_else(|| damaged(event, "is of nobody here"))?;
            member.spoken = member.spoken.max(event.time).saturating_add(chat.every_ms);
        }
        Ok(())
    }

    fn sit(&mut self, event: &Event, seat: &Seat) -> Result<()> {
        let lobby = &mut self.lobby;
        match self.seats.get(&seat.player) {
            Some(old) if old.member.is_some() || (old.number, old.team) != (seat.number, seat.team) => {
                return Err(damaged(event, "is of a player who has another seat"));
            }
            Some(_) => lobby.reserved = lobby.reserved.saturating_sub(1),
            None => {
                if !lobby.free_seats.remove(&seat.number) {
                    if seat.number != lobby.next_seat {
                        return Err(damaged(event, "takes a seat that is not free"));
                    }
                    lobby.next_seat += 1;
                }
                if let Some(team) = lobby.teams.get_mut(seat.team as usize) {
                    team.taken += 1;
                }
            }
        }
        if seat.member.is_some() {
            self.uninvite(&seat.player);
        }
        let lobby = &mut self.lobby;
        *(if seat.member.is_some() { &mut lobby.members } else { &mut lobby.reserved }) += 1;
        lobby.lease.next = lobby.lease.next.min(seat.deadline);
        self.seats.insert(seat.player.clone(), seat.clone());
        Ok(())
    }

    fn rise(&mut self, event: &Event, player: &str) -> Result<()> {
        let seat = self.seats.remove(player).ok_or_else(|| damaged(event, "is of nobody here"))?;
        let lobby = &mut self.lobby;
        let count = if seat.member.is_some() { &mut lobby.members } else { &mut lobby.reserved };
        *count = count.checked_sub(1).ok_or_else(|| damaged(event, "empties an empty lobby"))?;
        lobby.free_seats.insert(seat.number);
        if let Some(team) = lobby.teams.get_mut(seat.team as usize) {
            team.taken = team.taken.saturating_sub(1);
        }
        Ok(())
    }

    fn go(&mut self, event: &Event, to: State, ready_by: Option<i64>) -> Result<()> {
        let lobby = &mut self.lobby;
        if !lobby.state.may_become(to) {
            return Err(damaged(event, "is no move"));
        }
        lobby.state = to;
        lobby.ready_check = None;
        if let Some(deadline) = ready_by {
            lobby.ready_checks += 1;
            lobby.ready_check = Some(ReadyCheck { number: lobby.ready_checks, deadline, ready: 0 });
            lobby.lease.next = lobby.lease.next.min(deadline);
        }
        if to == State::Closed {
            (lobby.members, lobby.reserved, lobby.owner) = (0, 0, None);
            (lobby.next_seat, lobby.lease.next) = (0, i64::MAX);
            lobby.free_seats.clear();
            lobby.teams.iter_mut().for_each(|team| team.taken = 0);
            self.seats.clear();
            self.invites.clear();
            lobby.invited = 0;
        }
        Ok(())
    }

    fn answer(&mut self, event: &Event, player: &str, ready: bool) -> Result<()> {
        let member = self.seats.get_mut(player).and_then(|seat| seat.member.as_mut());
        let (Some(member), Some(check)) = (member, &mut self.lobby.ready_check) else {
            return Err(damaged(event, "answers what was not asked"));
        };
        if (member.ready == check.number) == ready {
            return Err(damaged(event, "answers again"));
        }
        member.ready = if ready { check.number } else { 0 };
        check.ready = if ready { check.ready + 1 } else { check.ready.saturating_sub(1) };
        Ok(())
    }

    fn patch(&mut self, patch: &LobbyPatch) -> Result<()> {
        fn set<T: Clone>(field: &mut T, new: &Option<T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        let (lobby, private) = (&mut self.lobby, &mut self.private);
        set(&mut lobby.name, &patch.name);
        set(&mut lobby.visibility, &patch.visibility);
        set(&mut lobby.build, &patch.build);
        set(&mut lobby.max_members, &patch.max_members);
        set(&mut lobby.backfill, &patch.backfill);
        set(&mut lobby.migration, &patch.migration);
        set(&mut lobby.chat, &patch.chat);
        if let Some(hash) = &patch.password {
            private.password = (!hash.is_empty()).then(|| hash.clone());
            lobby.protected = private.password.is_some();
        }
        attribute::patch(&mut lobby.attributes, &patch.attributes)?;
        attribute::patch(&mut private.member_attributes, &patch.member_attributes)?;
        attribute::patch(&mut private.owner_attributes, &patch.owner_attributes)?;
        lobby.private = *private != Private::default();
        Ok(())
    }
}

fn damaged(event: &Event, what: &str) -> Error {
    let Event { lobby, version, .. } = event;
    Error::new(Kind::Corrupt, format!("event {version} of lobby {lobby} {what}"))
}
