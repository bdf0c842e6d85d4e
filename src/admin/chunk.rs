//! Two stores compared piece by piece in order of their keys: what the copy lacks, and what it has too much.

use std::cmp::Ordering;
use std::ops::Bound;

use crate::engine::{Fields, Limits, Range, Read, Record, RecordRef};
use crate::error::{Error, Kind, Result};
use crate::store::replica::{check_record, is_same};

/// How much is handled at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub records: usize,
    pub bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { records: 1000, bytes: 4 << 20 }
    }
}

type Row = (Vec<u8>, Record);

/// A piece of the order of keys, and what makes the copy equal to the source there.
pub(super) struct Difference {
    /// Records that the copy lacks or has differently.
    pub puts: Vec<Row>,
    /// Keys that only the copy has.
    pub deletes: Vec<Vec<u8>>,
    /// Records that the source has here, and bytes of their keys and values.
    pub records: u64,
    pub bytes: u64,
    /// The last key of the piece; None: it was the last piece.
    pub last: Option<Vec<u8>>,
}

impl Difference {
    /// That of the piece after a key; an empty one: of the first piece.
    pub fn after(source: &dyn Read, copy: &dyn Read, after: &[u8], budget: Budget) -> Result<Self> {
        let (wanted, wanted_all) = rows(source, after, budget)?;
        let (present, present_all) = rows(copy, after, budget)?;
        let end = |rows: &[Row], all: bool| if all { None } else { rows.last().map(|(key, _)| key.clone()) };
        let ends = [end(&wanted, wanted_all), end(&present, present_all)];
        let last = ends.into_iter().flatten().min();
        let here = |(key, _): &Row| last.as_ref().is_none_or(|last| key <= last);
        let mut difference = Self { puts: Vec::new(), deletes: Vec::new(), records: 0, bytes: 0, last: None };
        let mut present = present.into_iter().filter(here).peekable();
        for (key, record) in wanted.into_iter().filter(here) {
            difference.records += 1;
            difference.bytes += (key.len() + record.data.len()) as u64;
            while let Some((surplus, _)) = present.next_if(|(other, _)| *other < key) {
                difference.deletes.push(surplus);
            }
            let copied = present.next_if(|(other, _)| other.cmp(&key) == Ordering::Equal);
            let same = copied.map_or(Ok(false), |(_, copied)| is_same(&copied, &record));
            if !same.map_err(|error| error.within(format!("the key {:?}", String::from_utf8_lossy(&key))))? {
                difference.puts.push((key, record));
            }
        }
        difference.deletes.extend(present.map(|(key, _)| key));
        difference.last = last;
        Ok(difference)
    }

    /// The first key where the two differ.
    pub fn first_key(&self) -> Option<&[u8]> {
        let put = self.puts.first().map(|(key, _)| &key[..]);
        let deleted = self.deletes.first().map(|key| &key[..]);
        [put, deleted].into_iter().flatten().min()
    }
}

/// The records after a key, and whether these are all.
fn rows(read: &dyn Read, after: &[u8], budget: Budget) -> Result<(Vec<Row>, bool)> {
    let start = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after.to_vec()) };
    let (mut rows, mut bytes, mut all) = (Vec::<Row>::new(), 0, true);
    let scanned =
        read.scan(&Range { start, end: Bound::Unbounded }, false, Fields::All, &mut |key, record| {
            bytes += key.len() + record.data.len();
            rows.push((key.to_vec(), owned(&record)));
            all = rows.len() < budget.records && bytes < budget.bytes;
            Ok(all)
        });
    scanned.map_err(|error| {
        let key = rows.last().map_or(after, |(key, _)| key);
        error.within(format!("after the key {:?}", String::from_utf8_lossy(key)))
    })?;
    Ok((rows, all))
}

pub(super) fn owned(record: &RecordRef<'_>) -> Record {
    let RecordRef { version, expires_at, encoding, data } = *record;
    Record { version, expires_at, encoding, data: data.to_vec() }
}

pub(super) fn borrowed(record: &Record) -> RecordRef<'_> {
    let Record { version, expires_at, encoding, data } = record;
    RecordRef { version: *version, expires_at: *expires_at, encoding: *encoding, data }
}

/// Refuses a record that cannot be read, or that does not fit where it goes.
pub(super) fn check(key: &[u8], record: &Record, limits: &Limits) -> Result<()> {
    let shown = || format!("the key {:?}", String::from_utf8_lossy(key));
    check_record(key, &borrowed(record)).map_err(|error| error.within(shown()))?;
    if key.len() > limits.key_bytes || record.data.len() > limits.value_bytes {
        let text =
            format!("{}: it has {} + {} bytes, more than fit there", shown(), key.len(), record.data.len());
        return Err(Error::new(Kind::TooLarge, text));
    }
    Ok(())
}
