//! Interactive transactions.

use super::error::{joinly_error, joinly_status};
use super::exclusive::Exclusive;
use super::ffi;
use super::guard::guard;
use super::handle::{Table, object};
use super::kv::{buffer, fits, found, joinly_scan_options, prefix_scan, range_scan};
use super::page::{self, joinly_page};
use super::store::{joinly_store, with_store};
use super::value::{self, joinly_value};
use crate::error::{Error, Kind, Result};
use crate::store::{Store, Transaction};

/// A transaction: reads of one moment plus its own writes, committed together or not at all. It belongs to one
/// thread at a time (`JOINLY_BUSY` otherwise). It takes no lock until it commits: a transaction whose reads were
/// overtaken by another writer loses with `JOINLY_CONFLICT`, changes nothing, and is to be repeated from its begin.
pub struct joinly_txn {
    _private: (),
}

object!(joinly_txn => Exclusive<Option<Transaction>>, TXNS, 6, Short);

/// Runs a call on a transaction.
pub(super) fn with_txn<R>(
    txn: *const joinly_txn,
    f: impl FnOnce(&mut Transaction) -> Result<R>,
) -> Result<R> {
    TXNS.with(txn, |slot| {
        let mut slot = slot.try_lock("transaction")?;
        f(slot.as_mut().ok_or_else(|| Error::new(Kind::Closed, "the transaction is finished"))?)
    })?
}

/// Runs a call on a store: within a transaction of it, unless that is NULL.
pub(super) fn with_store_within<R>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    f: impl FnOnce(&Store, Option<&mut Transaction>) -> Result<R>,
) -> Result<R> {
    with_store(store, |store| match txn.is_null() {
        true => f(store, None),
        false => with_txn(txn, |txn| match txn.is_of(store) {
            true => f(store, Some(txn)),
            false => Err(Error::invalid("txn is a transaction of another store")),
        }),
    })
}

/// Begins a transaction on the present state. `*out` receives it, to be freed with `joinly_txn_free` after commit or
/// rollback. Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`, `JOINLY_BUSY`,
/// `JOINLY_IO`, `JOINLY_CORRUPT`, `JOINLY_TOO_LARGE` (too many live transactions).
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_begin(
    store: *mut joinly_store,
    out: *mut *mut joinly_txn,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = TXNS.insert(Exclusive::new(Some(with_store(store, |s| s.begin())?)))?;
            Ok(())
        })
    }
}

/// Reads a key, as `joinly_kv_get`, as of the transaction's begin and with its own writes. Errors: those of
/// `joinly_kv_get`, and `JOINLY_CONFLICT` (older than `snapshot_max_age_ms`), `JOINLY_CLOSED` (finished),
/// `JOINLY_BUSY` (in use by another thread).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_get(
    txn: *mut joinly_txn,
    key: *const u8,
    key_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let key = ffi::key(key, key_len)?;
            *out = value::make(found(with_txn(txn, |t| t.get(key))?)?)?;
            Ok(())
        })
    }
}

/// Reads a key into the caller's buffer, as `joinly_kv_get_into` and `joinly_txn_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_get_into(
    txn: *mut joinly_txn,
    key: *const u8,
    key_len: usize,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let len = ffi::out(len, 0, "len")?;
            let (key, buf) = (ffi::key(key, key_len)?, buffer(buf, cap));
            let value = found(with_txn(txn, |t| t.get(key))?)?;
            *len = value.bytes().len();
            if let Some(target) = buf.get_mut(..*len) {
                target.copy_from_slice(value.bytes());
            }
            fits(*len, buf.len())
        })
    }
}

/// Reads a page of a range, as `joinly_kv_scan`, as of the transaction's begin and with its own writes. Another
/// writer's commit into the part that was read makes the transaction lose. Errors: as `joinly_txn_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_scan(
    txn: *mut joinly_txn,
    start: *const u8,
    start_len: usize,
    end: *const u8,
    end_len: usize,
    options: *const joinly_scan_options,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let scan = range_scan(start, start_len, end, end_len, options)?;
            *out = page::make(with_txn(txn, |t| t.scan_flat(&scan))?)?;
            Ok(())
        })
    }
}

/// Reads a page of the keys that start with `prefix`; otherwise as `joinly_txn_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_scan_prefix(
    txn: *mut joinly_txn,
    prefix: *const u8,
    prefix_len: usize,
    options: *const joinly_scan_options,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let scan = prefix_scan(prefix, prefix_len, options)?;
            *out = page::make(with_txn(txn, |t| t.scan_flat(&scan))?)?;
            Ok(())
        })
    }
}

/// Writes a key within the transaction, as `joinly_kv_put_ttl`; the expiry counts from the commit. Errors:
/// `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_CLOSED`, `JOINLY_BUSY`, `JOINLY_BAD_HANDLE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_put(
    txn: *mut joinly_txn,
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
            let (key, value) = (ffi::key(key, key_len)?, ffi::value(value, value_len)?);
            with_txn(txn, |t| t.put_ttl(key, value, ttl_ms))
        })
    }
}

/// Deletes a key within the transaction: `JOINLY_OK` when it existed, else `JOINLY_NOT_FOUND` (no error object).
/// Errors: those of `joinly_txn_get` and `joinly_txn_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_delete(
    txn: *mut joinly_txn,
    key: *const u8,
    key_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let key = ffi::key(key, key_len)?;
            found(with_txn(txn, |t| t.delete(key))?.then_some(()))
        })
    }
}

/// Adds to a counter within the transaction, as `joinly_kv_add`. Errors: those of `joinly_txn_get` and
/// `joinly_txn_put`, `JOINLY_WRONG_TYPE`, `JOINLY_OUT_OF_RANGE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_add(
    txn: *mut joinly_txn,
    key: *const u8,
    key_len: usize,
    delta: i64,
    out: *mut i64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let key = ffi::key(key, key_len)?;
            ffi::optional(out, with_txn(txn, |t| t.add(key, delta))?);
            Ok(())
        })
    }
}

/// Commits a transaction and finishes it, whatever the status: later calls on it answer `JOINLY_CLOSED`. `*version`
/// (may be NULL) receives the commit's version; a transaction without writes gives the version it read at.
///
/// Errors: `JOINLY_CONFLICT` (what it read was changed meanwhile: repeat it from its begin), `JOINLY_CLOSED`, and
/// those of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_commit(
    txn: *mut joinly_txn,
    version: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(version, 0);
        guard(err, || {
            ffi::optional(version, take(txn)?.commit()?);
            Ok(())
        })
    }
}

/// Drops a transaction's writes and finishes it. Errors: `JOINLY_CLOSED` (finished already), `JOINLY_BAD_HANDLE`,
/// `JOINLY_BUSY` (in use by another thread).
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_txn_rollback(
    txn: *mut joinly_txn,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || take(txn).map(drop)) }
}

/// Frees a transaction; one not committed is rolled back. NULL and one that is freed already are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_txn_free(txn: *mut joinly_txn) {
    TXNS.remove(txn);
}

fn take(txn: *mut joinly_txn) -> Result<Transaction> {
    TXNS.with(txn, |slot| {
        let mut slot = slot.try_lock("transaction")?;
        slot.take().ok_or_else(|| Error::new(Kind::Closed, "the transaction is finished"))
    })?
}
