//! Finding lobbies: by a filter, in an order, in pages; along a declared index where one serves, else by a scan that is
//! counted against a budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::rules::Turn;
use super::state::{Lobby, Private, Room, Seat};
use super::{Lobbies, keys};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::check_word;
use crate::models::document::{decode, encode};
use crate::models::filter::{Filter, Path};
use crate::store::{Entry, Look, Value};

mod candidate;
mod card;
mod cursor;
mod walk;

use candidate::Candidate;
use card::Cards;
use cursor::{Cursor, Rank};
use walk::Walk;

/// Documents read by a search that says nothing else.
pub const DEFAULT_BUDGET: usize = 10_000;
/// The most orders of a query.
pub const MAX_ORDERS: usize = 4;
/// The most bytes of a cursor of a search.
pub const MAX_CURSOR_BYTES: usize = 2 * limits::MAX_CURSOR_BYTES * (MAX_ORDERS + 1);

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
    /// Its document: JSON, as time has made it.
    pub document: Value,
}

impl Found {
    /// The key of its document.
    pub fn key(&self) -> String {
        format!("{}{}", keys::LOBBY, self.name)
    }

    /// Its number; None for a document that [`Lobbies::create`] did not make.
    pub fn id(&self) -> Option<u64> {
        self.name.parse().ok()
    }
}

/// Some of what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundPage {
    /// The lobbies, in order; equal ones by their keys, downwards where the first order is descending. Of numbers that are
    /// equally near, those above come first, and those below are in descending order.
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

/// An order, as JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key: String,
    near: Option<f64>,
    #[serde(default)]
    descending: bool,
}

impl Order {
    /// Orders from JSON: an array of `{"key": ..., "near": number}`, `{"key": ...}` and
    /// `{"key": ..., "descending": true}`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for another form.
    pub fn list_from_json(json: &str) -> Result<Vec<Self>> {
        let wrong = |what: &str| Error::invalid(format!("an order: {what}"));
        let malformed = |error: serde_json::Error| wrong(&error.to_string());
        // A list of its members would be taken for one too.
        let objects: Vec<serde_json::Map<_, _>> = serde_json::from_str(json).map_err(malformed)?;
        let order = |object: serde_json::Map<_, _>| {
            let Written { key, near, descending } =
                serde_json::from_value(object.into()).map_err(malformed)?;
            match (Path::new(&key)?, near, descending) {
                (path, Some(number), false) => Ok(Self::Near(path, number)),
                (path, None, false) => Ok(Self::Ascending(path)),
                (path, None, true) => Ok(Self::Descending(path)),
                (_, Some(_), true) => Err(wrong("what is near comes first: it has no \"descending\"")),
            }
        };
        objects.into_iter().map(order).collect()
    }

    fn path(&self) -> &Path {
        match self {
            Self::Near(path, _) | Self::Ascending(path) | Self::Descending(path) => path,
        }
    }
}

impl Lobbies<'_> {
    /// Finds lobbies. Documents under `lobby:` that others wrote are found too: what they do not say stands against nothing
    /// but the filter. Each is judged as time has made it. A page is all of one moment.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a cursor of another query; [`Kind::TooLarge`], [`Kind::WrongType`]; those of a read.
    pub fn search(&self, query: &Query) -> Result<FoundPage> {
        query.check()?;
        let after = query.after.as_deref().map(|cursor| Cursor::read(cursor, query)).transpose()?;
        let store = self.scope.store();
        let (cards, look): (Arc<Cards>, _) = (store.attached(), store.look()?);
        let judge = Judge::new(query, &cards, &look, store.lease_time()?);
        let mut walk = Walk::plan(&look, &cards, query, after.as_ref())?;
        let mut explain = Explain { index: walk.index(), ordered: walk.is_ordered(), ..Explain::default() };
        // Along one order alone, everything comes in its place.
        let found = match walk.is_ordered() && query.orders.len() <= 1 {
            true => Hits::InOrder(Vec::new()),
            false => Hits::Sorted(BTreeMap::new()),
        };
        let mut best = Best { found, query };
        while let Some(mut candidate) = walk.next()? {
            if explain.read == query.budget {
                explain.exhausted = true;
                break;
            }
            explain.read += 1;
            let Some(rank) = Rank::of(&candidate, &query.orders) else { continue };
            if walk.is_ordered() && best.is_complete(&rank) {
                break;
            }
            if after.as_ref().is_none_or(|after| rank > after.rank) && judge.accepts(&mut candidate)? {
                best.add(rank, candidate);
            }
        }
        best.page(explain, &cards)
    }
}

/// What a query wants of a candidate, now.
struct Judge<'q> {
    query: &'q Query,
    kind: Option<card::Kind>,
    cards: &'q Cards,
    look: &'q Look<'q>,
    now: i64,
}

impl<'q> Judge<'q> {
    fn new(query: &'q Query, cards: &'q Cards, look: &'q Look<'q>, now: i64) -> Self {
        let kind = query.kind.as_deref().map(|kind| cards.kind(kind));
        Self { query, kind, cards, look, now }
    }

    /// Whether the candidate, made into what time has made of it, is what the query wants.
    fn accepts(&self, candidate: &mut Candidate) -> Result<bool> {
        if candidate.is_due(self.now) && !self.settle(candidate)? {
            return Ok(false);
        }
        Ok(candidate.is_of_kind(self.kind)
            && candidate.is_visible(self.now)
            && (self.query.full || candidate.is_joinable())
            && self.query.filter.passes_by(&|path| candidate.value(path)))
    }

    /// Makes of a lobby what it would be if somebody changed it now. Whether it is one.
    fn settle(&self, candidate: &mut Candidate) -> Result<bool> {
        let lobby: Lobby = decode(candidate.entry.key(), &candidate.document)?;
        let mut seats = BTreeMap::new();
        let mut scan = keys::seats(lobby.id);
        loop {
            let page = self.look.scan(&scan)?;
            for row in &page.rows {
                let seat: Seat = decode(&row.key, row.value.as_deref().unwrap_or_default())?;
                seats.insert(seat.player.clone(), seat);
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => break,
            }
        }
        let room = Room {
            lobby,
            private: Private::default(),
            seats,
            bans: BTreeMap::new(),
            invites: BTreeMap::new(),
        };
        let mut turn = Turn::new(room, self.now, None);
        turn.settle().map_err(|refusal| refusal.0)?;
        Ok(candidate.set_document(encode(&turn.room().lobby)?.into(), self.cards))
    }
}

/// The key of a lobby, with its value in the first order where an index told that, and its document.
type Hit = (Entry, Value);

enum Hits {
    InOrder(Vec<Hit>),
    Sorted(BTreeMap<Rank, Hit>),
}

/// The best so far, one more than wanted: it tells whether there is a next page.
struct Best<'q> {
    found: Hits,
    query: &'q Query,
}

impl Best<'_> {
    /// Whether nothing that comes at `rank` or later, along the first order, can be among them.
    fn is_complete(&self, rank: &Rank) -> bool {
        match &self.found {
            Hits::InOrder(found) => found.len() > self.query.limit,
            Hits::Sorted(found) => {
                let last = found.last_key_value().filter(|_| found.len() > self.query.limit);
                last.is_some_and(|(last, _)| last.is_before(rank))
            }
        }
    }

    fn add(&mut self, rank: Rank, candidate: Candidate) {
        match &mut self.found {
            Hits::InOrder(found) => found.push(candidate.into_parts()),
            Hits::Sorted(found) => {
                found.insert(rank, candidate.into_parts());
                if found.len() > self.query.limit + 1 {
                    found.pop_last();
                }
            }
        }
    }

    fn page(self, explain: Explain, cards: &Cards) -> Result<FoundPage> {
        let mut found = match self.found {
            Hits::InOrder(found) => found,
            Hits::Sorted(found) => found.into_values().collect(),
        };
        let more = found.len() > self.query.limit;
        found.truncate(self.query.limit);
        let last = found.last().filter(|_| more);
        let last = last.and_then(|(entry, document)| Candidate::of(entry.clone(), document.clone(), cards));
        let cursor = last.map(|last| Cursor::write(&last, self.query)).transpose()?;
        let found = found.into_iter().map(|(entry, document)| Found { name: name(&entry), document });
        Ok(FoundPage { found: found.collect(), cursor, explain })
    }
}

/// What follows `lobby:` in its key.
fn name(entry: &Entry) -> String {
    String::from_utf8_lossy(entry.key().get(keys::LOBBY.len()..).unwrap_or_default()).into_owned()
}
