//! Chat sessions.

use std::ffi::c_char;

use super::{answer, object, with_chats};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::found;
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::{document, joinly_value};

/// Creates a chat session. `id` is any text of at most 128 bytes; NULL: one is made. `fields` (may be NULL) is a JSON
/// object of the caller's choice, at most 256 KiB, whose values are kept digit for digit; "title", "createdAt",
/// "updatedAt" and "archived" have a meaning, "id", "history" and "messages" are refused. `*out` receives the session,
/// to be freed with `joinly_value_free`: a JSON object of "id", "title", "created" and "updated" (milliseconds since
/// 1970-01-01 UTC), "archived", "messages" and "attachments" (how many), "bytes" (of all of it, as JSON), and "fields".
/// Any thread.
///
/// Errors: `JOINLY_EXISTS`, `JOINLY_MOVED` (the sessions of this store were moved to a JSON file), and those of
/// `joinly_player_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_create(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    fields: *const c_char,
    fields_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |chats| {
            let id = ffi::optional_text(id, id_len, "id")?;
            chats.create(id, object(fields, fields_len, "fields")?)
        })
    }
}

/// Reads a session without its messages. `*out` receives it in the form of `joinly_chat_create`, to be freed with
/// `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object), and those of `joinly_player_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_get(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let session = with_chats(store, txn, |chats| chats.get(ffi::text(id, id_len, "id")?))?;
            *out = document(&found(session)?)?;
            Ok(())
        })
    }
}

/// Changes fields of a session: `patch` is a JSON object of new values; null removes a field, "archived" puts the
/// session away or back. `*out` receives the session in the form of `joinly_chat_create`, to be freed with
/// `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such session), and those of `joinly_chat_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_update(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    patch: *const c_char,
    patch_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |chats| {
            chats.update(ffi::text(id, id_len, "id")?, &object(patch, patch_len, "patch")?)
        })
    }
}

/// Removes a session with all its messages and attachments, in one commit: `JOINLY_OK` when there was one, else
/// `JOINLY_NOT_FOUND` (no error object). Any thread. Errors: those of `joinly_chat_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_delete(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let id = ffi::text(id, id_len, "id")?;
            found(with_chats(store, txn, |chats| chats.delete(id))?.then_some(()))
        })
    }
}

/// Lists sessions by their last change. `query` (may be NULL) is a JSON object of any of "archived" (true: those that
/// were put away; else the open ones), "oldest_first", "limit" (at most 1,000; 0 or none: 50) and "after" (the cursor
/// of the page before). `*out` receives a JSON object of "sessions", each in the form of `joinly_chat_create`, and
/// "cursor" (null when this is the last page), to be freed with `joinly_value_free`. Any thread. Errors: those of
/// `joinly_player_get` but `JOINLY_NOT_FOUND`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_list(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    query: *const c_char,
    query_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |chats| {
            chats.list(&ffi::json(query, query_len, "query")?.unwrap_or_default())
        })
    }
}

/// Counts everything. `*out` receives a JSON object of "open" and "archived" (sessions), "messages", "attachments" and
/// "bytes" (as JSON), to be freed with `joinly_value_free`. Reads the record of every session, and no message. Any
/// thread. Errors: those of `joinly_chat_list`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_counts(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { answer(store, txn, out, err, |chats| chats.counts()) }
}
