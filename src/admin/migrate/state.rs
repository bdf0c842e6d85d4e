//! What a migration leaves in the two stores: how far it is, that a store was moved, where one came from.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::admin::import::hex;
use crate::engine::Read;
use crate::error::{Error, Kind, Result};
use crate::store::replica::{self, Mark};

/// What a migration is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Records are copied in order of their keys.
    Copy,
    /// What was changed meanwhile is written.
    Follow,
    /// The source is being marked; from now on it may be that it is not written any more.
    HandOver,
}

/// How far a migration is: in the destination until it is finished, in the same commits as what it tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Names the migration, in both stores.
    pub id: String,
    /// How often the data was handed over, this time included.
    pub epoch: u64,
    pub stage: Stage,
    /// While copying: the last key that is there, in hexadecimal digits.
    pub after: String,
    /// The source's commit up to which its change log was followed, and the fingerprint of that entry.
    pub version: u64,
    pub fingerprint: u64,
    /// Records and bytes copied in this pass.
    pub records: u64,
    pub bytes: u64,
    /// Commits that were followed, and passes over all records.
    pub followed: u64,
    pub passes: u32,
}

/// In a store that was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moved {
    pub id: String,
    pub epoch: u64,
    /// Where it was moved to.
    pub to: String,
}

/// In a store that took another's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub id: String,
    pub epoch: u64,
    /// Whether the source was handed over, and not only copied.
    pub handed_over: bool,
}

pub(super) fn load<T: DeserializeOwned>(read: &dyn Read, mark: Mark) -> Result<Option<T>> {
    let damaged = || Error::new(Kind::Corrupt, format!("the mark {mark:?} of a migration is damaged"));
    let text = replica::mark(read, mark)?;
    text.map(|text| serde_json::from_slice(&text).map_err(|_| damaged())).transpose()
}

pub(super) fn text(state: &impl Serialize) -> Result<String> {
    serde_json::to_string(state).map_err(|error| Error::new(Kind::Panic, error.to_string()))
}

pub(super) fn new_id() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(Kind::Io, format!("make an id: {error}")))?;
    Ok(hex(&bytes))
}

/// The source's last commit and the fingerprint of its entry.
pub(in crate::admin) fn position(read: &dyn Read) -> Result<(u64, u64, Option<Vec<u8>>)> {
    let version = read.last_version()?;
    let mut found = (version, 0, None);
    replica::log_after(read, version.saturating_sub(1), |entry| {
        found = (entry.version, entry.fingerprint, Some(entry.bytes));
        Ok(true)
    })?;
    Ok(found)
}
