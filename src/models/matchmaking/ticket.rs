//! What waits in a queue: tickets of parties, and matches under way that want more players.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Rules;
use crate::error::{Error, Result};
use crate::models::check_id;
use crate::models::document::check_count;

/// The most keys, attributes, filters or regions of a ticket.
pub const MAX_TICKET_FIELDS: usize = 32;
/// The most players that a ticket blocks.
pub const MAX_BLOCKED: usize = 256;
/// The most bytes of a name or text in a ticket.
pub const MAX_TEXT_BYTES: usize = 256;
/// The largest rating and deviation, either way.
const LARGEST_RATING: f64 = 1e6;

/// A player who waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seeker {
    /// The player's id.
    pub player: String,
    /// The rating and its deviation.
    pub mu: f64,
    /// The deviation.
    pub sigma: f64,
    /// The role wanted; None: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A value that filters compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

/// What must hold of an attribute of every other ticket of the match. A missing attribute fails every test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The attribute.
    pub key: String,
    /// The test.
    pub test: Test,
}

/// A test of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It is this.
    Equal(Scalar),
    /// It is something else.
    NotEqual(Scalar),
    /// A number, this or more.
    AtLeast(f64),
    /// A number, this or less.
    AtMost(f64),
    /// One of these.
    OneOf(Vec<Scalar>),
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It waits.
    #[default]
    Queued,
    /// It is in a match whose players are asked whether they are ready.
    Matched,
    /// It is in a match that is on. Final.
    Accepted,
    /// It was withdrawn, or a player of it declined. Final.
    Cancelled,
    /// Its time was over. Final.
    Expired,
}

/// A party that wants to play. It is never split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number in its queue.
    pub id: u64,
    /// Its players.
    pub party: Vec<Seeker>,
    /// What must be equal in all tickets of a match, as a whole.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, String>,
    /// What the filters of other tickets look at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Scalar>,
    /// What the other tickets must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// The latency to each region in milliseconds; empty: any region will do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub latencies: BTreeMap<String, u32>,
    /// Players whom this party never meets.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub blocked: BTreeSet<String>,
    /// Since when it waits, in milliseconds. Its age counts from here, also after a match that came to nothing.
    pub created: i64,
    /// Until when it waits; 0: for ever.
    #[serde(default)]
    pub deadline: i64,
    /// Where it stands.
    #[serde(default)]
    pub state: State,
    /// Its match, once it was matched.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub match_id: Option<String>,
    /// How often it was matched so far.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
}

fn is_zero(attempts: &u32) -> bool {
    *attempts == 0
}

impl Ticket {
    /// The mean rating of the party.
    pub fn rating(&self) -> f64 {
        self.party.iter().map(|seeker| seeker.mu).sum::<f64>() / self.party.len().max(1) as f64
    }

    /// The mean deviation of the party.
    pub fn sigma(&self) -> f64 {
        self.party.iter().map(|seeker| seeker.sigma).sum::<f64>() / self.party.len().max(1) as f64
    }

    /// Whether its time is over.
    pub fn is_overdue(&self, now: i64) -> bool {
        self.deadline != 0 && self.deadline <= now
    }

    /// The ids of its players.
    pub fn players(&self) -> impl Iterator<Item = &str> {
        self.party.iter().map(|seeker| seeker.player.as_str())
    }

    /// Refuses what breaks a limit or could never be matched.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge).
    pub fn check(&self, rules: &Rules) -> Result<()> {
        check_count("players in a party", self.party.len(), rules.team_size)?;
        check_count("keys of a ticket", self.keys.len(), MAX_TICKET_FIELDS)?;
        check_count("attributes of a ticket", self.attributes.len(), MAX_TICKET_FIELDS)?;
        check_count("filters of a ticket", self.filters.len(), MAX_TICKET_FIELDS)?;
        check_count("regions of a ticket", self.latencies.len(), MAX_TICKET_FIELDS)?;
        check_count("blocked players", self.blocked.len(), MAX_BLOCKED)?;
        if self.party.is_empty() {
            return Err(Error::invalid("a ticket has at least one player"));
        }
        let mut players = BTreeSet::new();
        for seeker in &self.party {
            seeker.check(rules)?;
            if !players.insert(seeker.player.as_str()) {
                return Err(Error::invalid(format!("player {:?} is in the party twice", seeker.player)));
            }
        }
        if let Some(player) = self.blocked.iter().find(|player| players.contains(player.as_str())) {
            return Err(Error::invalid(format!("the party blocks its own player {player:?}")));
        }
        let texts = self.keys.iter().flat_map(|(key, value)| [key, value]);
        let texts = texts.chain(self.attributes.keys()).chain(self.latencies.keys()).chain(&self.blocked);
        texts.chain(self.filters.iter().map(|filter| &filter.key)).try_for_each(|text| check_text(text))?;
        self.attributes.values().try_for_each(Scalar::check)?;
        self.filters.iter().try_for_each(|filter| filter.test.check())
    }
}

impl Seeker {
    pub(super) fn check(&self, rules: &Rules) -> Result<()> {
        check_id("a player", &self.player)?;
        if !(self.mu.abs() <= LARGEST_RATING && self.sigma >= 0.0 && self.sigma <= LARGEST_RATING) {
            return Err(Error::invalid(format!("player {:?}: the rating is out of bounds", self.player)));
        }
        match &self.role {
            Some(role) if !rules.roles.contains_key(role) => {
                Err(Error::invalid(format!("player {:?}: the queue has no role {role:?}", self.player)))
            }
            _ => Ok(()),
        }
    }
}

impl Scalar {
    fn check(&self) -> Result<()> {
        match self {
            Self::Number(number) if !number.is_finite() => Err(Error::invalid("a number is not finite")),
            Self::Text(text) => check_text(text),
            _ => Ok(()),
        }
    }

    fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl Filter {
    /// Whether a ticket with these attributes passes.
    pub fn admits(&self, attributes: &BTreeMap<String, Scalar>) -> bool {
        attributes.get(&self.key).is_some_and(|value| self.test.holds(value))
    }
}

impl Test {
    fn holds(&self, value: &Scalar) -> bool {
        match self {
            Self::Equal(wanted) => value == wanted,
            Self::NotEqual(other) => value != other,
            Self::AtLeast(least) => value.number().is_some_and(|number| number >= *least),
            Self::AtMost(most) => value.number().is_some_and(|number| number <= *most),
            Self::OneOf(wanted) => wanted.contains(value),
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Equal(scalar) | Self::NotEqual(scalar) => scalar.check(),
            Self::AtLeast(number) | Self::AtMost(number) => Scalar::Number(*number).check(),
            Self::OneOf(scalars) => {
                check_count("values of a filter", scalars.len(), MAX_TICKET_FIELDS)?;
                scalars.iter().try_for_each(Scalar::check)
            }
        }
    }
}

fn check_text(text: &str) -> Result<()> {
    check_count("bytes of a text in a ticket", text.len(), MAX_TEXT_BYTES)
}

/// A match under way that wants more players.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backfill {
    /// Its lobby.
    pub lobby: u64,
    /// Who plays, by team: as many teams as the queue's matches have.
    pub teams: Vec<Vec<Seeker>>,
    /// As in a ticket.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, String>,
    /// As in a ticket.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Scalar>,
    /// As in a ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// Where it is played; None: tickets are asked for no latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// As in a ticket.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub blocked: BTreeSet<String>,
    /// Since when it waits.
    #[serde(default)]
    pub created: i64,
    /// Until when it waits; 0: for ever.
    #[serde(default)]
    pub deadline: i64,
}

impl Backfill {
    /// The match as a ticket of all who play: what pairs it with tickets.
    pub(super) fn as_ticket(&self) -> Ticket {
        Ticket {
            party: self.teams.iter().flatten().cloned().collect(),
            keys: self.keys.clone(),
            attributes: self.attributes.clone(),
            filters: self.filters.clone(),
            latencies: self.region.iter().map(|region| (region.clone(), 0)).collect(),
            blocked: self.blocked.clone(),
            created: self.created,
            deadline: self.deadline,
            ..Ticket::default()
        }
    }

    /// Whether its time is over.
    pub fn is_overdue(&self, now: i64) -> bool {
        self.deadline != 0 && self.deadline <= now
    }

    /// Refuses what breaks a limit or could never be matched.
    ///
    /// # Errors
    /// As [`Ticket::check`].
    pub fn check(&self, rules: &Rules) -> Result<()> {
        if self.teams.len() != rules.teams {
            return Err(Error::invalid(format!("{} teams: the queue has {}", self.teams.len(), rules.teams)));
        }
        for team in &self.teams {
            check_count("players in a team", team.len(), rules.team_size)?;
        }
        let everyone = Rules { team_size: rules.players(), ..rules.clone() };
        self.as_ticket().check(&everyone)
    }
}
