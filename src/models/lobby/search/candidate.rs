//! A document that may be found, read only as far as a query asks.

use std::cell::OnceCell;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::models::filter::Path;
use crate::models::lobby::keys;
use crate::models::lobby::state::Lease;
use crate::store::Row;

const ATTRIBUTES: &str = "/attributes";

/// A document and what was read of it.
pub(super) struct Candidate {
    pub row: Row,
    card: Card,
    attributes: OnceCell<Option<Value>>,
    whole: OnceCell<Option<Value>>,
}

/// What every search looks at. What a document does not say, or says in another way, stands against nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Card {
    kind: Option<String>,
    state: Option<String>,
    visibility: Option<String>,
    members: Option<u64>,
    reserved: Option<u64>,
    max_members: Option<u64>,
    backfill: Option<bool>,
    lease: Option<Lease>,
    attributes: Option<Box<RawValue>>,
}

impl Card {
    fn lenient(document: &Value) -> Self {
        let text = |name| document.get(name).and_then(Value::as_str).map(str::to_owned);
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
}

impl Candidate {
    /// None for what is no JSON object.
    pub fn of(row: Row) -> Option<Self> {
        let bytes = row.value.as_deref().unwrap_or_default();
        let (card, whole) = match serde_json::from_slice::<Card>(bytes) {
            // A list of the same would be one too.
            Ok(card) if bytes.trim_ascii_start().starts_with(b"{") => (card, OnceCell::new()),
            _ => {
                let document = serde_json::from_slice::<Value>(bytes).ok().filter(Value::is_object)?;
                (Card::lenient(&document), OnceCell::from(Some(document)))
            }
        };
        Some(Self { row, card, attributes: OnceCell::new(), whole })
    }

    /// What follows `lobby:` in its key.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(self.row.key.get(keys::LOBBY.len()..).unwrap_or_default()).into_owned()
    }

    /// The value at a path.
    pub fn value(&self, path: &Path) -> Option<&Value> {
        let bytes = self.row.value.as_deref().unwrap_or_default();
        match (&self.card.attributes, path.pointer().strip_prefix(ATTRIBUTES)) {
            (Some(raw), Some(rest)) if rest.starts_with('/') => {
                let attributes = self.attributes.get_or_init(|| serde_json::from_str(raw.get()).ok());
                attributes.as_ref()?.pointer(rest)
            }
            _ => path.of(self.whole.get_or_init(|| serde_json::from_slice(bytes).ok()).as_ref()?),
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
        self.card.state.as_deref() != Some("closed")
            && self.card.visibility.as_deref().is_none_or(|visibility| visibility == "public")
            && self.card.lease.is_none_or(|lease| lease.deadline > now)
    }

    /// Whether somebody could join it now.
    pub fn is_joinable(&self) -> bool {
        let Card { state, backfill, members, reserved, max_members, .. } = &self.card;
        let admits = match state.as_deref() {
            None | Some("open") => true,
            Some("in_game") => *backfill == Some(true),
            Some(_) => false,
        };
        let taken = members.unwrap_or(0).saturating_add(reserved.unwrap_or(0));
        admits && max_members.is_none_or(|most| taken < most)
    }
}
