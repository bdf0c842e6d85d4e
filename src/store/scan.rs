//! Ordered reads, in pages.

use std::ops::Bound;

use super::{Inner, Store, encoding};
use crate::engine::{Fields, Range, RecordRef, Snapshot};
use crate::error::Result;
use crate::limits;
use crate::value::Value;

/// What to read, in pages: a range of keys, a direction, a limit and a cursor.
#[derive(Clone, Debug)]
pub struct Scan {
    pub(super) range: Range,
    pub(super) reverse: bool,
    pub(super) fields: Fields,
    pub(super) limit: usize,
    cursor: Option<Vec<u8>>,
}

/// One row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: Vec<u8>,
    /// The value; None where the key does not exist or values were not asked for.
    pub value: Option<Value>,
    /// The version of the commit that wrote the value; 0 where the key does not exist.
    pub version: u64,
    /// When the value expires, in milliseconds since 1970-01-01 UTC; 0: never.
    pub expires_at: i64,
}

impl Row {
    pub(crate) fn of(key: &[u8], value: Option<Value>) -> Self {
        let (version, expires_at) =
            value.as_ref().map_or((0, 0), |value| (value.version(), value.expires_at()));
        Self { key: key.to_vec(), value, version, expires_at }
    }
}

/// Some rows, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, all of one moment.
    pub rows: Vec<Row>,
    /// For the next page; None when this is the last.
    pub cursor: Option<Vec<u8>>,
}

impl Scan {
    /// The keys from `start` on and before `end`, both may be empty: no bound.
    pub fn range(start: &[u8], end: &[u8]) -> Self {
        let end = if end.is_empty() { Bound::Unbounded } else { Bound::Excluded(end.to_vec()) };
        Self::over(Range { start: Bound::Included(start.to_vec()), end })
    }

    /// The keys that start with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self::over(Range::prefix(prefix))
    }

    fn over(range: Range) -> Self {
        Self { range, reverse: false, fields: Fields::All, limit: limits::DEFAULT_PAGE_ROWS, cursor: None }
    }

    /// From the last key to the first.
    pub fn reverse(mut self, reverse: bool) -> Self {
        self.reverse = reverse;
        self
    }

    /// Keys without their values.
    pub fn keys_only(mut self, keys_only: bool) -> Self {
        self.fields = if keys_only { Fields::KeysOnly } else { Fields::All };
        self
    }

    /// The most rows of a page, up to 10,000. A page also ends once it holds 16 MiB.
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows.clamp(1, limits::MAX_PAGE_ROWS);
        self
    }

    /// Goes on after the cursor of the previous page.
    pub fn after(mut self, cursor: &[u8]) -> Self {
        self.cursor = Some(cursor.to_vec());
        self
    }

    /// Refuses bounds that no key can have.
    pub(super) fn check(&self) -> Result<()> {
        let bounds = [&self.range.start, &self.range.end].into_iter().filter_map(|bound| match bound {
            Bound::Included(key) | Bound::Excluded(key) => Some(key),
            Bound::Unbounded => None,
        });
        bounds.chain(&self.cursor).try_for_each(|key| limits::check_bound(key))
    }

    /// What is left of the range after the cursor.
    pub(super) fn rest(&self) -> Range {
        let mut range = self.range.clone();
        if let Some(cursor) = &self.cursor {
            // A cursor outside the range leaves all of it, or nothing.
            let bound = Bound::Excluded(cursor.clone());
            let inside = Range { start: Bound::Included(cursor.clone()), end: range.end.clone() };
            match self.reverse {
                false if starts_before(&range.start, cursor) => range.start = bound,
                true if range.end == Bound::Unbounded || !inside.is_empty() => range.end = bound,
                _ => {}
            }
        }
        range
    }
}

fn starts_before(start: &Bound<Vec<u8>>, cursor: &[u8]) -> bool {
    match start {
        Bound::Unbounded => true,
        Bound::Included(start) | Bound::Excluded(start) => start.as_slice() <= cursor,
    }
}

/// Collects the rows of a page.
pub(super) struct PageBuilder {
    page: Page,
    limit: usize,
    bytes: usize,
}

impl PageBuilder {
    pub fn new(limit: usize) -> Self {
        Self { page: Page::default(), limit, bytes: 0 }
    }

    /// Adds a row, unless the page is full: then it ends with a cursor.
    pub fn push(&mut self, row: Row) -> bool {
        let full = self.page.rows.len() >= self.limit || self.bytes >= limits::PAGE_BYTES;
        if full {
            self.page.cursor = self.page.rows.last().map(|row| row.key.clone());
        } else {
            self.bytes += row.key.len() + row.value.as_ref().map_or(0, |value| value.len());
            self.page.rows.push(row);
        }
        !full
    }

    pub fn finish(self) -> Page {
        self.page
    }
}

pub(super) fn row(key: &[u8], record: RecordRef<'_>, fields: Fields) -> Result<Row> {
    let RecordRef { version, expires_at, encoding, data } = record;
    let value = match fields {
        Fields::All => {
            Some(Value::new(encoding::decode(encoding, data)?.as_ref().into(), version, expires_at))
        }
        Fields::KeysOnly => None,
    };
    Ok(Row { key: key.to_vec(), value, version, expires_at })
}

pub(super) fn is_live(record: &RecordRef<'_>, now: i64) -> bool {
    record.expires_at == 0 || record.expires_at > now
}

impl Store {
    /// Reads a page, all of one moment. The next page may be of a later one.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn scan(&self, scan: &Scan) -> Result<Page> {
        scan.check()?;
        self.inner.with_snapshot(|snapshot| self.inner.scan_snapshot(snapshot, scan))
    }
}

impl Inner {
    fn scan_snapshot(&self, snapshot: &dyn Snapshot, scan: &Scan) -> Result<Page> {
        let now = self.clock.now();
        let mut page = PageBuilder::new(scan.limit);
        snapshot.scan(&scan.rest(), scan.reverse, scan.fields, &mut |key, record| {
            if !is_live(&record, now) {
                return Ok(true);
            }
            Ok(page.push(row(key, record, scan.fields)?))
        })?;
        Ok(page.finish())
    }
}
