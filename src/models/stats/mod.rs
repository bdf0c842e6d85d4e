//! Statistics of sessions: how often and how fast a subject got each metric right, as a typist each key.
//!
//! A [`Session`] counts samples in memory and is added to what is known of its subject in one commit, once. That keeps a
//! document for the session and, for each metric, a total that is true after every commit, so that a summary costs the same
//! after one session as after thousands. Old sessions are rolled up into days and months; sums and percentiles of any window
//! stay as exact as they were.

mod chars;
mod flush;
mod journal;
mod keys;
mod query;
mod retain;
mod session;
mod sketch;
mod tally;

pub use chars::{CharSessionStats, CharStat, StatsDb, aggregate_char_stats_from_buffer};
pub use flush::Outcome;
pub use keys::Grain;
pub use query::{By, History, MetricFigures, Past, PastSession, Trend, Weakness, Window};
pub use retain::RollUp;
pub use session::{MAX_METRIC_BYTES, MAX_METRICS, Session, SessionOptions};
pub use tally::{Figures, MAX_TIME_MS};

use crate::error::{Error, Result};
use crate::store::Store;

/// The statistics of a store. It costs nothing to make one. A subject of whom nothing is known has no sessions.
pub struct Stats<'s> {
    store: &'s Store,
}

impl<'s> Stats<'s> {
    /// The statistics of a store.
    pub fn new(store: &'s Store) -> Self {
        Self { store }
    }

    /// [`Session::begin`].
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub fn begin(&self, subject: &str, session: &str, options: SessionOptions) -> Result<Session> {
        Session::begin(self.store, subject, session, options)
    }

    /// Flushes the sessions whose process died: those in the journal to which nothing was written for `idle_ms`
    /// milliseconds. One that is alive nevertheless loses nothing: what it records later is a session of its own.
    ///
    /// # Errors
    /// As [`Session::flush`]; [`Kind::Invalid`](crate::Kind::Invalid) for a time below zero. A journal that cannot be
    /// flushed for what is in it keeps none of the others from it.
    pub fn recover(&self, idle_ms: i64) -> Result<Vec<Outcome>> {
        if idle_ms < 0 {
            return Err(Error::invalid(format!("idle for {idle_ms} ms")));
        }
        journal::recover(self.store, idle_ms)
    }
}
