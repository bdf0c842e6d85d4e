//! The tick: looks at all tickets in memory, decides, and makes each match in a transaction that trusts nothing it has not
//! read again. A lease keeps processes from doing the same work; nothing depends on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::engine::{Proposal, run};
use super::made::Match;
use super::make::{Making, Plan};
use super::pool::Pool;
use super::queue::{Matchmaker, Queue, backfill_key, backfill_prefix, queue_key, read_queue};
use super::ticket::{Backfill, State, Ticket};
use super::waiting::{finish_ticket, ticket_key};
use crate::error::{Error, Result};
use crate::limits;
use crate::models::{check_id, document};
use crate::store::Scan;

/// Players whose matches are made in one transaction, but for the last match; and tickets ended in one. Few enough that a
/// slow machine is done before its snapshot is too old.
const AT_ONCE: usize = 512;

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// Who holds the lease, when it is someone else: then nothing was done.
    pub held_by: Option<String>,
    /// The matches made.
    pub matches: Vec<Match>,
    /// Tickets whose time was over.
    pub expired: Vec<u64>,
    /// Matches decided on and not made, because a ticket had changed meanwhile, or a lobby under way refused its players.
    pub stale: usize,
}

#[derive(Serialize, Deserialize)]
struct Lease {
    holder: String,
}

impl Matchmaker<'_> {
    /// Makes what matches can be made now. The lease is `holder`'s for `lease_ms` from now on, unless someone else has it.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) without the queue; those of a commit. Matches made before an error stay made.
    pub fn tick(&self, queue: &str, holder: &str, lease_ms: u64) -> Result<Tick> {
        if let Some(other) = self.take_lease(queue, holder, lease_ms)? {
            return Ok(Tick { held_by: Some(other), ..Tick::default() });
        }
        let (pending, overdue) = self.with_pool(queue, |pool, now| {
            let overdue = pool.waiting().values().filter(|(_, ticket)| ticket.is_overdue(now));
            (pool.pending(), overdue.map(|(_, ticket)| ticket.id).collect::<Vec<_>>())
        })?;
        for made in &pending {
            self.scope.transaction(|txn| self.settle(txn, self.scope.now()?, made))?;
        }
        let mut tick = Tick::default();
        for ids in overdue.chunks(AT_ONCE) {
            tick.expired.extend(self.expire(queue, ids)?);
        }
        let document = self.queue(queue)?;
        let plans = self.decide(queue, &document)?;
        let making =
            Making { queue, rules: &document.rules, lobby: document.lobby_of_match()?, chance: &self.chance };
        for plans in chunks(&plans) {
            let ids = making.take_ids(self.scope.store(), plans)?;
            let mut read = false;
            let made = self.scope.transaction(|txn| {
                // Mostly nothing has changed, and that is known at the least cost once it is committed.
                let read = std::mem::replace(&mut read, true);
                let (now, mut ids) = (self.scope.now()?, ids.clone());
                if read_queue(txn, queue)? != document {
                    return Ok(Vec::new());
                }
                let made = plans.iter().map(|plan| making.make(txn, (now, read), plan, &mut ids));
                made.filter_map(Result::transpose).collect::<Result<Vec<_>>>()
            })?;
            tick.stale += plans.len() - made.len();
            tick.matches.extend(made);
        }
        Ok(tick)
    }

    /// Takes or renews the lease; answers who else has it.
    fn take_lease(&self, queue: &str, holder: &str, lease_ms: u64) -> Result<Option<String>> {
        check_id("a holder", holder)?;
        if lease_ms == 0 {
            return Err(Error::invalid("a lease lasts at least a millisecond"));
        }
        let key = format!("{}:tick", queue_key(queue));
        self.scope.transaction(|txn| {
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
    pub(super) fn with_pool<R>(&self, queue: &str, look: impl FnOnce(&Pool, i64) -> R) -> Result<R> {
        let pool = self.pool(queue);
        let mut pool = pool.lock();
        let pool = pool.refresh(self.scope.store())?;
        Ok(look(pool, self.scope.now()?))
    }

    fn decide(&self, queue: &str, document: &Queue) -> Result<Vec<Plan>> {
        let backfills = self.backfills(queue)?;
        self.with_pool(queue, |pool, now| {
            let waiting = pool.waiting();
            let tickets: Vec<&Ticket> = waiting.values().map(|(_, ticket)| &**ticket).collect();
            let wanting: Vec<&Backfill> = backfills.values().map(|(_, backfill)| backfill).collect();
            let outcome = run(&document.rules, &tickets, &wanting, document.seed, now);
            let plan = |proposal: Proposal| Plan {
                teams: proposal
                    .teams
                    .iter()
                    .map(|team| team.iter().filter_map(|id| waiting.get(id).cloned()).collect())
                    .collect(),
                backfill: proposal.backfill.and_then(|lobby| backfills.get(&lobby)).cloned(),
                proposal,
            };
            outcome.matches.into_iter().map(plan).collect()
        })
    }

    /// The matches under way that want players, by lobby, with the versions of their rows.
    fn backfills(&self, queue: &str) -> Result<BTreeMap<u64, (u64, Backfill)>> {
        let mut scan = Scan::prefix(backfill_prefix(queue).as_bytes()).limit(limits::MAX_PAGE_ROWS);
        let mut backfills = BTreeMap::new();
        loop {
            let page = self.scope.store().scan(&scan)?;
            for row in &page.rows {
                // Rows of a foreign form are left out.
                let parsed = serde_json::from_slice::<Backfill>(row.value.as_deref().unwrap_or_default());
                if let Ok(backfill) = parsed
                    && row.key == backfill_key(queue, backfill.lobby).as_bytes()
                {
                    backfills.insert(backfill.lobby, (row.version, backfill));
                }
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(backfills),
            }
        }
    }

    /// Ends tickets whose time is over.
    fn expire(&self, queue: &str, ids: &[u64]) -> Result<Vec<u64>> {
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
            let mut expired = Vec::new();
            for id in ids {
                let ticket: Option<Ticket> = document::get(txn, ticket_key(queue, *id))?;
                if let Some(ticket) = ticket.filter(|t| t.state == State::Queued && t.is_overdue(now)) {
                    finish_ticket(txn, queue, ticket, State::Expired)?;
                    expired.push(*id);
                }
            }
            Ok(expired)
        })
    }
}

/// Plans whose matches are made together.
fn chunks(plans: &[Plan]) -> impl Iterator<Item = &[Plan]> {
    let mut players = 0;
    plans.chunk_by(move |plan, _| {
        players += plan.teams.iter().flatten().map(|(_, ticket)| ticket.party.len()).sum::<usize>();
        let together = players < AT_ONCE;
        if !together {
            players = 0;
        }
        together
    })
}
