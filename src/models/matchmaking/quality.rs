//! How good a match is, and a report over many: who waited how long, by rating, and what for.

use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::split::{Side, gap};
use super::ticket::{Backfill, Seeker, Ticket};
use crate::models::rating::Rating;

/// How good a match is. Zero everywhere is perfect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Between the means of the best and the weakest team, in points of rating.
    pub gap: f64,
    /// The largest standard deviation within a team.
    pub spread: f64,
    /// How far the best team's probability of winning is from that of even teams.
    pub advantage: f64,
    /// Between the largest party of one team and that of another, in players.
    pub party_mismatch: usize,
}

pub(super) fn quality(rules: &Rules, teams: &[Vec<&Ticket>], backfill: Option<&Backfill>) -> Quality {
    let mut sides = Vec::with_capacity(teams.len());
    let mut ratings: Vec<Vec<Rating>> = Vec::with_capacity(teams.len());
    for (at, team) in teams.iter().enumerate() {
        let present = backfill.and_then(|backfill| backfill.teams.get(at)).map_or(&[][..], Vec::as_slice);
        let parties = || [present].into_iter().chain(team.iter().map(|ticket| ticket.party.as_slice()));
        let mut side = Side::default();
        parties().for_each(|party| side.add(&Side::of(party, rules)));
        sides.push(side);
        // A deviation of 0 is no rating to the rating systems.
        let rating = |seeker: &Seeker| Rating::new(seeker.mu, seeker.sigma.max(1e-6));
        ratings.push(parties().flatten().map(rating).collect());
    }
    let teams_ratings: Vec<&[Rating]> = ratings.iter().map(Vec::as_slice).collect();
    let even = 1.0 / teams.len().max(1) as f64;
    let probabilities = rules.rating.win_probabilities(&teams_ratings).unwrap_or_default();
    let largest = teams.iter().map(|team| team.iter().map(|ticket| ticket.party.len()).max().unwrap_or(0));
    Quality {
        gap: gap(sides.iter().map(Side::mean)),
        spread: sides.iter().map(Side::spread).fold(0.0, f64::max),
        advantage: probabilities.iter().map(|p| p - even).filter(|p| p.is_finite()).fold(0.0, f64::max),
        party_mismatch: largest.clone().max().unwrap_or(0) - largest.min().unwrap_or(0),
    }
}

/// What became of one ticket, for a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its rating.
    pub rating: f64,
    /// How long it waited in milliseconds.
    pub waited_ms: i64,
    /// Whether it was matched.
    pub matched: bool,
}

/// The tenth part of the tickets, by rating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// The lowest rating.
    pub from: f64,
    /// The highest rating.
    pub to: f64,
    /// How many tickets.
    pub tickets: usize,
    /// What part of them was matched.
    pub match_rate: f64,
    /// Half of them waited no longer, in milliseconds.
    pub wait_p50_ms: i64,
    /// 95 in 100 waited no longer.
    pub wait_p95_ms: i64,
    /// None waited longer.
    pub wait_max_ms: i64,
}

/// Waits by rating, and the quality they bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// From the lowest ratings to the highest; fewer than ten where there are fewer tickets.
    pub deciles: Vec<Decile>,
    /// How many matches.
    pub matches: usize,
    /// The mean quality of the matches.
    pub mean: Quality,
    /// The worst of each figure.
    pub worst: Quality,
}

/// Sums up what happened.
pub fn report(mut samples: Vec<Sample>, matches: &[Quality]) -> Report {
    samples.sort_by(|a, b| a.rating.total_cmp(&b.rating).then(a.waited_ms.cmp(&b.waited_ms)));
    let bound = |decile: usize| samples.len() * decile / 10;
    let parts = (0..10).filter_map(|decile| samples.get(bound(decile)..bound(decile + 1)));
    let mean =
        |figure: fn(&Quality) -> f64| matches.iter().map(figure).sum::<f64>() / matches.len().max(1) as f64;
    let worst = |figure: fn(&Quality) -> f64| matches.iter().map(figure).fold(0.0, f64::max);
    Report {
        deciles: parts.filter(|part| !part.is_empty()).map(decile).collect(),
        matches: matches.len(),
        mean: Quality {
            gap: mean(|quality| quality.gap),
            spread: mean(|quality| quality.spread),
            advantage: mean(|quality| quality.advantage),
            party_mismatch: mean(|quality| quality.party_mismatch as f64).round() as usize,
        },
        worst: Quality {
            gap: worst(|quality| quality.gap),
            spread: worst(|quality| quality.spread),
            advantage: worst(|quality| quality.advantage),
            party_mismatch: matches.iter().map(|quality| quality.party_mismatch).max().unwrap_or(0),
        },
    }
}

fn decile(part: &[Sample]) -> Decile {
    let mut waits: Vec<i64> = part.iter().map(|sample| sample.waited_ms).collect();
    waits.sort_unstable();
    // The nearest rank: the least wait that so many hundredths did not exceed.
    let percentile = |hundredths: usize| {
        waits.get((waits.len() * hundredths).div_ceil(100).max(1) - 1).copied().unwrap_or(0)
    };
    Decile {
        from: part.first().map_or(0.0, |sample| sample.rating),
        to: part.last().map_or(0.0, |sample| sample.rating),
        tickets: part.len(),
        match_rate: part.iter().filter(|sample| sample.matched).count() as f64 / part.len() as f64,
        wait_p50_ms: percentile(50),
        wait_p95_ms: percentile(95),
        wait_max_ms: waits.last().copied().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_count_by_tenths_of_the_ratings() {
        let samples: Vec<Sample> = (0..100)
            .rev()
            .map(|at| Sample { rating: f64::from(at), waited_ms: i64::from(at) * 10, matched: at % 2 == 0 })
            .collect();
        let qualities =
            [Quality { gap: 1.0, ..Quality::default() }, Quality { gap: 3.0, ..Quality::default() }];
        let report = report(samples, &qualities);
        assert_eq!(report.deciles.len(), 10);
        let third = report.deciles[2];
        assert_eq!((third.from, third.to, third.tickets, third.match_rate), (20.0, 29.0, 10, 0.5));
        assert_eq!((third.wait_p50_ms, third.wait_p95_ms, third.wait_max_ms), (240, 290, 290));
        assert_eq!((report.matches, report.mean.gap, report.worst.gap), (2, 2.0, 3.0));
    }

    #[test]
    fn a_report_of_little_is_small() {
        assert_eq!(report(Vec::new(), &[]), Report::default());
        let one = Sample { rating: 5.0, waited_ms: 7, matched: true };
        let report = report(vec![one], &[]);
        assert_eq!(report.deciles.len(), 1);
        assert_eq!(report.deciles[0].wait_p95_ms, 7);
    }
}
