//! Objects: JSON documents of a player, each write under a condition on what was there. A version is that of the commit
//! that wrote the object: it only grows and never comes back, not even after the object was deleted.

use super::{Players, player_key};
use crate::error::{Error, Result};
use crate::models::check_id;
use crate::models::document::check_count;
use crate::store::{Page, Scan, Value};

/// The most bytes of an object.
pub const MAX_OBJECT_BYTES: usize = 1 << 20;
/// The most writes of one call.
pub const MAX_OBJECT_WRITES: usize = 100;

/// Where an object is: whose, in which collection, by what name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Whose.
    pub player: String,
    /// The collection.
    pub collection: String,
    /// Its name there.
    pub name: String,
}

/// A condition on what a write replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// Nothing.
    Absent,
    /// The object with this version.
    Version(u64),
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectWrite {
    /// Of which object.
    pub object: Object,
    /// Replacing what.
    pub expected: Expected,
    /// The JSON document; None deletes the object.
    pub document: Option<Vec<u8>>,
}

/// What became of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// All were made: this is the version of all that they wrote.
    Done {
        /// The new version; 0 within a transaction, which has none yet.
        version: u64,
    },
    /// None was made: this one replaces something else than it expected.
    Conflict {
        /// Which write.
        write: usize,
        /// The version of its object; 0 when there is none, or the same transaction wrote it.
        current: u64,
    },
}

impl Object {
    fn key(&self) -> Result<String> {
        check_id("a player", &self.player)?;
        check_id("a collection", &self.collection)?;
        check_id("an object", &self.name)?;
        Ok(format!("{}:object:{}:{}", player_key(&self.player), self.collection, self.name))
    }
}

impl Expected {
    fn accepts(self, current: Option<u64>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => current.is_none(),
            Self::Version(version) => current == Some(version),
        }
    }
}

impl Players<'_> {
    /// Reads an object. None when there is none.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid); those of a read.
    pub fn object(&self, object: &Object) -> Result<Option<Value>> {
        self.scope.get(object.key()?.as_bytes())
    }

    /// The objects of a collection of a player, in pages by name; `page` says which one.
    ///
    /// # Errors
    /// As [`Players::object`].
    pub fn objects(
        &self,
        player: &str,
        collection: &str,
        page: impl FnOnce(Scan) -> Result<Scan>,
    ) -> Result<Page> {
        check_id("a player", player)?;
        check_id("a collection", collection)?;
        let prefix = format!("{}:object:{collection}:", player_key(player));
        let scan = page(Scan::prefix(prefix.as_bytes()))?;
        self.scope.read(|txn| txn.scan(&scan))
    }

    /// Makes all writes or none.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for what is no JSON and for two writes of one object;
    /// [`Kind::TooLarge`](crate::Kind::TooLarge); those of a commit.
    pub fn write_objects(&self, writes: &[ObjectWrite]) -> Result<Written> {
        check_count("writes", writes.len(), MAX_OBJECT_WRITES)?;
        if writes.is_empty() {
            return Err(Error::invalid("no writes"));
        }
        let keys = writes.iter().map(|write| write.object.key()).collect::<Result<Vec<_>>>()?;
        let mut sorted: Vec<&str> = keys.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Error::invalid("two writes of one object"));
        }
        for (key, write) in keys.iter().zip(writes) {
            if write.expected == Expected::Version(0) {
                return Err(Error::invalid("no object has the version 0"));
            }
            if let Some(document) = &write.document {
                check_count("bytes of an object", document.len(), MAX_OBJECT_BYTES)?;
                serde_json::from_slice::<serde::de::IgnoredAny>(document)
                    .map_err(|error| Error::invalid(format!("{key}: {error}")))?;
            }
        }
        let (conflict, version) = self.scope.transaction_at(|txn| {
            for (at, (key, write)) in keys.iter().zip(writes).enumerate() {
                if write.expected == Expected::Any {
                    continue;
                }
                let current = txn.get(key.as_bytes())?.map(|value| value.version());
                if !write.expected.accepts(current) {
                    let current = current.unwrap_or(0);
                    return Ok(Some(Written::Conflict { write: at, current }));
                }
            }
            for (key, write) in keys.iter().zip(writes) {
                match &write.document {
                    Some(document) => txn.put(key.as_bytes(), document)?,
                    None => txn.delete(key.as_bytes()).map(drop)?,
                }
            }
            Ok(None)
        })?;
        Ok(conflict.unwrap_or(Written::Done { version }))
    }
}
