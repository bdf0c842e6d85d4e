//! A game's live state, over keys and values alone: lobbies, players, ratings, matchmaking, leaderboards, statistics;
//! and tables and conversations.
//!
//! Every model has the same three floors. Its rules are pure: no store, no clock and no chance inside, for time, ids and
//! seeds are arguments. Its storing layer is thin: one [`Store::transaction`](crate::Store::transaction) per call. Its state
//! is JSON documents at keys that anybody may read: `lobby:{id}`, `player:{id}`, `match:{id}`, `queue:{id}`, `chat:{id}`.

use crate::error::{Error, Kind, Result};

pub mod attribute;
pub mod chat;
mod derived;
pub(crate) mod document;
pub mod filter;
pub mod leaderboard;
pub mod lobby;
pub mod matchmaking;
pub mod player;
pub mod rating;
mod refusal;
mod scope;
pub mod stats;
pub mod table;
mod views;

pub use attribute::Attributes;
pub use filter::Filter;
pub use refusal::{Refusal, Ruled};
pub(crate) use refusal::{Step, Stop};
pub(crate) use scope::Scope;
pub use views::sql;

/// The most bytes of a player's id, and of every other id that callers choose.
pub const MAX_ID_BYTES: usize = 128;

/// Refuses an id that would make a key ambiguous or unreadable: colons separate the parts of keys.
pub(crate) fn check_id(what: &str, id: &str) -> Result<()> {
    check_bytes(what, id, MAX_ID_BYTES)?;
    if id.is_empty() || id.chars().any(|c| c == ':' || c.is_control()) {
        return Err(Error::invalid(format!("{what} {id:?}: wanted printable text without a colon")));
    }
    Ok(())
}

/// Refuses what is no plain word: letters, digits, `_`, `-` and `.`; the empty word is one.
pub(crate) fn check_word(what: &str, word: &str) -> Result<()> {
    if !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        return Err(Error::invalid(format!("{what} {word:?}: wanted letters, digits, '_', '-' and '.'")));
    }
    check_bytes(what, word, MAX_ID_BYTES)
}

/// Refuses a text that is too long.
pub(crate) fn check_bytes(what: &str, text: &str, most: usize) -> Result<()> {
    if text.len() > most {
        return Err(Error::new(
            Kind::TooLarge,
            format!("{what} of {} bytes: the limit is {most}", text.len()),
        ));
    }
    Ok(())
}
