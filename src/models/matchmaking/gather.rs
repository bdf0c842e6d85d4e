//! Gathering the tickets of one match around its oldest.

use super::legal::{Candidate, Region, pair, region};
use super::rules::Rules;
use super::split::{self, EXACT, Side};

/// Steps of a search among more candidates than can be searched exhaustively.
const STEPS: usize = 512;

/// Whether another may join: there is a region for all.
pub(super) fn shares_region(rules: &Rules, chosen: &[&Candidate<'_>], another: &Candidate<'_>) -> bool {
    let tickets = chosen.iter().copied().chain([another]).map(|candidate| candidate.ticket);
    region(rules, tickets) != Region::Nowhere
}

/// The search for the tickets of one match around its oldest: of all sets when they are few, else the first that fits,
/// nearest tickets first.
pub(super) struct Gathering<'r, 't> {
    rules: &'r Rules,
    pool: &'r [(usize, &'r Candidate<'t>)],
    chosen: Vec<&'r Candidate<'t>>,
    /// Places in the pool.
    members: Vec<usize>,
    exhaustive: bool,
    steps: usize,
    best: Option<Gathered>,
}

pub(super) struct Gathered {
    score: f64,
    /// Places in the pool.
    pub members: Vec<usize>,
    /// The team of the oldest, then of each member.
    pub teams: Vec<usize>,
}

impl<'r, 't> Gathering<'r, 't> {
    pub fn run(
        rules: &'r Rules,
        seed: &'r Candidate<'t>,
        pool: &'r [(usize, &'r Candidate<'t>)],
    ) -> Option<Gathered> {
        if !shares_region(rules, &[], seed) {
            return None;
        }
        let exhaustive = pool.len() < EXACT || rules.players() == 2;
        let (chosen, steps) = (vec![seed], if exhaustive { usize::MAX } else { STEPS });
        let mut search = Self { rules, pool, chosen, members: Vec::new(), exhaustive, steps, best: None };
        let room = rules.players().checked_sub(seed.side.size)?;
        search.extend(0, room);
        search.best
    }

    /// Adds tickets of the pool from `from` on while there is room. Whether the search is over.
    fn extend(&mut self, from: usize, room: usize) -> bool {
        if room == 0 {
            self.consider();
            return !self.exhaustive && self.best.is_some();
        }
        for (at, (_, candidate)) in self.pool.iter().enumerate().skip(from) {
            let Some(room) = room.checked_sub(candidate.side.size) else { continue };
            // With the seed the pool was paired already.
            let mut others = self.chosen.iter().skip(1);
            if !others.all(|other| pair(self.rules, candidate, other))
                || !shares_region(self.rules, &self.chosen, candidate)
            {
                continue;
            }
            let Some(steps) = self.steps.checked_sub(1) else { return true };
            self.steps = steps;
            self.chosen.push(candidate);
            self.members.push(at);
            let over = self.extend(at + 1, room);
            self.chosen.pop();
            self.members.pop();
            if over {
                return true;
            }
        }
        false
    }

    fn consider(&mut self) {
        let sides: Vec<&Side> = self.chosen.iter().map(|candidate| &candidate.side).collect();
        let Some(split) = split::split(&sides, self.rules) else { return };
        let width = split::gap(self.chosen.iter().map(|candidate| candidate.rating));
        let born = |candidate: &&Candidate<'_>| candidate.ticket.created as f64 / 1000.0;
        let oldest = self.chosen.first().map_or(0.0, born);
        let younger: f64 = self.chosen.iter().map(|candidate| born(candidate) - oldest).sum();
        let partners = self.members.len().max(1) as f64;
        // Of two single players: how far apart they are, and how much younger the other is.
        let score = f64::midpoint(width, split.unevenness) + self.rules.age_bonus * younger / partners;
        if self.best.as_ref().is_none_or(|best| score < best.score) {
            self.best = Some(Gathered { score, members: self.members.clone(), teams: split.teams });
        }
    }
}
