//! Ways through the lobbies' documents: along an index in the wanted order, along the part of an index that a condition
//! leaves, or over all of them. Along an index, a document is read when it is its turn.

use super::candidate::Candidate;
use super::card::Cards;
use super::cursor::{Cursor, distance};
use super::{Order, Query};
use crate::error::Result;
use crate::models::document::encode;
use crate::models::filter::{Path, Test};
use crate::models::lobby::keys;
use crate::store::{Entry, Find, IndexSpec, Look, Row, Scan, Value, index_number};

/// Rows read at a time, at least and at most.
const PAGES: (usize, usize) = (8, 256);

/// A way through the documents.
pub(super) struct Walk<'l> {
    look: &'l Look<'l>,
    cards: &'l Cards,
    way: Way<'l>,
    index: Option<String>,
}

enum Way<'l> {
    /// All of them, by key; whether that is the wanted order.
    All(Pages<'l, Row>, bool),
    /// Along an index; whether that is the wanted order.
    Along(Pages<'l, Entry>, bool),
    /// Outwards from a number, on both sides.
    Near { target: f64, above: Pages<'l, Entry>, below: Pages<'l, Entry> },
}

impl<'l> Walk<'l> {
    /// The best way for a query: along its first order, else by a condition that an index can serve, else a scan.
    pub fn plan(look: &'l Look<'l>, cards: &'l Cards, query: &Query, after: Option<&Cursor>) -> Result<Self> {
        let of = |path: &Path| {
            let mut indexes = look.indexes().filter(|index| index.prefix() == keys::LOBBY.as_bytes());
            indexes.find(|index| index.pointer() == path.pointer())
        };
        let walk = |way, index: Option<&IndexSpec>| {
            Ok(Self { look, cards, way, index: index.map(|index| index.name().to_owned()) })
        };
        let size = (query.limit + 2).clamp(PAGES.0, PAGES.1);
        if let Some(order) = query.orders.first()
            && let Some(index) = of(order.path())
        {
            return walk(ordered(look, index, order, after, size)?, Some(index));
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
            return walk(Way::Along(entries(look, index, find), ordered), Some(index));
        }
        let mut scan = Scan::prefix(keys::LOBBY.as_bytes()).limit(size);
        if let (Some(after), true) = (after, query.orders.is_empty()) {
            scan = scan.after(&after.key);
        }
        walk(Way::All(rows(look, scan), query.orders.is_empty()), None)
    }

    pub fn index(&self) -> Option<String> {
        self.index.clone()
    }

    /// Whether rows come in the query's first order, or by key where there is none.
    pub fn is_ordered(&self) -> bool {
        !matches!(self.way, Way::All(_, false) | Way::Along(_, false))
    }

    pub fn next(&mut self) -> Result<Option<Candidate>> {
        while let Some((entry, document)) = self.way.next(self.look)? {
            let candidate = document.and_then(|document| Candidate::of(entry, document, self.cards));
            if candidate.is_some() {
                return Ok(candidate);
            }
        }
        Ok(None)
    }
}

impl Way<'_> {
    /// The next key, with its value in the first order where an index tells that, and its document unless it has expired.
    fn next(&mut self, look: &Look<'_>) -> Result<Option<(Entry, Option<Value>)>> {
        let entry = match self {
            Self::All(rows, _) => return Ok(rows.next()?.map(|row| (Entry::of_key(row.key), row.value))),
            Self::Along(entries, true) => entries.next()?,
            // Of another path than the first order.
            Self::Along(entries, false) => entries.next()?.map(|entry| Entry::of_key(entry.key().to_vec())),
            Self::Near { target, above, below } => {
                // Beyond the numbers come values of other types: there a side ends.
                let far = |entry: &Entry| distance(index_number(entry.value()?), *target);
                match (above.peek()?.and_then(far), below.peek()?.and_then(far)) {
                    (Some(up), Some(down)) if down < up => below.next()?,
                    (Some(_), _) => above.next()?,
                    (None, Some(_)) => below.next()?,
                    (None, None) => None,
                }
            }
        };
        let Some(entry) = entry else { return Ok(None) };
        let document = look.get(entry.key())?;
        Ok(Some((entry, document)))
    }
}

/// Along an index, from where the last page ended.
fn ordered<'l>(
    look: &'l Look<'l>,
    index: &IndexSpec,
    order: &Order,
    after: Option<&Cursor>,
    size: usize,
) -> Result<Way<'l>> {
    let first = after.map(|after| encode(&after.first)).transpose()?;
    let all = Find::all().limit(size);
    Ok(match order {
        Order::Ascending(_) => {
            let find = first.map_or(Ok(all.clone()), |first| all.lower(&first, true))?;
            Way::Along(entries(look, index, find), true)
        }
        Order::Descending(_) => {
            let find = first.map_or(Ok(all.clone()), |first| all.upper(&first, true))?;
            Way::Along(entries(look, index, find.descending(true)), true)
        }
        Order::Near(_, target) => {
            // Of two sides each has about half.
            let all = all.limit((size / 2 + 1).max(PAGES.0));
            let far = after.and_then(|after| distance(after.first.as_f64(), *target)).unwrap_or(0.0);
            // A little nearer, for a distance is rounded.
            let far = (far - (target.abs() + far) * 1e-12).max(0.0);
            let above = all.clone().lower(&encode(&(target + far))?, true)?;
            let below = all.upper(&encode(&(target - far))?, far > 0.0)?.descending(true);
            let (above, below) = (entries(look, index, above), entries(look, index, below));
            Way::Near { target: *target, above, below }
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
            let order = |value: &&serde_json::Value| crate::store::index_order(value);
            match (values.iter().min_by_key(order), values.iter().max_by_key(order)) {
                (Some(least), Some(most)) => find.lower(&encode(least)?, true)?.upper(&encode(most)?, true),
                _ => Ok(find),
            }
        }
        Test::Ne(_) | Test::NotIn(_) | Test::Exists(_) | Test::Contains(_) => Ok(find),
    }
}

/// What is read in pages, one by one.
struct Pages<'l, T> {
    /// Reads the next page; None after the last.
    read: Box<dyn FnMut() -> Result<Option<Vec<T>>> + 'l>,
    ahead: std::vec::IntoIter<T>,
}

impl<'l, T> Pages<'l, T> {
    fn new(read: impl FnMut() -> Result<Option<Vec<T>>> + 'l) -> Self {
        Self { read: Box::new(read), ahead: Vec::new().into_iter() }
    }

    fn peek(&mut self) -> Result<Option<&T>> {
        while self.ahead.as_slice().is_empty() {
            let Some(page) = (self.read)()? else { return Ok(None) };
            self.ahead = page.into_iter();
        }
        Ok(self.ahead.as_slice().first())
    }

    fn next(&mut self) -> Result<Option<T>> {
        self.peek()?;
        Ok(self.ahead.next())
    }
}

fn entries<'l>(look: &'l Look<'l>, index: &IndexSpec, find: Find) -> Pages<'l, Entry> {
    let (name, mut rest) = (index.name().to_owned(), Some(find));
    Pages::new(move || {
        let Some(find) = rest.take() else { return Ok(None) };
        let page = look.entries(&name, &find)?;
        rest = page.cursor.map(|cursor| find.after(&cursor));
        Ok(Some(page.entries))
    })
}

fn rows<'l>(look: &'l Look<'l>, scan: Scan) -> Pages<'l, Row> {
    let mut rest = Some(scan);
    Pages::new(move || {
        let Some(scan) = rest.take() else { return Ok(None) };
        let page = look.scan(&scan)?;
        rest = page.cursor.map(|cursor| scan.after(&cursor));
        Ok(Some(page.rows))
    })
}
