//! Measures operations on whole stores: `joinly-bench-admin FOLDER [ROWS]`. Wall time, the median of some rounds; each round
//! works on files of its own. Values are JSON of about 200 bytes.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use joinly_storage::admin::{
    BackupOptions, MigrateOptions, Progress, RepairOptions, RestoreOptions, backup, migrate, repair, restore,
};
use joinly_storage::{Batch, Config, Options, Store};

const ROUNDS: usize = 5;
const ROWS: usize = 200_000;

fn on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn place(url: &str) -> Config {
    Config::from_url(url, Options::default()).expect("a place")
}

/// Fills a store; bytes of its keys and values.
fn fill(store: &Store, rows: usize) -> usize {
    let mut bytes = 0;
    for from in (0..rows).step_by(1000) {
        let mut batch = Batch::new();
        for n in from..rows.min(from + 1000) {
            let key = format!("player:{n:09}");
            let rating = n.wrapping_mul(2_654_435_761) % 3000;
            let value = format!(
                r#"{{"name":"Player {n}","rating":{rating},"team":"{:016x}","about":"{:0>100}"}}"#,
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                n
            );
            bytes += key.len() + value.len();
            batch.put(key.as_bytes(), value.as_bytes()).expect("a batch");
        }
        store.commit(&batch).expect("a commit");
    }
    bytes
}

fn median(mut round: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|number| {
            let start = Instant::now();
            round(number);
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = Path::new(arguments.get(1).expect("usage: joinly-bench-admin FOLDER [ROWS]"));
    let rows = arguments.get(2).map_or(ROWS, |text| text.parse().expect("a number of rows"));
    let at = |name: String| folder.join(name).display().to_string();
    let store = Store::open(&place(&at("source.db".into()))).expect("a store");
    let bytes = fill(&store, rows);
    let tell = |what: &str, seconds: f64| {
        let (rows, bytes) = (rows as f64 / seconds, bytes as f64 / seconds / 1e6);
        println!("{what:<28} {seconds:>8.3} s {rows:>12.0} rows/s {bytes:>8.1} MB/s");
    };
    for engine in ["sqlite", "leveldb", "jsonl", "memory"] {
        let copy = MigrateOptions { hand_over: false, ..MigrateOptions::default() };
        let seconds = median(|round| {
            let path = if engine == "memory" { String::new() } else { at(format!("{engine}-{round}")) };
            migrate(&store, &place(&format!("{engine}:{path}")), &copy, &mut on).expect("a migration");
        });
        tell(&format!("migrate to {engine}"), seconds);
    }
    let backups = folder.join("backups");
    let seconds = median(|_| {
        backup(&store, &backups, &BackupOptions::default(), &mut on).expect("a backup");
    });
    tell("backup, checked", seconds);
    let options = RestoreOptions::default();
    let seconds = median(|round| {
        restore(&backups, &place(&at(format!("restored-{round}"))), &options, &mut on).expect("a restore");
    });
    tell("restore to sqlite, checked", seconds);
    let damaged = place(&at("source.db".into()));
    let seconds = median(|round| {
        let to = place(&at(format!("repaired-{round}")));
        repair(&damaged, &to, &RepairOptions::default(), &mut on).expect("a repair");
    });
    tell("repair to sqlite, checked", seconds);
}
