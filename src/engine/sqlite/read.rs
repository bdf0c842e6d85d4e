//! Reads of rows, the same for snapshots and for the writer.

use std::ops::Bound;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::checksum;
use super::error::mapped;
use crate::engine::{Fields, MARK, Range, Record, RecordRef, Space, Visit, VisitEntry, VisitLog};
use crate::error::{Error, Kind, Result};

const GET: &str = "SELECT version, expires, encoding, sum, value FROM kv WHERE key = ?1";
const GET_BLOB: &str = "SELECT data FROM blob WHERE key = ?1";
const LAST_VERSION: &str = "SELECT coalesce(max(version), 0) FROM log";
const LOG_AFTER: &str = "SELECT version, sum, mark, entry FROM log WHERE version > ?1 ORDER BY version";

/// The texts of one ordered read: with and without an end, in both directions.
struct ScanTexts {
    bounded: &'static str,
    bounded_reverse: &'static str,
    open: &'static str,
    open_reverse: &'static str,
}

macro_rules! scan_texts {
    ($columns:literal, $table:literal) => {
        ScanTexts {
            bounded: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE key >= ?1 AND key < ?2 ORDER BY key"
            ),
            bounded_reverse: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE key >= ?1 AND key < ?2 ORDER BY key DESC"
            ),
            open: concat!("SELECT ", $columns, " FROM ", $table, " WHERE key >= ?1 ORDER BY key"),
            open_reverse: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE key >= ?1 ORDER BY key DESC"
            ),
        }
    };
}

const SCAN: ScanTexts = scan_texts!("key, version, expires, encoding, sum, value", "kv");
const SCAN_KEYS: ScanTexts = scan_texts!("key, version, expires, encoding", "kv");
const SCAN_META: ScanTexts = scan_texts!("key, value", "meta");
const SCAN_EXPIRY: ScanTexts = scan_texts!("key, value", "expiry");
const SCAN_INDEX: ScanTexts = scan_texts!("key, value", "idx");

pub(super) fn get(connection: &Connection, key: &[u8]) -> Result<Option<Record>> {
    let doing = "read a key";
    let mut statement = prepare(connection, GET)?;
    let mut rows = statement.query([key]).map_err(mapped(doing))?;
    let Some(row) = rows.next().map_err(mapped(doing))? else { return Ok(None) };
    with_record(connection, row, 0, key, |record| {
        let RecordRef { version, expires_at, encoding, data } = record;
        Ok(Some(Record { version, expires_at, encoding, data: data.to_vec() }))
    })
}

pub(super) fn scan(
    c: &Connection,
    range: &Range,
    reverse: bool,
    fields: Fields,
    visit: Visit<'_>,
) -> Result<()> {
    if fields == Fields::KeysOnly {
        return walk(c, &SCAN_KEYS, range, reverse, &mut |row| visit(blob(row, 0)?, header(row, 1)?));
    }
    walk(c, &SCAN, range, reverse, &mut |row| {
        let key = blob(row, 0)?;
        with_record(c, row, 1, key, |record| visit(key, record))
    })
}

/// Gives a row's record, checked, to `f`.
fn with_record<R>(
    connection: &Connection,
    row: &Row<'_>,
    at: usize,
    key: &[u8],
    f: impl FnOnce(RecordRef<'_>) -> Result<R>,
) -> Result<R> {
    let doing = "read a row";
    let header = header(row, at)?;
    let sum: Option<i32> = row.get(at + 3).map_err(mapped(doing))?;
    let checked = |data| {
        let record = RecordRef { data, ..header };
        if sum.is_some_and(|sum| checksum::of_record(key, &record) != sum) {
            return Err(damaged("a record does not match its checksum"));
        }
        f(record)
    };
    match row.get_ref(at + 4).map_err(mapped(doing))? {
        ValueRef::Null => {}
        ValueRef::Blob(data) => return checked(data),
        _ => return Err(damaged("a row holds no bytes where bytes belong")),
    }
    let mut statement = prepare(connection, GET_BLOB)?;
    let mut rows = statement.query([key]).map_err(mapped(doing))?;
    match rows.next().map_err(mapped(doing))? {
        Some(row) => checked(blob(row, 0)?),
        None => Err(damaged("a large value is missing")),
    }
}

pub(super) fn entry(connection: &Connection, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let text = match space {
        Space::Meta => "SELECT value FROM meta WHERE key = ?1",
        Space::Expiry => "SELECT value FROM expiry WHERE key = ?1",
        Space::Index => "SELECT value FROM idx WHERE key = ?1",
    };
    let mut statement = prepare(connection, text)?;
    statement.query_row([key], |row| row.get(0)).optional().map_err(mapped("read an entry"))
}

pub(super) fn entries(
    c: &Connection,
    space: Space,
    range: &Range,
    reverse: bool,
    visit: VisitEntry<'_>,
) -> Result<()> {
    let texts = match space {
        Space::Meta => &SCAN_META,
        Space::Expiry => &SCAN_EXPIRY,
        Space::Index => &SCAN_INDEX,
    };
    walk(c, texts, range, reverse, &mut |row| visit(blob(row, 0)?, blob(row, 1)?))
}

pub(super) fn last_version(connection: &Connection) -> Result<u64> {
    let mut statement = prepare(connection, LAST_VERSION)?;
    let version: i64 = statement.query_row([], |row| row.get(0)).map_err(mapped("read the last version"))?;
    u64::try_from(version).map_err(|_| damaged("a negative version in the change log"))
}

pub(super) fn log_after(connection: &Connection, version: u64, visit: VisitLog<'_>) -> Result<()> {
    let doing = "read the change log";
    let mut statement = prepare(connection, LOG_AFTER)?;
    let after = i64::try_from(version).unwrap_or(i64::MAX);
    let mut rows = statement.query([after]).map_err(mapped(doing))?;
    while let Some(row) = rows.next().map_err(mapped(doing))? {
        let version: i64 = row.get(0).map_err(mapped(doing))?;
        let sum: i32 = row.get(1).map_err(mapped(doing))?;
        let mark: Option<i64> = row.get(2).map_err(mapped(doing))?;
        let (version, entry) = (version.cast_unsigned(), blob(row, 3)?);
        if checksum::of_log_entry(version, entry) != sum {
            return Err(damaged("an entry of the change log does not match its checksum"));
        }
        let more = match mark {
            None => visit(version, entry)?,
            Some(mark) => visit(version, &[entry, &[MARK], &mark.to_be_bytes()].concat())?,
        };
        if !more {
            break;
        }
    }
    Ok(())
}

fn walk(
    connection: &Connection,
    texts: &ScanTexts,
    range: &Range,
    reverse: bool,
    visit: &mut dyn FnMut(&Row<'_>) -> Result<bool>,
) -> Result<()> {
    let doing = "scan";
    let start = match &range.start {
        Bound::Unbounded => Vec::new(),
        Bound::Included(key) => key.clone(),
        Bound::Excluded(key) => successor(key),
    };
    let end = match &range.end {
        Bound::Unbounded => None,
        Bound::Included(key) => Some(successor(key)),
        Bound::Excluded(key) => Some(key.clone()),
    };
    let text = match (&end, reverse) {
        (Some(_), false) => texts.bounded,
        (Some(_), true) => texts.bounded_reverse,
        (None, false) => texts.open,
        (None, true) => texts.open_reverse,
    };
    let mut statement = prepare(connection, text)?;
    let mut rows = match &end {
        Some(end) => statement.query(params![start, end]),
        None => statement.query(params![start]),
    }
    .map_err(mapped(doing))?;
    while let Some(row) = rows.next().map_err(mapped(doing))? {
        if !visit(row)? {
            break;
        }
    }
    Ok(())
}

/// The least key greater than `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

pub(super) fn prepare<'c>(connection: &'c Connection, text: &str) -> Result<CachedStatement<'c>> {
    connection.prepare_cached(text).map_err(mapped("prepare a statement"))
}

fn header(row: &Row<'_>, at: usize) -> Result<RecordRef<'static>> {
    let doing = "read a row";
    let version: i64 = row.get(at).map_err(mapped(doing))?;
    let expires_at = row.get(at + 1).map_err(mapped(doing))?;
    let encoding = row.get(at + 2).map_err(mapped(doing))?;
    Ok(RecordRef { version: version.cast_unsigned(), expires_at, encoding, data: &[] })
}

fn blob<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r [u8]> {
    let value = row.get_ref(at).map_err(mapped("read a row"))?;
    value.as_blob().map_err(|_| damaged("a row holds no bytes where bytes belong"))
}

fn damaged(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("{what}: the file was damaged or changed by other software"))
}
