//! Opening, closing and looking after a store.

use std::ffi::c_char;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::{contain, guard};
use super::handle::{Table, object};
use super::options::{
    fill_capabilities, fill_limits, fill_stats, joinly_capabilities, joinly_limits, joinly_options,
    joinly_stats,
};
use crate::error::Result;
use crate::store::{Config, Options, Store};

/// An open store. Usable from any thread at the same time. Handles are never dereferenced: a closed, freed,
/// foreign or invented one is answered with `JOINLY_BAD_HANDLE`. After `fork()` the child's handles answer
/// `JOINLY_FORKED`.
pub struct joinly_store {
    _private: (),
}

object!(joinly_store => Store, STORES, 4, Long);

/// Runs a call on a store, inside [`contain`]. A panic poisons the store, since a half-done write may be behind.
pub(super) fn with_store<R>(store: *const joinly_store, f: impl FnOnce(&Store) -> Result<R>) -> Result<R> {
    STORES.with(store, |store| {
        let unfinished = Unfinished(store);
        let result = f(store);
        std::mem::forget(unfinished);
        result
    })?
}

/// A call on a store that is dropped by a panic alone.
struct Unfinished<'a>(&'a Store);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.poison();
    }
}

/// Where a store is, by its URL, with default options.
///
/// # Safety
/// `url` is NULL or NUL-terminated.
pub(super) unsafe fn place(url: *const c_char) -> Result<Config> {
    // SAFETY: forwarded contract.
    Config::from_url(unsafe { ffi::string(url, "url")? }, Options::default())
}

/// Gives an open store out where it is wanted.
///
/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn opened(store: Option<Store>, out: *mut *mut joinly_store) -> Result<()> {
    if let (Some(store), false) = (store, out.is_null()) {
        // SAFETY: non-NULL, so writable.
        unsafe { out.write(STORES.insert(store)?) };
    }
    Ok(())
}

/// Opens or creates a store.
///
/// `url` is a path ("game.db") or a URL: "sqlite:game.db?cache_mb=64&durability=power", "leveldb:folder",
/// "jsonl:folder", or "memory:" for a store that lives in this process only and ends with its handle. The query sets options by the names of
/// `joinly_options`; characters that a URL reserves are written %XX. `options` may be NULL. `*out` receives the
/// store, to be closed with `joinly_store_close` and freed with `joinly_store_free`. The file is created with
/// permissions 0600, a folder with 0700.
///
/// Several processes may open one SQLite file; each keeps its own cache, and none is ever stale. A folder of LevelDB
/// is for one store at a time, and needs Google's library to be installed (on Debian libleveldb1d): it is loaded
/// when the first one is opened. A folder that other software wrote is opened with `read_only` alone: its keys are
/// read as they are, and have the version 1. A folder of JSON Lines is for one store at a time too, all of it is in
/// memory, and its files may be edited while no store has it open. See `joinly_store_capabilities`. Any thread.
///
/// Errors: `JOINLY_INVALID` (unknown option, malformed URL), `JOINLY_NOT_FOUND` (`must_exist`), `JOINLY_IO` (no
/// such directory), `JOINLY_READ_ONLY`, `JOINLY_NOT_A_DATABASE`, `JOINLY_NEWER_SCHEMA`, `JOINLY_CORRUPT`,
/// `JOINLY_BUSY` (also: another store has the folder open), `JOINLY_FULL`, `JOINLY_UNSUPPORTED` (a second copy of
/// SQLite in this process has the file open; LevelDB is not installed), `JOINLY_FORKED` (this process inherited an
/// open store).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_open(
    url: *const c_char,
    options: *const joinly_options,
    out: *mut *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let options = ffi::sized(options, "joinly_options")?.to_options()?;
            let config = Config::from_url(ffi::string(url, "url")?, options)?;
            *out = STORES.insert(Store::open(&config)?)?;
            Ok(())
        })
    }
}

/// Opens the store that a TOML file describes: `url = "sqlite:game.db"` and any option by its name. A relative
/// path in it is relative to the file. Any thread.
///
/// Errors: those of `joinly_store_open`; `JOINLY_NOT_FOUND` or `JOINLY_IO` when the file cannot be read,
/// `JOINLY_INVALID` when it is no TOML or names an unknown option.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_open_config(
    path: *const c_char,
    out: *mut *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let config = Config::from_toml_file(ffi::string(path, "path")?)?;
            *out = STORES.insert(Store::open(&config)?)?;
            Ok(())
        })
    }
}

/// Closes a store: waits for the commits under way, flushes them in mode behind, releases the file, and reports
/// what went wrong. The handle ends, whatever the status; its transactions and watches answer `JOINLY_CLOSED`.
/// Values and pages stay valid. Any thread.
///
/// Errors: `JOINLY_BAD_HANDLE`, `JOINLY_IO`, `JOINLY_FORKED` (the child's handle ends, the file is left alone); in
/// mode behind those of a commit: what could not be flushed is recovered by whoever opens the store next.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_close(
    store: *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let result = with_store(store, Store::close);
            STORES.remove(store);
            result
        })
    }
}

/// Closes a store without a report and frees it. NULL and a store that is closed or freed already are ignored. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_store_free(store: *mut joinly_store) {
    let _ = contain(|| {
        let _ = with_store(store, Store::close);
        STORES.remove(store);
        Ok(())
    });
}

/// Waits until the commit of `version` (0: all so far) is as durable as the store promises and, in mode behind, in
/// the database, where other processes see it. At once in mode through. Any thread.
///
/// Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_OUT_OF_RANGE` (a version not yet given),
/// `JOINLY_POISONED`; in mode behind those of a commit.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_flush(
    store: *mut joinly_store,
    version: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, |s| s.flush(version))) }
}

/// Moves the write-ahead log into the database file and empties it. Done in the background anyway; of use before
/// copying or measuring a file. Any thread.
///
/// Errors: `JOINLY_BUSY` (readers or writers of other processes are in the way), `JOINLY_FULL`, `JOINLY_IO`,
/// `JOINLY_READ_ONLY`, `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_checkpoint(
    store: *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, Store::checkpoint)) }
}

/// Rewrites the database without its free pages. Needs up to twice its size in free space and exclusive write access
/// meanwhile. Any thread. Errors: those of `joinly_store_checkpoint`.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_compact(
    store: *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, Store::compact)) }
}

/// Checks every page, row, log entry and index of the store. Takes time in proportion to its size; reads and
/// writes go on. `JOINLY_OK` means sound. Any thread.
///
/// Errors: `JOINLY_CORRUPT` (the message lists up to 100 findings; the store refuses writes from then on),
/// `JOINLY_IO`, `JOINLY_BUSY`, `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_verify(
    store: *mut joinly_store,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, Store::verify)) }
}

/// The version of the latest commit, of any process; 0 for a new store. Versions only grow. Any thread.
///
/// Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID` (`version` is NULL), `JOINLY_BUSY`,
/// `JOINLY_IO`, `JOINLY_CORRUPT`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_version(
    store: *const joinly_store,
    version: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(version, 0, "version")?;
            *out = with_store(store, Store::version)?;
            Ok(())
        })
    }
}

/// The store's clock: milliseconds since 1970-01-01 UTC, which never go back, even when the system's clock does.
/// Any thread. Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID` (`now_ms` is NULL).
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_now(
    store: *const joinly_store,
    now_ms: *mut i64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(now_ms, 0, "now_ms")?;
            *out = with_store(store, Store::now)?;
            Ok(())
        })
    }
}

/// Figures of a store. The caller sets `stats->struct_size`. Any thread.
/// Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`, `JOINLY_BUSY`, `JOINLY_IO`,
/// `JOINLY_CORRUPT`.
///
/// # Safety
/// `stats` is NULL or writable for the size it states; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_stats(
    store: *const joinly_store,
    stats: *mut joinly_stats,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || fill_stats(stats, &with_store(store, Store::stats)?)) }
}

/// What the engine of a store can hold. The caller sets `limits->struct_size`. Any thread.
/// Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`.
///
/// # Safety
/// `limits` is NULL or writable for the size it states; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_limits(
    store: *const joinly_store,
    limits: *mut joinly_limits,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || fill_limits(limits, with_store(store, Store::limits)?)) }
}

/// What may be relied on with a store: durability, and who else may have the data open. The caller sets
/// `capabilities->struct_size`. Any thread.
/// Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`.
///
/// # Safety
/// `capabilities` is NULL or writable for the size it states; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_capabilities(
    store: *const joinly_store,
    capabilities: *mut joinly_capabilities,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || fill_capabilities(capabilities, with_store(store, Store::capabilities)?)) }
}

/// The name of a store's engine, as in URLs: "sqlite", "leveldb", "jsonl", "memory". A static string, never to be
/// freed; NULL for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_store_engine(store: *const joinly_store) -> *const c_char {
    STORES.with(store, |s| s.engine_name_c().as_ptr()).unwrap_or(std::ptr::null())
}
