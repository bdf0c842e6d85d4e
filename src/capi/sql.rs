//! Queries in SQL.

use std::time::Duration;

use super::error::{joinly_error, joinly_status};
use super::exclusive::Exclusive;
use super::ffi;
use super::guard::guard;
use super::handle::{Table, object};
use super::kv::joinly_bytes;
use super::store::{joinly_store, with_store};
use crate::error::{Error, Result};
use crate::limits;
use crate::models;
use crate::store::{Sql, SqlPage, SqlParam, SqlRows, SqlValue};

/// Nothing.
pub const JOINLY_SQL_NULL: u32 = 0;
/// A whole number, in `integer`.
pub const JOINLY_SQL_INTEGER: u32 = 1;
/// A number, in `real`.
pub const JOINLY_SQL_REAL: u32 = 2;
/// UTF-8 text, in `data` and `len`; not NUL-terminated.
pub const JOINLY_SQL_TEXT: u32 = 3;
/// Bytes, in `data` and `len`. What SQL takes for text and is not UTF-8 comes as these, too.
pub const JOINLY_SQL_BLOB: u32 = 4;

/// A value of a result. The pointer borrows from the `joinly_sql_rows` it came from.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_sql_value {
    /// One of `JOINLY_SQL_*`: which of the fields below counts. The others are zero.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Of `JOINLY_SQL_INTEGER`.
    pub integer: i64,
    /// Of `JOINLY_SQL_REAL`; never NaN.
    pub real: f64,
    /// Of `JOINLY_SQL_TEXT` and `JOINLY_SQL_BLOB`; never NULL for these, even when empty.
    pub data: *const u8,
    /// Bytes at `data`.
    pub len: usize,
}

/// A parameter of a query. All zero it is NULL at its place.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_sql_param {
    /// One of `JOINLY_SQL_*`: which of the fields below counts.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Of `JOINLY_SQL_INTEGER`.
    pub integer: i64,
    /// Of `JOINLY_SQL_REAL`; not NaN.
    pub real: f64,
    /// Of `JOINLY_SQL_TEXT` and `JOINLY_SQL_BLOB`; copied before the call returns. NULL is allowed for length 0.
    pub data: *const u8,
    /// Bytes at `data`.
    pub len: usize,
    /// The parameter's name in the SQL, with or without the ':', '@' or '$' before it. NULL: the parameter is the one of
    /// its place in the array, `?1` at index 0.
    pub name: *const u8,
    /// Length of the name in bytes.
    pub name_len: usize,
}

/// How to run a query. Zero-initialise it and set `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_sql_options {
    /// `sizeof(joinly_sql_options)`.
    pub struct_size: u32,
    /// The most rows of the first page; 0: 256. A page also ends once it holds 16 MiB.
    pub max_rows: u32,
    /// How long each page may take, in milliseconds; 0: 5000.
    pub timeout_ms: u32,
    /// Zero.
    pub reserved: u32,
}

/// A query that has more rows to give. It belongs to one thread at a time (`JOINLY_BUSY` otherwise).
pub struct joinly_sql {
    _private: (),
}

/// Rows of a result. Immutable; usable from any thread; freed with `joinly_sql_rows_free`.
pub struct joinly_sql_rows {
    _private: (),
}

pub(super) struct RowsObject {
    page: SqlPage,
    columns: Vec<joinly_bytes>,
    values: Vec<joinly_sql_value>,
}

// SAFETY: the raw pointers point into the immutable heap buffers that `page` beside them owns.
unsafe impl Send for RowsObject {}
// SAFETY: as above; nothing is ever mutated.
unsafe impl Sync for RowsObject {}

object!(joinly_sql => Exclusive<SqlRows>, QUERIES, 14, Short);
object!(joinly_sql_rows => RowsObject, ROWS, 15, Short);

impl joinly_sql_param {
    /// # Safety
    /// Each pointer is NULL or readable for its length.
    unsafe fn to_param<'a>(self) -> Result<SqlParam<'a>> {
        // SAFETY: forwarded contract.
        let (data, name) = unsafe {
            let name =
                ffi::bytes(self.name, self.name_len, limits::MAX_KEY_BYTES, "the name of a parameter")?;
            let has_data = matches!(self.kind, JOINLY_SQL_TEXT | JOINLY_SQL_BLOB);
            (if has_data { ffi::value(self.data, self.len)? } else { &[] }, name)
        };
        let value = match self.kind {
            JOINLY_SQL_NULL => SqlValue::Null,
            JOINLY_SQL_INTEGER => SqlValue::Integer(self.integer),
            JOINLY_SQL_REAL => SqlValue::Real(self.real),
            JOINLY_SQL_TEXT => SqlValue::Text(utf8(data, "a parameter")?.to_owned()),
            JOINLY_SQL_BLOB => SqlValue::Blob(data.to_vec()),
            other => {
                return Err(Error::invalid(format!("joinly_sql_param.kind is {other}: no such kind")));
            }
        };
        if self.reserved != 0 {
            return Err(Error::invalid("joinly_sql_param.reserved is not zero"));
        }
        let name = if self.name.is_null() { None } else { Some(utf8(name, "the name of a parameter")?) };
        Ok(SqlParam { name, value })
    }
}

fn utf8<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| Error::invalid(format!("{what} is not UTF-8")))
}

fn make(page: SqlPage) -> Result<*mut joinly_sql_rows> {
    let name = |name: &String| joinly_bytes { data: name.as_ptr(), len: name.len() };
    let value = |value: &SqlValue| {
        let null = joinly_sql_value {
            kind: JOINLY_SQL_NULL,
            reserved: 0,
            integer: 0,
            real: 0.0,
            data: std::ptr::null(),
            len: 0,
        };
        match value {
            SqlValue::Null => null,
            SqlValue::Integer(integer) => {
                joinly_sql_value { kind: JOINLY_SQL_INTEGER, integer: *integer, ..null }
            }
            SqlValue::Real(real) => joinly_sql_value { kind: JOINLY_SQL_REAL, real: *real, ..null },
            SqlValue::Text(text) => {
                joinly_sql_value { kind: JOINLY_SQL_TEXT, data: text.as_ptr(), len: text.len(), ..null }
            }
            SqlValue::Blob(blob) => {
                joinly_sql_value { kind: JOINLY_SQL_BLOB, data: blob.as_ptr(), len: blob.len(), ..null }
            }
        }
    };
    let columns = page.columns.iter().map(name).collect();
    let values = page.values.iter().map(value).collect();
    ROWS.insert(RowsObject { page, columns, values })
}

/// Runs a query in SQL, in SQLite's dialect: `sql`, UTF-8 of at most 1 MiB, is one statement that reads. It works the same
/// on every engine and in every mode, sees what was acknowledged before the call, and writes, opens and changes nothing,
/// whatever its text: pass what others say as parameters all the same, since a query reads every key of the store.
///
/// `kv` has the columns `key` and `value` (text, or a blob where they are not UTF-8; decoded), `version` and `expires_at`
/// (milliseconds since 1970-01-01 UTC; NULL: never). Expired keys are not in it. Keys of the form "space:name:rest" are
/// found by their parts, in the hidden columns `space`, `name`, `id` (the name, a number where it is written as one) and
/// `rest`, without reading everything; `document` is the value if it is JSON. The SQL function `joinly_now`, which takes
/// nothing, is the store's time in milliseconds. The models' views:
///
/// - `lobbies`: id, kind, name, state, alive, owner, members, reserved, max_members, visibility, build, code, protected,
///   created, alive_until, version, attributes, teams. As a call of the lobby at that moment would find them: members whose
///   lease has passed do not count. `alive` is 1 unless the lobby is closed or its own lease has passed.
/// - `lobby_members`: lobby, player, seat, team, role, joined, ready, alive_until, attributes; `lobby_reservations`: lobby,
///   player, seat, team, role, alive_until. Only those whose lease has not passed.
/// - `players`: id, name, status, online_since, online_until, created, version, accounts, properties; status and online_*
///   are NULL of a player who is not there.
/// - `leaderboard`: board, period, current, rank, player, score, subscore, time; `current` is 1 of the present period.
/// - `stat_totals`: subject, metric, attempts, correct, total_ms, average_ms, min_ms, max_ms, over all sessions;
///   `stat_sessions`: subject, grain, session, sessions, began, ended, and the same of each metric in each session, or in each
///   day and month that sessions were rolled up into.
/// - every table of `joinly_table_create`, by its name or, where one of the views has that, after `table_`: its columns by
///   theirs, bool as 0 or 1, bytes as base64.
///
/// `params` are `count` parameters (at most 10,000), one for each that the SQL has; NULL when there are none. `options` may
/// be NULL. `*out` receives the first page, to be freed with `joinly_sql_rows_free`. When there are more rows and `cursor`
/// is not NULL, `*cursor` receives the rest, for `joinly_sql_next`, to be freed with `joinly_sql_free`; else NULL. All
/// pages are of one moment. Sorting and grouping of much data may use temporary files. Any thread.
///
/// Errors: `JOINLY_INVALID` (SQL that is malformed, more than one statement, or does not merely read; parameters that do
/// not fit it; text that is not UTF-8; what only the rows show, as a sum that overflows), `JOINLY_TIMEOUT` (with an error
/// object: the page took longer than `timeout_ms`), `JOINLY_TOO_LARGE` (the SQL, a parameter, a value or row of more than
/// 64 MiB), `JOINLY_BUSY` (too many transactions and queries), `JOINLY_CORRUPT`, `JOINLY_IO`, `JOINLY_FULL`,
/// `JOINLY_NO_MEMORY`, `JOINLY_BAD_HANDLE`, `JOINLY_CLOSED`, `JOINLY_FORKED`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_sql_query(
    store: *const joinly_store,
    sql: *const u8,
    sql_len: usize,
    params: *const joinly_sql_param,
    count: usize,
    options: *const joinly_sql_options,
    out: *mut *mut joinly_sql_rows,
    cursor: *mut *mut joinly_sql,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(cursor, std::ptr::null_mut());
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let text = utf8(ffi::bytes(sql, sql_len, limits::MAX_SQL_BYTES, "the SQL")?, "the SQL")?;
            let params = ffi::array(params, count, limits::MAX_SQL_PARAMS, "params")?;
            let params = params.iter().map(|param| param.to_param()).collect::<Result<Vec<_>>>()?;
            let options = ffi::sized(options, "joinly_sql_options")?;
            if options.reserved != 0 {
                return Err(Error::invalid("joinly_sql_options.reserved is not zero"));
            }
            let mut query = Sql::new(text).params(&params);
            if options.timeout_ms != 0 {
                query = query.timeout(Duration::from_millis(options.timeout_ms.into()));
            }
            let (page, rows) = with_store(store, |store| {
                let mut rows = models::sql(store, &query)?;
                Ok((rows.next_page(page_rows(options.max_rows))?, rows))
            })?;
            let rest = match page.more && !cursor.is_null() {
                true => QUERIES.insert(Exclusive::new(rows))?,
                false => std::ptr::null_mut(),
            };
            *out = make(page).inspect_err(|_| {
                QUERIES.remove(rest);
            })?;
            ffi::optional(cursor, rest);
            Ok(())
        })
    }
}

/// Reads the next rows of a query: at most `max_rows`, 0: 256. `*out` receives the page, to be freed with
/// `joinly_sql_rows_free`; it has no rows after the last.
///
/// Errors: `JOINLY_CONFLICT` (the query is older than `snapshot_max_age_ms` and waited for this call: run it again),
/// `JOINLY_CLOSED` (the store), `JOINLY_BUSY` (in use by another thread), and those of `joinly_sql_query`. After an error
/// there are no more rows.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_sql_next(
    cursor: *mut joinly_sql,
    max_rows: u32,
    out: *mut *mut joinly_sql_rows,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let page =
                QUERIES.with(cursor, |rows| rows.try_lock("query")?.next_page(page_rows(max_rows)))??;
            *out = make(page)?;
            Ok(())
        })
    }
}

fn page_rows(given: u32) -> usize {
    if given == 0 { limits::DEFAULT_PAGE_ROWS } else { given as usize }
}

/// Ends a query and lets go of what it holds. NULL and one that is freed already are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_sql_free(cursor: *mut joinly_sql) {
    QUERIES.remove(cursor);
}

/// The names of a result's columns as an array, UTF-8, not NUL-terminated; `*count` receives how many. Borrowed: valid
/// until `joinly_sql_rows_free`. NULL and 0 for a bad handle. Any thread.
///
/// # Safety
/// `count` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_sql_rows_columns(
    rows: *const joinly_sql_rows,
    count: *mut usize,
) -> *const joinly_bytes {
    let (columns, len) =
        ROWS.with(rows, |r| (r.columns.as_ptr(), r.columns.len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(count, len) };
    columns
}

/// The values of a page as an array, row after row, each with a value for every column; `*count` receives the number of
/// rows. Borrowed: valid until `joinly_sql_rows_free`. NULL and 0 for a page without rows and for a bad handle. Any thread.
///
/// # Safety
/// `count` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_sql_rows_values(
    rows: *const joinly_sql_rows,
    count: *mut usize,
) -> *const joinly_sql_value {
    let (values, len) =
        ROWS.with(rows, |r| (r.values.as_ptr(), r.page.rows().len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(count, len) };
    if len == 0 { std::ptr::null() } else { values }
}

/// 1 when the query has rows after those of this page, else 0; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_sql_rows_more(rows: *const joinly_sql_rows) -> u8 {
    u8::from(ROWS.with(rows, |r| r.page.more).unwrap_or(false))
}

/// Frees rows. NULL and ones that are freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_sql_rows_free(rows: *mut joinly_sql_rows) {
    ROWS.remove(rows);
}
