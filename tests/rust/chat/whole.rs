//! All sessions at once, over every engine.

use joinly_storage::Kind;
use joinly_storage::models::chat::{Chats, MessageQuery, Payload, SqliteStore};
use serde_json::json;

use super::{chat, generated, object, payload, sessions};
use crate::support::{Home, kind};

#[test]
fn generated_sessions_come_back() {
    for (home, count) in Home::each().into_iter().zip([300, 10_000, 300]) {
        let store = home.open();
        let whole = SqliteStore::new(&store);
        let given = payload(json!(generated(count)), None);
        let saved = whole.save(&given).unwrap();
        assert_eq!((saved.written, saved.unchanged, saved.removed), (count as u64, 0, 0));
        let loaded = whole.load().unwrap();
        assert_eq!(loaded.etag.as_ref(), Some(&saved.etag));
        assert_eq!(sessions(&loaded), sessions(&given));
        // What was loaded is what there is.
        let again = whole.save(&loaded).unwrap();
        assert_eq!((again.written, again.unchanged, again.commits), (0, count as u64, 0));
    }
}

#[test]
fn a_save_writes_what_changed_and_removes_the_rest() {
    for home in Home::each() {
        let store = home.open();
        let whole = SqliteStore::new(&store);
        let first = whole.save(&payload(json!([chat("a", 2), chat("b", 2), chat("c", 2)]), None)).unwrap();
        let mut b = chat("b", 1);
        b["title"] = json!("new");
        let second = whole.save(&payload(json!([b, chat("a", 2), chat("d", 0)]), Some(&first.etag))).unwrap();
        assert_eq!((second.written, second.unchanged, second.removed, second.commits), (2, 1, 1, 1));
        let loaded = whole.load().unwrap();
        assert_eq!(sessions(&loaded).keys().collect::<Vec<_>>(), ["a", "b", "d"]);
        assert_eq!(sessions(&loaded)["b"], b);
        // Numbers never come back.
        assert_eq!(Chats::new(&store).append("b", object(json!({}))).unwrap().number, 3);
    }
}

#[test]
fn a_save_that_rests_on_an_older_state_is_refused() {
    for home in Home::each() {
        let store = home.open();
        let (whole, chats) = (SqliteStore::new(&store), Chats::new(&store));
        let first = whole.save(&payload(json!([chat("a", 1)]), None)).unwrap().etag;
        // Without an etag there must be nothing.
        let without = Payload { etag: None, ..payload(json!([]), None) };
        assert_eq!(kind(whole.save(&without)), Kind::Conflict);
        chats.append("a", object(json!({ "text": "of another" }))).unwrap();
        assert_eq!(kind(whole.save(&payload(json!([chat("a", 5)]), Some(&first)))), Kind::Conflict);
        let loaded = whole.load().unwrap();
        assert_eq!(sessions(&loaded)["a"]["history"][1]["text"], "of another");
        // Every kind of change counts.
        for change in 0..4 {
            let etag = whole.load().unwrap().etag;
            match change {
                0 => drop(chats.edit("a", 1, object(json!({}))).unwrap()),
                1 => drop(chats.update("a", &object(json!({ "x": 1 }))).unwrap()),
                2 => drop(chats.create(Some("z"), object(json!({}))).unwrap()),
                _ => drop(chats.delete("z").unwrap()),
            }
            assert_ne!(whole.load().unwrap().etag, etag, "change {change}");
        }
        assert_eq!(whole.save(&payload(json!([chat("n", 1)]), Some("*"))).unwrap().removed, 1);
    }
}

#[test]
fn sessions_that_no_store_takes_are_refused_and_change_nothing() {
    let home = Home::memory();
    let store = home.open();
    let whole = SqliteStore::new(&store);
    for chats in [
        json!([1]),
        json!([{}]),
        json!([{ "id": null }]),
        json!([chat("a", 0), chat("a", 1)]),
        json!([{ "id": "a", "history": {} }]),
        json!([{ "id": "a", "history": ["text"] }]),
    ] {
        assert_eq!(kind(whole.save(&payload(chats.clone(), None))), Kind::Invalid, "{chats}");
    }
    let long = json!([{ "id": "a", "history": [{ "text": "x".repeat(2 << 20) }] }]);
    let error = whole.save(&payload(long, None)).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.message().contains("\"a\""), "{error}");
    assert_eq!(store.version().unwrap(), 0);
    for text in ["", "7", "{}", "{\"chats\": {}}", "{\"chats\": [", "{\"chats\": [], \"etag\": 7}"] {
        assert_eq!(kind(Payload::parse(text.as_bytes())), Kind::Invalid, "{text}");
    }
    assert_eq!(Payload::parse(b" [ ]").unwrap().chats.len(), 0);
}

#[test]
fn sessions_beyond_one_commit_are_saved_in_several() {
    let home = Home::sqlite();
    let store = home.open();
    let whole = SqliteStore::new(&store);
    let given = payload(json!((0..4).map(|n| chat(&format!("s{n}"), 9000)).collect::<Vec<_>>()), None);
    let saved = whole.save(&given).unwrap();
    assert!(saved.commits > 1);
    assert_eq!(whole.load().unwrap().etag, Some(saved.etag.clone()));
    let few = whole.save(&payload(json!([chat("s1", 1)]), Some(&saved.etag))).unwrap();
    assert_eq!((few.written, few.removed), (1, 3));
    assert_eq!(sessions(&whole.load().unwrap())["s1"], chat("s1", 1));
    let read = Chats::new(&store).messages("s1", &MessageQuery::default()).unwrap();
    assert_eq!(read.messages.len(), 1);
}

#[test]
fn fields_around_the_sessions_are_kept() {
    let home = Home::memory();
    let store = home.open();
    let whole = SqliteStore::new(&store);
    let given = Payload::parse(br#"{"version": 3, "chats": [], "ui": {"theme": "dark"}}"#).unwrap();
    whole.save(&given).unwrap();
    let loaded = whole.load().unwrap();
    assert_eq!(serde_json::to_string(&loaded.fields).unwrap(), r#"{"version":3,"ui":{"theme": "dark"}}"#);
    assert_eq!(whole.save(&loaded).unwrap().commits, 0);
}
