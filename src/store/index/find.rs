//! Finding documents by an index, in pages.

use std::ops::Bound;

use super::{Declared, IndexSet, document_key, value};
use crate::engine::{Range, Snapshot, Space};
use crate::error::{Error, Result};
use crate::limits;
use crate::store::coherence::Epoch;
use crate::store::page::{FlatPage, Page, PageBuilder};
use crate::store::{Inner, Store};

/// What to find in an index, in pages. Bounds are JSON scalars: null < false < true < numbers < strings.
#[derive(Clone, Debug)]
pub struct Find {
    start: Bound<Vec<u8>>,
    end: Bound<Vec<u8>>,
    descending: bool,
    limit: usize,
    cursor: Option<Vec<u8>>,
}

impl Find {
    /// Every document of the index.
    pub fn all() -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Unbounded,
            descending: false,
            limit: limits::DEFAULT_PAGE_ROWS,
            cursor: None,
        }
    }

    /// Those whose value equals this JSON scalar.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) when it is none; so for the bounds below.
    pub fn equal(self, json: &[u8]) -> Result<Self> {
        self.lower(json, true)?.upper(json, true)
    }

    /// Those whose value is greater than this, or also equal.
    ///
    /// # Errors
    /// As [`Find::equal`].
    pub fn lower(mut self, json: &[u8], inclusive: bool) -> Result<Self> {
        let value = scalar(json)?;
        self.start = if inclusive { Bound::Included(value) } else { Bound::Excluded(value) };
        Ok(self)
    }

    /// Those whose value is less than this, or also equal.
    ///
    /// # Errors
    /// As [`Find::equal`].
    pub fn upper(mut self, json: &[u8], inclusive: bool) -> Result<Self> {
        let value = scalar(json)?;
        self.end = if inclusive { Bound::Included(value) } else { Bound::Excluded(value) };
        Ok(self)
    }

    /// From the greatest value to the least.
    pub fn descending(mut self, descending: bool) -> Self {
        self.descending = descending;
        self
    }

    /// The most rows of a page, up to 10,000.
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows.clamp(1, limits::MAX_PAGE_ROWS);
        self
    }

    /// Goes on after the cursor of the previous page.
    pub fn after(mut self, cursor: &[u8]) -> Self {
        self.cursor = Some(cursor.to_vec());
        self
    }

    /// The entries of `index` that are left to read.
    fn entries(&self, index: &Declared) -> Result<Range> {
        let id = index.entry_prefix();
        let value = |value: &[u8]| [&id[..], value].concat();
        // Entries continue a value with a key: those of a value are the entries that start with it.
        let all = Range::prefix(&id);
        let start = match &self.start {
            Bound::Unbounded => all.start,
            Bound::Included(least) => Bound::Included(value(least)),
            Bound::Excluded(before) => after_all(&value(before)),
        };
        let end = match &self.end {
            Bound::Unbounded => all.end,
            Bound::Excluded(end) => Bound::Excluded(value(end)),
            Bound::Included(last) => Range::prefix(&value(last)).end,
        };
        let mut range = Range { start, end };
        if let Some(cursor) = &self.cursor {
            if !range.contains(cursor) {
                return Err(Error::invalid("the cursor is not of this query"));
            }
            let bound = Bound::Excluded(cursor.clone());
            if self.descending { range.end = bound } else { range.start = bound }
        }
        Ok(range)
    }
}

fn scalar(json: &[u8]) -> Result<Vec<u8>> {
    let shown = || String::from_utf8_lossy(json.get(..json.len().min(100)).unwrap_or_default()).into_owned();
    let parsed =
        serde_json::from_slice(json).map_err(|error| Error::invalid(format!("{:?}: {error}", shown())))?;
    value::encode(&parsed).ok_or_else(|| {
        Error::invalid(format!(
            "{:?} is no JSON scalar of at most {} bytes",
            shown(),
            limits::MAX_INDEXED_BYTES
        ))
    })
}

/// The first possible entry after all that start with `prefix`.
fn after_all(prefix: &[u8]) -> Bound<Vec<u8>> {
    match Range::prefix(prefix).end {
        Bound::Excluded(end) => Bound::Included(end),
        // Only a prefix of FF bytes has none, and no entry starts so.
        other => other,
    }
}

/// An entry of an index: a value, and the key of a document that has it.
#[derive(Clone)]
pub(crate) struct Entry {
    bytes: Vec<u8>,
    /// Where its key begins.
    key: usize,
}

impl Entry {
    fn new(bytes: &[u8]) -> Result<Self> {
        Ok(Self { bytes: bytes.to_vec(), key: bytes.len() - document_key(bytes)?.len() })
    }

    /// A key alone, for a document that was found in another way.
    pub fn of_key(key: Vec<u8>) -> Self {
        Self { bytes: key, key: 0 }
    }

    pub fn key(&self) -> &[u8] {
        self.bytes.get(self.key..).unwrap_or_default()
    }

    /// The value, as [`index_order`](super::index_order) has it; none in a key alone.
    pub fn value(&self) -> Option<&[u8]> {
        self.bytes.get(4..self.key)
    }
}

/// Some entries of an index, in its order, and where to go on.
pub(crate) struct Entries {
    pub entries: Vec<Entry>,
    /// None when these are the last.
    pub cursor: Option<Vec<u8>>,
}

/// The next entries that `find` asks for.
pub(in crate::store) fn entries(
    snapshot: &dyn Snapshot,
    indexes: &IndexSet,
    name: &str,
    find: &Find,
) -> Result<Entries> {
    let range = find.entries(indexes.named(name)?)?;
    let entries = read(snapshot, &range, find.descending, find.limit)?;
    let last = if entries.len() == find.limit { entries.last() } else { None };
    Ok(Entries { cursor: last.map(|last| last.bytes.clone()), entries })
}

/// The first entries of a range, at most so many.
fn read(snapshot: &dyn Snapshot, range: &Range, descending: bool, most: usize) -> Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(most);
    snapshot.entries(Space::Index, range, descending, &mut |entry, _| {
        entries.push(Entry::new(entry)?);
        Ok(entries.len() < most)
    })?;
    Ok(entries)
}

/// The keys of all documents that an index finds; None when there is no such index.
pub(in crate::store) fn keys(
    snapshot: &dyn Snapshot,
    name: &str,
    find: &Find,
) -> Result<Option<Vec<Vec<u8>>>> {
    let indexes = IndexSet::read(snapshot)?;
    let Some(index) = indexes.get(name) else { return Ok(None) };
    let mut keys = Vec::new();
    snapshot.entries(Space::Index, &find.entries(index)?, find.descending, &mut |entry, _| {
        keys.push(document_key(entry)?.to_vec());
        Ok(true)
    })?;
    Ok(Some(keys))
}

impl Store {
    /// Reads a page of the documents that an index finds, ordered by value and then by key, all of one moment.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) for an unknown index, [`Kind::Invalid`](crate::Kind::Invalid) for a
    /// foreign cursor, and those of [`Store::get`].
    pub fn find(&self, name: &str, find: &Find) -> Result<Page> {
        self.find_flat(name, find).map(Page::from)
    }

    pub(crate) fn find_flat(&self, name: &str, find: &Find) -> Result<FlatPage> {
        let epoch = self.inner.cache.epoch();
        self.inner.with_snapshot(|snapshot| self.inner.find_in(snapshot, name, find, epoch))
    }
}

impl Inner {
    fn find_in(&self, snapshot: &dyn Snapshot, name: &str, find: &Find, epoch: Epoch) -> Result<FlatPage> {
        let view = self.view(snapshot, epoch)?;
        let mut range = find.entries(self.indexes_of(snapshot, &view)?.named(name)?)?;
        let mut page = PageBuilder::new(find.limit);
        let (mut rows, mut last) = (0, None);
        loop {
            // One more than wanted tells whether there is a next page.
            let wanted = find.limit + 1 - rows;
            let mut entries = read(snapshot, &range, find.descending, wanted)?;
            for entry in &entries {
                let Some(value) = self.read_as_of(snapshot, entry.key(), &view)? else { continue };
                if !page.push_value(entry.key(), &value) {
                    let mut page = page.finish();
                    page.cursor = last;
                    return Ok(page);
                }
                rows += 1;
                last = Some(entry.bytes.clone());
            }
            match entries.pop() {
                Some(entry) if entries.len() + 1 == wanted => {
                    let bound = Bound::Excluded(entry.bytes);
                    if find.descending { range.end = bound } else { range.start = bound }
                }
                _ => return Ok(page.finish()),
            }
        }
    }
}
