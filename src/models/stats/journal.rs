//! The samples of a session under way as rows of the store, and how those of a dead process are flushed.
//!
//! A batch is written only while the one before is as its writer left it, and a flush takes them all: of the recorder and
//! somebody who recovers the session, one wins, and the other sees it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::flush::{Outcome, apply};
use super::keys::{JOURNALS, check_time, journal_key, journal_prefix};
use super::session::{check_metric, ended, part_of, session_entry};
use super::tally::Tally;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::document;
use crate::store::{Batch, Scan, Store, Transaction};

/// The most samples that wait to be written.
const MAX_WAITING: usize = 100_000;
/// Names that are tried for what is recovered.
const MAX_NAMES: u64 = 1000;

/// One attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    pub metric: String,
    pub time_us: u64,
    pub correct: bool,
    pub at: i64,
}

/// Samples that were written together.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<S> {
    began: i64,
    /// When they were written.
    at: i64,
    samples: S,
}

/// The journal of a session, as its recorder knows it.
pub(super) struct Journal {
    every: usize,
    /// Write when so many wait.
    due: usize,
    waiting: Vec<Sample>,
    batches: u64,
    /// The version of the last batch.
    version: u64,
}

impl Journal {
    pub fn new(every: u32) -> Option<Self> {
        let every = (every as usize).min(MAX_WAITING);
        (every > 0).then(|| Self { every, due: every, waiting: Vec::new(), batches: 0, version: 0 })
    }

    pub fn check_room(&self) -> Result<()> {
        match self.waiting.len() {
            count if count >= MAX_WAITING => {
                Err(limits::too_many("samples wait for the journal", count + 1, MAX_WAITING))
            }
            _ => Ok(()),
        }
    }

    pub fn push(&mut self, sample: Sample) {
        self.waiting.push(sample);
    }

    pub fn is_due(&self) -> bool {
        self.waiting.len() >= self.due
    }

    /// Writes what waits; false when somebody has flushed what was written before.
    pub fn write(&mut self, store: &Store, subject: &str, session: &str, began: i64) -> Result<bool> {
        if self.waiting.is_empty() {
            return Ok(true);
        }
        // A failing store is not asked again for every sample.
        self.due = self.waiting.len() + self.every;
        let written = Written { began, at: store.now()?, samples: &self.waiting };
        let mut batch = Batch::new();
        let key = |number| journal_key(subject, session, number).into_bytes();
        if self.batches > 0 {
            batch.check(&key(self.batches - 1), self.version)?;
        }
        batch.check(&key(self.batches), 0)?;
        batch.put(&key(self.batches), &document::encode(&written)?)?;
        match store.commit(&batch) {
            Ok(version) => {
                *self = Self {
                    every: self.every,
                    due: self.every,
                    waiting: Vec::new(),
                    batches: self.batches + 1,
                    version,
                };
                Ok(true)
            }
            Err(error) if error.kind() == Kind::Conflict && self.batches > 0 => Ok(false),
            Err(error) if error.kind() == Kind::Conflict => Err(Error::new(
                Kind::Exists,
                format!("session {session:?} is recorded by another: wait or recover it"),
            )),
            Err(error) => Err(error),
        }
    }

    /// Deletes what was written; false, and nothing was, when somebody has flushed it.
    pub fn take(&self, txn: &mut Transaction, subject: &str, session: &str) -> Result<bool> {
        let key = |number| journal_key(subject, session, number);
        if let Some(last) = self.batches.checked_sub(1) {
            let found = txn.get(key(last).as_bytes())?;
            if found.is_none_or(|found| found.version() != self.version) {
                return Ok(false);
            }
        }
        for number in 0..self.batches {
            txn.delete(key(number).as_bytes())?;
        }
        Ok(true)
    }

    /// Forgets what was written; what waits is left.
    pub fn start_anew(&mut self) -> &[Sample] {
        (self.batches, self.version, self.due) = (0, 0, self.every);
        &self.waiting
    }
}

/// A journal that was found.
struct Found {
    began: i64,
    /// The latest time that a sample told.
    latest: i64,
    /// When it was last written to.
    written: i64,
    metrics: BTreeMap<String, Tally>,
    keys: Vec<Vec<u8>>,
}

/// Flushes every journal to which nothing was written for `idle_ms`. One that cannot be is told when all others were.
pub(super) fn recover(store: &Store, idle_ms: i64) -> Result<Vec<Outcome>> {
    let (mut recovered, mut failed) = (Vec::new(), None);
    let mut scan = Scan::prefix(JOURNALS.as_bytes()).keys_only(true).limit(1);
    // One journal after the other, by its first batch.
    while let Some(first) = store.scan(&scan)?.rows.into_iter().next() {
        let Some((subject, session)) = owner(&first.key) else {
            failed = failed.or_else(|| Some(foreign(&first.key)));
            scan = scan.after(&first.key);
            continue;
        };
        let prefix = journal_prefix(subject, session);
        let flushed = store.transaction(|txn| match read(txn, &prefix)? {
            Some(found) if found.written.saturating_add(idle_ms) <= store.now()? => {
                flush(txn, subject, session, found).map(Some)
            }
            _ => Ok(None),
        });
        match flushed {
            Ok(flushed) => recovered.extend(flushed),
            Err(error) if matches!(error.kind(), Kind::WrongType | Kind::OutOfRange) => {
                failed = failed.or(Some(error));
            }
            Err(error) => return Err(error),
        }
        // A byte that no number has: past all batches of this one.
        scan = scan.after(&[prefix.as_bytes(), b"\xff"].concat());
    }
    failed.map_or(Ok(recovered), Err)
}

/// Whose journal a batch is part of: subject and session.
fn owner(key: &[u8]) -> Option<(&str, &str)> {
    let mut parts = std::str::from_utf8(key.strip_prefix(JOURNALS.as_bytes())?).ok()?.split(':');
    let owner = (parts.next()?, parts.next()?);
    (parts.next().is_some() && parts.next().is_none()).then_some(owner)
}

fn foreign(key: &[u8]) -> Error {
    let key = String::from_utf8_lossy(key);
    Error::new(Kind::WrongType, format!("{key}: no batch of samples of a session is kept there"))
}

/// All samples of a journal; None when it is gone.
fn read(txn: &mut Transaction, prefix: &str) -> Result<Option<Found>> {
    let mut found: Option<Found> = None;
    let mut scan = Scan::prefix(prefix.as_bytes()).limit(limits::MAX_PAGE_ROWS);
    loop {
        let page = txn.scan(&scan)?;
        for row in page.rows {
            let data = row.value.as_ref().ok_or_else(|| foreign(&row.key))?;
            let written: Written<Vec<Sample>> = document::decode(&row.key, data)?;
            check_time("a session", written.began)?;
            let found = found.get_or_insert_with(|| Found {
                began: written.began,
                latest: written.began,
                written: written.at,
                metrics: BTreeMap::new(),
                keys: Vec::new(),
            });
            found.written = written.at;
            for sample in written.samples {
                check_metric(&sample.metric)?;
                check_time("a sample", sample.at)?;
                found.latest = found.latest.max(sample.at);
                found.metrics.entry(sample.metric).or_default().record(sample.time_us, sample.correct)?;
            }
            found.keys.push(row.key);
        }
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => return Ok(found),
        }
    }
}

/// Turns a journal into a session that counts, under another name where the id means another one.
fn flush(txn: &mut Transaction, subject: &str, session: &str, found: Found) -> Result<Outcome> {
    for key in &found.keys {
        txn.delete(key)?;
    }
    let ended = ended(found.began, found.latest, found.written);
    let mut entry = session_entry(session.to_owned(), found.began, ended, found.metrics);
    for part in 1..MAX_NAMES {
        entry.id = part_of(session, part);
        match apply(txn, subject, &entry) {
            Err(error) if error.kind() == Kind::Exists => {}
            result => return result,
        }
    }
    Err(Error::new(Kind::Exists, format!("session {session:?} was recorded {MAX_NAMES} times")))
}
