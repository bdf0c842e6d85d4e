//! Tables and what their columns are.

use std::ffi::c_char;
use std::sync::Arc;

use super::with_tables;
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::{document, joinly_value};
use crate::error::Result;
use crate::models::table::{Schema, Tables};

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
