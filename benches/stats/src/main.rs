//! Measures statistics of sessions on a text that is typed, with simulated times: `joinly-bench-stats FOLDER TEXT...`.
//! All costs are CPU time. Beside it, in plain SQL: a row per keystroke, and a row per character and session.

mod sql;

use std::ffi::{c_char, c_void};
use std::path::{Path, PathBuf};

use joinly_storage::Store;
use joinly_storage::models::stats::{Session, SessionOptions, Stats, Window};

use sql::Sql;

const KEYSTROKES: usize = 100_000;
const ROUNDS: usize = 9;
/// Milliseconds from one session's begin to the next.
const BETWEEN: i64 = 3_600_000;

#[derive(Clone)]
struct Stroke {
    key: String,
    time_ms: f64,
    correct: bool,
}

/// The text as it is typed, from its begin again where it is too short. Some keys are slower, and some strokes are wrong.
fn typed(text: &str) -> Vec<Stroke> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let strokes = text.chars().cycle().take(KEYSTROKES).map(|char| {
        let slowness = 60.0 + f64::from(u32::from(char) % 37) * 4.0;
        // Sums of uniform numbers are near to normal ones, and times to their exponentials.
        let spread = (0..4).map(|_| random()).sum::<f64>() - 2.0;
        let time_ms = (slowness * (spread * 0.6).exp() * 1000.0).round() / 1000.0;
        Stroke { key: char.to_string(), time_ms, correct: random() > 0.04 }
    });
    strokes.collect()
}

/// The CPU time of this thread, in nanoseconds: what others do on the machine does not count.
fn cpu_ns() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// The median of some rounds, in nanoseconds for each of `count` operations.
fn median(count: usize, mut round: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = cpu_ns();
            round();
            (cpu_ns() - start) / count as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn tell(what: &str, value: f64, unit: &str) {
    println!("{what:<58} {value:>12.1} {unit}");
}

fn record_all(store: &Store, session: &mut Session, strokes: &[Stroke]) {
    for stroke in strokes {
        session.record(&stroke.key, stroke.time_ms, stroke.correct, 0).unwrap();
        if session.is_due() {
            session.journal(store).unwrap();
        }
    }
}

fn records(folder: &Path, strokes: &[Stroke]) {
    for (what, journal_every) in
        [("memory", 0), ("journal, 64 in a commit", 64), ("journal, 1024 in a commit", 1024)]
    {
        let store = open(&folder.join(format!("record{journal_every}.db")));
        let cost = median(strokes.len(), || {
            let options = SessionOptions { began: None, journal_every };
            let mut session = Stats::new(&store).begin("ada", "", options).unwrap();
            record_all(&store, &mut session, strokes);
        });
        tell(&format!("record, Rust, {what}"), cost, "ns");
    }
}

unsafe extern "C" {
    fn joinly_store_open(url: *const c_char, options: *const c_void, out: *mut usize, err: *mut usize)
    -> i32;
    fn joinly_session_begin(
        store: usize,
        subject: *const u8,
        subject_len: usize,
        id: *const u8,
        id_len: usize,
        began: i64,
        journal_every: u32,
        out: *mut usize,
        err: *mut usize,
    ) -> i32;
    fn joinly_session_record(
        session: usize,
        metric: *const u8,
        metric_len: usize,
        time_ms: f64,
        correct: u8,
        at: i64,
        err: *mut usize,
    ) -> i32;
    fn joinly_session_free(session: usize);
    fn joinly_store_free(store: usize);
}

fn records_through_c(strokes: &[Stroke]) {
    let (mut store, mut session, mut error) = (0, 0, 0);
    // SAFETY: pointers are to live variables and texts with their lengths, as the header says.
    unsafe {
        assert_eq!(joinly_store_open(c"memory:".as_ptr(), std::ptr::null(), &mut store, &mut error), 0);
        let subject = b"ada";
        let begun = joinly_session_begin(
            store,
            subject.as_ptr(),
            3,
            std::ptr::null(),
            0,
            0,
            0,
            &mut session,
            &mut error,
        );
        assert_eq!(begun, 0);
        let cost = median(strokes.len(), || {
            for Stroke { key, time_ms, correct } in strokes {
                let correct = u8::from(*correct);
                let status =
                    joinly_session_record(session, key.as_ptr(), key.len(), *time_ms, correct, 0, &mut error);
                assert_eq!(status, 0);
            }
        });
        tell("record, C, memory", cost, "ns");
        joinly_session_free(session);
        joinly_store_free(store);
    }
}

fn open(file: &Path) -> Store {
    Store::open_url(file.to_str().unwrap()).unwrap()
}

fn bytes(file: &Path) -> f64 {
    std::fs::metadata(file).unwrap().len() as f64
}

/// Sessions of so many keystrokes: what they cost, what they leave, and what it costs to ask.
fn sessions(folder: &Path, strokes: &[Stroke], length: usize) {
    let count = strokes.len() / length;
    println!("\n{count} sessions of {length} keystrokes");
    let ours = folder.join(format!("sessions{length}.db"));
    let store = open(&ours);
    let stats = Stats::new(&store);
    let mut metrics = 0;
    let start = cpu_ns();
    for (number, strokes) in strokes.chunks(length).enumerate() {
        let began = 1_700_000_000_000 + number as i64 * BETWEEN;
        let options = SessionOptions { began: Some(began), journal_every: 0 };
        let mut session = stats.begin("ada", &format!("session {number}"), options).unwrap();
        record_all(&store, &mut session, strokes);
        metrics += session.flush(&store).unwrap().metrics;
    }
    tell("a session, recorded and flushed", (cpu_ns() - start) / 1000.0 / count as f64, "µs");
    store.checkpoint().unwrap();
    let mut raw = Sql::raw(&folder.join(format!("raw{length}.db")));
    let mut by_char = Sql::by_char(&folder.join(format!("by_char{length}.db")));
    for (sql, what) in [(&mut raw, "a row per keystroke"), (&mut by_char, "a row per character")] {
        let start = cpu_ns();
        for (number, strokes) in strokes.chunks(length).enumerate() {
            sql.flush(number as i64, strokes);
        }
        let each = (cpu_ns() - start) / 1000.0 / count as f64;
        tell(&format!("a session in SQL, {what}"), each, "µs");
    }
    tell("metrics in a session, on average", metrics as f64 / count as f64, "");
    tell("rows written for a session, new ones", 2.0, "");
    let row_bytes = raw.finish();
    let char_bytes = by_char.finish();
    tell("bytes on disk, a session", bytes(&ours) / count as f64, "B");
    tell("bytes on disk, a session, a row per keystroke in SQL", row_bytes / count as f64, "B");
    tell("bytes on disk, a session, a row per character in SQL", char_bytes / count as f64, "B");

    let all = Window::default();
    let summary = stats.summary("ada", all).unwrap();
    assert_eq!(summary.iter().map(|metric| metric.figures.attempts).sum::<u64>(), strokes.len() as u64);
    assert_eq!(summary.len(), raw.summary());
    assert_eq!(summary.len(), by_char.summary());
    let cost = |ask: &mut dyn FnMut()| median(10, || (0..10).for_each(|_| ask())) / 1000.0;
    tell("summary of all", cost(&mut || assert!(!stats.summary("ada", all).unwrap().is_empty())), "µs");
    tell("summary of all, a row per keystroke in SQL", cost(&mut || assert!(raw.summary() > 0)), "µs");
    tell("summary of all, a row per character in SQL", cost(&mut || assert!(by_char.summary() > 0)), "µs");
    let half = Window { from: Some(1_700_000_000_000 + count as i64 / 2 * BETWEEN), until: None };
    let ask = |metric, window| {
        cost(&mut || assert!(stats.percentiles("ada", metric, window, &[0.5, 0.95]).unwrap().is_some()))
    };
    tell("two percentiles of a metric, of all", ask(Some("e"), all), "µs");
    tell("two percentiles of a metric, of half of the sessions", ask(Some("e"), half), "µs");
    tell(
        "trend of a metric, day by day",
        cost(&mut || drop(stats.trend("ada", Some("e"), all).unwrap())),
        "µs",
    );
}

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, texts @ ..] = arguments.as_slice() else { panic!("joinly-bench-stats FOLDER TEXT...") };
    let text: String = texts.iter().map(|text| std::fs::read_to_string(text).unwrap()).collect();
    let strokes = typed(&text);
    println!("{} keystrokes of {} characters of text", strokes.len(), text.chars().count());
    records(folder, &strokes);
    records_through_c(&strokes);
    sessions(folder, &strokes, 100);
    sessions(folder, &strokes, 1000);
}
