//! What becomes of old sessions: days and months, or nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stats;
use super::keys::{Entry, Grain, JOURNALS, journals_prefix, log_from, log_key, subject_prefix};
use super::query::{parse, tally};
use super::tally::Tally;
use crate::error::Result;
use crate::limits;
use crate::models::leaderboard::Period;
use crate::models::{check_id, document};
use crate::store::{Scan, Transaction};

/// What is rolled up. Times are milliseconds since 1970-01-01 UTC; None: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RollUp {
    /// The sessions of each day that ended by then become one entry.
    pub days_until: Option<i64>,
    /// The days and sessions of each month that ended by then become one entry.
    pub months_until: Option<i64>,
}

impl Stats<'_> {
    /// Rolls up old sessions: sums, percentiles and totals stay what they are, single sessions are forgotten. Each day and
    /// month is a commit of its own: after a failure, repeat it. Answers how many entries are gone for it.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid); [`Kind::WrongType`](crate::Kind::WrongType) when a plain put wrote
    /// something else into the log; those of a commit.
    pub fn roll_up(&self, subject: &str, roll_up: RollUp) -> Result<u64> {
        check_id("a subject", subject)?;
        let months = self.roll_up_to(subject, Grain::Month, roll_up.months_until)?;
        Ok(months + self.roll_up_to(subject, Grain::Day, roll_up.days_until)?)
    }

    fn roll_up_to(&self, subject: &str, grain: Grain, until: Option<i64>) -> Result<u64> {
        let (mut from, mut gone) = (0, 0);
        while let Some(began) = self.first_entry(subject, from)? {
            let (start, end) = span(grain, began);
            if until.is_none_or(|until| end > until) {
                break;
            }
            gone += self.store.transaction(|txn| fold(txn, subject, grain, start, end))?;
            from = end;
        }
        Ok(gone)
    }

    /// When the first entry from a time on began.
    fn first_entry(&self, subject: &str, from: i64) -> Result<Option<i64>> {
        let scan = range(subject, from, i64::MAX).limit(1);
        let page = self.store.scan(&scan)?;
        page.rows.first().map(|row| parse(row).map(|entry| entry.began.max(from))).transpose()
    }

    /// Forgets all of a subject, journals too; how many keys that were. They are deleted some thousands in a commit: after
    /// a failure, repeat it.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge); those of a commit.
    pub fn delete(&self, subject: &str) -> Result<u64> {
        check_id("a subject", subject)?;
        let mut deleted = 0;
        for prefix in [journals_prefix(subject), subject_prefix(subject)] {
            let scan = Scan::prefix(prefix.as_bytes()).keys_only(true).limit(limits::MAX_PAGE_ROWS);
            loop {
                let (count, is_last) = self.store.transaction(|txn| {
                    let page = txn.peek(&scan)?;
                    for row in &page.rows {
                        txn.delete(&row.key)?;
                    }
                    Ok((page.rows.len() as u64, page.cursor.is_none()))
                })?;
                deleted += count;
                if is_last {
                    break;
                }
            }
        }
        Ok(deleted)
    }

    /// The subjects of whom something is known, in order.
    ///
    /// # Errors
    /// Those of a read.
    pub fn subjects(&self) -> Result<Vec<String>> {
        let mut subjects = Vec::new();
        for prefix in ["stats:", JOURNALS] {
            let mut scan = Scan::prefix(prefix.as_bytes()).keys_only(true).limit(1);
            while let Some(row) = self.store.scan(&scan)?.rows.into_iter().next() {
                let name = row.key.strip_prefix(prefix.as_bytes()).unwrap_or_default();
                let name = name.split(|byte| *byte == b':').next().unwrap_or_default();
                // Past all keys of this one.
                scan = scan.after(&[prefix.as_bytes(), name, b";"].concat());
                subjects.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        subjects.sort_unstable();
        subjects.dedup();
        Ok(subjects)
    }
}

/// The day or month that a time belongs to.
fn span(grain: Grain, time: i64) -> (i64, i64) {
    const DAY: i64 = 86_400_000;
    // A month after 31 days has begun, and no second one.
    let (period, longest) =
        if grain == Grain::Month { (Period::Monthly, 31 * DAY) } else { (Period::Daily, DAY) };
    let start = period.start(time);
    (start, period.start(start + longest))
}

fn range(subject: &str, from: i64, until: i64) -> Scan {
    Scan::range(log_from(subject, from).as_bytes(), log_from(subject, until).as_bytes())
}

/// Makes one entry of those that began in a span; how many fewer there are.
fn fold(txn: &mut Transaction, subject: &str, grain: Grain, start: i64, end: i64) -> Result<u64> {
    let mut sum = Entry {
        grain,
        id: String::new(),
        sessions: 0,
        began: start,
        ended: start,
        metrics: BTreeMap::<String, Tally>::new(),
    };
    let mut keys = Vec::new();
    let mut scan = range(subject, start, end).limit(limits::MAX_PAGE_ROWS);
    loop {
        let page = txn.scan(&scan)?;
        for row in page.rows {
            let entry = parse(&row)?;
            if (entry.grain, grain) == (Grain::Month, Grain::Day) {
                continue;
            }
            sum.sessions = sum.sessions.saturating_add(entry.sessions);
            sum.ended = sum.ended.max(entry.ended);
            for (metric, stored) in &entry.metrics {
                sum.metrics.entry(metric.to_string()).or_default().merge(&tally(stored)?)?;
            }
            keys.push(row.key);
        }
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => break,
        }
    }
    let own = log_key(subject, start, grain, "");
    if keys.iter().all(|key| key == own.as_bytes()) {
        return Ok(0);
    }
    for key in &keys {
        txn.delete(key)?;
    }
    document::put(txn, &own, &sum)?;
    Ok(keys.len() as u64 - 1)
}
