//! Matches as documents, `match:{id}`: who plays, and whether everyone is ready.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::quality::Quality;
use super::ticket::Seeker;

/// Where a match stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MatchState {
    /// Its players are asked whether they are ready.
    Pending,
    /// It is on.
    Confirmed,
    /// Someone was not ready.
    Dissolved,
}

/// A ticket in a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchedTicket {
    /// Its number in the queue.
    pub ticket: u64,
    /// Its players.
    pub party: Vec<Seeker>,
    /// How long it had waited.
    pub waited_ms: i64,
}

/// A match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// Its id.
    pub id: String,
    /// The queue it is from.
    pub queue: String,
    /// Where it stands.
    pub state: MatchState,
    /// The tickets of each team.
    pub teams: Vec<Vec<MatchedTicket>>,
    /// Its lobby, where there is one: everyone has a seat kept there, in the team of the same number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby: Option<u64>,
    /// Whether its players join a match that was under way.
    #[serde(default)]
    pub backfill: bool,
    /// Where to play; None where nobody minds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How good it is.
    pub quality: Quality,
    /// When it was made.
    pub created: i64,
    /// Until when players may say that they are ready; 0: they are not asked.
    #[serde(default)]
    pub accept_by: i64,
    /// Who said so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accepted: BTreeSet<String>,
    /// What was applied as its result, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
}

impl Match {
    /// Its tickets.
    pub fn tickets(&self) -> impl Iterator<Item = &MatchedTicket> {
        self.teams.iter().flatten()
    }

    /// The ids of its players.
    pub fn players(&self) -> impl Iterator<Item = &str> {
        self.tickets().flat_map(|ticket| ticket.party.iter().map(|seeker| seeker.player.as_str()))
    }

    /// Whether it waits for players and its time is over.
    pub(super) fn is_overdue(&self, now: i64) -> bool {
        self.state == MatchState::Pending && self.accept_by <= now
    }

    pub(super) fn is_accepted_by(&self, ticket: &MatchedTicket) -> bool {
        ticket.party.iter().all(|seeker| self.accepted.contains(&seeker.player))
    }
}

pub(super) fn match_key(id: &str) -> String {
    format!("match:{id}")
}
