//! Backups, folders of them, and what is restored from them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use joinly_storage::admin::{
    BackupOptions, BackupReport, BackupSchedule, Phase, RestoreOptions, Retention, backup, backup_file,
    check_backup, list_backups, prune_backups, restore,
};
use joinly_storage::store::Location;
use joinly_storage::{Kind, Result, Store};

use crate::admin_support::{contents, fill, on, stop_after};
use crate::support::{Home, drain, eventually, get, kind};

fn make(store: &Store, folder: &Path) -> BackupReport {
    backup(store, folder, &BackupOptions::default(), &mut on).unwrap()
}

fn incremental() -> BackupOptions {
    BackupOptions { incremental: true, ..BackupOptions::default() }
}

fn back(from: &Path, to: &Home) -> Result<Store> {
    restore(from, &to.config, &RestoreOptions::default(), &mut on).map(|restored| restored.store)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_is_restored_equals_what_was_backed_up_on_every_engine() {
    let homes = [Home::memory, Home::sqlite, Home::leveldb, Home::behind];
    for from in homes {
        for to in homes {
            let (from, to) = (from(), to());
            let store = from.open();
            fill(&store, 300);
            let before = contents(&store);
            let made = make(&store, &from.path("backups"));
            assert_eq!((made.backup.records, made.backup.base), (before.0.len() as u64, None));
            assert_eq!(made.backup.version, store.version().unwrap());
            store.put(b"later", b"1").unwrap();
            let restored = back(&from.path("backups"), &to).unwrap();
            assert_eq!(contents(&restored), before);
            assert_eq!(restored.version().unwrap(), made.backup.version);
            restored.verify().unwrap();
            restored.put(b"on", b"1").unwrap();
            if to.config.location != Location::Memory {
                drop(restored);
                assert_eq!(get(&to.open(), b"on").unwrap(), b"1");
                let left = files(to.file().parent().unwrap());
                assert!(!left.iter().any(|file| file.to_string_lossy().contains(".part")), "{left:?}");
            }
        }
    }
}

#[test]
fn an_empty_store_has_a_backup_too() {
    let home = Home::sqlite();
    let made = make(&home.open(), &home.path("backups"));
    assert_eq!((made.backup.records, made.backup.version), (0, 0));
    assert_eq!(contents(&back(&made.backup.file, &Home::sqlite()).unwrap()).0, []);
}

#[test]
fn incremental_backups_hold_what_was_changed_and_restore_to_each_moment() {
    let home = Home::sqlite();
    let (store, folder) = (home.open(), home.path("backups"));
    fill(&store, 300);
    let mut moments = Vec::new();
    let first = backup(&store, &folder, &incremental(), &mut on).unwrap();
    assert_eq!(first.full_because.as_deref(), Some("there is no backup yet"));
    moments.push((first.backup, contents(&store)));
    let mut watch = store.watch_from_now(b"").unwrap();
    for round in 0..3_u64 {
        home.clock.advance(1000);
        store.put(b"doc:000001", format!(r#"{{"n":{round}}}"#).as_bytes()).unwrap();
        store.delete(format!("doc:00000{}", round + 4).as_bytes()).unwrap();
        store.put_ttl(format!("new:{round}").as_bytes(), b"", 1 << 45).unwrap();
        if round == 1 {
            store.drop_index("n").unwrap();
        }
        let made = backup(&store, &folder, &incremental(), &mut on).unwrap();
        assert_eq!(made.full_because, None);
        assert_eq!(made.backup.base.as_ref(), moments.last().map(|(backup, _)| &backup.id));
        assert_eq!((made.backup.records, made.backup.deletes), (2, 1));
        moments.push((made.backup, contents(&store)));
    }
    let listed = list_backups(&folder).unwrap();
    assert_eq!(listed, moments.iter().map(|(backup, _)| backup.clone()).collect::<Vec<_>>());
    for (backup, expected) in &moments {
        let options = RestoreOptions { backup: Some(backup.id.clone()), ..RestoreOptions::default() };
        let to = Home::sqlite();
        let restored = restore(&folder, &to.config, &options, &mut on).unwrap();
        assert_eq!(&contents(&restored.store), expected);
        restored.store.verify().unwrap();
        assert_eq!(&restored.report.backup, backup);
    }
    // The change log is there from the full backup on.
    let restored = back(&folder, &Home::memory()).unwrap();
    let mut again = restored.watch(moments[0].0.version, b"").unwrap();
    assert_eq!(drain(&mut again), drain(&mut watch));
    std::fs::remove_file(&listed[1].file).unwrap();
    assert_eq!(kind(back(&folder, &Home::memory()).map(|_| ())), Kind::NotFound);
}

#[test]
fn a_full_backup_is_made_where_the_change_log_does_not_tell() {
    let home = Home::sqlite().with(|options| options.log_keep = 3);
    let (store, folder) = (home.open(), home.path("backups"));
    make(&store, &folder);
    for n in 0..300_u64 {
        store.put(b"k", &n.to_be_bytes()).unwrap();
    }
    home.clock.advance(1);
    let made = backup(&store, &folder, &incremental(), &mut on).unwrap();
    assert!(made.full_because.unwrap().contains("does not"), "the log was trimmed");
    assert_eq!(made.backup.base, None);
    // Another store in the same folder has another history.
    let other = Home::sqlite();
    home.clock.advance(1);
    fill(&other.open(), 50);
    let made = backup(&other.open(), &folder, &incremental(), &mut on).unwrap();
    assert!(made.full_because.is_some());
}

#[test]
fn retention_keeps_the_latest_and_whatever_a_kept_one_continues() {
    let home = Home::sqlite();
    let (store, folder) = (home.open(), home.path("backups"));
    let mut ids = Vec::new();
    for round in 0..6 {
        home.clock.advance(1000);
        store.put(b"k", &[round]).unwrap();
        let options = BackupOptions { incremental: round % 3 != 0, ..BackupOptions::default() };
        ids.push(backup(&store, &folder, &options, &mut on).unwrap().backup.id);
    }
    let kept = |retention| {
        prune_backups(&folder, &retention, home.clock_ms()).unwrap();
        list_backups(&folder).unwrap().into_iter().map(|backup| backup.id).collect::<Vec<_>>()
    };
    assert_eq!(kept(Retention::default()), ids);
    assert_eq!(kept(Retention { keep: 4, max_age_ms: 0 }), ids, "the third continues the first two");
    assert_eq!(kept(Retention { keep: 3, max_age_ms: 0 }), ids[3..]);
    assert_eq!(kept(Retention { keep: 0, max_age_ms: 1 }), ids[3..], "the latest needs all three");
    home.clock.advance(5000);
    let options =
        BackupOptions { retention: Retention { keep: 0, max_age_ms: 10 }, ..BackupOptions::default() };
    let made = backup(&store, &folder, &options, &mut on).unwrap();
    assert_eq!((made.removed.len(), files(&folder)), (3, vec![made.backup.file]));
}

#[test]
fn a_backup_is_of_one_moment_while_writers_go_on() {
    let home = Home::sqlite();
    let store = home.open();
    fill(&store, 1000);
    let stop = AtomicBool::new(false);
    let folder = home.path("backups");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0_u64.. {
                let mut batch = joinly_storage::Batch::new();
                batch.put(b"a:first", &n.to_be_bytes()).unwrap();
                batch.put(b"z:last", &n.to_be_bytes()).unwrap();
                store.commit(&batch).unwrap();
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        eventually("the writer began", || store.exists(b"z:last").unwrap());
        for round in 0..5 {
            home.clock.advance(1);
            let options = BackupOptions { incremental: round > 0, ..BackupOptions::default() };
            backup(&store, &folder, &options, &mut on).unwrap();
            let restored = back(&folder, &Home::memory()).unwrap();
            assert_eq!(get(&restored, b"a:first"), get(&restored, b"z:last"));
            restored.verify().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_backup_or_restore_that_is_stopped_anywhere_leaves_nothing() {
    let home = Home::sqlite();
    let (store, folder) = (home.open(), home.path("backups"));
    fill(&store, 3000);
    let mut stop = 0;
    while let Err(error) = backup(&store, &folder, &BackupOptions::default(), &mut stop_after(stop)) {
        assert_eq!(error.kind(), Kind::Cancelled);
        assert_eq!(files(&folder), Vec::<PathBuf>::new(), "stopped at {stop}");
        stop += 1;
    }
    assert!(stop >= 4, "{stop}");
    stop = 0;
    loop {
        let to = Home::sqlite();
        match restore(&folder, &to.config, &RestoreOptions::default(), &mut stop_after(stop)) {
            Ok(restored) => break assert_eq!(contents(&restored.store), contents(&store)),
            Err(error) => assert_eq!(error.kind(), Kind::Cancelled),
        }
        assert_eq!(files(to.file().parent().unwrap()), Vec::<PathBuf>::new(), "stopped at {stop}");
        stop += 1;
    }
    assert!(stop >= 3, "{stop}");
}

#[test]
fn what_killed_processes_left_is_in_nobodys_way() {
    let home = Home::sqlite();
    let (store, folder) = (home.open(), home.path("backups"));
    fill(&store, 50);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("0-1-full-x.joinlybackup.part"), b"half").unwrap();
    let made = make(&store, &folder).backup.file;
    assert_eq!(files(&folder), [made]);
    std::fs::write(home.path("one.part"), b"half").unwrap();
    backup_file(&store, &home.path("one"), 3, &mut on).unwrap();
    assert!(!home.path("one.part").exists());
    for to in [Home::sqlite(), Home::leveldb(), Home::behind(), Home::jsonl()] {
        let (Location::Sqlite(path) | Location::LevelDb(path) | Location::Jsonl(path)) = &to.config.location
        else {
            panic!("{:?}", to.config.location)
        };
        let part = format!("{}.part", path.display());
        match to.config.location {
            Location::Sqlite(_) => {
                for suffix in ["", "-wal", "-shm", "-behind"] {
                    std::fs::write(format!("{part}{suffix}"), b"half").unwrap();
                }
            }
            _ => {
                std::fs::create_dir(&part).unwrap();
                std::fs::write(Path::new(&part).join("000003.log"), b"half").unwrap();
            }
        }
        std::fs::write(format!("{part}-lock"), b"").unwrap();
        let restored = back(&folder, &to).unwrap();
        assert_eq!(contents(&restored), contents(&store));
        drop(restored);
        let left = files(to.file().parent().unwrap());
        assert!(!left.iter().any(|file| file.to_string_lossy().contains(".part")), "{left:?}");
    }
}

#[test]
fn one_at_a_time_makes_a_store_or_a_backup_of_a_name() {
    let (home, to) = (Home::sqlite(), Home::sqlite());
    let (store, file) = (home.open(), home.path("one"));
    fill(&store, 50);
    let mut told = 0;
    backup_file(&store, &file, 3, &mut |_| {
        told += 1;
        assert_eq!(kind(backup_file(&store, &file, 3, &mut on)), Kind::Busy);
        ControlFlow::Continue(())
    })
    .unwrap();
    restore(&file, &to.config, &RestoreOptions::default(), &mut |progress| {
        told += 1;
        // At the end the store is in its place.
        if progress.phase != Phase::Finish {
            assert_eq!(kind(back(&file, &to).map(|_| ())), Kind::Busy);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(told >= 4, "{told}");
    assert_eq!(contents(&to.open()), contents(&store));
}

#[test]
fn a_destination_is_replaced_only_when_told_and_kept_beside() {
    let (home, to) = (Home::sqlite(), Home::sqlite());
    let store = home.open();
    fill(&store, 50);
    make(&store, &home.path("backups"));
    to.open().put(b"mine", b"1").unwrap();
    assert_eq!(kind(back(&home.path("backups"), &to).map(|_| ())), Kind::Exists);
    assert_eq!(get(&to.open(), b"mine").unwrap(), b"1");
    let options = RestoreOptions { overwrite: true, ..RestoreOptions::default() };
    let restored = restore(&home.path("backups"), &to.config, &options, &mut on).unwrap();
    assert_eq!(contents(&restored.store), contents(&store));
    let mut aside = to.config.clone();
    aside.location = Location::Sqlite(restored.report.replaced.unwrap());
    assert_eq!(get(&Store::open(&aside).unwrap(), b"mine").unwrap(), b"1");
}

#[test]
fn what_is_no_whole_backup_is_refused() {
    let home = Home::sqlite();
    let (store, file) = (home.open(), home.path("one.backup"));
    fill(&store, 50);
    let made = backup_file(&store, &file, 3, &mut on).unwrap();
    assert_eq!(check_backup(&file, &mut on).unwrap(), made);
    assert_eq!(kind(backup_file(&store, &file, 3, &mut on)), Kind::Exists);
    assert_eq!(kind(backup_file(&store, &home.path("two"), 20, &mut on)), Kind::Invalid);
    let good = std::fs::read(&file).unwrap();
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&file, &bad).unwrap();
        assert!(check_backup(&file, &mut on).is_err(), "byte {at}");
        let to = Home::sqlite();
        assert!(back(&file, &to).is_err(), "byte {at}");
        assert!(!to.file().exists());
    }
    std::fs::write(&file, b"something else").unwrap();
    assert_eq!(kind(check_backup(&file, &mut on)), Kind::NotADatabase);
    assert_eq!(kind(back(&home.path("none"), &Home::memory()).map(|_| ())), Kind::NotFound);
    std::fs::create_dir(home.path("empty")).unwrap();
    assert_eq!(kind(back(&home.path("empty"), &Home::memory()).map(|_| ())), Kind::NotFound);
}

#[test]
fn a_schedule_makes_backups_until_it_is_dropped() {
    let home = Home::sqlite();
    let (store, folder) = (home.open(), home.path("backups"));
    let start = |interval| BackupSchedule::start(&store, &folder, incremental(), interval);
    assert_eq!(kind(start(Duration::ZERO).map(|_| ())), Kind::Invalid);
    let schedule = start(Duration::from_secs(3600)).unwrap();
    eventually("the first backup", || schedule.status().made == 1);
    drop(schedule);
    let schedule = start(Duration::from_secs(3600)).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(schedule.status().made, 0, "the latest is young enough");
    drop(schedule);
    home.clock.advance(3_600_000);
    let schedule = start(Duration::from_secs(3600)).unwrap();
    eventually("the next backup", || schedule.status().made == 1);
    store.close().unwrap();
    drop(schedule);
    assert_eq!(list_backups(&folder).unwrap().len(), 2);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_to_a_schedule() {
    let home = Home::sqlite();
    let store = home.open();
    std::fs::write(home.path("file"), b"no folder").unwrap();
    let schedule =
        BackupSchedule::start(&store, &home.path("file"), incremental(), Duration::from_secs(1)).unwrap();
    eventually("a failure", || schedule.status().failures > 0);
    assert!(schedule.status().error.unwrap().contains("file"));
}

#[test]
fn progress_is_told_in_order() {
    let home = Home::sqlite();
    let store = home.open();
    fill(&store, 3000);
    let mut seen = Vec::new();
    backup(&store, &home.path("backups"), &BackupOptions::default(), &mut |progress| {
        seen.push(*progress);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(seen.windows(2).all(|pair| pair[0].phase != pair[1].phase || pair[0].records <= pair[1].records));
    assert!(seen.len() >= 4);
}
