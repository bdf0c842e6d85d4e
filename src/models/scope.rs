//! Where the calls of a model happen.

use parking_lot::{Mutex, MutexGuard};
use serde::de::DeserializeOwned;

use super::{Step, Stop, document};
use crate::error::{Error, Kind, Result};
use crate::store::{Store, Transaction, Value};

/// A store, and the caller's transaction if its calls are to be part of one: they are committed and undone with it, and
/// see what it has written. Otherwise each call is a transaction of its own, repeated when it conflicts.
pub(crate) struct Scope<'s> {
    store: &'s Store,
    within: Option<Mutex<&'s mut Transaction>>,
}

impl<'s> Scope<'s> {
    pub fn each(store: &'s Store) -> Self {
        Self { store, within: None }
    }

    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { store, within: Some(Mutex::new(txn)) }
    }

    /// The store, as it is without the transaction.
    pub fn store(&self) -> &'s Store {
        self.store
    }

    /// Whether calls are part of the caller's transaction.
    pub fn is_within(&self) -> bool {
        self.within.is_some()
    }

    /// The time: never before that of anything that this process has read.
    pub fn now(&self) -> Result<i64> {
        self.store.version()?;
        self.store.now()
    }

    /// Reads a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>> {
        match &self.within {
            None => self.store.get(key),
            Some(txn) => alone(txn)?.get(key),
        }
    }

    /// Reads a document.
    pub fn document<T: DeserializeOwned>(&self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        let key = key.as_ref();
        self.get(key)?.map(|value| document::decode(key, &value)).transpose()
    }

    /// Reads at one moment.
    pub fn read<R>(&self, look: impl FnOnce(&mut Transaction) -> Result<R>) -> Result<R> {
        match &self.within {
            None => look(&mut self.store.begin()?),
            Some(txn) => look(*alone(txn)?),
        }
    }

    /// One call that may write. When it fails, nothing of it is left.
    pub fn transaction<R>(&self, body: impl FnMut(&mut Transaction) -> Result<R>) -> Result<R> {
        self.transaction_at(body).map(|(result, _)| result)
    }

    /// The same, with the version of the commit; 0 within the caller's transaction, which has none yet.
    pub fn transaction_at<R>(&self, mut body: impl FnMut(&mut Transaction) -> Result<R>) -> Result<(R, u64)> {
        match &self.within {
            None => self.store.transaction_at(body),
            Some(txn) => Ok((alone(txn)?.attempt(&mut body)?, 0)),
        }
    }

    /// One call whose rule may refuse. A refusal is final, and rests on one snapshot: it was right when that was taken.
    pub fn transact<R>(&self, mut body: impl FnMut(&mut Transaction) -> Step<R>) -> Result<R> {
        self.transaction(|txn| match txn.attempt(&mut body) {
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Refused(error)) => Ok(Err(error)),
            Ok(result) => Ok(Ok(result)),
        })?
    }
}

fn alone<'t, 's>(txn: &'t Mutex<&'s mut Transaction>) -> Result<MutexGuard<'t, &'s mut Transaction>> {
    let busy = || Error::new(Kind::Busy, "the transaction is in use by another thread");
    txn.try_lock().ok_or_else(busy)
}
