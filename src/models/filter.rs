//! Filters over documents: conditions that must all hold, each of them or one of several alternatives.

use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::Value;

use super::check_bytes;
use crate::error::{Error, Kind, Result};
use crate::limits;

/// The most conditions of a filter, alternatives included.
pub const MAX_CONDITIONS: usize = 64;
/// The most values of an `in` or `not-in`.
pub const MAX_OPERANDS: usize = 64;
const MAX_PATH_BYTES: usize = 512;

/// What must hold of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    clauses: Vec<Clause>,
    /// Whether strings are compared that no index holds.
    long_texts: bool,
}

/// Alternatives, of which one must hold; mostly there is one alone.
#[derive(Clone, Debug, PartialEq)]
struct Clause(Vec<Condition>);

/// A test of the value at a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    path: Path,
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

/// Where a value is in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    pointer: String,
    /// The same, one name or number after the other.
    steps: Vec<String>,
}

impl Path {
    /// A path as indexes have it, "$.state", or else the name of a public attribute.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a path of another form.
    pub fn new(key: &str) -> Result<Self> {
        check_bytes("a path", key, MAX_PATH_BYTES)?;
        let text = if key.starts_with('$') { key.to_owned() } else { format!("$.attributes.\"{key}\"") };
        let spec = crate::store::IndexSpec::new("path", b"", &text)?;
        let pointer = spec.pointer().to_owned();
        let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
        let steps = pointer.split('/').skip(1).map(unescaped).collect();
        Ok(Self { text, pointer, steps })
    }

    /// The path as a JSON Pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The same for the columns of tables: "$.address.city", or else the name of a column.
    ///
    /// # Errors
    /// As [`Path::new`].
    pub fn column(key: &str) -> Result<Self> {
        if key.starts_with('$') { Self::new(key) } else { Self::new(&format!("$.\"{key}\"")) }
    }

    /// The value there in an object, its first step the name of a member.
    pub(crate) fn of_members<'d>(&self, members: &'d serde_json::Map<String, Value>) -> Option<&'d Value> {
        match self.first_step() {
            (first, None) => members.get(first),
            (first, Some(rest)) => members.get(first)?.pointer(rest),
        }
    }

    /// The first step, and the pointer from there on.
    pub(crate) fn first_step(&self) -> (&str, Option<&str>) {
        let steps = self.pointer.get(1..).unwrap_or_default();
        match steps.find('/').and_then(|end| steps.split_at_checked(end)) {
            Some((first, rest)) => (first, Some(rest)),
            None => (steps, None),
        }
    }

    /// The value there.
    pub(crate) fn of<'d>(&self, document: &'d Value) -> Option<&'d Value> {
        descend(document, &self.steps)
    }

    /// The same, when the public attributes of the document are all there is of it.
    pub(crate) fn of_attributes<'d>(&self, attributes: &'d Value) -> Option<&'d Value> {
        descend(attributes, self.steps.get(1..)?)
    }

    /// Whether it leads into the public attributes.
    pub(crate) fn is_of_attributes(&self) -> bool {
        self.steps.len() > 1 && self.steps.first().is_some_and(|step| step == "attributes")
    }
}

fn descend<'d>(document: &'d Value, steps: &[String]) -> Option<&'d Value> {
    steps.iter().try_fold(document, |value, step| match value {
        Value::Object(members) => members.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

impl Filter {
    /// One that everything passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// And this condition holds.
    ///
    /// # Errors
    /// [`Kind::TooLarge`] over a limit; [`Kind::WrongType`] when the test cannot have its operand.
    pub fn and(self, path: Path, test: Test) -> Result<Self> {
        self.and_any([(path, test)])
    }

    /// And one of these holds.
    ///
    /// # Errors
    /// As [`Filter::and`].
    pub fn and_any(mut self, alternatives: impl IntoIterator<Item = (Path, Test)>) -> Result<Self> {
        let clause: Vec<_> =
            alternatives.into_iter().map(|(path, test)| Condition::new(path, test)).collect::<Result<_>>()?;
        let count = self.clauses.iter().map(|clause| clause.0.len()).sum::<usize>() + clause.len();
        if count > MAX_CONDITIONS {
            return Err(limits::too_many("conditions", count, MAX_CONDITIONS));
        }
        if clause.is_empty() {
            return Err(Error::invalid("a filter's alternatives are at least one"));
        }
        self.clauses.push(Clause(clause));
        Ok(self)
    }

    /// Whether everything passes.
    pub(crate) fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Whether a document passes.
    pub fn passes(&self, document: &Value) -> bool {
        self.passes_by(&|path| path.of(document))
    }

    /// The same by the values that `look` finds at paths.
    pub(crate) fn passes_by<'d>(&self, look: &dyn Fn(&Path) -> Option<&'d Value>) -> bool {
        let passes = |condition: &Condition| condition.passes(look(&condition.path), self.long_texts);
        self.clauses.iter().all(|clause| clause.0.iter().any(passes))
    }

    /// The same filter, which compares strings of every length: for documents that no index need find.
    pub(crate) fn with_long_texts(self) -> Self {
        Self { long_texts: true, ..self }
    }

    /// Where it looks.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.clauses.iter().flat_map(|clause| &clause.0).map(|condition| &condition.path)
    }

    /// The conditions that must hold by themselves: those that an index can serve.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Condition> {
        self.clauses.iter().filter_map(|clause| match clause.0.as_slice() {
            [condition] => Some(condition),
            _ => None,
        })
    }

    /// A filter from JSON: an array of conditions `{"key": ..., "op": ..., "value": ...}` and of alternatives
    /// `{"any": [condition, ...]}`. The operators are `= != < <= > >= in not-in exists contains prefix`; also `≠ ≤ ≥`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for another form, and those of [`Filter::and`].
    pub fn from_json(json: &str) -> Result<Self> {
        Self::from_json_by(json, Path::new)
    }

    /// The same with keys that `path` reads.
    pub(crate) fn from_json_by(json: &str, path: fn(&str) -> Result<Path>) -> Result<Self> {
        let wrong = |what: &str| Error::invalid(format!("a filter: {what}"));
        let parsed: Value = serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))?;
        let clauses = parsed.as_array().ok_or_else(|| wrong("wanted an array of conditions"))?;
        let mut filter = Self::new();
        for clause in clauses {
            filter = match clause.get("any") {
                Some(Value::Array(any)) => {
                    let any =
                        any.iter().map(|it| condition_from_json(it, path)).collect::<Result<Vec<_>>>()?;
                    filter.and_any(any)?
                }
                Some(_) => return Err(wrong("\"any\" is an array of conditions")),
                None => filter.and_any([condition_from_json(clause, path)?])?,
            };
        }
        Ok(filter)
    }
}

fn condition_from_json(json: &Value, path: fn(&str) -> Result<Path>) -> Result<(Path, Test)> {
    let text = |name: &str| {
        json.get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| Error::invalid(format!("a condition needs the string {name:?}")))
    };
    let operand = json.get("value").cloned();
    Ok((path(text("key")?)?, Test::new(text("op")?, operand)?))
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(json: &str) -> Result<Self> {
        Self::from_json(json)
    }
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
    fn new(path: Path, test: Test) -> Result<Self> {
        test.check()?;
        Ok(Self { path, test })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn test(&self) -> &Test {
        &self.test
    }

    fn passes(&self, found: Option<&Value>, long_texts: bool) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn passes(document: &Value, op: &str, operand: Value) -> bool {
        let test = Test::new(op, Some(operand)).unwrap();
        Filter::new().and(Path::new("a").unwrap(), test).unwrap().passes(document)
    }

    fn attribute(value: Value) -> Value {
        json!({ "attributes": { "a": value } })
    }

    #[test]
    fn every_operator_with_every_type() {
        let cases = [
            (json!(5), "=", json!(5), true),
            (json!(5), "=", json!(5.0), true),
            (json!(5), "=", json!("5"), false),
            (json!(null), "=", json!(null), true),
            (json!(5), "!=", json!("5"), true),
            (json!(5), "≠", json!(5), false),
            (json!(5), "<", json!(5.5), true),
            (json!(-5), ">", json!(-5.5), true),
            (json!(5), "<", json!("a"), false),
            (json!(5), ">=", json!("a"), false),
            (json!(i64::MAX), "<", json!(u64::MAX), true),
            (json!(9_007_199_254_740_993_i64), ">", json!(9_007_199_254_740_992.0), true),
            (json!(1), "<", json!(1e300), true),
            (json!("b"), ">", json!("a"), true),
            (json!(false), "<", json!(true), true),
            (json!("eu"), "in", json!(["us", "eu"]), true),
            (json!("eu"), "not-in", json!(["us", "eu"]), false),
            (json!("as"), "not-in", json!([]), true),
            (json!("as"), "in", json!([]), false),
            (json!(["x", "y"]), "contains", json!("y"), true),
            (json!(["x", "y"]), "contains", json!(["y", "x"]), true),
            (json!(["x", "y"]), "contains", json!(["y", "z"]), false),
            (json!("dustbowl"), "contains", json!("bow"), true),
            (json!(5), "contains", json!(5), false),
            (json!("dustbowl"), "prefix", json!("dust"), true),
            (json!("dust"), "prefix", json!("dustbowl"), false),
            (json!(0), "exists", json!(true), true),
            (json!(null), "exists", json!(false), false),
        ];
        for (value, op, operand, expected) in cases {
            assert_eq!(
                passes(&attribute(value.clone()), op, operand.clone()),
                expected,
                "{value} {op} {operand}"
            );
        }
    }

    #[test]
    fn what_is_missing_or_unindexable_fails_every_comparison() {
        let long = attribute(json!("x".repeat(limits::MAX_INDEXED_BYTES + 1)));
        for document in [json!({}), json!([]), long.clone()] {
            for op in ["=", "!=", "<", "<=", ">", ">=", "prefix", "contains"] {
                assert!(!passes(&document, op, json!("x")), "{op}");
            }
            assert!(!passes(&document, "in", json!(["x"])) && !passes(&document, "not-in", json!(["x"])));
        }
        assert!(passes(&json!({}), "exists", json!(false)) && passes(&long, "exists", json!(true)));
    }

    #[test]
    fn conditions_are_joined_by_and_with_one_level_of_or() {
        let filter: Filter = r#"[
            {"key": "mode", "op": "=", "value": "ctf"},
            {"any": [{"key": "$.name", "op": "prefix", "value": "EU"}, {"key": "elo", "op": "<", "value": 1000}]}
        ]"#
        .parse()
        .unwrap();
        let document = |mode, name, elo| json!({"name": name, "attributes": {"mode": mode, "elo": elo}});
        assert!(filter.passes(&document("ctf", "EU 1", 2000)));
        assert!(filter.passes(&document("ctf", "US 1", 900)));
        assert!(!filter.passes(&document("ctf", "US 1", 2000)));
        assert!(!filter.passes(&document("koth", "EU 1", 900)));
        assert_eq!(filter.required().count(), 1);
    }

    #[test]
    fn malformed_filters_are_told() {
        for (json, kind) in [
            ("{", Kind::Invalid),
            ("{}", Kind::Invalid),
            (r#"[{"op": "="}]"#, Kind::Invalid),
            (r#"[{"key": "a", "op": "=="}]"#, Kind::Invalid),
            (r#"[{"key": "a", "op": "like", "value": 1}]"#, Kind::Invalid),
            (r#"[{"key": "$..", "op": "=", "value": 1}]"#, Kind::Invalid),
            (r#"[{"any": []}]"#, Kind::Invalid),
            (r#"[{"any": 1}]"#, Kind::Invalid),
            (r#"[{"any": [{"any": []}]}]"#, Kind::Invalid),
            (r#"[{"key": "a", "op": "=", "value": [1]}]"#, Kind::WrongType),
            (r#"[{"key": "a", "op": "in", "value": 1}]"#, Kind::WrongType),
            (r#"[{"key": "a", "op": "prefix", "value": 1}]"#, Kind::WrongType),
            (r#"[{"key": "a", "op": "exists", "value": 1}]"#, Kind::WrongType),
        ] {
            assert_eq!(Filter::from_json(json).unwrap_err().kind(), kind, "{json}");
        }
        let many = vec![json!({"key": "a", "op": "exists"}); MAX_CONDITIONS + 1];
        assert_eq!(Filter::from_json(&json!(many).to_string()).unwrap_err().kind(), Kind::TooLarge);
    }

    proptest! {
        #[test]
        fn mixed_numbers_compare_as_if_exact(a: i64, b in prop_oneof![any::<f64>(), any::<i64>().prop_map(|n| n as f64)]) {
            prop_assume!(b.is_finite());
            let (left, right) = (json!(a), json!(b));
            // Half of either is exact or far from the other.
            let expected = if b >= 9.3e18 { Ordering::Less } else if b <= -9.3e18 { Ordering::Greater } else {
                i128::from(a).cmp(&(b.floor() as i128)).then(if b.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
            };
            prop_assert_eq!(compare(&left, &right), Some(expected));
            prop_assert_eq!(compare(&right, &left), Some(expected.reverse()));
        }
    }
}
