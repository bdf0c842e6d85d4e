//! Reads, the same in a snapshot and in a transaction, which differ in where rows come from.

use super::keys;
use crate::engine::packed::Packed;
use crate::engine::{
    Fields, Range, Record, RecordRef, Space, Visit, VisitEntry, VisitLog, checksum, damaged,
};
use crate::error::Result;

/// The rows of a database as somebody sees them.
pub(super) trait Rows {
    /// Shows the value of a key, if it has one.
    fn get(&self, key: &[u8], show: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>;
    /// Shows the rows of a range, until `visit` answers false.
    fn walk(&self, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()>;
}

pub(super) fn get(rows: &impl Rows, key: &[u8]) -> Result<Option<Record>> {
    let mut found = None;
    rows.get(&keys::of(keys::RECORD, key), &mut |row| {
        let RecordRef { version, expires_at, encoding, data } = parse(key, row)?;
        found = Some(Record { version, expires_at, encoding, data: data.to_vec() });
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn scan(
    rows: &impl Rows,
    range: &Range,
    reverse: bool,
    fields: Fields,
    visit: Visit<'_>,
) -> Result<()> {
    walk(rows, keys::RECORD, range, reverse, &mut |key, row| {
        let record = parse(key, row)?;
        visit(key, if fields == Fields::All { record } else { RecordRef { data: &[], ..record } })
    })
}

pub(super) fn entry(rows: &impl Rows, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut found = None;
    rows.get(&keys::of(keys::letter_of(space), key), &mut |value| {
        found = Some(value.to_vec());
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn entries(
    rows: &impl Rows,
    space: Space,
    range: &Range,
    reverse: bool,
    visit: VisitEntry<'_>,
) -> Result<()> {
    walk(rows, keys::letter_of(space), range, reverse, visit)
}

pub(super) fn last_version(rows: &impl Rows) -> Result<u64> {
    let mut last = 0;
    walk(rows, keys::LOG, &Range::all(), true, &mut |key, _| {
        last = version_of(key)?;
        Ok(false)
    })?;
    Ok(last)
}

pub(super) fn log_after(rows: &impl Rows, version: u64, visit: VisitLog<'_>) -> Result<()> {
    rows.walk(&keys::log_after(version), false, &mut |key, row| {
        let version = version_of(key.get(1..).unwrap_or_default())?;
        let (sum, entry) = row.split_first_chunk().ok_or_else(|| damaged("a row of the change log"))?;
        if u32::from_be_bytes(*sum) != checksum::of_log_entry(version, entry) {
            return Err(damaged("an entry of the change log does not match its checksum"));
        }
        visit(version, entry)
    })
}

/// The rows under a letter, without it.
fn walk(rows: &impl Rows, letter: u8, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    rows.walk(&keys::range(letter, range), reverse, &mut |key, value| {
        visit(key.get(1..).unwrap_or_default(), value)
    })
}

fn version_of(key: &[u8]) -> Result<u64> {
    let version = key.try_into().map_err(|_| damaged("a key of the change log"))?;
    Ok(u64::from_be_bytes(version))
}

fn parse<'r>(key: &[u8], row: &'r [u8]) -> Result<RecordRef<'r>> {
    let packed = Packed::parse(row)?;
    packed.verify(key, None)?;
    Ok(packed.record)
}
