//! Pairs of players, chosen for all together: what [`Pairing::Optimal`](super::Pairing::Optimal) promises, as a matching of
//! the least cost.

use super::legal::{Candidate, pair};
use super::matching::{Graph, cheapest};
use super::rules::Rules;

/// The most players that are paired together.
pub(super) const MOST: usize = 200;
/// Costs are counted in millionths of a point, and a pair's is at most that of 10 million points.
const UNITS: f64 = 1e6;
const MAX_COST: f64 = 1e7 * UNITS;

/// For each of at most [`MOST`] tickets of single players, the oldest first, the place of its partner.
///
/// To leave a ticket out costs more than all pairs together, and the more the older it is. The sets of tickets that can be
/// matched at once are the independent sets of a matroid, so whatever falls from one ticket to the next gives the same best
/// set: a largest one, and that which a choice by age would take.
pub(super) fn partners(rules: &Rules, tickets: &[&Candidate<'_>]) -> Vec<Option<usize>> {
    let mut graph = Graph::new(tickets.len());
    for (at, one) in tickets.iter().enumerate() {
        for (beside, other) in tickets.iter().enumerate().skip(at + 1) {
            if pair(rules, one, other) && fit(rules, one, other) {
                graph.join(at, beside, cost(rules, one, other));
            }
        }
    }
    let leaving_out = MAX_COST as i64 * tickets.len() as i64;
    let prices: Vec<i64> = (1..=tickets.len() as i64).rev().map(|rank| rank * leaving_out).collect();
    cheapest(&graph, &prices)
}

/// Whether they make teams with the right roles.
fn fit(rules: &Rules, one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    if rules.teams > 1 {
        return one.side.fits(rules) && other.side.fits(rules);
    }
    let mut team = one.side.clone();
    team.add(&other.side);
    team.fits(rules)
}

fn cost(rules: &Rules, one: &Candidate<'_>, other: &Candidate<'_>) -> i64 {
    let seconds = one.ticket.created.abs_diff(other.ticket.created) as f64 / 1000.0;
    let points = one.distance(other) + rules.age_bonus * seconds;
    (points * UNITS).clamp(0.0, MAX_COST).round() as i64
}
