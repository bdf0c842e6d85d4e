//! The types of columns: which JSON values they have, and how row keys are made of them. Pure.

use std::fmt::{self, Display};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::limits::MAX_INDEXED_BYTES;
use crate::models::check_bytes;
use crate::row_key;

/// The type of a column's values. In any nullable column they may also be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// A whole number of 64 bits.
    Int,
    /// A finite double. A whole number is taken for the nearest one.
    Float,
    /// Text.
    Str,
    /// True or false.
    Bool,
    /// Bytes, as padded base64 (RFC 4648).
    Bytes,
    /// A day: "2026-01-22".
    Date,
    /// A moment: "2026-01-22T20:31:17.592172", in UTC with "+00:00" or "Z" after it, else of no zone. As stored it has six
    /// digits after the second or none, so that texts of one kind are in the order of time.
    Datetime,
    /// Any JSON.
    Json,
}

impl Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "str",
            Self::Bool => "bool",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Json => "json",
        })
    }
}

impl Type {
    /// A value other than null, as it is stored.
    ///
    /// # Errors
    /// [`Kind::WrongType`]; [`Kind::OutOfRange`] for a whole number of more than 64 bits.
    pub fn take(self, value: Value) -> Result<Value> {
        match (self, &value) {
            (Self::Int, Value::Number(number)) if number.is_i64() => Ok(value),
            (Self::Int, Value::Number(number)) if number.is_u64() => {
                Err(Error::new(Kind::OutOfRange, format!("{number} does not fit 64 bits")))
            }
            (Self::Float, Value::Number(number)) if number.is_f64() => Ok(value),
            (Self::Float, Value::Number(number)) => {
                number.as_f64().map(Value::from).ok_or_else(|| self.wrong(&value))
            }
            (Self::Str, Value::String(_)) | (Self::Bool, Value::Bool(_)) | (Self::Json, _) => Ok(value),
            (Self::Bytes, Value::String(text)) if STANDARD.decode(text).is_ok() => Ok(value),
            (Self::Date, Value::String(text)) if is_date(text) => Ok(value),
            (Self::Datetime, Value::String(text)) => {
                datetime(text).map(Value::String).ok_or_else(|| self.wrong(&value))
            }
            _ => Err(self.wrong(&value)),
        }
    }

    #[cold]
    fn wrong(self, value: &Value) -> Error {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::String(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
            scalar => scalar.to_string(),
        };
        Error::new(Kind::WrongType, format!("wanted {self}, found {found}"))
    }

    /// Whether values of this type become values of another by [`Type::take`] alone.
    pub fn widens_to(self, other: Self) -> bool {
        matches!((self, other), (Self::Int, Self::Float) | (_, Self::Json))
    }

    /// Whether values have the order and the texts that keys need.
    pub fn is_key(self) -> bool {
        !matches!(self, Self::Json)
    }

    /// A stored value as text that is ordered as the values are, for keys.
    ///
    /// # Errors
    /// [`Kind::TooLarge`] for a text of more than 512 bytes; [`Kind::WrongType`].
    pub fn key(self, value: &Value) -> Result<String> {
        match (self, value) {
            (Self::Int, value) => value.as_i64().map(row_key::of_int).ok_or_else(|| self.wrong(value)),
            (Self::Float, value) => value.as_f64().map(row_key::of_float).ok_or_else(|| self.wrong(value)),
            (Self::Bool, Value::Bool(value)) => Ok(u8::from(*value).to_string()),
            (Self::Bytes, Value::String(text)) => {
                let bytes = STANDARD.decode(text).map_err(|_| self.wrong(value))?;
                let key = row_key::of_bytes(&bytes);
                check_bytes("a key", &key, MAX_INDEXED_BYTES)?;
                Ok(key)
            }
            (Self::Str | Self::Date | Self::Datetime, Value::String(text)) => {
                check_bytes("a key", text, MAX_INDEXED_BYTES)?;
                Ok(text.clone())
            }
            _ => Err(self.wrong(value)),
        }
    }
}

fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut part = |count| digits(parts.next()?, count);
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=last).contains(&day)
}

/// A moment in the one form that it is stored in.
fn datetime(text: &str) -> Option<String> {
    let (local, zone) = match text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")) {
        Some(local) => (local, "+00:00"),
        None => (text, ""),
    };
    let (date, time) = local.split_once('T')?;
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (time, None),
    };
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) =
        (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if !is_date(date) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros = match fraction {
        Some(fraction) => {
            digits(fraction, fraction.len()).filter(|_| (1..=6).contains(&fraction.len()))?;
            format!("{fraction:0<6}")
        }
        None => String::new(),
    };
    match micros.trim_end_matches('0') {
        "" => Some(format!("{date}T{clock}{zone}")),
        _ => Some(format!("{date}T{clock}.{micros}{zone}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn kind(column: Type, value: Value) -> Kind {
        column.take(value).unwrap_err().kind()
    }

    #[test]
    fn every_type_takes_its_values_and_no_others() {
        for (column, value) in [
            (Type::Int, json!(i64::MIN)),
            (Type::Float, json!(0.5)),
            (Type::Str, json!("")),
            (Type::Bool, json!(false)),
            (Type::Bytes, json!("AP8=")),
            (Type::Date, json!("2024-02-29")),
            (Type::Datetime, json!("2026-01-22T20:31:17.592172")),
            (Type::Json, json!({"a": [1, null]})),
        ] {
            assert_eq!(column.take(value.clone()).unwrap(), value);
        }
        for (column, value) in [
            (Type::Int, json!(1.0)),
            (Type::Int, json!("1")),
            (Type::Int, json!(true)),
            (Type::Float, json!("0.5")),
            (Type::Str, json!(1)),
            (Type::Bool, json!(0)),
            (Type::Bytes, json!("AP8")),
            (Type::Bytes, json!("AP9=")),
            (Type::Date, json!("2023-02-29")),
            (Type::Date, json!("2024-2-9")),
            (Type::Date, json!("0000-01-01")),
            (Type::Datetime, json!("2026-01-22 20:31:17")),
            (Type::Datetime, json!("2026-01-22T24:00:00")),
            (Type::Datetime, json!("2026-01-22T20:31:17+02:00")),
            (Type::Datetime, json!("2026-01-22T20:31:17.1234567")),
            (Type::Datetime, json!("2026-01-22T20:31:17.")),
        ] {
            assert_eq!(kind(column, value.clone()), Kind::WrongType, "{column} {value}");
        }
        assert_eq!(kind(Type::Int, json!(u64::MAX)), Kind::OutOfRange);
        assert_eq!(Type::Float.take(json!(3)).unwrap(), json!(3.0));
    }

    #[test]
    fn moments_have_one_form() {
        let take = |text: &str| Type::Datetime.take(json!(text)).unwrap();
        assert_eq!(take("2026-01-22T20:31:17.5Z"), json!("2026-01-22T20:31:17.500000+00:00"));
        assert_eq!(take("2026-01-22T20:31:17.000000"), json!("2026-01-22T20:31:17"));
    }

    #[test]
    fn long_keys_are_refused() {
        let error = Type::Str.key(&json!("x".repeat(MAX_INDEXED_BYTES + 1))).unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
        assert_eq!(Type::Bytes.key(&json!("AP8=")).unwrap(), "00ff");
    }

    proptest! {
        #[test]
        fn any_text_may_be_asked_for_a_moment(text in ".{0,40}") {
            let _ = (datetime(&text), is_date(&text));
        }
    }
}
