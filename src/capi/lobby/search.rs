//! Finding lobbies.

use std::ffi::c_char;

use super::options::check_reserved;
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::page::{self, joinly_page};
use crate::capi::store::{joinly_store, with_store};
use crate::error::Result;
use crate::limits;
use crate::models::Filter;
use crate::models::lobby::{Explain, Lobbies, MAX_CURSOR_BYTES, Order, Query};
use crate::store::FlatPage;

/// Which lobbies to find. Zero-initialise it and set `struct_size`: every public lobby that somebody could join. Texts are
/// UTF-8. A key of a condition or order is the name of a public attribute, or a path into the document such as "$.name".
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_lobby_query {
    /// `sizeof(joinly_lobby_query)`.
    pub struct_size: u32,
    /// The most lobbies of a page; 0: 256.
    pub limit: u32,
    /// Only lobbies of this kind; NULL: of any.
    pub kind: *const c_char,
    /// Length of `kind`.
    pub kind_len: usize,
    /// What must hold, a JSON array of conditions {"key": ..., "op": ..., "value": ...} and of alternatives
    /// {"any": [condition, ...]}. Operators: = != < <= > >= in not-in exists contains prefix. NULL: nothing.
    pub filter: *const c_char,
    /// Length of `filter`.
    pub filter_len: usize,
    /// What comes first, a JSON array of at most 4 of {"key": ..., "near": number}, {"key": ...} (the least first) and
    /// {"key": ..., "descending": true}, each within those before it. Lobbies without such a value are not found. NULL:
    /// by key.
    pub order: *const c_char,
    /// Length of `order`.
    pub order_len: usize,
    /// Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
    pub cursor: *const u8,
    /// Length of the cursor.
    pub cursor_len: usize,
    /// The most documents to read; 0: 10000.
    pub budget: u32,
    /// 1: also those that nobody can join now: full, locked, starting or in game.
    pub include_full: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// How a search went about it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_explain {
    /// `sizeof(joinly_explain)`, set by the caller.
    pub struct_size: u32,
    /// 1: the index gave the first order, so that the search could stop early.
    pub ordered: u8,
    /// 1: the budget ended it: there may be lobbies that it did not see.
    pub exhausted: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// How many documents it read.
    pub read: u64,
    /// The name of the index it went along, NUL-terminated; empty: it scanned all lobbies.
    pub index: [c_char; 136],
}

const _: () = assert!(limits::MAX_INDEX_NAME_BYTES < 136);

impl joinly_lobby_query {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_query(self) -> Result<Query> {
        check_reserved("joinly_lobby_query", &self.reserved)?;
        let mut query = Query::new().full(self.include_full != 0);
        // SAFETY: forwarded contract.
        let (kind, filter, order, cursor) = unsafe {
            (
                ffi::optional_text(self.kind, self.kind_len, "kind")?,
                ffi::text(self.filter, self.filter_len, "filter")?,
                ffi::text(self.order, self.order_len, "order")?,
                ffi::bytes(self.cursor, self.cursor_len, MAX_CURSOR_BYTES, "cursor")?,
            )
        };
        if let Some(kind) = kind {
            query = query.kind(kind);
        }
        if !filter.is_empty() {
            query = query.filter(Filter::from_json(filter)?);
        }
        if !order.is_empty() {
            query = Order::list_from_json(order)?.into_iter().fold(query, Query::order);
        }
        if !cursor.is_empty() {
            query = query.after(cursor);
        }
        if self.limit != 0 {
            query = query.limit(self.limit as usize);
        }
        Ok(if self.budget == 0 { query } else { query.budget(self.budget as usize) })
    }
}

/// # Safety
/// As [`ffi::sized`].
pub(super) unsafe fn query(query: *const joinly_lobby_query) -> Result<Query> {
    // SAFETY: forwarded contract.
    unsafe { ffi::sized(query, "joinly_lobby_query")?.to_query() }
}

/// # Safety
/// As [`ffi::fill_optional`].
unsafe fn fill_explain(out: *mut joinly_explain, explain: &Explain) -> Result<()> {
    let mut index = [0; 136];
    let name = explain.index.as_deref().unwrap_or_default().as_bytes();
    index.iter_mut().zip(name).for_each(|(to, byte)| *to = *byte as c_char);
    let value = joinly_explain {
        struct_size: 0,
        ordered: explain.ordered.into(),
        exhausted: explain.exhausted.into(),
        reserved: [0; 2],
        read: explain.read as u64,
        index,
    };
    // SAFETY: forwarded contract.
    unsafe { ffi::fill_optional(out, &value, "joinly_explain") }
}

/// Finds lobbies. `query` may be NULL. A row of the page has the key `lobby:{number}` and the lobby's document as everybody
/// may know it and as time has made it; documents under `lobby:` that plain puts wrote are found too. A page is all of one
/// moment. `explain` (may be NULL) receives how the lobbies were found: along a declared index where one serves, else by a
/// scan that is counted against the budget. Any thread.
///
/// Errors: `JOINLY_INVALID` (no filter, no order, an unknown operator, a cursor of another query), `JOINLY_WRONG_TYPE` (an
/// operand that its operator cannot have), `JOINLY_TOO_LARGE`, and those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_search(
    store: *const joinly_store,
    query: *const joinly_lobby_query,
    out: *mut *mut joinly_page,
    explain: *mut joinly_explain,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            fill_explain(explain, &Explain::default())?;
            let query = self::query(query)?;
            let page = with_store(store, |s| Lobbies::new(s).search(&query))?;
            fill_explain(explain, &page.explain)?;
            let mut rows = FlatPage::default();
            page.found.iter().for_each(|it| rows.push_value(it.key().as_bytes(), Some(&it.document)));
            rows.cursor = page.cursor;
            *out = page::make(rows)?;
            Ok(())
        })
    }
}
