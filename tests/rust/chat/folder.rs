//! The JSON file of a folder.

use std::path::Path;

use joinly_storage::Kind;
use joinly_storage::models::chat::json_store::{load_chat_sessions, save_chat_sessions};
use joinly_storage::models::chat::{JsonStore, Payload};
use serde_json::{Value, json};

use super::{chat, generated, payload, sessions};
use crate::support::kind;

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("user_chat_sessions.json")
}

#[test]
fn sessions_are_saved_and_loaded() {
    let home = tempfile::tempdir().unwrap();
    let json = JsonStore::new(home.path()).unwrap();
    assert_eq!(json.load().unwrap().chats.len(), 0);
    let given = payload(json!(generated(1000)), None);
    let saved = json.save(&given).unwrap();
    let loaded = json.load().unwrap();
    assert_eq!(loaded.etag, Some(saved.etag));
    assert_eq!(sessions(&loaded), sessions(&given));
    // The form of old, and nothing of ours in it.
    let text: Value = serde_json::from_slice(&std::fs::read(file(home.path())).unwrap()).unwrap();
    assert_eq!(text.as_object().unwrap().keys().collect::<Vec<_>>(), ["chats"]);
    let answer: Value = serde_json::from_slice(&load_chat_sessions(home.path()).unwrap()).unwrap();
    assert_eq!(answer["chats"].as_array().unwrap().len(), 1000);
    save_chat_sessions(home.path(), answer.to_string().as_bytes()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file(home.path()).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn two_savers_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let json = JsonStore::new(home.path()).unwrap();
    json.save(&payload(json!([chat("a", 1)]), None)).unwrap();
    let (mine, yours) = (json.load().unwrap(), json.load().unwrap());
    json.save(&Payload { chats: Vec::new(), ..mine.clone() }).unwrap();
    assert_eq!(kind(json.save(&yours)), Kind::Conflict);
    assert_eq!(kind(json.save(&Payload { etag: None, ..yours.clone() })), Kind::Conflict);
    assert_eq!(json.load().unwrap().chats.len(), 0);
    json.save(&Payload { etag: Some("*".to_owned()), ..yours }).unwrap();
    assert_eq!(json.load().unwrap().chats.len(), 1);
}

#[test]
fn many_savers_add_up() {
    let home = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = home.path();
            scope.spawn(move || {
                let json = JsonStore::new(path).unwrap();
                for n in 0..5 {
                    loop {
                        let mut loaded = json.load().unwrap();
                        let more = payload(json!([chat(&format!("{thread}.{n}"), 1)]), None);
                        loaded.chats.extend(more.chats);
                        match json.save(&loaded) {
                            Ok(_) => break,
                            Err(error) => assert_eq!(error.kind(), Kind::Conflict),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(sessions(&JsonStore::new(home.path()).unwrap().load().unwrap()).len(), 20);
}

#[test]
fn a_broken_file_is_an_error_and_stays() {
    let good = json!({ "chats": [chat("a", 3)] }).to_string().into_bytes();
    let torn = good[..good.len() / 2].to_vec();
    let mut invalid = good.clone();
    invalid[20] = 0xff;
    for broken in [vec![], vec![0; good.len()], torn, invalid, b"7".to_vec(), b"{\"chats\": 7}".to_vec()] {
        let home = tempfile::tempdir().unwrap();
        let json = JsonStore::new(home.path()).unwrap();
        json.save(&payload(json!([chat("old", 1)]), None)).unwrap();
        let etag = json.load().unwrap().etag;
        json.save(&payload(json!([chat("a", 3)]), etag.as_deref())).unwrap();
        std::fs::write(file(home.path()), &broken).unwrap();
        assert_eq!(kind(json.load()), Kind::Corrupt);
        for etag in ["0", "*"] {
            assert_eq!(kind(json.save(&payload(json!([]), Some(etag)))), Kind::Corrupt);
        }
        assert_eq!(std::fs::read(file(home.path())).unwrap(), broken);
        // The latest backup that can be read; the broken file becomes one itself.
        assert_eq!(json.restore(None).unwrap(), "user_chat_sessions.json.backup-000001");
        assert_eq!(sessions(&json.load().unwrap()).keys().collect::<Vec<_>>(), ["old"]);
        let backups = json.backups().unwrap();
        assert_eq!(backups.len(), 2);
        assert!(backups[0].damage.is_none() && backups[1].damage.is_some());
        assert_eq!(kind(json.restore(Some(&backups[1].name))), Kind::Corrupt);
        assert_eq!(kind(json.restore(Some("user_chat_sessions.json.backup-7"))), Kind::NotFound);
        assert_eq!(kind(json.restore(Some("../secret"))), Kind::NotFound);
    }
}

#[test]
fn a_file_that_is_gone_is_no_empty_chat() {
    let home = tempfile::tempdir().unwrap();
    let json = JsonStore::new(home.path()).unwrap();
    let first = json.save(&payload(json!([chat("a", 1)]), None)).unwrap().etag;
    json.save(&payload(json!([chat("b", 1)]), Some(&first))).unwrap();
    std::fs::remove_file(file(home.path())).unwrap();
    assert_eq!(kind(json.load()), Kind::Corrupt);
    assert_eq!(kind(json.save(&payload(json!([]), None))), Kind::Corrupt);
    json.restore(None).unwrap();
    assert_eq!(sessions(&json.load().unwrap())["a"], chat("a", 1));
}

#[test]
fn the_last_states_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let json = JsonStore::new(home.path()).unwrap().keeping(3);
    let mut etag = "0".to_owned();
    for n in 0..8 {
        etag = json.save(&payload(json!([chat(&n.to_string(), 0)]), Some(&etag))).unwrap().etag;
    }
    let names: Vec<String> = json.backups().unwrap().into_iter().map(|backup| backup.name).collect();
    let name = |n| format!("user_chat_sessions.json.backup-{n:06}");
    assert_eq!(names, [name(5), name(6), name(7)]);
    json.restore(Some(&name(5))).unwrap();
    assert_eq!(sessions(&json.load().unwrap()).keys().collect::<Vec<_>>(), ["4"]);
}

#[test]
fn a_folder_must_be_there() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(kind(JsonStore::new(&home.path().join("none"))), Kind::NotFound);
    std::fs::write(home.path().join("f"), b"").unwrap();
    assert_eq!(kind(JsonStore::new(&home.path().join("f"))), Kind::Invalid);
}
