//! Players.

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::store::joinly_store;
use super::txn::{joinly_txn, with_store_within};
use super::value::{self, joinly_value};
use crate::error::Result;
use crate::models::player::Players;

mod holdings;
mod object;
mod profile;
mod save;

/// Runs a call on the players of a store, within a transaction unless that is NULL.
fn with_players<R>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    f: impl FnOnce(&Players<'_>) -> Result<R>,
) -> Result<R> {
    with_store_within(store, txn, |store, txn| match txn {
        None => f(&Players::new(store)),
        Some(txn) => f(&Players::within(store, txn)),
    })
}

/// The whole of an export that answers a document.
///
/// # Safety
/// `out` and `err` are NULL or writable.
unsafe fn answer<T: serde::Serialize>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
    f: impl FnOnce(&Players<'_>) -> Result<T>,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = value::document(&with_players(store, txn, f)?)?;
            Ok(())
        })
    }
}
