//! Faults of the world around: full disk, failed synchronisation, locks of others, damaged files.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use joinly_storage::store::{Durability, Location};
use joinly_storage::{Config, Kind, Options, Scan, Store};
use rusqlite::{Connection, TransactionBehavior};

use super::{Child, Random, open, report};

/// A tmpfs of a few megabytes; None, with the reason printed, where it cannot be mounted.
pub struct SmallDisk(pub tempfile::TempDir);

impl SmallDisk {
    pub fn mount(size: &str) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(place.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(place)),
            Ok(output) => {
                println!("skipped: mounting a small tmpfs: {}", String::from_utf8_lossy(&output.stderr));
                None
            }
            Err(error) => {
                println!("skipped: mount: {error}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

/// Incompressible, so that it takes the room it says.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed + 1);
    std::iter::repeat_with(|| random.next(256) as u8).take(len).collect()
}

/// In a process of its own, so that nothing of it keeps the mount.
pub fn full_child(arguments: &[&str]) {
    let [place, name] = arguments else { panic!("{arguments:?}") };
    let place = Path::new(place);
    let store = open(&place.join(name), |_| {});
    let mut written = 0;
    let error = loop {
        match store.put(format!("k{written}").as_bytes(), &noise(20_000, written)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), Kind::Full, "{error}");
    assert!(written > 20);
    let version = store.version().unwrap();
    assert_eq!(store.put(b"again", &noise(100_000, 1)).unwrap_err().kind(), Kind::Full);
    assert_eq!(store.version().unwrap(), version);
    for n in 0..written {
        assert!(store.get(format!("k{n}").as_bytes()).unwrap().unwrap().to_vec() == noise(20_000, n));
    }
    assert_eq!(store.scan(&Scan::prefix(b"k").limit(10_000)).unwrap().rows.len() as u64, written);
    std::fs::remove_file(place.join("ballast")).unwrap();
    store.put(b"again", &noise(100_000, 1)).unwrap();
    store.verify().unwrap();
    store.close().unwrap();
    drop(store);
    let store = open(&place.join(name), |_| {});
    assert_eq!(store.get(b"again").unwrap().unwrap().len(), 100_000);
    report("done");
}

#[test]
fn a_full_disk_loses_nothing_and_writes_work_again_with_room() {
    // LevelDB's commits are refused 32 MiB before that.
    for (size, name) in [("6m", "full.db"), ("36m", "full.leveldb"), ("6m", "full.jsonl")] {
        let Some(disk) = SmallDisk::mount(size) else { return };
        std::fs::write(disk.0.path().join("ballast"), vec![0; 2 << 20]).unwrap();
        Child::spawn("full", &[disk.0.path().to_str().unwrap(), name]).join();
    }
}

/// What needs room beside the data says so, and leaves the data alone.
pub fn full_upkeep_child(arguments: &[&str]) {
    let [place, name] = arguments else { panic!("{arguments:?}") };
    let place = Path::new(place);
    let store = open(&place.join(name), |_| {});
    let values = || (0..60).map(|n| (format!("k{n}"), noise(20_000, n)));
    for (key, value) in values() {
        store.put(key.as_bytes(), &value).unwrap();
    }
    let check = || {
        values().for_each(|(key, value)| assert!(*store.get(key.as_bytes()).unwrap().unwrap() == *value));
    };
    let filler = place.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    // Byte by byte in the end.
    for size in (0..=22).rev().map(|power| 1 << power) {
        while file.write(&vec![0; size]).is_ok_and(|written| written == size) {}
    }
    assert_eq!(store.checkpoint().unwrap_err().kind(), Kind::Full);
    assert_eq!(store.compact().unwrap_err().kind(), Kind::Full);
    check();
    std::fs::remove_file(filler).unwrap();
    drop(file);
    store.checkpoint().unwrap();
    store.compact().unwrap();
    store.put(b"new", b"x").unwrap();
    check();
    store.verify().unwrap();
    report("done");
}

#[test]
fn upkeep_on_a_full_disk_fails_without_harm() {
    for name in ["full.db", "full.jsonl"] {
        let Some(disk) = SmallDisk::mount("6m") else { return };
        Child::spawn("full_upkeep", &[disk.0.path().to_str().unwrap(), name]).join();
    }
}

#[test]
fn a_disk_too_small_to_open_on_is_full() {
    let Some(disk) = SmallDisk::mount("64k") else { return };
    let file = disk.0.path().join("full.db");
    let error = Store::open_url(file.to_str().unwrap()).err().unwrap();
    assert_eq!(error.kind(), Kind::Full, "{error}");
}

/// Holds the write lock until it is killed.
pub fn lock_child(arguments: &[&str]) {
    let [file] = arguments else { panic!("{arguments:?}") };
    let mut raw = Connection::open(file).unwrap();
    let _txn = raw.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    report("locked");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_reported() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("locked.db");
    let store = open(&file, |options| options.busy_timeout_ms = 200);
    store.put(b"k", b"v").unwrap();
    let mut other = Child::spawn("lock", &[file.to_str().unwrap()]);
    assert_eq!(other.line().as_deref(), Some("locked"));
    let start = Instant::now();
    assert_eq!(store.put(b"k", b"w").unwrap_err().kind(), Kind::Busy);
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(store.get(b"k").unwrap().as_deref(), Some(&b"v"[..]));
    other.kill();
    store.put(b"k", b"w").unwrap();
}

/// Writes until a synchronisation fails, then shows what the store still does.
pub fn sync_child(arguments: &[&str]) {
    let [file] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |options| options.durability = Durability::Power);
    let mut n = 0_u64;
    let error = loop {
        match store.put(b"n", (n + 1).to_string().as_bytes()) {
            Ok(_) => {
                n += 1;
                report(&n.to_string());
            }
            Err(error) => break error,
        }
        assert!(n < 1000, "no synchronisation failed");
    };
    assert_eq!(error.kind(), Kind::Io, "{error}");
    assert_eq!(store.put(b"n", b"x").unwrap_err().kind(), Kind::Poisoned);
    assert_eq!(store.flush(0).unwrap_err().kind(), Kind::Poisoned);
    let read: u64 = std::str::from_utf8(&store.get(b"n").unwrap().unwrap()).unwrap().parse().unwrap();
    assert!(read == n || read == n + 1);
    report("poisoned");
    super::shared::die();
}

#[test]
fn a_failed_synchronisation_poisons_the_store() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    for name in ["sync.db", "sync.leveldb", "sync.jsonl"] {
        fail_a_synchronisation(name);
    }
}

fn fail_a_synchronisation(name: &str) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(name);
    drop(open(&file, |options| options.durability = Durability::Power));
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        "inject=fsync,fdatasync:error=EIO:when=9+",
    ];
    let mut child = Child::spawn_under(&wrapper, "sync", &[file.to_str().unwrap()]);
    let (mut acknowledged, mut poisoned) = (0, false);
    while let Some(line) = child.line() {
        match line.parse::<u64>() {
            Ok(n) => acknowledged = n,
            Err(_) => poisoned = line == "poisoned",
        }
    }
    assert!(poisoned && acknowledged > 0, "poisoned: {poisoned}, acknowledged: {acknowledged}");
    let store = open(&file, |_| {});
    let found: u64 = std::str::from_utf8(&store.get(b"n").unwrap().unwrap()).unwrap().parse().unwrap();
    assert!(found == acknowledged || found == acknowledged + 1, "{found} after {acknowledged}");
    store.put(b"n", b"0").unwrap();
    store.verify().unwrap();
}

/// A closed store with documents, large values and an index.
fn filled(file: &Path) {
    let store = open(file, |_| {});
    store.declare_index(&joinly_storage::IndexSpec::new("n", b"doc:", "$.n").unwrap()).unwrap();
    for n in 0..300 {
        store
            .put(format!("doc:{n}").as_bytes(), format!(r#"{{"n":{n},"pad":"{n:0>200}"}}"#).as_bytes())
            .unwrap();
        if n % 10 == 0 {
            store.put(format!("big:{n}").as_bytes(), &noise(5000, n)).unwrap();
        }
    }
    store.checkpoint().unwrap();
}

fn try_open(file: &Path) -> joinly_storage::Result<Store> {
    Store::open(&Config { location: Location::Sqlite(file.to_owned()), options: Options::default() })
}

/// Uses everything there is; only typed errors may come of it.
fn use_damaged(file: &Path) -> joinly_storage::Result<()> {
    let store = try_open(file)?;
    let verified = store.verify();
    for n in 0..300 {
        let _ = store.get(format!("doc:{n}").as_bytes());
        let _ = store.get(format!("big:{n}").as_bytes());
    }
    let _ = store.scan(&Scan::prefix(b"").limit(1000));
    let _ = store.find("n", &joinly_storage::Find::all().limit(1000));
    let _ = store.watch(0, b"").and_then(|mut watch| watch.poll(Duration::ZERO));
    let written = store.put(b"doc:new", br#"{"n":1}"#);
    if verified.is_err() {
        assert_eq!(written.unwrap_err().kind(), Kind::Corrupt, "a damaged file was written to");
    }
    verified
}

#[test]
fn damaged_pages_are_told_and_never_crash() {
    let home = tempfile::tempdir().unwrap();
    let (good, bad) = (home.path().join("good.db"), home.path().join("bad.db"));
    filled(&good);
    let bytes = std::fs::read(&good).unwrap();
    let mut random = Random(0xdead);
    let mut told = 0;
    for round in 0..60 {
        let mut damaged = bytes.clone();
        let page = random.next(bytes.len() as u64 / 4096) as usize * 4096;
        for _ in 0..=random.next(40) {
            let at = page + random.next(if round % 2 == 0 { 100 } else { 4096 }) as usize;
            damaged[at] ^= 1 << random.next(8);
        }
        let _ = std::fs::remove_file(bad.with_extension("db-wal"));
        let _ = std::fs::remove_file(bad.with_extension("db-shm"));
        std::fs::write(&bad, &damaged).unwrap();
        if let Err(error) = use_damaged(&bad) {
            let kinds = [Kind::Corrupt, Kind::NotADatabase, Kind::NewerSchema, Kind::Unsupported, Kind::Io];
            assert!(kinds.contains(&error.kind()), "round {round}: {:?} {error}", error.kind());
            told += 1;
        }
    }
    assert!(told > 30, "only {told} of 60 damaged files were told");
}

#[test]
fn cut_files_and_foreign_logs_are_told_or_harmless() {
    let home = tempfile::tempdir().unwrap();
    let (good, bad) = (home.path().join("good.db"), home.path().join("bad.db"));
    filled(&good);
    let bytes = std::fs::read(&good).unwrap();
    for cut in [1, 50, 100, 4095, 4096, 5000, bytes.len() / 2, bytes.len() - 4096] {
        std::fs::write(&bad, &bytes[..cut]).unwrap();
        assert!(use_damaged(&bad).is_err(), "cut to {cut} bytes");
        for extra in ["db-wal", "db-shm"] {
            let _ = std::fs::remove_file(bad.with_extension(extra));
        }
    }
    for extra in ["db-wal", "db-shm"] {
        for content in [&[][..], &noise(100, 1), &noise(40_000, 2)] {
            std::fs::write(&bad, &bytes).unwrap();
            std::fs::write(bad.with_extension(extra), content).unwrap();
            let store = try_open(&bad).unwrap();
            assert_eq!(
                store.get(b"doc:7").unwrap().unwrap().to_vec(),
                open(&good, |_| {}).get(b"doc:7").unwrap().unwrap().to_vec()
            );
            store.verify().unwrap();
            drop(store);
        }
    }
}
