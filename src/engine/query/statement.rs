//! One prepared statement together with the connection that it is of, so that it can be kept between pages.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::NonNull;

use rusqlite::{Connection, ffi};

use super::error::of_query;
use super::{SqlParam, SqlValue};
use crate::error::{Error, Result};
use crate::limits;

/// Used by one thread at a time, which `&mut` sees to. Fields drop in order: the statement before its connection.
pub(super) struct Statement {
    raw: Raw,
    connection: Connection,
}

// SAFETY: the statement is used through `self` alone, as is its connection, which is not bound to a thread.
unsafe impl Send for Statement {}

struct Raw(NonNull<ffi::sqlite3_stmt>);

impl Raw {
    fn as_ptr(&self) -> *mut ffi::sqlite3_stmt {
        self.0.as_ptr()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: prepared once, finalized once, here; its connection is still open.
        unsafe { ffi::sqlite3_finalize(self.as_ptr()) };
    }
}

impl Statement {
    /// Prepares the one statement that `text` is.
    pub fn prepare(connection: Connection, text: &str) -> Result<Self> {
        if text.len() > limits::MAX_SQL_BYTES {
            return Err(limits::too_many("bytes of SQL", text.len(), limits::MAX_SQL_BYTES));
        }
        let text = CString::new(text).map_err(|_| Error::invalid("the SQL contains a NUL"))?;
        let (first, rest) = compile(&connection, &text)?;
        let raw = first.ok_or_else(|| Error::invalid("the SQL is empty"))?;
        if compile(&connection, rest)?.0.is_some() {
            return Err(Error::invalid("the SQL is more than one statement"));
        }
        let statement = Self { raw, connection };
        // SAFETY: the statement lives.
        let reads = unsafe { ffi::sqlite3_stmt_readonly(statement.raw.as_ptr()) } != 0;
        if reads && statement.width() > 0 {
            Ok(statement)
        } else {
            Err(Error::invalid("the SQL is no query: it may only read"))
        }
    }

    /// Ends the statement.
    pub fn into_connection(self) -> Connection {
        let Self { raw, connection } = self;
        drop(raw);
        connection
    }

    /// Gives every parameter its value.
    pub fn bind(&mut self, params: &[SqlParam<'_>]) -> Result<()> {
        if params.len() > limits::MAX_SQL_PARAMS {
            return Err(limits::too_many("parameters", params.len(), limits::MAX_SQL_PARAMS));
        }
        // SAFETY: the statement lives.
        let wanted = unsafe { ffi::sqlite3_bind_parameter_count(self.raw.as_ptr()) };
        let wanted = usize::try_from(wanted).unwrap_or_default();
        let mut bound = vec![false; wanted];
        for (place, param) in params.iter().enumerate() {
            let index = match param.name {
                Some(name) => self.index_of(name)?,
                None => place + 1,
            };
            match bound.get_mut(index.wrapping_sub(1)) {
                Some(bound) if !*bound => *bound = true,
                Some(_) => return Err(Error::invalid(format!("parameter {index} has two values"))),
                None => {
                    let text = format!("{} parameters are given, the SQL has {wanted}", params.len());
                    return Err(Error::invalid(text));
                }
            }
            self.bind_one(index, &param.value)?;
        }
        match bound.iter().position(|bound| !bound) {
            Some(missing) => Err(Error::invalid(format!("parameter {} has no value", missing + 1))),
            None => Ok(()),
        }
    }

    /// The place of a named parameter, from 1.
    fn index_of(&self, name: &str) -> Result<usize> {
        let missing = || Error::invalid(format!("the SQL has no parameter {name:?}"));
        for sign in ["", ":", "@", "$"] {
            let name = CString::new(format!("{sign}{name}")).map_err(|_| missing())?;
            // SAFETY: the statement lives; the name is NUL-terminated.
            let index = unsafe { ffi::sqlite3_bind_parameter_index(self.raw.as_ptr(), name.as_ptr()) };
            if index > 0 {
                return Ok(usize::try_from(index).unwrap_or_default());
            }
        }
        Err(missing())
    }

    fn bind_one(&mut self, index: usize, value: &SqlValue) -> Result<()> {
        let raw = self.raw.as_ptr();
        let index = c_int::try_from(index).unwrap_or(c_int::MAX);
        // SAFETY: the statement lives and is not running; texts and blobs are valid for the lengths given, and
        // SQLITE_TRANSIENT has SQLite copy them before the call returns.
        let code = unsafe {
            match value {
                SqlValue::Null => ffi::sqlite3_bind_null(raw, index),
                SqlValue::Integer(number) => ffi::sqlite3_bind_int64(raw, index, *number),
                SqlValue::Real(number) if number.is_nan() => {
                    return Err(Error::invalid(format!("parameter {index} is not a number")));
                }
                SqlValue::Real(number) => ffi::sqlite3_bind_double(raw, index, *number),
                SqlValue::Text(text) => {
                    let (data, len) = (text.as_ptr().cast(), text.len() as u64);
                    let utf8 = ffi::SQLITE_UTF8 as u8;
                    ffi::sqlite3_bind_text64(raw, index, data, len, ffi::SQLITE_TRANSIENT(), utf8)
                }
                SqlValue::Blob(bytes) => {
                    let (data, len) = (bytes.as_ptr().cast(), bytes.len() as u64);
                    ffi::sqlite3_bind_blob64(raw, index, data, len, ffi::SQLITE_TRANSIENT())
                }
            }
        };
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(failure(&self.connection, code)) }
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        let name = |column| {
            // SAFETY: the statement lives; a name is NUL-terminated, or NULL without memory, and is copied at once.
            unsafe {
                let name = ffi::sqlite3_column_name(self.raw.as_ptr(), column);
                (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
            }
        };
        (0..self.width()).map(|column| name(column).unwrap_or_default()).collect()
    }

    fn width(&self) -> c_int {
        // SAFETY: the statement lives.
        unsafe { ffi::sqlite3_column_count(self.raw.as_ptr()) }
    }

    /// Goes to the next row; false at the end, after which it is not to be called again.
    pub fn step(&mut self) -> Result<bool> {
        // SAFETY: the statement lives, and all its parameters are bound.
        match unsafe { ffi::sqlite3_step(self.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(failure(&self.connection, code)),
        }
    }

    /// What the present row takes in memory.
    pub fn row_bytes(&self) -> usize {
        let value = |column| {
            // SAFETY: the statement lives and is on a row; the length of a number is not asked for, as that would make
            // it a text.
            let len = unsafe {
                match ffi::sqlite3_column_type(self.raw.as_ptr(), column) {
                    ffi::SQLITE_TEXT | ffi::SQLITE_BLOB => {
                        ffi::sqlite3_column_bytes(self.raw.as_ptr(), column)
                    }
                    _ => 0,
                }
            };
            size_of::<SqlValue>() + usize::try_from(len).unwrap_or_default()
        };
        (0..self.width()).map(value).sum()
    }

    /// Copies the present row.
    pub fn read_row(&self, values: &mut Vec<SqlValue>) {
        values.extend((0..self.width()).map(|column| self.value(column)));
    }

    fn value(&self, column: c_int) -> SqlValue {
        let raw = self.raw.as_ptr();
        // SAFETY: the statement lives and is on a row; SQLite gives texts and blobs (NULL when empty) that are valid until
        // the next step, of the length that it tells afterwards, and they are copied at once.
        unsafe {
            let bytes = |data: *const u8| match data.is_null() {
                true => &[][..],
                false => {
                    let len = usize::try_from(ffi::sqlite3_column_bytes(raw, column)).unwrap_or_default();
                    std::slice::from_raw_parts(data, len)
                }
            };
            match ffi::sqlite3_column_type(raw, column) {
                ffi::SQLITE_INTEGER => SqlValue::Integer(ffi::sqlite3_column_int64(raw, column)),
                ffi::SQLITE_FLOAT => SqlValue::Real(ffi::sqlite3_column_double(raw, column)),
                ffi::SQLITE_TEXT => {
                    let text = bytes(ffi::sqlite3_column_text(raw, column));
                    match std::str::from_utf8(text) {
                        Ok(text) => SqlValue::Text(text.to_owned()),
                        Err(_) => SqlValue::Blob(text.to_vec()),
                    }
                }
                ffi::SQLITE_BLOB => {
                    SqlValue::Blob(bytes(ffi::sqlite3_column_blob(raw, column).cast()).to_vec())
                }
                _ => SqlValue::Null,
            }
        }
    }
}

/// The first statement of a text, none when it is blank, and what follows.
fn compile<'t>(connection: &Connection, text: &'t CStr) -> Result<(Option<Raw>, &'t CStr)> {
    let mut raw = std::ptr::null_mut();
    let mut tail: *const c_char = std::ptr::null();
    // SAFETY: the connection is open, the text is NUL-terminated; both outputs are writable.
    let code = unsafe {
        ffi::sqlite3_prepare_v3(
            connection.handle(),
            text.as_ptr(),
            -1,
            ffi::SQLITE_PREPARE_PERSISTENT,
            &raw mut raw,
            &raw mut tail,
        )
    };
    if code != ffi::SQLITE_OK {
        return Err(failure(connection, code));
    }
    // SAFETY: after a success the tail points into `text`, and so ends where it ends.
    Ok((NonNull::new(raw).map(Raw), unsafe { CStr::from_ptr(tail) }))
}

/// The connection's latest error.
fn failure(connection: &Connection, code: c_int) -> Error {
    // SAFETY: the connection is open; the message is NUL-terminated and copied at once.
    let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(connection.handle())).to_string_lossy() };
    of_query(code, &message)
}
