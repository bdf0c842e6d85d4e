//! `kill -9` during migrations and backups: what was begun goes on, and what is there is whole.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use joinly_storage::admin::{
    BackupOptions, MigrateOptions, Progress, RestoreOptions, backup, check_backup, list_backups, migrate,
    restore,
};
use joinly_storage::store::{Location, Mode};
use joinly_storage::{Config, Kind, Options, Store};

use super::faults::SmallDisk;
use super::{Child, Random, number_from_environment, open, report};
use crate::admin_support::{contents, fill, on};

const ROUNDS: u64 = 12;

fn config(file: &Path, mode: Mode) -> Config {
    Config { location: Location::Sqlite(file.to_owned()), options: Options { mode, ..Options::default() } }
}

fn mode_of(way: &str) -> Mode {
    if way == "behind" { Mode::Behind } else { Mode::Through }
}

/// Tells every step, so that it can be killed in each.
fn tell(progress: &Progress) -> ControlFlow<()> {
    report(&format!("{:?} {}", progress.phase, progress.records));
    std::thread::sleep(Duration::from_millis(1));
    ControlFlow::Continue(())
}

fn small() -> MigrateOptions {
    MigrateOptions { chunk_records: 40, ..MigrateOptions::default() }
}

pub fn migrate_child(arguments: &[&str]) {
    let [from, to, way] = arguments else { panic!("{arguments:?}") };
    let source = open(Path::new(from), |_| {});
    let moved = migrate(&source, &config(Path::new(to), mode_of(way)), &small(), &mut tell).unwrap();
    moved.store.unwrap().close().unwrap();
    report("done");
}

#[test]
fn a_killed_migration_goes_on_until_it_is_done() {
    for way in ["through", "behind"] {
        for round in 0..ROUNDS {
            let home = tempfile::tempdir().unwrap();
            let (from, to) = (home.path().join("from.db"), home.path().join("to.db"));
            let source = open(&from, |_| {});
            fill(&source, 400);
            let mut random = Random(round + 1);
            let arguments = [from.to_str().unwrap(), to.to_str().unwrap(), way];
            for attempt in 0..4_u64 {
                let mut child = Child::spawn("migrate", &arguments);
                let steps = random.next(45);
                let told = (0..steps).map_while(|_| child.line()).last();
                child.kill();
                if told.as_deref() == Some("done") {
                    break;
                }
                match source.put(format!("doc:{attempt}").as_bytes(), br#"{"n":0}"#) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), Kind::Moved, "seed {round}: {error}"),
                }
            }
            let moved = migrate(&source, &config(&to, mode_of(way)), &small(), &mut on);
            let store = moved.unwrap_or_else(|error| panic!("{way}, seed {round}: {error}")).store.unwrap();
            assert_eq!(contents(&store), contents(&source), "{way}, seed {round}");
            store.verify().unwrap();
            store.put(b"on", b"1").unwrap();
            assert_eq!(source.put(b"late", b"1").unwrap_err().kind(), Kind::Moved);
        }
    }
}

/// On a disk with little room: what does not fit is refused and changes nothing, and goes on once there is room.
pub fn full_child(arguments: &[&str]) {
    let [place, from] = arguments else { panic!("{arguments:?}") };
    let (place, source) = (Path::new(place), open(Path::new(from), |_| {}));
    let (to, folder) = (config(&place.join("to.db"), Mode::Through), place.join("backups"));
    let full = |doing: &str, error: joinly_storage::Error| {
        assert_eq!(error.kind(), Kind::Full, "{doing}: {error}");
    };
    let restored = |from: &Path| restore(from, &to, &RestoreOptions::default(), &mut on);
    full("back up", backup(&source, &folder, &BackupOptions::default(), &mut on).unwrap_err());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let elsewhere = Path::new(from).with_extension("backups");
    backup(&source, &elsewhere, &BackupOptions::default(), &mut on).unwrap();
    full("restore", restored(&elsewhere).map(|_| ()).unwrap_err());
    assert_eq!(std::fs::read_dir(place).unwrap().count(), 2, "the folder and the ballast");
    full("migrate", migrate(&source, &to, &small(), &mut on).map(|_| ()).unwrap_err());
    source.put(b"on", b"1").unwrap();
    std::fs::remove_file(place.join("ballast")).unwrap();
    let moved = migrate(&source, &to, &small(), &mut on).unwrap();
    assert_eq!(contents(&moved.store.unwrap()), contents(&source));
    report("done");
}

#[test]
fn a_full_destination_is_told_and_goes_on_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("16m") else { return };
    std::fs::write(disk.0.path().join("ballast"), vec![0; 15 << 20]).unwrap();
    let home = tempfile::tempdir().unwrap();
    let from = home.path().join("from.db");
    let source = open(&from, |_| {});
    for n in 0..200_u64 {
        let mut random = Random(n + 1);
        let noise: Vec<u8> = (0..20_000).map(|_| random.next(256) as u8).collect();
        source.put(format!("noise:{n:03}").as_bytes(), &noise).unwrap();
    }
    drop(source);
    Child::spawn("full_place", &[disk.0.path().to_str().unwrap(), from.to_str().unwrap()]).join();
}

pub fn restore_child(arguments: &[&str]) {
    let [folder, to] = arguments else { panic!("{arguments:?}") };
    let to = config(Path::new(to), Mode::Through);
    let restored = restore(Path::new(folder), &to, &RestoreOptions::default(), &mut tell).unwrap();
    restored.store.close().unwrap();
    report("done");
}

#[test]
fn a_killed_restore_is_begun_anew() {
    let home = tempfile::tempdir().unwrap();
    let (from, folder) = (home.path().join("from.db"), home.path().join("backups"));
    let source = open(&from, |_| {});
    fill(&source, 400);
    backup(&source, &folder, &BackupOptions::default(), &mut on).unwrap();
    let mut killed = 0;
    for steps in 1..number_from_environment("JOINLY_KILLS", 30) / 5 {
        let place = home.path().join(format!("to{steps}"));
        std::fs::create_dir(&place).unwrap();
        let to = place.join("to.db");
        let arguments = [folder.to_str().unwrap(), to.to_str().unwrap()];
        let mut child = Child::spawn("restore", &arguments);
        let told = (0..steps).map_while(|_| child.line()).last().unwrap();
        child.kill();
        // The store is there whole, or not at all.
        if !to.exists() {
            killed += 1;
            Child::spawn("restore", &arguments).join();
        }
        let store = open(&to, |options| options.must_exist = true);
        assert_eq!(contents(&store), contents(&source), "killed at {told}");
        store.close().unwrap();
        drop(store);
        let left: Vec<_> = std::fs::read_dir(&place).unwrap().map(|file| file.unwrap().file_name()).collect();
        let parts = left.iter().filter(|file| file.to_string_lossy().contains(".part"));
        // A process that had put the store in its place had a lock left to remove.
        assert!(parts.into_iter().all(|part| part == "to.db.part-lock"), "killed at {told}: {left:?}");
    }
    assert!(killed > 0, "a restore was killed before its end");
}

pub fn backup_child(arguments: &[&str]) {
    let [from, folder] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(from), |_| {});
    report("ready");
    for n in 0_u64.. {
        store.put(b"n", n.to_string().as_bytes()).unwrap();
        let options = BackupOptions { incremental: n % 3 != 0, ..BackupOptions::default() };
        let made = backup(&store, Path::new(folder), &options, &mut tell).unwrap();
        report(&format!("made {}", made.backup.id));
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn killed_backups_leave_whole_ones_only() {
    let home = tempfile::tempdir().unwrap();
    let (from, folder) = (home.path().join("from.db"), home.path().join("backups"));
    fill(&open(&from, |_| {}), 2000);
    let (mut random, mut made) = (Random(7), Vec::new());
    for _ in 0..ROUNDS {
        let mut child = Child::spawn("backup", &[from.to_str().unwrap(), folder.to_str().unwrap()]);
        for _ in 0..1 + random.next(40) {
            let line = child.line().unwrap();
            made.extend(line.strip_prefix("made ").map(str::to_owned));
        }
        child.kill();
        while let Some(line) = child.line() {
            made.extend(line.strip_prefix("made ").map(str::to_owned));
        }
    }
    assert!(made.len() > 3, "{} backups", made.len());
    let listed = list_backups(&folder).unwrap();
    assert!(made.iter().all(|id| listed.iter().any(|backup| backup.id == *id)));
    for backup in &listed {
        check_backup(&backup.file, &mut on).unwrap();
    }
    let place = Config { location: Location::Memory, options: Options::default() };
    let restored = restore(&folder, &place, &RestoreOptions::default(), &mut on).unwrap();
    assert_eq!(Some(&restored.report.backup), listed.last());
    let store: Store = restored.store;
    store.verify().unwrap();
    assert!(contents(&store).0.len() > 2000);
}
