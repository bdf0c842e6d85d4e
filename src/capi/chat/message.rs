//! Messages of chat sessions.

use std::ffi::c_char;

use super::{answer, object, with_chats};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::found;
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::{self, document, joinly_value};

/// Appends a message to a session: any JSON object of at most 1 MiB, whose values are kept digit for digit. The
/// elements of its field "attachments", at most 64 of at most 16 MiB each, are kept as records of their own. `*out`
/// receives the message without them, to be freed with `joinly_value_free`: a JSON object of "number" (from 1 on;
/// numbers of a session never come back), "time" (milliseconds since 1970-01-01 UTC), "edited" (likewise, if ever),
/// "attachments" (the bytes of each, if any) and "message". Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such session), `JOINLY_TOO_LARGE` (also for more than 40,000 messages and
/// attachments, or 128 MiB, of a session), and those of `joinly_chat_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_append(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    message: *const c_char,
    message_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |chats| {
            chats.append(ffi::text(id, id_len, "id")?, object(message, message_len, "message")?)
        })
    }
}

/// Reads messages of a session, without their attachments. `query` (may be NULL) is a JSON object of any of "after" and
/// "before" (only messages with a greater or smaller number), "latest_first" and "limit" (at most 1,000; 0 or none:
/// 50). `*out` receives a JSON object of "messages", each in the form of `joinly_chat_append`, and "more" (whether
/// there are more), to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such session), and those of `joinly_player_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_messages(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    query: *const c_char,
    query_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |chats| {
            let query = ffi::json(query, query_len, "query")?.unwrap_or_default();
            chats.messages(ffi::text(id, id_len, "id")?, &query)
        })
    }
}

/// Reads a message with its attachments: `*out` receives it in the form of `joinly_chat_append`, its "message" as it
/// was given, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object), `JOINLY_CORRUPT` (an attachment is gone), and those of
/// `joinly_player_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_message(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    number: u64,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let id = ffi::text(id, id_len, "id")?;
            *out = document(&found(with_chats(store, txn, |chats| chats.message(id, number))?)?)?;
            Ok(())
        })
    }
}

/// Reads one attachment of a message, `at` counted from 0: `*out` receives its JSON as it was given, to be freed with
/// `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object), and those of `joinly_player_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_attachment(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    number: u64,
    at: u32,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let id = ffi::text(id, id_len, "id")?;
            *out = value::make(found(with_chats(store, txn, |chats| {
                chats.attachment(id, number, at as usize)
            })?)?)?;
            Ok(())
        })
    }
}

/// Replaces a message and its attachments. `*out` receives the message in the form of `joinly_chat_append`, to be freed
/// with `joinly_value_free`. Any thread. Errors: those of `joinly_chat_append` (`JOINLY_NOT_FOUND` also without the
/// message).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_edit(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    number: u64,
    message: *const c_char,
    message_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |chats| {
            chats.edit(ffi::text(id, id_len, "id")?, number, object(message, message_len, "message")?)
        })
    }
}

/// Removes a message with its attachments. Any thread. Errors: those of `joinly_chat_edit`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_remove(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    id: *const c_char,
    id_len: usize,
    number: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let id = ffi::text(id, id_len, "id")?;
            with_chats(store, txn, |chats| chats.remove(id, number))
        })
    }
}

/// Searches titles, and the text of messages: their "text", or their "content" as text or as a list of parts with a
/// "text". `query` is a JSON object of "text" (words that all occur, in any case and order, also as parts of longer
/// words; at most 1,024 bytes) and any of "archived" (true: in sessions that were put away; else in the open ones),
/// "limit" (the most hits, at most 1,000; 0 or none: 50), "budget" (the most messages and titles to read, at most
/// 1,000,000; 0 or none: 100,000) and "after" (the cursor of the answer before).
///
/// `*out` receives a JSON object, to be freed with `joinly_value_free`: "hits", from the session changed last on, each
/// an object of "session", "title", "number" (of the message; null: the title is meant) and "excerpt"; "examined" (how
/// many messages and titles were read); and "cursor" (where to go on; null: all was read). It reads them one by one,
/// and keeps no index. Any thread. Errors: those of `joinly_chat_list`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_search(
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
            chats.search(&ffi::json(query, query_len, "query")?.unwrap_or_default())
        })
    }
}
