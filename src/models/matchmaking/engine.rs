//! Making matches: a pure function of rules, tickets, seed and time. Pairs are chosen for all together where they are few
//! enough, see [`Pairing`]. Else the oldest ticket chooses first, among those whose rating is nearest, up to a bounded number;
//! then the next oldest that is left.

use std::collections::BTreeMap;

use super::gather::{Gathering, shares_region};
use super::legal::{Candidate, Region, pair, region};
use super::pairing;
use super::quality::{Quality, quality};
use super::rules::{Pairing, Policy, Rules};
use super::split::{Side, unevenness};
use super::ticket::{Backfill, Ticket};

/// Partners that a ticket considers in a match of two tickets; for larger ones twice the players, but no fewer.
const NEIGHBOURS: usize = 16;
/// Neighbours that each ticket may look at to find them, and how many more all tickets together may.
const LOOKS: usize = 64;
const SHARED_LOOKS: usize = 500_000;

/// What a tick decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The matches, in the order they were decided. No ticket is in two.
    pub matches: Vec<Proposal>,
    /// Tickets whose time is over.
    pub expired: Vec<u64>,
}

/// A match to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The tickets of each team.
    pub teams: Vec<Vec<u64>>,
    /// The lobby that they join, where the match is under way already.
    pub backfill: Option<u64>,
    /// Where to play; None where nobody minds.
    pub region: Option<String>,
    /// How good it is.
    pub quality: Quality,
}

/// Decides on matches. The order of `tickets` and `backfills` does not matter; their ids are distinct. `seed` decides
/// which side a team takes.
pub fn run(rules: &Rules, tickets: &[&Ticket], backfills: &[&Backfill], seed: u64, now: i64) -> Outcome {
    let (overdue, live): (Vec<_>, Vec<_>) =
        tickets.iter().copied().partition(|ticket| ticket.is_overdue(now));
    let mut expired: Vec<u64> = overdue.iter().map(|ticket| ticket.id).collect();
    expired.sort_unstable();

    let mut candidates: Vec<_> = live.iter().map(|ticket| Candidate::new(ticket, rules, now)).collect();
    candidates.sort_by_key(Candidate::age_order);
    let mut maker = Maker::new(rules, &candidates, seed);

    let mut backfills: Vec<_> = backfills.iter().filter(|backfill| !backfill.is_overdue(now)).collect();
    backfills.sort_by_key(|backfill| (backfill.created, backfill.lobby));
    for backfill in backfills {
        maker.fill(backfill, now);
    }
    maker.pair_up();
    for seed in 0..candidates.len() {
        maker.serve(seed);
    }
    Outcome { matches: maker.matches, expired }
}

/// Tickets with equal keys, by rating, linked so that who was matched is skipped.
struct Bucket {
    /// Numbers of candidates.
    order: Vec<usize>,
    /// The next place that was free when this one was last free; the end is the length.
    next: Vec<usize>,
    /// The place before that, plus one; 0 is the end.
    previous: Vec<usize>,
}

/// Where a candidate is: its bucket and its place there.
type Place = (usize, usize);

struct Maker<'r, 't> {
    rules: &'r Rules,
    candidates: &'r [Candidate<'t>],
    buckets: Vec<Bucket>,
    by_keys: BTreeMap<&'t BTreeMap<String, String>, usize>,
    places: Vec<Place>,
    taken: Vec<bool>,
    /// The partners of those who are paired all together; None where one has to wait.
    paired: BTreeMap<usize, Option<usize>>,
    /// Looks that all tickets together may still take.
    shared: usize,
    seed: u64,
    matches: Vec<Proposal>,
}

impl<'r, 't> Maker<'r, 't> {
    fn new(rules: &'r Rules, candidates: &'r [Candidate<'t>], seed: u64) -> Self {
        let mut by_keys: BTreeMap<&BTreeMap<String, String>, usize> = BTreeMap::new();
        let mut orders: Vec<Vec<usize>> = Vec::new();
        for (number, candidate) in candidates.iter().enumerate() {
            let bucket = *by_keys.entry(&candidate.ticket.keys).or_insert(orders.len());
            match orders.get_mut(bucket) {
                Some(order) => order.push(number),
                None => orders.push(vec![number]),
            }
        }
        let rating = |number: &usize| candidates.get(*number).map_or(0.0, |candidate| candidate.rating);
        let mut places = vec![(0, 0); candidates.len()];
        let mut buckets = Vec::with_capacity(orders.len());
        for (bucket, mut order) in orders.into_iter().enumerate() {
            // Stable: of equal ratings the older come first.
            order.sort_by(|a, b| rating(a).total_cmp(&rating(b)));
            for (at, number) in order.iter().enumerate() {
                if let Some(place) = places.get_mut(*number) {
                    *place = (bucket, at);
                }
            }
            let (next, previous) = ((1..=order.len()).collect(), (0..order.len()).collect());
            buckets.push(Bucket { order, next, previous });
        }
        let (taken, shared) = (vec![false; candidates.len()], SHARED_LOOKS);
        let (paired, matches) = (BTreeMap::new(), Vec::new());
        Self { rules, candidates, buckets, by_keys, places, taken, paired, shared, seed, matches }
    }

    fn is_taken(&self, number: usize) -> bool {
        self.taken.get(number).copied().unwrap_or(true)
    }

    /// Takes a candidate out of its bucket.
    fn take(&mut self, number: usize) {
        if let Some(taken) = self.taken.get_mut(number) {
            *taken = true;
        }
        let Some(&(bucket, at)) = self.places.get(number) else { return };
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        let (Some(&next), Some(&previous)) = (bucket.next.get(at), bucket.previous.get(at)) else { return };
        if let Some(link) = previous.checked_sub(1).and_then(|at| bucket.next.get_mut(at)) {
            *link = next;
        }
        if let Some(link) = bucket.previous.get_mut(next) {
            *link = previous;
        }
    }

    /// The free candidates of a bucket that `who` may meet, the nearest first: at most `wanted`, none beyond `reach`. The
    /// search goes out both ways from between the places `below` (plus one) and `above`.
    fn neighbours(
        &mut self,
        who: &Candidate<'_>,
        bucket: usize,
        (mut below, mut above): (usize, usize),
        reach: f64,
        wanted: usize,
    ) -> Vec<usize> {
        let (mut found, mut own_looks) = (Vec::new(), LOOKS);
        let Some(bucket) = self.buckets.get(bucket) else { return found };
        while found.len() < wanted {
            let number = |at: Option<usize>| at.and_then(|at| bucket.order.get(at)).copied();
            let (lower, upper) = (number(below.checked_sub(1)), number(Some(above)));
            let distance = |number: Option<usize>| {
                let candidate = number.and_then(|number| self.candidates.get(number));
                candidate.map_or(f64::INFINITY, |candidate| who.distance(candidate))
            };
            // Of two as near the lower one goes first.
            let down = distance(lower) <= distance(upper);
            let (Some(number), true) =
                (if down { lower } else { upper }, distance(lower).min(distance(upper)) <= reach)
            else {
                break;
            };
            if down {
                below = below.checked_sub(1).and_then(|at| bucket.previous.get(at)).copied().unwrap_or(0);
            } else {
                above = bucket.next.get(above).copied().unwrap_or(usize::MAX);
            }
            if self.is_taken(number) {
                continue;
            }
            match own_looks.checked_sub(1) {
                Some(left) => own_looks = left,
                None if self.shared > 0 => self.shared -= 1,
                None => break,
            }
            let Some(candidate) = self.candidates.get(number) else { continue };
            let has_room = who.side.size + candidate.side.size <= self.rules.players();
            if has_room && pair(self.rules, who, candidate) {
                found.push(number);
            }
        }
        found
    }

    /// Finds partners for all players of a bucket together, where matches are pairs and the bucket is small enough.
    fn pair_up(&mut self) {
        if self.rules.players() != 2 || self.rules.pairing == Pairing::Greedy {
            return;
        }
        for bucket in &self.buckets {
            let alone = |number: &usize| self.candidates.get(*number).filter(|one| one.side.size == 1);
            let free = bucket.order.iter().copied().filter(|number| !self.is_taken(*number));
            let mut players: Vec<_> = free.filter_map(|number| Some((number, alone(&number)?))).collect();
            if players.len() > pairing::MOST {
                continue;
            }
            // Their numbers are in the order of their age.
            players.sort_unstable_by_key(|(number, _)| *number);
            let (numbers, players): (Vec<usize>, Vec<_>) = players.into_iter().unzip();
            let partners = pairing::partners(self.rules, &players);
            let partners = partners.into_iter().map(|at| at.and_then(|at| numbers.get(at)).copied());
            self.paired.extend(numbers.iter().copied().zip(partners));
        }
    }

    /// Finds the oldest ticket left its match.
    fn serve(&mut self, number: usize) {
        let (candidates, rules) = (self.candidates, self.rules);
        let Some(seed) = candidates.get(number).filter(|_| !self.is_taken(number)) else { return };
        let Some(&(bucket, at)) = self.places.get(number) else { return };
        let Some(links) = self.buckets.get(bucket) else { return };
        let (Some(&below), Some(&above)) = (links.previous.get(at), links.next.get(at)) else { return };
        let wanted = match rules.players() {
            2 if rules.age_bonus == 0.0 && rules.roles.is_empty() => 1,
            2 => NEIGHBOURS,
            players => NEIGHBOURS.max(2 * players),
        };
        let pool = match self.paired.get(&number) {
            Some(partner) => partner.iter().copied().collect(),
            // All who are left are younger: under either policy none beyond this window may be met.
            None => self.neighbours(seed, bucket, (below, above), seed.width, wanted),
        };
        let pool: Vec<_> =
            pool.iter().filter_map(|number| candidates.get(*number).map(|other| (*number, other))).collect();
        let Some(found) = Gathering::run(rules, seed, &pool) else { return };

        let mut units = vec![(number, seed)];
        units.extend(found.members.iter().filter_map(|at| pool.get(*at).copied()));
        let mut teams = vec![Vec::new(); rules.teams];
        for ((number, unit), team) in units.iter().zip(&found.teams) {
            self.take(*number);
            if let Some(team) = teams.get_mut(*team) {
                team.push(unit.ticket);
            }
        }
        teams.sort_by_key(|team| mix(self.seed, team.iter().map(|ticket| ticket.id).min().unwrap_or(0)));
        self.propose(&teams, None);
    }

    /// Finds players for a match under way: the nearest that may join, each in the team that it makes the least uneven.
    fn fill(&mut self, backfill: &Backfill, now: i64) {
        let (candidates, rules) = (self.candidates, self.rules);
        let present = backfill.as_ticket();
        let host = Candidate::new(&present, rules, now);
        let Some(&bucket) = self.by_keys.get(&present.keys) else { return };
        let above = self.buckets.get(bucket).map_or(0, |bucket| {
            let rating = |number: &usize| candidates.get(*number).map_or(0.0, |candidate| candidate.rating);
            bucket.order.partition_point(|number| rating(number) < host.rating)
        });
        let reach = match rules.policy {
            Policy::Mutual => host.width,
            Policy::Older => f64::INFINITY,
        };
        let pool = self.neighbours(&host, bucket, (above, above), reach, NEIGHBOURS.max(2 * rules.players()));

        let mut sides: Vec<Side> = backfill.teams.iter().map(|team| Side::of(team, rules)).collect();
        let mut teams: Vec<Vec<&Ticket>> = vec![Vec::new(); rules.teams];
        let mut chosen: Vec<&Candidate<'_>> = vec![&host];
        for number in pool {
            let Some(candidate) = candidates.get(number) else { continue };
            let mut together = chosen.iter().skip(1).copied();
            if !together.all(|other| pair(rules, candidate, other))
                || !shares_region(rules, &chosen, candidate)
            {
                continue;
            }
            let options = sides.iter().enumerate().filter_map(|(at, side)| {
                let mut joined = side.clone();
                joined.add(&candidate.side);
                let after = |other| {
                    if other == at { joined.clone() } else { sides.get(other).cloned().unwrap_or_default() }
                };
                let after: Vec<Side> = (0..sides.len()).map(after).collect();
                joined.fits(rules).then(|| (unevenness(&after), at, joined))
            });
            let best = options.min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, at, joined)) = best
                && let (Some(side), Some(team)) = (sides.get_mut(at), teams.get_mut(at))
            {
                *side = joined;
                team.push(candidate.ticket);
                chosen.push(candidate);
                self.take(number);
            }
        }
        if chosen.len() > 1 {
            self.propose(&teams, Some(backfill));
        }
    }

    fn propose(&mut self, teams: &[Vec<&Ticket>], backfill: Option<&Backfill>) {
        let region = match backfill {
            Some(backfill) => backfill.region.clone(),
            None => match region(self.rules, teams.iter().flatten().copied()) {
                Region::In(region) => Some(region.to_owned()),
                Region::Any | Region::Nowhere => None,
            },
        };
        self.matches.push(Proposal {
            teams: teams.iter().map(|team| team.iter().map(|ticket| ticket.id).collect()).collect(),
            backfill: backfill.map(|backfill| backfill.lobby),
            region,
            quality: quality(self.rules, teams, backfill),
        });
    }
}

/// SplitMix64 of a number under a seed.
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
