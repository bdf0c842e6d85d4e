//! Moving stores between engines.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use joinly_storage::Kind;
use joinly_storage::admin::{MigrateOptions, MigrateStatus, Phase, migrate, migrate_status, reclaim};
use joinly_storage::engine::{Engine, RecordRef};
use joinly_storage::store::Location;

use crate::admin_support::{contents, fill, on, stop_after};
use crate::support::{Home, drain, get, kind};

fn small() -> MigrateOptions {
    MigrateOptions { chunk_records: 50, ..MigrateOptions::default() }
}

#[test]
fn every_engine_moves_to_every_engine_and_back() {
    let homes = [Home::memory, Home::sqlite, Home::leveldb, Home::behind, Home::jsonl];
    for from in homes {
        for to in homes {
            let (from, to) = (from(), to());
            let source = from.open();
            fill(&source, 300);
            let before = contents(&source);
            let mut watch = source.watch_from_now(b"").unwrap();
            let moved = migrate(&source, &to.config, &small(), &mut on).unwrap();
            let store = moved.store.unwrap();
            assert_eq!(contents(&store), before);
            assert_eq!((moved.report.records, moved.report.epoch), (before.0.len() as u64, 1));
            assert_eq!((moved.report.indexes, moved.report.passes), (1, 1));
            assert!(store.version().unwrap() > source.version().unwrap(), "versions go on");
            store.verify().unwrap();
            assert_eq!(contents(&source), before, "the source is read as before");
            let error = source.put(b"late", b"1").unwrap_err();
            assert_eq!(error.kind(), Kind::Moved);
            assert!(error.message().contains(&to.config.location.to_string()), "{error}");
            assert_eq!(kind(source.drop_index("n")), Kind::Moved);
            assert_eq!(drain(&mut watch), [], "handing over is no change of a key");

            store.put(b"doc:new", br#"{"n":-1}"#).unwrap();
            store.delete(b"doc:000007").unwrap();
            let after = contents(&store);
            if from.config.location == Location::Memory || to.config.location == Location::Memory {
                continue;
            }
            source.close().unwrap();
            drop(source);
            let moved = migrate(&store, &from.config, &small(), &mut on).unwrap();
            let back = moved.store.unwrap();
            assert_eq!((moved.report.epoch, moved.report.passes), (2, 0), "only what was changed since");
            assert_eq!(contents(&back), after);
            back.verify().unwrap();
            assert_eq!(kind(store.put(b"late", b"1")), Kind::Moved);
            back.put(b"again", b"1").unwrap();
        }
    }
}

#[test]
fn compressed_values_lie_plain_where_people_read_them() {
    let (from, to) = (Home::sqlite(), Home::jsonl());
    let source = from.open();
    let long = format!(r#"{{"story": "{}"}}"#, "once upon a time ".repeat(1000));
    source.put(b"tale:1", long.as_bytes()).unwrap();
    let store = migrate(&source, &to.config, &small(), &mut on).unwrap().store.unwrap();
    store.checkpoint().unwrap();
    let lines = std::fs::read_to_string(to.path("test/data/kv.records")).unwrap();
    assert!(lines.contains(&format!(r#"{{"key": "tale:1", "value": {long}"#)), "{lines}");
    source.close().unwrap();
    drop(source);
    let back = migrate(&store, &from.config, &small(), &mut on).unwrap().store.unwrap();
    assert_eq!(get(&back, b"tale:1").as_deref(), Some(long.as_bytes()));
}

#[test]
fn a_migration_that_is_stopped_anywhere_goes_on() {
    for to in [Home::sqlite, Home::leveldb, Home::behind, Home::jsonl] {
        let mut stop = 0;
        loop {
            let (from, to) = (Home::sqlite(), to());
            let source = from.open();
            fill(&source, 300);
            let first = migrate(&source, &to.config, &small(), &mut stop_after(stop));
            if let Ok(done) = &first {
                assert_eq!(done.report.records, contents(&source).0.len() as u64);
                break;
            }
            assert_eq!(kind(first.map(|_| ())), Kind::Cancelled);
            if stop > 0 {
                assert_eq!(kind(to.try_open().map(|_| ())), Kind::WrongState, "stopped at {stop}");
                let MigrateStatus::Incoming { records, .. } = migrate_status(&to.config).unwrap() else {
                    panic!("stopped at {stop}")
                };
                assert!(records <= 1000);
            }
            // It goes on meanwhile.
            source.put(b"doc:000001", br#"{"n":"other"}"#).unwrap();
            source.put(b"zzz", b"last").unwrap();
            source.delete(b"doc:000005").unwrap();
            let before = contents(&source);
            let moved = migrate(&source, &to.config, &small(), &mut on).unwrap();
            assert_eq!(contents(moved.store.as_ref().unwrap()), before, "stopped at {stop}");
            moved.store.as_ref().unwrap().verify().unwrap();
            assert_eq!(kind(source.put(b"late", b"1")), Kind::Moved);
            drop(moved);
            let again = migrate(&source, &to.config, &small(), &mut on).unwrap();
            assert_eq!(contents(again.store.as_ref().unwrap()), before, "repeating does nothing");
            stop += 1;
        }
        assert!(stop > 20, "{stop} steps");
    }
}

#[test]
fn writers_go_on_until_the_moment_of_handing_over_and_lose_nothing() {
    let (from, to) = (Home::sqlite(), Home::sqlite());
    let source = from.open();
    fill(&source, 500);
    let other = from.open();
    let stop = AtomicBool::new(false);
    let (last, store) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut acknowledged = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                let next = acknowledged + 1;
                match other.put(format!("live:{}", next % 70).as_bytes(), next.to_string().as_bytes()) {
                    Ok(_) => acknowledged = next,
                    Err(error) if error.kind() == Kind::Moved => break,
                    Err(error) => panic!("{error}"),
                }
            }
            acknowledged
        });
        let moved = migrate(&source, &to.config, &small(), &mut on);
        stop.store(moved.is_err(), Ordering::Relaxed);
        (writer.join().unwrap(), moved.unwrap().store.unwrap())
    });
    assert!(last > 0);
    assert_eq!(get(&store, format!("live:{}", last % 70)).unwrap(), last.to_string().as_bytes());
    assert_eq!(contents(&store), contents(&source));
    store.verify().unwrap();
}

#[test]
fn a_trimmed_change_log_means_another_pass() {
    let (from, to) = (Home::sqlite().with(|options| options.log_keep = 5), Home::memory());
    let source = from.open();
    fill(&source, 200);
    let mut busy = true;
    let moved = migrate(&source, &to.config, &small(), &mut |progress| {
        if busy && progress.phase == Phase::CatchUp {
            busy = false;
            for n in 0..300_u64 {
                source.put(b"busy", &n.to_be_bytes()).unwrap();
            }
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(moved.report.passes, 2);
    assert_eq!(contents(&moved.store.unwrap()), contents(&source));
    let moved = migrate(&from.open(), &Home::memory().config, &small(), &mut on);
    assert_eq!(kind(moved.map(|_| ())), Kind::Moved);
}

#[test]
fn a_process_that_had_the_old_store_open_writes_again_after_the_way_back() {
    let (from, to) = (Home::sqlite(), Home::sqlite());
    let old = from.open();
    fill(&old, 50);
    let new = migrate(&from.open(), &to.config, &small(), &mut on).unwrap().store.unwrap();
    assert_eq!(get(&old, b"doc:000001").unwrap(), br#"{"n":1}"#);
    assert_eq!(kind(old.put(b"x", b"1")), Kind::Moved);
    new.put(b"doc:000001", b"new").unwrap();
    migrate(&new, &from.config, &small(), &mut on).unwrap();
    assert_eq!(get(&old, b"doc:000001").unwrap(), b"new", "its cache saw what was brought back");
    old.put(b"x", b"1").unwrap();
    old.verify().unwrap();
    assert_eq!(kind(new.put(b"x", b"1")), Kind::Moved);
}

#[test]
fn a_copy_leaves_the_source_alone_and_a_dry_run_everything() {
    let (from, to) = (Home::sqlite(), Home::sqlite());
    let source = from.open();
    fill(&source, 100);
    let version = source.version().unwrap();
    let looked = migrate(&source, &to.config, &MigrateOptions { dry_run: true, ..small() }, &mut on).unwrap();
    assert_eq!(looked.report.records, contents(&source).0.len() as u64);
    assert!(looked.store.is_none() && !to.file().exists());
    let copied =
        migrate(&source, &to.config, &MigrateOptions { hand_over: false, ..small() }, &mut on).unwrap();
    assert_eq!(contents(&copied.store.unwrap()), contents(&source));
    assert_eq!(source.version().unwrap(), version);
    source.put(b"on", b"1").unwrap();
}

#[test]
fn the_place_of_another_is_not_overwritten_and_status_tells_where_a_store_is() {
    let (from, to) = (Home::sqlite(), Home::sqlite());
    let source = from.open();
    fill(&source, 20);
    to.open().put(b"mine", b"1").unwrap();
    assert_eq!(kind(migrate(&source, &to.config, &small(), &mut on).map(|_| ())), Kind::Exists);
    assert_eq!(get(&to.open(), b"mine").unwrap(), b"1");
    let reader = Home::sqlite();
    drop(reader.open());
    let reader = reader.with(|options| options.read_only = true);
    let reading = reader.open();
    assert_eq!(kind(migrate(&reading, &to.config, &small(), &mut on).map(|_| ())), Kind::ReadOnly);
    assert_eq!(migrate_status(&from.config).unwrap(), MigrateStatus::None);
    assert_eq!(kind(reclaim(&source)), Kind::WrongState);
    let other = Home::sqlite();
    assert_eq!(kind(migrate_status(&other.config)), Kind::NotFound);
    drop(migrate(&source, &other.config, &small(), &mut on).unwrap());
    let MigrateStatus::Moved { id, epoch: 1, .. } = migrate_status(&from.config).unwrap() else { panic!() };
    assert_eq!(migrate_status(&other.config).unwrap(), MigrateStatus::Arrived { id, epoch: 1 });
    reclaim(&source).unwrap();
    source.put(b"again", b"1").unwrap();
    assert_eq!(migrate_status(&from.config).unwrap(), MigrateStatus::None);
}

#[test]
fn a_damaged_record_is_named_and_the_source_is_not_handed_over() {
    let (from, to) = (Home::sqlite(), Home::sqlite());
    {
        let source = from.open();
        fill(&source, 100);
    }
    let engine = from.engine();
    let mut writer = engine.begin().unwrap();
    writer.put(b"odd", RecordRef { version: 1, expires_at: 0, encoding: 77, data: b"?" }).unwrap();
    writer.commit().unwrap();
    drop(engine);
    let source = from.open();
    let error = migrate(&source, &to.config, &small(), &mut on).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.message().contains("odd"), "{error}");
    assert_eq!(migrate_status(&from.config).unwrap(), MigrateStatus::None);
    source.delete(b"odd").unwrap();
    let moved = migrate(&source, &to.config, &small(), &mut on).unwrap();
    assert_eq!(contents(&moved.store.unwrap()), contents(&source));
}
