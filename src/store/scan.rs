//! Ordered reads, in pages.

use std::ops::Bound;

use super::page::{FlatPage, Page, PageBuilder};
use super::{Inner, Store};
use crate::engine::{Fields, Range, RecordRef, Snapshot};
use crate::error::Result;
use crate::limits;

/// What to read, in pages: a range of keys, a direction, a limit and a cursor.
#[derive(Clone, Debug)]
pub struct Scan {
    pub(super) range: Range,
    pub(super) reverse: bool,
    pub(super) fields: Fields,
    pub(super) limit: usize,
    cursor: Option<Vec<u8>>,
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

pub(super) fn is_live(record: &RecordRef<'_>, now: i64) -> bool {
    record.expires_at == 0 || record.expires_at > now
}

impl Store {
    /// Reads a page, all of one moment. The next page may be of a later one.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn scan(&self, scan: &Scan) -> Result<Page> {
        self.scan_flat(scan).map(Page::from)
    }

    pub(crate) fn scan_flat(&self, scan: &Scan) -> Result<FlatPage> {
        scan.check()?;
        self.inner.with_snapshot(|snapshot| self.inner.scan_snapshot(snapshot, scan))
    }
}

impl Inner {
    pub(super) fn scan_snapshot(&self, snapshot: &dyn Snapshot, scan: &Scan) -> Result<FlatPage> {
        let now = self.clock.now();
        let mut page = PageBuilder::new(scan.limit);
        snapshot.scan(&scan.rest(), scan.reverse, scan.fields, &mut |key, record| {
            if is_live(&record, now) { page.push(key, &record, scan.fields) } else { Ok(true) }
        })?;
        Ok(page.finish())
    }
}
