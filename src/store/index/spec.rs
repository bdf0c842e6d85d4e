//! What an index is: a name, a key prefix, a path into the documents.

use serde::{Deserialize, Serialize};

use super::Declared;
use crate::error::{Error, Kind, Result};
use crate::limits::{self, MAX_INDEX_NAME_BYTES};

/// Where the catalog lies among the entries of [`Space::Meta`](crate::engine::Space::Meta); an index's name follows.
pub(super) const CATALOG: &[u8] = b"index/";

const MAX_PATH_BYTES: usize = 512;

/// What to index: the scalar at a path of the JSON documents under a key prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSpec {
    name: String,
    prefix: String,
    path: String,
    pointer: String,
}

/// The catalog's entry.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    id: u32,
    prefix: std::borrow::Cow<'a, str>,
    path: std::borrow::Cow<'a, str>,
}

impl IndexSpec {
    /// An index called `name` on the keys that start with `prefix`, by the scalar at `path`: `$.state`, `$.owner.id`,
    /// `$.tags[0]`, `$."a key"`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a name that is empty, too long or not printable, a prefix that is not UTF-8, a path of another
    /// form.
    pub fn new(name: &str, prefix: &[u8], path: &str) -> Result<Self> {
        if name.is_empty() || name.len() > MAX_INDEX_NAME_BYTES || name.chars().any(char::is_control) {
            return Err(Error::invalid(format!(
                "an index's name has 1 to {MAX_INDEX_NAME_BYTES} printable bytes"
            )));
        }
        let prefix = std::str::from_utf8(prefix).map_err(|_| Error::invalid("an index's prefix is UTF-8"))?;
        if prefix.len() > limits::MAX_KEY_BYTES {
            return Err(limits::too_many("bytes of a prefix", prefix.len(), limits::MAX_KEY_BYTES));
        }
        let pointer = pointer(path).ok_or_else(|| {
            Error::invalid(format!("{path:?} is no path: wanted the form $.field.\"a field\"[0]"))
        })?;
        Ok(Self { name: name.to_owned(), prefix: prefix.to_owned(), path: path.to_owned(), pointer })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The prefix of its documents' keys.
    pub fn prefix(&self) -> &[u8] {
        self.prefix.as_bytes()
    }

    /// The path in its documents.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path as a JSON Pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    pub(super) fn covers(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix())
    }

    /// A JSON object with "prefix" and "path".
    pub fn to_json(&self) -> String {
        serde_json::json!({ "prefix": self.prefix, "path": self.path }).to_string()
    }
}

impl Declared {
    pub fn catalog_key(&self) -> Vec<u8> {
        [CATALOG, self.spec.name.as_bytes()].concat()
    }

    pub fn catalog_value(&self) -> Result<Vec<u8>> {
        let stored =
            Stored { id: self.id, prefix: (&self.spec.prefix).into(), path: (&self.spec.path).into() };
        serde_json::to_vec(&stored).map_err(|error| Error::new(Kind::Panic, error.to_string()))
    }
}

/// Reads an entry of the catalog.
pub(super) fn declared(key: &[u8], value: &[u8]) -> Result<Declared> {
    let corrupt = || Error::new(Kind::Corrupt, "the catalog of indexes is damaged");
    let name =
        key.strip_prefix(CATALOG).and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(corrupt)?;
    let stored: Stored<'_> = serde_json::from_slice(value).map_err(|_| corrupt())?;
    let spec = IndexSpec::new(name, stored.prefix.as_bytes(), &stored.path).map_err(|_| corrupt())?;
    Ok(Declared { id: stored.id, spec })
}

/// A path as a JSON Pointer.
fn pointer(path: &str) -> Option<String> {
    if path.len() > MAX_PATH_BYTES {
        return None;
    }
    let mut rest = path.strip_prefix('$')?;
    let mut pointer = String::new();
    while !rest.is_empty() {
        let step;
        if let Some(after) = rest.strip_prefix('[') {
            let (number, after) = after.split_once(']')?;
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            (step, rest) = (number.to_owned(), after);
        } else if let Some(after) = rest.strip_prefix(".\"") {
            let (name, after) = after.split_once('"')?;
            (step, rest) = (name.to_owned(), after);
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if name.is_empty() || name.contains(['"', ']']) {
                return None;
            }
            (step, rest) = (name.to_owned(), after);
        }
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    (!pointer.is_empty()).then_some(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_pointers() {
        for (path, expected) in [
            ("$.state", Some("/state")),
            ("$.a.b[0].c", Some("/a/b/0/c")),
            ("$.\"a.b\".c", Some("/a.b/c")),
            ("$[2]", Some("/2")),
            ("$.a/b~c", Some("/a~1b~0c")),
            ("$", None),
            ("state", None),
            ("$.", None),
            ("$..a", None),
            ("$[x]", None),
            ("$[", None),
            ("$.\"a", None),
        ] {
            assert_eq!(pointer(path).as_deref(), expected, "{path}");
        }
    }
}
