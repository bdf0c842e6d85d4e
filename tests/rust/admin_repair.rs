//! Saving what can be read of damaged stores.

use std::path::Path;

use joinly_storage::admin::{LostKeys, RepairOptions, RepairReport, repair};
use joinly_storage::engine::{Engine, RecordRef};
use joinly_storage::store::Location;
use joinly_storage::{Config, Kind, Store};

use crate::admin_support::{Record, contents, fill, on, stop_after};
use crate::support::{Home, get, kind};

const PAGE: usize = 4096;

fn run(damaged: &Config, to: &Home) -> joinly_storage::Result<(Store, RepairReport)> {
    let repaired = repair(damaged, &to.config, &RepairOptions::default(), &mut on)?;
    Ok((repaired.store, repaired.report))
}

fn covers(lost: &LostKeys, key: &str) -> bool {
    let (after, before) = (lost.after.as_deref(), lost.before.as_deref());
    after == Some(key) && before == Some(key)
        || after.is_none_or(|after| after < key) && before.is_none_or(|before| key < before)
}

/// A closed file with records that are text, and what it holds.
fn sound(home: &Home) -> (Vec<u8>, Vec<Record>) {
    let store = home.open();
    fill(&store, 600);
    let rows = contents(&store).0;
    let odd: Vec<_> = rows.iter().filter(|row| row.0.starts_with(b"b\0")).map(|row| row.0.clone()).collect();
    for key in &odd {
        store.delete(key).unwrap();
    }
    let rows = contents(&store).0;
    store.checkpoint().unwrap();
    store.close().unwrap();
    drop(store);
    (std::fs::read(home.file()).unwrap(), rows)
}

#[test]
fn whatever_page_is_lost_the_rest_is_saved_and_what_is_lost_is_told() {
    let home = Home::sqlite();
    let (good, rows) = sound(&home);
    let pages = good.len() / PAGE;
    let (mut whole, mut partly) = (0, 0);
    for page in (1..pages).step_by(1 + pages / 40) {
        let mut bad = good.clone();
        bad[page * PAGE..(page + 1) * PAGE].fill(0xa5);
        let damaged = Home::sqlite();
        std::fs::write(damaged.file(), &bad).unwrap();
        let to = Home::sqlite();
        let (store, report) = match run(&damaged.config, &to) {
            Ok(done) => done,
            Err(error) => panic!("page {page}: {error}"),
        };
        assert_eq!(std::fs::read(damaged.file()).unwrap(), bad, "page {page}: the damaged file was touched");
        let saved = contents(&store).0;
        assert!(saved.iter().all(|row| rows.contains(row)), "page {page}: something else was saved");
        for (key, ..) in rows.iter().filter(|row| !saved.contains(row)) {
            let key = String::from_utf8(key.clone()).unwrap();
            assert!(report.lost.iter().any(|lost| covers(lost, &key)), "page {page}: {key} is not told");
        }
        assert_eq!(report.records, saved.len() as u64);
        if saved.len() == rows.len() {
            whole += 1
        } else {
            partly += 1
        }
        store.verify().unwrap();
        store.put(b"on", b"1").unwrap();
    }
    assert!(whole > 0 && partly > 0, "{whole} {partly}");
}

#[test]
fn many_lost_pages_leave_what_is_between_them() {
    let home = Home::sqlite();
    let (good, rows) = sound(&home);
    let mut bad = good.clone();
    let pages = good.len() / PAGE;
    for page in (pages / 3..pages).step_by(7) {
        bad[page * PAGE..(page + 1) * PAGE].fill(0);
    }
    std::fs::write(home.file(), &bad).unwrap();
    let (store, report) = run(&home.config, &Home::memory()).unwrap();
    let saved = contents(&store).0;
    assert!(saved.len() > rows.len() / 2 && saved.len() < rows.len(), "{} of {}", saved.len(), rows.len());
    assert!(!report.lost.is_empty() && !report.findings.is_empty());
}

#[test]
fn a_record_that_does_not_match_its_checksum_is_the_only_one_lost() {
    let home = Home::sqlite();
    let (good, rows) = sound(&home);
    let needle = br#"{"n":255}"#;
    // Wherever it lies: pages that are not in use may have copies.
    let at: Vec<_> = (0..good.len() - needle.len()).filter(|at| good[*at..].starts_with(needle)).collect();
    let mut bad = good;
    at.into_iter().for_each(|at| bad[at + 6] ^= 1);
    std::fs::write(home.file(), &bad).unwrap();
    let to = Home::sqlite();
    let (store, report) = run(&home.config, &to).unwrap();
    assert_eq!(report.records, rows.len() as u64 - 1);
    let around = LostKeys { after: Some("doc:000254".into()), before: Some("doc:000256".into()) };
    assert_eq!(report.lost, [around]);
    assert_eq!(get(&store, "doc:000255"), None);
    store.verify().unwrap();
}

#[test]
fn a_record_that_cannot_be_decoded_is_named() {
    let home = Home::sqlite();
    drop(home.open());
    let engine = home.engine();
    let mut writer = engine.begin().unwrap();
    for (key, encoding) in [(b"a", 0), (b"b", 77), (b"c", 0)] {
        writer.put(key, RecordRef { version: 5, expires_at: 0, encoding, data: b"1" }).unwrap();
    }
    writer.commit().unwrap();
    drop(engine);
    let (store, report) = run(&home.config, &Home::memory()).unwrap();
    assert_eq!(report.lost, [LostKeys { after: Some("b".into()), before: Some("b".into()) }]);
    assert_eq!((report.records, report.version), (2, 5));
    assert_eq!(get(&store, "c").unwrap(), b"1");
    assert_eq!(store.version().unwrap(), 6);
}

#[test]
fn a_sound_store_is_saved_whole_and_a_repair_that_is_stopped_leaves_nothing() {
    let home = Home::sqlite();
    let store = home.open();
    fill(&store, 300);
    let to = Home::sqlite();
    for stop in 0..3 {
        let stopped = repair(&home.config, &to.config, &RepairOptions::default(), &mut stop_after(stop));
        assert_eq!(kind(stopped.map(|_| ())), Kind::Cancelled);
        assert_eq!(std::fs::read_dir(to.file().parent().unwrap()).unwrap().count(), 0);
    }
    let (saved, report) = run(&home.config, &to).unwrap();
    assert_eq!(contents(&saved), contents(&store));
    assert_eq!((report.lost, report.findings, report.notes), (vec![], vec![], vec![]));
    assert_eq!(kind(run(&home.config, &to).map(|_| ())), Kind::Exists);
    assert_eq!(kind(run(&home.config, &home).map(|_| ())), Kind::Invalid);
}

#[test]
fn stores_of_other_engines_are_saved_too() {
    for home in [Home::leveldb(), Home::jsonl()] {
        let store = home.open();
        fill(&store, 100);
        let before = contents(&store);
        store.close().unwrap();
        drop(store);
        let (saved, report) = run(&home.config, &Home::memory()).unwrap();
        assert_eq!((contents(&saved), report.lost), (before, vec![]));
    }
}

#[test]
fn what_is_no_store_cannot_be_repaired() {
    let (home, to) = (Home::sqlite(), Home::sqlite());
    assert_eq!(kind(run(&home.config, &to).map(|_| ())), Kind::NotFound);
    std::fs::write(home.file(), vec![7; 10 * PAGE]).unwrap();
    assert_eq!(kind(run(&home.config, &to).map(|_| ())), Kind::NotADatabase);
    let missing = Config { location: Location::Memory, ..home.config.clone() };
    assert_eq!(contents(&run(&missing, &to).unwrap().0).0, []);
    assert!(Path::new(&to.file()).exists());
}
