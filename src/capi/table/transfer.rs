//! Tables as files, and from store to store.

use std::ffi::c_char;
use std::path::Path;

use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};
use crate::models::table::{self, Tables};

/// Writes a table to the file `path` as one JSON object of "table", "records" (an array), "count", "exported_at" (in UTC) and
/// "schema", all of one moment; a file that is there is replaced once the new one is whole. `out` (may be NULL) receives how
/// many rows it has. Any thread. Errors: those of `joinly_table_select`; `JOINLY_BUSY` (somebody else is writing it),
/// `JOINLY_IO`, `JOINLY_FULL`.
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
