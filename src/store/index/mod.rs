//! Indexes over JSON documents, declared on a key prefix by a path and kept by the commits themselves, whoever makes them.
//!
//! An entry is a key in [`Space::Index`]: the index's number (4 bytes, big-endian), the indexed value in an order-preserving
//! form ([`value`]), the document's key.

use super::encoding;
use super::replica::{self, Declarations};
use crate::engine::{Range, Read, Space, Writer};
use crate::error::{Error, Kind, Result};
use crate::limits;

mod catalog;
mod find;
mod spec;
mod tally;
mod value;

pub(super) use catalog::Catalog;
pub use find::Find;
pub(crate) use find::{Entries, Entry};
pub(super) use find::{entries, keys};
pub use spec::IndexSpec;

/// Bytes that compare as JSON scalars do in indexes: null < false < true < numbers < strings. None for a value that is not
/// indexed.
pub fn index_order(value: &serde_json::Value) -> Option<Vec<u8>> {
    value::encode(value)
}

/// The same, added to `bytes`.
pub fn put_index_order(value: &serde_json::Value, bytes: &mut Vec<u8>) -> Option<()> {
    value::encode_into(value, bytes)
}

/// The number that such bytes are of; None for another scalar.
pub fn index_number(bytes: &[u8]) -> Option<f64> {
    value::number(bytes)
}

/// A declared index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Declared {
    id: u32,
    spec: IndexSpec,
}

/// The indexes of a store at some moment.
#[derive(Clone, Debug, Default)]
pub(super) struct IndexSet {
    indexes: Vec<Declared>,
    /// Why the store is not written to, if so.
    refused: Option<Error>,
}

impl Declared {
    fn entry_prefix(&self) -> [u8; 4] {
        self.id.to_be_bytes()
    }

    /// The entry of a document, if it has one.
    fn entry(&self, key: &[u8], document: &serde_json::Value) -> Option<Vec<u8>> {
        let mut entry = self.entry_prefix().to_vec();
        value::encode_into(document.pointer(self.spec.pointer())?, &mut entry)?;
        entry.extend_from_slice(key);
        Some(entry)
    }
}

/// The document's key of an entry.
fn document_key(entry: &[u8]) -> Result<&[u8]> {
    entry
        .split_at_checked(4)
        .and_then(|(_, rest)| rest.get(value::encoded_len(rest)?..))
        .filter(|key| !key.is_empty())
        .ok_or_else(|| Error::new(Kind::Corrupt, "an index entry is damaged: rebuild the index"))
}

/// A value that is a JSON document, else None: then it is stored and not indexed.
fn document(encoding: u8, data: &[u8]) -> Result<Option<serde_json::Value>> {
    Ok(serde_json::from_slice(&encoding::decode(encoding, data)?).ok())
}

impl IndexSet {
    /// The indexes of a view.
    pub fn read(read: &(impl Read + ?Sized)) -> Result<Self> {
        let mut indexes = Vec::new();
        read.entries(Space::Meta, &Range::prefix(spec::CATALOG), false, &mut |key, value| {
            indexes.push(spec::declared(key, value)?);
            Ok(true)
        })?;
        Ok(Self { indexes, refused: replica::closed_to_writers(read)? })
    }

    /// Refuses writes to a store that was moved, or is a copy that is not finished.
    pub fn check_writable(&self) -> Result<()> {
        self.refused.clone().map_or(Ok(()), Err)
    }

    /// The entries of the catalog.
    pub fn declarations(&self) -> Result<Declarations> {
        let entry = |index: &Declared| Ok((index.catalog_key(), index.catalog_value()?));
        self.indexes.iter().map(entry).collect()
    }

    /// Makes the catalog these entries, builds what is new and removes what is gone.
    pub fn replace(&self, writer: &mut dyn Writer, declarations: &Declarations) -> Result<Self> {
        let entry = |(key, value): &(Vec<u8>, Vec<u8>)| spec::declared(key, value);
        let indexes = declarations.iter().map(entry).collect::<Result<Vec<_>>>()?;
        for gone in self.indexes.iter().filter(|index| !indexes.contains(index)) {
            writer.delete_entry(Space::Meta, &gone.catalog_key())?;
            tear_down(writer, gone)?;
        }
        for new in indexes.iter().filter(|index| !self.indexes.contains(index)) {
            writer.put_entry(Space::Meta, &new.catalog_key(), &new.catalog_value()?)?;
            build(writer, new)?;
        }
        Ok(Self { indexes, refused: None })
    }

    /// Brings the entries of `key` from what `writer` sees to what is about to be written.
    pub fn maintain(&self, writer: &mut dyn Writer, key: &[u8], new: Option<(u8, &[u8])>) -> Result<()> {
        let mut concerned = self.indexes.iter().filter(|index| index.spec.covers(key)).peekable();
        if concerned.peek().is_none() {
            return Ok(());
        }
        let old = match writer.get(key)? {
            Some(record) => document(record.encoding, &record.data)?,
            None => None,
        };
        let new = match new {
            Some((encoding, data)) => document(encoding, data)?,
            None => None,
        };
        for index in concerned {
            let entry =
                |document: &Option<_>| document.as_ref().and_then(|document| index.entry(key, document));
            let (old, new) = (entry(&old), entry(&new));
            if old == new {
                continue;
            }
            if let Some(old) = old {
                writer.delete_entry(Space::Index, &old)?;
            }
            if let Some(new) = new {
                writer.put_entry(Space::Index, &new, &[])?;
            }
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Declared> {
        self.indexes.iter().find(|index| index.spec.name() == name)
    }

    fn named(&self, name: &str) -> Result<&Declared> {
        self.get(name).ok_or_else(|| Error::new(Kind::NotFound, format!("there is no index {name:?}")))
    }

    /// What they are.
    pub fn specs(&self) -> impl Iterator<Item = &IndexSpec> {
        self.indexes.iter().map(|index| &index.spec)
    }

    /// An index to add; None when it is there already.
    fn add(&self, spec: &IndexSpec) -> Result<Option<Declared>> {
        match self.get(spec.name()) {
            Some(index) if index.spec == *spec => return Ok(None),
            Some(index) => {
                let text = format!("index {:?} exists and is {}", spec.name(), index.spec.to_json());
                return Err(Error::new(Kind::Exists, text));
            }
            None => {}
        }
        if self.indexes.len() >= limits::MAX_INDEXES {
            return Err(limits::too_many("indexes", self.indexes.len() + 1, limits::MAX_INDEXES));
        }
        let id = self.indexes.iter().map(|index| index.id).max().unwrap_or(0).saturating_add(1);
        Ok(Some(Declared { id, spec: spec.clone() }))
    }
}

/// Entries and documents handled between two writes.
const CHUNK: usize = 1000;

/// Adds the entries of all documents there are.
fn build(writer: &mut dyn Writer, index: &Declared) -> Result<()> {
    let mut rest = Range::prefix(index.spec.prefix());
    loop {
        let (mut entries, mut last, mut count) = (Vec::new(), None, 0);
        writer.scan(&rest, false, crate::engine::Fields::All, &mut |key, record| {
            let document = document(record.encoding, record.data)?;
            entries.extend(document.and_then(|document| index.entry(key, &document)));
            last = Some(key.to_vec());
            count += 1;
            Ok(count < CHUNK)
        })?;
        for entry in &entries {
            writer.put_entry(Space::Index, entry, &[])?;
        }
        match last {
            Some(last) if count == CHUNK => rest.start = std::ops::Bound::Excluded(last),
            _ => return Ok(()),
        }
    }
}

/// Makes the entries of all indexes there are anew; whether there are any.
pub(super) fn rebuild_all(writer: &mut dyn Writer) -> Result<bool> {
    let set = IndexSet::read(writer)?;
    for index in &set.indexes {
        tear_down(writer, index)?;
        build(writer, index)?;
    }
    Ok(!set.indexes.is_empty())
}

/// Removes all entries.
fn tear_down(writer: &mut dyn Writer, index: &Declared) -> Result<()> {
    let range = Range::prefix(&index.entry_prefix());
    loop {
        let mut entries = Vec::new();
        writer.entries(Space::Index, &range, false, &mut |entry, _| {
            entries.push(entry.to_vec());
            Ok(entries.len() < CHUNK)
        })?;
        for entry in &entries {
            writer.delete_entry(Space::Index, entry)?;
        }
        if entries.len() < CHUNK {
            return Ok(());
        }
    }
}
