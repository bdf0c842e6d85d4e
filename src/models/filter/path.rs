//! Where a value is in a document.

use serde_json::Value;

use crate::error::Result;
use crate::models::check_bytes;

const MAX_PATH_BYTES: usize = 512;

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
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a path of another form.
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
