//! Suites over several processes. A child is this test binary again, at the ignored test [`child`], with its part and its
//! arguments in the environment; what it reports are lines that start with `@`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use joinly_storage::store::Location;
use joinly_storage::{Config, Options, Store};

mod admin;
mod chats;
mod coherence;
mod crash;
mod damage;
mod faults;
mod fork;
mod leveldb;
mod lobbies;
mod matches;
mod read_only;
mod recovery;
mod shared;
mod stats;
mod tables;

const PART: &str = "JOINLY_TEST_PART";
const ARGUMENTS: &str = "JOINLY_TEST_ARGUMENTS";

/// So that nobody waits for a child for ever.
const LONGEST_LIFE: Duration = Duration::from_secs(300);

/// A child process, killed when dropped.
pub struct Child {
    process: std::process::Child,
    lines: BufReader<ChildStdout>,
}

impl Child {
    pub fn spawn(part: &str, arguments: &[&str]) -> Self {
        Self::spawn_under(&[], part, arguments)
    }

    /// Runs under another program, such as strace.
    pub fn spawn_under(wrapper: &[&str], part: &str, arguments: &[&str]) -> Self {
        let test = std::env::current_exe().unwrap();
        let mut words = wrapper.iter().map(AsRef::as_ref).chain([test.as_os_str()]);
        let mut process = Command::new(words.next().unwrap())
            .args(words)
            .args(["--exact", "processes::child", "--ignored", "--nocapture", "--test-threads=1"])
            .env(PART, part)
            .env(ARGUMENTS, arguments.join("\n"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// The next line that it reports; None once it has ended.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // What was not written whole was not reported.
            if let Some(report) = line.split_once('@').and_then(|(_, report)| report.strip_suffix('\n')) {
                return Some(report.to_owned());
            }
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Waits for its end, which must be a good one.
    pub fn join(mut self) {
        while self.line().is_some() {}
        assert!(self.process.wait().unwrap().success(), "a child process failed");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tells the parent something.
fn report(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "@{text}").unwrap();
    out.flush().unwrap();
}

#[test]
#[ignore = "the body of the child processes"]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    shared::limit_life(
        LONGEST_LIFE + Duration::from_millis(number_from_environment("JOINLY_COHERENCE_MS", 0)),
    );
    let text = std::env::var(ARGUMENTS).unwrap();
    let arguments: Vec<&str> = text.split('\n').collect();
    match part.as_str() {
        "migrate" => admin::migrate_child(&arguments),
        "full_place" => admin::full_child(&arguments),
        "backup" => admin::backup_child(&arguments),
        "restore" => admin::restore_child(&arguments),
        "chat_move" => chats::move_child(&arguments),
        "chat_switch" => chats::switch_child(&arguments),
        "crash" => crash::child(&arguments),
        "coherence" => coherence::child(&arguments),
        "raw" => coherence::raw_child(&arguments),
        "tear" => coherence::tear_child(&arguments),
        "lock" => faults::lock_child(&arguments),
        "sync" => faults::sync_child(&arguments),
        "full" => faults::full_child(&arguments),
        "full_upkeep" => faults::full_upkeep_child(&arguments),
        "fork" => fork::fork_child(&arguments),
        "hold" => leveldb::hold_child(&arguments),
        "fork_leveldb" => leveldb::fork_child(&arguments),
        "lobbies" => lobbies::child(&arguments),
        "matches" => matches::child(&arguments),
        "stats" => stats::child(&arguments),
        "tables" => tables::child(&arguments),
        "stranger" => read_only::stranger_child(&arguments),
        "media" => read_only::media_child(&arguments),
        "sql" => recovery::sql_child(&arguments),
        "declare" => recovery::declare_child(&arguments),
        "count" => recovery::count_child(&arguments),
        other => panic!("no such part: {other}"),
    }
}

/// A SQLite file, or by its name a folder of another engine.
fn try_open(path: &Path, set: impl FnOnce(&mut Options)) -> joinly_storage::Result<Store> {
    let mut options = Options::default();
    set(&mut options);
    let location = match path.extension().and_then(|extension| extension.to_str()) {
        Some("leveldb") => Location::LevelDb(path.to_owned()),
        Some("jsonl") => Location::Jsonl(path.to_owned()),
        _ => Location::Sqlite(path.to_owned()),
    };
    Store::open(&Config { location, options })
}

fn open(path: &Path, set: impl FnOnce(&mut Options)) -> Store {
    try_open(path, set).unwrap()
}

fn number_from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// A plain generator: the seed is printed by a failing test, and the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn busy_for(time: Duration) -> impl FnMut() -> bool {
    let start = Instant::now();
    move || start.elapsed() < time
}
