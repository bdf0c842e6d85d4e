//! Checking everything: the engine's structure, then what this library wrote into it.

use super::index::IndexSet;
use super::{Inner, Store, changelog, encoding};
use crate::engine::{Fields, Hold, Range, Snapshot, Space};
use crate::error::{Error, Kind, Result};
use crate::limits;

/// Findings that are listed.
const LISTED: usize = 100;

impl Store {
    /// Checks every page, row, log entry and index. Reads and writes go on meanwhile.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] with up to 100 findings; the store refuses writes from then on. Else as [`Store::get`].
    pub fn verify(&self) -> Result<()> {
        let inner = &self.inner;
        let engine = inner.engine()?;
        let mut findings = inner.note(engine.verify())?;
        if findings.is_empty() {
            let snapshot = engine.snapshot(Hold::Long)?;
            findings = inner.note(inner.check_contents(snapshot.as_ref()))?;
        }
        if findings.is_empty() {
            return Ok(());
        }
        let more = findings.len().saturating_sub(LISTED);
        findings.truncate(LISTED);
        let text = format!("{}{}", findings.join("\n"), if more > 0 { "\n..." } else { "" });
        inner.note(Err(Error::new(Kind::Corrupt, text)))
    }
}

impl Inner {
    fn check_contents(&self, snapshot: &dyn Snapshot) -> Result<Vec<String>> {
        let mut findings = Vec::new();
        let last = snapshot.last_version()?;
        let indexes = IndexSet::read(snapshot)?;
        let mut expected = indexes.tally();
        snapshot.scan(&Range::all(), false, Fields::All, &mut |key, record| {
            let shown = String::from_utf8_lossy(key);
            if key.is_empty() || key.len() > limits::MAX_KEY_BYTES {
                findings.push(format!("a key of {} bytes", key.len()));
            }
            if record.version == 0 || record.version > last {
                findings
                    .push(format!("key {shown:?}: version {} is beyond the log's {last}", record.version));
            }
            match encoding::decode(record.encoding, record.data) {
                Ok(data) => expected.add_document(key, &data),
                Err(error) => findings.push(format!("key {shown:?}: {error}")),
            }
            Ok(findings.len() < LISTED)
        })?;
        let mut found = indexes.tally();
        snapshot.entries(Space::Index, &Range::all(), false, &mut |entry, _| {
            found.add_entry(entry);
            Ok(true)
        })?;
        if findings.is_empty() {
            findings.extend(expected.differences(&found));
        }
        let mut reached = None;
        let checked = changelog::after(snapshot, 0, |entry| {
            if reached.is_some_and(|reached| entry.first != reached + 1) {
                findings.push(format!("the change log has a gap before version {}", entry.first));
            }
            reached = Some(entry.last());
            Ok(true)
        });
        if let Err(error) = checked {
            findings.push(error.to_string());
        }
        Ok(findings)
    }
}
