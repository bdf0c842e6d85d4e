//! `kill -9` at random moments: every acknowledged commit is there, none is torn, versions only grow.

use std::path::Path;
use std::time::Duration;

use joinly_storage::store::{Durability, Mode};
use joinly_storage::{Batch, Find, IndexSpec, Store};

use super::{Child, Random, number_from_environment, open, report};

const SLOTS: u64 = 40;

/// Commits one batch after the other until it is killed. Each batch writes the same number in several places.
pub fn child(arguments: &[&str]) {
    let [file, writer, way] = arguments else { panic!("{arguments:?}") };
    let store = open(Path::new(file), |options| {
        if way.ends_with("behind") {
            options.mode = Mode::Behind;
            options.flush_interval_ms = 3;
        }
        options.durability = if way.starts_with("power") { Durability::Power } else { Durability::Process };
        options.sweep_interval_ms = 5;
    });
    store.declare_index(&IndexSpec::new("n", b"doc:", "$.n").unwrap()).unwrap();
    let mut n = number(&store, &format!("{writer}:last"));
    report("ready");
    loop {
        n += 1;
        let mut batch = Batch::new();
        let text = n.to_string();
        batch.put(format!("{writer}:last").as_bytes(), text.as_bytes()).unwrap();
        batch.put(format!("{writer}:slot:{}", n % SLOTS).as_bytes(), &slot_value(n)).unwrap();
        batch.put(format!("doc:{writer}").as_bytes(), format!(r#"{{"n":{n}}}"#).as_bytes()).unwrap();
        batch.put_ttl(format!("{writer}:lease:{}", n % 5).as_bytes(), text.as_bytes(), 3).unwrap();
        batch.delete(format!("{writer}:slot:{}", (n + SLOTS / 2) % SLOTS).as_bytes()).unwrap();
        batch.add(format!("{writer}:count").as_bytes(), 1).unwrap();
        let version = store.commit(&batch).unwrap();
        report(&format!("{n} {version}"));
        if way.ends_with("checkpoints") && n.is_multiple_of(3) {
            if n.is_multiple_of(2) { store.compact().unwrap() } else { store.checkpoint().unwrap() }
        }
    }
}

/// Sometimes larger than a row, sometimes compressible.
fn slot_value(n: u64) -> Vec<u8> {
    let len = [10, 100, 2000, 9000][n as usize % 4];
    let mut random = Random(n + 1);
    let mut value = n.to_string().into_bytes();
    value.push(b' ');
    value.resize_with(value.len() + len, || if n.is_multiple_of(3) { b'x' } else { random.next(256) as u8 });
    value
}

fn number(store: &Store, key: &str) -> u64 {
    store
        .get(key.as_bytes())
        .unwrap()
        .map_or(0, |value| std::str::from_utf8(&value).unwrap().parse().unwrap())
}

/// A writer and what it reported.
struct Writer {
    child: Child,
    name: &'static str,
    acknowledged: u64,
    version: u64,
    /// Times that it was killed, each of which may have had one commit more than it reported.
    killed: u64,
}

impl Writer {
    fn start(file: &Path, name: &'static str, way: &str) -> Self {
        let mut child = spawn(file, name, way);
        assert_eq!(child.line().as_deref(), Some("ready"));
        Self { child, name, acknowledged: 0, version: 0, killed: 0 }
    }

    /// Starts it again without waiting until it is ready.
    fn restart(&mut self, file: &Path, way: &str) {
        self.child = spawn(file, self.name, way);
    }

    /// Kills it and reads what it had reported by then.
    fn kill(&mut self) {
        self.child.kill();
        self.killed += 1;
        while let Some(line) = self.child.line() {
            if line == "ready" {
                continue;
            }
            let (n, version) = line.split_once(' ').unwrap();
            let (n, version) = (n.parse().unwrap(), version.parse().unwrap());
            assert!(n > self.acknowledged && version > self.version, "{line} after {}", self.version);
            (self.acknowledged, self.version) = (n, version);
        }
    }

    fn check(&self, store: &Store) {
        let name = self.name;
        let last = number(store, &format!("{name}:last"));
        assert!(last >= self.acknowledged, "{name}: acknowledged {}, found {last}", self.acknowledged);
        assert!(
            last <= self.acknowledged + self.killed || self.acknowledged == 0,
            "{name}: {last} was never sent"
        );
        assert!(store.version().unwrap() >= self.version);
        assert_eq!(number(store, &format!("{name}:count")), last, "{name}: a torn batch");
        if last > 0 {
            let slot = store.get(format!("{name}:slot:{}", last % SLOTS).as_bytes()).unwrap().unwrap();
            assert!(slot.to_vec() == slot_value(last), "{name}: slot of {last}");
            assert_eq!(
                store.get(format!("{name}:slot:{}", (last + SLOTS / 2) % SLOTS).as_bytes()).unwrap(),
                None
            );
            let found = store.find("n", &Find::all().equal(last.to_string().as_bytes()).unwrap()).unwrap();
            assert!(
                found.rows.iter().any(|row| row.key == format!("doc:{name}").as_bytes()),
                "{name}: index"
            );
        }
    }
}

fn spawn(file: &Path, name: &str, way: &str) -> Child {
    Child::spawn("crash", &[file.to_str().unwrap(), name, way])
}

#[test]
fn no_acknowledged_commit_is_lost_to_kill_9() {
    kill_often("crash.db", 0x5eed, |file, random| {
        let way = if random.next(2) == 0 { "power" } else { "process" };
        let mut writers = vec![Writer::start(file, "a", way)];
        if random.next(3) == 0 {
            writers.push(Writer::start(file, "b", "process"));
        }
        for writer in &mut writers {
            std::thread::sleep(Duration::from_micros(random.next(25_000)));
            writer.kill();
        }
        writers
    });
}

/// Also while it recovers.
#[test]
fn no_acknowledged_commit_is_lost_to_kill_9_in_mode_behind() {
    kill_often("crash.db", 0xbe41d, |file, random| {
        let mut way = || if random.next(4) == 0 { "power behind" } else { "behind" };
        let mut writer = Writer::start(file, "a", way());
        let next = way();
        std::thread::sleep(Duration::from_micros(random.next(25_000)));
        writer.kill();
        for _ in 0..random.next(3) {
            writer.restart(file, next);
            std::thread::sleep(Duration::from_micros(random.next(12_000)));
            writer.kill();
        }
        vec![writer]
    });
}

#[test]
fn no_acknowledged_commit_is_lost_to_kill_9_in_leveldb() {
    kill_one_often("crash.leveldb", ["power", "process"]);
}

#[test]
fn no_acknowledged_commit_is_lost_to_kill_9_in_jsonl() {
    kill_one_often("crash.jsonl", ["power checkpoints", "process checkpoints"]);
}

/// The one writer that there can be, also while the next one recovers.
fn kill_one_often(name: &str, ways: [&str; 2]) {
    kill_often(name, 0x1e7e1, |folder, random| {
        let way = ways[random.next(2) as usize];
        let mut writer = Writer::start(folder, "a", way);
        std::thread::sleep(Duration::from_micros(random.next(25_000)));
        writer.kill();
        for _ in 0..random.next(3) {
            writer.restart(folder, way);
            std::thread::sleep(Duration::from_micros(random.next(12_000)));
            writer.kill();
        }
        vec![writer]
    });
}

/// Has `kill` start and kill writers, and checks what they left.
fn kill_often(name: &str, seed: u64, kill: impl Fn(&Path, &mut Random) -> Vec<Writer>) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(name);
    let kills = number_from_environment("JOINLY_KILLS", 200);
    let mut random = Random(seed);
    let (mut killed, mut commits, mut seen) = (0, 0, 0);
    while killed < kills {
        let writers = kill(&file, &mut random);
        for writer in &writers {
            killed += writer.killed;
            commits += writer.acknowledged;
        }
        let store = open(&file, |options| options.sweep_interval_ms = 5);
        writers.iter().for_each(|writer| writer.check(&store));
        seen = check_log(&store, seen);
        if random.next(10) == 0 || killed >= kills {
            store.verify().unwrap();
        }
        store.close().unwrap();
    }
    assert!(commits > kills, "the writers got to write");
}

/// The same seen by a store that stays open: its cache, its snapshots and its watch outlive the writers.
#[test]
fn a_store_that_is_open_while_others_are_killed_stays_true() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("crash.db");
    let store = open(&file, |_| {});
    let mut random = Random(0xa11ce);
    let mut seen = 0;
    for round in 0..40 {
        let mut writers = ["a", "b"].map(|name| Writer::start(&file, name, "process"));
        for writer in &mut writers {
            std::thread::sleep(Duration::from_micros(random.next(10_000)));
            writer.kill();
            let before = store.version().unwrap();
            assert!(store.add(b"survivor", 1).unwrap() > 0 && store.version().unwrap() > before);
        }
        writers.iter().for_each(|writer| writer.check(&store));
        seen = check_log(&store, seen);
        if round % 10 == 0 {
            store.checkpoint().unwrap();
            store.verify().unwrap();
        }
    }
    assert_eq!(number(&store, "survivor"), 80);
}

/// The log goes on from where it was read before, one version after the other.
fn check_log(store: &Store, seen: u64) -> u64 {
    let mut watch = store.watch(seen, b"").unwrap();
    let mut version = seen;
    while let Some(commit) = watch.poll(Duration::ZERO).unwrap() {
        assert!(commit.version > version);
        version = commit.version;
    }
    watch.version()
}
