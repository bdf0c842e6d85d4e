//! Writing what was changed in the source meanwhile: its change log is appended to the destination's as it is, with the
//! present records of the keys that it names.

use std::collections::BTreeSet;

use super::state::{State, text};
use crate::admin::chunk::{borrowed, check};
use crate::engine::Snapshot;
use crate::error::Result;
use crate::store::replica::{LogEntry, Mark, Replica, declarations, log_after};

/// Commits and keys of one transaction.
const ENTRIES: usize = 1000;
const KEYS: usize = 10_000;

/// Whether the change log could be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// So many commits; the destination is as the view is.
    All(u64),
    /// The log was trimmed, or does not tell of all changes: the records must be compared anew.
    Lost,
}

/// Brings the destination to what `view` sees.
pub(super) fn follow(view: &dyn Snapshot, replica: &Replica, state: &mut State) -> Result<Followed> {
    let (mut pending, mut keys, mut lost) = (Vec::new(), 0, false);
    let (mut known, mut count) = (state.version == 0, 0);
    log_after(view, state.version.saturating_sub(1), |entry| {
        if !known {
            known = entry.version == state.version && entry.fingerprint == state.fingerprint;
            lost = !known;
            return Ok(known);
        }
        if !entry.follows || entry.marked {
            lost = true;
            return Ok(false);
        }
        count += 1;
        keys += entry.keys.len();
        pending.push(entry);
        if pending.len() >= ENTRIES || keys >= KEYS {
            apply(view, replica, state, &pending)?;
            pending.clear();
            keys = 0;
        }
        Ok(true)
    })?;
    if lost || !known {
        return Ok(Followed::Lost);
    }
    if !pending.is_empty() {
        apply(view, replica, state, &pending)?;
    }
    Ok(Followed::All(count))
}

fn apply(view: &dyn Snapshot, replica: &Replica, state: &mut State, entries: &[LogEntry]) -> Result<()> {
    let Some(last) = entries.last() else { return Ok(()) };
    let keys: BTreeSet<&Vec<u8>> = entries.iter().flat_map(|entry| &entry.keys).collect();
    let mut next = state.clone();
    (next.version, next.fingerprint) = (last.version, last.fingerprint);
    next.followed += entries.len() as u64;
    let limits = replica.limits();
    replica.write(|writer| {
        for key in keys {
            match view
                .get(key)
                .map_err(|e| e.within(format!("the key {:?}", String::from_utf8_lossy(key))))?
            {
                Some(record) => {
                    check(key, &record, &limits)?;
                    writer.put(key, borrowed(&record))?;
                }
                None => writer.delete(key)?,
            }
        }
        if entries.iter().any(|entry| entry.catalog) {
            writer.declare(&declarations(view)?)?;
        }
        for entry in entries {
            writer.log(entry.version, &entry.bytes)?;
        }
        writer.mark(Mark::Incoming, Some(text(&next)?.as_bytes()))
    })?;
    *state = next;
    Ok(())
}
