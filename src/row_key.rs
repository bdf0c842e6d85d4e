//! The keys of rows of tables: text that is ordered as the values of the primary key are. Shared by the model of tables and
//! by the engine that lets people add rows by hand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};

/// Nineteen digits; of a negative number its distance from the least one after a minus, which comes before all digits.
pub(crate) fn of_int(number: i64) -> String {
    match number {
        0.. => format!("{number:019}"),
        _ => format!("-{:019}", number.abs_diff(i64::MIN)),
    }
}

/// The number of such a key.
pub(crate) fn to_int(key: &str) -> Option<i64> {
    let number = match key.strip_prefix('-') {
        None => key.parse().ok()?,
        Some(distance) => i64::MIN.checked_add_unsigned(distance.parse().ok()?)?,
    };
    (of_int(number) == key).then_some(number)
}

/// The bits in hexadecimal, turned so that they are ordered as the numbers are. Minus zero equals zero.
pub(crate) fn of_float(number: f64) -> String {
    let bits = (number + 0.0).to_bits();
    format!("{:016x}", if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
}

/// Hexadecimal digits.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize)]
struct Schema {
    schema: Map<String, Value>,
}

/// The key of a row by the schema of its table. A table without a primary key numbers its rows: then the row comes after
/// `last`, the greatest key so far.
///
/// # Errors
/// [`Kind::Invalid`], [`Kind::WrongType`] with the column that makes no key.
pub(crate) fn of_row(schema: &[u8], row: &[u8], last: Option<&[u8]>) -> Result<Vec<u8>> {
    let invalid = |error: serde_json::Error| Error::invalid(error.to_string());
    let schema: Schema = serde_json::from_slice(schema).map_err(invalid)?;
    let row: Map<String, Value> = serde_json::from_slice(row).map_err(invalid)?;
    let text =
        |column: &Value, name: &str| column.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let primary =
        schema.schema.iter().find(|(_, column)| column.get("primary_key") == Some(&Value::Bool(true)));
    let key = match primary {
        Some((name, column)) => {
            let kind = text(column, "type");
            let found = row.get(name).unwrap_or(&Value::Null);
            of_value(&kind, found).ok_or_else(|| {
                Error::new(Kind::WrongType, format!("column {name} is {found}, and no key of type {kind}"))
            })?
        }
        None => {
            let last = last.and_then(|last| to_int(std::str::from_utf8(last).ok()?)).unwrap_or(0);
            of_int(last.saturating_add(1))
        }
    };
    Ok(key.into_bytes())
}

fn of_value(kind: &str, value: &Value) -> Option<String> {
    match (kind, value) {
        ("int", value) => value.as_i64().map(of_int),
        ("float", value) => value.as_f64().map(of_float),
        ("bool", Value::Bool(value)) => Some(u8::from(*value).to_string()),
        ("bytes", Value::String(text)) => STANDARD.decode(text).ok().map(|bytes| of_bytes(&bytes)),
        ("str" | "date" | "datetime", Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_have_the_key_of_their_primary_column() {
        let schema = |kind: &str, primary: bool| {
            format!(r#"{{"table_name":"t","schema":{{"k":{{"type":"{kind}","primary_key":{primary}}}}}}}"#)
        };
        let key = |kind: &str, row: &str| {
            of_row(schema(kind, true).as_bytes(), row.as_bytes(), None)
                .map(|key| String::from_utf8(key).unwrap())
        };
        assert_eq!(key("int", r#"{"k": 7}"#).unwrap(), "0000000000000000007");
        assert_eq!(key("str", r#"{"k": "Ada"}"#).unwrap(), "Ada");
        assert_eq!(key("bytes", r#"{"k": "AP8="}"#).unwrap(), "00ff");
        assert_eq!(key("bool", r#"{"k": true}"#).unwrap(), "1");
        for (kind, row) in [("int", r#"{"k": "7"}"#), ("str", r#"{"name": 1}"#), ("json", r#"{"k": 1}"#)] {
            let error = key(kind, row).unwrap_err();
            assert_eq!(error.kind(), Kind::WrongType);
            assert!(error.message().contains("column k"), "{error}");
        }
        let numbered = |last| of_row(schema("int", false).as_bytes(), b"{}", last).unwrap();
        assert_eq!(numbered(None), of_int(1).into_bytes());
        assert_eq!(numbered(Some(of_int(41).as_bytes())), of_int(42).into_bytes());
    }

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_numbers(a: i64, b: i64, x in -1e300..1e300f64, y in -1e-9..1e-9f64) {
            prop_assert_eq!(of_int(a).cmp(&of_int(b)), a.cmp(&b));
            prop_assert_eq!(to_int(&of_int(a)), Some(a));
            prop_assert_eq!(Some(of_float(x).cmp(&of_float(y))), x.partial_cmp(&y));
        }
    }
}
