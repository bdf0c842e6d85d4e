//! From the JSON file to SQLite and back, stopped at every step, and what a program sees meanwhile.

use std::ops::ControlFlow;
use std::path::Path;

use joinly_storage::admin::Progress;
use joinly_storage::models::chat::hybrid_store::{load_chat_sessions_hybrid, save_chat_sessions_hybrid};
use joinly_storage::models::chat::migration::{
    MigrateOptions, Stage, check_migration_status, migrate_to_json, migrate_to_sqlite,
};
use joinly_storage::models::chat::{Backend, Chats, HybridStore, JsonStore, Payload};
use joinly_storage::{Kind, Store};
use serde_json::{Value, json};

use super::{chat, generated, migrate, object, payload, sessions};
use crate::support::kind;

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Stops at the step with this number, counted from 0.
fn stop_at(step: usize) -> impl FnMut(&Progress) -> ControlFlow<()> {
    let mut steps = 0;
    move |_| {
        steps += 1;
        if steps > step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn database(folder: &Path) -> std::path::PathBuf {
    folder.join("chat_sessions.db")
}

fn open(folder: &Path) -> Store {
    Store::open_url(database(folder).to_str().unwrap()).unwrap()
}

fn with_json(chats: Value) -> (tempfile::TempDir, Payload) {
    let home = tempfile::tempdir().unwrap();
    let given = payload(chats, None);
    JsonStore::new(home.path()).unwrap().save(&given).unwrap();
    (home, given)
}

#[test]
fn sessions_move_to_sqlite_and_back() {
    let (home, given) = with_json(json!(generated(700)));
    let hybrid = HybridStore::new(home.path()).unwrap();
    assert_eq!(check_migration_status(home.path()).unwrap().stage, Stage::NotStarted);
    let dry = MigrateOptions { dry_run: true, ..MigrateOptions::default() };
    let dry = migrate_to_sqlite(home.path(), &dry, &mut go_on).unwrap();
    assert_eq!((dry.moved, dry.sessions), (false, 700));
    assert!(!database(home.path()).exists());

    let report = migrate(home.path()).unwrap();
    assert_eq!((report.moved, report.epoch, report.backend), (true, 1, Backend::Sqlite));
    assert_eq!((report.sessions, report.written, report.messages), (700, 700, dry.messages));
    assert!(home.path().join(report.backup.unwrap()).exists());
    let loaded = hybrid.load().unwrap();
    assert_eq!((loaded.decision.used, loaded.decision.fallback), (Backend::Sqlite, None));
    assert_eq!(sessions(&loaded.payload), sessions(&given));
    let status = check_migration_status(home.path()).unwrap();
    assert_eq!((status.stage, status.sqlite.sessions, status.json.sessions), (Stage::Done, 700, 700));
    // Once is enough.
    let again = migrate(home.path()).unwrap();
    assert_eq!((again.moved, again.epoch), (false, 1));
    // The file of old can be read, and no longer written.
    let json = JsonStore::new(home.path()).unwrap();
    assert_eq!(kind(json.save(&json.load().unwrap())), Kind::Moved);
    assert_eq!(kind(json.restore(None)), Kind::Moved);

    Chats::new(&open(home.path())).append("s6", object(json!({ "text": "later" }))).unwrap();
    let before = hybrid.load().unwrap().payload;
    let report = migrate_to_json(home.path(), &mut go_on).unwrap();
    assert_eq!((report.moved, report.epoch, report.sessions), (true, 2, 700));
    let loaded = hybrid.load().unwrap();
    assert_eq!(loaded.decision.used, Backend::Json);
    assert_eq!(sessions(&loaded.payload), sessions(&before));
    assert_eq!(check_migration_status(home.path()).unwrap().stage, Stage::Reverted);
    // Who still has the store open is refused.
    let store = open(home.path());
    assert_eq!(kind(Chats::new(&store).append("s6", object(json!({})))), Kind::Moved);
    assert_eq!(kind(Chats::new(&store).delete("s6")), Kind::Moved);
    assert_eq!(kind(Chats::new(&store).create(None, object(json!({})))), Kind::Moved);

    let mut changed = loaded.payload;
    changed.chats.truncate(10);
    hybrid.save(&changed).unwrap();
    let report = migrate(home.path()).unwrap();
    assert_eq!((report.epoch, report.sessions, report.unchanged + report.written), (3, 10, 10));
    assert_eq!(sessions(&hybrid.load().unwrap().payload), sessions(&changed));
    assert_eq!(hybrid.report().fallbacks, 0);
}

#[test]
fn a_move_that_is_stopped_at_any_step_changes_nothing_and_goes_on() {
    let (home, given) = with_json(json!(generated(12)));
    let options = MigrateOptions { chunk_records: 10, ..MigrateOptions::default() };
    let hybrid = HybridStore::new(home.path()).unwrap();
    let mut steps = 0;
    // To SQLite, going on where it stopped.
    while let Err(error) = migrate_to_sqlite(home.path(), &options, &mut stop_at(steps)) {
        assert_eq!(error.kind(), Kind::Cancelled);
        let loaded = hybrid.load().unwrap();
        assert_eq!((loaded.decision.used, loaded.decision.fallback), (Backend::Json, None));
        assert_eq!(sessions(&loaded.payload), sessions(&given));
        assert_eq!(check_migration_status(home.path()).unwrap().stage, Stage::Interrupted);
        assert_eq!(kind(Chats::new(&open(home.path())).create(None, object(json!({})))), Kind::Moved);
        steps += 1;
    }
    // A step for the begin of each phase, and for each session in two of them.
    assert_eq!(steps, 3 + 12 + 12);
    // And back: the store counts, and can be written to, until the last step.
    let mut expected = hybrid.load().unwrap().payload;
    let mut steps = 0;
    while let Err(error) = migrate_to_json(home.path(), &mut stop_at(steps)) {
        assert_eq!(error.kind(), Kind::Cancelled);
        let loaded = hybrid.load().unwrap();
        assert_eq!((loaded.decision.used, loaded.decision.fallback), (Backend::Sqlite, None));
        assert_eq!(sessions(&loaded.payload), sessions(&expected));
        assert_eq!(check_migration_status(home.path()).unwrap().stage, Stage::Done);
        expected = loaded.payload;
        if steps == 0 {
            expected.chats.extend(payload(json!([chat("new", 1)]), None).chats);
        }
        hybrid.save(&expected).unwrap();
        Chats::new(&open(home.path())).append("s0", object(json!({}))).unwrap();
        expected = hybrid.load().unwrap().payload;
        steps += 1;
    }
    assert_eq!(steps, 2 + 13 + 1 + 1);
    assert_eq!(sessions(&hybrid.load().unwrap().payload), sessions(&expected));
    assert_eq!(check_migration_status(home.path()).unwrap().stage, Stage::Reverted);
}

#[test]
fn a_file_that_changed_since_a_move_stopped_is_moved_as_it_is() {
    let (home, _) = with_json(json!(generated(30)));
    let options = MigrateOptions { chunk_records: 1, ..MigrateOptions::default() };
    assert_eq!(kind(migrate_to_sqlite(home.path(), &options, &mut stop_at(20))), Kind::Cancelled);
    let json = JsonStore::new(home.path()).unwrap();
    let mut changed = json.load().unwrap();
    changed.chats.drain(..7);
    changed.chats.extend(payload(json!([chat("new", 4)]), None).chats);
    json.save(&changed).unwrap();
    let report = migrate(home.path()).unwrap();
    assert!(report.unchanged > 0 && report.written < 24, "{report:?}");
    let loaded = HybridStore::new(home.path()).unwrap().load().unwrap();
    assert_eq!(sessions(&loaded.payload), sessions(&changed));
}

#[test]
fn broken_sessions_are_left_out_and_reported() {
    let home = tempfile::tempdir().unwrap();
    let chats = json!([chat("a", 1), 7, { "title": "no id" }, chat("a", 2), { "id": "b", "history": 1 }, chat("c", 0)]);
    std::fs::write(home.path().join("user_chat_sessions.json"), json!({ "chats": chats }).to_string())
        .unwrap();
    let report = migrate(home.path()).unwrap();
    assert_eq!(report.sessions, 2);
    assert_eq!(report.quarantined.iter().map(|left_out| left_out.index).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let kept = std::fs::read(home.path().join(report.quarantine.unwrap())).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept[2]["session"], chat("a", 2));
    assert!(kept[0]["reason"].as_str().unwrap().contains("object"), "{kept}");
    assert_eq!(check_migration_status(home.path()).unwrap().quarantines, ["chat_sessions.quarantine-1.json"]);
}

#[test]
fn a_broken_file_is_not_moved() {
    let (home, _) = with_json(json!([chat("a", 1)]));
    std::fs::write(home.path().join("user_chat_sessions.json"), [0; 500]).unwrap();
    assert_eq!(kind(migrate(home.path())), Kind::Corrupt);
    let status = check_migration_status(home.path()).unwrap();
    assert_eq!((status.stage, status.sqlite.exists), (Stage::NotStarted, false));
    assert!(status.json.damage.unwrap().contains("NUL"));
}

#[test]
fn sessions_of_a_store_are_not_moved_over() {
    let (home, _) = with_json(json!([chat("a", 1)]));
    Chats::new(&open(home.path())).create(Some("own"), object(json!({}))).unwrap();
    assert_eq!(kind(migrate(home.path())), Kind::Exists);
    assert!(Chats::new(&open(home.path())).get("own").unwrap().is_some());
}

#[test]
fn a_load_falls_back_and_a_save_does_not() {
    type BreakIt = fn(&Path);
    let broken: [(&str, BreakIt); 3] = [
        ("missing", |path| std::fs::remove_file(path).unwrap()),
        ("no database", |path| {
            std::fs::write(path, b"this is no database, but a text that is long enough").unwrap()
        }),
        ("overwritten", |path| {
            let length = path.metadata().unwrap().len() as usize;
            std::fs::write(path, vec![0xa5; length]).unwrap();
        }),
    ];
    for (name, break_it) in broken {
        let (home, given) = with_json(json!(generated(50)));
        migrate(home.path()).unwrap();
        break_it(&database(home.path()));
        for rest in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(home.path().join(format!("chat_sessions.db{rest}")));
        }
        let hybrid = HybridStore::new(home.path()).unwrap();
        let loaded = hybrid.load().unwrap();
        assert_eq!(
            (loaded.decision.authority.backend, loaded.decision.used),
            (Backend::Sqlite, Backend::Json),
            "{name}"
        );
        assert!(loaded.decision.fallback.is_some());
        assert_eq!(sessions(&loaded.payload), sessions(&given));
        // No save may rest on it, and none goes to the other place.
        assert_eq!(loaded.payload.etag, None);
        let before = std::fs::read(home.path().join("user_chat_sessions.json")).unwrap();
        for etag in [None, Some("*".to_owned())] {
            assert!(hybrid.save(&Payload { etag, ..loaded.payload.clone() }).is_err(), "{name}");
        }
        assert_eq!(std::fs::read(home.path().join("user_chat_sessions.json")).unwrap(), before);
        let report = hybrid.report();
        assert_eq!((report.loads, report.fallbacks, report.saves, report.failures), (1, 1, 0, 2));
        assert!(check_migration_status(home.path()).unwrap().sqlite.damage.is_some() || name == "missing");
    }
}

#[test]
fn a_locked_store_is_read_and_not_written_elsewhere() {
    let (home, given) = with_json(json!(generated(10)));
    migrate(home.path()).unwrap();
    let hybrid = HybridStore::new(home.path()).unwrap();
    // In mode behind one store alone writes.
    let owner = Store::open_url(&format!("sqlite:{}?mode=behind", database(home.path()).display())).unwrap();
    let loaded = hybrid.load().unwrap();
    assert_eq!(loaded.decision.fallback, None);
    assert_eq!(sessions(&loaded.payload), sessions(&given));
    let fewer = Payload { chats: Vec::new(), ..loaded.payload };
    assert_eq!(kind(hybrid.save(&fewer)), Kind::Busy);
    drop(owner);
    assert_eq!(hybrid.save(&fewer).unwrap().removed, 10);
}

#[test]
fn a_load_falls_back_from_a_broken_file_but_never_to_nothing() {
    let (home, _) = with_json(json!([chat("a", 1)]));
    let hybrid = HybridStore::new(home.path()).unwrap();
    std::fs::write(home.path().join("user_chat_sessions.json"), b"{").unwrap();
    assert_eq!(kind(hybrid.load()), Kind::Corrupt);
    assert_eq!(hybrid.report().failures, 1);
    std::fs::remove_file(home.path().join("user_chat_sessions.json")).unwrap();
    // Nothing was ever moved, and no backup is there: it is as if there had been nothing.
    assert_eq!(hybrid.load().unwrap().payload.chats.len(), 0);
    JsonStore::new(home.path()).unwrap().save(&payload(json!([chat("b", 1)]), None)).unwrap();
    migrate(home.path()).unwrap();
    migrate_to_json(home.path(), &mut go_on).unwrap();
    std::fs::write(home.path().join("user_chat_sessions.json"), b"{").unwrap();
    let loaded = hybrid.load().unwrap();
    assert_eq!((loaded.decision.authority.backend, loaded.decision.used), (Backend::Json, Backend::Sqlite));
    assert_eq!(sessions(&loaded.payload)["b"], chat("b", 1));
}

#[test]
fn a_lost_record_of_the_epoch_is_found_in_the_store() {
    let (home, given) = with_json(json!(generated(20)));
    migrate(home.path()).unwrap();
    for lost in [None, Some(vec![0; 30])] {
        let record = home.path().join("chat_sessions.authority.json");
        match lost {
            None => std::fs::remove_file(&record).unwrap(),
            Some(bytes) => std::fs::write(&record, bytes).unwrap(),
        }
        let loaded = HybridStore::new(home.path()).unwrap().load().unwrap();
        assert_eq!(loaded.decision.used, Backend::Sqlite);
        assert_eq!(sessions(&loaded.payload), sessions(&given));
        let json = JsonStore::new(home.path()).unwrap();
        assert_eq!(kind(json.save(&json.load().unwrap())), Kind::Moved);
    }
    // Where nothing tells, nothing is guessed.
    std::fs::remove_file(database(home.path())).unwrap();
    assert_eq!(kind(HybridStore::new(home.path()).unwrap().load()), Kind::Corrupt);
}

#[test]
fn the_functions_of_old_names_speak_json() {
    let home = tempfile::tempdir().unwrap();
    let load = || serde_json::from_slice::<Value>(&load_chat_sessions_hybrid(home.path()).unwrap()).unwrap();
    let mut chats = load();
    chats["chats"] = json!([chat("a", 2)]);
    save_chat_sessions_hybrid(home.path(), chats.to_string().as_bytes()).unwrap();
    migrate(home.path()).unwrap();
    let mut chats = load();
    assert_eq!((&chats["loadedFrom"]["used"], &chats["loadedFrom"]["epoch"]), (&json!("sqlite"), &json!(1)));
    chats["chats"][0]["title"] = json!("new");
    let saved = save_chat_sessions_hybrid(home.path(), chats.to_string().as_bytes()).unwrap();
    assert_eq!((saved.written, saved.commits), (1, 1));
    assert_eq!(load()["chats"][0]["title"], "new");
    assert_eq!(kind(save_chat_sessions_hybrid(home.path(), chats.to_string().as_bytes())), Kind::Conflict);
}
