//! Tickets in the store: how they come, are withdrawn and end.

use super::queue::{Matchmaker, read_queue};
use super::ticket::{State, Ticket};
use crate::error::{Error, Kind, Result};
use crate::models::{check_id, document};
use crate::store::Transaction;

/// How long a ticket can be read once its state is final.
pub(super) const KEEP_MS: u64 = 600_000;

pub(super) fn ticket_prefix(queue: &str) -> String {
    format!("queue:{queue}:ticket:")
}

pub(super) fn ticket_key(queue: &str, id: u64) -> String {
    format!("{}{id}", ticket_prefix(queue))
}

fn player_key(queue: &str, player: &str) -> String {
    format!("queue:{queue}:player:{player}")
}

impl Matchmaker<'_> {
    /// Adds a ticket. Its number, age and state are set; `deadline` is a time, or 0. The ticket as it is stored.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the queue; [`Kind::Exists`] when one of its players waits there already;
    /// [`Kind::Expired`] when its deadline is past; [`Kind::Invalid`], [`Kind::TooLarge`]; those of a commit.
    pub fn enqueue(&self, queue: &str, ticket: &Ticket) -> Result<Ticket> {
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
            let rules = read_queue(txn, queue)?.rules;
            ticket.check(&rules)?;
            if ticket.is_overdue(now) {
                return Err(Error::new(Kind::Expired, "the ticket's deadline is past"));
            }
            for player in ticket.players() {
                if let Some(id) = self.live_ticket(txn, now, queue, player)? {
                    let text = format!("player {player:?} waits in {queue:?} already, with ticket {id}");
                    return Err(Error::new(Kind::Exists, text));
                }
            }
            let id = txn.add(format!("queue:{queue}:next").as_bytes(), 1)?.unsigned_abs();
            let state = (State::Queued, None, 0);
            let ticket = Ticket { id, created: now, ..ticket.clone() }.with(state);
            document::put(txn, ticket_key(queue, id), &ticket)?;
            for player in ticket.players() {
                txn.put(player_key(queue, player).as_bytes(), id.to_string().as_bytes())?;
            }
            Ok(ticket)
        })
    }

    /// A ticket; for a while also after its state became final.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn ticket(&self, queue: &str, id: u64) -> Result<Ticket> {
        check_id("a queue", queue)?;
        let now = self.scope.now()?;
        let mut ticket = self.scope.read(|txn| read_ticket(txn, queue, id))?;
        if ticket.state == State::Queued && ticket.is_overdue(now) {
            ticket.state = State::Expired;
        }
        Ok(ticket)
    }

    /// Withdraws a ticket. Withdrawing it again does nothing.
    ///
    /// # Errors
    /// [`Kind::AlreadyMatched`] when it is in a match: decline that, or leave it; [`Kind::NotFound`], [`Kind::Expired`];
    /// those of a commit.
    pub fn cancel(&self, queue: &str, id: u64) -> Result<()> {
        check_id("a queue", queue)?;
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
            let mut ticket = read_ticket(txn, queue, id)?;
            if let (State::Matched, Some(made)) = (ticket.state, &ticket.match_id) {
                self.settle(txn, now, made)?;
                ticket = read_ticket(txn, queue, id)?;
            }
            match ticket.state {
                State::Queued => finish_ticket(txn, queue, ticket, State::Cancelled),
                State::Cancelled => Ok(()),
                State::Expired => Err(Error::new(Kind::Expired, format!("ticket {id} is expired"))),
                State::Matched | State::Accepted => {
                    let made = ticket.match_id.unwrap_or_default();
                    Err(Error::new(Kind::AlreadyMatched, format!("ticket {id} is in match {made:?}")))
                }
            }
        })
    }

    /// The player's ticket that waits or is in a match not yet on; one whose time is over is ended.
    fn live_ticket(&self, txn: &mut Transaction, now: i64, queue: &str, player: &str) -> Result<Option<u64>> {
        let key = player_key(queue, player);
        let Some(id) = document::get::<u64>(txn, &key)? else { return Ok(None) };
        let Some(ticket) = document::get::<Ticket>(txn, &ticket_key(queue, id))? else { return Ok(None) };
        if let (State::Matched, Some(made)) = (ticket.state, &ticket.match_id) {
            self.settle(txn, now, made)?;
        }
        let ticket = read_ticket(txn, queue, id)?;
        match ticket.state {
            State::Queued if ticket.is_overdue(now) => {
                finish_ticket(txn, queue, ticket, State::Expired)?;
                Ok(None)
            }
            State::Queued | State::Matched => Ok(Some(id)),
            State::Accepted | State::Cancelled | State::Expired => Ok(None),
        }
    }
}

impl Ticket {
    pub(super) fn with(self, (state, match_id, attempts): (State, Option<String>, u32)) -> Self {
        Self { state, match_id, attempts, ..self }
    }
}

pub(super) fn read_ticket(txn: &mut Transaction, queue: &str, id: u64) -> Result<Ticket> {
    let found = document::get(txn, ticket_key(queue, id))?;
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("queue {queue:?} has no ticket {id}")))
}

/// Gives a ticket its final state; its players are free to wait again.
pub(super) fn finish_ticket(
    txn: &mut Transaction,
    queue: &str,
    mut ticket: Ticket,
    state: State,
) -> Result<()> {
    ticket.state = state;
    document::put_ttl(txn, ticket_key(queue, ticket.id), &ticket, KEEP_MS)
}
