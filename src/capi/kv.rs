//! Keys and values.

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::page::{self, joinly_page};
use super::store::{joinly_store, with_store};
use super::value::{self, joinly_value};
use crate::error::{Error, Kind, Result};
use crate::store::{FlatPage, Scan};

/// A run of bytes that the caller owns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_bytes {
    /// The bytes; may be NULL when `len` is 0.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

/// How to read a range, in pages. Zero-initialise it and set `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_scan_options {
    /// `sizeof(joinly_scan_options)`.
    pub struct_size: u32,
    /// The most rows of a page; 0: 256.
    pub limit: u32,
    /// Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
    pub cursor: *const u8,
    /// Length of the cursor.
    pub cursor_len: usize,
    /// 1: from the last key to the first.
    pub reverse: u8,
    /// 1: keys without their values.
    pub keys_only: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

impl joinly_scan_options {
    /// # Safety
    /// `cursor` is NULL or readable for `cursor_len` bytes.
    pub(super) unsafe fn apply(&self, mut scan: Scan) -> Result<Scan> {
        if self.reserved != [0; 6] {
            return Err(Error::invalid("joinly_scan_options.reserved is not zero"));
        }
        // SAFETY: forwarded contract.
        let cursor = unsafe { ffi::key(self.cursor, self.cursor_len)? };
        if !cursor.is_empty() {
            scan = scan.after(cursor);
        }
        if self.limit != 0 {
            scan = scan.limit(self.limit as usize);
        }
        Ok(scan.reverse(self.reverse != 0).keys_only(self.keys_only != 0))
    }
}

pub(super) fn found<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::quiet(Kind::NotFound))
}

/// Copies `source` when it fits; the length is reported either way.
pub(super) fn fits(len: usize, cap: usize) -> Result<()> {
    if len > cap { Err(Error::quiet(Kind::BufferTooSmall)) } else { Ok(()) }
}

/// # Safety
/// `buf` is NULL or writable for `cap` bytes.
pub(super) unsafe fn buffer<'a>(buf: *mut u8, cap: usize) -> &'a mut [u8] {
    if buf.is_null() || cap > isize::MAX as usize {
        return &mut [];
    }
    // SAFETY: non-NULL and writable for `cap` bytes by the caller's contract.
    unsafe { std::slice::from_raw_parts_mut(buf, cap) }
}

/// Reads a key. `*out` receives a pin of its value, to be freed with `joinly_value_free`.
///
/// A read sees every commit that any process acknowledged before the call. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no error object), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_BAD_HANDLE`,
/// `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_BUSY`, `JOINLY_IO`, `JOINLY_CORRUPT`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_get(
    store: *const joinly_store,
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
            *out = value::make(found(with_store(store, |s| s.get(key))?)?)?;
            Ok(())
        })
    }
}

/// Reads a key into the caller's buffer of `cap` bytes. `*len` receives the true length of the value; when that is
/// more than `cap`, nothing is copied and the answer is `JOINLY_BUFFER_TOO_SMALL`. `buf` may be NULL when `cap` is
/// 0. The fastest way to read: no allocation. Any thread.
///
/// Errors: those of `joinly_kv_get`, and `JOINLY_BUFFER_TOO_SMALL` (no error object).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_get_into(
    store: *const joinly_store,
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
            *len = found(with_store(store, |s| s.get_into(key, buf))?)?;
            fits(*len, cap)
        })
    }
}

/// Whether a key exists: `*out` receives 1 or 0. Any thread. Errors: those of `joinly_kv_get` but
/// `JOINLY_NOT_FOUND`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_exists(
    store: *const joinly_store,
    key: *const u8,
    key_len: usize,
    out: *mut u8,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, 0, "out")?;
            let key = ffi::key(key, key_len)?;
            *out = u8::from(with_store(store, |s| s.exists(key))?);
            Ok(())
        })
    }
}

/// Reads many keys as of one moment. The page has one row per key, in their order; a missing key's row has a NULL
/// value. Any thread. Errors: those of `joinly_kv_get` but `JOINLY_NOT_FOUND`; `JOINLY_TOO_LARGE` for more keys than a
/// page may have rows.
///
/// # Safety
/// `keys` is NULL or valid for `count` elements, each valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_get_many(
    store: *const joinly_store,
    keys: *const joinly_bytes,
    count: usize,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let keys = key_list(keys, count)?;
            let values = with_store(store, |s| s.get_many(&keys))?;
            let mut page = FlatPage::default();
            keys.iter().zip(&values).for_each(|(key, value)| page.push_value(key, value.as_ref()));
            *out = page::make(page)?;
            Ok(())
        })
    }
}

/// # Safety
/// `keys` is NULL or valid for `count` elements.
unsafe fn key_list<'a>(keys: *const joinly_bytes, count: usize) -> Result<Vec<&'a [u8]>> {
    // SAFETY: forwarded contract.
    let keys = unsafe { ffi::array(keys, count, crate::limits::MAX_PAGE_ROWS, "keys")? };
    // SAFETY: each element is valid by the caller's contract.
    keys.iter().map(|k| unsafe { ffi::key(k.data, k.len) }).collect()
}

/// Writes a key: creates or replaces its value, and removes any expiry. The call returns when the commit is as
/// durable as the store promises. Any thread.
///
/// Errors: `JOINLY_INVALID` (empty key, NULL), `JOINLY_TOO_LARGE`, `JOINLY_BUSY`, `JOINLY_FULL`, `JOINLY_READ_ONLY`,
/// `JOINLY_IO`, `JOINLY_CORRUPT`, `JOINLY_POISONED`, `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`. After
/// `JOINLY_IO` the outcome may be unknown; after all others nothing was changed.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_put(
    store: *mut joinly_store,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { joinly_kv_put_ttl(store, key, key_len, value, value_len, 0, err) }
}

/// Writes a key that expires `ttl_ms` milliseconds after its commit; 0: never. From that moment no read, scan or
/// search returns it. Any thread. Errors: those of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_put_ttl(
    store: *mut joinly_store,
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
            with_store(store, |s| s.put_ttl(key, value, ttl_ms)).map(drop)
        })
    }
}

/// Deletes a key. `JOINLY_OK` when it existed, `JOINLY_NOT_FOUND` (no error object) when not. Any thread. Errors:
/// those of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_delete(
    store: *mut joinly_store,
    key: *const u8,
    key_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let key = ffi::key(key, key_len)?;
            found(with_store(store, |s| s.delete(key))?.then_some(()))
        })
    }
}

/// Changes when a key expires: `ttl_ms` milliseconds from the commit; 0: never. The value stays. Any thread.
/// Errors: those of `joinly_kv_put`, and `JOINLY_NOT_FOUND` (no error object).
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_expire(
    store: *mut joinly_store,
    key: *const u8,
    key_len: usize,
    ttl_ms: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let key = ffi::key(key, key_len)?;
            found(with_store(store, |s| s.expire(key, ttl_ms))?.then_some(()))
        })
    }
}

/// Adds `delta` to a counter, atomically across threads and processes; `*out` (may be NULL) receives the sum. A
/// counter is a value holding a decimal integer of 64 bits in ASCII; a missing key counts as 0; an expiry stays. Any
/// thread. Errors: those of `joinly_kv_put`, `JOINLY_WRONG_TYPE`, `JOINLY_OUT_OF_RANGE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_add(
    store: *mut joinly_store,
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
            ffi::optional(out, with_store(store, |s| s.add(key, delta))?);
            Ok(())
        })
    }
}

/// Reads a page of the keys in `[start, end)`, ordered bytewise. An empty `start` means from the first key, an
/// empty `end` to the last. The page is one moment's state; the next page, read with its cursor, may be of a later
/// one. `options` may be NULL. Any thread. Errors: those of `joinly_kv_get` but `JOINLY_NOT_FOUND`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_scan(
    store: *const joinly_store,
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
            *out = page::make(with_store(store, |s| s.scan_flat(&scan))?)?;
            Ok(())
        })
    }
}

/// Reads a page of the keys that start with `prefix`; otherwise as `joinly_kv_scan`. An empty prefix means all keys.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_kv_scan_prefix(
    store: *const joinly_store,
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
            *out = page::make(with_store(store, |s| s.scan_flat(&scan))?)?;
            Ok(())
        })
    }
}

/// # Safety
/// As `joinly_kv_scan`.
pub(super) unsafe fn range_scan(
    start: *const u8,
    start_len: usize,
    end: *const u8,
    end_len: usize,
    options: *const joinly_scan_options,
) -> Result<Scan> {
    // SAFETY: forwarded contract.
    unsafe {
        let options = ffi::sized(options, "joinly_scan_options")?;
        options.apply(Scan::range(ffi::key(start, start_len)?, ffi::key(end, end_len)?))
    }
}

/// # Safety
/// As `joinly_kv_scan_prefix`.
pub(super) unsafe fn prefix_scan(
    prefix: *const u8,
    prefix_len: usize,
    options: *const joinly_scan_options,
) -> Result<Scan> {
    // SAFETY: forwarded contract.
    unsafe {
        let options = ffi::sized(options, "joinly_scan_options")?;
        options.apply(Scan::prefix(ffi::key(prefix, prefix_len)?))
    }
}
