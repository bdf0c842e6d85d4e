//! Structures in memory over the rows of a prefix: built by one scan, then kept true by the change log, whoever writes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::{Kind, Result};
use crate::limits;
use crate::store::{Scan, Store, Value, Watch};

/// A structure that rows are folded into. Rows of a foreign form are left out.
pub(super) trait Fold {
    /// Forgets every row.
    fn clear(&mut self);
    /// Takes in a row, instead of the one it had under the key.
    fn put(&mut self, key: &[u8], value: &Value);
    /// Forgets a row, if it has it.
    fn remove(&mut self, key: &[u8]);
}

/// A fold and how far it has read.
pub(super) struct Derived<F> {
    prefix: Vec<u8>,
    fold: F,
    /// None while the fold is not to be trusted: before the first read, and after one that failed.
    watch: Option<Watch>,
    /// The store's version as of which the fold is true.
    version: u64,
}

impl<F: Fold> Derived<F> {
    pub fn new(prefix: Vec<u8>, fold: F) -> Self {
        Self { prefix, fold, watch: None, version: 0 }
    }

    /// The fold, with every commit that was acknowledged before the call.
    pub fn refresh(&mut self, store: &Store) -> Result<&mut F> {
        let version = store.version()?;
        match self.watch.take() {
            Some(watch) if version == self.version => self.watch = Some(watch),
            Some(watch) => match self.follow(store, watch) {
                Err(error) if error.kind() == Kind::Compacted => self.build(store, version)?,
                result => result?,
            },
            None => self.build(store, version)?,
        }
        self.version = version;
        Ok(&mut self.fold)
    }

    fn follow(&mut self, store: &Store, mut watch: Watch) -> Result<()> {
        let mut keys = BTreeSet::new();
        while let Some(commit) = watch.poll(Duration::ZERO)? {
            keys.extend(commit.changes.into_iter().map(|change| change.key));
        }
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        for keys in keys.chunks(limits::MAX_PAGE_ROWS) {
            // The present values: at least as new as the changes, and those still to come are told again.
            for (key, value) in keys.iter().zip(store.get_many(keys)?) {
                match value {
                    Some(value) => self.fold.put(key, &value),
                    None => self.fold.remove(key),
                }
            }
        }
        self.watch = Some(watch);
        Ok(())
    }

    fn build(&mut self, store: &Store, version: u64) -> Result<()> {
        self.fold.clear();
        let watch = store.watch(version, &self.prefix)?;
        let mut scan = Scan::prefix(&self.prefix).limit(limits::MAX_PAGE_ROWS);
        loop {
            let page = store.scan(&scan)?;
            for row in &page.rows {
                if let Some(value) = &row.value {
                    self.fold.put(&row.key, value);
                }
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => break,
            }
        }
        // Pages after the first may be newer than `version`: what the watch tells of them again changes nothing.
        self.watch = Some(watch);
        Ok(())
    }
}
