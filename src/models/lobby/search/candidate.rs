//! A document that may be found, read only as far as a query asks.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::Value;

use super::card::{Card, Cards};
use crate::models::filter::Path;
use crate::models::lobby::keys;
use crate::store::Row;

/// A document and what was read of it.
pub(super) struct Candidate {
    pub row: Row,
    card: Arc<Card>,
    attributes: OnceCell<Option<Value>>,
    whole: OnceCell<Option<Value>>,
}

impl Candidate {
    /// None for what is no JSON object.
    pub fn of(row: Row, cards: &Cards) -> Option<Self> {
        let card = cards.of(row.value.as_deref().unwrap_or_default())?;
        Some(Self { row, card, attributes: OnceCell::new(), whole: OnceCell::new() })
    }

    /// What follows `lobby:` in its key.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(self.row.key.get(keys::LOBBY.len()..).unwrap_or_default()).into_owned()
    }

    /// The value at a path.
    pub fn value(&self, path: &Path) -> Option<&Value> {
        let bytes = self.row.value.as_deref().unwrap_or_default();
        let parsed = |bytes: &[u8]| serde_json::from_slice(bytes).ok();
        match &self.card.attributes {
            Some(place) if path.is_of_attributes() => {
                let attributes = || parsed(bytes.get(place.clone()).unwrap_or_default());
                path.of_attributes(self.attributes.get_or_init(attributes).as_ref()?)
            }
            _ => path.of(self.whole.get_or_init(|| parsed(bytes)).as_ref()?),
        }
    }

    /// Whether time may have changed it since it was written.
    pub fn is_due(&self, now: i64) -> bool {
        self.card.lease.is_some_and(|lease| lease.next <= now)
    }

    pub fn is_of_kind(&self, kind: Option<&str>) -> bool {
        kind.is_none() || self.card.kind.as_deref() == kind
    }

    /// Whether it is for everybody to see.
    pub fn is_visible(&self, now: i64) -> bool {
        self.card.is_shown && self.card.lease.is_none_or(|lease| lease.deadline > now)
    }

    /// Whether somebody could join it now.
    pub fn is_joinable(&self) -> bool {
        self.card.is_joinable
    }
}
