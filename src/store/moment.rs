//! The moment that a transaction reads: that of a snapshot, or of the cache alone for as long as it knows what is asked.

use std::collections::BTreeMap;

use super::Inner;
use super::read::View;
use crate::cache::Lookup;
use crate::engine::{Hold, Snapshot};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// The version that each key read had; 0: it did not exist.
pub(super) type Reads = BTreeMap<Vec<u8>, u64>;

pub(super) struct Moment {
    view: View,
    /// None while the cache alone was read, which then is of `view` or later.
    snapshot: Option<Box<dyn Snapshot>>,
    hold: Hold,
    /// Whether a key was taken as missing that the cache did not know.
    guessed: bool,
}

impl Moment {
    /// The present, for as long as a snapshot lasts: the cache, which has no age, is not asked.
    pub fn present(inner: &Inner) -> Result<Self> {
        let (view, snapshot) = taken(inner, Hold::Short)?;
        Ok(Self { view: view.without_cache(), snapshot: Some(snapshot), hold: Hold::Short, guessed: false })
    }

    /// The same without a snapshot, if the cache is of the present. One is taken when it is needed; then a read may answer
    /// [`Kind::Conflict`]: for who begins again in that case.
    pub fn cached(inner: &Inner) -> Result<Self> {
        inner.catch_up()?;
        match inner.present_view()? {
            Some(view) => Ok(Self { view, snapshot: None, hold: Hold::Short, guessed: false }),
            None => Self::present(inner),
        }
    }

    /// The version of the last commit before it.
    pub fn version(&self) -> u64 {
        self.view.version
    }

    /// Lets its snapshot last as long as it is needed.
    pub fn take_time(&mut self) {
        self.hold = Hold::Long;
        if let Some(snapshot) = &self.snapshot {
            snapshot.hold(Hold::Long);
        }
    }

    /// Reads a key; `reads` are those before.
    pub fn get(&mut self, inner: &Inner, key: &[u8], reads: &Reads) -> Result<Option<Value>> {
        if self.snapshot.is_none() {
            match inner.known_as_of(key, &self.view) {
                Lookup::Found(value) => return Ok(Some(value)),
                Lookup::Absent => return Ok(None),
                Lookup::Unknown => {}
            }
        }
        let (snapshot, view) = self.snapshot(inner, reads)?;
        inner.note(inner.read_as_of(snapshot, key, view))
    }

    /// Reads a key that is hardly ever there: what the cache does not know is missing, until a snapshot or the commit tells.
    pub fn guess(&mut self, inner: &Inner, key: &[u8], reads: &Reads) -> Result<Option<Value>> {
        if self.snapshot.is_none() && matches!(inner.known_as_of(key, &self.view), Lookup::Unknown) {
            self.guessed = true;
            return Ok(None);
        }
        self.get(inner, key, reads)
    }

    /// Whether what was read is not certain until a commit checks it.
    pub fn is_guessed(&self) -> bool {
        self.guessed
    }

    /// A snapshot of it, or of a later moment at which all that was read is still the same.
    pub fn snapshot(&mut self, inner: &Inner, reads: &Reads) -> Result<(&dyn Snapshot, &View)> {
        let snapshot = match self.snapshot.take() {
            Some(snapshot) => snapshot,
            None => {
                let (later, snapshot) = taken(inner, self.hold)?;
                if later.version != self.view.version || self.guessed {
                    check_unchanged(inner, (snapshot.as_ref(), &later), reads)?;
                }
                (self.view, self.guessed) = (later, false);
                snapshot
            }
        };
        Ok((&**self.snapshot.insert(snapshot), &self.view))
    }
}

fn taken(inner: &Inner, hold: Hold) -> Result<(View, Box<dyn Snapshot>)> {
    let epoch = inner.cache.epoch();
    let snapshot = inner.note(inner.engine()?.snapshot(hold))?;
    Ok((inner.view(snapshot.as_ref(), epoch)?, snapshot))
}

fn check_unchanged(inner: &Inner, (snapshot, view): (&dyn Snapshot, &View), reads: &Reads) -> Result<()> {
    for (key, version) in reads {
        let present = inner.note(inner.read_as_of(snapshot, key, view))?;
        if present.map_or(0, |value| value.version()) != *version {
            return Err(Error::new(Kind::Conflict, "a key that was read was changed by another writer"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Error, Kind, Result, Store, Transaction};

    /// What a store answers that has never seen a key which is there.
    fn of_stranger<R>(body: impl FnMut(&mut Transaction) -> Result<R>) -> (Result<R>, Store) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        Store::open_url(&url).unwrap().put(b"there", b"1").unwrap();
        let stranger = Store::open_url(&url).unwrap();
        (stranger.transaction(body), stranger)
    }

    #[test]
    fn a_wrong_guess_is_found_out_whatever_becomes_of_it() {
        let looked = |txn: &mut Transaction| Ok(txn.get_unlikely(b"there")?.is_some());
        assert!(of_stranger(looked).0.unwrap(), "nothing was written");
        let (written, store) = of_stranger(|txn| {
            let found = looked(txn)?;
            txn.put(b"found", if found { b"yes" } else { b"no" })?;
            Ok(found)
        });
        assert!(written.unwrap());
        assert_eq!(store.get(b"found").unwrap().as_deref(), Some(&b"yes"[..]));
        let refused = |txn: &mut Transaction| match looked(txn)? {
            true => Ok(()),
            false => Err(Error::new(Kind::NotFound, "it is not there")),
        };
        of_stranger(refused).0.unwrap();
        let with_snapshot = |txn: &mut Transaction| {
            let found = looked(txn)?;
            txn.scan(&crate::Scan::prefix(b"there")).map(|page| (found, page.rows.len()))
        };
        assert_eq!(of_stranger(with_snapshot).0.unwrap(), (true, 1));
    }

    #[test]
    fn a_right_guess_costs_no_second_try() {
        let mut tries = 0;
        let (missing, _) = of_stranger(|txn| {
            tries += 1;
            txn.put(b"written", b"1")?;
            Ok(txn.get_unlikely(b"elsewhere")?.is_none())
        });
        assert!(missing.unwrap());
        assert_eq!(tries, 1);
    }
}
