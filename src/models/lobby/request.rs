//! What callers ask for.

use serde::{Deserialize, Serialize};

use super::code;
use super::event::LobbyPatch;
use super::state::{Chat, Migration, Timing, Visibility};
use crate::error::{Error, Kind, Result};
use crate::limits::too_many;
use crate::models::{Attributes, attribute, check_bytes, check_id, check_word};

/// The most seats of a lobby.
pub const MAX_MEMBERS: u32 = 1000;
/// The most teams of a lobby.
pub const MAX_TEAMS: usize = 64;
/// The most players of one call.
pub const MAX_PARTY: usize = 256;
/// The most bytes of a lobby's name.
pub const MAX_NAME_BYTES: usize = 256;
/// The most bytes of a password.
pub const MAX_PASSWORD_BYTES: usize = 128;
/// The most events of a lobby that are kept for sure.
pub const MAX_EVENTS: u64 = 100_000;
/// The longest time that anything is believed: 30 days.
pub const MAX_LEASE_MS: i64 = 30 * 24 * 3_600_000;

/// A lobby to create. As JSON, what is left out is as in [`Create::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Create {
    /// What sort of lobby: a word of the game's.
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// How many seats it has, from 1 to [`MAX_MEMBERS`].
    pub max_members: u32,
    /// The sizes of its teams, if it has any: they add up to `max_members`.
    pub teams: Vec<u32>,
    /// The first member and owner; not in JSON. None: the host made it, and unless the migration is manual the first to
    /// join owns it.
    #[serde(skip)]
    pub owner: Option<Join>,
    /// Who finds it.
    pub visibility: Visibility,
    /// The password that joining needs; empty: none.
    pub password: String,
    /// The build that joining players need; empty: any.
    pub build: String,
    /// What becomes of the ownership when the owner goes.
    pub migration: Migration,
    /// Whether a member can be in no other exclusive lobby of its kind.
    pub exclusive: bool,
    /// Whether players may join while it is in game.
    pub backfill: bool,
    /// Whether it stays when the last one leaves.
    pub keep_empty: bool,
    /// How long things are believed.
    pub timing: Timing,
    /// How much members may say.
    pub chat: Chat,
    /// At least so many of the last events are kept, what members say among them; up to [`MAX_EVENTS`].
    pub keep_events: u64,
    /// Attributes for everybody.
    pub attributes: Attributes,
    /// Attributes for members.
    pub member_attributes: Attributes,
    /// Attributes for the owner.
    pub owner_attributes: Attributes,
}

impl Default for Create {
    fn default() -> Self {
        Self {
            kind: String::new(),
            name: String::new(),
            max_members: 8,
            teams: Vec::new(),
            owner: None,
            visibility: Visibility::Public,
            password: String::new(),
            build: String::new(),
            migration: Migration::Oldest,
            exclusive: true,
            backfill: false,
            keep_empty: false,
            timing: Timing::default(),
            chat: Chat::default(),
            keep_events: 1000,
            attributes: Attributes::new(),
            member_attributes: Attributes::new(),
            owner_attributes: Attributes::new(),
        }
    }
}

/// A player who joins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Join {
    /// Who.
    pub player: String,
    /// The lobby's password, where it has one.
    pub password: String,
    /// The lobby's code, as people write it.
    pub code: Option<String>,
    /// Whether the game vouches that the player is a friend of the members.
    pub friend: bool,
    /// The player's build.
    pub build: String,
    /// The wanted team; None: the one with the most free seats.
    pub team: Option<u32>,
    /// The player's role: a word of the game's.
    pub role: String,
    /// Attributes for members.
    pub attributes: Attributes,
}

/// A seat to keep for a player.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reserve {
    /// For whom.
    pub player: String,
    /// The wanted team; None: the one with the most free seats.
    pub team: Option<u32>,
    /// The player's role.
    pub role: String,
    /// For how long; None: as the lobby has it.
    pub for_ms: Option<i64>,
}

/// Who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The game itself.
    Host,
    /// A player who was told in which epoch the lobby became theirs.
    Owner {
        /// Who.
        player: String,
        /// The epoch.
        epoch: u64,
    },
}

impl By {
    /// The player.
    pub(super) fn player(&self) -> Option<&str> {
        match self {
            Self::Host => None,
            Self::Owner { player, .. } => Some(player),
        }
    }
}

impl Join {
    /// A player without anything to say.
    pub fn of(player: &str) -> Self {
        Self { player: player.to_owned(), ..Self::default() }
    }

    /// Checked, with the code as lobbies have it.
    pub(super) fn checked(mut self) -> Result<Self> {
        check_id("a player", &self.player)?;
        check_bytes("a password", &self.password, MAX_PASSWORD_BYTES)?;
        check_bytes("a build", &self.build, MAX_NAME_BYTES)?;
        check_word("a role", &self.role)?;
        attribute::check(&self.attributes)?;
        self.code = self.code.as_deref().map(code::read).transpose()?;
        Ok(self)
    }
}

impl Reserve {
    /// A seat of any team, for the usual time.
    pub fn of(player: &str) -> Self {
        Self { player: player.to_owned(), ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<()> {
        check_id("a player", &self.player)?;
        check_word("a role", &self.role)?;
        self.for_ms.map_or(Ok(()), |ms| check_ms("a reservation", ms))
    }
}

/// Refuses players who are too many or twice the same.
pub(super) fn check_party<'a>(players: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for player in players {
        if !seen.insert(player) {
            return Err(Error::invalid(format!("{player:?} is named twice")));
        }
    }
    match seen.len() {
        0 => Err(Error::invalid("nobody is named")),
        count if count > MAX_PARTY => Err(too_many("players", count, MAX_PARTY)),
        _ => Ok(()),
    }
}

pub(super) fn check_ms(what: &str, ms: i64) -> Result<()> {
    match ms {
        1..=MAX_LEASE_MS => Ok(()),
        _ => Err(Error::invalid(format!("{what} of {ms} ms: wanted 1 to {MAX_LEASE_MS}"))),
    }
}

impl Create {
    pub(in crate::models) fn checked(mut self) -> Result<Self> {
        check_word("a kind", &self.kind)?;
        check_bytes("a name", &self.name, MAX_NAME_BYTES)?;
        check_bytes("a password", &self.password, MAX_PASSWORD_BYTES)?;
        check_bytes("a build", &self.build, MAX_NAME_BYTES)?;
        if self.max_members == 0 || self.max_members > MAX_MEMBERS {
            return Err(Error::invalid(format!("{} seats: wanted 1 to {MAX_MEMBERS}", self.max_members)));
        }
        if self.teams.len() > MAX_TEAMS {
            return Err(too_many("teams", self.teams.len(), MAX_TEAMS));
        }
        let seats: u64 = self.teams.iter().map(|size| u64::from(*size)).sum();
        if !self.teams.is_empty() && seats != u64::from(self.max_members) {
            return Err(Error::invalid(format!("the teams have {seats} seats of {}", self.max_members)));
        }
        if self.keep_events > MAX_EVENTS {
            let text = format!("{} events to keep: the limit is {MAX_EVENTS}", self.keep_events);
            return Err(Error::new(Kind::TooLarge, text));
        }
        let Timing { member_ms, reservation_ms, stale_ms, close_ms } = self.timing;
        for ms in [member_ms, reservation_ms, stale_ms, close_ms] {
            check_ms("a lease", ms)?;
        }
        self.chat.check()?;
        attribute::check(&self.attributes)?;
        attribute::check(&self.member_attributes)?;
        attribute::check(&self.owner_attributes)?;
        self.owner = self.owner.map(Join::checked).transpose()?;
        Ok(self)
    }
}

impl Chat {
    /// What is said in a burst is remembered no longer than a lease.
    fn check(&self) -> Result<()> {
        match i64::from(self.burst).checked_mul(self.every_ms) {
            Some(0) if self.is_unlimited() && self.every_ms == 0 => Ok(()),
            Some(1..=MAX_LEASE_MS) => Ok(()),
            _ => {
                Err(Error::invalid(format!("{self:?}: wanted a burst and a time, within {MAX_LEASE_MS} ms")))
            }
        }
    }
}

impl LobbyPatch {
    pub(super) fn check(&self) -> Result<()> {
        self.chat.map_or(Ok(()), |chat| chat.check())?;
        check_bytes("a name", self.name.as_deref().unwrap_or_default(), MAX_NAME_BYTES)?;
        check_bytes("a build", self.build.as_deref().unwrap_or_default(), MAX_NAME_BYTES)?;
        check_bytes("a password", self.password.as_deref().unwrap_or_default(), MAX_PASSWORD_BYTES)?;
        if self.max_members.is_some_and(|most| most == 0 || most > MAX_MEMBERS) {
            return Err(Error::invalid(format!("a lobby has 1 to {MAX_MEMBERS} seats")));
        }
        attribute::check_patch(&self.attributes)?;
        attribute::check_patch(&self.member_attributes)?;
        attribute::check_patch(&self.owner_attributes)
    }
}
