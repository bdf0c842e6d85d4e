//! Results of matches: applied once per match, the ratings of all its players together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::board::submit;
use crate::error::{Error, Kind, Result};
use crate::models::check_id;
use crate::models::document::{self, check_count};
use crate::models::rating::{MAX_PLAYERS, Placed, Rating, System};
use crate::store::Transaction;

/// A team and how it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Its players.
    pub players: Vec<String>,
    /// Its place: 1 is best, equal places are a draw.
    pub place: u32,
}

/// The result of a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchResult {
    /// The match: any id, also of one that no queue made.
    pub id: String,
    /// Which of the players' ratings it changes.
    pub ladder: String,
    /// How it changes them.
    #[serde(default)]
    pub system: System,
    /// The teams.
    pub teams: Vec<Placement>,
    /// Scores for the board of the same name as the ladder, in the same transaction.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, i64>,
}

/// What a result did to a player.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The rating before.
    pub before: Rating,
    /// The rating after.
    pub after: Rating,
}

/// What became of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The result that counts: of two for one match the first.
    pub result: MatchResult,
    /// What it did, by player.
    pub changes: BTreeMap<String, Change>,
    /// When it was applied, in milliseconds.
    pub time: i64,
    /// Whether this call applied it; else it had been before, and nothing was changed.
    #[serde(skip)]
    pub now: bool,
}

fn rating_key(player: &str, ladder: &str) -> String {
    format!("player:{player}:rating:{ladder}")
}

/// A player's rating on a ladder; that of a new player where there is none.
///
/// # Errors
/// [`Kind::Invalid`]; [`Kind::WrongType`] when a plain put wrote something else there; those of a read.
pub fn rating(txn: &mut Transaction, system: &System, player: &str, ladder: &str) -> Result<Rating> {
    check_id("a player", player)?;
    check_id("a ladder", ladder)?;
    Ok(document::get(txn, rating_key(player, ladder))?.unwrap_or_else(|| system.initial()))
}

/// Applies a result at the time `now`, unless one was applied for the same match before. It is kept in the match's document,
/// as "result", next to whatever else that holds.
///
/// # Errors
/// [`Kind::Invalid`] for what is no result; [`Kind::NotFound`] when there are scores and no board;
/// [`Kind::TooLarge`], [`Kind::OutOfRange`], [`Kind::WrongType`]; those of a read. Then `txn` is not to be committed.
pub fn apply_result(txn: &mut Transaction, now: i64, result: &MatchResult) -> Result<Applied> {
    check_id("a match", &result.id)?;
    let key = format!("match:{}", result.id);
    let mut document: serde_json::Map<String, serde_json::Value> = document::get(txn, &key)?
        .unwrap_or_else(|| [("id".to_owned(), result.id.clone().into())].into_iter().collect());
    if let Some(applied) = document.get("result") {
        let applied = serde_json::from_value(applied.clone());
        return applied.map_err(|error| Error::new(Kind::WrongType, format!("{key}: result: {error}")));
    }
    check_players(result)?;
    let mut placed = Vec::with_capacity(result.teams.len());
    for team in &result.teams {
        let players = team.players.iter();
        let ratings = players.map(|player| rating(txn, &result.system, player, &result.ladder));
        placed.push(Placed { ratings: ratings.collect::<Result<_>>()?, place: team.place });
    }
    let rated = result.system.rate(&placed)?;
    let players = result.teams.iter().flat_map(|team| &team.players);
    let before = placed.into_iter().flat_map(|team| team.ratings);
    let mut changes = BTreeMap::new();
    for ((player, before), after) in players.zip(before).zip(rated.into_iter().flatten()) {
        document::put(txn, rating_key(player, &result.ladder), &after)?;
        changes.insert(player.clone(), Change { before, after });
    }
    for (player, score) in &result.scores {
        submit(txn, now, &result.ladder, player, *score, 0)?;
    }
    let applied = Applied { result: result.clone(), changes, time: now, now: true };
    let stored = serde_json::to_value(&applied).map_err(|error| Error::invalid(error.to_string()))?;
    document.insert("result".to_owned(), stored);
    document::put(txn, &key, &document)?;
    Ok(applied)
}

fn check_players(result: &MatchResult) -> Result<()> {
    let mut players = BTreeSet::new();
    for player in result.teams.iter().flat_map(|team| &team.players) {
        check_id("a player", player)?;
        if !players.insert(player) {
            return Err(Error::invalid(format!("player {player:?} is in the result twice")));
        }
    }
    check_count("players in a result", players.len(), MAX_PLAYERS)?;
    match result.scores.keys().find(|player| !players.contains(player)) {
        Some(player) => Err(Error::invalid(format!("player {player:?} has a score and did not play"))),
        None => Ok(()),
    }
}
