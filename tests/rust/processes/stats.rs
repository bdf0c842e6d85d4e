//! Sessions of processes that are killed: what was acknowledged counts, nothing counts twice, and every total is the sum of
//! the sessions.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use joinly_storage::Store;
use joinly_storage::models::stats::{Past, SessionOptions, Stats, Window};

use super::{Child, Random, number_from_environment, open, report};

const METRICS: [&str; 4] = ["a", "b", "th", " "];
const BATCH: u64 = 4;

/// The sample of a session at a place: the same in every process.
fn sample(at: u64) -> (&'static str, f64, bool) {
    (METRICS[at as usize % METRICS.len()], (at * 37 % 500) as f64, !at.is_multiple_of(5))
}

/// Plays one session after the other until it is killed, and reports how many samples of it are safe.
pub fn child(arguments: &[&str]) {
    let [file, name, steals] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |_| {});
    let stats = Stats::new(&store);
    let options = SessionOptions { began: None, journal_every: BATCH as u32 };
    report("ready");
    for number in 0.. {
        let id = format!("{name}.{number}");
        let mut session = stats.begin("ada", &id, options).unwrap();
        let count = number * 7 % 23;
        for at in 0..count {
            let (metric, time, correct) = sample(at);
            session.record(metric, time, correct, 0).unwrap();
            if session.is_due() {
                session.journal(&store).unwrap();
                report(&format!("{id} {}", at + 1));
            }
        }
        if *steals == "yes" {
            // Also from a process that is alive.
            stats.recover(0).unwrap();
        }
        session.flush(&store).unwrap();
        assert!(session.flush(&store).unwrap().repeated);
        report(&format!("{id} {count}"));
    }
}

/// How many samples of each session count.
fn counted(store: &Store) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    let mut past = Past::default();
    loop {
        let page = Stats::new(store).history("ada", &past).unwrap();
        for session in page.sessions {
            // Parts of a session that was taken while it lived follow one another.
            let id = session.id.split('\t').next().unwrap().to_owned();
            *counted.entry(id).or_default() +=
                session.metrics.values().map(|figures| figures.attempts).sum::<u64>();
        }
        match page.next {
            next @ Some(_) => past.after = next,
            None => return counted,
        }
    }
}

#[test]
fn sessions_of_killed_processes_count_once() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("stats.db");
    let mut random = Random(0x57a75);
    let mut safe: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..number_from_environment("JOINLY_KILLS", 30) / 2 {
        let steals = if random.next(2) == 0 { "yes" } else { "no" };
        let mut children = ["a", "b"]
            .map(|name| Child::spawn("stats", &[file.to_str().unwrap(), &format!("{name}{round}"), steals]));
        for child in &mut children {
            assert_eq!(child.line().as_deref(), Some("ready"));
        }
        for child in &mut children {
            std::thread::sleep(Duration::from_micros(random.next(20_000)));
            child.kill();
            while let Some(line) = child.line() {
                let (id, count) = line.split_once(' ').unwrap();
                safe.insert(id.to_owned(), count.parse().unwrap());
            }
        }
        let store = open(&file, |_| {});
        let stats = Stats::new(&store);
        stats.recover(0).unwrap();
        assert_eq!(stats.recover(0).unwrap(), []);
        let counted = counted(&store);
        for (id, safe) in &safe {
            let found = counted.get(id).copied().unwrap_or(0);
            assert!(
                (*safe..=safe + BATCH).contains(&found) || *safe == 0,
                "{id}: {safe} safe, {found} counted"
            );
        }
        let mut expected: BTreeMap<&str, (u64, u64, f64)> = BTreeMap::new();
        for at in counted.values().flat_map(|count| 0..*count) {
            let (metric, time, correct) = sample(at);
            let (attempts, hits, total) = expected.entry(metric).or_default();
            *attempts += 1;
            if correct {
                *hits += 1;
                *total += time;
            }
        }
        let totals = stats.summary("ada", Window::default()).unwrap();
        let totals = totals.iter().map(|total| {
            (total.metric.as_str(), (total.figures.attempts, total.figures.correct, total.figures.total_ms))
        });
        assert_eq!(totals.collect::<BTreeMap<_, _>>(), expected);
    }
    assert!(safe.values().sum::<u64>() > 0, "the children got to record");
}
