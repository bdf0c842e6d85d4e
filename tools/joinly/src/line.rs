//! A record as a line of JSON, in a form that gives every byte back.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use joinly_storage::store::Expiry;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// `{"key": ..., "value": ...}`. A value that is JSON stands as it is; one that is text is `text`, any other `base64`; a key
/// that is not text is `key_base64`. `expires_at` is absent where it never does; `version` is told, and ignored when read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    key_base64: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    base64: Option<Cow<'a, str>>,
    #[serde(default)]
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub key: Cow<'a, [u8]>,
    pub value: Cow<'a, [u8]>,
    pub expiry: Expiry,
}

impl<'a> Line<'a> {
    /// The line of a record; `expires_at` is 0 where it never does.
    pub fn of(key: &'a [u8], value: &'a [u8], version: u64, expires_at: i64) -> Self {
        let mut line =
            Self { version, expires_at: (expires_at != 0).then_some(expires_at), ..Self::default() };
        match std::str::from_utf8(key) {
            Ok(text) => line.key = Some(text.into()),
            Err(_) => line.key_base64 = Some(BASE64.encode(key).into()),
        }
        match (json(value), std::str::from_utf8(value)) {
            (Some(json), _) => line.value = Some(json),
            (None, Ok(text)) => line.text = Some(text.into()),
            (None, Err(_)) => line.base64 = Some(BASE64.encode(value).into()),
        }
        line
    }

    /// The record of a line. The error says what is wrong with it.
    pub fn record(self) -> Result<Record<'a>, &'static str> {
        let key = match (self.key, self.key_base64) {
            (Some(text), None) => bytes(text),
            (None, Some(text)) => decoded(&text)?,
            _ => return Err("wanted one of key, key_base64"),
        };
        let value = match (self.value, self.text, self.base64) {
            (Some(json), None, None) => Cow::Borrowed(json.get().as_bytes()),
            (None, Some(text), None) => bytes(text),
            (None, None, Some(text)) => decoded(&text)?,
            _ => return Err("wanted one of value, text, base64"),
        };
        let expiry = self.expires_at.map_or(Expiry::Never, Expiry::At);
        Ok(Record { key, value, expiry })
    }
}

/// The value as JSON, if it is JSON without anything around it, on one line.
fn json(value: &[u8]) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_slice(value).ok()?;
    let whole = raw.get().len() == value.len() && !value.contains(&b'\n') && !value.contains(&b'\r');
    // `null` would be read as no value at all.
    (whole && value != b"null").then_some(raw)
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn decoded<'a>(text: &str) -> Result<Cow<'a, [u8]>, &'static str> {
    BASE64.decode(text).map(Cow::Owned).map_err(|_| "not base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let values: [&[u8]; 13] = [
            br#"{"a": 1}"#,
            b" [1]",
            b"[1]\n",
            b"null",
            b"42",
            b"1e400",
            b"\"text\"",
            b"plain",
            b"",
            b"\xff\0",
            b"{\"a\":\n1}",
            "\u{2028}\u{f6}".as_bytes(),
            b"18446744073709551616.0",
        ];
        for value in values {
            for key in [&b"player:1"[..], b"\xfe\0", "\"\u{f6}\n".as_bytes()] {
                let line = serde_json::to_string(&Line::of(key, value, 7, 9)).unwrap();
                assert!(!line.contains('\n'), "{line}");
                let read: Line<'_> = serde_json::from_str(&line).unwrap();
                let wanted = Record { key: key.into(), value: value.into(), expiry: Expiry::At(9) };
                assert_eq!(read.record(), Ok(wanted), "{line}");
            }
        }
    }

    #[test]
    fn what_is_json_or_text_is_readable() {
        let line = |value: &[u8]| serde_json::to_string(&Line::of(b"k", value, 1, 0)).unwrap();
        assert_eq!(line(br#"{"n":1}"#), r#"{"key":"k","value":{"n":1},"version":1}"#);
        assert_eq!(line(b"yes no"), r#"{"key":"k","text":"yes no","version":1}"#);
        assert_eq!(line(b"\xff"), r#"{"key":"k","base64":"/w==","version":1}"#);
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for text in [
            r#"{"key":"k"}"#,
            r#"{"value":1}"#,
            r#"{"key":"k","value":1,"text":"1"}"#,
            r#"{"key":"k","key_base64":"aw==","value":1}"#,
            r#"{"key":"k","base64":"?"}"#,
        ] {
            let line: Line<'_> = serde_json::from_str(text).unwrap();
            assert!(line.record().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Line<'_>>(r#"{"key":"k","value":1,"valeu":2}"#).is_err());
    }
}
