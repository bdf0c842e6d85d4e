//! A cache in memory for hosts, without a store.

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::handle::{Table, object};
use super::kv::{buffer, fits, found};
use super::value::{self, joinly_value};
use crate::error::{Error, Result};
use crate::memcache::MemCache;

/// A bounded cache in memory with least-recently-used eviction and expiry. Every operation takes constant time.
/// Usable from any thread at the same time. After `fork()` it starts empty in the child.
pub struct joinly_cache {
    _private: (),
}

/// How large a cache may be. Zero-initialise it and set `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_cache_options {
    /// `sizeof(joinly_cache_options)`.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The most entries; 0: no bound by entries.
    pub max_entries: u64,
    /// The most bytes, keys, values and overhead; 0: no bound by bytes, or 64 MiB when `max_entries` is 0 too.
    pub max_bytes: u64,
    /// Life of entries set without one of their own, in milliseconds; 0: for ever.
    pub default_ttl_ms: u64,
}

/// Figures of a cache since it was made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_cache_stats {
    /// `sizeof(joinly_cache_stats)`, set by the caller.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Gets that found their key.
    pub hits: u64,
    /// Gets that did not.
    pub misses: u64,
    /// Entries dropped to stay within the bounds.
    pub evictions: u64,
    /// Entries now, expired ones not yet dropped included.
    pub entries: u64,
    /// Bytes now.
    pub bytes: u64,
    /// The bound in entries; 0: none.
    pub max_entries: u64,
    /// The bound in bytes; 0: none.
    pub max_bytes: u64,
}

object!(joinly_cache => MemCache, CACHES, 9, Long);

fn with_cache<R>(cache: *const joinly_cache, f: impl FnOnce(&MemCache) -> Result<R>) -> Result<R> {
    CACHES.with(cache, f)?
}

/// Makes a cache. `options` may be NULL: 64 MiB. Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE` (too many live caches).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_cache_new(
    options: *const joinly_cache_options,
    out: *mut *mut joinly_cache,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let options = ffi::sized(options, "joinly_cache_options")?;
            if options.reserved != 0 {
                return Err(Error::invalid("joinly_cache_options.reserved is not zero"));
            }
            *out = CACHES.insert(MemCache::new(
                options.max_entries,
                options.max_bytes,
                options.default_ttl_ms,
            ))?;
            Ok(())
        })
    }
}

/// Stores a value that lives `ttl_ms` milliseconds (0: the cache's default). A value larger than the cache is not kept.
/// Errors: `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`. Any thread.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_cache_set(
    cache: *mut joinly_cache,
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
            with_cache(cache, |c| {
                c.set(key, value, ttl_ms);
                Ok(())
            })
        })
    }
}

/// Reads a value; `*out` receives a pin, to be freed with `joinly_value_free`. Errors: `JOINLY_NOT_FOUND` (no error
/// object), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`. Any thread.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_cache_get(
    cache: *const joinly_cache,
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
            *out = value::make(found(with_cache(cache, |c| Ok(c.get(key)))?)?)?;
            Ok(())
        })
    }
}

/// Reads a value into the caller's buffer, as `joinly_kv_get_into`. Errors: those of `joinly_cache_get`, and
/// `JOINLY_BUFFER_TOO_SMALL` (no error object). Any thread.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_cache_get_into(
    cache: *const joinly_cache,
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
            let cap = buf.len();
            *len = found(with_cache(cache, |c| Ok(c.get_into(key, buf)))?)?;
            fits(*len, cap)
        })
    }
}

/// Deletes a key: `JOINLY_OK` when it existed, else `JOINLY_NOT_FOUND` (no error object). Errors: `JOINLY_INVALID`,
/// `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`. Any thread.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_cache_delete(
    cache: *mut joinly_cache,
    key: *const u8,
    key_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let key = ffi::key(key, key_len)?;
            found(with_cache(cache, |c| Ok(c.delete(key)))?.then_some(()))
        })
    }
}

/// Empties a cache; its figures go on. A bad handle is ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_cache_clear(cache: *mut joinly_cache) {
    let _ = CACHES.with(cache, MemCache::clear);
}

/// Figures of a cache. The caller sets `stats->struct_size`. Errors: `JOINLY_INVALID`, `JOINLY_BAD_HANDLE`. Any thread.
///
/// # Safety
/// `stats` is NULL or writable for the size it states; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_cache_stats_get(
    cache: *const joinly_cache,
    stats: *mut joinly_cache_stats,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let figures = with_cache(cache, |c| Ok(c.stats()))?;
            let value = joinly_cache_stats {
                struct_size: 0,
                reserved: 0,
                hits: figures.hits,
                misses: figures.misses,
                evictions: figures.evictions,
                entries: figures.entries,
                bytes: figures.bytes,
                max_entries: figures.max_entries,
                max_bytes: figures.capacity,
            };
            ffi::fill_sized(stats, &value, "joinly_cache_stats")
        })
    }
}

/// Frees a cache. NULL and one that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_cache_free(cache: *mut joinly_cache) {
    CACHES.remove(cache);
}
