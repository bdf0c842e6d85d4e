//! Filters over documents: conditions that must all hold, each of them or one of several alternatives.

mod condition;
mod path;

use std::str::FromStr;

use serde_json::Value;

pub(crate) use condition::compare;
pub use condition::{Condition, MAX_OPERANDS, Test};
pub use path::Path;

use crate::error::{Error, Result};
use crate::limits;

/// The most conditions of a filter, alternatives included.
pub const MAX_CONDITIONS: usize = 64;

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

impl Filter {
    /// One that everything passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// And this condition holds.
    ///
    /// # Errors
    /// [`Kind::TooLarge`](crate::Kind::TooLarge) over a limit; [`Kind::WrongType`](crate::Kind::WrongType) when the test
    /// cannot have its operand.
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
    /// [`Kind::Invalid`](crate::Kind::Invalid) for another form, and those of [`Filter::and`].
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

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Kind;

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
