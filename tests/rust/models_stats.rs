//! Statistics of sessions: whatever is asked, the answer is that of all raw samples, and a session counts once.

use std::collections::HashMap;

use joinly_storage::models::stats::{
    By, CharStat, Figures, History, MAX_METRICS, Past, RollUp, Session, SessionOptions, Stats, StatsDb,
    Weakness, Window, aggregate_char_stats_from_buffer,
};
use joinly_storage::{Kind, Store};

use crate::support::{Home, get, keys, kind};

mod model;

const DAY: i64 = 86_400_000;
const ALL: Window = Window { from: None, until: None };

fn journalled(every: u32) -> SessionOptions {
    SessionOptions { began: None, journal_every: every }
}

fn began(time: i64) -> SessionOptions {
    SessionOptions { began: Some(time), journal_every: 0 }
}

/// Flushes a session of samples.
fn play(store: &Store, id: &str, at: i64, samples: &[(&str, f64, bool)]) -> Session {
    let mut session = Stats::new(store).begin("ada", id, began(at)).unwrap();
    for (metric, time, correct) in samples {
        session.record(metric, *time, *correct, 0).unwrap();
    }
    session.flush(store).unwrap();
    session
}

fn attempts(store: &Store, metric: &str) -> u64 {
    Stats::new(store).figures("ada", metric).unwrap().map_or(0, |figures| figures.attempts)
}

#[test]
fn figures_are_those_of_the_samples() {
    for home in Home::each() {
        let store = home.open();
        let stats = Stats::new(&store);
        play(&store, "1", 0, &[("a", 100.0, true), ("a", 50.5, true), ("a", 9.0, false), ("th", 0.0, false)]);
        play(&store, "2", 5, &[("a", 0.0004, true), (" \t:\u{1F600}", 1.0, true)]);
        let expected = Figures {
            attempts: 4,
            correct: 3,
            miss_rate: 0.25,
            total_ms: 150.5,
            average_ms: Some(150.5 / 3.0),
            min_ms: Some(0.0),
            max_ms: Some(100.0),
        };
        let summary = stats.summary("ada", ALL).unwrap();
        let names: Vec<_> = summary.iter().map(|metric| metric.metric.as_str()).collect();
        assert_eq!(names, [" \t:\u{1F600}", "a", "th"]);
        let figures = stats.figures("ada", "a").unwrap().unwrap();
        assert_eq!(summary[1].figures, figures);
        assert!((figures.average_ms.unwrap() - expected.average_ms.unwrap()).abs() < 1e-9);
        assert_eq!(Figures { average_ms: expected.average_ms, ..figures }, expected);
        // Byte for byte what the tests in C and C++ read.
        play(&store, "3", 9, &[("c", 100.0, true), ("c", 50.5, true), ("c", 7.0, false)]);
        assert_eq!(
            serde_json::to_string(&stats.figures("ada", "c").unwrap()).unwrap(),
            r#"{"attempts":3,"correct":2,"miss_rate":0.3333333333333333,"total_ms":150.5,"average_ms":75.25,"min_ms":50.5,"max_ms":100.0}"#
        );
        let missed = stats.figures("ada", "th").unwrap().unwrap();
        assert_eq!((missed.average_ms, missed.min_ms, missed.miss_rate), (None, None, 1.0));
        assert_eq!(stats.figures("ada", "b").unwrap(), None);
        assert_eq!(stats.percentiles("ada", Some("th"), ALL, &[0.5]).unwrap(), None);
        assert_eq!(stats.summary("bob", ALL).unwrap(), [], "subjects are kept apart");
    }
}

#[test]
fn a_session_counts_once_and_another_under_its_id_is_told() {
    let home = Home::sqlite();
    let store = home.open();
    let samples = [("a", 10.0, true), ("b", 20.0, false)];
    let mut session = play(&store, "s", 0, &samples);
    assert!(session.flush(&store).unwrap().repeated);
    assert_eq!(kind(session.record("a", 1.0, true, 0)), Kind::Closed);
    let version = store.version().unwrap();
    // The same samples in another order, of a process that does not know of the first try.
    let mut again = Stats::new(&store).begin("ada", "s", began(0)).unwrap();
    again.record("b", 99.0, false, 0).unwrap();
    again.record("a", 10.0, true, 0).unwrap();
    assert!(again.flush(&store).unwrap().repeated);
    let mut other = Stats::new(&store).begin("ada", "s", began(0)).unwrap();
    other.record("a", 11.0, true, 0).unwrap();
    assert_eq!(kind(other.flush(&store)), Kind::Exists);
    assert_eq!(kind(other.flush(&store)), Kind::Exists, "it may be tried again");
    assert_eq!(store.version().unwrap(), version, "nothing was written");
    assert_eq!((attempts(&store, "a"), attempts(&store, "b")), (1, 1));
    // Also when the session itself is long rolled up.
    let stats = Stats::new(&store);
    stats.roll_up("ada", RollUp { days_until: Some(DAY), months_until: Some(40 * DAY) }).unwrap();
    let mut late = stats.begin("ada", "s", began(0)).unwrap();
    samples.iter().for_each(|(metric, time, correct)| late.record(metric, *time, *correct, 0).unwrap());
    assert!(late.flush(&store).unwrap().repeated);
}

#[test]
fn a_session_without_samples_leaves_nothing() {
    let home = Home::sqlite();
    let store = home.open();
    let mut session = Stats::new(&store).begin("ada", "", SessionOptions::default()).unwrap();
    assert_eq!(session.id().len(), 32);
    let outcome = session.flush(&store).unwrap();
    assert_eq!((outcome.metrics, outcome.attempts, outcome.repeated), (0, 0, false));
    assert_eq!(store.version().unwrap(), 0);
    assert_eq!(Stats::new(&store).history("ada", &Past::default()).unwrap(), History::default());
    assert_eq!(StatsDb::new(&store, "ada", 0).unwrap().flush().unwrap(), None);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let home = Home::memory();
    let store = home.open();
    let stats = Stats::new(&store);
    let mut session = stats.begin("ada", "s", SessionOptions::default()).unwrap();
    for time in [f64::NAN, -0.001, f64::INFINITY, f64::NEG_INFINITY, 86_400_000.1] {
        assert_eq!(kind(session.record("a", time, true, 0)), Kind::OutOfRange, "{time}");
    }
    assert_eq!(kind(session.record("a", 1.0, true, -1)), Kind::OutOfRange);
    assert_eq!(kind(session.record("a", 1.0, true, i64::MAX)), Kind::OutOfRange);
    assert_eq!(kind(session.record("", 1.0, true, 0)), Kind::Invalid);
    assert_eq!(kind(session.record(&"x".repeat(129), 1.0, true, 0)), Kind::TooLarge);
    for number in 0..MAX_METRICS {
        session.record(&number.to_string(), 86_400_000.0, true, 0).unwrap();
    }
    assert_eq!(kind(session.record("one more", 1.0, true, 0)), Kind::TooLarge);
    let outcome = session.flush(&store).unwrap();
    assert_eq!((outcome.metrics, outcome.attempts), (MAX_METRICS, MAX_METRICS as u64));
    for (subject, id) in [("", "s"), ("a:b", "s"), ("a", "s:t"), ("a\n", "s")] {
        assert_eq!(kind(stats.begin(subject, id, SessionOptions::default()).map(|_| ())), Kind::Invalid);
    }
    assert_eq!(kind(stats.begin("a", "b", began(-1)).map(|_| ())), Kind::OutOfRange);
    for quantile in [-0.1, 1.1, f64::NAN] {
        assert_eq!(kind(stats.percentiles("ada", None, ALL, &[quantile])), Kind::Invalid);
    }
    assert_eq!(kind(stats.percentiles("ada", None, ALL, &[0.5; 1001])), Kind::TooLarge);
    assert_eq!(kind(stats.recover(-1)), Kind::Invalid);
}

#[test]
fn a_sum_that_does_not_fit_refuses_the_session_whole() {
    let home = Home::sqlite();
    let store = home.open();
    let full = format!(
        r#"{{"attempts":1,"correct":1,"total_us":{},"min_us":1,"max_us":{},"bins":[2047,1]}}"#,
        u64::MAX,
        u64::MAX
    );
    store.put(b"stats:ada:total:b", full.as_bytes()).unwrap();
    let mut session = Stats::new(&store).begin("ada", "s", began(0)).unwrap();
    session.record("a", 1.0, true, 0).unwrap();
    session.record("b", 1.0, true, 0).unwrap();
    assert_eq!(kind(session.flush(&store)), Kind::OutOfRange);
    assert_eq!(attempts(&store, "a"), 0);
    assert_eq!(get(&store, "stats:ada:flushed:s"), None);
    // Once there is room it is flushed.
    store.delete(b"stats:ada:total:b").unwrap();
    assert!(!session.flush(&store).unwrap().repeated);
    assert_eq!(attempts(&store, "b"), 1);
}

#[test]
fn foreign_documents_are_told() {
    let home = Home::memory();
    let store = home.open();
    let stats = Stats::new(&store);
    for document in [
        "no JSON",
        r#"{"attempts":0,"correct":1,"total_us":1,"min_us":1,"max_us":1,"bins":[1,1]}"#,
        r#"{"attempts":2,"correct":1,"total_us":1,"min_us":1,"max_us":1,"bins":[1,2]}"#,
    ] {
        store.put(b"stats:ada:total:a", document.as_bytes()).unwrap();
        assert_eq!(kind(stats.figures("ada", "a")), Kind::WrongType);
        assert_eq!(kind(stats.summary("ada", ALL)), Kind::WrongType);
    }
    store.put(b"stats:ada:log:000000000000001:session:x", b"[]").unwrap();
    assert_eq!(kind(stats.history("ada", &Past::default())), Kind::WrongType);
    assert_eq!(
        kind(stats.roll_up("ada", RollUp { days_until: Some(DAY), ..RollUp::default() })),
        Kind::WrongType
    );
    // None of them keeps another journal from being recovered.
    let strange =
        ["stats.journal:x", "stats.journal:x:y", "stats.journal:x:y:0000000000", "stats.journal:x:y:z:0"];
    for key in strange {
        store.put(key.as_bytes(), b"{}").unwrap();
    }
    let mut session = stats.begin("x", "z", journalled(1)).unwrap();
    session.record("a", 1.0, true, 0).unwrap();
    session.journal(&store).unwrap();
    for _ in 0..2 {
        assert_eq!(kind(stats.recover(0)), Kind::WrongType);
        assert_eq!(stats.figures("x", "a").unwrap().unwrap().attempts, 1);
    }
    strange.iter().for_each(|key| assert!(store.delete(key.as_bytes()).unwrap()));
    assert_eq!(stats.recover(0).unwrap(), []);
}

#[test]
fn a_journal_survives_its_process_and_is_flushed_once() {
    for home in [Home::sqlite(), Home::behind()] {
        {
            let store = home.open();
            let mut session = Stats::new(&store).begin("ada", "s", journalled(3)).unwrap();
            for n in 0..8 {
                session.record(if n % 2 == 0 { "a" } else { "b" }, f64::from(n), true, 0).unwrap();
                assert_eq!(session.is_due(), n % 3 == 2);
                if session.is_due() {
                    session.journal(&store).unwrap();
                }
            }
            assert_eq!(attempts(&store, "a"), 0, "what is in a journal does not count yet");
        }
        let store = home.open();
        let stats = Stats::new(&store);
        assert_eq!(stats.subjects().unwrap(), ["ada"]);
        assert_eq!(stats.recover(1).unwrap(), [], "it was just written");
        home.clock.advance(1);
        let recovered = stats.recover(1).unwrap();
        assert_eq!(recovered.len(), 1);
        assert_eq!((recovered[0].session.as_str(), recovered[0].attempts), ("s", 6));
        assert_eq!((attempts(&store, "a"), attempts(&store, "b")), (3, 3));
        assert_eq!(stats.recover(0).unwrap(), []);
        assert_eq!(
            keys(&store.scan(&joinly_storage::Scan::prefix(b"stats.journal:")).unwrap().rows),
            [""; 0]
        );
    }
}

#[test]
fn a_session_that_was_recovered_while_it_lives_loses_nothing() {
    let home = Home::sqlite();
    let (store, other) = (home.open(), home.open());
    let mut session = Stats::new(&store).begin("ada", "s", journalled(2)).unwrap();
    let record = |session: &mut Session, count: u32| {
        for _ in 0..count {
            session.record("a", 1.0, true, 0).unwrap();
            if session.is_due() {
                session.journal(&store).unwrap();
            }
        }
    };
    record(&mut session, 3);
    assert_eq!(Stats::new(&other).recover(0).unwrap()[0].attempts, 2);
    record(&mut session, 4);
    assert_eq!(Stats::new(&other).recover(0).unwrap()[0].session, "s\t2");
    record(&mut session, 1);
    let outcome = session.flush(&store).unwrap();
    assert_eq!((outcome.session.as_str(), outcome.repeated), ("s\t3", false));
    assert_eq!(attempts(&store, "a"), 8);
    assert_eq!(Stats::new(&other).recover(0).unwrap(), []);
}

#[test]
fn a_journal_of_an_id_that_is_taken_is_kept_under_another_name() {
    let home = Home::sqlite();
    let store = home.open();
    play(&store, "s", 0, &[("a", 1.0, true)]);
    let mut first = Stats::new(&store).begin("ada", "s", journalled(1)).unwrap();
    let mut second = Stats::new(&store).begin("ada", "s", journalled(1)).unwrap();
    for session in [&mut first, &mut second] {
        session.record("a", 2.0, true, 0).unwrap();
    }
    first.journal(&store).unwrap();
    assert_eq!(kind(second.journal(&store)), Kind::Exists);
    drop(first);
    assert_eq!(Stats::new(&store).recover(0).unwrap()[0].session, "s\t2");
    second.journal(&store).unwrap();
    assert_eq!(attempts(&store, "a"), 2);
}

#[test]
fn a_store_that_refuses_the_journal_is_not_asked_for_every_sample() {
    let home = Home::sqlite();
    let store = home.open();
    let mut session = Stats::new(&store).begin("ada", "s", journalled(2)).unwrap();
    store.poison();
    let mut tries = 0;
    for _ in 0..8 {
        session.record("a", 1.0, true, 0).unwrap();
        if session.is_due() {
            assert_eq!(kind(session.journal(&store)), Kind::Poisoned);
            tries += 1;
        }
    }
    assert_eq!(tries, 4);
    let store = home.open();
    session.journal(&store).unwrap();
    assert_eq!(session.flush(&store).unwrap().attempts, 8);
}

#[test]
fn history_is_paged_in_both_directions() {
    let home = Home::sqlite();
    let store = home.open();
    let stats = Stats::new(&store);
    for n in 0..25_i64 {
        play(&store, &format!("s{n}"), n * 10, &[(if n % 5 == 0 { "rare" } else { "a" }, n as f64, true)]);
    }
    for newest_first in [false, true] {
        for (metric, from, until) in
            [(None, None, None), (Some("rare"), None, None), (Some("a"), Some(30), Some(200))]
        {
            let mut past =
                Past { metric: metric.map(str::to_owned), from, until, newest_first, limit: 3, after: None };
            let mut found = Vec::new();
            loop {
                let page = stats.history("ada", &past).unwrap();
                assert!(page.sessions.len() <= 3);
                found.extend(page.sessions.into_iter().map(|session| session.began / 10));
                match page.next {
                    Some(next) => past.after = Some(next),
                    None => break,
                }
            }
            let wanted = (0..25).filter(|n| metric.is_none_or(|metric| (metric == "rare") == (n % 5 == 0)));
            let mut wanted: Vec<i64> = wanted
                .filter(|n| {
                    from.is_none_or(|from| n * 10 >= from) && until.is_none_or(|until| n * 10 < until)
                })
                .collect();
            if newest_first {
                wanted.reverse();
            }
            assert_eq!(found, wanted);
        }
    }
}

#[test]
fn the_weakest_metrics_are_told() {
    let home = Home::memory();
    let store = home.open();
    let mut samples = vec![("rare", 900.0, false); 3];
    samples.extend([("slow", 500.0, true); 20]);
    samples.extend([("missed", 100.0, true); 10]);
    samples.extend([("missed", 100.0, false); 30]);
    samples.extend([("good", 50.0, true); 40]);
    play(&store, "s", 0, &samples);
    let worst = |by, min_attempts, count| {
        let found = Stats::new(&store).worst("ada", Weakness { by, min_attempts, count }).unwrap();
        found.into_iter().map(|metric| metric.metric).collect::<Vec<_>>()
    };
    assert_eq!(worst(By::MissRate, 1, 2), ["rare", "missed"]);
    assert_eq!(worst(By::MissRate, 10, 1), ["missed"]);
    assert_eq!(
        worst(By::Time, 1, 10),
        ["slow", "missed", "good"],
        "without a correct attempt there is no time"
    );
    assert_eq!(worst(By::Time, 41, 10), [""; 0]);
}

#[test]
fn a_subject_is_deleted_whole_and_alone() {
    let home = Home::sqlite();
    let store = home.open();
    let stats = Stats::new(&store);
    play(&store, "s", 0, &[("a", 1.0, true), ("b", 1.0, true)]);
    for subject in ["ad", "ada!", "adam"] {
        let mut session = stats.begin(subject, "s", journalled(1)).unwrap();
        session.record("a", 1.0, true, 0).unwrap();
        session.flush(&store).unwrap();
    }
    let mut open = stats.begin("ada", "t", journalled(1)).unwrap();
    open.record("a", 1.0, true, 0).unwrap();
    open.journal(&store).unwrap();
    assert_eq!(stats.subjects().unwrap(), ["ad", "ada", "ada!", "adam"]);
    assert_eq!(stats.delete("ada").unwrap(), 5);
    assert_eq!(stats.subjects().unwrap(), ["ad", "ada!", "adam"]);
    assert_eq!(stats.delete("ada").unwrap(), 0);
    assert_eq!(stats.figures("adam", "a").unwrap().unwrap().attempts, 1);
    // What is typed on counts, as of a new subject.
    open.record("a", 1.0, true, 0).unwrap();
    assert_eq!(open.flush(&store).unwrap().attempts, 1);
}

#[test]
fn characters_by_the_names_of_typists() {
    let home = Home::sqlite();
    let store = home.open();
    let stat = |character, time_to_press_ms, was_correct| CharStat {
        character,
        time_to_press_ms,
        was_correct,
        timestamp_ms: 1_700_000_000_000,
    };
    let mut db = StatsDb::new(&store, "ada", 0).unwrap();
    let first = [stat('a', 100, true), stat('a', 140, true), stat('a', 1, false), stat('é', 80, false)];
    db.record_char_stats_batch(&first).unwrap();
    db.record_char_stat(&stat('a', 60, true)).unwrap();
    assert_eq!(db.get_avg_time_to_press('a').unwrap(), Some(120.0), "a session counts when it is flushed");
    assert_eq!(db.flush().unwrap().unwrap().attempts, 1);
    assert_eq!(db.get_avg_time_to_press('a').unwrap(), Some(100.0));
    assert_eq!(db.get_avg_time_to_press('é').unwrap(), None);
    assert_eq!(db.get_miss_rate('a').unwrap(), 0.25);
    assert_eq!(db.get_miss_rate('z').unwrap(), 0.0);
    assert_eq!(db.get_all_char_summary().unwrap(), [('a', 100.0, 0.25, 4), ('é', 0.0, 1.0, 1)]);
    let mut sessions = db.get_char_session_stats('a').unwrap();
    sessions.sort_by_key(|session| session.total_attempts);
    assert_eq!((sessions.len(), sessions[0].total_time_ms), (2, 60));
    let mut buffer: HashMap<char, Vec<CharStat>> = HashMap::new();
    first.iter().for_each(|stat| buffer.entry(stat.character).or_default().push(*stat));
    let aggregated = aggregate_char_stats_from_buffer(&buffer).unwrap();
    assert_eq!(aggregated[0], sessions[1], "what is stored is what the buffer amounts to");
    let stored = (sessions[1].min_time_ms, sessions[1].max_time_ms, sessions[1].session_date);
    assert_eq!(stored, (100, 140, 1_700_000_000_000));
    assert_eq!(kind(db.record_char_stat(&stat('a', u64::MAX, true))), Kind::OutOfRange);
}
