//! Tables.

mod rows;
mod schema;
mod transfer;
mod upkeep;

use super::store::joinly_store;
use super::txn::{joinly_txn, with_store_within};
use crate::error::Result;
use crate::models::table::Tables;

fn with_tables<R>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    f: impl FnOnce(&Tables<'_>) -> Result<R>,
) -> Result<R> {
    with_store_within(store, txn, |store, txn| match txn {
        None => f(&Tables::new(store)),
        Some(txn) => f(&Tables::within(store, txn)),
    })
}
