//! Bytes as members of JSON objects: inline where they are JSON on one line, as text where they are text, else in Base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How bytes that are no JSON are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    Text,
    Base64,
}

/// JSON that fits a line as it is, so that its bytes come back as they were.
pub(super) fn one_line_json(data: &[u8]) -> Option<&RawValue> {
    if data.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return None;
    }
    let raw: &RawValue = serde_json::from_slice(data).ok()?;
    // Spaces around it would be lost.
    (raw.get().len() == data.len()).then_some(raw)
}

/// Whether it is a JSON object that fits a line as it is.
pub(super) fn is_one_line_object(data: &[u8]) -> bool {
    data.first() == Some(&b'{') && one_line_json(data).is_some()
}

/// Appends a string with its quotes.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// Appends `"key": ...`; keys are text where they can be.
pub(super) fn key(key: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#""key": "#);
    match std::str::from_utf8(key) {
        Ok(text) => string(text, out),
        Err(_) => {
            string(&base64(key), out);
            out.extend_from_slice(br#", "key_type": "base64""#);
        }
    }
}

/// Appends `"name": ...`, and its type unless it is JSON.
pub(super) fn value(name: &str, data: &[u8], out: &mut Vec<u8>) {
    string(name, out);
    out.extend_from_slice(b": ");
    if let Some(json) = one_line_json(data) {
        out.extend_from_slice(json.get().as_bytes());
    } else if let Ok(text) = std::str::from_utf8(data) {
        string(text, out);
        out.extend_from_slice(br#", "type": "text""#);
    } else {
        string(&base64(data), out);
        out.extend_from_slice(br#", "type": "base64""#);
    }
}

pub(super) fn base64(data: &[u8]) -> String {
    BASE64.encode(data)
}

pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// The bytes of a key.
pub(super) fn read_key(text: Cow<'_, str>, form: Option<Form>) -> Option<Vec<u8>> {
    match form {
        None | Some(Form::Text) => Some(text.into_owned().into_bytes()),
        Some(Form::Base64) => from_base64(&text),
    }
}

/// The bytes of a value.
pub(super) fn read_value(json: &RawValue, form: Option<Form>) -> Option<Vec<u8>> {
    match form {
        None => Some(json.get().as_bytes().to_vec()),
        Some(form) => read_key(serde_json::from_str(json.get()).ok()?, Some(form)),
    }
}

/// JSON that is there, even if it is null.
pub(super) fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(data: &[u8]) -> String {
        let mut out = Vec::new();
        value("value", data, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        #[derive(Deserialize)]
        struct Held<'a> {
            #[serde(borrow, default, deserialize_with = "present")]
            value: Option<&'a RawValue>,
            #[serde(rename = "type")]
            form: Option<Form>,
        }
        for (data, shown) in [
            (&b"{\"a\":  1, \"a\": 2.50}"[..], r#""value": {"a":  1, "a": 2.50}"#),
            (b"null", r#""value": null"#),
            (b"-12", r#""value": -12"#),
            (br#""quoted""#, r#""value": "quoted""#),
            (b"quoted", r#""value": "quoted", "type": "text""#),
            (b"", r#""value": "", "type": "text""#),
            (b" 1", r#""value": " 1", "type": "text""#),
            (b"{\n}", r#""value": "{\n}", "type": "text""#),
            (b"\xff\0", r#""value": "/wA=", "type": "base64""#),
            ("\u{1}ü".as_bytes(), r#""value": "\u0001ü", "type": "text""#),
        ] {
            assert_eq!(written(data), shown);
            let text = format!("{{{shown}}}");
            let held: Held<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(read_value(held.value.unwrap(), held.form).unwrap(), data, "{shown}");
        }
    }
}
