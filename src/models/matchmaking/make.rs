//! Making a match that was decided on: in a transaction that holds only if nothing it rests on has changed.

use std::ops::Range;
use std::sync::Arc;

use super::engine::Proposal;
use super::legal::obeys;
use super::made::{Match, MatchState, MatchedTicket, match_key};
use super::queue::{backfill_key, put_backfill};
use super::rules::Rules;
use super::ticket::{Backfill, State, Ticket};
use super::waiting::{finish_ticket, ticket_key};
use crate::error::{Error, Kind, Result};
use crate::models::lobby::{Chance, Create, Reserve, Timing, host};
use crate::models::{Stop, document};
use crate::store::{Store, Transaction};

/// What a proposal becomes true with: the tickets of each team as they were looked at, with the versions of their rows.
pub(super) struct Plan {
    pub proposal: Proposal,
    pub teams: Vec<Vec<(u64, Arc<Ticket>)>>,
    pub backfill: Option<(u64, Backfill)>,
}

/// What the matches of a tick have in common.
pub(super) struct Making<'a> {
    pub queue: &'a str,
    pub rules: &'a Rules,
    /// The lobby to create for each, checked.
    pub lobby: Option<Create>,
    pub chance: &'a Chance,
}

impl Making<'_> {
    /// Takes the ids of the lobbies that plans will open.
    pub fn take_ids(&self, store: &Store, plans: &[Plan]) -> Result<Range<u64>> {
        let opening = plans.iter().filter(|plan| self.lobby.is_some() && plan.backfill.is_none());
        host::take_ids(store, opening.count())
    }

    /// Makes a match, with the next of `ids` for its lobby; None when something it rests on has changed, which the commit
    /// finds out where `read` says not to read it again. The request of a match under way whose lobby refuses the players
    /// ends, so that they are not found for it again and again.
    pub fn make(
        &self,
        txn: &mut Transaction,
        (now, read): (i64, bool),
        plan: &Plan,
        ids: &mut Range<u64>,
    ) -> Result<Option<Match>> {
        let tickets = plan.teams.iter().flatten();
        let tickets = tickets.map(|(version, ticket)| (ticket_key(self.queue, ticket.id), *version));
        let backfill = plan.backfill.iter();
        let backfill =
            backfill.map(|(version, backfill)| (backfill_key(self.queue, backfill.lobby), *version));
        for (key, version) in tickets.chain(backfill) {
            let unchanged = match read {
                true => is_at(txn, &key, version)?,
                false => txn.expect(key.as_bytes(), version)?,
            };
            if !unchanged {
                return Ok(None);
            }
        }
        let backfill = plan.backfill.as_ref().map(|(_, backfill)| backfill);
        let teams: Vec<Vec<&Ticket>> =
            plan.teams.iter().map(|team| team.iter().map(|(_, ticket)| &**ticket).collect()).collect();
        if !obeys(self.rules, now, backfill, &teams) {
            return Ok(None);
        }
        let Some(lobby) = self.lobby_for(txn, now, backfill, &teams, ids)? else { return Ok(None) };
        let Some(made) = self.describe(now, plan, &teams, lobby) else { return Ok(None) };
        for ticket in teams.into_iter().flatten() {
            let attempts = ticket.attempts.saturating_add(1);
            let ticket = ticket.clone().with((State::Matched, Some(made.id.clone()), attempts));
            match made.state {
                MatchState::Confirmed => finish_ticket(txn, self.queue, ticket, State::Accepted)?,
                _ => document::put(txn, ticket_key(self.queue, ticket.id), &ticket)?,
            }
        }
        document::put(txn, match_key(&made.id), &made)?;
        Ok(Some(made))
    }

    /// Keeps seats for everyone: in a new lobby, or in that of the match under way. The lobby, if there is one; None when it
    /// refuses.
    fn lobby_for(
        &self,
        txn: &mut Transaction,
        now: i64,
        backfill: Option<&Backfill>,
        teams: &[Vec<&Ticket>],
        ids: &mut Range<u64>,
    ) -> Result<Option<Option<u64>>> {
        let Some(backfill) = backfill else {
            let Some(create) = &self.lobby else { return Ok(Some(None)) };
            let none_left = || Error::new(Kind::Panic, "fewer ids were taken than lobbies are opened");
            let id = ids.next().ok_or_else(none_left)?;
            let guests = self.guests(teams, &create.timing);
            host::open(txn, now, (id, self.chance), create, &guests).map_err(Stop::into_error)?;
            return Ok(Some(Some(id)));
        };
        let admit = |txn: &mut Transaction| {
            host::admit(txn, now, backfill.lobby, |timing| self.guests(teams, timing))
        };
        match txn.attempt(admit) {
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Refused(_)) => {
                txn.delete(backfill_key(self.queue, backfill.lobby).as_bytes())?;
                return Ok(None);
            }
            Ok(()) => {}
        }
        let mut filled = backfill.clone();
        for (present, team) in filled.teams.iter_mut().zip(teams) {
            present.extend(team.iter().flat_map(|ticket| ticket.party.iter().cloned()));
        }
        put_backfill(txn, now, self.queue, &filled)?;
        Ok(Some(Some(backfill.lobby)))
    }

    /// A seat for everyone, kept while they are asked and then as long as the lobby has it.
    fn guests(&self, teams: &[Vec<&Ticket>], timing: &Timing) -> Vec<Reserve> {
        let for_ms = Some(timing.reservation_ms.saturating_add(self.rules.accept_ms));
        let seekers = (0..).zip(teams).flat_map(|(number, team)| {
            team.iter().flat_map(|ticket| &ticket.party).map(move |seeker| (number, seeker))
        });
        seekers
            .map(|(number, seeker)| Reserve {
                player: seeker.player.clone(),
                team: Some(number),
                role: seeker.role.clone().unwrap_or_default(),
                for_ms,
            })
            .collect()
    }

    fn describe(&self, now: i64, plan: &Plan, teams: &[Vec<&Ticket>], lobby: Option<u64>) -> Option<Match> {
        let lead = teams.iter().flatten().min_by_key(|ticket| (ticket.created, ticket.id))?;
        let asked = self.rules.accept_ms > 0;
        Some(Match {
            id: match lead.attempts {
                0 => format!("{}-{}", self.queue, lead.id),
                again => format!("{}-{}.{again}", self.queue, lead.id),
            },
            queue: self.queue.to_owned(),
            state: if asked { MatchState::Pending } else { MatchState::Confirmed },
            teams: teams
                .iter()
                .map(|team| team.iter().map(|ticket| matched(ticket, now)).collect())
                .collect(),
            lobby,
            backfill: plan.backfill.is_some(),
            region: plan.proposal.region.clone(),
            quality: plan.proposal.quality,
            created: now,
            accept_by: if asked { now.saturating_add(self.rules.accept_ms) } else { 0 },
            accepted: Default::default(),
            result: None,
        })
    }
}

fn matched(ticket: &Ticket, now: i64) -> MatchedTicket {
    MatchedTicket { ticket: ticket.id, party: ticket.party.clone(), waited_ms: now - ticket.created }
}

fn is_at(txn: &mut Transaction, key: &str, version: u64) -> Result<bool> {
    Ok(txn.get(key.as_bytes())?.is_some_and(|value| value.version() == version))
}
