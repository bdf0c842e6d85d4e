//! What commits, snapshots and generations keep to one another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use joinly_storage::engine::AtomicGeneration;

use super::*;
use crate::support::PATIENCE;

pub(super) fn snapshots_hold_still(engine: &dyn Engine) {
    put(engine, b"a", b"old");
    commit(engine, |writer| {
        writer.append_log(1, b"one").unwrap();
        writer.put_entry(Space::Meta, b"m", b"old").unwrap();
    });
    let (short, long) = (snapshot(engine), engine.snapshot(Hold::Long).unwrap());
    commit(engine, |writer| {
        writer.put(b"a", record(b"new")).unwrap();
        writer.put(b"b", record(&[7; 5000])).unwrap();
        writer.put_entry(Space::Meta, b"m", b"new").unwrap();
        writer.append_log(2, b"two").unwrap();
    });
    commit(engine, |writer| writer.delete(b"a").unwrap());
    for view in [short, long] {
        assert_eq!(data(view.as_ref(), b"a").unwrap(), b"old");
        assert_eq!(scanned(view.as_ref(), &Range::all(), true), [(b"a".to_vec(), b"old".to_vec())]);
        assert_eq!(view.entry(Space::Meta, b"m").unwrap().unwrap(), b"old");
        assert_eq!((view.last_version().unwrap(), log(view.as_ref(), 0).len()), (1, 1));
    }
    let now = snapshot(engine);
    assert_eq!(scanned(now.as_ref(), &Range::all(), false), [(b"b".to_vec(), vec![7; 5000])]);
    assert_eq!(now.last_version().unwrap(), 2);
}

pub(super) fn a_dropped_writer_leaves_nothing(engine: &dyn Engine) {
    put(engine, b"a", &[1; 2000]);
    let before = engine.generation();
    {
        let mut writer = engine.begin().unwrap();
        writer.put(b"a", record(b"changed")).unwrap();
        writer.put(b"b", record(&[2; 100_000])).unwrap();
        writer.delete(b"a").unwrap();
        writer.put_entry(Space::Expiry, b"e", b"").unwrap();
        writer.append_log(1, b"").unwrap();
        assert_eq!(data(writer.as_ref(), b"b").unwrap().len(), 100_000);
        assert_eq!(data(writer.as_ref(), b"a"), None);
        // What is not committed is nobody else's business.
        assert_eq!(data(snapshot(engine).as_ref(), b"b"), None);
    }
    assert_eq!(engine.generation(), before);
    let view = snapshot(engine);
    assert_eq!(scanned(view.as_ref(), &Range::all(), false), [(b"a".to_vec(), vec![1; 2000])]);
    assert_eq!((view.last_version().unwrap(), view.entry(Space::Expiry, b"e").unwrap()), (0, None));
    drop(view);
    put(engine, b"c", b"goes on");
    assert_eq!(data(snapshot(engine).as_ref(), b"c").unwrap(), b"goes on");
}

pub(super) fn generations_change_exactly_with_commits(engine: &dyn Engine) {
    let mut known = vec![engine.generation()];
    for n in 0..50 {
        let last = known[n];
        assert_eq!(snapshot(engine).generation(), last);
        drop(engine.begin().unwrap());
        data(snapshot(engine).as_ref(), b"k");
        engine.maintain().unwrap();
        assert_eq!(engine.generation(), last, "nothing was committed");
        let mut writer = engine.begin().unwrap();
        assert_eq!(writer.generation(), last);
        writer.put(b"k", record(&[n as u8; 3])).unwrap();
        assert_eq!(engine.generation(), last, "nothing was committed yet");
        let seen = AtomicGeneration::new(&last);
        assert!(engine.is_at(&seen));
        let made = writer.commit().unwrap();
        assert_eq!(made, engine.generation());
        assert!(!engine.is_at(&seen));
        seen.store(&made);
        assert!(engine.is_at(&seen));
        assert!(!known.contains(&made) && made != Generation::UNKNOWN);
        known.push(made);
    }
    let between = |a: usize, b: usize| engine.commits_between(&known[a], &known[b]);
    for (a, b) in [(0, 0), (1, 1), (1, 2), (1, 50), (17, 42)] {
        assert_eq!(between(a, b), Some((b - a) as u64), "from {a} to {b}");
    }
    assert_eq!(engine.commits_between(&Generation::UNKNOWN, &known[3]), None);
    assert_eq!(engine.commits_between(&known[3], &Generation::UNKNOWN), None);
    engine.checkpoint().unwrap();
    put(engine, b"k", b"after a checkpoint");
    assert!(!known.contains(&engine.generation()));
}

/// Whoever has seen a commit in a snapshot sees it in the generation too. Otherwise a cache believes that it is still true
/// after values of that commit were read.
pub(super) fn a_snapshot_is_never_ahead_of_the_generation(engine: &dyn Engine) {
    const COMMITS: u64 = 5000;
    put(engine, b"k", b"");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..COMMITS {
                put(engine, b"k", b"");
            }
            done.store(true, Ordering::Relaxed);
        });
        // Waiters may delay the announcement of a commit.
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    engine.wait(&engine.generation(), Duration::ZERO);
                }
            });
        }
        while !done.load(Ordering::Relaxed) {
            let seen = snapshot(engine).generation();
            let now = engine.generation();
            if seen != Generation::UNKNOWN && now != Generation::UNKNOWN {
                let behind = engine.commits_between(&seen, &now);
                assert!(
                    behind.is_some_and(|commits| commits <= COMMITS),
                    "a snapshot is of {seen:?} while the engine still says {now:?}"
                );
            }
        }
    });
}

pub(super) fn there_is_one_writer_at_a_time(engine: &dyn Engine) {
    const THREADS: usize = 4;
    const EACH: usize = 50;
    put(engine, b"n", b"0");
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    commit(engine, |writer| {
                        let n: usize =
                            String::from_utf8(data(writer, b"n").unwrap()).unwrap().parse().unwrap();
                        std::thread::yield_now();
                        writer.put(b"n", record((n + 1).to_string().as_bytes())).unwrap();
                    });
                }
            });
        }
    });
    assert_eq!(data(snapshot(engine).as_ref(), b"n").unwrap(), (THREADS * EACH).to_string().as_bytes());
}

pub(super) fn waiting_ends_with_a_commit(engine: &dyn Engine) {
    let seen = engine.generation();
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while engine.generation() == seen {
                engine.wait(&seen, PATIENCE);
            }
            told.send(()).unwrap();
        });
        assert!(heard.recv_timeout(Duration::from_millis(20)).is_err(), "nothing happened yet");
        put(engine, b"k", b"");
        heard.recv_timeout(PATIENCE).unwrap();
    });
    // A state that is over is not waited for.
    engine.wait(&seen, Duration::from_secs(3600));
    let now = engine.generation();
    engine.wait(&now, Duration::ZERO);
    assert_eq!(engine.generation(), now);
}

pub(super) fn housekeeping_changes_no_content(engine: &dyn Engine) {
    commit(engine, |writer| {
        for n in 0..200_u8 {
            writer.put(&[n], record(&vec![n; usize::from(n) * 20])).unwrap();
        }
        writer.append_log(1, b"entry").unwrap();
    });
    let before = scanned(snapshot(engine).as_ref(), &Range::all(), false);
    engine.flush(0).unwrap();
    commit(engine, |writer| (0..100).for_each(|n| writer.delete(&[n]).unwrap()));
    engine.flush(0).unwrap();
    let full = engine.stats().unwrap();
    engine.maintain().unwrap();
    engine.checkpoint().unwrap();
    assert_eq!(engine.stats().unwrap().wal_bytes, 0);
    engine.compact().unwrap();
    engine.checkpoint().unwrap();
    let small = engine.stats().unwrap();
    assert!(small.file_bytes <= full.file_bytes && small.free_bytes == 0, "{full:?} {small:?}");
    assert!(engine.verify().unwrap().is_empty());
    assert_eq!(scanned(snapshot(engine).as_ref(), &Range::all(), false), before[100..]);
    assert_eq!(log(snapshot(engine).as_ref(), 0), [(1, b"entry".to_vec())]);
    put(engine, b"k", b"goes on");
    assert_eq!(data(snapshot(engine).as_ref(), b"k").unwrap(), b"goes on");
}
