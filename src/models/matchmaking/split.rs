//! Splitting tickets into even teams: exactly for a few, by the differencing of Karmarkar and Karp for many. Parties stay
//! together.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::rules::Rules;
use super::ticket::Seeker;

/// Up to this many tickets every split is looked at.
pub(super) const EXACT: usize = 10;
/// The most steps of a search that is not exact, and, as a backstop, of one that is.
const STEPS: usize = 10_000;
const EXACT_STEPS: usize = 1_000_000;
/// What a difference of spread counts beside one of means: near-equal means hide 500 + 1500 + 1500 against 3 × 1200.
const SPREAD_WEIGHT: f64 = 0.5;

/// A team or a part of one, summed up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Side {
    pub size: usize,
    sum: f64,
    squares: f64,
    /// Players who insist on each role, in the order of the rules.
    roles: SmallVec<[usize; 4]>,
}

impl Side {
    pub fn of(party: &[Seeker], rules: &Rules) -> Self {
        let insisting =
            |role: &String| party.iter().filter(|seeker| seeker.role.as_ref() == Some(role)).count();
        Self {
            size: party.len(),
            sum: party.iter().map(|seeker| seeker.mu).sum(),
            squares: party.iter().map(|seeker| seeker.mu * seeker.mu).sum(),
            roles: rules.roles.keys().map(insisting).collect(),
        }
    }

    fn empty(rules: &Rules) -> Self {
        Self::of(&[], rules)
    }

    pub fn add(&mut self, other: &Self) {
        self.size += other.size;
        self.sum += other.sum;
        self.squares += other.squares;
        self.roles.iter_mut().zip(&other.roles).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Whether it can be a team, or a part of one: who has no wish takes any role.
    pub fn fits(&self, rules: &Rules) -> bool {
        self.size <= rules.team_size
            && self.roles.iter().zip(rules.roles.values()).all(|(have, slots)| have <= slots)
    }

    pub fn mean(&self) -> f64 {
        self.sum / self.size.max(1) as f64
    }

    /// The standard deviation of its players' ratings.
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        (self.squares / self.size.max(1) as f64 - mean * mean).max(0.0).sqrt()
    }
}

/// How uneven teams are, in points of rating: the gap of their means, and half that of their spreads.
pub(super) fn unevenness(sides: &[Side]) -> f64 {
    gap(sides.iter().map(Side::mean)) + SPREAD_WEIGHT * gap(sides.iter().map(Side::spread))
}

/// The largest less the least.
pub(super) fn gap(values: impl Iterator<Item = f64>) -> f64 {
    let bounds = (f64::INFINITY, f64::NEG_INFINITY);
    let (least, most) = values.fold(bounds, |(least, most), value| (least.min(value), most.max(value)));
    if most > least { most - least } else { 0.0 }
}

/// The teams of a match: for each unit the number of its team.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Split {
    pub teams: Vec<usize>,
    pub unevenness: f64,
}

/// Splits units whose sizes add up to a match; None when they do not go into teams of the wanted size and roles.
pub(super) fn split(units: &[&Side], rules: &Rules) -> Option<Split> {
    if units.len() <= EXACT {
        return Search::run(units, rules, EXACT_STEPS);
    }
    differencing(units, rules).or_else(|| Search::run(units, rules, STEPS))
}

/// A depth-first search over assignments, large parties first, each first to the weakest team.
struct Search<'u> {
    units: Vec<(usize, &'u Side)>,
    rules: &'u Rules,
    steps: usize,
    path: Vec<usize>,
    best: Option<Split>,
}

impl<'u> Search<'u> {
    fn run(units: &[&'u Side], rules: &'u Rules, steps: usize) -> Option<Split> {
        let mut search =
            Self { units: largest_first(units), rules, steps, path: vec![0; units.len()], best: None };
        search.place(0, &mut vec![Side::empty(rules); rules.teams]);
        search.best
    }

    fn place(&mut self, depth: usize, sides: &mut [Side]) {
        let Some(&(unit, side)) = self.units.get(depth) else {
            let unevenness = unevenness(sides);
            if self.best.as_ref().is_none_or(|best| unevenness < best.unevenness) {
                self.best = Some(Split { teams: self.path.clone(), unevenness });
            }
            return;
        };
        let mut order: SmallVec<[(f64, usize); 8]> =
            sides.iter().enumerate().map(|(at, side)| (side.sum, at)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut tried_empty = false;
        for (_, at) in order {
            let Some(target) = sides.get_mut(at) else { continue };
            // Empty teams are all alike.
            if target.size == 0 && std::mem::replace(&mut tried_empty, true) {
                continue;
            }
            let before = target.clone();
            target.add(side);
            if target.fits(self.rules) {
                let Some(steps) = self.steps.checked_sub(1) else { return };
                self.steps = steps;
                if let Some(team) = self.path.get_mut(unit) {
                    *team = at;
                }
                self.place(depth + 1, sides);
            }
            if let Some(target) = sides.get_mut(at) {
                *target = before;
            }
        }
    }
}

fn largest_first<'u>(units: &[&'u Side]) -> Vec<(usize, &'u Side)> {
    let mut ordered: Vec<_> = units.iter().copied().enumerate().collect();
    ordered.sort_by(|(_, a), (_, b)| b.size.cmp(&a.size).then(b.sum.total_cmp(&a.sum)));
    ordered
}

/// Parts of all teams, of equal size, the strongest first; of each the units and their sum.
type Parts = Vec<(f64, Vec<usize>)>;

/// Balanced differencing: units are laid into tuples with a part of equal size for every team; then the two tuples of the
/// greatest differences are joined, the strongest part of one with the weakest of the other, until one is left.
fn differencing(units: &[&Side], rules: &Rules) -> Option<Split> {
    let mut tuples = tuples(units, rules.teams)?;
    let difference = |parts: &Parts| gap(parts.iter().map(|(sum, _)| *sum));
    // Ascending: the greatest differences are taken from the end.
    tuples.sort_by(|a, b| difference(a).total_cmp(&difference(b)));
    while let (Some(one), true) = (tuples.pop(), !tuples.is_empty()) {
        let Some(other) = tuples.pop() else { break };
        let joined = one.into_iter().zip(other.into_iter().rev());
        let joined = joined.map(|((a, mut units), (b, more))| {
            units.extend(more);
            (a + b, units)
        });
        let joined = strongest_first(joined.collect());
        let at = tuples.partition_point(|tuple| difference(tuple) <= difference(&joined));
        tuples.insert(at, joined);
        if tuples.len() == 1 {
            break;
        }
    }
    let parts = tuples.pop()?;
    let mut teams = vec![0; units.len()];
    let mut sides = vec![Side::empty(rules); rules.teams];
    for (at, ((_, members), side)) in parts.iter().zip(&mut sides).enumerate() {
        for unit in members {
            side.add(units.get(*unit)?);
            *teams.get_mut(*unit)? = at;
        }
    }
    let full = sides.iter().all(|side| side.size == rules.team_size && side.fits(rules));
    full.then(|| Split { unevenness: unevenness(&sides), teams })
}

fn strongest_first(mut parts: Parts) -> Parts {
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    parts
}

/// Lays units into tuples: the largest left sets the size, the next that fit fill the other parts. None when some part
/// stays unfilled.
fn tuples(units: &[&Side], teams: usize) -> Option<Vec<Parts>> {
    let mut left = largest_first(units);
    let mut tuples = Vec::new();
    while let Some(&(_, largest)) = left.first() {
        let mut parts = Parts::new();
        for _ in 0..teams {
            let (mut room, mut part) = (largest.size, (0.0, Vec::new()));
            left.retain(|(unit, side)| {
                let taken = side.size <= room;
                if taken {
                    room -= side.size;
                    part.0 += side.sum;
                    part.1.push(*unit);
                }
                !taken
            });
            if room > 0 {
                return None;
            }
            parts.push(part);
        }
        tuples.push(strongest_first(parts));
    }
    tuples.sort_by_key(|parts| Reverse(parts.len()));
    Some(tuples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(mus: &[f64]) -> Side {
        let seeker = |mu: &f64| Seeker { player: String::new(), mu: *mu, sigma: 1.0, role: None };
        Side::of(&mus.iter().map(seeker).collect::<Vec<_>>(), &Rules::default())
    }

    fn rules(teams: usize, team_size: usize) -> Rules {
        Rules { teams, team_size, ..Rules::default() }
    }

    fn run(sides: &[Side], rules: &Rules) -> Option<Split> {
        split(&sides.iter().collect::<Vec<_>>(), rules)
    }

    #[test]
    fn near_equal_sums_do_not_hide_unequal_teams() {
        let mixed = [side(&[500.0, 1500.0, 1500.0]), side(&[1200.0, 1200.0, 1200.0])];
        assert!(unevenness(&mixed) > 200.0, "{}", unevenness(&mixed));
        assert_eq!(unevenness(&[side(&[1.0, 5.0]), side(&[5.0, 1.0])]), 0.0);
    }

    #[test]
    fn a_few_are_split_in_the_best_way() {
        let found = run(&[8.0, 7.0, 6.0, 5.0].map(|mu| side(&[mu])), &rules(2, 2)).unwrap();
        assert_eq!(found.teams[0], found.teams[3]);
        // Means 6.5 and 6.5; spreads 1.5 and 0.5.
        assert!((found.unevenness - 0.5).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn parties_stay_together_or_there_is_no_split() {
        let three_pairs = [side(&[1.0, 2.0]), side(&[3.0, 4.0]), side(&[5.0, 6.0])];
        assert_eq!(run(&three_pairs, &rules(2, 3)), None);
        let found = run(&three_pairs, &rules(3, 2)).unwrap();
        assert_eq!(found.teams.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn roles_are_filled() {
        let mut rules = rules(2, 2);
        rules.roles = [("healer".to_owned(), 1), ("tank".to_owned(), 1)].into();
        let player = |mu: f64, role: &str| {
            let role = (!role.is_empty()).then(|| role.to_owned());
            Side::of(&[Seeker { player: String::new(), mu, sigma: 1.0, role }], &rules)
        };
        let units = [player(9.0, "tank"), player(8.0, "tank"), player(1.0, ""), player(2.0, "healer")];
        let found = run(&units, &rules).unwrap();
        assert_ne!(found.teams[0], found.teams[1]);
        let three_tanks = [player(1.0, "tank"), player(1.0, "tank"), player(1.0, "tank"), player(1.0, "")];
        assert_eq!(run(&three_tanks, &rules), None);
    }

    #[test]
    fn many_are_split_evenly_and_into_full_teams() {
        for (teams, team_size, parties) in
            [(2, 8, &[1; 16][..]), (2, 12, &[3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]), (4, 5, &[1; 20])]
        {
            let units: Vec<Side> = parties
                .iter()
                .enumerate()
                .map(|(at, size)| side(&vec![((at * 7919) % 41) as f64; *size]))
                .collect();
            assert!(units.len() > EXACT);
            let rules = rules(teams, team_size);
            let found = run(&units, &rules).unwrap();
            let mut sides = vec![Side::default(); teams];
            units.iter().zip(&found.teams).for_each(|(unit, team)| sides[*team].add(unit));
            assert!(sides.iter().all(|side| side.size == team_size), "{found:?}");
            assert!(gap(sides.iter().map(Side::mean)) < 2.0, "{found:?}");
        }
    }

    #[test]
    fn what_tuples_cannot_lay_a_search_can() {
        // Teams of 6 from parties of 3, 3 and eleven that only fit as 2 + 2 + 2 or 1s.
        let sizes = [3, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1];
        let units: Vec<Side> = sizes.iter().map(|size| side(&vec![*size as f64; *size])).collect();
        assert!(tuples(&units.iter().collect::<Vec<_>>(), 2).is_some());
        let sizes = [3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2];
        let units: Vec<Side> = sizes.iter().map(|size| side(&vec![*size as f64; *size])).collect();
        assert!(tuples(&units.iter().collect::<Vec<_>>(), 2).is_none());
        assert!(run(&units, &rules(2, 12)).is_some());
    }
}
