//! Questions about a subject: from its totals for all time, from its log for a window.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Stats;
use super::keys::{Grain, StoredEntry, log_from, log_prefix, total_key, totals_prefix};
use super::session::check_metric;
use super::tally::{Figures, Tally};
use crate::error::{Error, Result};
use crate::limits;
use crate::models::check_id;
use crate::models::document::{self, check_count};
use crate::models::leaderboard::Period;
use crate::store::{Row, Scan, Transaction};

/// The most quantiles of one question.
const MAX_QUANTILES: usize = 1000;

/// The sessions that began at `from` or later and before `until`, in milliseconds since 1970-01-01 UTC; None: no bound. Of
/// what was rolled up, the days and months that began then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// The first moment.
    pub from: Option<i64>,
    /// The first moment that is too late.
    pub until: Option<i64>,
}

/// A metric and its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricFigures {
    /// The metric.
    pub metric: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What makes a metric a weak one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// That many of its attempts are not correct.
    #[default]
    MissRate,
    /// That its correct attempts take long, on average.
    Time,
}

/// Which metrics are looked for as weak ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weakness {
    /// What makes them weak.
    pub by: By,
    /// Only those with as many attempts.
    pub min_attempts: u64,
    /// The most that are told.
    pub count: usize,
}

impl Default for Weakness {
    fn default() -> Self {
        Self { by: By::default(), min_attempts: 10, count: 10 }
    }
}

/// Which part of the past is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Past {
    /// Of this metric alone, and of what has it.
    pub metric: Option<String>,
    /// As in [`Window`].
    pub from: Option<i64>,
    /// As in [`Window`].
    pub until: Option<i64>,
    /// From the last to the first.
    pub newest_first: bool,
    /// The most entries of a page, up to 10,000; 0: 256.
    pub limit: usize,
    /// Goes on after the page that told this as `next`.
    pub after: Option<String>,
}

/// What happened in a session, or in a day or month that sessions were rolled up into.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PastSession {
    /// Which of them.
    pub grain: Grain,
    /// The session's id; empty for others.
    pub id: String,
    /// How many sessions.
    pub sessions: u64,
    /// When the session, day or month began, in milliseconds since 1970-01-01 UTC.
    pub began: i64,
    /// When the last session ended.
    pub ended: i64,
    /// By metric.
    pub metrics: BTreeMap<String, Figures>,
}

/// A page of the past.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct History {
    /// In order of their begin.
    pub sessions: Vec<PastSession>,
    /// For [`Past::after`]; None: this was the last page.
    pub next: Option<String>,
}

/// A day, or a month that was rolled up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Its first day: "2026-01-05".
    pub day: String,
    /// Day or month.
    pub grain: Grain,
    /// How many sessions.
    pub sessions: u64,
    /// The figures of the metric, or of all.
    #[serde(flatten)]
    pub figures: Figures,
    /// The median time, in milliseconds, within 1/128.
    pub p50_ms: Option<f64>,
    /// The time that 95 of 100 attempts did not exceed.
    pub p95_ms: Option<f64>,
}

impl Stats<'_> {
    /// The figures of a metric over all sessions; None when it was never attempted.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge);
    /// [`Kind::WrongType`](crate::Kind::WrongType) when a plain put wrote something else there; those of a read. So for
    /// all questions below.
    pub fn figures(&self, subject: &str, metric: &str) -> Result<Option<Figures>> {
        Ok(self.total(subject, metric)?.map(|total| total.figures()))
    }

    /// The figures of every metric over the sessions of a window, in order of their names.
    ///
    /// # Errors
    /// As [`Stats::figures`].
    pub fn summary(&self, subject: &str, window: Window) -> Result<Vec<MetricFigures>> {
        let tallies = self.tallies(subject, window)?;
        Ok(tallies
            .into_iter()
            .map(|(metric, tally)| MetricFigures { metric, figures: tally.figures() })
            .collect())
    }

    /// The metrics that go worst, the worst first, over all sessions.
    ///
    /// # Errors
    /// As [`Stats::figures`].
    pub fn worst(&self, subject: &str, weakness: Weakness) -> Result<Vec<MetricFigures>> {
        let mut metrics = self.summary(subject, Window::default())?;
        let badness = |metric: &MetricFigures| match weakness.by {
            By::MissRate => metric.figures.miss_rate,
            By::Time => metric.figures.average_ms.unwrap_or(-1.0),
        };
        metrics.retain(|metric| metric.figures.attempts >= weakness.min_attempts && badness(metric) >= 0.0);
        metrics.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        metrics.truncate(weakness.count);
        Ok(metrics)
    }

    /// The times at some quantiles from 0 to 1, in milliseconds, of a metric or, for None, of all, over the sessions of a
    /// window: of n times in order the ⌈quantile · n⌉th, within 1/128 of it. None without a correct attempt.
    ///
    /// # Errors
    /// As [`Stats::figures`]; [`Kind::Invalid`](crate::Kind::Invalid) for a quantile that is none.
    pub fn percentiles(
        &self,
        subject: &str,
        metric: Option<&str>,
        window: Window,
        quantiles: &[f64],
    ) -> Result<Option<Vec<f64>>> {
        check_count("quantiles", quantiles.len(), MAX_QUANTILES)?;
        if let Some(quantile) = quantiles.iter().find(|quantile| !(0.0..=1.0).contains(*quantile)) {
            return Err(Error::invalid(format!("a quantile of {quantile}: wanted one from 0 to 1")));
        }
        let tally = match (metric, window) {
            (Some(metric), Window { from: None, until: None }) => {
                self.total(subject, metric)?.unwrap_or_default()
            }
            (None, Window { from: None, until: None }) => merged(self.tallies(subject, window)?.values())?,
            _ => {
                let mut all = Tally::default();
                self.log(subject, metric, window, |entry| merge_into(&mut all, &entry, metric))?;
                all
            }
        };
        Ok(quantiles.iter().map(|quantile| tally.quantile_ms(*quantile)).collect())
    }

    /// How a metric, or for None all together, went from day to day of a window; days without an attempt are left out.
    ///
    /// # Errors
    /// As [`Stats::figures`].
    pub fn trend(&self, subject: &str, metric: Option<&str>, window: Window) -> Result<Vec<Trend>> {
        let mut days: BTreeMap<(i64, bool), (u64, Tally)> = BTreeMap::new();
        self.log(subject, metric, window, |entry| {
            let day = Period::Daily.start(entry.began);
            let (sessions, tally) = days.entry((day, entry.grain == Grain::Month)).or_default();
            *sessions = sessions.saturating_add(entry.sessions);
            merge_into(tally, &entry, metric)
        })?;
        let trend = days.into_iter().map(|((day, is_month), (sessions, tally))| Trend {
            day: Period::Daily.name(day),
            grain: if is_month { Grain::Month } else { Grain::Day },
            sessions,
            figures: tally.figures(),
            p50_ms: tally.quantile_ms(0.5),
            p95_ms: tally.quantile_ms(0.95),
        });
        Ok(trend.collect())
    }

    /// The sessions of a window, in pages.
    ///
    /// # Errors
    /// As [`Stats::figures`].
    pub fn history(&self, subject: &str, past: &Past) -> Result<History> {
        let window = Window { from: past.from, until: past.until };
        let metric = past.metric.as_deref();
        let mut scan = self.log_scan(subject, metric, window)?.reverse(past.newest_first);
        let limit = if past.limit == 0 { limits::DEFAULT_PAGE_ROWS } else { past.limit };
        let limit = limit.min(limits::MAX_PAGE_ROWS);
        if let Some(after) = &past.after {
            scan = scan.after(format!("{}{after}", log_prefix(subject)).as_bytes());
        }
        let mut txn = self.store.begin()?;
        let mut history = History::default();
        pages(&mut txn, scan, |row| {
            let entry = parse(row)?;
            if !has(&entry, metric) {
                return Ok(true);
            }
            if history.sessions.len() == limit {
                return Ok(false);
            }
            history.sessions.push(told(&entry, metric)?);
            history.next = Some(place(&row.key, subject));
            Ok(true)
        })
        .map(|ended| {
            if ended {
                history.next = None;
            }
            history
        })
    }

    /// What is known of every metric in a window.
    fn tallies(&self, subject: &str, window: Window) -> Result<BTreeMap<String, Tally>> {
        check_id("a subject", subject)?;
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        if window == Window::default() {
            let prefix = totals_prefix(subject);
            let mut txn = self.store.begin()?;
            pages(&mut txn, Scan::prefix(prefix.as_bytes()), |row| {
                let metric = row.key.strip_prefix(prefix.as_bytes()).unwrap_or_default();
                let tally = document::decode(&row.key, data(row))?;
                tallies.insert(String::from_utf8_lossy(metric).into_owned(), tally);
                Ok(true)
            })?;
        } else {
            self.log(subject, None, window, |entry| {
                for (metric, stored) in &entry.metrics {
                    tallies.entry(metric.to_string()).or_default().merge(&tally(stored)?)?;
                }
                Ok(())
            })?;
        }
        Ok(tallies)
    }

    fn total(&self, subject: &str, metric: &str) -> Result<Option<Tally>> {
        check_id("a subject", subject)?;
        check_metric(metric)?;
        let key = total_key(subject, metric).into_bytes();
        self.store.get(&key)?.map(|value| document::decode(&key, &value)).transpose()
    }

    /// Every entry of a window that has the metric, all of one moment.
    fn log(
        &self,
        subject: &str,
        metric: Option<&str>,
        window: Window,
        mut each: impl FnMut(StoredEntry<'_>) -> Result<()>,
    ) -> Result<()> {
        let scan = self.log_scan(subject, metric, window)?;
        let mut txn = self.store.begin()?;
        pages(&mut txn, scan, |row| {
            let entry = parse(row)?;
            if has(&entry, metric) { each(entry).map(|()| true) } else { Ok(true) }
        })?;
        Ok(())
    }

    fn log_scan(&self, subject: &str, metric: Option<&str>, window: Window) -> Result<Scan> {
        check_id("a subject", subject)?;
        metric.map_or(Ok(()), check_metric)?;
        let end = window
            .until
            .map_or_else(|| format!("{}~", log_prefix(subject)), |until| log_from(subject, until));
        let start = log_from(subject, window.from.unwrap_or(0));
        Ok(Scan::range(start.as_bytes(), end.as_bytes()))
    }
}

/// Shows rows, page by page, while they are wanted; whether all were.
pub(super) fn pages(
    txn: &mut Transaction,
    mut scan: Scan,
    mut each: impl FnMut(&Row) -> Result<bool>,
) -> Result<bool> {
    loop {
        let page = txn.peek(&scan)?;
        for row in &page.rows {
            if !each(row)? {
                return Ok(false);
            }
        }
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => return Ok(true),
        }
    }
}

pub(super) fn parse(row: &Row) -> Result<StoredEntry<'_>> {
    serde_json::from_slice(data(row)).map_err(|error| document::foreign(&row.key, &error))
}

pub(super) fn tally(stored: &RawValue) -> Result<Tally> {
    document::decode(b"a session's metric", stored.get().as_bytes())
}

fn data(row: &Row) -> &[u8] {
    row.value.as_ref().map_or(&[], |value| value.bytes())
}

fn has(entry: &StoredEntry<'_>, metric: Option<&str>) -> bool {
    metric.is_none_or(|metric| entry.metrics.contains_key(metric))
}

/// The tallies of a metric, or of all.
fn chosen<'e>(
    entry: &'e StoredEntry<'_>,
    metric: Option<&'e str>,
) -> impl Iterator<Item = (&'e Cow<'e, str>, &'e RawValue)> {
    let wanted = move |name: &str| metric.is_none_or(|metric| metric == name);
    entry.metrics.iter().filter(move |(name, _)| wanted(name)).map(|(name, stored)| (name, *stored))
}

fn merge_into(sum: &mut Tally, entry: &StoredEntry<'_>, metric: Option<&str>) -> Result<()> {
    chosen(entry, metric).try_for_each(|(_, stored)| sum.merge(&tally(stored)?))
}

fn merged<'t>(tallies: impl Iterator<Item = &'t Tally>) -> Result<Tally> {
    let mut sum = Tally::default();
    tallies.into_iter().try_for_each(|tally| sum.merge(tally))?;
    Ok(sum)
}

fn told(entry: &StoredEntry<'_>, metric: Option<&str>) -> Result<PastSession> {
    let figures =
        chosen(entry, metric).map(|(name, stored)| Ok((name.to_string(), tally(stored)?.figures())));
    Ok(PastSession {
        grain: entry.grain,
        id: entry.id.to_string(),
        sessions: entry.sessions,
        began: entry.began,
        ended: entry.ended,
        metrics: figures.collect::<Result<_>>()?,
    })
}

/// An entry's place in the log of its subject.
fn place(key: &[u8], subject: &str) -> String {
    let place = key.strip_prefix(log_prefix(subject).as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(place).into_owned()
}
