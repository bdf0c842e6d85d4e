//! Pages of rows: as they are collected, in one piece, and row by row.

use super::encoding;
use crate::engine::{Fields, RecordRef};
use crate::error::Result;
use crate::limits;
use crate::value::Value;

/// One row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: Vec<u8>,
    /// The value; None where the key does not exist or values were not asked for.
    pub value: Option<Value>,
    /// The version of the commit that wrote the value; 0 where the key does not exist.
    pub version: u64,
    /// When the value expires, in milliseconds since 1970-01-01 UTC; 0: never.
    pub expires_at: i64,
}

/// Some rows, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, all of one moment.
    pub rows: Vec<Row>,
    /// For the next page; None when this is the last.
    pub cursor: Option<Vec<u8>>,
}

/// A page whose keys and values lie one after the other in one buffer: a row costs no allocation.
#[derive(Default)]
pub(crate) struct FlatPage {
    bytes: Vec<u8>,
    rows: Vec<Slot>,
    pub cursor: Option<Vec<u8>>,
}

struct Slot {
    key_len: usize,
    value_len: Option<usize>,
    version: u64,
    expires_at: i64,
}

/// A row of such a page.
pub(crate) struct FlatRow<'p> {
    pub key: &'p [u8],
    pub value: Option<&'p [u8]>,
    pub version: u64,
    pub expires_at: i64,
}

impl FlatPage {
    pub fn push(&mut self, row: &FlatRow<'_>) {
        let FlatRow { key, value, version, expires_at } = *row;
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.rows.push(Slot { key_len: key.len(), value_len: value.map(<[u8]>::len), version, expires_at });
    }

    /// Adds a key with what is known of it.
    pub fn push_value(&mut self, key: &[u8], value: Option<&Value>) {
        let (version, expires_at) = value.map_or((0, 0), |value| (value.version(), value.expires_at()));
        self.push(&FlatRow { key, value: value.map(Value::bytes), version, expires_at });
    }

    /// The rows. They stay where they are while the page does not change, also when it is moved.
    pub fn rows(&self) -> impl Iterator<Item = FlatRow<'_>> {
        let mut rest = self.bytes.as_slice();
        self.rows.iter().map(move |slot| {
            let Slot { key_len, value_len, version, expires_at } = *slot;
            let (key, others) = rest.split_at_checked(key_len).unwrap_or_default();
            let (value, others) = others.split_at_checked(value_len.unwrap_or(0)).unwrap_or_default();
            rest = others;
            FlatRow { key, value: value_len.map(|_| value), version, expires_at }
        })
    }
}

impl From<FlatPage> for Page {
    fn from(page: FlatPage) -> Self {
        let rows = page.rows().map(|FlatRow { key, value, version, expires_at }| {
            let value = value.map(|data| Value::new(data.into(), version, expires_at));
            Row { key: key.to_vec(), value, version, expires_at }
        });
        Self { rows: rows.collect(), cursor: page.cursor }
    }
}

impl From<Page> for FlatPage {
    fn from(page: Page) -> Self {
        let mut flat = Self { cursor: page.cursor, ..Self::default() };
        for Row { key, value, version, expires_at } in &page.rows {
            let (version, expires_at) = (*version, *expires_at);
            flat.push(&FlatRow { key, value: value.as_deref(), version, expires_at });
        }
        flat
    }
}

/// Rows for which a page has room at once, and bytes of each.
const ROOM: (usize, usize) = (128, 128);

/// Collects the rows of a page.
pub(super) struct PageBuilder {
    page: FlatPage,
    limit: usize,
}

impl PageBuilder {
    pub fn new(limit: usize) -> Self {
        let rows = limit.min(ROOM.0);
        let (bytes, rows) = (Vec::with_capacity(rows * ROOM.1), Vec::with_capacity(rows));
        Self { page: FlatPage { bytes, rows, cursor: None }, limit }
    }

    /// Adds a record as readers see it, unless the page is full: then it ends with a cursor.
    pub fn push(&mut self, key: &[u8], record: &RecordRef<'_>, fields: Fields) -> Result<bool> {
        if self.is_full() {
            self.page.cursor = self.page.rows().last().map(|row| row.key.to_vec());
            return Ok(false);
        }
        let RecordRef { version, expires_at, encoding, data } = *record;
        let data = match fields {
            Fields::All => Some(encoding::decode(encoding, data)?),
            Fields::KeysOnly => None,
        };
        self.page.push(&FlatRow { key, value: data.as_deref(), version, expires_at });
        Ok(true)
    }

    /// Adds a value, unless the page is full.
    pub fn push_value(&mut self, key: &[u8], value: &Value) -> bool {
        let full = self.is_full();
        if !full {
            self.page.push_value(key, Some(value));
        }
        !full
    }

    fn is_full(&self) -> bool {
        self.page.rows.len() >= self.limit || self.page.bytes.len() >= limits::PAGE_BYTES
    }

    pub fn finish(self) -> FlatPage {
        self.page
    }
}
