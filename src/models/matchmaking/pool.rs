//! The live tickets of a queue in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::ticket::{State, Ticket};
use super::waiting::ticket_prefix;
use crate::models::derived::{Derived, Fold};
use crate::store::Value;

/// The live tickets of a queue, with the versions of their rows.
#[derive(Default)]
pub(super) struct Pool {
    prefix: Vec<u8>,
    waiting: BTreeMap<u64, (u64, Arc<Ticket>)>,
    /// Those in matches not yet on, by ticket.
    pending: BTreeMap<u64, String>,
}

/// The little of a ticket that says whether it concerns the pool: most that change are over.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    state: State,
    #[serde(default, rename = "match")]
    match_id: Option<String>,
}

impl Pool {
    /// That of a queue, before it has read any.
    pub fn of(queue: &str) -> Derived<Self> {
        let prefix = ticket_prefix(queue).into_bytes();
        Derived::new(prefix.clone(), Self { prefix, ..Self::default() })
    }

    /// The tickets that wait, and the versions of their rows.
    pub fn waiting(&self) -> &BTreeMap<u64, (u64, Arc<Ticket>)> {
        &self.waiting
    }

    /// The matches whose players are asked whether they are ready.
    pub fn pending(&self) -> BTreeSet<String> {
        self.pending.values().cloned().collect()
    }

    fn id(&self, key: &[u8]) -> Option<u64> {
        std::str::from_utf8(key.strip_prefix(&self.prefix[..])?).ok()?.parse().ok()
    }
}

impl Fold for Pool {
    fn clear(&mut self) {
        self.waiting.clear();
        self.pending.clear();
    }

    fn put(&mut self, key: &[u8], value: &Value) {
        self.remove(key);
        let Some(id) = self.id(key) else { return };
        let Ok(head) = serde_json::from_slice::<Head>(value) else { return };
        match (head.state, head.match_id) {
            (State::Queued, _) => {
                let Ok(ticket) = serde_json::from_slice::<Ticket>(value) else { return };
                // The number in the key is the one that the engine answers with.
                if ticket.id == id {
                    self.waiting.insert(id, (value.version(), Arc::new(ticket)));
                }
            }
            (State::Matched, Some(made)) => {
                self.pending.insert(id, made);
            }
            _ => {}
        }
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(id) = self.id(key) {
            self.waiting.remove(&id);
            self.pending.remove(&id);
        }
    }
}
