//! Backups.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::time::Duration;

use super::migrate::told;
use super::progress::{joinly_progress_callback, watcher};
use crate::admin::{self, BackupOptions, BackupSchedule, Retention};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::{contain, guard};
use crate::capi::handle::{Table, object};
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};

/// How to back up. Zero-initialise it, set `struct_size` to `sizeof(joinly_backup_options)`, then what differs from the
/// defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_backup_options {
    /// `sizeof(joinly_backup_options)`.
    pub struct_size: u32,
    /// The zstd level, 1 to 19; 0: 3.
    pub level: i32,
    /// The most backups that the folder keeps; 0: all. The latest is always kept, and so is every backup that a kept one
    /// continues.
    pub keep: u32,
    /// 1: only what was changed since the latest backup of the folder, if the change log tells it; else a full one is made.
    pub incremental: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// No backup older than so many milliseconds is kept; 0: however old.
    pub max_age_ms: u64,
}

impl joinly_backup_options {
    fn to_options(self) -> BackupOptions {
        let mut options = BackupOptions {
            incremental: self.incremental != 0,
            retention: Retention { keep: self.keep, max_age_ms: self.max_age_ms },
            ..BackupOptions::default()
        };
        if self.level != 0 {
            options.level = self.level;
        }
        options
    }
}

/// Backups made every so often. Usable from any thread.
pub struct joinly_backup_schedule {
    _private: (),
}

object!(joinly_backup_schedule => BackupSchedule, SCHEDULES, 20, Short);

/// Makes a backup in a folder, which is created when missing, while the store is read and written. It is of one moment,
/// holds what any engine can restore, and is read again from the first byte to the last before it has its name.
///
/// `options` may be NULL, and so may `callback`. `*report` (may be NULL) receives a JSON object of "file", "id", "base" (the
/// id of the backup that it continues, or null), "version", "created_ms", "engine", "records", "bytes", "deletes",
/// "file_bytes", "full_because" (why it is a full one although an incremental one was asked for, or null) and "removed" (a
/// list of files), to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CANCELLED`, `JOINLY_CORRUPT` (a record that cannot be read, or a file that was read back differently),
/// `JOINLY_FULL`, `JOINLY_READ_ONLY`, `JOINLY_IO`, `JOINLY_INVALID`, and those of `joinly_kv_scan`. Nothing is left behind
/// then.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_backup(
    store: *mut joinly_store,
    folder: *const c_char,
    options: *const joinly_backup_options,
    callback: joinly_progress_callback,
    user: *mut c_void,
    report: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(report, std::ptr::null_mut());
        guard(err, || {
            let folder = Path::new(ffi::string(folder, "folder")?);
            let options = ffi::sized(options, "joinly_backup_options")?.to_options();
            let mut watcher = watcher(callback, user);
            let made = with_store(store, |store| admin::backup(store, folder, &options, &mut watcher))?;
            told(&made, report)
        })
    }
}

/// Makes a full backup in a file, which must not exist. `*report` (may be NULL) receives what `joinly_backup` reports,
/// without its last two members. Any thread.
///
/// Errors: those of `joinly_backup`, `JOINLY_EXISTS`, and `JOINLY_BUSY` (somebody else is making it).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_backup_file(
    store: *mut joinly_store,
    file: *const c_char,
    callback: joinly_progress_callback,
    user: *mut c_void,
    report: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(report, std::ptr::null_mut());
        guard(err, || {
            let (file, level) = (Path::new(ffi::string(file, "file")?), BackupOptions::default().level);
            let mut watcher = watcher(callback, user);
            let made = with_store(store, |store| admin::backup_file(store, file, level, &mut watcher))?;
            told(&made, report)
        })
    }
}

/// Reads a backup from the first byte to the last. `*report` (may be NULL) receives what `joinly_backup_file` reports. Any
/// thread.
///
/// Errors: `JOINLY_CORRUPT` (it is not as it was written), `JOINLY_NOT_A_DATABASE` (it is no backup), `JOINLY_NOT_FOUND`,
/// `JOINLY_CANCELLED`, `JOINLY_IO`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_backup_check(
    file: *const c_char,
    callback: joinly_progress_callback,
    user: *mut c_void,
    report: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(report, std::ptr::null_mut());
        guard(err, || {
            let file = Path::new(ffi::string(file, "file")?);
            told(&admin::check_backup(file, &mut watcher(callback, user))?, report)
        })
    }
}

/// Lists the backups of a folder, oldest first; what is damaged is left out. `*out` receives a JSON array of what
/// `joinly_backup_file` reports of each, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such folder), `JOINLY_IO`, `JOINLY_READ_ONLY` (it may not be read).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_backup_list(
    folder: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = document(&admin::list_backups(Path::new(ffi::string(folder, "folder")?))?)?;
            Ok(())
        })
    }
}

/// Starts a thread that makes a backup whenever the latest in the folder is older than `interval_ms`, so that restarts
/// neither skip nor repeat one. One that failed is tried again after a tenth of the interval, with a message in the log.
/// `*out` receives the schedule, freed with `joinly_backup_schedule_free`. It ends with its store. Any thread.
///
/// Errors: `JOINLY_INVALID` (an interval of 0), `JOINLY_IO` (no thread can be started), `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_backup_schedule_start(
    store: *mut joinly_store,
    folder: *const c_char,
    options: *const joinly_backup_options,
    interval_ms: u64,
    out: *mut *mut joinly_backup_schedule,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let folder = Path::new(ffi::string(folder, "folder")?);
            let options = ffi::sized(options, "joinly_backup_options")?.to_options();
            let interval = Duration::from_millis(interval_ms);
            let started = with_store(store, |store| BackupSchedule::start(store, folder, options, interval))?;
            *out = SCHEDULES.insert(started)?;
            Ok(())
        })
    }
}

/// Tells what a schedule did so far. `*out` receives a JSON object of "made", "latest" (a file, or null), "failures" and
/// "error" (the last failure, null once a backup succeeded), to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_backup_schedule_status(
    schedule: *const joinly_backup_schedule,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = document(&SCHEDULES.with(schedule, BackupSchedule::status)?)?;
            Ok(())
        })
    }
}

/// Ends a schedule, and the backup that it is making. NULL and one that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_backup_schedule_free(schedule: *mut joinly_backup_schedule) {
    let _ = contain(|| {
        SCHEDULES.remove(schedule);
        Ok(())
    });
}
