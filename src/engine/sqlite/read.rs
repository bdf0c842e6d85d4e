//! Reads of rows, the same for snapshots and for the writer.

use std::ops::Bound;

use super::statement::Param::{Bytes, Integer};
use super::statement::{Query, Session};
use crate::engine::packed::Packed;
use crate::engine::{
    Fields, MARK, Range, Record, RecordRef, Space, Visit, VisitEntry, VisitLog, checksum, damaged,
};
use crate::error::Result;

const GET: &str = "SELECT packed FROM record WHERE key = ?1";
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

const SCAN: ScanTexts = scan_texts!("key, packed", "record");
const SCAN_META: ScanTexts = scan_texts!("key, value", "meta");
const SCAN_EXPIRY: ScanTexts = scan_texts!("key, value", "expiry");
const SCAN_INDEX: ScanTexts = scan_texts!("key, value", "idx");

pub(super) fn get(session: &Session, key: &[u8]) -> Result<Option<Record>> {
    let mut row = session.query("read a key", GET, &[Bytes(key)])?;
    if !row.next()? {
        return Ok(None);
    }
    with_record(session, key, row.bytes(0)?, Fields::All, |record| {
        let RecordRef { version, expires_at, encoding, data } = record;
        Ok(Some(Record { version, expires_at, encoding, data: data.to_vec() }))
    })
}

pub(super) fn scan(
    session: &Session,
    range: &Range,
    reverse: bool,
    fields: Fields,
    visit: Visit<'_>,
) -> Result<()> {
    walk(session, &SCAN, range, reverse, |row| {
        let key = row.bytes(0)?;
        with_record(session, key, row.bytes(1)?, fields, |record| visit(key, record))
    })
}

/// Gives a row's record, checked, to `f`. The data of a large one is read, and checked with it, where it is wanted.
fn with_record<R>(
    session: &Session,
    key: &[u8],
    packed: &[u8],
    fields: Fields,
    f: impl FnOnce(RecordRef<'_>) -> Result<R>,
) -> Result<R> {
    let packed = Packed::parse(packed)?;
    if !packed.large {
        packed.verify(key, None)?;
    }
    if fields == Fields::KeysOnly {
        return f(RecordRef { data: &[], ..packed.record });
    }
    if !packed.large {
        return f(packed.record);
    }
    let mut large = session.query("read a large value", GET_BLOB, &[Bytes(key)])?;
    if !large.next()? {
        return Err(damaged("a large value is missing"));
    }
    let data = large.bytes(0)?;
    packed.verify(key, Some(data))?;
    f(RecordRef { data, ..packed.record })
}

pub(super) fn entry(session: &Session, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let text = match space {
        Space::Meta => "SELECT value FROM meta WHERE key = ?1",
        Space::Expiry => "SELECT value FROM expiry WHERE key = ?1",
        Space::Index => "SELECT value FROM idx WHERE key = ?1",
    };
    let mut row = session.query("read an entry", text, &[Bytes(key)])?;
    if row.next()? { Ok(Some(row.bytes(0)?.to_vec())) } else { Ok(None) }
}

pub(super) fn entries(
    session: &Session,
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
    walk(session, texts, range, reverse, |row| visit(row.bytes(0)?, row.bytes(1)?))
}

pub(super) fn last_version(session: &Session) -> Result<u64> {
    let mut row = session.query("read the last version", LAST_VERSION, &[])?;
    let version = if row.next()? { row.integer(0)? } else { 0 };
    u64::try_from(version).map_err(|_| damaged("a negative version in the change log"))
}

pub(super) fn log_after(session: &Session, version: u64, visit: VisitLog<'_>) -> Result<()> {
    let after = i64::try_from(version).unwrap_or(i64::MAX);
    let mut row = session.query("read the change log", LOG_AFTER, &[Integer(after)])?;
    while row.next()? {
        let (version, entry) = (row.integer(0)?.cast_unsigned(), row.bytes(3)?);
        if i64::from(checksum::of_log_entry(version, entry)) != row.integer(1)? {
            return Err(damaged("an entry of the change log does not match its checksum"));
        }
        let more = match row.optional_integer(2)? {
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
    session: &Session,
    texts: &ScanTexts,
    range: &Range,
    reverse: bool,
    mut visit: impl FnMut(&Query<'_>) -> Result<bool>,
) -> Result<()> {
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
    let mut row = match (&end, reverse) {
        (Some(end), false) => session.query("scan", texts.bounded, &[Bytes(&start), Bytes(end)]),
        (Some(end), true) => session.query("scan", texts.bounded_reverse, &[Bytes(&start), Bytes(end)]),
        (None, false) => session.query("scan", texts.open, &[Bytes(&start)]),
        (None, true) => session.query("scan", texts.open_reverse, &[Bytes(&start)]),
    }?;
    while row.next()? && visit(&row)? {}
    Ok(())
}

/// The least key greater than `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}
