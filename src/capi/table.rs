//! Tables.

use std::ffi::c_char;
use std::path::Path;
use std::sync::Arc;

use super::error::{joinly_error, joinly_status};
use super::ffi;
use super::guard::guard;
use super::kv::found;
use super::page::{self, joinly_page};
use super::store::{joinly_store, with_store};
use super::txn::{joinly_txn, with_store_within};
use super::value::{document, joinly_value};
use crate::error::Result;
use crate::models::Filter;
use crate::models::document::encode;
use crate::models::table::{
    self, MAX_CURSOR_BYTES, Query, RowPage, Schema, Tables, Values, filter_from_json,
};
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

fn with_tables<R>(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    f: impl FnOnce(&Tables<'_>) -> Result<R>,
) -> Result<R> {
    with_store_within(store, txn, |store, txn| match txn {
        None => f(&Tables::new(store)),
        Some(txn) => f(&Tables::within(store, txn)),
    })
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

/// Gives a table a schema.
///
/// # Safety
/// Pointers are NULL or valid as described.
unsafe fn shape(
    store: *mut joinly_store,
    schema: *const c_char,
    schema_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
    shaped: fn(&Tables<'_>, &Schema) -> Result<Arc<Schema>>,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let schema = Schema::from_json(ffi::text(schema, schema_len, "schema")?)?;
            let made = with_tables(store, std::ptr::null_mut(), |tables| shaped(tables, &schema))?;
            if !out.is_null() {
                out.write(document(&*made)?);
            }
            Ok(())
        })
    }
}

/// Makes a table, or gives one the columns and wider types that it lacks; a schema that says the same does nothing.
///
/// `schema` is a JSON object of "table_name" (a letter or `_`, then those and digits, up to 64 bytes) and "schema", an object
/// of 1 to 256 columns in their order, each an object of "type" ("int", "float", "str", "bool", "bytes" as base64, "date" and
/// "datetime" as ISO 8601 in UTC, "json") and any of "primary_key" (of one column at most; unique and never null; an int that a
/// row lacks is the next number), "nullable" (true), "unique" (false; any number of rows may have null), "default" (what an
/// inserted row has that lacks it), "index" (false; selections go along it) and "formerly" (the name that the column had).
/// Keys and unique values are of at most 512 bytes. `out` (may be NULL) receives the schema as it is stored at the key
/// `table:{table_name}`, to be freed with `joinly_value_free`. Rows are JSON objects at `table:{table_name}:{key}`.
///
/// A table follows a schema with new columns that are nullable or have a default, with wider types (int to float, any but those
/// of keys to json), and with columns that are nullable, not unique, indexed or renamed now. Many rows are changed in several
/// commits; readers see all of them changed from the first on. Not within a transaction. Any thread.
///
/// Errors: `JOINLY_EXISTS` (the schema differs in other ways, or a table's name differs in case only; the message tells),
/// `JOINLY_INVALID`, `JOINLY_WRONG_TYPE` (a default that its column cannot have), `JOINLY_TOO_LARGE`, `JOINLY_BUSY`, and those of
/// `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_create(
    store: *mut joinly_store,
    schema: *const c_char,
    schema_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { shape(store, schema, schema_len, out, err, |tables, schema| tables.create(schema)) }
}

/// As `joinly_table_create`, and drops the columns that the schema does not have. Any thread. Errors: those of
/// `joinly_table_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_evolve(
    store: *mut joinly_store,
    schema: *const c_char,
    schema_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe { shape(store, schema, schema_len, out, err, |tables, schema| tables.evolve(schema)) }
}

/// Drops a table with all its rows; it is gone at once. Not within a transaction. Any thread. Errors: `JOINLY_NOT_FOUND` (no such
/// table), and those of `joinly_kv_delete`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_drop(
    store: *mut joinly_store,
    table: *const c_char,
    table_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            with_tables(store, std::ptr::null_mut(), |tables| tables.drop(table))
        })
    }
}

/// Lists the tables. `*out` receives a JSON array of their names, to be freed with `joinly_value_free`. Any thread. Errors: those
/// of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_names(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            *out = document(&with_tables(store, txn, |tables| tables.names())?)?;
            Ok(())
        })
    }
}

/// Reads the schema of a table. `*out` receives it in the form of `joinly_table_create`, with "created_at" (in UTC) and, once it
/// changed, "version", to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such table), `JOINLY_INVALID`, `JOINLY_TOO_LARGE`, `JOINLY_WRONG_TYPE` (a plain put wrote something
/// else there), and those of `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_schema(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    table: *const c_char,
    table_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let table = ffi::text(table, table_len, "table")?;
            *out = document(&*with_tables(store, txn, |tables| tables.schema(table))?)?;
            Ok(())
        })
    }
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

/// Writes a table to the file `path` as one JSON object of "table", "records" (an array), "count", "exported_at" (in UTC) and
/// "schema", all of one moment; a file that is there is replaced once the new one is whole. `out` (may be NULL) receives how
/// many rows it has. Any thread. Errors: those of `joinly_table_select`; `JOINLY_IO`, `JOINLY_FULL`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_export(
    store: *const joinly_store,
    table: *const c_char,
    table_len: usize,
    path: *const c_char,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let path = Path::new(ffi::string(path, "path")?);
            let count = with_store(store, |store| Tables::new(store).export(table, path))?;
            ffi::optional(out, count);
            Ok(())
        })
    }
}

/// Inserts the rows of a file that `joinly_table_export` wrote, all of them or none, into the table that it names, which is made
/// by its schema if it is not there. `out` (may be NULL) receives how many there were. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such file, or neither table nor schema), `JOINLY_IO`, `JOINLY_INVALID` (another form, or not as many
/// records as it says), `JOINLY_TOO_LARGE` (more than 100,000 rows, into a table that is there), and those of
/// `joinly_table_insert` and `joinly_table_create`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_import(
    store: *mut joinly_store,
    path: *const c_char,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let path = Path::new(ffi::string(path, "path")?);
            let count = with_store(store, |store| Tables::new(store).import(path))?;
            ffi::optional(out, count);
            Ok(())
        })
    }
}

/// Copies every table of a store, as of one moment, into another, whatever their engines: all of them or none. What the target
/// keeps is counted before it can be seen. `out` (may be NULL) receives a JSON array of arrays of a name and a number of rows, to
/// be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_EXISTS` (the target has a table of the same name), `JOINLY_CORRUPT` (it does not have as many rows), and those
/// of `joinly_table_select` and `joinly_table_insert`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_copy(
    source: *const joinly_store,
    target: *mut joinly_store,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, std::ptr::null_mut());
        guard(err, || {
            let copied =
                with_store(source, |source| with_store(target, |target| table::copy(source, target)))?;
            if !out.is_null() {
                out.write(document(&copied)?);
            }
            Ok(())
        })
    }
}

/// Counts the rows of a table and their bytes, by reading them. `*out` receives a JSON object of "records", "size_bytes" (as lines
/// of JSON) and "columns", to be freed with `joinly_value_free`. Any thread. Errors: those of `joinly_table_schema`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_stats(
    store: *const joinly_store,
    table: *const c_char,
    table_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let table = ffi::text(table, table_len, "table")?;
            *out = document(&with_store(store, |store| Tables::new(store).stats(table))?)?;
            Ok(())
        })
    }
}

/// Reads every row of a table, checks it against the schema, and puts right what plain puts and hand-edited files left behind:
/// unique values that are not kept, or are nobody's. `out` (may be NULL) receives how many rows there are. Any thread.
///
/// Errors: `JOINLY_WRONG_TYPE` (a row that the schema does not allow; the message names it), `JOINLY_EXISTS` (two rows have one
/// unique value), and those of `joinly_table_schema` and `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_check(
    store: *mut joinly_store,
    table: *const c_char,
    table_len: usize,
    out: *mut u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let count = with_store(store, |store| Tables::new(store).check(table))?;
            ffi::optional(out, count);
            Ok(())
        })
    }
}

/// Takes the lock of a table for `ttl_ms` milliseconds, or renews it for the same `owner`, any text of up to 128 bytes. It is for
/// programs that take turns, and hinders only those who ask for it too: the constraints of tables need none. Any thread.
///
/// Errors: `JOINLY_BUSY` (another owner has it), `JOINLY_NOT_FOUND` (no such table), `JOINLY_INVALID` (a time of 0), `JOINLY_TOO_LARGE`,
/// and those of `joinly_kv_put`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_lock(
    store: *mut joinly_store,
    table: *const c_char,
    table_len: usize,
    owner: *const c_char,
    owner_len: usize,
    ttl_ms: u64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let owner = ffi::text(owner, owner_len, "owner")?;
            with_store(store, |store| Tables::new(store).lock(table, owner, ttl_ms))
        })
    }
}

/// Gives the lock of a table back. `out` (may be NULL) receives 1 if this owner had it still, else 0. Any thread. Errors: those of
/// `joinly_kv_delete`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_table_unlock(
    store: *mut joinly_store,
    table: *const c_char,
    table_len: usize,
    owner: *const c_char,
    owner_len: usize,
    out: *mut u8,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(out, 0);
        guard(err, || {
            let table = ffi::text(table, table_len, "table")?;
            let owner = ffi::text(owner, owner_len, "owner")?;
            let had = with_store(store, |store| Tables::new(store).unlock(table, owner))?;
            ffi::optional(out, had.into());
            Ok(())
        })
    }
}
