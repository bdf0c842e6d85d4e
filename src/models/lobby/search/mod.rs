//! Finding lobbies: by a filter, in an order, in pages; along a declared index where one serves, else by a scan that is
//! counted against a budget.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rules::Turn;
use super::state::{Lobby, Private, Room, Seat};
use super::{Lobbies, keys};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::filter::{Filter, Path};
use crate::models::{check_word, from_json};
use crate::store::Row;

mod cursor;
mod walk;

use cursor::{Cursor, Rank};
use walk::Walk;

/// Documents read by a search that says nothing else.
pub const DEFAULT_BUDGET: usize = 10_000;
/// The most orders of a query.
pub const MAX_ORDERS: usize = 4;

/// What to find.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    kind: Option<String>,
    filter: Filter,
    orders: Vec<Order>,
    full: bool,
    limit: usize,
    budget: usize,
    after: Option<Vec<u8>>,
}

/// What comes first. Lobbies without a value there that has an order are not found.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// The number nearest to this one.
    Near(Path, f64),
    /// The least value; null < false < true < numbers < strings.
    Ascending(Path),
    /// The greatest value.
    Descending(Path),
}

/// A lobby that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What follows `lobby:` in its key.
    pub name: String,
    /// Its document, without what time has changed since.
    pub document: Value,
}

impl Found {
    /// Its number; None for a document that [`Lobbies::create`] did not make.
    pub fn id(&self) -> Option<u64> {
        self.name.parse().ok()
    }
}

/// Some of what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundPage {
    /// The lobbies, in order; of equal ones the one with the lesser key first, bytewise.
    pub found: Vec<Found>,
    /// For the next page; None when this is the last.
    pub cursor: Option<Vec<u8>>,
    /// How they were found.
    pub explain: Explain,
}

/// How a search went about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explain {
    /// The index it went along; None: it scanned all lobbies.
    pub index: Option<String>,
    /// Whether that gave the first order, so that it could stop early.
    pub ordered: bool,
    /// How many documents it read.
    pub read: usize,
    /// Whether its budget ended it: there may be others that it did not see.
    pub exhausted: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            kind: None,
            filter: Filter::new(),
            orders: Vec::new(),
            full: false,
            limit: limits::DEFAULT_PAGE_ROWS,
            budget: DEFAULT_BUDGET,
            after: None,
        }
    }
}

impl Query {
    /// Every public lobby that somebody could join.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of a kind.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    /// Those that pass.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// In this order, within those given before.
    pub fn order(mut self, order: Order) -> Self {
        self.orders.push(order);
        self
    }

    /// Also those that nobody can join now: full, locked, starting or in game.
    pub fn full(mut self, full: bool) -> Self {
        self.full = full;
        self
    }

    /// The most of a page.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.clamp(1, limits::MAX_PAGE_ROWS);
        self
    }

    /// The most documents to read.
    pub fn budget(mut self, documents: usize) -> Self {
        self.budget = documents.max(1);
        self
    }

    /// Goes on after the cursor of the previous page.
    pub fn after(mut self, cursor: &[u8]) -> Self {
        self.after = Some(cursor.to_vec());
        self
    }

    fn check(&self) -> Result<()> {
        check_word("a kind", self.kind.as_deref().unwrap_or_default())?;
        if self.orders.len() > MAX_ORDERS {
            return Err(limits::too_many("orders", self.orders.len(), MAX_ORDERS));
        }
        if self.orders.iter().any(|order| matches!(order, Order::Near(_, target) if !target.is_finite())) {
            return Err(Error::new(Kind::WrongType, "nothing is near to what is no number"));
        }
        Ok(())
    }
}

impl Order {
    fn path(&self) -> &Path {
        match self {
            Self::Near(path, _) | Self::Ascending(path) | Self::Descending(path) => path,
        }
    }
}

impl Lobbies<'_> {
    /// Finds lobbies. Documents under `lobby:` that others wrote are found too: what they do not say stands against nothing
    /// but the filter. Each is judged as time has made it. A page is not of one moment.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a cursor of another query; [`Kind::TooLarge`], [`Kind::WrongType`]; those of a read.
    pub fn search(&self, query: &Query) -> Result<FoundPage> {
        query.check()?;
        let after = query.after.as_deref().map(|cursor| Cursor::read(cursor, query)).transpose()?;
        let now = self.now()?;
        let mut walk = Walk::plan(self.store, query, after.as_ref())?;
        let mut explain = Explain { index: walk.index(), ordered: walk.is_ordered(), ..Explain::default() };
        let mut found: BTreeMap<Rank, Found> = BTreeMap::new();
        while let Some(row) = walk.next()? {
            if explain.read == query.budget {
                explain.exhausted = true;
                break;
            }
            explain.read += 1;
            let Ok(document) = serde_json::from_slice::<Value>(row.value.as_deref().unwrap_or_default())
            else {
                continue;
            };
            let Some(rank) = Rank::of(&document, &row.key, &query.orders) else { continue };
            // Along an order nothing later can come before the last of a page that is full.
            if walk.is_ordered()
                && found.len() > query.limit
                && found.keys().nth(query.limit).is_some_and(|last| last.is_before(&rank))
            {
                break;
            }
            if after.as_ref().is_some_and(|after| rank <= after.rank) {
                continue;
            }
            if let Some(document) = self.judge(query, &row, document, now)? {
                let name = String::from_utf8_lossy(row.key.get(keys::LOBBY.len()..).unwrap_or_default());
                found.insert(rank, Found { name: name.into_owned(), document });
                // One more than wanted tells whether there is a next page.
                if found.len() > query.limit + 1 {
                    found.pop_last();
                }
            }
        }
        let more = found.len() > query.limit;
        if more {
            found.pop_last();
        }
        let cursor = match found.last_key_value() {
            Some((rank, last)) if more => Some(Cursor::write(rank, &last.document, query)?),
            _ => None,
        };
        Ok(FoundPage { found: found.into_values().collect(), cursor, explain })
    }

    /// The document, as time has made it, if it is what the query wants.
    fn judge(&self, query: &Query, row: &Row, document: Value, now: i64) -> Result<Option<Value>> {
        let due = document.pointer("/lease/next").and_then(Value::as_i64).is_some_and(|next| next <= now);
        let document = if due { self.settled(row, now)? } else { document };
        let admitted = query.is_of_kind(&document)
            && is_visible(&document, now)
            && (query.full || is_joinable(&document))
            && query.filter.passes(&document);
        Ok(admitted.then_some(document))
    }

    /// What a lobby would be if somebody changed it now.
    fn settled(&self, row: &Row, now: i64) -> Result<Value> {
        let lobby: Lobby = from_json(&row.key, row.value.as_deref().unwrap_or_default())?;
        let mut seats = BTreeMap::new();
        let mut scan = keys::seats(lobby.id);
        loop {
            let page = self.store.scan(&scan)?;
            for row in &page.rows {
                let seat: Seat = from_json(&row.key, row.value.as_deref().unwrap_or_default())?;
                seats.insert(seat.player.clone(), seat);
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => break,
            }
        }
        let room = Room { lobby, private: Private::default(), seats, bans: BTreeMap::new() };
        let mut turn = Turn::new(room, now, None);
        turn.settle().map_err(|refusal| refusal.0)?;
        serde_json::to_value(&turn.room().lobby)
            .map_err(|error| Error::new(Kind::Panic, format!("write JSON: {error}")))
    }
}

impl Query {
    fn is_of_kind(&self, document: &Value) -> bool {
        self.kind.as_ref().is_none_or(|kind| document.get("kind").and_then(Value::as_str) == Some(kind))
    }
}

fn is_visible(document: &Value, now: i64) -> bool {
    let text = |name| document.get(name).and_then(Value::as_str);
    let deadline = document.pointer("/lease/deadline").and_then(Value::as_i64);
    text("state") != Some("closed")
        && text("visibility").is_none_or(|visibility| visibility == "public")
        && deadline.is_none_or(|deadline| deadline > now)
}

fn is_joinable(document: &Value) -> bool {
    let number = |name| document.get(name).and_then(Value::as_u64);
    let taken = number("members").unwrap_or(0).saturating_add(number("reserved").unwrap_or(0));
    let admits = match document.get("state").and_then(Value::as_str) {
        None | Some("open") => true,
        Some("in_game") => document.get("backfill") == Some(&Value::Bool(true)),
        Some(_) => false,
    };
    admits && number("max_members").is_none_or(|most| taken < most)
}
