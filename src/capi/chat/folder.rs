//! The chat sessions of a folder: in a JSON file, in SQLite, and on the way between.

use std::ffi::{c_char, c_void};
use std::path::Path;

use crate::capi::admin::progress::{joinly_progress_callback, watcher};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::value::{self, document, joinly_value};
use crate::error::{Error, Result};
use crate::models::chat::hybrid_store::{load_chat_sessions_hybrid, save_chat_sessions_hybrid};
use crate::models::chat::json_store::{JsonStore, load_chat_sessions, save_chat_sessions};
use crate::models::chat::migration::{
    MigrateOptions, check_migration_status, migrate_to_json, migrate_to_sqlite,
};
use crate::models::chat::{MAX_PAYLOAD_BYTES, Saved};
use crate::models::document::encode;

/// # Safety
/// `folder` is NULL or NUL-terminated.
unsafe fn path<'a>(folder: *const c_char) -> Result<&'a Path> {
    // SAFETY: forwarded contract.
    match unsafe { ffi::string(folder, "folder")? } {
        "" => Err(Error::invalid("the path of the folder is empty")),
        folder => Ok(Path::new(folder)),
    }
}

/// The whole of an export that answers JSON about a folder.
///
/// # Safety
/// `folder` is NULL or NUL-terminated; `out` and `err` are NULL or writable.
unsafe fn answer(
    folder: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
    f: impl FnOnce(&Path) -> Result<Vec<u8>>,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = value::make(f(path(folder)?)?.into())?;
            Ok(())
        })
    }
}

/// The whole of an export that saves.
///
/// # Safety
/// As of the exports.
unsafe fn save(
    folder: *const c_char,
    sessions: *const u8,
    sessions_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
    f: impl FnOnce(&Path, &[u8]) -> Result<Saved>,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let folder = path(folder)?;
            let json = ffi::bytes(sessions, sessions_len, MAX_PAYLOAD_BYTES, "sessions")?;
            let saved = f(folder, json)?;
            if !out.is_null() {
                out.write(document(&saved)?);
            }
            Ok(())
        })
    }
}

/// Loads all chat sessions from the JSON file of a folder, `user_chat_sessions.json`, in the form of `joinly_chat_load_all`;
/// none when there never was a file. `folder` is a path that exists, in UTF-8. After a migration these are the sessions of
/// before. `*out` is to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CORRUPT` (the file is torn, empty, overwritten with NULs, not UTF-8, not JSON or of another form, or gone:
/// see `joinly_chat_file_restore`), `JOINLY_NOT_FOUND` (no such folder), `JOINLY_INVALID`, `JOINLY_TOO_LARGE` (more than 1 GiB),
/// `JOINLY_IO`, `JOINLY_READ_ONLY`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_file_load(
    folder: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { answer(folder, out, err, load_chat_sessions) }
}

/// Saves chat sessions in the JSON file of a folder, as `joinly_chat_save_all` in a store: the file is written anew,
/// synchronised and put in the place of the one there was, which becomes a backup; the last five are kept. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (the file was saved since), `JOINLY_MOVED` (the sessions are in SQLite), `JOINLY_BUSY` (another process
/// saves or migrates for longer than five seconds), `JOINLY_CORRUPT` (the file cannot be read, and is not saved over),
/// `JOINLY_FULL`, and those of `joinly_chat_file_load`. Then nothing was changed.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_file_save(
    folder: *const c_char,
    sessions: *const u8,
    sessions_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { save(folder, sessions, sessions_len, out, err, save_chat_sessions) }
}

/// Lists the backups of the JSON file. `*out` receives a JSON array from the oldest to the latest, each an object of "name",
/// "bytes" and "damage" (why it cannot be restored, or null), to be freed with `joinly_value_free`. Any thread. Errors: those of
/// `joinly_chat_file_load`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_file_backups(
    folder: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { answer(folder, out, err, |folder| encode(&JsonStore::new(folder)?.backups()?)) }
}

/// Puts a backup in the place of the JSON file, which becomes a backup itself, broken or not. `name` is one that
/// `joinly_chat_file_backups` tells; NULL: the latest that can be read. `*out` receives the name as JSON, to be freed with
/// `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (also without such a backup), `JOINLY_CORRUPT` (it cannot be read), and those of
/// `joinly_chat_file_save`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_file_restore(
    folder: *const c_char,
    name: *const c_char,
    name_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(folder, out, err, |folder| {
            let name = ffi::optional_text(name, name_len, "name")?;
            encode(&JsonStore::new(folder)?.restore(name)?)
        })
    }
}

/// Loads all chat sessions of a folder from where they are: the JSON file, or after a migration `chat_sessions.db`. When that
/// place fails, it answers from the other one if anything is there. `*out` receives them in the form of
/// `joinly_chat_load_all`, with "loadedFrom": an object of "epoch" and "backend" ("json" or "sqlite": where they are), "used"
/// (where they were read) and "fallback" (why not where they are, or null). After a fallback there is no "etag": no save may
/// rest on these. To be freed with `joinly_value_free`. Any thread.
///
/// Errors: those of the place where they are, of `joinly_chat_file_load` or of `joinly_store_open` and `joinly_chat_load_all`;
/// `JOINLY_CORRUPT` when nothing tells where they are.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_hybrid_load(
    folder: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { answer(folder, out, err, load_chat_sessions_hybrid) }
}

/// Saves chat sessions of a folder where they are, as `joinly_chat_file_save` or `joinly_chat_save_all`; never in the other
/// place. Any thread. Errors: those of `joinly_chat_file_save`, or of `joinly_store_open` and `joinly_chat_save_all`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_hybrid_save(
    folder: *const c_char,
    sessions: *const u8,
    sessions_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { save(folder, sessions, sessions_len, out, err, save_chat_sessions_hybrid) }
}

/// Tells where the chat sessions of a folder are, and what state both places are in. `*out` receives a JSON object, to be freed
/// with `joinly_value_free`: "stage" ("not_started", "interrupted": a migration was begun and what counted before still does,
/// "done", "reverted"), "epoch", "backend", "json" and "sqlite" (each an object of "exists", "bytes", "sessions" and "damage"),
/// "backups" as `joinly_chat_file_backups`, and "quarantines" (names of files with sessions that were left out). Waits for
/// nobody. Any thread. Errors: those of `joinly_chat_file_load`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_migration_status(
    folder: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { answer(folder, out, err, |folder| encode(&check_migration_status(folder)?)) }
}

/// Moves the chat sessions of a folder from the JSON file to SQLite, or goes on with that; does nothing when they are there.
/// The JSON file is copied first and stays; every session is read back and compared before the one step that makes SQLite
/// count. Sessions that no store takes are left out and kept in a file of their own. Loads go on meanwhile, saves wait. It may
/// be killed at any moment: what counted before still does, and the next call goes on. `dry_run` 1: only look. `progress` may be
/// NULL; its records are sessions.
///
/// `*out` receives a JSON object, to be freed with `joinly_value_free`: "backend" and "epoch", "moved" (whether this call did
/// it), "sessions", "messages" and "bytes", "written" and "unchanged" (sessions: by this call, and by one before), "quarantined"
/// (objects of "index", in the file from 0 on, and "reason"), "quarantine" and "backup" (names of files, or null). Any thread.
///
/// Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS` (the store has sessions that no migration wrote), `JOINLY_CORRUPT` (the JSON file
/// cannot be read, or a session was read back differently), and those of `joinly_chat_file_save` and `joinly_store_open`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_migrate_to_sqlite(
    folder: *const c_char,
    dry_run: u8,
    progress: joinly_progress_callback,
    user: *mut c_void,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(folder, out, err, |folder| {
            let options = MigrateOptions { dry_run: dry_run != 0, ..MigrateOptions::default() };
            encode(&migrate_to_sqlite(folder, &options, &mut watcher(progress, user))?)
        })
    }
}

/// Moves the chat sessions of a folder back from SQLite to the JSON file, as `joinly_chat_migrate_to_sqlite` does the other
/// way; the JSON file of before becomes a backup. From its begin on, who has the store open is refused with `JOINLY_MOVED`. Any
/// thread. Errors: those of `joinly_chat_migrate_to_sqlite`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_chat_migrate_to_json(
    folder: *const c_char,
    progress: joinly_progress_callback,
    user: *mut c_void,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(folder, out, err, |folder| encode(&migrate_to_json(folder, &mut watcher(progress, user))?))
    }
}
