//! Records as lines of JSON, for files that people and other programs read: those of [`jsonl`](crate::engine::jsonl).

use crate::engine::RecordRef;
use crate::engine::jsonl::record::{self, Stated};
use crate::error::{Error, Result};

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The version it had where it comes from; 0: not told.
    pub version: u64,
    /// When it expires, in milliseconds since 1970-01-01 UTC; 0: never.
    pub expires_at: i64,
}

/// Appends a record as a line, without a line feed: `{"key": ..., "value": ..., "version": ..., "expires_at": ...}`. A value
/// that is JSON stands as it is, text has `"type": "text"` beside it, other bytes are in Base64 with `"type": "base64"`; a
/// key that is not text is in Base64 with `"key_type": "base64"`.
pub fn write_line(key: &[u8], value: &[u8], version: u64, expires_at: i64, out: &mut Vec<u8>) {
    record::put(key, RecordRef { version, expires_at, encoding: 0, data: value }, out);
    out.push(b'}');
}

/// Reads such a line; `version` and `expires_at` may be missing.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid), with what is wrong with it.
pub fn read_line(line: &[u8]) -> Result<Line> {
    match record::read(line).map_err(Error::invalid)? {
        Stated::Put { key, record } if record.encoding == 0 => {
            Ok(Line { key, value: record.data, version: record.version, expires_at: record.expires_at })
        }
        _ => Err(Error::invalid("the line is no record")),
    }
}
