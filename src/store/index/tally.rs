//! Comparing an index with its documents without holding either in memory: counts and sums of hashes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::IndexSet;

/// For each index, by its number, how many entries there are and the sum of their hashes.
pub(in crate::store) struct Tally<'s> {
    set: &'s IndexSet,
    sums: BTreeMap<u32, (u64, u64)>,
}

impl IndexSet {
    pub fn tally(&self) -> Tally<'_> {
        Tally { set: self, sums: self.indexes.iter().map(|index| (index.id, (0, 0))).collect() }
    }
}

impl Tally<'_> {
    /// Adds the entries that a document ought to have.
    pub fn add_document(&mut self, key: &[u8], data: &[u8]) {
        let mut concerned = self.set.indexes.iter().filter(|index| index.spec.covers(key)).peekable();
        if concerned.peek().is_none() {
            return;
        }
        let Ok(document) = serde_json::from_slice(data) else { return };
        for entry in concerned.filter_map(|index| index.entry(key, &document)) {
            add(&mut self.sums, &entry);
        }
    }

    /// Adds an entry that there is.
    pub fn add_entry(&mut self, entry: &[u8]) {
        add(&mut self.sums, entry);
    }

    /// Where the two differ, a line for each index.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let name = |id| {
            let index = self.set.indexes.iter().find(|index| index.id == id);
            index.map_or_else(|| format!("no. {id}"), |index| index.spec.name().to_owned())
        };
        let none = (0, 0);
        let ids: std::collections::BTreeSet<_> = self.sums.keys().chain(found.sums.keys()).collect();
        ids.into_iter()
            .map(|id| (id, self.sums.get(id).unwrap_or(&none), found.sums.get(id).unwrap_or(&none)))
            .filter(|(_, expected, found)| expected != found)
            .map(|(id, expected, found)| {
                format!(
                    "index {}: {} entries disagree with {} documents: rebuild it",
                    name(*id),
                    found.0,
                    expected.0
                )
            })
            .collect()
    }
}

fn add(sums: &mut BTreeMap<u32, (u64, u64)>, entry: &[u8]) {
    let id = entry.first_chunk().map_or(0, |id| u32::from_be_bytes(*id));
    let mut hasher = DefaultHasher::new();
    entry.hash(&mut hasher);
    let sum = sums.entry(id).or_default();
    *sum = (sum.0 + 1, sum.1.wrapping_add(hasher.finish()));
}
