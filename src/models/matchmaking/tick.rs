//! The tick: looks at all tickets in memory, decides, and makes each match in a transaction that trusts nothing it has not
//! read again. A lease keeps processes from doing the same work; nothing depends on it.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::engine::{Proposal, run};
use super::legal::obeys;
use super::made::{Match, MatchState, MatchedTicket, match_key};
use super::pool::Pool;
use super::quality::{Report, Sample, report};
use super::queue::{
    Matchmaker, Queue, backfill_key, finish_ticket, queue_key, read_queue, ticket_key, ticket_prefix,
};
use super::ticket::{Backfill, State, Ticket};
use crate::error::{Error, Result};
use crate::limits;
use crate::models::derived::Derived;
use crate::models::{check_id, document};
use crate::store::{Scan, Transaction};

/// Matches made in one transaction, and tickets ended in one.
const AT_ONCE: usize = 256;

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tick {
    /// Who holds the lease, when it is someone else: then nothing was done.
    pub held_by: Option<String>,
    /// The matches made.
    pub matches: Vec<Match>,
    /// Tickets whose time was over.
    pub expired: Vec<u64>,
    /// Matches decided on and not made, because a ticket had changed meanwhile.
    pub stale: usize,
}

#[derive(Serialize, Deserialize)]
struct Lease {
    holder: String,
}

/// What a proposal becomes true with: the tickets of each team as they were looked at, with the versions of their rows.
struct Plan {
    proposal: Proposal,
    teams: Vec<Vec<(u64, Ticket)>>,
    backfill: Option<(u64, Backfill)>,
}

impl Matchmaker {
    /// Makes what matches can be made now. The lease is `holder`'s for `lease_ms` from now on, unless someone else has it.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the queue; those of a commit. Matches made before an error stay made.
    pub fn tick(&self, queue: &str, holder: &str, lease_ms: u64) -> Result<Tick> {
        if let Some(other) = self.take_lease(queue, holder, lease_ms)? {
            return Ok(Tick { held_by: Some(other), ..Tick::default() });
        }
        let (pending, overdue) = self.with_pool(queue, |pool, now| {
            let overdue = pool.waiting().values().filter(|(_, ticket)| ticket.is_overdue(now));
            (pool.pending(), overdue.map(|(_, ticket)| ticket.id).collect::<Vec<_>>())
        })?;
        for made in &pending {
            self.store.transaction(|txn| self.settle(txn, self.store.now()?, made))?;
        }
        let mut tick = Tick::default();
        for ids in overdue.chunks(AT_ONCE) {
            tick.expired.extend(self.expire(queue, ids)?);
        }
        let (rules, plans) = self.decide(queue)?;
        for plans in plans.chunks(AT_ONCE) {
            let made = self.store.transaction(|txn| {
                let now = self.store.now()?;
                if read_queue(txn, queue)? != rules {
                    return Ok(Vec::new());
                }
                let made = plans.iter().map(|plan| self.make(txn, now, queue, &rules, plan));
                made.filter_map(Result::transpose).collect::<Result<Vec<_>>>()
            })?;
            tick.stale += plans.len() - made.len();
            tick.matches.extend(made);
        }
        Ok(tick)
    }

    /// Waits and quality of the queue's matches that are kept, `most` at most, and of the tickets that wait.
    ///
    /// # Errors
    /// Those of a read.
    pub fn report(&self, queue: &str, most: usize) -> Result<Report> {
        let page = self.store.scan(&Scan::prefix(match_key(&format!("{queue}-")).as_bytes()).limit(most))?;
        let documents = page.rows.iter().filter_map(|row| row.value.as_ref());
        // Matches of other queues may share the prefix.
        let matches: Vec<Match> = documents
            .filter_map(|value| serde_json::from_slice::<Match>(value).ok())
            .filter(|made| made.queue == queue && made.state != MatchState::Dissolved)
            .collect();
        let rating = |ticket: &MatchedTicket| {
            ticket.party.iter().map(|seeker| seeker.mu).sum::<f64>() / ticket.party.len().max(1) as f64
        };
        let matched = matches.iter().flat_map(Match::tickets).map(|ticket| Sample {
            rating: rating(ticket),
            waited_ms: ticket.waited_ms,
            matched: true,
        });
        let mut samples: Vec<Sample> = matched.collect();
        samples.extend(self.with_pool(queue, |pool, now| {
            let waiting = pool.waiting().values().map(|(_, ticket)| Sample {
                rating: ticket.rating(),
                waited_ms: now - ticket.created,
                matched: false,
            });
            waiting.collect::<Vec<_>>()
        })?);
        Ok(report(&samples, &matches.iter().map(|made| made.quality).collect::<Vec<_>>()))
    }

    /// Takes or renews the lease; answers who else has it.
    fn take_lease(&self, queue: &str, holder: &str, lease_ms: u64) -> Result<Option<String>> {
        check_id("a holder", holder)?;
        if lease_ms == 0 {
            return Err(Error::invalid("a lease lasts at least a millisecond"));
        }
        let key = format!("{}:tick", queue_key(queue));
        self.store.transaction(|txn| {
            read_queue(txn, queue)?;
            let lease: Option<Lease> = document::get(txn, &key)?;
            match lease {
                Some(lease) if lease.holder != holder => Ok(Some(lease.holder)),
                _ => {
                    let lease = Lease { holder: holder.to_owned() };
                    document::put_ttl(txn, &key, &lease, lease_ms).map(|()| None)
                }
            }
        })
    }

    /// Looks at the live tickets as of now.
    fn with_pool<R>(&self, queue: &str, look: impl FnOnce(&Pool, i64) -> R) -> Result<R> {
        let pool = Arc::clone(self.pools.lock().entry(queue.to_owned()).or_insert_with(|| {
            let prefix = ticket_prefix(queue).into_bytes();
            Arc::new(Mutex::new(Derived::new(prefix.clone(), Pool::new(&prefix))))
        }));
        let mut pool = pool.lock();
        let pool = pool.refresh(&self.store)?;
        Ok(look(pool, self.store.now()?))
    }

    fn decide(&self, queue: &str) -> Result<(Queue, Vec<Plan>)> {
        let document = self.queue(queue)?;
        let backfills = self.backfills(queue)?;
        let plans = self.with_pool(queue, |pool, now| {
            let waiting = pool.waiting();
            let tickets: Vec<&Ticket> = waiting.values().map(|(_, ticket)| ticket).collect();
            let wanting: Vec<&Backfill> = backfills.iter().map(|(_, backfill)| backfill).collect();
            let outcome = run(&document.rules, &tickets, &wanting, document.seed, now);
            let plan = |proposal: Proposal| Plan {
                teams: proposal
                    .teams
                    .iter()
                    .map(|team| team.iter().filter_map(|id| waiting.get(id).cloned()).collect())
                    .collect(),
                backfill: backfills
                    .iter()
                    .find(|(_, b)| Some(&b.lobby) == proposal.backfill.as_ref())
                    .cloned(),
                proposal,
            };
            outcome.matches.into_iter().map(plan).collect()
        })?;
        Ok((document, plans))
    }

    fn backfills(&self, queue: &str) -> Result<Vec<(u64, Backfill)>> {
        let scan = Scan::prefix(backfill_key(queue, "").as_bytes()).limit(limits::MAX_PAGE_ROWS);
        let rows = self.store.scan(&scan)?.rows;
        let parsed = rows.iter().filter_map(|row| {
            let backfill: Backfill = serde_json::from_slice(row.value.as_ref()?).ok()?;
            (row.key == backfill_key(queue, &backfill.lobby).as_bytes()).then_some((row.version, backfill))
        });
        Ok(parsed.collect())
    }

    /// Ends tickets whose time is over.
    fn expire(&self, queue: &str, ids: &[u64]) -> Result<Vec<u64>> {
        self.store.transaction(|txn| {
            let now = self.store.now()?;
            let mut expired = Vec::new();
            for id in ids {
                let ticket: Option<Ticket> = document::get(txn, &ticket_key(queue, *id))?;
                if let Some(ticket) = ticket.filter(|t| t.state == State::Queued && t.is_overdue(now)) {
                    finish_ticket(txn, queue, ticket, State::Expired)?;
                    expired.push(*id);
                }
            }
            Ok(expired)
        })
    }

    /// Makes a match; None when something it rests on has changed.
    fn make(
        &self,
        txn: &mut Transaction,
        now: i64,
        queue: &str,
        document: &Queue,
        plan: &Plan,
    ) -> Result<Option<Match>> {
        for (version, ticket) in plan.teams.iter().flatten() {
            if !is_at(txn, &ticket_key(queue, ticket.id), *version)? {
                return Ok(None);
            }
        }
        if let Some((version, backfill)) = &plan.backfill
            && !is_at(txn, &backfill_key(queue, &backfill.lobby), *version)?
        {
            return Ok(None);
        }
        let backfill = plan.backfill.as_ref().map(|(_, backfill)| backfill);
        let teams: Vec<Vec<&Ticket>> =
            plan.teams.iter().map(|team| team.iter().map(|(_, ticket)| ticket).collect()).collect();
        if !obeys(&document.rules, now, backfill, &teams) {
            return Ok(None);
        }
        let Some(lead) = teams.iter().flatten().min_by_key(|ticket| (ticket.created, ticket.id)) else {
            return Ok(None);
        };
        let asked = document.rules.accept_ms > 0;
        let mut made = Match {
            id: match lead.attempts {
                0 => format!("{queue}-{}", lead.id),
                again => format!("{queue}-{}.{again}", lead.id),
            },
            queue: queue.to_owned(),
            state: if asked { MatchState::Pending } else { MatchState::Confirmed },
            teams: teams
                .iter()
                .map(|team| team.iter().map(|ticket| matched(ticket, now)).collect())
                .collect(),
            lobby: backfill.map(|backfill| backfill.lobby.clone()),
            backfill: backfill.is_some(),
            region: plan.proposal.region.clone(),
            quality: plan.proposal.quality,
            created: now,
            accept_by: if asked { now.saturating_add(document.rules.accept_ms) } else { 0 },
            accepted: Default::default(),
            result: None,
        };
        match backfill {
            Some(backfill) => {
                if !self.rooms.join(txn, now, &backfill.lobby, &made)? {
                    return Ok(None);
                }
                let mut backfill = backfill.clone();
                for (present, team) in backfill.teams.iter_mut().zip(&teams) {
                    present.extend(team.iter().flat_map(|ticket| ticket.party.iter().cloned()));
                }
                document::put(txn, &backfill_key(queue, &backfill.lobby), &backfill)?;
            }
            None => made.lobby = self.rooms.open(txn, now, &made)?,
        }
        for ticket in teams.into_iter().flatten() {
            let attempts = ticket.attempts.saturating_add(1);
            let ticket = ticket.clone().with((State::Matched, Some(made.id.clone()), attempts));
            if asked {
                document::put(txn, &ticket_key(queue, ticket.id), &ticket)?;
            } else {
                finish_ticket(txn, queue, ticket, State::Accepted)?;
            }
        }
        document::put(txn, &match_key(&made.id), &made)?;
        Ok(Some(made))
    }
}

fn matched(ticket: &Ticket, now: i64) -> MatchedTicket {
    MatchedTicket { ticket: ticket.id, party: ticket.party.clone(), waited_ms: now - ticket.created }
}

fn is_at(txn: &mut Transaction, key: &str, version: u64) -> Result<bool> {
    Ok(txn.get(key.as_bytes())?.is_some_and(|value| value.version() == version))
}
