//! JSON objects of which only some fields are known: the others come back as they were written, digit for digit.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// The most fields of an object.
pub const MAX_FIELDS: usize = 256;

/// A JSON object: its fields in their order, their values untouched.
#[derive(Clone, Debug, Default)]
pub struct RawObject(Vec<(String, Box<RawValue>)>);

impl RawObject {
    /// Reads an object; `what` names it in the error.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for what is no JSON object, for a field that is there twice, and for more
    /// than [`MAX_FIELDS`].
    pub fn parse(what: &str, json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).map_err(|error| Error::invalid(format!("{what}: {error}")))
    }

    /// The JSON text of a field.
    pub fn raw(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_ref())
    }

    /// A field that is of a type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let at = self.0.iter().position(|(field, _)| field == name)?;
        Some(self.0.remove(at).1)
    }

    /// Writes a field: where it was, or as the last one.
    pub(super) fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The same for a value of ours.
    pub(super) fn set_to(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        self.set(name, to_raw(value)?);
        Ok(())
    }

    /// Moves all fields to the end of another object.
    pub(super) fn append_to(&mut self, other: &mut Self) {
        other.0.append(&mut self.0);
    }

    /// Takes over the fields of a patch; null removes one.
    pub(super) fn patch(&mut self, patch: Self) -> Result<()> {
        for (name, value) in patch.0 {
            match value.get() {
                "null" => drop(self.take(&name)),
                _ => self.set(&name, value),
            }
        }
        match self.0.len() {
            count if count > MAX_FIELDS => Err(crate::limits::too_many("fields", count, MAX_FIELDS)),
            _ => Ok(()),
        }
    }

    /// How many bytes of JSON it has, but for the marks between fields.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.get().len()).sum()
    }
}

pub(super) fn to_raw(value: &impl Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| Error::new(crate::Kind::Panic, format!("write JSON: {error}")))
}

impl Serialize for RawObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = RawObject;

            fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
                text.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<RawObject, M::Error> {
                let mut object = RawObject::default();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if object.0.len() == MAX_FIELDS {
                        return Err(M::Error::custom(format_args!("more than {MAX_FIELDS} fields")));
                    }
                    if object.raw(&name).is_some() {
                        return Err(M::Error::custom(format_args!("the field {name:?} is there twice")));
                    }
                    object.0.push((name, value));
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_comes_back_as_it_was() {
        let text = r#"{"b":1.00000000000000000001,"a":{"z":[],"y":12345678901234567890123},"c":"\ud800"}"#;
        let mut object = RawObject::parse("it", text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), text);
        assert_eq!(object.get::<f64>("b"), Some(1.0));
        assert_eq!(object.get::<String>("c"), None);
        object.patch(RawObject::parse("it", br#"{"a": null, "b": 2, "d": true}"#).unwrap()).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), r#"{"b":2,"c":"\ud800","d":true}"#);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let many =
            format!("{{{}}}", (0..=MAX_FIELDS).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(","));
        for text in ["", "[]", "1", "{", r#"{"a":1,"a":2}"#, "{\"a\":\"\u{0}\"}", &many] {
            let error = RawObject::parse("it", text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), crate::Kind::Invalid, "{text}");
        }
        assert!(RawObject::parse("it", b"{\"a\":\"\xff\"}").is_err());
    }
}
