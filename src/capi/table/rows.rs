//! Rows of tables.

use std::ffi::c_char;

use super::with_tables;
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::found;
use crate::capi::page::{self, joinly_page};
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::{document, joinly_value};
use crate::error::Result;
use crate::models::Filter;
use crate::models::document::encode;
use crate::models::table::{self, MAX_CURSOR_BYTES, Query, RowPage, Values, filter_from_json};
use crate::store::{FlatPage, FlatRow};

/// Which rows to select. Zero-initialise it and set `struct_size`: every row, by key. Texts are UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_table_query {
    /// `sizeof(joinly_table_query)`.
    pub struct_size: u32,
    /// The most rows of a page; 0: 256.
    pub limit: u32,
    /// What must hold, as for `joinly_lobby_query`, a key being the name of a column, or a path into it such as "$.address.city";
    /// NULL: nothing. A value in a column is never missing, but may be null.
    pub filter: *const c_char,
    /// Length of `filter`.
    pub filter_len: usize,
    /// What comes first, a JSON array of at most 4 of {"column": ...} (the least first) and {"column": ..., "descending": true},
    /// each within those before it: null < false < true < numbers < strings < others. NULL: by key.
    pub order: *const c_char,
    /// Length of `order`.
    pub order_len: usize,
    /// Where the previous page ended, from `joinly_page_cursor`; NULL for the first page.
    pub cursor: *const u8,
    /// Length of the cursor.
    pub cursor_len: usize,
}

impl joinly_table_query {
    /// # Safety
    /// Pointers are NULL or valid as described.
    unsafe fn to_query(self) -> Result<Query> {
        // SAFETY: forwarded contract.
        let (filter, order, cursor) = unsafe {
            (
                self::filter(self.filter, self.filter_len)?,
                ffi::json_array::<table::Order>(self.order, self.order_len, "order")?,
                ffi::bytes(self.cursor, self.cursor_len, MAX_CURSOR_BYTES, "cursor")?,
            )
        };
        let mut query = Query::new().filter(filter);
        for order in order.unwrap_or_default() {
            query = query.order(&order.column, order.descending);
        }
        if !cursor.is_empty() {
            query = query.after(cursor);
        }
        Ok(if self.limit == 0 { query } else { query.limit(self.limit as usize) })
    }
}

/// # Safety
/// As [`ffi::bytes`].
unsafe fn filter(filter: *const c_char, len: usize) -> Result<Filter> {
    // SAFETY: forwarded contract.
    match unsafe { ffi::text(filter, len, "filter")? } {
        "" => Ok(Filter::new()),
        json => filter_from_json(json),
    }
}

fn flat(page: &RowPage) -> Result<FlatPage> {
    let mut flat = FlatPage::default();
    for row in &page.rows {
        let json = encode(row)?;
        flat.push(&FlatRow { key: row.key.as_bytes(), value: Some(&json), version: 0, expires_at: 0 });
    }
    flat.cursor.clone_from(&page.cursor);
    Ok(flat)
}

/// Inserts rows, all of them or none. `rows` is a JSON array of objects by the columns' names, up to 16 MiB. `out` (may be NULL)
/// receives them with all their values, numbers and defaults included, in the same order, to be freed with `joinly_value_free`.
/// Any thread.
///
/// Errors, naming table, row and column: `JOINLY_NOT_FOUND` (no such table), `JOINLY_EXISTS` (another row has the key or a unique
/// value), `JOINLY_WRONG_TYPE` (a value that its column cannot have, or null), `JOINLY_OUT_OF_RANGE` (a number of more than 64
/// bits, or none is left), `JOINLY_INVALID` (an unknown column), `JOINLY_TOO_LARGE`, and those of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_insert(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    rows: *const c_char,
    rows_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let rows: Vec<Values> = ffi::json_array(rows, rows_len, "rows")?.unwrap_or_default();
            let inserted = with_tables(store, txn, |tables| tables.insert(table, &rows))?;
            if !out.is_null() {
                out.write(document(&inserted)?);
            }
            Ok(())
        })
    }
}

/// Reads a row. `key` is its primary key as JSON; of a table without one the number of the row, in the order of insertion from 1
/// on. `*out` receives the row, a JSON object, to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (without an error object: no such row; else: no such table), `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (a
/// key of another type; a row that a plain put wrote and the schema does not allow), `JOINLY_TOO_LARGE`, and those of
/// `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_get(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    key: *const c_char,
    key_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let table = ffi::text(table, table_len, "table")?;
            let key = ffi::scalar(key, key_len, "key")?;
            let row = found(with_tables(store, txn, |tables| tables.get(table, &key))?)?;
            *out = document(&row)?;
            Ok(())
        })
    }
}

/// Selects rows. `query` may be NULL. A row of the page has as its key text that is ordered as the primary keys are, and the row
/// as its value, a JSON object. A page is of one moment, the next may be of a later one (not in a transaction); it also ends
/// once it holds 16 MiB. By key a page reads no more rows than it needs; in another order it reads all that pass the filter.
/// Conditions on the primary key, on unique and on indexed columns spare reading the others. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such table), `JOINLY_INVALID` (no filter, no order, an unknown column, a cursor of another query),
/// `JOINLY_WRONG_TYPE` (an operand that its operator cannot have; a row that a plain put wrote and the schema does not allow),
/// `JOINLY_TOO_LARGE`, and those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_select(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    query: *const joinly_table_query,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let table = ffi::text(table, table_len, "table")?;
            let query = ffi::sized(query, "joinly_table_query")?.to_query()?;
            *out = page::make(with_tables(store, txn, |tables| flat(&tables.select(table, &query)?))?)?;
            Ok(())
        })
    }
}

/// Counts the rows that pass a filter, as `joinly_table_query` has it; NULL: all. `*out` receives the number. Any thread. Errors:
/// those of `joinly_table_select`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_count(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    filter: *const c_char,
    filter_len: usize,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, 0, "out")?;
            let table = ffi::text(table, table_len, "table")?;
            let filter = self::filter(filter, filter_len)?;
            *out = with_tables(store, txn, |tables| tables.count(table, &filter))?;
            Ok(())
        })
    }
}

/// Gives the rows that pass a filter, as `joinly_table_query` has it, the values of `changes`, a JSON object by the columns'
/// names: all of them or none. `out` (may be NULL) receives how many rows there were. Any thread. Errors: those of
/// `joinly_table_select` and `joinly_table_insert`; `JOINLY_TOO_LARGE` for more than 100,000 rows.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_update(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    filter: *const c_char,
    filter_len: usize,
    changes: *const c_char,
    changes_len: usize,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let filter = self::filter(filter, filter_len)?;
            let changes: Values = ffi::json(changes, changes_len, "changes")?.unwrap_or_default();
            let count = with_tables(store, txn, |tables| tables.update(table, &filter, &changes))?;
            ffi::optional(out, count);
            Ok(())
        })
    }
}

/// Deletes the rows that pass a filter, as `joinly_table_query` has it, all of them or none; NULL: every row. `out` (may be NULL)
/// receives how many there were. Any thread. Errors: those of `joinly_table_update`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_delete(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    filter: *const c_char,
    filter_len: usize,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let filter = self::filter(filter, filter_len)?;
            let count = with_tables(store, txn, |tables| tables.delete(table, &filter))?;
            ffi::optional(out, count);
            Ok(())
        })
    }
}
