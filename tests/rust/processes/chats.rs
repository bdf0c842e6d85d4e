//! Chat sessions on their way between a JSON file and SQLite, while processes die and others save.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use joinly_storage::Kind;
use joinly_storage::admin::Progress;
use joinly_storage::models::chat::migration::{MigrateOptions, migrate_to_json, migrate_to_sqlite};
use joinly_storage::models::chat::{HybridStore, JsonStore, Payload};
use serde_json::{Value, json};

use super::{Child, Random, report};

fn sessions(payload: &Payload) -> BTreeMap<String, Value> {
    let chats = payload.chats.iter().map(|raw| serde_json::from_str::<Value>(raw.get()).unwrap());
    chats.map(|chat| (chat["id"].as_str().unwrap().to_owned(), chat)).collect()
}

/// Moves to the place of its second argument, telling of every step.
pub fn move_child(arguments: &[&str]) {
    let [folder, target] = arguments else { panic!("{arguments:?}") };
    let mut watcher = |progress: &Progress| {
        report(&format!("{} {}", progress.phase.name(), progress.records));
        ControlFlow::Continue(())
    };
    let folder = Path::new(folder);
    let options = MigrateOptions { chunk_records: 20, ..MigrateOptions::default() };
    match *target {
        "sqlite" => migrate_to_sqlite(folder, &options, &mut watcher).unwrap(),
        _ => migrate_to_json(folder, &mut watcher).unwrap(),
    };
    report("done");
}

#[test]
fn a_move_that_is_killed_changes_nothing_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let chats: Vec<Value> = (0..40)
        .map(|n| json!({ "id": format!("s{n}"), "history": (0..n % 9).map(|m| json!({ "text": m })).collect::<Vec<_>>() }))
        .collect();
    let given = Payload::parse(json!({ "chats": chats }).to_string().as_bytes()).unwrap();
    JsonStore::new(home.path()).unwrap().save(&given).unwrap();
    let hybrid = HybridStore::new(home.path()).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for target in ["sqlite", "json", "sqlite"] {
        for _ in 0..6 {
            let mut child = Child::spawn("chat_move", &[home.path().to_str().unwrap(), target]);
            let mut steps = random.next(100);
            while steps > 0 && child.line().is_some_and(|line| line != "done") {
                steps -= 1;
            }
            std::thread::sleep(Duration::from_micros(random.next(3000)));
            child.kill();
            let loaded = hybrid.load().unwrap();
            assert_eq!(loaded.decision.fallback, None);
            assert_eq!(sessions(&loaded.payload), sessions(&given));
            // Whatever counts can be written to.
            hybrid.save(&loaded.payload).unwrap();
        }
        Child::spawn("chat_move", &[home.path().to_str().unwrap(), target]).join();
        let loaded = hybrid.load().unwrap();
        assert_eq!(serde_json::to_value(loaded.decision.used).unwrap(), target);
        assert_eq!(sessions(&loaded.payload), sessions(&given));
    }
}

/// Adds sessions of its own until it has added so many, or moves all to and fro so many times.
pub fn switch_child(arguments: &[&str]) {
    let [folder, name, count] = arguments else { panic!("{arguments:?}") };
    let (folder, count): (_, usize) = (Path::new(folder), count.parse().unwrap());
    let hybrid = HybridStore::new(folder).unwrap();
    for n in 0..count {
        if *name == "mover" {
            let mut watcher = |_: &Progress| ControlFlow::Continue(());
            migrate_to_sqlite(folder, &MigrateOptions::default(), &mut watcher).unwrap();
            migrate_to_json(folder, &mut watcher).unwrap();
            continue;
        }
        loop {
            let mut loaded = hybrid.load().unwrap();
            assert_eq!(loaded.decision.fallback, None);
            let more = json!([{ "id": format!("{name}.{n}"), "history": [{ "text": "hi" }] }]);
            loaded.payload.chats.extend(Payload::parse(more.to_string().as_bytes()).unwrap().chats);
            match hybrid.save(&loaded.payload) {
                Ok(_) => break,
                // Another was faster: nothing of it was lost.
                Err(error) => assert!(matches!(error.kind(), Kind::Conflict | Kind::Busy), "{error}"),
            }
        }
    }
    report("done");
}

#[test]
fn savers_lose_nothing_while_the_sessions_move_to_and_fro() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    let children = [("a", "12"), ("b", "12"), ("mover", "8")]
        .map(|(name, count)| Child::spawn("chat_switch", &[folder, name, count]));
    children.into_iter().for_each(Child::join);
    let loaded = HybridStore::new(home.path()).unwrap().load().unwrap();
    let mut expected: Vec<String> =
        ["a", "b"].iter().flat_map(|s| (0..12).map(move |n| format!("{s}.{n}"))).collect();
    expected.sort();
    assert_eq!(sessions(&loaded.payload).into_keys().collect::<Vec<_>>(), expected);
    assert_eq!(loaded.decision.authority.epoch, 16);
}
