//! Ways through the lobbies' documents: along an index in the wanted order, along the part of an index that a condition
//! leaves, or over all of them.

use std::collections::VecDeque;

use serde_json::Value;

use super::candidate::Candidate;
use super::card::Cards;
use super::cursor::{Cursor, distance};
use super::{Order, Query};
use crate::error::Result;
use crate::models::document::encode;
use crate::models::filter::{Path, Test};
use crate::models::lobby::keys;
use crate::store::{Find, IndexSpec, Scan, Store};

/// Rows read at a time, at least and at most.
const PAGES: (usize, usize) = (8, 256);

/// A way through the documents.
pub(super) struct Walk<'s> {
    way: Way<'s>,
    index: Option<String>,
}

enum Way<'s> {
    /// One stream; whether in the first order, or by key where there is none.
    One(Stream<'s>, bool),
    /// Outwards from a number, on both sides.
    Near { path: Path, target: f64, above: Box<Stream<'s>>, below: Box<Stream<'s>> },
}

impl<'s> Walk<'s> {
    /// The best way for a query: along its first order, else by a condition that an index can serve, else a scan.
    pub fn plan(store: &'s Store, cards: &'s Cards, query: &Query, after: Option<&Cursor>) -> Result<Self> {
        let mut indexes = store.indexes()?;
        indexes.retain(|index| index.prefix() == keys::LOBBY.as_bytes());
        let of = |path: &Path| indexes.iter().find(|index| index.pointer() == path.pointer());
        let size = (query.limit + 2).clamp(PAGES.0, PAGES.1);
        if let Some(order) = query.orders.first()
            && let Some(index) = of(order.path())
        {
            let way = ordered((store, cards), index, order, after, size)?;
            return Ok(Self { way, index: Some(index.name().to_owned()) });
        }
        // An equality leaves the least, mostly.
        let mut served: Vec<_> = query
            .filter
            .required()
            .filter_map(|condition| Some((of(condition.path())?, condition.test())))
            .filter_map(|(index, test)| Some((rank(test)?, index, test)))
            .collect();
        served.sort_by_key(|(rank, ..)| *rank);
        if let Some((_, index, test)) = served.first() {
            let find = bounded(Find::all(), test)?.limit(size);
            // The entries of one value are in the order of the documents' keys.
            let ordered = query.orders.is_empty() && matches!(test, Test::Eq(_));
            let stream = Stream::new(store, cards, Source::Find(index.name().to_owned(), find));
            return Ok(Self { way: Way::One(stream, ordered), index: Some(index.name().to_owned()) });
        }
        let mut scan = Scan::prefix(keys::LOBBY.as_bytes()).limit(size);
        if let (Some(after), true) = (after, query.orders.is_empty()) {
            scan = scan.after(&after.key);
        }
        let stream = Stream::new(store, cards, Source::Scan(scan));
        Ok(Self { way: Way::One(stream, query.orders.is_empty()), index: None })
    }

    pub fn index(&self) -> Option<String> {
        self.index.clone()
    }

    /// Whether rows come in the query's first order, or by key where there is none.
    pub fn is_ordered(&self) -> bool {
        !matches!(self.way, Way::One(_, false))
    }

    pub fn next(&mut self) -> Result<Option<Candidate>> {
        match &mut self.way {
            Way::One(stream, _) => stream.next(),
            Way::Near { path, target, above, below } => {
                let far = |stream: &mut Stream<'_>| -> Result<Option<f64>> {
                    // Beyond the numbers come values of other types: there the side ends.
                    Ok(stream.peek()?.and_then(|it| distance(it.value(path)?, *target)))
                };
                match (far(above)?, far(below)?) {
                    (Some(up), Some(down)) if down < up => below.next(),
                    (Some(_), _) => above.next(),
                    (None, Some(_)) => below.next(),
                    (None, None) => Ok(None),
                }
            }
        }
    }
}

/// Along an index, from where the last page ended.
fn ordered<'s>(
    (store, cards): (&'s Store, &'s Cards),
    index: &IndexSpec,
    order: &Order,
    after: Option<&Cursor>,
    size: usize,
) -> Result<Way<'s>> {
    // Of two sides each has about half.
    let size = if matches!(order, Order::Near(..)) { (size / 2 + 1).max(PAGES.0) } else { size };
    let stream =
        |find: Find| Stream::new(store, cards, Source::Find(index.name().to_owned(), find.limit(size)));
    let first = after.map(|after| encode(&after.first)).transpose()?;
    Ok(match order {
        Order::Ascending(_) => {
            let find = Find::all();
            Way::One(stream(first.map_or(Ok(find.clone()), |first| find.lower(&first, true))?), true)
        }
        Order::Descending(_) => {
            let find = Find::all().descending(true);
            Way::One(stream(first.map_or(Ok(find.clone()), |first| find.upper(&first, true))?), true)
        }
        Order::Near(path, target) => {
            let far = after.and_then(|after| distance(&after.first, *target)).unwrap_or(0.0);
            // A little nearer, for a distance is rounded.
            let far = (far - (target.abs() + far) * 1e-12).max(0.0);
            let above = Find::all().lower(&encode(&(target + far))?, true)?;
            let below = Find::all().upper(&encode(&(target - far))?, far > 0.0)?.descending(true);
            let (above, below) = (Box::new(stream(above)), Box::new(stream(below)));
            Way::Near { path: path.clone(), target: *target, above, below }
        }
    })
}

/// How much a test may leave of an index; None: it cannot use one.
fn rank(test: &Test) -> Option<u8> {
    match test {
        Test::Eq(_) => Some(0),
        Test::In(values) => (!values.is_empty()).then_some(1),
        Test::Prefix(_) => Some(2),
        Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) => Some(3),
        Test::Ne(_) | Test::NotIn(_) | Test::Exists(_) | Test::Contains(_) => None,
    }
}

/// The part of an index in which everything is that passes a test, and maybe more.
fn bounded(find: Find, test: &Test) -> Result<Find> {
    match test {
        Test::Eq(value) => find.equal(&encode(value)?),
        Test::Lt(value) | Test::Le(value) => find.upper(&encode(value)?, true),
        Test::Gt(value) | Test::Ge(value) => find.lower(&encode(value)?, true),
        Test::Prefix(start) => find.lower(&encode(start)?, true),
        Test::In(values) => {
            let order = |value: &&Value| crate::store::index_order(value);
            match (values.iter().min_by_key(order), values.iter().max_by_key(order)) {
                (Some(least), Some(most)) => find.lower(&encode(least)?, true)?.upper(&encode(most)?, true),
                _ => Ok(find),
            }
        }
        Test::Ne(_) | Test::NotIn(_) | Test::Exists(_) | Test::Contains(_) => Ok(find),
    }
}

/// Documents in pages, read as they are needed.
struct Stream<'s> {
    store: &'s Store,
    cards: &'s Cards,
    source: Option<Source>,
    ahead: VecDeque<Candidate>,
}

enum Source {
    Find(String, Find),
    Scan(Scan),
}

impl<'s> Stream<'s> {
    fn new(store: &'s Store, cards: &'s Cards, source: Source) -> Self {
        Self { store, cards, source: Some(source), ahead: VecDeque::new() }
    }

    fn peek(&mut self) -> Result<Option<&Candidate>> {
        while self.ahead.is_empty() {
            let page = match &self.source {
                None => return Ok(None),
                Some(Source::Find(index, find)) => self.store.find(index, find)?,
                Some(Source::Scan(scan)) => self.store.scan(scan)?,
            };
            self.source = match (self.source.take(), page.cursor) {
                (Some(Source::Find(index, find)), Some(cursor)) => {
                    Some(Source::Find(index, find.after(&cursor)))
                }
                (Some(Source::Scan(scan)), Some(cursor)) => Some(Source::Scan(scan.after(&cursor))),
                _ => None,
            };
            self.ahead.extend(page.rows.into_iter().filter_map(|row| Candidate::of(row, self.cards)));
        }
        Ok(self.ahead.front())
    }

    fn next(&mut self) -> Result<Option<Candidate>> {
        self.peek()?;
        Ok(self.ahead.pop_front())
    }
}
