//! The lines of `kv.records`: all that is no row of a table.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{self, Form};
use crate::engine::{Record, RecordRef};
use crate::limits;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    /// A record; of version 0 if its line names none.
    Put { key: Vec<u8>, record: Record },
    /// That there is none.
    Delete { key: Vec<u8> },
    /// An entry of the space [`Meta`](crate::engine::Space::Meta), or that there is none.
    Meta { key: Vec<u8>, value: Option<Vec<u8>> },
}

/// Appends the members of a record's line, without the closing brace.
pub(crate) fn put(key: &[u8], record: RecordRef<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    field::key(key, out);
    out.extend_from_slice(b", ");
    field::value("value", record.data, out);
    let RecordRef { version, expires_at, encoding, .. } = record;
    out.extend_from_slice(format!(r#", "version": {version}, "expires_at": {expires_at}"#).as_bytes());
    if encoding != 0 {
        out.extend_from_slice(format!(r#", "encoding": {encoding}"#).as_bytes());
    }
}

/// The same, telling that there is no record.
pub(crate) fn delete(key: &[u8], out: &mut Vec<u8>) {
    out.push(b'{');
    field::key(key, out);
    out.extend_from_slice(br#", "deleted": true"#);
}

/// The same for an entry of the space `Meta`.
pub(crate) fn meta(key: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"space": "meta", "#);
    field::key(key, out);
    match value {
        Some(value) => {
            out.extend_from_slice(b", ");
            field::value("value", value, out);
        }
        None => out.extend_from_slice(br#", "deleted": true"#),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    space: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    key_type: Option<Form>,
    #[serde(borrow, default, deserialize_with = "field::present")]
    value: Option<&'a RawValue>,
    #[serde(rename = "type")]
    form: Option<Form>,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    expires_at: i64,
    #[serde(default)]
    encoding: u8,
    #[serde(default)]
    deleted: bool,
    #[serde(rename = "checksum")]
    _checksum: Option<serde::de::IgnoredAny>,
}

/// Reads a line or the part of another that is written as one; the error says what is wrong with it.
pub(crate) fn read(line: &[u8]) -> Result<Stated, String> {
    let members: Members<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let key = field::read_key(members.key, members.key_type).ok_or("`key` is no Base64")?;
    limits::check_key(&key).map_err(|error| error.to_string())?;
    let value = match members.value {
        Some(_) if members.deleted => return Err("`value` and `deleted` are there both".to_owned()),
        Some(json) => {
            let value = field::read_value(json, members.form).ok_or("`value` is not of its `type`")?;
            limits::check_value(&value).map_err(|error| error.to_string())?;
            Some(value)
        }
        None if members.deleted => None,
        None => return Err("`value` is missing".to_owned()),
    };
    match (members.space.as_deref(), value) {
        (Some("meta"), value) => Ok(Stated::Meta { key, value }),
        (Some(other), _) => Err(format!("`space` is {other:?}")),
        (None, None) => Ok(Stated::Delete { key }),
        (None, Some(data)) => {
            let (version, expires_at, encoding) = (members.version, members.expires_at, members.encoding);
            Ok(Stated::Put { key, record: Record { version, expires_at, encoding, data } })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_they_were_written() {
        let record =
            |data: &[u8], encoding| Record { version: 7, expires_at: -3, encoding, data: data.to_vec() };
        let by_ref =
            |record: &Record| RecordRef { version: 7, expires_at: -3, encoding: record.encoding, data: &[] };
        for (key, record) in [
            (&b"player:7"[..], record(br#"{"name": "Ada"}"#, 0)),
            (b"\xff\0", record(b"\xfe", 3)),
            (b"a\nb", record(b"two\nlines", 0)),
        ] {
            let mut line = Vec::new();
            put(key, RecordRef { data: &record.data, ..by_ref(&record) }, &mut line);
            line.push(b'}');
            assert!(!line.contains(&b'\n'));
            assert_eq!(read(&line).unwrap(), Stated::Put { key: key.to_vec(), record });
            let mut line = Vec::new();
            delete(key, &mut line);
            line.push(b'}');
            assert_eq!(read(&line).unwrap(), Stated::Delete { key: key.to_vec() });
            for value in [None, Some(&b"v"[..])] {
                let mut line = Vec::new();
                meta(key, value, &mut line);
                line.push(b'}');
                let value = value.map(<[u8]>::to_vec);
                assert_eq!(read(&line).unwrap(), Stated::Meta { key: key.to_vec(), value });
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told() {
        for (line, told) in [
            (r#"{"key": "a""#, "EOF"),
            (r#"{"value": 1}"#, "key"),
            (r#"{"key": "a"}"#, "value"),
            (r#"{"key": "", "value": 1}"#, "empty"),
            (r#"{"key": "a", "value": 1, "deleted": true}"#, "both"),
            (r#"{"key": "a", "value": 1, "type": "text"}"#, "type"),
            (r#"{"key": "a", "value": "!", "type": "base64"}"#, "type"),
            (r#"{"key": "a", "value": 1, "colour": 1}"#, "colour"),
            (r#"{"key": "a", "value": 1, "space": "outer"}"#, "outer"),
        ] {
            let error = read(line.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
