//! Attributes: what a game hangs on its lobbies, members and players. Names and JSON values: null, booleans, integers of 64
//! bits, finite doubles, strings, and sets of strings as arrays.

use serde_json::{Map, Value};

use super::check_bytes;
use crate::error::{Error, Kind, Result};
use crate::limits;

/// Attributes by name.
pub type Attributes = Map<String, Value>;

/// The most attributes of one kind that one thing has.
pub const MAX_ATTRIBUTES: usize = 64;
/// The most bytes of an attribute's name.
pub const MAX_NAME_BYTES: usize = 64;
/// The most strings of a set.
pub const MAX_SET: usize = 64;
/// The most bytes of a string: as many as can be indexed.
pub const MAX_TEXT_BYTES: usize = limits::MAX_INDEXED_BYTES;

/// A change of attributes: names and their new values; None removes one.
pub type AttributePatch = std::collections::BTreeMap<String, Option<Value>>;

/// Refuses attributes that are over a limit or of no such type.
pub(crate) fn check(attributes: &Attributes) -> Result<()> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(limits::too_many("attributes", attributes.len(), MAX_ATTRIBUTES));
    }
    attributes.iter().try_for_each(|(name, value)| check_one(name, value))
}

/// The same for a change.
pub(crate) fn check_patch(patch: &AttributePatch) -> Result<()> {
    if patch.len() > MAX_ATTRIBUTES {
        return Err(limits::too_many("attributes", patch.len(), MAX_ATTRIBUTES));
    }
    patch.iter().try_for_each(|(name, value)| check_one(name, value.as_ref().unwrap_or(&Value::Null)))
}

fn check_one(name: &str, value: &Value) -> Result<()> {
    if name.is_empty() || name.contains(['"', '.', '[', ']', '$']) || name.chars().any(char::is_control) {
        let text = format!("attribute {name:?}: a name has printable characters, none of \" . [ ] $");
        return Err(Error::invalid(text));
    }
    check_bytes("the name of an attribute", name, MAX_NAME_BYTES)?;
    let wrong = |what| Err(Error::new(Kind::WrongType, format!("attribute {name:?}: {what}")));
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            wrong("an integer of more than 64 bits")
        }
        Value::Number(_) => Ok(()),
        Value::String(text) => check_bytes("an attribute", text, MAX_TEXT_BYTES),
        Value::Array(items) if items.len() > MAX_SET => {
            Err(limits::too_many("strings in a set", items.len(), MAX_SET))
        }
        Value::Array(items) => items.iter().try_for_each(|item| match item {
            Value::String(text) => check_bytes("a string of a set", text, MAX_TEXT_BYTES),
            _ => wrong("a set holds strings only"),
        }),
        Value::Object(_) => wrong("an object is no attribute"),
    }
}

/// Makes a change; the result may have no more than [`MAX_ATTRIBUTES`].
pub(crate) fn patch(attributes: &mut Attributes, patch: &AttributePatch) -> Result<()> {
    for (name, value) in patch {
        match value {
            Some(value) => attributes.insert(name.clone(), value.clone()),
            None => attributes.remove(name),
        };
    }
    match attributes.len() {
        len if len > MAX_ATTRIBUTES => Err(limits::too_many("attributes", len, MAX_ATTRIBUTES)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(value: Value) -> Option<Kind> {
        check_one("a", &value).err().map(|error| error.kind())
    }

    #[test]
    fn values_have_types_and_limits() {
        for value in [json!(null), json!(true), json!(i64::MIN), json!(0.5), json!("x"), json!(["a", "b"])] {
            assert_eq!(kind(value), None);
        }
        assert_eq!(kind(json!({})), Some(Kind::WrongType));
        assert_eq!(kind(json!([1])), Some(Kind::WrongType));
        assert_eq!(kind(json!(u64::MAX)), Some(Kind::WrongType));
        assert_eq!(kind(json!("x".repeat(MAX_TEXT_BYTES + 1))), Some(Kind::TooLarge));
        assert_eq!(kind(json!(vec!["x"; MAX_SET + 1])), Some(Kind::TooLarge));
        for name in ["", "a.b", "a\"", "a[0]", "$", "\n"] {
            assert_eq!(check_one(name, &Value::Null).unwrap_err().kind(), Kind::Invalid);
        }
    }

    #[test]
    fn a_patch_sets_removes_and_keeps_the_limit() {
        let mut attributes = Attributes::new();
        let change = |name: &str, value| AttributePatch::from([(name.to_owned(), value)]);
        patch(&mut attributes, &change("a", Some(json!(1)))).unwrap();
        patch(&mut attributes, &change("b", Some(json!(null)))).unwrap();
        patch(&mut attributes, &change("a", None)).unwrap();
        assert_eq!(Value::Object(attributes.clone()), json!({ "b": null }));
        let many = (0..MAX_ATTRIBUTES).map(|n| (n.to_string(), Some(json!(n)))).collect();
        assert_eq!(patch(&mut attributes, &many).unwrap_err().kind(), Kind::TooLarge);
    }
}
