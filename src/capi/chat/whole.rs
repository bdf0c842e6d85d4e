//! All chat sessions of a store at once.

use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{self, document, joinly_value};
use crate::models::chat::{MAX_PAYLOAD_BYTES, Payload, SqliteStore};

/// Loads all chat sessions of a store as of one moment, the one changed last first. `*out` receives a JSON object of "chats",
/// each session an object of its "id", its fields and its messages as "history" (or "messages", if it was saved so), and
/// "etag", which names this state; to be freed with `joinly_value_free`. For more than a few sessions `joinly_chat_list` and
/// `joinly_chat_messages` cost less. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (others write all the time), and those of `joinly_chat_list`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_load_all(
    store: *const joinly_store,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let json = with_store(store, |store| SqliteStore::new(store).load()?.to_json())?;
            *out = value::make(json.into())?;
            Ok(())
        })
    }
}

/// Saves chat sessions, in the form of `joinly_chat_load_all` and at most 1 GiB, in place of all there are: writes those that
/// changed, and removes those that are not among them. "etag" must name the present state, as a load or save answered it; "*"
/// replaces whatever there is; without one there must be nothing. `out` (may be NULL) receives a JSON object of "etag" (for the
/// next save), "written", "unchanged" and "removed" (sessions) and "commits", to be freed with `joinly_value_free`.
///
/// It is one commit, unless the changes are beyond 20,000 records or 64 MiB: then several, each of whole sessions, which a
/// crash may leave half made. Messages of a session that is written are numbered anew. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (the sessions were changed since: load them again, and put the changes to that), `JOINLY_INVALID`
/// (also for two sessions of one id), `JOINLY_TOO_LARGE` (as for single sessions and messages), and those of
/// `joinly_chat_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_save_all(
    store: *mut joinly_store,
    sessions: *const u8,
    sessions_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let json = ffi::bytes(sessions, sessions_len, MAX_PAYLOAD_BYTES, "sessions")?;
            let payload = Payload::parse(json)?;
            let saved = with_store(store, |store| SqliteStore::new(store).save(&payload))?;
            if !out.is_null() {
                out.write(document(&saved)?);
            }
            Ok(())
        })
    }
}
