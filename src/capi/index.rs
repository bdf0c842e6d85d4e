//! Indexes over JSON documents.

use std::ffi::c_char;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::page::{self, joinly_page};
use super::store::{joinly_store, with_store};
use crate::error::{Error, Result};
use crate::limits;
use crate::store::{Find, FlatPage, IndexSpec};

/// What to find in an index, in pages. Zero-initialise it and set `struct_size`. Bounds are JSON texts: null, true,
/// a number, or a string such as "\"open\"". They order as null < false < true < numbers < strings; strings bytewise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_find_options {
    /// `sizeof(joinly_find_options)`.
    pub struct_size: u32,
    /// The most rows of a page; 0: 256.
    pub limit: u32,
    /// Only documents whose indexed value equals this; NULL: no such condition. Excludes the bounds below.
    pub equal: *const u8,
    /// Length of `equal`.
    pub equal_len: usize,
    /// The lower bound; NULL: none.
    pub lower: *const u8,
    /// Length of `lower`.
    pub lower_len: usize,
    /// The upper bound; NULL: none.
    pub upper: *const u8,
    /// Length of `upper`.
    pub upper_len: usize,
    /// Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
    pub cursor: *const u8,
    /// Length of the cursor.
    pub cursor_len: usize,
    /// 1: the lower bound itself is excluded.
    pub lower_exclusive: u8,
    /// 1: the upper bound itself is included. (By default ranges are half-open.)
    pub upper_inclusive: u8,
    /// 1: from the greatest value to the least.
    pub descending: u8,
    /// Zero.
    pub reserved: [u8; 5],
}

impl joinly_find_options {
    /// # Safety
    /// Each pointer is NULL or readable for its length.
    unsafe fn to_find(self) -> Result<Find> {
        if self.reserved != [0; 5] {
            return Err(Error::invalid("joinly_find_options.reserved is not zero"));
        }
        let given = |data: *const u8, len: usize, max: usize, what: &'static str| -> Result<Option<&[u8]>> {
            if data.is_null() {
                return Ok(None);
            }
            // SAFETY: forwarded contract.
            unsafe { ffi::bytes(data, len, max, what) }.map(Some)
        };
        let json = |data, len, what| given(data, len, limits::MAX_BOUND_BYTES, what);
        let mut find = Find::all();
        let (lower, upper) =
            (json(self.lower, self.lower_len, "lower")?, json(self.upper, self.upper_len, "upper")?);
        if let Some(equal) = json(self.equal, self.equal_len, "equal")? {
            if lower.is_some() || upper.is_some() {
                return Err(Error::invalid("find: equal excludes lower and upper"));
            }
            find = find.equal(equal)?;
        }
        if let Some(lower) = lower {
            find = find.lower(lower, self.lower_exclusive == 0)?;
        }
        if let Some(upper) = upper {
            find = find.upper(upper, self.upper_inclusive != 0)?;
        }
        if let Some(cursor) = given(self.cursor, self.cursor_len, limits::MAX_CURSOR_BYTES, "cursor")? {
            find = find.after(cursor);
        }
        if self.limit != 0 {
            find = find.limit(self.limit as usize);
        }
        Ok(find.descending(self.descending != 0))
    }
}

/// Declares an index called `name` on the JSON documents whose key starts with `prefix` (UTF-8), by the scalar at `path`,
/// for example "$.state", "$.owner.id" or "$.tags[0]". Existing documents are indexed at once; from then on every commit
/// of every process maintains it. Values that are no JSON, and documents without a scalar there or with a string of more
/// than 512 bytes, are stored and not indexed. Declaring the same index again does nothing. Any thread.
///
/// Errors: `JOINLY_EXISTS` (the name is taken by a different index), `JOINLY_INVALID`, `JOINLY_TOO_LARGE` (more than 64
/// indexes), and those of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_index_declare(
    store: *mut joinly_store,
    name: *const c_char,
    prefix: *const u8,
    prefix_len: usize,
    path: *const c_char,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let (name, path) = (ffi::string(name, "name")?, ffi::string(path, "path")?);
            let spec = IndexSpec::new(name, ffi::key(prefix, prefix_len)?, path)?;
            with_store(store, |s| s.declare_index(&spec))
        })
    }
}

/// Drops an index. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_kv_put`. Any thread.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_index_drop(
    store: *mut joinly_store,
    name: *const c_char,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, |s| s.drop_index(ffi::string(name, "name")?))) }
}

/// Builds an index anew from the documents. Errors: `JOINLY_NOT_FOUND`, and those of `joinly_kv_put`. Any thread.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_index_rebuild(
    store: *mut joinly_store,
    name: *const c_char,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { guard(err, || with_store(store, |s| s.rebuild_index(ffi::string(name, "name")?))) }
}

/// Lists the indexes: a page whose keys are their names and whose values are JSON objects with "prefix" and "path".
/// Any thread. Errors: as `joinly_store_version`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_index_list(
    store: *const joinly_store,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let mut page = FlatPage::default();
            for spec in with_store(store, |s| s.indexes())? {
                page.push_value(spec.name().as_bytes(), Some(&spec.to_json().into()));
            }
            *out = page::make(page)?;
            Ok(())
        })
    }
}

/// Reads a page of the documents that an index finds, ordered by the indexed value and then by key, all of one moment.
/// `options` may be NULL: all documents of the index. Any thread. Errors: `JOINLY_NOT_FOUND` (no such index),
/// `JOINLY_INVALID` (a bound that is no JSON scalar, a foreign cursor), and those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_index_find(
    store: *const joinly_store,
    name: *const c_char,
    options: *const joinly_find_options,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let name = ffi::string(name, "name")?;
            let find = ffi::sized(options, "joinly_find_options")?.to_find()?;
            *out = page::make(with_store(store, |s| s.find_flat(name, &find))?)?;
            Ok(())
        })
    }
}
