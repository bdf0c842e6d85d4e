//! Saving what can be read of a damaged store into a new one. The damaged one is only read, and stays as it is.
//!
//! Kept is every record that can be read and matches its checksum, with its version and expiry, and the indexes whose
//! declarations can be read, built anew. The change log is not: watches begin anew. A stretch of keys between two readable
//! ones that could not be read is reported, whether it held records or not.

mod salvage;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chunk::{borrowed, check, owned};
use super::place::Place;
use super::progress::{Phase, Reporter, Watcher};
use crate::engine::Record;
use crate::error::{Error, Result};
use crate::store::replica::{Mark, Replica, declarations, mark};
use crate::store::{Clock, Config, Mode, Store, SystemClock};
use salvage::{is_damage, salvage};

/// Records and bytes of one commit.
const RECORDS: usize = 1000;
const BYTES: usize = 4 << 20;

/// How to repair.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepairOptions {
    /// Put what is at the destination aside; else the repair is refused when something is there.
    pub overwrite: bool,
}

/// What was saved and what was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// Records saved, and bytes of their keys and stored values.
    pub records: u64,
    /// As [`RepairReport::records`].
    pub bytes: u64,
    /// The highest version that was found; the new store goes on after it.
    pub version: u64,
    /// Stretches of keys that could not be read.
    pub lost: Vec<LostKeys>,
    /// What the engine finds wrong with the structure of the damaged store, a line each.
    pub findings: Vec<String>,
    /// What else could not be saved, for people.
    pub notes: Vec<String>,
    /// Where what was at the destination is now.
    pub replaced: Option<PathBuf>,
}

/// Keys that were lost: those between two that are there, or, when both are the same, that key. A key that is no text is
/// shown as well as it can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostKeys {
    /// None: from the first key on.
    pub after: Option<String>,
    /// None: to the last key.
    pub before: Option<String>,
}

/// A repaired store.
pub struct Repaired {
    /// What was saved and what was lost.
    pub report: RepairReport,
    /// The new store.
    pub store: Store,
}

/// Makes a new store of what can be read of a damaged one. The two may be of different engines.
///
/// # Errors
/// [`Kind::Cancelled`](crate::Kind::Cancelled); [`Kind::NotFound`](crate::Kind::NotFound); [`Kind::NotADatabase`](crate::Kind::NotADatabase) or
/// [`Kind::Corrupt`](crate::Kind::Corrupt) when the damaged one cannot be opened at all: then a backup is what is left;
/// [`Kind::Exists`](crate::Kind::Exists); [`Kind::Busy`](crate::Kind::Busy) while somebody else makes a store there;
/// [`Kind::Full`](crate::Kind::Full) and those of commits to the destination. Nothing is left behind then.
pub fn repair(
    damaged: &Config,
    to: &Config,
    options: &RepairOptions,
    watcher: Watcher<'_>,
) -> Result<Repaired> {
    if damaged.location == to.location {
        return Err(Error::invalid("a store is repaired into another place"));
    }
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    reporter.phase(Phase::Copy, 0, 0)?;
    let mut from = damaged.clone();
    (from.options.read_only, from.options.must_exist, from.options.mode) = (true, true, Mode::Through);
    let source = Replica::open(&from)?;
    let place = Place::new(to, options.overwrite)?;
    let replica = Replica::open(place.config())?;
    let mut report = RepairReport { findings: findings(&source), ..RepairReport::default() };
    report.notes.extend(damaged.location.path().and_then(unflushed));
    fill(&source, &replica, &mut report, &mut reporter)?;
    drop(source);
    let (store, replaced) = place.finish(replica, &mut reporter)?;
    report.replaced = replaced;
    Ok(Repaired { report, store })
}

/// A journal of mode behind that nobody finished.
fn unflushed(database: &Path) -> Option<String> {
    let journal = crate::engine::behind::journal_of(database);
    let size = std::fs::metadata(&journal).ok()?.len();
    Some(format!("what is only in the journal {} ({size} bytes) was not saved", journal.display()))
}

fn findings(source: &Replica) -> Vec<String> {
    source.findings().unwrap_or_else(|error| vec![error.to_string()])
}

/// Copies what can be read.
fn fill(
    source: &Replica,
    replica: &Replica,
    report: &mut RepairReport,
    reporter: &mut Reporter<'_>,
) -> Result<()> {
    let view = source.read()?;
    match declarations(view.as_ref()) {
        Ok(declarations) => replica.write(|writer| writer.declare(&declarations))?,
        Err(error) if is_damage(&error) => {
            report.notes.push(format!("the indexes are not declared: {error}"))
        }
        Err(error) => return Err(error),
    }
    let mut saved = Saved { replica, pending: Vec::new(), bytes: 0, version: 0 };
    let lost = salvage(view.as_ref(), &mut |key, record| {
        saved.bytes += key.len() + record.data.len();
        saved.version = saved.version.max(record.version);
        saved.pending.push((key.to_vec(), owned(&record)));
        if saved.pending.len() < RECORDS && saved.bytes < BYTES {
            return Ok(());
        }
        saved.write(report, reporter)
    })?;
    saved.write(report, reporter)?;
    let shown = |key: Option<Vec<u8>>| key.map(|key| String::from_utf8_lossy(&key).into_owned());
    let stretches =
        lost.into_iter().map(|lost| LostKeys { after: shown(lost.after), before: shown(lost.before) });
    report.lost = stretches.collect();
    report.version = match view.last_version() {
        Ok(version) => version.max(saved.version),
        Err(error) if is_damage(&error) => {
            report.notes.push(format!("the version goes on from that of the newest record: {error}"));
            saved.version
        }
        Err(error) => return Err(error),
    };
    if let Ok(Some(_)) = mark(view.as_ref(), Mark::Moved) {
        report.notes.push("the store was moved: what was written since is in its new place".to_owned());
    }
    replica.write(|writer| writer.log_start(report.version.saturating_add(1), SystemClock.now_ms()))
}

/// Records that were read and are to be written.
struct Saved<'a> {
    replica: &'a Replica,
    pending: Vec<(Vec<u8>, Record)>,
    bytes: usize,
    version: u64,
}

impl Saved<'_> {
    fn write(&mut self, report: &mut RepairReport, reporter: &mut Reporter<'_>) -> Result<()> {
        let (pending, bytes) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.bytes) as u64);
        let limits = self.replica.limits();
        self.replica.write(|writer| {
            pending.iter().try_for_each(|(key, record)| {
                check(key, record, &limits)?;
                writer.put(key, borrowed(record))
            })
        })?;
        let records = pending.len() as u64;
        (report.records, report.bytes) = (report.records + records, report.bytes + bytes);
        reporter.add(records, bytes)
    }
}
