//! A connection with its prepared statements, stepped through SQLite's own interface: parameters and columns are borrowed,
//! and a row costs no more calls than it has columns.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::raw::{c_char, c_int};
use std::ptr::NonNull;

use rusqlite::{Connection, ffi};

use super::error::map;
use crate::engine::damaged;
use crate::error::{Error, Kind, Result};

/// Statements that are kept; each text has one, and one more while it is used within its own rows.
const KEPT: usize = 64;

/// A connection and the statements prepared on it.
pub(super) struct Session {
    /// Not in use; the last one used is last. Dropped before the connection.
    idle: RefCell<Vec<Prepared>>,
    connection: Connection,
}

struct Prepared {
    text: &'static str,
    raw: NonNull<ffi::sqlite3_stmt>,
}

// SAFETY: a statement may go to another thread when its connection does, which it always accompanies in a `Session`.
unsafe impl Send for Prepared {}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: prepared and not yet finalized; its connection is still open.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// What a parameter of a statement is bound to.
#[derive(Clone, Copy)]
pub(super) enum Param<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
}

impl Session {
    pub fn new(connection: Connection) -> Self {
        Self { idle: RefCell::default(), connection }
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Binds every parameter of a statement, to be stepped. `doing` is for its errors.
    pub fn query<'q>(
        &'q self,
        doing: &'static str,
        text: &'static str,
        params: &[Param<'q>],
    ) -> Result<Query<'q>> {
        let prepared = self.take(text)?;
        let query = Query { session: self, doing, prepared: Some(prepared), _params: PhantomData };
        query.bind(params)?;
        Ok(query)
    }

    /// Runs a statement that answers no rows.
    pub fn run(&self, doing: &'static str, text: &'static str, params: &[Param<'_>]) -> Result<()> {
        self.query(doing, text, params)?.next().map(drop)
    }

    fn take(&self, text: &'static str) -> Result<Prepared> {
        let mut idle = self.idle.borrow_mut();
        if let Some(at) = idle.iter().rposition(|known| known.text == text) {
            return Ok(idle.remove(at));
        }
        let mut raw = std::ptr::null_mut();
        let length = c_int::try_from(text.len()).unwrap_or(c_int::MAX);
        // SAFETY: the connection is open, the text is valid for its length, and a statement is stored into `raw`.
        let code = unsafe {
            ffi::sqlite3_prepare_v3(
                self.connection.handle(),
                text.as_ptr().cast::<c_char>(),
                length,
                ffi::SQLITE_PREPARE_PERSISTENT,
                &raw mut raw,
                std::ptr::null_mut(),
            )
        };
        match NonNull::new(raw) {
            Some(raw) if code == ffi::SQLITE_OK => Ok(Prepared { text, raw }),
            _ => Err(last_error(&self.connection, code, "prepare a statement")),
        }
    }
}

/// A statement in use: bound, and reset when dropped.
pub(super) struct Query<'q> {
    session: &'q Session,
    doing: &'static str,
    /// None only while dropping.
    prepared: Option<Prepared>,
    /// Bound without a copy.
    _params: PhantomData<&'q [u8]>,
}

impl<'q> Query<'q> {
    fn raw(&self) -> *mut ffi::sqlite3_stmt {
        self.prepared.as_ref().map_or(std::ptr::null_mut(), |prepared| prepared.raw.as_ptr())
    }

    /// Binds all parameters or fails: what an earlier use was bound to may be gone.
    fn bind(&self, params: &[Param<'q>]) -> Result<()> {
        let raw = self.raw();
        // SAFETY: the statement is prepared.
        let wanted = unsafe { ffi::sqlite3_bind_parameter_count(raw) };
        if usize::try_from(wanted) != Ok(params.len()) {
            return Err(Error::new(Kind::Panic, "a statement was given other parameters than it has"));
        }
        for (at, param) in (1..).zip(params) {
            // SAFETY: the statement is prepared and reset. Bytes are borrowed for 'q: every later use binds anew.
            let code = unsafe {
                match param {
                    Param::Integer(value) => ffi::sqlite3_bind_int64(raw, at, *value),
                    Param::Bytes(bytes) => ffi::sqlite3_bind_blob64(
                        raw,
                        at,
                        bytes.as_ptr().cast(),
                        bytes.len() as u64,
                        ffi::SQLITE_STATIC(),
                    ),
                }
            };
            if code != ffi::SQLITE_OK {
                return Err(last_error(&self.session.connection, code, self.doing));
            }
        }
        Ok(())
    }

    /// Whether there is another row.
    pub fn next(&mut self) -> Result<bool> {
        // SAFETY: the statement is prepared, all its parameters are bound and still borrowed.
        match unsafe { ffi::sqlite3_step(self.raw()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(last_error(&self.session.connection, code, self.doing)),
        }
    }

    /// An integer of the present row.
    pub fn integer(&self, column: c_int) -> Result<i64> {
        self.optional_integer(column)?.ok_or_else(wrong_type)
    }

    /// The same, or NULL.
    pub fn optional_integer(&self, column: c_int) -> Result<Option<i64>> {
        let value = self.value(column);
        // SAFETY: the value is of the present row, and nobody else uses the connection.
        unsafe {
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Ok(Some(ffi::sqlite3_value_int64(value))),
                ffi::SQLITE_NULL => Ok(None),
                _ => Err(wrong_type()),
            }
        }
    }

    /// Bytes of the present row.
    pub fn bytes(&self, column: c_int) -> Result<&[u8]> {
        let value = self.value(column);
        // SAFETY: as above; a blob stays where it is until the statement is stepped or reset, which `&self` rules out.
        unsafe {
            if ffi::sqlite3_value_type(value) != ffi::SQLITE_BLOB {
                return Err(wrong_type());
            }
            let data = ffi::sqlite3_value_blob(value).cast::<u8>();
            let length = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
            // An empty blob has no address.
            Ok(if data.is_null() { &[] } else { std::slice::from_raw_parts(data, length) })
        }
    }

    fn value(&self, column: c_int) -> *mut ffi::sqlite3_value {
        // SAFETY: the statement is prepared; a column that it has not reads as NULL. On a connection without locks of its
        // own every value may be looked into (<https://sqlite.org/c3ref/value.html>).
        unsafe { ffi::sqlite3_column_value(self.raw(), column) }
    }
}

impl Drop for Query<'_> {
    fn drop(&mut self) {
        let Some(prepared) = self.prepared.take() else { return };
        // SAFETY: the statement is prepared. What went wrong was told when it was stepped.
        unsafe { ffi::sqlite3_reset(prepared.raw.as_ptr()) };
        let mut idle = self.session.idle.borrow_mut();
        if idle.len() < KEPT {
            idle.push(prepared);
        }
    }
}

fn wrong_type() -> Error {
    damaged("a row holds something else than belongs there")
}

/// The error of a call that answered `code`, with SQLite's words for it.
fn last_error(connection: &Connection, code: c_int, doing: &str) -> Error {
    // SAFETY: the connection is open; its text is valid until the next call on it.
    let text = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(connection.handle())) };
    let text = text.to_string_lossy().into_owned();
    map(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(text)), doing)
}
