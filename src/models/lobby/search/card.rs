//! What every search looks at in a document, and a memory of it: most of a search is reading the same documents again.

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::models::lobby::state::Lease;

/// Cards that are remembered at once: a full map of about 8 MiB.
const KEPT: usize = 7 << 14;

/// What every search looks at. What a document does not say, or says in another way, stands against nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Card {
    pub kind: Option<Kind>,
    /// Neither closed nor for some alone.
    pub is_shown: bool,
    /// Whether somebody could join it, were it not stale.
    pub is_joinable: bool,
    pub lease: Option<Lease>,
    /// Where its public attributes are in it; None: look for them in all of it.
    pub attributes: Option<Place>,
}

/// The hash of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u64);

/// Where something is in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    start: u32,
    len: u32,
}

impl Place {
    /// None for what is not in it.
    fn find(part: &str, document: &str) -> Option<Self> {
        let start = part.as_ptr().addr().checked_sub(document.as_ptr().addr())?;
        Some(Self { start: u32::try_from(start).ok()?, len: u32::try_from(part.len()).ok()? })
    }

    pub fn of(self, document: &[u8]) -> &[u8] {
        let rest = document.get(self.start as usize..).unwrap_or_default();
        rest.get(..self.len as usize).unwrap_or_default()
    }
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

    fn card(&self, document: &str, cards: &Cards) -> Card {
        let admits = match self.state {
            None | Some("open") => true,
            Some("in_game") => self.backfill == Some(true),
            Some(_) => false,
        };
        let taken = self.members.unwrap_or(0).saturating_add(self.reserved.unwrap_or(0));
        Card {
            kind: self.kind.map(|kind| cards.kind(kind)),
            is_shown: self.state != Some("closed") && self.visibility.is_none_or(|it| it == "public"),
            is_joinable: admits && self.max_members.is_none_or(|most| taken < most),
            lease: self.lease,
            attributes: self.attributes.and_then(|raw| Place::find(raw.get(), document)),
        }
    }
}

/// Cards by the hash of their document. Attached to a store.
pub(super) struct Cards {
    /// Kept from writers, so that they cannot make two documents of one hash.
    seed: u64,
    known: Mutex<HashMap<u64, Card, foldhash::fast::RandomState>>,
}

impl Default for Cards {
    fn default() -> Self {
        use std::hash::BuildHasher;
        Self { seed: std::hash::RandomState::new().hash_one(0), known: Mutex::default() }
    }
}

impl Cards {
    /// The card of a document. None for what is no JSON object.
    pub fn of(&self, document: &[u8]) -> Option<Card> {
        let hash = xxh3_64_with_seed(document, self.seed);
        if let Some(card) = self.known.lock().get(&hash) {
            return Some(*card);
        }
        let card = self.read(document)?;
        let mut known = self.known.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(hash, card);
        Some(card)
    }

    /// A kind as cards have it.
    pub fn kind(&self, kind: &str) -> Kind {
        Kind(xxh3_64_with_seed(kind.as_bytes(), self.seed))
    }

    fn read(&self, document: &[u8]) -> Option<Card> {
        let text = std::str::from_utf8(document).ok()?;
        match serde_json::from_str::<Fields<'_>>(text) {
            // A list of the same would be one too.
            Ok(fields) if text.trim_ascii_start().starts_with('{') => Some(fields.card(text, self)),
            _ => {
                let document = serde_json::from_str::<Value>(text).ok().filter(Value::is_object)?;
                Some(Fields::lenient(&document).card(text, self))
            }
        }
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
        assert_eq!((card.kind, card.is_shown, card.is_joinable), (Some(cards.kind("duel")), true, true));
        assert_eq!(card.attributes.unwrap().of(document), br#"{"a":[1]}"#);
        assert_eq!((cards.of(document).unwrap(), cards.known.lock().len()), (card, 1));
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
        assert_eq!(card, open);
        let escaped = cards.of(br#"{"kind":"d\u0075el"}"#).unwrap();
        assert_eq!(escaped.kind, Some(cards.kind("duel")));
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
