//! The hard rules. No wait bends them, and a match is checked against them again when it is committed.

use std::collections::BTreeSet;

use super::rules::{Policy, Rules};
use super::split::Side;
use super::ticket::{Backfill, Ticket};

/// A ticket with what pairing asks of it again and again.
#[derive(Debug)]
pub(super) struct Candidate<'t> {
    pub ticket: &'t Ticket,
    pub rating: f64,
    /// How far it accepts others now.
    pub width: f64,
    /// Its party, as it counts in a team.
    pub side: Side,
}

impl<'t> Candidate<'t> {
    pub fn new(ticket: &'t Ticket, rules: &Rules, now: i64) -> Self {
        let width = rules.window.width(now.saturating_sub(ticket.created), ticket.sigma());
        Self { ticket, rating: ticket.rating(), width, side: Side::of(&ticket.party, rules) }
    }

    /// The older come first.
    pub fn age_order(&self) -> (i64, u64) {
        (self.ticket.created, self.ticket.id)
    }

    pub fn distance(&self, other: &Self) -> f64 {
        (self.rating - other.rating).abs()
    }
}

/// Whether two tickets may be in one match.
pub(super) fn pair(rules: &Rules, a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let reach = match rules.policy {
        Policy::Mutual => a.width.min(b.width),
        Policy::Older if a.age_order() <= b.age_order() => a.width,
        Policy::Older => b.width,
    };
    let (a, b, distance) = (a.ticket, b.ticket, a.distance(b));
    distance <= reach
        && a.keys == b.keys
        && admits(a, b)
        && admits(b, a)
        && region(rules, [a, b].into_iter()) != Region::Nowhere
}

fn admits(one: &Ticket, other: &Ticket) -> bool {
    one.filters.iter().all(|filter| filter.admits(&other.attributes))
        && (one.blocked.is_empty() || !other.players().any(|player| one.blocked.contains(player)))
}

/// Where a match can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region<'t> {
    /// Nobody minds.
    Any,
    /// Here it is best for who has it worst.
    In(&'t str),
    /// Nowhere.
    Nowhere,
}

/// The region for tickets together.
pub(super) fn region<'t>(rules: &Rules, tickets: impl Iterator<Item = &'t Ticket> + Clone) -> Region<'t> {
    let choosy = tickets.filter(|ticket| !ticket.latencies.is_empty());
    let Some(first) = choosy.clone().next() else { return Region::Any };
    let common = first.latencies.keys().filter_map(|region| {
        let mut latencies = choosy.clone().map(|ticket| ticket.latencies.get(region).copied());
        let (worst, sum) = latencies.try_fold((0, 0_u64), |(worst, sum), latency| {
            let latency = latency.filter(|latency| *latency <= rules.max_latency_ms)?;
            Some((latency.max(worst), sum + u64::from(latency)))
        })?;
        Some((worst, sum, region))
    });
    common.min().map_or(Region::Nowhere, |(_, _, region)| Region::In(region))
}

/// Whether a match obeys every hard rule: the teams are full (with a backfill: not too full) of live tickets with the
/// right roles, each player once, and all tickets may meet.
pub(super) fn obeys(rules: &Rules, now: i64, backfill: Option<&Backfill>, teams: &[Vec<&Ticket>]) -> bool {
    let base = backfill.map(Backfill::as_ticket);
    if base.as_ref().is_some_and(|base| base.is_overdue(now)) || teams.len() != rules.teams {
        return false;
    }
    let members: Vec<&Ticket> = teams.iter().flatten().copied().chain(&base).collect();
    let candidates: Vec<_> = members.iter().map(|ticket| Candidate::new(ticket, rules, now)).collect();
    let mut players = BTreeSet::new();
    let distinct = members.iter().flat_map(|ticket| ticket.players()).all(|player| players.insert(player));
    let live = members.iter().all(|ticket| !ticket.is_overdue(now));
    let pairs = candidates
        .iter()
        .enumerate()
        .all(|(at, one)| candidates.iter().skip(at + 1).all(|other| pair(rules, one, other)));
    let sizes = teams.iter().enumerate().all(|(at, team)| {
        let present = backfill.and_then(|backfill| backfill.teams.get(at)).map_or(&[][..], Vec::as_slice);
        let mut side = Side::of(present, rules);
        team.iter().for_each(|ticket| side.add(&Side::of(&ticket.party, rules)));
        side.fits(rules) && (backfill.is_some() || side.size == rules.team_size)
    });
    distinct && live && pairs && sizes && region(rules, members.iter().copied()) != Region::Nowhere
}
