//! Profiles: a name, accounts elsewhere of which each belongs to one player, typed properties; and presence, which lapses.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Players, player_key};
use crate::error::{Error, Kind, Result};
use crate::models::document::{self, check_count};
use crate::models::{Refusal, check_id};
use crate::store::Transaction;

/// The most properties, and the most accounts, of a profile.
pub const MAX_PROPERTIES: usize = 64;
/// The most bytes of a property, a display name or a status.
pub const MAX_PROPERTY_BYTES: usize = 1024;

/// A typed value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Value")]
pub enum Property {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// Text.
    Text(String),
    /// A set of texts.
    Texts(BTreeSet<String>),
}

impl TryFrom<Value> for Property {
    type Error = &'static str;

    fn try_from(value: Value) -> std::result::Result<Self, Self::Error> {
        let wanted = "a property is a boolean, a number, a text or an array of texts";
        match value {
            Value::Bool(value) => Ok(Self::Bool(value)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Ok(Self::Int(number)),
                (None, Some(float)) if !number.is_u64() => Ok(Self::Float(float)),
                _ => Err("an integer of more than 64 bits"),
            },
            Value::String(text) => Ok(Self::Text(text)),
            Value::Array(items) => items
                .into_iter()
                .map(|item| if let Value::String(text) = item { Ok(text) } else { Err(wanted) })
                .collect::<std::result::Result<_, _>>()
                .map(Self::Texts),
            Value::Null | Value::Object(_) => Err(wanted),
        }
    }
}

impl Property {
    fn check(&self) -> Result<()> {
        let bytes = match self {
            Self::Float(number) if !number.is_finite() => {
                return Err(Error::invalid("a property is not finite"));
            }
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => 0,
            Self::Text(text) => text.len(),
            Self::Texts(texts) => texts.iter().map(|text| text.len() + 4).sum(),
        };
        check_count("bytes of a property", bytes, MAX_PROPERTY_BYTES)
    }
}

/// A player.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The id: that of its key, whatever a plain put wrote.
    #[serde(default)]
    pub id: String,
    /// The name that others see.
    #[serde(default)]
    pub name: String,
    /// Accounts elsewhere: platform and id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, String>,
    /// What the game says of the player.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Property>,
    /// When it was made, in milliseconds.
    #[serde(default)]
    pub created: i64,
    /// Grows by one with every change.
    #[serde(default)]
    pub version: u64,
    /// What else a plain put wrote there; it is kept.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
}

/// A change of a profile. What is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patch {
    /// The new name.
    pub name: Option<String>,
    /// Properties: None removes one.
    pub properties: BTreeMap<String, Option<Property>>,
    /// Accounts: None gives one up.
    pub accounts: BTreeMap<String, Option<String>>,
}

/// That a player is there, until the lease lapses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// What the player is doing.
    pub status: String,
    /// Since when the player is there, in milliseconds.
    pub since: i64,
    /// Until when it is believed.
    pub until: i64,
}

fn account_key(platform: &str, id: &str) -> String {
    format!("external:{platform}:{id}")
}

impl Profile {
    /// The profile after a change; pure.
    fn patched(&self, patch: &Patch) -> Result<Self> {
        let mut next = self.clone();
        next.name = patch.name.clone().unwrap_or(next.name);
        for (key, value) in &patch.properties {
            match value {
                Some(value) => next.properties.insert(key.clone(), value.clone()),
                None => next.properties.remove(key),
            };
        }
        for (platform, id) in &patch.accounts {
            match id {
                Some(id) => next.accounts.insert(platform.clone(), id.clone()),
                None => next.accounts.remove(platform),
            };
        }
        next.version = self.version.saturating_add(1);
        check_id("a player", &next.id)?;
        check_count("bytes of a name", next.name.len(), MAX_PROPERTY_BYTES)?;
        check_count("properties", next.properties.len(), MAX_PROPERTIES)?;
        check_count("accounts", next.accounts.len(), MAX_PROPERTIES)?;
        next.properties.keys().try_for_each(|key| check_id("a property", key))?;
        next.properties.values().try_for_each(Property::check)?;
        next.accounts.iter().try_for_each(|(platform, id)| {
            check_id("a platform", platform)?;
            check_id("an account", id)
        })?;
        Ok(next)
    }
}

impl Players<'_> {
    /// Makes a profile.
    ///
    /// # Errors
    /// [`Kind::Exists`] when the id or one of the accounts is taken; [`Kind::Invalid`], [`Kind::TooLarge`]; those of a
    /// commit.
    pub fn create(&self, id: &str, patch: &Patch) -> Result<Profile> {
        self.scope.transaction(|txn| {
            let created = self.scope.now()?;
            let blank = Profile { id: id.to_owned(), created, ..Profile::default() };
            let profile = blank.patched(patch)?;
            if txn.get(player_key(id).as_bytes())?.is_some() {
                return Err(Error::new(Kind::Exists, format!("player {id:?} exists")));
            }
            store(txn, &blank, &profile)?;
            Ok(profile)
        })
    }

    /// A profile.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Invalid`]; those of a read.
    pub fn get(&self, id: &str) -> Result<Profile> {
        check_id("a player", id)?;
        named(id, self.scope.document(player_key(id))?)
    }

    /// The player with an account.
    ///
    /// # Errors
    /// As [`Players::get`].
    pub fn by_account(&self, platform: &str, account: &str) -> Result<Profile> {
        check_id("a platform", platform)?;
        check_id("an account", account)?;
        let key = account_key(platform, account);
        let id = self.scope.get(key.as_bytes())?;
        let id = id.ok_or_else(|| Error::new(Kind::NotFound, format!("no player has {key}")))?;
        self.get(&String::from_utf8_lossy(&id))
    }

    /// Changes a profile, if it has the version `expected`; None: whichever it has. Answers the profile now.
    ///
    /// # Errors
    /// [`Kind::Conflict`] with the present version where another was expected; [`Kind::NotFound`]; [`Kind::Exists`] when an account is another player's; [`Kind::Invalid`], [`Kind::TooLarge`];
    /// those of a commit.
    pub fn patch(&self, id: &str, expected: Option<u64>, patch: &Patch) -> Result<Profile> {
        check_id("a player", id)?;
        self.scope.transact(|txn| {
            let profile = named(id, document::get(txn, player_key(id))?)?;
            if let Some(expected) = expected.filter(|expected| *expected != profile.version) {
                return Err(Refusal(Error::stale(expected, profile.version)).into());
            }
            let next = profile.patched(patch)?;
            store(txn, &profile, &next)?;
            Ok(next)
        })
    }

    /// Says that a player is there, for `lease_ms` from now on. Needs no profile.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`]; those of a commit.
    pub fn heartbeat(&self, id: &str, status: &str, lease_ms: u32) -> Result<Presence> {
        check_id("a player", id)?;
        check_count("bytes of a status", status.len(), MAX_PROPERTY_BYTES)?;
        if lease_ms == 0 {
            return Err(Error::invalid("a lease lasts at least a millisecond"));
        }
        let key = format!("{}:presence", player_key(id));
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
            let before: Option<Presence> = document::get(txn, &key)?;
            let since = before.map_or(now, |presence| presence.since);
            let presence = Presence { status: status.to_owned(), since, until: now + i64::from(lease_ms) };
            document::put_ttl(txn, &key, &presence, u64::from(lease_ms))?;
            Ok(presence)
        })
    }

    /// A player's presence; None when there is none, or its lease lapsed.
    ///
    /// # Errors
    /// Those of a read.
    pub fn presence(&self, id: &str) -> Result<Option<Presence>> {
        check_id("a player", id)?;
        let presence: Option<Presence> = self.scope.document(format!("{}:presence", player_key(id)))?;
        let now = self.scope.now()?;
        Ok(presence.filter(|presence| presence.until > now))
    }

    /// Says that a player is gone; whether it was there.
    ///
    /// # Errors
    /// Those of a commit.
    pub fn leave(&self, id: &str) -> Result<bool> {
        check_id("a player", id)?;
        self.scope.transaction(|txn| txn.delete(format!("{}:presence", player_key(id)).as_bytes()))
    }
}

/// A profile that was read, with the id of its key.
fn named(id: &str, found: Option<Profile>) -> Result<Profile> {
    let missing = || Error::new(Kind::NotFound, format!("there is no player {id:?}"));
    Ok(Profile { id: id.to_owned(), ..found.ok_or_else(missing)? })
}

/// Writes a profile and the accounts that changed hands.
fn store(txn: &mut Transaction, before: &Profile, after: &Profile) -> Result<()> {
    let gone = before.accounts.iter().filter(|(platform, id)| after.accounts.get(*platform) != Some(id));
    for (platform, id) in gone {
        txn.delete(account_key(platform, id).as_bytes())?;
    }
    let new = after.accounts.iter().filter(|(platform, id)| before.accounts.get(*platform) != Some(id));
    for (platform, id) in new {
        let key = account_key(platform, id);
        if let Some(owner) = txn.get(key.as_bytes())? {
            let text = format!("{key} belongs to player {:?}", String::from_utf8_lossy(&owner));
            return Err(Error::new(Kind::Exists, text));
        }
        txn.put(key.as_bytes(), after.id.as_bytes())?;
    }
    document::put(txn, player_key(&after.id), after)
}
