//! The bounds that every engine shares. They are checked before anything is allocated.

use crate::error::{Error, Kind, Result};

/// The most bytes of a key.
pub const MAX_KEY_BYTES: usize = 2048;
/// The most bytes of a value.
pub const MAX_VALUE_BYTES: usize = 64 << 20;
/// The most operations of one batch, checks included.
pub const MAX_BATCH_OPS: usize = 100_000;
/// The most bytes of all keys and values of one batch.
pub const MAX_BATCH_BYTES: usize = 256 << 20;
/// The most rows of one page.
pub const MAX_PAGE_ROWS: usize = 10_000;
/// A page ends early once its rows hold this many bytes.
pub const PAGE_BYTES: usize = 16 << 20;
/// Rows of a page when the caller does not say.
pub const DEFAULT_PAGE_ROWS: usize = 256;
/// The most bytes of an indexed string; longer ones are not indexed.
pub const MAX_INDEXED_BYTES: usize = 512;
/// The most bytes of a cursor.
pub const MAX_CURSOR_BYTES: usize = 2 * MAX_INDEXED_BYTES + MAX_KEY_BYTES + 32;
/// The most bytes of a JSON text that bounds a search: an indexed string with every byte escaped.
pub const MAX_BOUND_BYTES: usize = 6 * MAX_INDEXED_BYTES + 2;
/// The most bytes of an index's name.
pub const MAX_INDEX_NAME_BYTES: usize = 128;
/// The most bytes of a query in SQL.
pub const MAX_SQL_BYTES: usize = 1 << 20;
/// The most parameters of a query in SQL.
pub const MAX_SQL_PARAMS: usize = 10_000;
/// The most indexes of a store.
pub const MAX_INDEXES: usize = 64;

#[inline]
pub(crate) fn check_key(key: &[u8]) -> Result<()> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES { Err(bad_key(key)) } else { Ok(()) }
}

#[cold]
fn bad_key(key: &[u8]) -> Error {
    match key.len() {
        0 => Error::invalid("the key is empty"),
        len => Error::new(Kind::TooLarge, format!("key of {len} bytes: the limit is {MAX_KEY_BYTES}")),
    }
}

/// A key, or where a range of keys starts or ends: that may be empty.
pub(crate) fn check_bound(key: &[u8]) -> Result<()> {
    if key.len() > MAX_KEY_BYTES { Err(bad_key(key)) } else { Ok(()) }
}

pub(crate) fn check_value(value: &[u8]) -> Result<()> {
    match value.len() {
        len if len > MAX_VALUE_BYTES => {
            Err(Error::new(Kind::TooLarge, format!("value of {len} bytes: the limit is {MAX_VALUE_BYTES}")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn too_many(what: &str, count: usize, max: usize) -> Error {
    Error::new(Kind::TooLarge, format!("{count} {what}: the limit is {max}"))
}
