//! The lines of `{table}.versions`: what is to be known of each row beside its plain line, which is found by its checksum.

use std::borrow::Cow;

use serde::Deserialize;

use super::field::{self, Form};
use super::line;
use crate::engine::RecordRef;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The row's own part of its key; None: it is about the schema.
    pub row: Option<Vec<u8>>,
    pub version: u64,
    pub expires_at: i64,
    /// The checksum of the line; None: the row is gone.
    pub line: Option<u64>,
}

/// Appends a line about a row, or the schema.
pub(super) fn put(row: Option<&[u8]>, record: RecordRef<'_>, out: &mut Vec<u8>) {
    begin(row, out);
    let RecordRef { version, expires_at, data, .. } = record;
    let sum = line::checksum(data);
    out.extend_from_slice(
        format!("\"version\": {version}, \"expires_at\": {expires_at}, \"line\": \"{sum:016x}\"}}\n")
            .as_bytes(),
    );
}

/// Appends a line about a row that is gone.
pub(super) fn delete(row: &[u8], out: &mut Vec<u8>) {
    begin(Some(row), out);
    out.extend_from_slice(b"\"deleted\": true}\n");
}

fn begin(row: Option<&[u8]>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(row) = row {
        field::key(row, out);
        out.extend_from_slice(b", ");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    key_type: Option<Form>,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    expires_at: i64,
    #[serde(borrow)]
    line: Option<Cow<'a, str>>,
    #[serde(default)]
    deleted: bool,
}

/// Reads a line; the error says what is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<Entry, String> {
    let members: Members<'_> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let row = match members.key {
        Some(key) => Some(field::read_key(key, members.key_type).ok_or("`key` is no Base64")?),
        None => None,
    };
    let line = match (members.line, members.deleted) {
        (Some(digits), false) => Some(u64::from_str_radix(&digits, 16).map_err(|_| "`line` is no checksum")?),
        (None, true) => None,
        _ => return Err("neither `line` nor `deleted` alone is there".to_owned()),
    };
    Ok(Entry { row, version: members.version, expires_at: members.expires_at, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_they_were_written() {
        let record = RecordRef { version: 7, expires_at: 9, encoding: 0, data: b"{}" };
        let line = Some(line::checksum(b"{}"));
        for row in [None, Some(&b"0001"[..]), Some(b"\xff"), Some(b"")] {
            let mut out = Vec::new();
            put(row, record, &mut out);
            let entry = Entry { row: row.map(<[u8]>::to_vec), version: 7, expires_at: 9, line };
            assert_eq!(read(out.trim_ascii()).unwrap(), entry);
        }
        let mut out = Vec::new();
        delete(b"a", &mut out);
        assert_eq!(out, b"{\"key\": \"a\", \"deleted\": true}\n");
        let entry = Entry { row: Some(b"a".to_vec()), version: 0, expires_at: 0, line: None };
        assert_eq!(read(out.trim_ascii()).unwrap(), entry);
        for bad in
            ["", "{}", r#"{"key": "a"}"#, r#"{"key": "a", "line": "x"}"#, r#"{"line": "1", "deleted": true}"#]
        {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
