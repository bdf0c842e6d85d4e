//! The indexes of a store, remembered between commits and changed by commits of their own.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::{IndexSet, IndexSpec, build, tear_down};
use crate::engine::{Snapshot, Space, Writer};
use crate::error::Result;
use crate::store::read::View;
use crate::store::{Inner, Store};

/// What is known of the indexes; the change log tells when to forget it.
#[derive(Default)]
pub(in crate::store) struct Catalog {
    known: Mutex<Option<Arc<IndexSet>>>,
    changing: Mutex<()>,
}

impl Catalog {
    /// The indexes that a commit has to keep. Under the write lock, after the change log was applied.
    pub fn current(&self, writer: &dyn Writer) -> Result<Arc<IndexSet>> {
        let mut known = self.known.lock();
        if let Some(known) = &*known {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(IndexSet::read(writer)?);
        *known = Some(Arc::clone(&read));
        Ok(read)
    }

    /// What is known, if anything: true as of the cache's state, if that did not move before this returned.
    pub fn known(&self) -> Option<Arc<IndexSet>> {
        self.known.lock().clone()
    }

    /// Held by a change of the indexes; who takes it waits for those under way.
    pub fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock()
    }

    pub fn forget(&self) {
        *self.known.lock() = None;
    }
}

impl Store {
    /// Declares an index; documents there are indexed at once. Declaring the same again does nothing.
    ///
    /// # Errors
    /// [`Kind::Exists`](crate::Kind::Exists) when the name is taken by a different index, [`Kind::TooLarge`](crate::Kind::TooLarge) beyond 64 indexes, and those of
    /// [`Store::put`].
    pub fn declare_index(&self, spec: &IndexSpec) -> Result<()> {
        self.inner.engine_to_write()?;
        if self.inner.index_set()?.add(spec)?.is_none() {
            return Ok(());
        }
        self.inner.commit_catalog(spec.name(), |writer| {
            // Looked at again under the write lock: another process may have been faster.
            let Some(index) = changeable(writer)?.add(spec)? else { return Ok(()) };
            writer.put_entry(Space::Meta, &index.catalog_key(), &index.catalog_value()?)?;
            tear_down(writer, &index)?;
            build(writer, &index)
        })
    }

    /// Drops an index.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound), and those of [`Store::put`].
    pub fn drop_index(&self, name: &str) -> Result<()> {
        self.inner.commit_catalog(name, |writer| {
            let indexes = changeable(writer)?;
            let index = indexes.named(name)?;
            writer.delete_entry(Space::Meta, &index.catalog_key())?;
            tear_down(writer, index)
        })
    }

    /// Builds an index anew from the documents.
    ///
    /// # Errors
    /// As [`Store::drop_index`].
    pub fn rebuild_index(&self, name: &str) -> Result<()> {
        self.inner.commit_catalog(name, |writer| {
            let indexes = changeable(writer)?;
            let index = indexes.named(name)?;
            tear_down(writer, index)?;
            build(writer, index)
        })
    }

    /// The indexes, by name.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn indexes(&self) -> Result<Vec<IndexSpec>> {
        Ok(self.inner.index_set()?.specs().cloned().collect())
    }
}

impl Inner {
    fn index_set(&self) -> Result<Arc<IndexSet>> {
        if self.catch_up()?
            && let (Some(view), Some(known)) = (self.present_view()?, self.catalog.known())
            && self.is_still(&view)
        {
            return Ok(known);
        }
        self.with_snapshot(|snapshot| Ok(Arc::new(IndexSet::read(snapshot)?)))
    }

    /// The indexes of a snapshot, which the view is of.
    pub(in crate::store) fn indexes_of(&self, snapshot: &dyn Snapshot, view: &View) -> Result<Arc<IndexSet>> {
        match self.catalog.known() {
            Some(known) if self.is_still(view) => Ok(known),
            _ => Ok(Arc::new(IndexSet::read(snapshot)?)),
        }
    }
}

/// The indexes, under the write lock, to be changed.
fn changeable(writer: &dyn Writer) -> Result<IndexSet> {
    let indexes = IndexSet::read(writer)?;
    indexes.check_writable()?;
    Ok(indexes)
}
