//! Matches as documents, `match:{id}`: who plays, and whether everyone is ready.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::quality::Quality;
use super::ticket::Seeker;
use crate::error::Result;
use crate::store::Transaction;

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
    /// Its lobby, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby: Option<String>,
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

/// Where matches are played: what a match does to lobbies, in the transaction that makes it. `()` plays nowhere.
pub trait Rooms: Send + Sync {
    /// Makes a lobby with a place for everyone in the match; answers its id.
    ///
    /// # Errors
    /// Any ends the tick; nothing of the match is kept.
    fn open(&self, txn: &mut Transaction, now: i64, made: &Match) -> Result<Option<String>>;

    /// Reserves places in a lobby for everyone in the match; false, with nothing changed, when it has no room for them.
    ///
    /// # Errors
    /// As [`Rooms::open`].
    fn join(&self, txn: &mut Transaction, now: i64, lobby: &str, made: &Match) -> Result<bool>;

    /// Gives the places back: the match was dissolved. A lobby that was opened for it has no more use.
    ///
    /// # Errors
    /// Any ends the call that dissolves; nothing is changed.
    fn release(&self, txn: &mut Transaction, now: i64, lobby: &str, made: &Match) -> Result<()>;
}

impl Rooms for () {
    fn open(&self, _: &mut Transaction, _: i64, _: &Match) -> Result<Option<String>> {
        Ok(None)
    }

    fn join(&self, _: &mut Transaction, _: i64, _: &str, _: &Match) -> Result<bool> {
        Ok(true)
    }

    fn release(&self, _: &mut Transaction, _: i64, _: &str, _: &Match) -> Result<()> {
        Ok(())
    }
}
