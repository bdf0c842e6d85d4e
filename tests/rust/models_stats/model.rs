//! Random sessions against all their raw samples.

use std::collections::BTreeMap;

use joinly_storage::models::stats::Grain;
use proptest::prelude::*;

use super::*;

/// A raw sample: session, metric, time in microseconds, correct.
type Raw = (usize, usize, u64, bool);

const METRICS: [&str; 3] = ["a", "b", "th"];

fn naive<'r>(samples: impl Iterator<Item = &'r Raw>) -> BTreeMap<&'static str, (u64, Vec<u64>)> {
    let mut tallies: BTreeMap<&str, (u64, Vec<u64>)> = BTreeMap::new();
    for (_, metric, time, correct) in samples {
        let (attempts, times) = tallies.entry(METRICS[*metric]).or_default();
        *attempts += 1;
        times.extend(correct.then_some(*time));
    }
    tallies.values_mut().for_each(|(_, times)| times.sort_unstable());
    tallies
}

fn check_window(stats: &Stats<'_>, window: Window, samples: &[&Raw]) {
    let expected = naive(samples.iter().copied());
    let summary = stats.summary("ada", window).unwrap();
    assert_eq!(summary.len(), expected.len());
    for (found, (metric, (attempts, times))) in summary.iter().zip(&expected) {
        assert_eq!((found.metric.as_str(), found.figures.attempts), (*metric, *attempts));
        assert_eq!(found.figures.correct, times.len() as u64);
        assert_eq!(found.figures.total_ms, times.iter().sum::<u64>() as f64 / 1000.0);
        assert_eq!(found.figures.min_ms, times.first().map(|time| *time as f64 / 1000.0));
        assert_eq!(found.figures.max_ms, times.last().map(|time| *time as f64 / 1000.0));
        let quantiles = [0.0, 0.5, 0.95, 1.0];
        let found = stats.percentiles("ada", Some(metric), window, &quantiles).unwrap();
        assert_eq!(found.is_some(), !times.is_empty());
        for (quantile, found) in quantiles.iter().zip(found.unwrap_or_default()) {
            let rank = ((quantile * times.len() as f64).ceil() as usize).max(1);
            let exact = times[rank - 1] as f64 / 1000.0;
            assert!((found - exact).abs() <= exact / 128.0 + 1e-9, "p{quantile}: {found} for {exact}");
        }
    }
    let together: Vec<u64> = expected.values().flat_map(|(_, times)| times).copied().collect();
    let most = stats.percentiles("ada", None, window, &[1.0]).unwrap();
    assert_eq!(most, together.iter().max().map(|time| vec![*time as f64 / 1000.0]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_that_of_all_raw_samples(
        samples in prop::collection::vec((0..12_usize, 0..METRICS.len(), 0..20_000_000_u64, any::<bool>()), 0..120),
        days in prop::collection::vec(0..70_i64, 12),
        rolled in (0..80_i64, 0..80_i64),
        late in 0..12_usize,
    ) {
        let home = Home::memory();
        let store = home.open();
        let stats = Stats::new(&store);
        let began = |session: usize| days[session] * DAY + session as i64 * 1000;
        let flush = |session: usize| {
            let id = format!("s{session}");
            let mut recorded =
                stats.begin("ada", &id, SessionOptions { began: Some(began(session)), journal_every: 5 }).unwrap();
            for (_, metric, time, correct) in samples.iter().filter(|sample| sample.0 == session) {
                recorded.record(METRICS[*metric], *time as f64 / 1000.0, *correct, 0).unwrap();
                if recorded.is_due() {
                    recorded.journal(&store).unwrap();
                }
            }
            // Some processes die once all was journalled.
            if session % 4 == 3 {
                recorded.journal(&store).unwrap();
                stats.recover(0).unwrap();
            } else {
                recorded.flush(&store).unwrap();
            }
        };
        let in_days = |from: i64, until: i64| -> Vec<&Raw> {
            samples.iter().filter(|sample| (from..until).contains(&began(sample.0))).collect()
        };
        let roll = RollUp { days_until: Some(rolled.0 * DAY), months_until: Some(rolled.1 * DAY) };
        (0..12).filter(|session| *session != late).for_each(&flush);
        stats.roll_up("ada", roll).unwrap();
        flush(late);
        for again in [false, true] {
            if again {
                stats.roll_up("ada", roll).unwrap();
                prop_assert_eq!(stats.roll_up("ada", roll).unwrap(), 0, "rolled up already");
            }
            check_window(&stats, ALL, &in_days(0, i64::MAX));
            // January, February and March of 1970: whatever was rolled up, these are whole.
            for (from, until) in [(0, 31), (31, 59), (59, 90), (0, 59)] {
                let window = Window { from: Some(from * DAY), until: Some(until * DAY) };
                check_window(&stats, window, &in_days(from * DAY, until * DAY));
            }
            let trend = stats.trend("ada", None, ALL).unwrap();
            prop_assert_eq!(trend.iter().map(|day| day.figures.attempts).sum::<u64>(), samples.len() as u64);
            prop_assert!(trend.is_sorted_by(|a, b| (&a.day, a.grain as u8) < (&b.day, b.grain as u8)));
            let history = stats.history("ada", &Past::default()).unwrap();
            let of_days = history.sessions.iter().filter(|entry| entry.grain == Grain::Day);
            prop_assert!(of_days.map(|entry| entry.began).all(|time| time % DAY == 0));
            let sessions: u64 = history.sessions.iter().map(|entry| entry.sessions).sum();
            let played = (0..12).filter(|session| samples.iter().any(|sample| sample.0 == *session)).count();
            prop_assert_eq!(sessions, played as u64);
        }
    }
}
