//! Batches: checks and mutations, committed together or not at all.

use super::error::{joinly_error, joinly_status};
use super::exclusive::Exclusive;
use super::ffi;
use super::guard::guard;
use super::handle::{Table, object};
use super::store::{joinly_store, with_store};
use crate::error::Result;
use crate::store::Batch;

/// A list of checks and mutations. It belongs to no store and may be committed to several, or again. Usable from
/// any thread; freed with `joinly_batch_free`.
pub struct joinly_batch {
    _private: (),
}

object!(joinly_batch => Exclusive<Batch>, BATCHES, 5, Short);

fn edit(batch: *mut joinly_batch, f: impl FnOnce(&mut Batch) -> Result<()>) -> Result<()> {
    BATCHES.with(batch, |b| f(&mut *b.lock()?))?
}

/// Makes an empty batch. Any thread. Errors: `JOINLY_INVALID` (`out` is NULL), `JOINLY_TOO_LARGE` (too many live
/// batches).
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_batch_new(
    out: *mut *mut joinly_batch,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = BATCHES.insert(Exclusive::new(Batch::new()))?;
            Ok(())
        })
    }
}

/// Adds a check: the commit is refused with `JOINLY_CONFLICT` unless the key's version is `version`, or, for 0,
/// unless the key does not exist. All checks see the state before the batch. Errors: `JOINLY_INVALID`,
/// `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_batch_check(
    batch: *mut joinly_batch,
    key: *const u8,
    key_len: usize,
    version: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || edit(batch, |b| b.check(ffi::key(key, key_len)?, version))) }
}

/// Adds a put, as `joinly_kv_put_ttl`. Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_batch_put(
    batch: *mut joinly_batch,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    ttl_ms: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            edit(batch, |b| b.put_ttl(ffi::key(key, key_len)?, ffi::value(value, value_len)?, ttl_ms))
        })
    }
}

/// Adds a delete; nothing happens when the key does not exist. Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`,
/// `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_batch_delete(
    batch: *mut joinly_batch,
    key: *const u8,
    key_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || edit(batch, |b| b.delete(ffi::key(key, key_len)?))) }
}

/// Adds an addition to a counter, as `joinly_kv_add`; it sees the mutations before it in the batch. Errors:
/// `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_batch_add(
    batch: *mut joinly_batch,
    key: *const u8,
    key_len: usize,
    delta: i64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || edit(batch, |b| b.add(ffi::key(key, key_len)?, delta))) }
}

/// Adds a change of expiry, as `joinly_kv_expire`; nothing happens when the key does not exist. Errors:
/// `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_batch_expire(
    batch: *mut joinly_batch,
    key: *const u8,
    key_len: usize,
    ttl_ms: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || edit(batch, |b| b.expire(ffi::key(key, key_len)?, ttl_ms))) }
}

/// How many checks and mutations a batch holds; 0 for a bad handle.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_batch_len(batch: *const joinly_batch) -> usize {
    BATCHES.with(batch, |b| b.lock().map_or(0, |b| b.len())).unwrap_or(0)
}

/// Empties a batch and keeps its memory for the next use. A bad handle is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_batch_clear(batch: *mut joinly_batch) {
    let _ = edit(batch, |b| {
        b.clear();
        Ok(())
    });
}

/// Frees a batch. NULL and a batch that is freed already are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_batch_free(batch: *mut joinly_batch) {
    BATCHES.remove(batch);
}

/// Commits a batch: all of it or, on any failure, nothing. `*version` (may be NULL) receives the commit's version,
/// greater than that of every commit before. Serializable across threads and processes; as durable on return as the
/// store promises. An empty batch succeeds and gives the current version. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (a check failed), `JOINLY_WRONG_TYPE` and `JOINLY_OUT_OF_RANGE` (an addition), and those
/// of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_store_commit(
    store: *mut joinly_store,
    batch: *const joinly_batch,
    version: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(version, 0);
        guard(err, || {
            let committed = BATCHES.with(batch, |b| with_store(store, |s| s.commit(&*b.lock()?)))??;
            ffi::optional(version, committed);
            Ok(())
        })
    }
}
