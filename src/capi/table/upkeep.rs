//! What a table takes up, whether it is whole, and whose turn it is.

use std::ffi::c_char;

use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};
use crate::models::table::Tables;

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
