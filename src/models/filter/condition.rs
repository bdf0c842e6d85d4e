//! What a value is compared with.

use std::cmp::Ordering;

use serde_json::Value;

use super::path::Path;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::check_bytes;

/// The most values of an `in` or `not-in`.
pub const MAX_OPERANDS: usize = 64;

/// A test of the value at a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(super) path: Path,
    test: Test,
}

/// What a value is compared with. A value that is missing passes only `Exists(false)`. Values of different types are
/// different and in no order; numbers compare exactly, strings bytewise; strings of more than 512 bytes, which no index
/// holds, pass none of these but `Exists`.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal.
    Eq(Value),
    /// Not equal.
    Ne(Value),
    /// Less.
    Lt(Value),
    /// Less or equal.
    Le(Value),
    /// Greater.
    Gt(Value),
    /// Greater or equal.
    Ge(Value),
    /// Equal to one of these.
    In(Vec<Value>),
    /// Equal to none of these.
    NotIn(Vec<Value>),
    /// Whether there is a value.
    Exists(bool),
    /// An array that has this scalar, or all of these; or a string that has this part.
    Contains(Value),
    /// A string that starts so.
    Prefix(String),
}

impl Test {
    /// The test of an operator's name.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown operator or a missing operand, [`Kind::WrongType`] for an operand it cannot have.
    pub fn new(op: &str, operand: Option<Value>) -> Result<Self> {
        let given =
            || operand.clone().ok_or_else(|| Error::invalid(format!("the operator {op:?} needs a value")));
        let wrong = |what: &str| Error::new(Kind::WrongType, format!("the operator {op:?} takes {what}"));
        let many = || match given()? {
            Value::Array(items) => Ok(items),
            _ => Err(wrong("an array")),
        };
        Ok(match op {
            "=" | "==" => Self::Eq(given()?),
            "!=" | "≠" => Self::Ne(given()?),
            "<" => Self::Lt(given()?),
            "<=" | "≤" => Self::Le(given()?),
            ">" => Self::Gt(given()?),
            ">=" | "≥" => Self::Ge(given()?),
            "in" => Self::In(many()?),
            "not-in" => Self::NotIn(many()?),
            "exists" => match &operand {
                None => Self::Exists(true),
                Some(Value::Bool(exists)) => Self::Exists(*exists),
                Some(_) => return Err(wrong("true or false")),
            },
            "contains" => Self::Contains(given()?),
            "prefix" => match given()? {
                Value::String(text) => Self::Prefix(text),
                _ => return Err(wrong("a string")),
            },
            _ => return Err(Error::invalid(format!("there is no operator {op:?}"))),
        })
    }

    fn check(&self) -> Result<()> {
        let scalar = |value: &Value| match value {
            Value::Array(_) | Value::Object(_) => Err(Error::new(
                Kind::WrongType,
                "a condition compares with null, a boolean, number or string",
            )),
            Value::String(text) => check_bytes("an operand", text, limits::MAX_INDEXED_BYTES),
            _ => Ok(()),
        };
        let all = |values: &[Value]| match values.len() {
            count if count > MAX_OPERANDS => Err(limits::too_many("operands", count, MAX_OPERANDS)),
            _ => values.iter().try_for_each(scalar),
        };
        match self {
            Self::Eq(value) | Self::Ne(value) => scalar(value),
            Self::Lt(value) | Self::Le(value) | Self::Gt(value) | Self::Ge(value) => scalar(value),
            Self::In(values) | Self::NotIn(values) => all(values),
            Self::Contains(Value::Array(values)) => all(values),
            Self::Contains(value) => scalar(value),
            Self::Exists(_) => Ok(()),
            Self::Prefix(text) => check_bytes("an operand", text, limits::MAX_INDEXED_BYTES),
        }
    }
}

impl Condition {
    pub(super) fn new(path: Path, test: Test) -> Result<Self> {
        test.check()?;
        Ok(Self { path, test })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn test(&self) -> &Test {
        &self.test
    }

    pub(super) fn passes(&self, found: Option<&Value>, long_texts: bool) -> bool {
        if let Test::Exists(wanted) = self.test {
            return found.is_some() == wanted;
        }
        let Some(value) = found else { return false };
        if !long_texts && matches!(value, Value::String(text) if text.len() > limits::MAX_INDEXED_BYTES) {
            return false;
        }
        let ordered = |other: &Value| compare(value, other);
        let equal = |other: &Value| ordered(other) == Some(Ordering::Equal);
        match &self.test {
            Test::Eq(other) => equal(other),
            Test::Ne(other) => !equal(other),
            Test::Lt(other) => ordered(other) == Some(Ordering::Less),
            Test::Le(other) => ordered(other).is_some_and(Ordering::is_le),
            Test::Gt(other) => ordered(other) == Some(Ordering::Greater),
            Test::Ge(other) => ordered(other).is_some_and(Ordering::is_ge),
            Test::In(others) => others.iter().any(equal),
            Test::NotIn(others) => !others.iter().any(equal),
            Test::Contains(Value::Array(parts)) => parts.iter().all(|part| contains(value, part)),
            Test::Contains(part) => contains(value, part),
            Test::Prefix(start) => value.as_str().is_some_and(|text| text.starts_with(start)),
            Test::Exists(_) => true,
        }
    }
}

fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Array(items), part) => items.iter().any(|item| compare(item, part) == Some(Ordering::Equal)),
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        _ => false,
    }
}

/// The order of two scalars of one type.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(_), Value::Number(_)) => compare_numbers(a, b),
        _ => None,
    }
}

/// Exactly, also where a double cannot hold the integer.
fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    let whole = |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(a), None) => compare_mixed(a, b.as_f64()?),
        (None, Some(b)) => compare_mixed(b, a.as_f64()?).map(Ordering::reverse),
        (None, None) => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn compare_mixed(whole: i128, double: f64) -> Option<Ordering> {
    // Doubles beyond 64 bits saturate, which keeps the order: the integer is of 64 bits.
    let truncated = double.trunc() as i128;
    Some(whole.cmp(&truncated).then(0.0.partial_cmp(&double.fract())?))
}
