//! A document that may be found, read only as far as a query asks.

use std::cell::OnceCell;

use serde_json::Value as Json;

use super::card::{Card, Cards, Kind};
use crate::models::filter::Path;
use crate::store::{Entry, Value};

/// A document and what was read of it.
pub(super) struct Candidate {
    /// Its key, with its value in the query's first order where an index told that.
    pub entry: Entry,
    pub document: Value,
    card: Card,
    attributes: OnceCell<Option<Json>>,
    whole: OnceCell<Option<Json>>,
}

impl Candidate {
    /// None for what is no JSON object.
    pub fn of(entry: Entry, document: Value, cards: &Cards) -> Option<Self> {
        let card = cards.of(&document)?;
        Some(Self { entry, document, card, attributes: OnceCell::new(), whole: OnceCell::new() })
    }

    /// Gives it another document. Whether that is a JSON object.
    pub fn set_document(&mut self, document: Value, cards: &Cards) -> bool {
        let Some(card) = cards.of(&document) else { return false };
        (self.document, self.card) = (document, card);
        (self.attributes, self.whole) = (OnceCell::new(), OnceCell::new());
        true
    }

    /// Its key, and its document.
    pub fn into_parts(self) -> (Entry, Value) {
        (self.entry, self.document)
    }

    /// The value at a path.
    pub fn value(&self, path: &Path) -> Option<&Json> {
        let parsed = |json: &[u8]| serde_json::from_slice(json).ok();
        match self.card.attributes {
            Some(place) if path.is_of_attributes() => {
                let attributes = || parsed(place.of(&self.document));
                path.of_attributes(self.attributes.get_or_init(attributes).as_ref()?)
            }
            _ => path.of(self.whole.get_or_init(|| parsed(&self.document)).as_ref()?),
        }
    }

    /// Whether time may have changed it since it was written.
    pub fn is_due(&self, now: i64) -> bool {
        self.card.lease.is_some_and(|lease| lease.next <= now)
    }

    pub fn is_of_kind(&self, kind: Option<Kind>) -> bool {
        kind.is_none() || self.card.kind == kind
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
