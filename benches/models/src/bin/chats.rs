//! Loads chat sessions from a JSON file and from SQLite, each time in a process of its own, in turns: medians of the time and
//! of the peak of memory. `chats FOLDER [SESSIONS]`; the folder must exist and be empty. Linux only.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use joinly_storage::models::chat::migration::{MigrateOptions, migrate_to_sqlite};
use joinly_storage::models::chat::{
    Chats, JsonStore, MAX_PAGE, MessageQuery, Payload, SessionQuery, SqliteStore,
};
use joinly_storage::{Options, Store, store::Location};
use serde_json::{Value, json};

const ROUNDS: usize = 9;
const WORKLOADS: [&str; 3] = ["all sessions", "the 50 last changed", "one session"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [folder] => run(Path::new(folder), 10_000),
        [folder, sessions] => run(Path::new(folder), sessions.parse().unwrap()),
        [folder, system, workload] => measure(Path::new(folder), system, workload),
        _ => panic!("chats FOLDER [SESSIONS]"),
    }
}

/// Sessions as a program saves them: 20 messages of some 200 bytes, one in fifty with an attachment of 2 kB.
fn generate(sessions: usize) -> Payload {
    let message = |session: usize, n: usize| {
        let mut message = json!({
            "id": n, "sender": if n % 2 == 0 { "user" } else { "assistant" },
            "text": format!("message {n} of session {session}: {}", "lorem ipsum dolor ".repeat(n % 17)),
            "timestamp": "2025-01-01T12:00:00.000Z",
        });
        if (session + n) % 50 == 0 {
            message["attachments"] = json!([{ "name": "a.png", "data": "A".repeat(2000) }]);
        }
        message
    };
    let chats: Vec<Value> = (0..sessions)
        .map(|session| {
            json!({
                "id": format!("session-{session}"), "title": format!("About {session}"),
                "createdAt": "2025-01-01T12:00:00.000Z", "updatedAt": 1_735_732_800_000_u64 + session as u64,
                "history": (0..20).map(|n| message(session, n)).collect::<Vec<_>>(),
            })
        })
        .collect();
    Payload::parse(json!({ "chats": chats }).to_string().as_bytes()).unwrap()
}

fn run(folder: &Path, sessions: usize) {
    let (json, sqlite) = (folder.join("json"), folder.join("sqlite"));
    for folder in [&json, &sqlite] {
        std::fs::create_dir(folder).unwrap();
        JsonStore::new(folder).unwrap().save(&generate(sessions)).unwrap();
    }
    let start = Instant::now();
    migrate_to_sqlite(&sqlite, &MigrateOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap();
    let bytes = |path: PathBuf| path.metadata().unwrap().len() as f64 / 1e6;
    println!(
        "{sessions} sessions: {:.1} MB of JSON, {:.1} MB of SQLite, moved in {:.2} s",
        bytes(json.join("user_chat_sessions.json")),
        bytes(sqlite.join("chat_sessions.db")),
        start.elapsed().as_secs_f64()
    );
    for workload in WORKLOADS {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (samples, system) in samples.iter_mut().zip(["json", "sqlite"]) {
                let child = std::env::current_exe().unwrap();
                let child =
                    Command::new(child).arg(folder.join(system)).args([system, workload]).output().unwrap();
                assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
                samples.push(serde_json::from_slice::<(f64, f64)>(&child.stdout).unwrap());
            }
        }
        let [json, sqlite] = samples.map(|samples| {
            let median = |of: fn(&(f64, f64)) -> f64| {
                let mut values: Vec<f64> = samples.iter().map(of).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            (median(|sample| sample.0), median(|sample| sample.1))
        });
        println!(
            "{workload}: JSON {:.2} ms, {:.1} MiB; SQLite {:.2} ms, {:.1} MiB: {:.1} times as fast, {:+.0} % memory",
            json.0,
            json.1,
            sqlite.0,
            sqlite.1,
            json.0 / sqlite.0,
            (sqlite.1 / json.1 - 1.0) * 100.0
        );
    }
}

/// One load, from the opening on: [milliseconds, MiB of memory at the peak].
fn measure(folder: &Path, system: &str, workload: &str) {
    let start = Instant::now();
    let count = match system {
        "json" => from_json(folder, workload),
        _ => from_sqlite(folder, workload),
    };
    let elapsed = start.elapsed().as_secs_f64() * 1e3;
    assert!(count > 0);
    println!("{}", json!([elapsed, peak()]));
}

/// A file has no other way than to be read whole; of the sessions only those asked for are taken apart.
fn from_json(folder: &Path, workload: &str) -> usize {
    let chats = JsonStore::new(folder).unwrap().load().unwrap().chats;
    let value = |raw: &str| serde_json::from_str::<Value>(raw).unwrap();
    match workload {
        "all sessions" => chats.len(),
        "one session" => {
            let wanted = chats.iter().find(|raw| raw.get().contains("\"session-77\"")).unwrap();
            value(wanted.get())["history"].as_array().unwrap().len()
        }
        _ => {
            #[derive(serde::Deserialize)]
            struct Head {
                #[serde(rename = "updatedAt")]
                updated: u64,
                title: String,
            }
            let mut heads: Vec<Head> =
                chats.iter().map(|raw| serde_json::from_str(raw.get()).unwrap()).collect();
            heads.sort_by_key(|head| std::cmp::Reverse(head.updated));
            heads.truncate(50);
            heads.iter().map(|head| head.title.len()).sum()
        }
    }
}

fn from_sqlite(folder: &Path, workload: &str) -> usize {
    let location = Location::Sqlite(folder.join("chat_sessions.db"));
    let options = Options { must_exist: true, ..Options::default() };
    let store = Store::open(&joinly_storage::Config { location, options }).unwrap();
    let chats = Chats::new(&store);
    match workload {
        "all sessions" => SqliteStore::new(&store).load().unwrap().chats.len(),
        "one session" => {
            let query = MessageQuery { limit: MAX_PAGE, ..MessageQuery::default() };
            chats.messages("session-77", &query).unwrap().messages.len()
        }
        _ => chats.list(&SessionQuery::default()).unwrap().sessions.len(),
    }
}

fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
