//! A look at the store: many reads, all of one moment.

use std::sync::Arc;

use super::index::{self, Entries, Find, IndexSet, IndexSpec};
use super::page::Page;
use super::read::View;
use super::scan::Scan;
use super::{Inner, Store};
use crate::engine::{Hold, Snapshot};
use crate::error::Result;
use crate::value::Value;

/// One moment of a store, for the length of a call: until it ends, a write-ahead log does not shrink.
pub(crate) struct Look<'s> {
    inner: &'s Inner,
    snapshot: Box<dyn Snapshot>,
    view: View,
    indexes: Arc<IndexSet>,
}

impl Store {
    /// Looks at the present.
    ///
    /// # Errors
    /// As [`Store::get`]; so for the reads.
    pub(crate) fn look(&self) -> Result<Look<'_>> {
        let inner = &*self.inner;
        inner.catch_up()?;
        let epoch = inner.cache.epoch();
        let snapshot = inner.note(inner.engine()?.snapshot(Hold::Long))?;
        let view = inner.view(snapshot.as_ref(), epoch)?;
        let indexes = inner.note(inner.indexes_of(snapshot.as_ref(), &view))?;
        Ok(Look { inner, snapshot, view, indexes })
    }
}

impl Look<'_> {
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        self.inner.note(self.inner.read_as_of(self.snapshot.as_ref(), key, &self.view))
    }

    pub fn scan(&self, scan: &Scan) -> Result<Page> {
        scan.check()?;
        self.inner.note(self.inner.scan_snapshot(self.snapshot.as_ref(), scan)).map(Page::from)
    }

    pub fn indexes(&self) -> impl Iterator<Item = &IndexSpec> {
        self.indexes.specs()
    }

    /// The entries of an index, without their documents: of some the documents may have expired.
    pub fn entries(&self, name: &str, find: &Find) -> Result<Entries> {
        self.inner.note(index::entries(self.snapshot.as_ref(), &self.indexes, name, find))
    }
}
