//! JSON documents in transactions.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};
use crate::store::Transaction;

/// Refuses a list or text that is over its limit.
pub(super) fn check_count(what: &str, count: usize, max: usize) -> Result<()> {
    if count > max { Err(crate::limits::too_many(what, count, max)) } else { Ok(()) }
}

/// Reads a document. Plain puts write the same keys: one of another form is refused, not trusted.
pub(super) fn decode<T: DeserializeOwned>(key: &[u8], data: &[u8]) -> Result<T> {
    serde_json::from_slice(data).map_err(|error| foreign(key, &error))
}

/// A document of another form than the library writes.
pub(super) fn foreign(key: &[u8], error: &serde_json::Error) -> Error {
    let key = String::from_utf8_lossy(key);
    Error::new(Kind::WrongType, format!("{key}: the document is not one that the library wrote: {error}"))
}

/// Room for most documents at once.
const ROOM: usize = 1024;

pub(crate) fn encode(document: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(ROOM);
    let written = serde_json::to_writer(&mut bytes, document);
    written.map_err(|error| Error::new(Kind::Panic, format!("write JSON: {error}")))?;
    Ok(bytes)
}

pub(super) fn get<T: DeserializeOwned>(txn: &mut Transaction, key: impl AsRef<[u8]>) -> Result<Option<T>> {
    let key = key.as_ref();
    txn.get(key)?.map(|value| decode(key, &value)).transpose()
}

/// The same for one that is hardly ever there, see [`Transaction::get_unlikely`].
pub(super) fn get_unlikely<T: DeserializeOwned>(
    txn: &mut Transaction,
    key: impl AsRef<[u8]>,
) -> Result<Option<T>> {
    let key = key.as_ref();
    txn.get_unlikely(key)?.map(|value| decode(key, &value)).transpose()
}

pub(super) fn put(txn: &mut Transaction, key: impl AsRef<[u8]>, document: &impl Serialize) -> Result<()> {
    txn.put(key.as_ref(), &encode(document)?)
}

/// Writes a document that is gone `ttl_ms` milliseconds after the commit; 0: never.
pub(super) fn put_ttl(
    txn: &mut Transaction,
    key: impl AsRef<[u8]>,
    document: &impl Serialize,
    ttl_ms: u64,
) -> Result<()> {
    txn.put_ttl(key.as_ref(), &encode(document)?, ttl_ms)
}
