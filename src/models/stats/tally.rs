//! What samples of one metric amount to, and the figures told of it. Pure.

use serde::{Deserialize, Serialize};

use super::sketch::Sketch;
use crate::error::{Error, Kind, Result};

/// The longest time of a sample: a day.
pub const MAX_TIME_MS: f64 = 86_400_000.0;

/// The attempts at one metric, of any number of samples, sessions and days. Times are those of the correct attempts, in whole
/// microseconds, so that sums are exact and come out the same in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub(super) struct Tally {
    attempts: u64,
    correct: u64,
    total_us: u64,
    min_us: u64,
    max_us: u64,
    bins: Sketch,
}

/// A tally that others may have written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    attempts: u64,
    correct: u64,
    total_us: u64,
    min_us: u64,
    max_us: u64,
    bins: Sketch,
}

impl TryFrom<Stored> for Tally {
    type Error = &'static str;

    fn try_from(stored: Stored) -> std::result::Result<Self, Self::Error> {
        let Stored { attempts, correct, total_us, min_us, max_us, bins } = stored;
        if attempts < correct || min_us > max_us || bins.count().unwrap_or(0) != correct {
            return Err("a tally that does not add up");
        }
        Ok(Self { attempts, correct, total_us, min_us, max_us, bins })
    }
}

/// What is told of the attempts at a metric. Times are of the correct ones, in milliseconds, exact to the microsecond; None
/// without a correct one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// All attempts.
    pub attempts: u64,
    /// The correct ones.
    pub correct: u64,
    /// What part of the attempts was not correct, from 0 to 1; 0 without an attempt.
    pub miss_rate: f64,
    /// The sum of the times.
    pub total_ms: f64,
    /// Their average.
    pub average_ms: Option<f64>,
    /// The shortest.
    pub min_ms: Option<f64>,
    /// The longest.
    pub max_ms: Option<f64>,
}

/// A sample's time in microseconds.
#[inline]
pub(super) fn microseconds(time_ms: f64) -> Result<u64> {
    if (0.0..=MAX_TIME_MS).contains(&time_ms) {
        Ok((time_ms * 1000.0 + 0.5) as u64)
    } else {
        Err(Error::new(
            Kind::OutOfRange,
            format!("a time of {time_ms} ms: wanted one from 0 to {MAX_TIME_MS}"),
        ))
    }
}

#[cold]
fn too_much() -> Error {
    Error::new(Kind::OutOfRange, "the sum of the times or attempts does not fit 64 bits")
}

impl Tally {
    /// Takes in one attempt, unless that fails.
    #[inline]
    pub fn record(&mut self, time_us: u64, correct: bool) -> Result<()> {
        let attempts = self.attempts.checked_add(1).ok_or_else(too_much)?;
        if correct {
            self.total_us = self.total_us.checked_add(time_us).ok_or_else(too_much)?;
            self.min_us = if self.correct == 0 { time_us } else { self.min_us.min(time_us) };
            self.max_us = self.max_us.max(time_us);
            self.correct += 1;
            self.bins.insert(time_us);
        }
        self.attempts = attempts;
        Ok(())
    }

    /// Takes in another, unless that fails.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let attempts = self.attempts.checked_add(other.attempts).ok_or_else(too_much)?;
        self.total_us = self.total_us.checked_add(other.total_us).ok_or_else(too_much)?;
        self.attempts = attempts;
        self.min_us = match (self.correct, other.correct) {
            (_, 0) => self.min_us,
            (0, _) => other.min_us,
            _ => self.min_us.min(other.min_us),
        };
        self.max_us = self.max_us.max(other.max_us);
        self.correct += other.correct;
        self.bins.merge(&other.bins);
        Ok(())
    }

    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    pub fn figures(&self) -> Figures {
        let some = |value: f64| (self.correct > 0).then_some(value);
        Figures {
            attempts: self.attempts,
            correct: self.correct,
            miss_rate: (self.attempts - self.correct) as f64 / self.attempts.max(1) as f64,
            total_ms: milliseconds(self.total_us),
            average_ms: some(self.total_us as f64 / self.correct.max(1) as f64 / 1000.0),
            min_ms: some(milliseconds(self.min_us)),
            max_ms: some(milliseconds(self.max_us)),
        }
    }

    /// The time at a quantile from 0 to 1, in milliseconds; None without a correct attempt.
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let found = self.bins.quantile(quantile)?;
        // The least and the greatest are known better than the bins tell.
        let time = match quantile {
            0.0 => self.min_us,
            1.0 => self.max_us,
            _ => found.clamp(self.min_us, self.max_us),
        };
        Some(milliseconds(time))
    }
}

fn milliseconds(us: u64) -> f64 {
    us as f64 / 1000.0
}
