//! Players: profiles, presence, what they own, their objects and their saved games.
//!
//! `player:{player}` holds the profile. Below it lie `:presence`, `:wallet:{currency}` and `:item:{item}` (plain decimal
//! counters), `:object:{collection}:{name}`, and `:save:{slot}` with its chunks. `external:{platform}:{id}` names the
//! player with that account.

mod holdings;
mod object;
mod profile;
mod save;

pub use holdings::{Delta, Holding, MAX_DELTAS, adjust, balance, balances, transfer};
pub use object::{Expected, MAX_OBJECT_BYTES, MAX_OBJECT_WRITES, Object, ObjectWrite, Written};
pub use profile::{MAX_PROPERTIES, MAX_PROPERTY_BYTES, Patch, Patched, Presence, Profile, Property};
pub use save::{CHUNK_BYTES, MAX_HISTORY, MAX_SAVE_BYTES, Save, SaveInfo, Saved};

use std::sync::Arc;

use crate::store::Store;

/// The players of a store. Each call is one transaction; those that are also free functions can be part of a larger one.
#[derive(Clone)]
pub struct Players {
    store: Arc<Store>,
}

impl Players {
    /// The players of `store`.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

fn player_key(player: &str) -> String {
    format!("player:{player}")
}
