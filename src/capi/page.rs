//! Pages of rows.

use super::ffi;
use super::handle::{Table, object};
use crate::error::Result;
use crate::store::{FlatPage, FlatRow};

/// One row of a page. All pointers borrow from the page.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_row {
    /// The key.
    pub key: *const u8,
    /// Length of the key in bytes.
    pub key_len: usize,
    /// The value; NULL when the key does not exist (only from `joinly_kv_get_many`) or values were not asked for.
    pub value: *const u8,
    /// Length of the value in bytes.
    pub value_len: usize,
    /// The version of the commit that wrote the value; 0 when the key does not exist, and for a write of the
    /// transaction itself.
    pub version: u64,
    /// When the value expires, in milliseconds since 1970-01-01 UTC; 0 when it never does.
    pub expires_at: i64,
}

/// An immutable page of rows, the result of one call. Usable from any thread; freed with `joinly_page_free`.
pub struct joinly_page {
    _private: (),
}

pub(super) struct PageObject {
    page: FlatPage,
    rows: Vec<joinly_row>,
}

// SAFETY: the raw pointers in `rows` point into the immutable heap buffer that `page` beside them owns.
unsafe impl Send for PageObject {}
// SAFETY: as above; nothing is ever mutated.
unsafe impl Sync for PageObject {}

object!(joinly_page => PageObject, PAGES, 3, Short);

pub(super) fn make(page: impl Into<FlatPage>) -> Result<*mut joinly_page> {
    let page = page.into();
    let of = |FlatRow { key, value, version, expires_at }: FlatRow<'_>| joinly_row {
        key: key.as_ptr(),
        key_len: key.len(),
        value: value.map_or(std::ptr::null(), <[u8]>::as_ptr),
        value_len: value.map_or(0, <[u8]>::len),
        version,
        expires_at,
    };
    let rows = page.rows().map(of).collect();
    PAGES.insert(PageObject { page, rows })
}

/// The rows of a page as an array; `*count` receives how many. Borrowed: valid until `joinly_page_free`. NULL and
/// 0 for an empty page, for NULL and for a freed one. Any thread.
///
/// # Safety
/// `count` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_page_rows(page: *const joinly_page, count: *mut usize) -> *const joinly_row {
    let (rows, len) = PAGES.with(page, |p| (p.rows.as_ptr(), p.rows.len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(count, len) };
    if len == 0 { std::ptr::null() } else { rows }
}

/// The cursor from which the next page starts, to be given back in the options of the same query; `*len` receives
/// its length. NULL and 0 when this page is the last, for NULL and for a freed one. Borrowed: valid until
/// `joinly_page_free`. Any thread.
///
/// # Safety
/// `len` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_page_cursor(page: *const joinly_page, len: *mut usize) -> *const u8 {
    let (data, count) = PAGES
        .with(page, |p| p.page.cursor.as_ref().map(|c| (c.as_ptr(), c.len())))
        .ok()
        .flatten()
        .unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(len, count) };
    data
}

/// Frees a page. NULL and a page that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_page_free(page: *mut joinly_page) {
    PAGES.remove(page);
}
