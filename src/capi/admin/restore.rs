//! Restoring backups and repairing damaged stores.

use std::ffi::{c_char, c_void};
use std::path::Path;

use super::migrate::told;
use super::progress::{joinly_progress_callback, watcher};
use crate::admin::{self, RepairOptions, RestoreOptions};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::{joinly_store, opened, place};
use crate::capi::value::joinly_value;

/// Makes a store of any engine at the place of `url` from a backup: `from` is its file, or a folder of backups. It is made
/// beside its place, checked, and put there when it is whole. Nobody may have a store there open.
///
/// `backup` names one of the folder by its id, the begin of that, or its file's name; NULL: the latest. With `overwrite` 1
/// what is at the place is put aside; else the call is refused when something is there. `callback` may be NULL. `*out` (may
/// be NULL) receives the store, open. `*report` (may be NULL) receives a JSON object of what `joinly_backup_file` reports,
/// "files" (that it was made from) and "replaced" (where what was there is now, or null), to be freed with
/// `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS`, `JOINLY_BUSY` (somebody else is making a store there), `JOINLY_NOT_FOUND` (the
/// backup, or one that it continues), `JOINLY_CORRUPT` (a damaged backup), `JOINLY_NOT_A_DATABASE` (no backup),
/// `JOINLY_TOO_LARGE` (a record that does not fit there), and those of `joinly_store_open`. Nothing is left behind then, and what was there is untouched.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_restore(
    from: *const c_char,
    backup: *const c_char,
    url: *const c_char,
    overwrite: u8,
    callback: joinly_progress_callback,
    user: *mut c_void,
    out: *mut *mut joinly_store,
    report: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        ffi::optional(report, std::ptr::null_mut());
        guard(err, || {
            let (from, to) = (Path::new(ffi::string(from, "from")?), place(url)?);
            let backup =
                if backup.is_null() { None } else { Some(ffi::string(backup, "backup")?.to_owned()) };
            let options = RestoreOptions { backup, overwrite: overwrite != 0 };
            let restored = admin::restore(from, &to, &options, &mut watcher(callback, user))?;
            opened(Some(restored.store), out)?;
            told(&restored.report, report)
        })
    }
}

/// Makes a new store at the place of `url` of what can be read of the damaged one at `damaged`, which is only read and stays
/// as it is. The two may be of different engines. Kept is every record that can be read and matches its checksum, with its
/// version and expiry, and the indexes; watches begin anew.
///
/// With `overwrite` 1 what is at the place is put aside; else the call is refused when something is there. `callback` may be
/// NULL. `*out` (may be NULL) receives the store, open. `*report` (may be NULL) receives a JSON object of "records", "bytes",
/// "version", "lost" (an array of objects of "after" and "before": keys between which nothing could be read, or, when both
/// are the same, a key that was lost; null: none), "findings" and "notes" (arrays of texts for people) and "replaced" (where
/// what was there is now, or null), to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS`, `JOINLY_BUSY` (somebody else is making a store there), `JOINLY_NOT_FOUND`,
/// `JOINLY_NOT_A_DATABASE` or `JOINLY_CORRUPT` (the damaged
/// store cannot be opened at all: restore a backup), and those of `joinly_store_open`. Nothing is left behind then.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_repair(
    damaged: *const c_char,
    url: *const c_char,
    overwrite: u8,
    callback: joinly_progress_callback,
    user: *mut c_void,
    out: *mut *mut joinly_store,
    report: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        ffi::optional(report, std::ptr::null_mut());
        guard(err, || {
            let (from, to) = (place(damaged)?, place(url)?);
            let options = RepairOptions { overwrite: overwrite != 0 };
            let repaired = admin::repair(&from, &to, &options, &mut watcher(callback, user))?;
            opened(Some(repaired.store), out)?;
            told(&repaired.report, report)
        })
    }
}
