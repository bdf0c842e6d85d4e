//! What players answer to a match, and how one that is not on ends.

use super::made::{Match, MatchState, MatchedTicket, match_key};
use super::queue::{Matchmaker, backfill_key, put_backfill};
use super::ticket::{Backfill, State};
use super::waiting::{KEEP_MS, finish_ticket, read_ticket, ticket_key};
use crate::error::{Error, Kind, Result};
use crate::models::lobby::host;
use crate::models::{check_id, document};
use crate::store::Transaction;

impl Matchmaker<'_> {
    /// A match.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn match_of(&self, id: &str) -> Result<Match> {
        self.scope.read(|txn| read_match(txn, id))
    }

    /// Says that a player is ready. Saying it again does nothing; when all have said so the match is on.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Forbidden`] for who is not in the match; [`Kind::Expired`] when it is too late; those of
    /// a commit.
    pub fn accept(&self, id: &str, player: &str) -> Result<Match> {
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
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
            document::put(txn, match_key(id), &made)?;
            Ok(made)
        })
    }

    /// Says that a player is not ready: the match is dissolved, the player's ticket cancelled, and the others wait on as
    /// if they had never been matched. Its lobby is closed; with a backfill, what is still kept for its players there is
    /// given back. Declining what is dissolved does nothing.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Forbidden`] for who is not in the match; [`Kind::AlreadyMatched`] when it is on; those of
    /// a commit.
    pub fn decline(&self, id: &str, player: &str) -> Result<()> {
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
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
        if let Some(lobby) = made.lobby {
            give_back(txn, now, lobby, &made)?;
        }
        for matched in made.tickets() {
            let ticket = read_ticket(txn, &made.queue, matched.ticket)?;
            match verdict(&made, matched) {
                Some(state) => finish_ticket(txn, &made.queue, ticket, state)?,
                None => {
                    let attempts = ticket.attempts;
                    let ticket = ticket.with((State::Queued, None, attempts));
                    document::put(txn, ticket_key(&made.queue, ticket.id), &ticket)?;
                }
            }
        }
        made.state = MatchState::Dissolved;
        // A result stays, so that it is not applied again.
        let keep = if made.result.is_some() { 0 } else { KEEP_MS };
        document::put_ttl(txn, match_key(&made.id), &made, keep)
    }
}

/// A lobby that was opened for the match has no more use; in another one the places are free again.
fn give_back(txn: &mut Transaction, now: i64, lobby: u64, made: &Match) -> Result<()> {
    if !made.backfill {
        return host::close(txn, now, lobby);
    }
    let players: Vec<&str> = made.players().collect();
    host::release(txn, now, lobby, &players)?;
    let Some(mut backfill) = document::get::<Backfill>(txn, &backfill_key(&made.queue, lobby))? else {
        return Ok(());
    };
    backfill
        .teams
        .iter_mut()
        .for_each(|team| team.retain(|seeker| !players.contains(&seeker.player.as_str())));
    put_backfill(txn, now, &made.queue, &backfill)
}

fn check_member(made: &Match, player: &str) -> Result<()> {
    if made.players().any(|member| member == player) {
        return Ok(());
    }
    Err(Error::new(Kind::Forbidden, format!("player {player:?} is not in match {:?}", made.id)))
}

fn read_match(txn: &mut Transaction, id: &str) -> Result<Match> {
    check_id("a match", id)?;
    let found = document::get(txn, match_key(id))?;
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no match {id:?}")))
}
