//! Conversations.

use std::ffi::c_char;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::store::joinly_store;
use super::txn::{joinly_txn, with_store_within};
use super::value::{self, joinly_value};
use crate::error::Result;
use crate::models::chat::{Chats, MAX_TOTAL_BYTES, RawObject};

mod folder;
mod message;
mod session;
mod whole;

/// Runs a call on the chat sessions of a store, within a transaction unless that is NULL.
fn with_chats<R>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    f: impl FnOnce(&Chats<'_>) -> Result<R>,
) -> Result<R> {
    with_store_within(store, txn, |store, txn| match txn {
        None => f(&Chats::new(store)),
        Some(txn) => f(&Chats::within(store, txn)),
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
    f: impl FnOnce(&Chats<'_>) -> Result<T>,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = value::document(&with_chats(store, txn, f)?)?;
            Ok(())
        })
    }
}

/// A JSON object whose fields are kept as they are; one without fields for NULL.
///
/// # Safety
/// As [`ffi::bytes`].
unsafe fn object(data: *const c_char, len: usize, what: &str) -> Result<RawObject> {
    // SAFETY: forwarded contract.
    match unsafe { ffi::bytes(data.cast(), len, MAX_TOTAL_BYTES, what)? } {
        [] => Ok(RawObject::default()),
        json => RawObject::parse(what, json),
    }
}
