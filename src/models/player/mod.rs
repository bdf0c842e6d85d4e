//! Players: profiles, presence, what they own, their objects and their saved games.
//!
//! `player:{player}` holds the profile. Below it lie `:presence`, `:wallet:{currency}` and `:item:{item}` (plain decimal
//! counters), `:object:{collection}:{name}`, and `:save:{slot}` with its chunks. `external:{platform}:{id}` names the
//! player with that account.

mod holdings;
mod object;
mod profile;
mod save;

pub use holdings::{Balances, Delta, Holding, MAX_DELTAS, adjust, balance, balances, transfer};
pub use object::{Expected, MAX_OBJECT_BYTES, MAX_OBJECT_WRITES, Object, ObjectWrite, Written};
pub use profile::{MAX_PROPERTIES, MAX_PROPERTY_BYTES, Patch, Presence, Profile, Property};
pub use save::{CHUNK_BYTES, DEFAULT_HISTORY, MAX_HISTORY, MAX_SAVE_BYTES, Save, SaveInfo, Saved};

use crate::models::Scope;
use crate::store::{Store, Transaction};

/// The players of a store. It costs nothing to make one. Each call is one transaction.
pub struct Players<'s> {
    scope: Scope<'s>,
}

impl<'s> Players<'s> {
    /// The players of a store.
    pub fn new(store: &'s Store) -> Self {
        Self { scope: Scope::each(store) }
    }

    /// The same for calls that are part of a transaction: committed and undone with it.
    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { scope: Scope::within(store, txn) }
    }
}

fn player_key(player: &str) -> String {
    format!("player:{player}")
}
