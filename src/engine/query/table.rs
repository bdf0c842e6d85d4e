//! The one table, `kv`: the live records of a snapshot, their data decoded.
//!
//! A key of the form `space:name` or `space:name:rest` is also told in its parts, in hidden columns, by which single keys
//! and prefixes are found without reading everything.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ops::Bound;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::vtab::{
    Context, Filters, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use rusqlite::{Connection, ffi};

use super::{Input, plan, too_late};
use crate::engine::{Fields, Range};
use crate::error::Result;

const SCHEMA: &CStr = c"CREATE TABLE kv (
    key, value, version INTEGER, expires_at INTEGER,
    document TEXT HIDDEN, space TEXT HIDDEN, name TEXT HIDDEN, id INTEGER HIDDEN, rest TEXT HIDDEN)";

/// Its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Key,
    Value,
    Version,
    ExpiresAt,
    /// The value, if it is JSON.
    Document,
    /// What is before the first colon of the key.
    Space,
    /// What is between the first and the second.
    Name,
    /// The same, by [`plan::id_of`].
    Id,
    /// What is after the second.
    Rest,
}

impl Column {
    const ALL: [Self; 9] = [
        Self::Key,
        Self::Value,
        Self::Version,
        Self::ExpiresAt,
        Self::Document,
        Self::Space,
        Self::Name,
        Self::Id,
        Self::Rest,
    ];

    pub fn at(number: c_int) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// Records that are read at a time: few at first, since many queries want but one.
const FIRST_BATCH: usize = 4;
const LARGEST_BATCH: usize = 256;
/// A batch ends early once it holds this many bytes.
const BATCH_BYTES: usize = 1 << 20;
/// Records between two looks at the clock, those that are not shown counted.
const LOOKS: usize = 256;

/// The plan reads no values.
const KEYS_ONLY: c_int = 1;

pub(super) fn register(connection: &Connection, input: Arc<Input>) -> rusqlite::Result<()> {
    const MODULE: &Module<'_, Table> = &Module::eponymous_only_module();
    connection.create_module(c"kv", MODULE, Some(input))
}

#[repr(C)]
struct Table {
    /// First, as SQLite wants it.
    base: sqlite3_vtab,
    input: Arc<Input>,
}

// SAFETY: `repr(C)`, and the base comes first.
unsafe impl<'t> VTab<'t> for Table {
    type Aux = Arc<Input>;
    type Cursor = Rows<'t>;

    fn connect(
        db: &mut VTabConnection,
        input: Option<&Self::Aux>,
        _module: &[u8],
        _database: &[u8],
        _table: &[u8],
        _arguments: &[&[u8]],
    ) -> rusqlite::Result<(Cow<'static, CStr>, Self)> {
        db.config(VTabConfig::Innocuous)?;
        let input = input.ok_or(rusqlite::Error::InvalidQuery)?;
        Ok((Cow::Borrowed(SCHEMA), Self { base: sqlite3_vtab::default(), input: Arc::clone(input) }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        plan::choose(info)?;
        let values = 1 << Column::Value as u32 | 1 << Column::Document as u32;
        info.set_idx_num(if info.col_used() & values == 0 { KEYS_ONLY } else { 0 });
        Ok(true)
    }

    fn open(&'t mut self) -> rusqlite::Result<Rows<'t>> {
        Ok(Rows {
            base: sqlite3_vtab_cursor::default(),
            input: Arc::clone(&self.input),
            fields: Fields::All,
            rest: None,
            batch: Vec::new(),
            at: 0,
            table: PhantomData,
        })
    }
}

struct Row {
    key: Vec<u8>,
    value: Vec<u8>,
    version: u64,
    expires_at: i64,
}

#[repr(C)]
struct Rows<'t> {
    /// First, as SQLite wants it.
    base: sqlite3_vtab_cursor,
    input: Arc<Input>,
    fields: Fields,
    /// What was not read yet.
    rest: Option<Range>,
    batch: Vec<Row>,
    at: usize,
    table: PhantomData<&'t Table>,
}

impl Rows<'_> {
    /// Reads the next batch, if there is one.
    fn refill(&mut self, wanted: usize) -> Result<()> {
        self.batch.clear();
        self.at = 0;
        let Some(range) = self.rest.take() else { return Ok(()) };
        let (input, batch) = (&*self.input, &mut self.batch);
        let (now, mut bytes, mut seen, mut full) = (input.now(), 0, 0_usize, false);
        let snapshot = input.snapshot.lock();
        let Some(snapshot) = snapshot.as_ref() else { return Ok(()) };
        snapshot.scan(&range, false, self.fields, &mut |key, record| {
            seen += 1;
            if seen.is_multiple_of(LOOKS) && input.is_late() {
                return Err(too_late());
            }
            if record.expires_at != 0 && record.expires_at <= now {
                return Ok(true);
            }
            let value = match self.fields {
                Fields::All => (input.decode)(record.encoding, record.data)?.into_owned(),
                Fields::KeysOnly => Vec::new(),
            };
            bytes += key.len() + value.len();
            let (version, expires_at) = (record.version, record.expires_at);
            batch.push(Row { key: key.to_vec(), value, version, expires_at });
            full = batch.len() >= wanted || bytes >= BATCH_BYTES;
            Ok(!full)
        })?;
        if let (true, Some(last)) = (full, batch.last()) {
            self.rest = Some(Range { start: Bound::Excluded(last.key.clone()), end: range.end });
        }
        Ok(())
    }

    fn read(&mut self, wanted: usize) -> rusqlite::Result<()> {
        self.refill(wanted).map_err(|error| {
            let told = rusqlite::Error::ModuleError(error.message().to_owned());
            *self.input.failure.lock() = Some(error);
            told
        })
    }
}

// SAFETY: `repr(C)`, and the base comes first.
unsafe impl VTabCursor for Rows<'_> {
    fn filter(&mut self, number: c_int, plan: Option<&str>, arguments: &Filters<'_>) -> rusqlite::Result<()> {
        self.fields = if number == KEYS_ONLY { Fields::KeysOnly } else { Fields::All };
        self.rest = Some(plan::range(plan.unwrap_or(""), arguments.iter())).filter(|range| !range.is_empty());
        self.read(FIRST_BATCH)
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.at += 1;
        match self.batch.len() {
            len if self.at < len => Ok(()),
            len => self.read((len * 2).clamp(FIRST_BATCH, LARGEST_BATCH)),
        }
    }

    fn eof(&self) -> bool {
        self.at >= self.batch.len()
    }

    fn column(&self, context: &mut Context, number: c_int) -> rusqlite::Result<()> {
        let (Some(row), Some(column)) = (self.batch.get(self.at), Column::at(number)) else {
            return context.set_result(rusqlite::types::Null);
        };
        context.set_result(ToSqlOutput::Borrowed(row.value_of(column)))
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_ERROR),
            Some("the table kv has no rowid".to_owned()),
        ))
    }
}

impl Row {
    fn value_of(&self, column: Column) -> ValueRef<'_> {
        match column {
            Column::Key => text_or_blob(&self.key),
            Column::Value => text_or_blob(&self.value),
            Column::Version => ValueRef::Integer(self.version.cast_signed()),
            Column::ExpiresAt if self.expires_at == 0 => ValueRef::Null,
            Column::ExpiresAt => ValueRef::Integer(self.expires_at),
            Column::Document => match serde_json::from_slice::<serde::de::IgnoredAny>(&self.value) {
                Ok(_) => ValueRef::Text(&self.value),
                Err(_) => ValueRef::Null,
            },
            Column::Space => self.parts().map_or(ValueRef::Null, |(space, ..)| text(space)),
            Column::Name => self.parts().map_or(ValueRef::Null, |(_, name, _)| text(name)),
            Column::Id => self.parts().map_or(ValueRef::Null, |(_, name, _)| plan::id_of(name)),
            Column::Rest => self.parts().and_then(|(_, _, rest)| rest).map_or(ValueRef::Null, text),
        }
    }

    /// The key's space, name and rest, if it has a colon and is text.
    fn parts(&self) -> Option<(&str, &str, Option<&str>)> {
        let (space, after) = std::str::from_utf8(&self.key).ok()?.split_once(':')?;
        Some(match after.split_once(':') {
            Some((name, rest)) => (space, name, Some(rest)),
            None => (space, after, None),
        })
    }
}

fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

fn text_or_blob(bytes: &[u8]) -> ValueRef<'_> {
    if std::str::from_utf8(bytes).is_ok() { ValueRef::Text(bytes) } else { ValueRef::Blob(bytes) }
}
