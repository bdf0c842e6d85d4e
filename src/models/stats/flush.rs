//! How a session comes to count: once, in one commit, in the log and in the totals.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::keys::{Entry, Flushed, flushed_key, log_key, total_key};
use super::tally::Tally;
use crate::error::{Error, Kind, Result};
use crate::models::document;
use crate::store::Transaction;

/// What a flush did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whose session it was.
    pub subject: String,
    /// The session. Where its journal was taken for that of a dead process, so that it went on as another one: the last
    /// part, its id followed by a tab and a number.
    pub session: String,
    /// How many metrics it has.
    pub metrics: usize,
    /// How many samples.
    pub attempts: u64,
    /// Whether it counted before: then nothing was changed.
    pub repeated: bool,
}

/// Makes a session count, unless it does already. When it fails nothing was written to `txn`, but for a sum that does not fit.
pub(super) fn apply(txn: &mut Transaction, subject: &str, session: &Entry) -> Result<Outcome> {
    let outcome = |repeated| Outcome {
        subject: subject.to_owned(),
        session: session.id.clone(),
        metrics: session.metrics.len(),
        attempts: session.metrics.values().map(Tally::attempts).sum(),
        repeated,
    };
    if session.metrics.is_empty() {
        return Ok(outcome(false));
    }
    let digest = format!("{:032x}", xxh3_128(&document::encode(&session.metrics)?));
    let key = flushed_key(subject, &session.id);
    match document::get::<Flushed>(txn, &key)? {
        Some(flushed) if flushed.digest == digest => return Ok(outcome(true)),
        Some(_) => {
            let text = format!("session {:?} of {subject:?} was flushed with other samples", session.id);
            return Err(Error::new(Kind::Exists, text));
        }
        None => document::put(txn, &key, &Flushed { began: session.began, digest })?,
    }
    document::put(txn, log_key(subject, session.began, session.grain, &session.id), session)?;
    for (metric, tally) in &session.metrics {
        let key = total_key(subject, metric);
        let mut total: Tally = document::get(txn, &key)?.unwrap_or_default();
        total.merge(tally)?;
        document::put(txn, &key, &total)?;
    }
    Ok(outcome(false))
}
