//! Queues in the store: their rules, tickets and matches under way, and what players do to them.
//!
//! `queue:{queue}` holds the rules, `queue:{queue}:ticket:{id}` a ticket, `queue:{queue}:player:{player}` the number of the
//! player's live ticket, `queue:{queue}:backfill:{lobby}` a match that wants players.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::made::{Match, MatchState, MatchedTicket, Rooms, match_key};
use super::pool::Pool;
use super::rules::Rules;
use super::ticket::{Backfill, State, Ticket};
use crate::error::{Error, Kind, Result};
use crate::models::check_id;
use crate::models::derived::Derived;
use crate::models::document;
use crate::store::{Store, Transaction};

/// How long a ticket can be read once its state is final.
const KEEP_MS: u64 = 600_000;

/// A queue's document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// What it makes of its tickets.
    pub rules: Rules,
    /// Decides what the rules leave open.
    #[serde(default)]
    pub seed: u64,
}

/// The queues of a store. Calls are transactions: any process may make any of them at any time.
pub struct Matchmaker {
    pub(super) store: Arc<Store>,
    pub(super) rooms: Arc<dyn Rooms>,
    pub(super) pools: Mutex<BTreeMap<String, Arc<Mutex<Derived<Pool>>>>>,
}

pub(super) fn queue_key(queue: &str) -> String {
    format!("queue:{queue}")
}

pub(super) fn ticket_prefix(queue: &str) -> String {
    format!("queue:{queue}:ticket:")
}

pub(super) fn ticket_key(queue: &str, id: u64) -> String {
    format!("queue:{queue}:ticket:{id}")
}

fn player_key(queue: &str, player: &str) -> String {
    format!("queue:{queue}:player:{player}")
}

pub(super) fn backfill_key(queue: &str, lobby: &str) -> String {
    format!("queue:{queue}:backfill:{lobby}")
}

impl Matchmaker {
    /// The queues of `store`, whose matches are played in `rooms`.
    pub fn new(store: Arc<Store>, rooms: Arc<dyn Rooms>) -> Self {
        Self { store, rooms, pools: Mutex::default() }
    }

    /// Makes a queue, or gives it new rules. Tickets that wait are matched by the new ones.
    ///
    /// # Errors
    /// [`Kind::Invalid`] and [`Kind::TooLarge`] for rules that make no sense; those of a commit.
    pub fn configure(&self, queue: &str, rules: &Rules, seed: u64) -> Result<()> {
        check_id("a queue", queue)?;
        rules.check()?;
        let document = document::encode(&Queue { rules: rules.clone(), seed })?;
        self.store.put(queue_key(queue).as_bytes(), &document).map(|_| ())
    }

    /// A queue's document.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn queue(&self, queue: &str) -> Result<Queue> {
        self.store.transaction(|txn| read_queue(txn, queue))
    }

    /// Adds a ticket. Its number, age and state are set; `deadline` is a time, or 0. The ticket as it is stored.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the queue; [`Kind::Exists`] when one of its players waits there already;
    /// [`Kind::Expired`] when its deadline is past; [`Kind::Invalid`], [`Kind::TooLarge`]; those of a commit.
    pub fn enqueue(&self, queue: &str, ticket: &Ticket) -> Result<Ticket> {
        self.store.transaction(|txn| {
            let now = self.store.now()?;
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
            document::put(txn, &ticket_key(queue, id), &ticket)?;
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
        let now = self.store.now()?;
        let mut ticket = self.store.transaction(|txn| read_ticket(txn, queue, id))?;
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
        self.store.transaction(|txn| {
            let now = self.store.now()?;
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

    /// Asks for players for a match under way, or changes what was asked for. Matched players are added to `teams`.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the queue; [`Kind::Invalid`], [`Kind::TooLarge`]; those of a commit.
    pub fn backfill(&self, queue: &str, backfill: &Backfill) -> Result<()> {
        self.store.transaction(|txn| {
            let rules = read_queue(txn, queue)?.rules;
            check_id("a lobby", &backfill.lobby)?;
            backfill.check(&rules)?;
            document::put(txn, &backfill_key(queue, &backfill.lobby), backfill)
        })
    }

    /// Who plays in a match under way that wants players.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn backfilled(&self, queue: &str, lobby: &str) -> Result<Backfill> {
        let key = backfill_key(queue, lobby);
        let found = self.store.transaction(|txn| document::get(txn, &key))?;
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("{key} does not exist")))
    }

    /// Asks for no more players; whether it did.
    ///
    /// # Errors
    /// Those of a commit.
    pub fn stop_backfill(&self, queue: &str, lobby: &str) -> Result<bool> {
        self.store.delete(backfill_key(queue, lobby).as_bytes())
    }

    /// A match.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn match_of(&self, id: &str) -> Result<Match> {
        self.store.transaction(|txn| read_match(txn, id))
    }

    /// Says that a player is ready. Saying it again does nothing; when all have said so the match is on.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Forbidden`] for who is not in the match; [`Kind::Expired`] when it is too late; those of
    /// a commit.
    pub fn accept(&self, id: &str, player: &str) -> Result<Match> {
        self.store.transaction(|txn| {
            let now = self.store.now()?;
            let mut made = read_match(txn, id)?;
            check_member(&made, player)?;
            if made.state == MatchState::Confirmed {
                return Ok(made);
            }
            if made.state == MatchState::Dissolved || made.is_overdue(now) {
                return Err(Error::new(Kind::Expired, format!("match {id:?} no longer waits for players")));
            }
            made.accepted.insert(player.to_owned());
            if made.tickets().all(|ticket| made.is_accepted_by(ticket)) {
                made.state = MatchState::Confirmed;
                for matched in made.tickets() {
                    let ticket = read_ticket(txn, &made.queue, matched.ticket)?;
                    finish_ticket(txn, &made.queue, ticket, State::Accepted)?;
                }
            }
            document::put(txn, &match_key(id), &made)?;
            Ok(made)
        })
    }

    /// Says that a player is not ready: the match is dissolved, the player's ticket cancelled, and the others wait on as
    /// if they had never been matched. Declining what is dissolved does nothing.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Forbidden`] for who is not in the match; [`Kind::AlreadyMatched`] when it is on; those of
    /// a commit.
    pub fn decline(&self, id: &str, player: &str) -> Result<()> {
        self.store.transaction(|txn| {
            let now = self.store.now()?;
            let made = read_match(txn, id)?;
            check_member(&made, player)?;
            match made.state {
                MatchState::Dissolved => Ok(()),
                MatchState::Confirmed => {
                    Err(Error::new(Kind::AlreadyMatched, format!("match {id:?} is on already")))
                }
                MatchState::Pending if made.is_overdue(now) => self.settle(txn, now, id),
                MatchState::Pending => self.dissolve(txn, now, made, |_, ticket| {
                    let declined = ticket.party.iter().any(|seeker| seeker.player == player);
                    declined.then_some(State::Cancelled)
                }),
            }
        })
    }

    /// Dissolves a match whose players took too long: those who were ready wait on, the others' time is over.
    pub(super) fn settle(&self, txn: &mut Transaction, now: i64, id: &str) -> Result<()> {
        let made = read_match(txn, id)?;
        if !made.is_overdue(now) {
            return Ok(());
        }
        self.dissolve(txn, now, made, |made, ticket| (!made.is_accepted_by(ticket)).then_some(State::Expired))
    }

    /// Ends a match that is not on. `verdict` says which tickets end with it, and how; the others wait on.
    fn dissolve(
        &self,
        txn: &mut Transaction,
        now: i64,
        mut made: Match,
        verdict: impl Fn(&Match, &MatchedTicket) -> Option<State>,
    ) -> Result<()> {
        if let Some(lobby) = &made.lobby {
            self.rooms.release(txn, now, lobby, &made)?;
            let key = backfill_key(&made.queue, lobby);
            if let (true, Some(mut backfill)) = (made.backfill, document::get::<Backfill>(txn, &key)?) {
                let joined = |player: &str| made.players().any(|other| other == player);
                backfill.teams.iter_mut().for_each(|team| team.retain(|seeker| !joined(&seeker.player)));
                document::put(txn, &key, &backfill)?;
            }
        }
        for matched in made.tickets() {
            let ticket = read_ticket(txn, &made.queue, matched.ticket)?;
            match verdict(&made, matched) {
                Some(state) => finish_ticket(txn, &made.queue, ticket, state)?,
                None => {
                    let attempts = ticket.attempts;
                    let ticket = ticket.with((State::Queued, None, attempts));
                    document::put(txn, &ticket_key(&made.queue, ticket.id), &ticket)?;
                }
            }
        }
        made.state = MatchState::Dissolved;
        // A result stays, so that it is not applied again.
        let keep = if made.result.is_some() { 0 } else { KEEP_MS };
        document::put_ttl(txn, &match_key(&made.id), &made, keep)
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

fn check_member(made: &Match, player: &str) -> Result<()> {
    if made.players().any(|member| member == player) {
        return Ok(());
    }
    Err(Error::new(Kind::Forbidden, format!("player {player:?} is not in match {:?}", made.id)))
}

pub(super) fn read_queue(txn: &mut Transaction, queue: &str) -> Result<Queue> {
    check_id("a queue", queue)?;
    let found = document::get(txn, &queue_key(queue))?;
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no queue {queue:?}")))
}

fn read_ticket(txn: &mut Transaction, queue: &str, id: u64) -> Result<Ticket> {
    let found = document::get(txn, &ticket_key(queue, id))?;
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("queue {queue:?} has no ticket {id}")))
}

fn read_match(txn: &mut Transaction, id: &str) -> Result<Match> {
    check_id("a match", id)?;
    let found = document::get(txn, &match_key(id))?;
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no match {id:?}")))
}

/// Gives a ticket its final state; its players are free to wait again.
pub(super) fn finish_ticket(
    txn: &mut Transaction,
    queue: &str,
    mut ticket: Ticket,
    state: State,
) -> Result<()> {
    for player in ticket.players() {
        txn.delete(player_key(queue, player).as_bytes())?;
    }
    ticket.state = state;
    document::put_ttl(txn, &ticket_key(queue, ticket.id), &ticket, KEEP_MS)
}
