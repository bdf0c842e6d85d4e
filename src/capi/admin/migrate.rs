//! Moving a store to another engine.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;

use super::progress::{joinly_progress_callback, watcher};
use crate::admin::{self, MigrateOptions};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::{joinly_store, opened, place, with_store};
use crate::capi::value::{document, joinly_value};
use crate::error::Result;

/// How to migrate. Zero-initialise it, set `struct_size` to `sizeof(joinly_migrate_options)`, then what differs from the
/// defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_migrate_options {
    /// `sizeof(joinly_migrate_options)`.
    pub struct_size: u32,
    /// The most records of one commit; 0: 1000.
    pub chunk_records: u32,
    /// 1: only look: count and check every record of the source, touch nothing.
    pub dry_run: u8,
    /// 1: the destination becomes a copy of one moment, and the source goes on as before.
    pub keep_source: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// A folder, NUL-terminated: a checked backup of the source is made there first. NULL: none.
    pub backup: *const c_char,
}

impl joinly_migrate_options {
    /// # Safety
    /// `backup` is NULL or NUL-terminated.
    unsafe fn to_options(self) -> Result<MigrateOptions> {
        let mut options = MigrateOptions {
            dry_run: self.dry_run != 0,
            hand_over: self.keep_source == 0,
            ..MigrateOptions::default()
        };
        if !self.backup.is_null() {
            // SAFETY: forwarded contract.
            options.backup = Some(PathBuf::from(unsafe { ffi::string(self.backup, "backup")? }));
        }
        if self.chunk_records != 0 {
            options.chunk_records = self.chunk_records as usize;
        }
        Ok(options)
    }
}

/// Moves a store to the place of `url`, of any engine, while it is read and written; then the destination takes its place.
///
/// Keys, values, versions, expiries and indexes go along, and the change log from the begin of the copy on. Every record is
/// compared with the source's before one commit marks the source as moved, with an epoch that grows each time: from then on
/// every writer of every process gets `JOINLY_MOVED`, and reads go on. Until then the source notices nothing, and the
/// destination is refused with `JOINLY_WRONG_STATE` when it is opened. After a failure, a cancellation or the death of the
/// process the same call goes on where it stopped; repeated after the end it does nothing. The way back is the same call
/// with the places swapped, and takes over only what was changed since.
///
/// The destination must be empty, an unfinished one of this source, or the store that the source was once moved from.
/// `options` may be NULL, and so may `callback`. `*out` (may be NULL) receives the destination, open, to go on with; NULL
/// after a dry run. `*report` (may be NULL) receives a JSON object of "id", "epoch", "records", "bytes", "indexes",
/// "followed" (commits made meanwhile), "passes" (over all records), "version" and "backup" (a file, or null), to be freed
/// with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CANCELLED`, `JOINLY_EXISTS` (the destination holds other data), `JOINLY_MOVED` (the source was moved
/// elsewhere), `JOINLY_COMPACTED` (the change log is trimmed faster than records are copied), `JOINLY_CORRUPT` (a record
/// that cannot be read; the message names the key), `JOINLY_TOO_LARGE` (one that does not fit there), and those of
/// `joinly_store_open` and `joinly_store_commit`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_migrate(
    store: *mut joinly_store,
    url: *const c_char,
    options: *const joinly_migrate_options,
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
            let (to, options) = (place(url)?, ffi::sized(options, "joinly_migrate_options")?.to_options()?);
            let mut watcher = watcher(callback, user);
            let moved = with_store(store, |store| admin::migrate(store, &to, &options, &mut watcher))?;
            opened(moved.store, out)?;
            told(&moved.report, report)
        })
    }
}

/// Tells where the store of `url` is in a migration, also when it cannot be opened because of that. `*out` receives a JSON
/// object of "state": "none"; "incoming" with "id", "records" and "bytes" so far; "moved" with "id", "epoch" and "to"; or
/// "arrived" with "id" and "epoch". To be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND`, and those of `joinly_store_open`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_migrate_status(
    url: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = document(&admin::migrate_status(&place(url)?)?)?;
            Ok(())
        })
    }
}

/// Takes the mark off a store that was moved, so that it is written to again: for when the place it was moved to is lost.
/// What was written there stays there. To bring the data back, migrate it back instead. Any thread.
///
/// Errors: `JOINLY_WRONG_STATE` (it was not moved), and those of `joinly_store_commit`.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_migrate_reclaim(
    store: *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, admin::reclaim)) }
}

/// Gives a report out where it is wanted.
///
/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn told(report: &impl serde::Serialize, out: *mut *mut joinly_value) -> Result<()> {
    if !out.is_null() {
        // SAFETY: non-NULL, so writable.
        unsafe { out.write(document(report)?) };
    }
    Ok(())
}
