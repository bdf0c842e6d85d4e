//! The report of a queue, from its documents.

use super::made::{Match, MatchState, MatchedTicket, match_key};
use super::quality::{Report, Sample, report};
use super::queue::Matchmaker;
use crate::error::Result;
use crate::limits;
use crate::models::check_id;
use crate::store::Scan;

impl Matchmaker<'_> {
    /// Waits and quality of the queue's matches that are kept, the first `most` by id, and of the tickets that wait.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid); those of a read.
    pub fn report(&self, queue: &str, most: usize) -> Result<Report> {
        check_id("a queue", queue)?;
        let (mut samples, mut qualities) = (Vec::new(), Vec::new());
        self.each_match(queue, most, |made| {
            samples.extend(made.tickets().map(|ticket| Sample {
                rating: rating(ticket),
                waited_ms: ticket.waited_ms,
                matched: true,
            }));
            qualities.push(made.quality);
        })?;
        self.with_pool(queue, |pool, now| {
            samples.extend(pool.waiting().values().map(|(_, ticket)| Sample {
                rating: ticket.rating(),
                waited_ms: now - ticket.created,
                matched: false,
            }));
        })?;
        Ok(report(samples, &qualities))
    }

    /// Reads matches that are not dissolved, a page at a time: of each no more is kept than `look` takes.
    fn each_match(&self, queue: &str, most: usize, mut look: impl FnMut(&Match)) -> Result<()> {
        let mut left = most;
        let mut scan =
            Scan::prefix(match_key(&format!("{queue}-")).as_bytes()).limit(limits::DEFAULT_PAGE_ROWS);
        loop {
            let page = self.scope.store().scan(&scan)?;
            for row in &page.rows {
                // Matches of other queues may share the prefix, and so may documents of another form.
                let parsed = serde_json::from_slice::<Match>(row.value.as_deref().unwrap_or_default());
                let Some(made) = parsed.ok().filter(|made| made.queue == queue) else { continue };
                if made.state == MatchState::Dissolved {
                    continue;
                }
                let Some(less) = left.checked_sub(1) else { return Ok(()) };
                left = less;
                look(&made);
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(()),
            }
        }
    }
}

fn rating(ticket: &MatchedTicket) -> f64 {
    ticket.party.iter().map(|seeker| seeker.mu).sum::<f64>() / ticket.party.len().max(1) as f64
}
