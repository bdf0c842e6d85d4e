//! A session under way: samples are counted in memory, and by choice also written to a journal, a few at a time.

use std::collections::{BTreeMap, HashMap};

use super::flush::{Outcome, apply};
use super::journal::{Journal, Sample};
use super::keys::{Entry, Grain, check_time};
use super::tally::{Tally, microseconds};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::lobby::Chance;
use crate::models::{check_bytes, check_id};
use crate::store::{Store, Transaction};

/// The most bytes of a metric's name.
pub const MAX_METRIC_BYTES: usize = 128;
/// The most metrics of a session.
pub const MAX_METRICS: usize = 10_000;
/// Times that a session whose journal was taken from it goes on as the next part.
const MAX_PARTS: u64 = 100;

/// How a session is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// When it began, in milliseconds since 1970-01-01 UTC; None: now.
    pub began: Option<i64>,
    /// Write the samples to a journal in the store, this many in each commit, so that they survive the process; 0: keep
    /// them in memory alone until the flush.
    pub journal_every: u32,
}

/// A session of a subject, from its begin to its flush. Recording does no I/O and takes no lock.
///
/// With a journal, whoever records asks [`Session::is_due`] after each sample, or whenever the moment is right, and then
/// calls [`Session::journal`]; [`recover`](super::Stats::recover) flushes what a process that died has left.
pub struct Session {
    subject: String,
    id: String,
    /// Its name in the store: the id, or a part of it.
    name: String,
    part: u64,
    began: i64,
    /// The latest time that a sample told.
    latest: i64,
    metrics: HashMap<Box<str>, Tally, foldhash::fast::RandomState>,
    journal: Option<Journal>,
    outcome: Option<Outcome>,
}

impl Session {
    /// Begins a session. `id` is the caller's name for it: a session is flushed once, however often that is tried. Empty: a
    /// random one.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`], [`Kind::OutOfRange`] (the begin); those of [`Store::now`].
    pub fn begin(store: &Store, subject: &str, id: &str, options: SessionOptions) -> Result<Self> {
        check_id("a subject", subject)?;
        let id = if id.is_empty() { random_id()? } else { id.to_owned() };
        check_id("a session", &id)?;
        let began = options.began.map_or_else(|| store.now(), Ok)?;
        check_time("a session", began)?;
        Ok(Self {
            subject: subject.to_owned(),
            name: id.clone(),
            id,
            part: 1,
            began,
            latest: began,
            metrics: HashMap::default(),
            journal: Journal::new(options.journal_every),
            outcome: None,
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Counts an attempt at a metric: a key that was typed, or any other text of 1 to 128 bytes. `time_ms`, how long it
    /// took, from 0 to a day, counts when it was correct. `at` is when that was, in milliseconds since 1970-01-01 UTC; 0:
    /// not told.
    ///
    /// # Errors
    /// [`Kind::OutOfRange`] for a time that cannot be, and when a sum does not fit 64 bits; [`Kind::Invalid`],
    /// [`Kind::TooLarge`] (the metric, their number, a journal that was long not written); [`Kind::Closed`] after the
    /// flush. Then nothing was counted.
    #[inline]
    pub fn record(&mut self, metric: &str, time_ms: f64, correct: bool, at: i64) -> Result<()> {
        let time_us = microseconds(time_ms)?;
        check_time("a sample", at)?;
        if self.outcome.is_some() {
            return Err(self.closed());
        }
        if let Some(journal) = &self.journal {
            journal.check_room()?;
        }
        match self.metrics.get_mut(metric) {
            Some(tally) => tally.record(time_us, correct)?,
            None => self.record_first(metric, time_us, correct)?,
        }
        self.latest = self.latest.max(at);
        if let Some(journal) = &mut self.journal {
            journal.push(Sample { metric: metric.to_owned(), time_us, correct, at });
        }
        Ok(())
    }

    #[cold]
    fn record_first(&mut self, metric: &str, time_us: u64, correct: bool) -> Result<()> {
        check_metric(metric)?;
        if self.metrics.len() >= MAX_METRICS {
            return Err(limits::too_many("metrics in a session", MAX_METRICS + 1, MAX_METRICS));
        }
        let mut tally = Tally::default();
        tally.record(time_us, correct)?;
        self.metrics.insert(metric.into(), tally);
        Ok(())
    }

    #[cold]
    fn closed(&self) -> Error {
        Error::new(Kind::Closed, format!("session {:?} was flushed: begin another", self.id))
    }

    /// Whether enough samples wait to be written to the journal.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_due)
    }

    /// Writes the samples that wait to the journal, in one commit; without a journal or samples it does nothing. When it
    /// fails they wait on.
    ///
    /// # Errors
    /// [`Kind::Exists`] while another session of the same id is recorded; those of a commit.
    pub fn journal(&mut self, store: &Store) -> Result<()> {
        while let Some(journal) = &mut self.journal {
            if journal.write(store, &self.subject, &self.name, self.began)? {
                break;
            }
            self.go_on_as_next_part()?;
        }
        Ok(())
    }

    /// Adds the session to what is counted of its subject, in one commit, and ends it. A session that was flushed before,
    /// by whomever, is left alone when it had the same samples; one without a sample leaves nothing. After a failure it may
    /// be tried again.
    ///
    /// # Errors
    /// [`Kind::Exists`] when another session with the same id was flushed, with other samples; [`Kind::OutOfRange`] when a
    /// sum does not fit 64 bits; [`Kind::WrongType`] when a plain put wrote something else there; those of a commit.
    pub fn flush(&mut self, store: &Store) -> Result<Outcome> {
        if let Some(outcome) = &self.outcome {
            return Ok(Outcome { repeated: true, ..outcome.clone() });
        }
        loop {
            let entry = self.entry(store.now()?);
            let applied = store.transaction(|txn| {
                let kept = self.take_journal(txn)?;
                if kept { apply(txn, &self.subject, &entry).map(Some) } else { Ok(None) }
            })?;
            match applied {
                Some(outcome) => return Ok(self.outcome.insert(outcome).clone()),
                None => self.go_on_as_next_part()?,
            }
        }
    }

    /// Deletes the journal; false when somebody has flushed it.
    fn take_journal(&self, txn: &mut Transaction) -> Result<bool> {
        self.journal.as_ref().map_or(Ok(true), |journal| journal.take(txn, &self.subject, &self.name))
    }

    /// What was in the journal counts, as a session that somebody recovered: what was not is another one.
    fn go_on_as_next_part(&mut self) -> Result<()> {
        self.part += 1;
        if self.part > MAX_PARTS {
            return Err(Error::new(
                Kind::Conflict,
                format!("session {:?} was taken {MAX_PARTS} times", self.id),
            ));
        }
        self.name = part_of(&self.id, self.part);
        self.metrics.clear();
        for sample in self.journal.iter_mut().flat_map(Journal::start_anew) {
            self.metrics
                .entry(sample.metric.as_str().into())
                .or_default()
                .record(sample.time_us, sample.correct)?;
        }
        Ok(())
    }

    fn entry(&self, now: i64) -> Entry {
        let metrics = self.metrics.iter().map(|(metric, tally)| (metric.to_string(), tally.clone()));
        let ended = ended(self.began, self.latest, now);
        session_entry(self.name.clone(), self.began, ended, metrics.collect())
    }
}

fn random_id() -> Result<String> {
    let chance = Chance::System;
    Ok(format!("{:016x}{:016x}", chance.bits()?, chance.bits()?))
}

/// The name of a part of a session; no id of a caller's is the same.
pub(super) fn part_of(id: &str, part: u64) -> String {
    if part == 1 { id.to_owned() } else { format!("{id}\t{part}") }
}

/// When a session ended: with its latest sample, or, where none told its time, when it was last heard of.
pub(super) fn ended(began: i64, latest: i64, heard: i64) -> i64 {
    if latest > began { latest } else { heard.max(began) }
}

pub(super) fn session_entry(id: String, began: i64, ended: i64, metrics: BTreeMap<String, Tally>) -> Entry {
    Entry { grain: Grain::Session, id, sessions: 1, began, ended, metrics }
}

pub(super) fn check_metric(metric: &str) -> Result<()> {
    if metric.is_empty() {
        return Err(Error::invalid("a metric without a name"));
    }
    check_bytes("a metric", metric, MAX_METRIC_BYTES)
}
