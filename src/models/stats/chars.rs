//! A typist's statistics: metrics are single characters, times whole milliseconds.

use std::collections::HashMap;

use super::query::{Past, Window};
use super::session::{Session, SessionOptions};
use super::tally::{Figures, Tally, microseconds};
use super::{Outcome, Stats};
use crate::error::Result;
use crate::models::check_id;
use crate::store::Store;

/// One character that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CharStat {
    /// The character that was asked for.
    pub character: char,
    /// How long it took, up to a day.
    pub time_to_press_ms: u64,
    /// Whether it was the one.
    pub was_correct: bool,
    /// When, in milliseconds since 1970-01-01 UTC; 0: not told.
    pub timestamp_ms: i64,
}

/// What became of a character in a session, or in a day or month of rolled-up ones. Times are of the correct attempts; 0
/// without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CharSessionStats {
    /// The character.
    pub character: char,
    /// How often it was typed.
    pub total_attempts: u64,
    /// How often correctly.
    pub correct_attempts: u64,
    /// The sum of the times.
    pub total_time_ms: u64,
    /// The shortest.
    pub min_time_ms: u64,
    /// The longest.
    pub max_time_ms: u64,
    /// When the session began, in milliseconds since 1970-01-01 UTC; 0 where that is not known.
    pub session_date: i64,
}

impl CharSessionStats {
    fn of(character: char, figures: &Figures, session_date: i64) -> Self {
        let whole = |ms: f64| ms.round() as u64;
        Self {
            character,
            total_attempts: figures.attempts,
            correct_attempts: figures.correct,
            total_time_ms: whole(figures.total_ms),
            min_time_ms: figures.min_ms.map_or(0, whole),
            max_time_ms: figures.max_ms.map_or(0, whole),
            session_date,
        }
    }
}

/// The statistics of one typist: a session at a time is recorded, and all are asked.
pub struct StatsDb<'s> {
    stats: Stats<'s>,
    subject: String,
    journal_every: u32,
    session: Option<Session>,
}

impl<'s> StatsDb<'s> {
    /// The statistics of a typist. `journal_every`: as [`SessionOptions::journal_every`].
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge) for a subject that is none.
    pub fn new(store: &'s Store, subject: &str, journal_every: u32) -> Result<Self> {
        check_id("a subject", subject)?;
        Ok(Self { stats: Stats::new(store), subject: subject.to_owned(), journal_every, session: None })
    }

    /// Counts a character in the present session, or in a new one.
    ///
    /// # Errors
    /// As [`Session::record`]; with a journal as [`Session::journal`]: then the character counts nevertheless.
    pub fn record_char_stat(&mut self, stat: &CharStat) -> Result<()> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.begin(stat.timestamp_ms)?,
        };
        let session = self.session.insert(session);
        let mut name = [0; 4];
        let metric: &str = stat.character.encode_utf8(&mut name);
        session.record(metric, stat.time_to_press_ms as f64, stat.was_correct, stat.timestamp_ms)?;
        if session.is_due() { session.journal(self.stats.store) } else { Ok(()) }
    }

    /// Counts characters, and ends the session with them.
    ///
    /// # Errors
    /// As [`StatsDb::record_char_stat`] and [`StatsDb::flush`]; characters before the one that was refused count.
    pub fn record_char_stats_batch(&mut self, stats: &[CharStat]) -> Result<()> {
        stats.iter().try_for_each(|stat| self.record_char_stat(stat))?;
        self.flush().map(|_| ())
    }

    /// Ends the present session, if there is one, in one commit.
    ///
    /// # Errors
    /// As [`Session::flush`]; then it goes on.
    pub fn flush(&mut self) -> Result<Option<Outcome>> {
        let outcome = self.session.as_mut().map(|session| session.flush(self.stats.store)).transpose()?;
        self.session = None;
        Ok(outcome)
    }

    /// The average time of the correct attempts; None without one.
    ///
    /// # Errors
    /// As [`Stats::figures`]; so for all below. They tell of flushed sessions.
    pub fn get_avg_time_to_press(&self, character: char) -> Result<Option<f64>> {
        Ok(self.figures(character)?.average_ms)
    }

    /// What part of the attempts was not correct, from 0 to 1; 0 without an attempt.
    ///
    /// # Errors
    /// As [`StatsDb::get_avg_time_to_press`].
    pub fn get_miss_rate(&self, character: char) -> Result<f64> {
        Ok(self.figures(character)?.miss_rate)
    }

    /// Of every character its average time in milliseconds (0 without a correct attempt), its miss rate and its attempts.
    ///
    /// # Errors
    /// As [`StatsDb::get_avg_time_to_press`].
    pub fn get_all_char_summary(&self) -> Result<Vec<(char, f64, f64, i64)>> {
        let summary = self.stats.summary(&self.subject, Window::default())?;
        let told = summary.iter().filter_map(|metric| {
            let figures = metric.figures;
            let attempts = i64::try_from(figures.attempts).unwrap_or(i64::MAX);
            Some((single(&metric.metric)?, figures.average_ms.unwrap_or(0.0), figures.miss_rate, attempts))
        });
        Ok(told.collect())
    }

    /// What became of a character in each session that had it, the oldest first.
    ///
    /// # Errors
    /// As [`StatsDb::get_avg_time_to_press`].
    pub fn get_char_session_stats(&self, character: char) -> Result<Vec<CharSessionStats>> {
        let mut past = Past { metric: Some(character.to_string()), ..Past::default() };
        let mut sessions = Vec::new();
        loop {
            let page = self.stats.history(&self.subject, &past)?;
            sessions.extend(page.sessions.iter().flat_map(|session| {
                let figures = session.metrics.values();
                figures.map(|figures| CharSessionStats::of(character, figures, session.began))
            }));
            match page.next {
                next @ Some(_) => past.after = next,
                None => return Ok(sessions),
            }
        }
    }

    fn begin(&self, timestamp_ms: i64) -> Result<Session> {
        let began = (timestamp_ms != 0).then_some(timestamp_ms);
        let options = SessionOptions { began, journal_every: self.journal_every };
        self.stats.begin(&self.subject, "", options)
    }

    fn figures(&self, character: char) -> Result<Figures> {
        let figures = self.stats.figures(&self.subject, character.encode_utf8(&mut [0; 4]))?;
        Ok(figures.unwrap_or_default())
    }
}

/// What the samples of each character amount to, in order of the characters.
///
/// # Errors
/// [`Kind::OutOfRange`](crate::Kind::OutOfRange) for a time of more than a day and a sum that does not fit.
pub fn aggregate_char_stats_from_buffer(
    buffer: &HashMap<char, Vec<CharStat>>,
) -> Result<Vec<CharSessionStats>> {
    let mut sessions = Vec::with_capacity(buffer.len());
    for (character, stats) in buffer {
        let mut tally = Tally::default();
        for stat in stats {
            tally.record(microseconds(stat.time_to_press_ms as f64)?, stat.was_correct)?;
        }
        let date = stats.iter().map(|stat| stat.timestamp_ms).filter(|time| *time != 0).min();
        sessions.push(CharSessionStats::of(*character, &tally.figures(), date.unwrap_or(0)));
    }
    sessions.sort_unstable_by_key(|session| session.character);
    Ok(sessions)
}

/// The only character of a text.
fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}
