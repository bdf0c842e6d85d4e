//! What a lobby is: documents, one for what everybody may know, one for what few may, one for each seat and each ban.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::models::Attributes;

/// Where a lobby is in its life. The moves: open and locked to each other; both to starting; starting to in game, or back to
/// open; in game to open; any to closed, which is the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Who passes the checks may join.
    #[default]
    Open,
    /// Only who has a reservation may.
    Locked,
    /// About to play, mostly until all are ready.
    Starting,
    /// Playing.
    InGame,
    /// Over for good.
    Closed,
}

impl State {
    /// Whether there is such a move.
    pub fn may_become(self, next: Self) -> bool {
        use State::{Closed, InGame, Locked, Open, Starting};
        matches!(
            (self, next),
            (Open, Locked | Starting)
                | (Locked, Open | Starting)
                | (Starting, InGame | Open)
                | (InGame, Open)
        ) || (self != Closed && next == Closed)
    }
}

/// Who finds a lobby and may join it without a reservation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// Whom the game vouches for as a friend, and who has the code.
    Friends,
    /// Who has the code.
    Private,
}

/// What becomes of the ownership when the owner goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Migration {
    /// The member who joined first has it.
    #[default]
    Oldest,
    /// Nobody, until the host gives it to a member.
    Manual,
    /// Nobody any more.
    Never,
    /// The lobby closes.
    Close,
}

/// How long things are believed, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// A member after a heartbeat.
    pub member_ms: i64,
    /// A reservation.
    pub reservation_ms: i64,
    /// A lobby after a heartbeat of its owner or host; later it is stale: hidden and refusing joins until the next one.
    pub stale_ms: i64,
    /// A stale lobby, until it is closed.
    pub close_ms: i64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { member_ms: 30_000, reservation_ms: 15_000, stale_ms: 30_000, close_ms: 3_600_000 }
    }
}

/// How much each member may say: `burst` things at once, and then one every `every_ms` milliseconds; counted anew for who has
/// left and joined again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// How many at once; 0: as many as they like.
    pub burst: u32,
    /// How long it is until one more.
    pub every_ms: i64,
}

impl Chat {
    /// Whether members may say as much as they like.
    pub fn is_unlimited(&self) -> bool {
        self.burst == 0
    }
}

/// The leases of a lobby. Heartbeats renew them without an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Until when the lobby is not stale.
    pub deadline: i64,
    /// No lease or deadline of the lobby passes before this time: until then there is nothing that time alone changes.
    pub next: i64,
}

/// A team and its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// How many seats it has.
    pub size: u32,
    /// How many are taken, by members and reservations.
    pub taken: u32,
}

/// A question to all members whether they are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadyCheck {
    /// Which one of the lobby: from 1.
    pub number: u64,
    /// When the lobby opens again.
    pub deadline: i64,
    /// How many members are ready.
    pub ready: u32,
}

/// What everybody may know of a lobby: the document at `lobby:{id}`, by which it is searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lobby {
    /// Never used again.
    pub id: u64,
    /// Rises by one with every event: it is the number of the last one.
    pub version: u64,
    /// What sort of lobby: a word of the game's.
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// Where it is in its life.
    pub state: State,
    /// Who finds it.
    pub visibility: Visibility,
    /// The build that joining players need; empty: any.
    pub build: String,
    /// The code that people tell each other.
    pub code: String,
    /// Whether joining needs a password.
    pub protected: bool,
    /// When it was created, in milliseconds since 1970-01-01 UTC; so are all times.
    pub created: i64,
    /// The member who decides.
    pub owner: Option<String>,
    /// Rises with every change of the owner, so that a former one cannot decide any more.
    pub epoch: u64,
    /// What becomes of the ownership.
    pub migration: Migration,
    /// Whether a member can be in no other exclusive lobby of its kind.
    pub exclusive: bool,
    /// Whether players may join while it is in game.
    pub backfill: bool,
    /// Whether it stays when the last one leaves.
    pub keep_empty: bool,
    /// How many seats it has.
    pub max_members: u32,
    /// How many seats have members.
    pub members: u32,
    /// How many seats are reserved.
    pub reserved: u32,
    /// How many players are banned, those whose ban has passed among them.
    pub banned: u32,
    /// How many players are invited.
    #[serde(default, skip_serializing_if = "is_default")]
    pub invited: u32,
    /// Its teams, if it has any; their sizes add up to the seats.
    pub teams: Vec<Team>,
    /// Seats from this number on were never taken.
    pub next_seat: u32,
    /// Seats before that which are free.
    pub free_seats: BTreeSet<u32>,
    /// How many ready checks it has had.
    pub ready_checks: u64,
    /// The one under way.
    pub ready_check: Option<ReadyCheck>,
    /// How long things are believed.
    pub timing: Timing,
    /// Until when they are.
    pub lease: Lease,
    /// How much members may say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub chat: Chat,
    /// At least so many of the last events are kept.
    pub keep_events: u64,
    /// The number of the first event that is kept.
    pub first_event: u64,
    /// Whether there is a [`Private`] document.
    pub private: bool,
    /// Attributes for everybody.
    pub attributes: Attributes,
}

fn is_default<T: Default + PartialEq>(field: &T) -> bool {
    *field == T::default()
}

impl Lobby {
    /// Whether neither a member nor a reservation could be added.
    pub fn is_full(&self) -> bool {
        self.members.saturating_add(self.reserved) >= self.max_members
    }

    /// Whether its lease has passed: it is hidden and refuses joins.
    pub fn is_stale(&self, now: i64) -> bool {
        self.lease.deadline <= now
    }

    /// When a lobby that nobody revives closes.
    pub fn closes_at(&self) -> i64 {
        self.lease.deadline.saturating_add(self.timing.close_ms)
    }

    /// The lowest free seat.
    pub(super) fn free_seat(&self) -> u32 {
        self.free_seats.first().copied().unwrap_or(self.next_seat)
    }
}

/// What few may know of a lobby.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    /// The password's salted hash, as a PHC string.
    pub password: Option<String>,
    /// Attributes for members.
    pub member_attributes: Attributes,
    /// Attributes for the owner.
    pub owner_attributes: Attributes,
}

/// A seat: taken by a member or kept for a player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Whose it is.
    pub player: String,
    /// Which it is, from 0; no other seat of the lobby has it.
    pub number: u32,
    /// The team, 0 where there are none.
    pub team: u32,
    /// The role that the player has.
    pub role: String,
    /// Until when it is believed.
    pub deadline: i64,
    /// Who sits there; None: it is reserved.
    pub member: Option<Member>,
}

/// A player in a lobby.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The number of the event by which the player joined.
    pub joined: u64,
    /// The last ready check in which the player was ready.
    pub ready: u64,
    /// Attributes for members.
    pub attributes: Attributes,
    /// Until when what the player said counts against how much members may say; 0: it does not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spoken: i64,
}

/// A player whom a member, or the host, has invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Who invited; None: the host.
    pub by: Option<String>,
    /// Until when it admits.
    pub until: i64,
}

/// A player who may not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ban {
    /// Until when; 0: for ever.
    pub until: i64,
}

impl Ban {
    /// Whether it still counts.
    pub fn holds(&self, now: i64) -> bool {
        self.until == 0 || self.until > now
    }
}

/// A lobby with its seats, bans and invitations: all of them, or those that a change concerns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Room {
    /// What everybody may know.
    pub lobby: Lobby,
    /// What few may.
    pub private: Private,
    /// The seats, by player.
    pub seats: BTreeMap<String, Seat>,
    /// The bans, by player.
    pub bans: BTreeMap<String, Ban>,
    /// The invitations, by player.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub invites: BTreeMap<String, Invite>,
}

/// Who looks at a lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Viewer {
    /// Anybody.
    Public,
    /// A member.
    Member,
    /// The owner, or the host.
    Owner,
}

/// What a viewer sees of a lobby.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// What everybody may know. Its version is the number of the last event that it contains.
    pub lobby: Lobby,
    /// The seats, by number; for members only.
    pub seats: Vec<Seat>,
    /// Attributes for members.
    pub member_attributes: Attributes,
    /// Attributes for the owner.
    pub owner_attributes: Attributes,
    /// The bans, by player, those that have passed among them; for the owner only.
    pub bans: BTreeMap<String, Ban>,
    /// The invitations, by player; for members only.
    pub invites: BTreeMap<String, Invite>,
}

impl Room {
    /// What a player is here.
    pub fn viewer(&self, player: &str) -> Viewer {
        match self.seats.get(player) {
            Some(Seat { member: Some(_), .. }) if self.lobby.owner.as_deref() == Some(player) => {
                Viewer::Owner
            }
            Some(Seat { member: Some(_), .. }) => Viewer::Member,
            _ => Viewer::Public,
        }
    }

    /// What a viewer sees.
    pub fn seen_by(self, viewer: Viewer) -> Snapshot {
        let Self { lobby, private, seats, bans, invites } = self;
        let mut seats: Vec<_> =
            if viewer >= Viewer::Member { seats.into_values().collect() } else { Vec::new() };
        seats.sort_by_key(|seat| seat.number);
        let shown = |attributes, least| if viewer >= least { attributes } else { Attributes::new() };
        Snapshot {
            lobby,
            seats,
            member_attributes: shown(private.member_attributes, Viewer::Member),
            owner_attributes: shown(private.owner_attributes, Viewer::Owner),
            bans: if viewer >= Viewer::Owner { bans } else { BTreeMap::new() },
            invites: if viewer >= Viewer::Member { invites } else { BTreeMap::new() },
        }
    }

    /// The same without leases and without what pruning changes: what events tell completely.
    pub fn without_leases(mut self) -> Self {
        self.lobby.lease = Lease::default();
        self.lobby.first_event = 0;
        for seat in self.seats.values_mut() {
            seat.deadline = 0;
        }
        self
    }

    /// The earliest time at which time alone changes something. Of a complete room.
    pub(super) fn next_deadline(&self) -> i64 {
        if self.lobby.state == State::Closed {
            return i64::MAX;
        }
        let seats = self.seats.values().map(|seat| seat.deadline);
        let ready = self.lobby.ready_check.map(|check| check.deadline);
        let invites = self.invites.values().map(|invite| invite.until);
        seats.chain(ready).chain(invites).fold(self.lobby.closes_at(), i64::min)
    }
}
