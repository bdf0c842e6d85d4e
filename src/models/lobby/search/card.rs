//! What every search looks at in a document, and a memory of it: most of a search is reading the same documents again.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::models::lobby::state::Lease;

/// Cards that are remembered at once: about 10 MiB.
const KEPT: usize = 1 << 16;

/// What every search looks at. What a document does not say, or says in another way, stands against nothing.
#[derive(Debug, PartialEq)]
pub(super) struct Card {
    pub kind: Option<Box<str>>,
    /// Neither closed nor for some alone.
    pub is_shown: bool,
    /// Whether somebody could join it, were it not stale.
    pub is_joinable: bool,
    pub lease: Option<Lease>,
    /// Where its public attributes are in it; None: look for them in all of it.
    pub attributes: Option<Range<usize>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'d> {
    kind: Option<&'d str>,
    state: Option<&'d str>,
    visibility: Option<&'d str>,
    members: Option<u64>,
    reserved: Option<u64>,
    max_members: Option<u64>,
    backfill: Option<bool>,
    lease: Option<Lease>,
    #[serde(borrow)]
    attributes: Option<&'d RawValue>,
}

impl<'d> Fields<'d> {
    fn lenient(document: &'d Value) -> Self {
        let text = |name| document.get(name).and_then(Value::as_str);
        let number = |name| document.get(name).and_then(Value::as_u64);
        Self {
            kind: text("kind"),
            state: text("state"),
            visibility: text("visibility"),
            members: number("members"),
            reserved: number("reserved"),
            max_members: number("max_members"),
            backfill: document.get("backfill").and_then(Value::as_bool),
            lease: None,
            attributes: None,
        }
    }

    fn card(&self, document: &str) -> Card {
        let admits = match self.state {
            None | Some("open") => true,
            Some("in_game") => self.backfill == Some(true),
            Some(_) => false,
        };
        let taken = self.members.unwrap_or(0).saturating_add(self.reserved.unwrap_or(0));
        let place = |raw: &RawValue| {
            let start = raw.get().as_ptr().addr() - document.as_ptr().addr();
            start..start + raw.get().len()
        };
        Card {
            kind: self.kind.map(Into::into),
            is_shown: self.state != Some("closed") && self.visibility.is_none_or(|it| it == "public"),
            is_joinable: admits && self.max_members.is_none_or(|most| taken < most),
            lease: self.lease,
            attributes: self.attributes.map(place),
        }
    }
}

impl Card {
    /// None for what is no JSON object.
    fn read(document: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(document).ok()?;
        match serde_json::from_str::<Fields<'_>>(text) {
            // A list of the same would be one too.
            Ok(fields) if text.trim_ascii_start().starts_with('{') => Some(fields.card(text)),
            _ => {
                let document = serde_json::from_str::<Value>(text).ok().filter(Value::is_object)?;
                Some(Fields::lenient(&document).card(text))
            }
        }
    }
}

/// Cards by the hash of their document. Attached to a store.
pub(super) struct Cards {
    /// Kept from writers, so that they cannot make two documents of one hash.
    seed: u64,
    known: Mutex<HashMap<u64, Arc<Card>, foldhash::fast::RandomState>>,
}

impl Default for Cards {
    fn default() -> Self {
        use std::hash::BuildHasher;
        Self { seed: std::hash::RandomState::new().hash_one(0), known: Mutex::default() }
    }
}

impl Cards {
    /// The card of a document. None for what is no JSON object.
    pub fn of(&self, document: &[u8]) -> Option<Arc<Card>> {
        let hash = xxh3_64_with_seed(document, self.seed);
        if let Some(card) = self.known.lock().get(&hash) {
            return Some(Arc::clone(card));
        }
        let card = Arc::new(Card::read(document)?);
        let mut known = self.known.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(hash, Arc::clone(&card));
        Some(card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_card_however_often_it_is_read() {
        let cards = Cards::default();
        let document =
            br#"{"kind":"duel","state":"open","max_members":2,"members":1,"attributes":{"a":[1]}}"#;
        let card = cards.of(document).unwrap();
        assert_eq!((card.kind.as_deref(), card.is_shown, card.is_joinable), (Some("duel"), true, true));
        assert_eq!(&document[card.attributes.clone().unwrap()], br#"{"a":[1]}"#);
        assert!(Arc::ptr_eq(&card, &cards.of(document).unwrap()));
        let full = br#"{"kind":"duel","state":"open","max_members":2,"members":2,"attributes":{"a":[1]}}"#;
        assert!(!cards.of(full).unwrap().is_joinable);
        assert_eq!(cards.of(b"[]"), None);
        assert_eq!(cards.of(b"\xff"), None);
    }

    #[test]
    fn what_a_document_says_otherwise_stands_against_nothing() {
        let cards = Cards::default();
        let card = cards.of(br#"{"kind":7,"state":["closed"],"max_members":"2","members":-1}"#).unwrap();
        let open = Card { kind: None, is_shown: true, is_joinable: true, lease: None, attributes: None };
        assert_eq!(*card, open);
        let escaped = cards.of(br#"{"kind":"d\u0075el"}"#).unwrap();
        assert_eq!(escaped.kind.as_deref(), Some("duel"));
    }

    #[test]
    fn the_memory_is_bounded() {
        let cards = Cards::default();
        for number in 0..=KEPT {
            cards.of(format!("{{\"id\":{number}}}").as_bytes()).unwrap();
        }
        assert_eq!(cards.known.lock().len(), 1);
    }
}
