//! Where statistics are kept, and what their documents are.
//!
//! ```text
//! stats:{subject}:total:{metric}                all that was ever counted of a metric
//! stats:{subject}:log:{began}:session:{id}      a session, until it is rolled up
//! stats:{subject}:log:{began}:day               the sessions of a day, UTC; or :month
//! stats:{subject}:flushed:{id}                  that a session counts, for ever
//! stats.journal:{subject}:{id}:{number}         samples of a session under way
//! ```
//! Times in keys have 15 digits, so that keys are ordered as times.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::tally::Tally;
use crate::error::{Error, Kind, Result};

/// The last millisecond of the year 9999: no session is later.
pub(super) const LAST_TIME: i64 = 253_402_300_799_999;
pub(super) const JOURNALS: &str = "stats.journal:";

pub(super) fn check_time(what: &str, time: i64) -> Result<()> {
    match time {
        0..=LAST_TIME => Ok(()),
        _ => Err(Error::new(Kind::OutOfRange, format!("{what} at {time}: wanted 0 to {LAST_TIME}"))),
    }
}

pub(super) fn subject_prefix(subject: &str) -> String {
    format!("stats:{subject}:")
}

pub(super) fn totals_prefix(subject: &str) -> String {
    format!("stats:{subject}:total:")
}

pub(super) fn total_key(subject: &str, metric: &str) -> String {
    format!("stats:{subject}:total:{metric}")
}

pub(super) fn log_prefix(subject: &str) -> String {
    format!("stats:{subject}:log:")
}

/// Where the entries that began at a time or later are.
pub(super) fn log_from(subject: &str, began: i64) -> String {
    format!("stats:{subject}:log:{:015}", began.clamp(0, LAST_TIME + 1))
}

pub(super) fn log_key(subject: &str, began: i64, grain: Grain, session: &str) -> String {
    let place = log_from(subject, began);
    match grain {
        Grain::Session => format!("{place}:session:{session}"),
        Grain::Day => format!("{place}:day"),
        Grain::Month => format!("{place}:month"),
    }
}

pub(super) fn flushed_key(subject: &str, session: &str) -> String {
    format!("stats:{subject}:flushed:{session}")
}

pub(super) fn journals_prefix(subject: &str) -> String {
    format!("{JOURNALS}{subject}:")
}

pub(super) fn journal_prefix(subject: &str, session: &str) -> String {
    format!("{JOURNALS}{subject}:{session}:")
}

pub(super) fn journal_key(subject: &str, session: &str, number: u64) -> String {
    format!("{JOURNALS}{subject}:{session}:{number:010}")
}

/// What an entry of the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// One session.
    Session,
    /// All sessions that began on one day, in UTC.
    Day,
    /// All sessions that began in one month.
    Month,
}

/// An entry of the log.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    pub grain: Grain,
    /// Of a session; empty for all others.
    pub id: String,
    pub sessions: u64,
    pub began: i64,
    pub ended: i64,
    pub metrics: BTreeMap<String, Tally>,
}

/// The same as it was read: a tally is read when it is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredEntry<'a> {
    pub grain: Grain,
    #[serde(default, borrow)]
    pub id: Cow<'a, str>,
    pub sessions: u64,
    pub began: i64,
    pub ended: i64,
    #[serde(borrow)]
    pub metrics: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// That a session counts, and what it was.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flushed {
    pub began: i64,
    /// Of its metrics.
    pub digest: String,
}
