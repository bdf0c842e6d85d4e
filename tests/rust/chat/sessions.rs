//! Sessions in a store, over every engine.

use joinly_storage::Kind;
use joinly_storage::models::chat::{Chats, Counts, SessionQuery};
use serde_json::json;

use super::object;
use crate::support::{Home, kind};

#[test]
fn a_session_is_made_changed_and_removed() {
    for home in Home::each() {
        let store = home.open();
        let chats = Chats::new(&store);
        let made = chats.create(Some("a:1"), object(json!({ "title": "First", "modelId": 7 }))).unwrap();
        assert_eq!((made.id.as_str(), made.title.as_str(), made.messages), ("a:1", "First", 0));
        assert_eq!(made.fields.get::<String>("createdAt").unwrap(), "1970-01-01T00:16:40.000Z");
        assert_eq!(kind(chats.create(Some("a:1"), object(json!({})))), Kind::Exists);
        home.clock.advance(1);
        let changed =
            chats.update("a:1", &object(json!({ "title": "Other", "modelId": null, "x": [1] }))).unwrap();
        assert_eq!((changed.title.as_str(), changed.updated), ("Other", home.clock_ms()));
        assert_eq!(changed.fields.get::<Vec<i32>>("x"), Some(vec![1]));
        assert!(changed.fields.raw("modelId").is_none());
        assert_eq!(chats.get("a:1").unwrap().unwrap().title, "Other");
        chats.append("a:1", object(json!({ "text": "hi", "attachments": ["x"] }))).unwrap();
        assert!(chats.delete("a:1").unwrap());
        assert!(!chats.delete("a:1").unwrap());
        assert!(chats.get("a:1").unwrap().is_none());
        let left = store.scan(&joinly_storage::Scan::prefix(b"chat")).unwrap();
        assert_eq!(left.rows, []);
    }
}

#[test]
fn ids_are_made_and_checked() {
    let home = Home::memory();
    let store = home.open();
    let chats = Chats::new(&store);
    let ids = [0; 2].map(|_| chats.create(None, object(json!({}))).unwrap().id);
    assert!(ids[0] != ids[1] && ids[0].len() == 32);
    assert_eq!(kind(chats.create(Some(""), object(json!({})))), Kind::Invalid);
    assert_eq!(kind(chats.create(Some(&"x".repeat(129)), object(json!({})))), Kind::TooLarge);
    assert_eq!(kind(chats.create(None, object(json!({ "history": [] })))), Kind::Invalid);
    assert_eq!(kind(chats.create(None, object(json!({ "x": "x".repeat(300 << 10) })))), Kind::TooLarge);
    assert_eq!(kind(chats.update("nobody", &object(json!({})))), Kind::NotFound);
    assert_eq!(kind(chats.update(&ids[0], &object(json!({ "id": "other" })))), Kind::Invalid);
    assert_eq!(chats.counts().unwrap().open, 2);
}

#[test]
fn sessions_are_listed_by_their_last_change() {
    for home in Home::each() {
        let store = home.open();
        let chats = Chats::new(&store);
        for n in 0..25 {
            home.clock.advance(1);
            chats.create(Some(&format!("s{n}")), object(json!({ "title": n.to_string() }))).unwrap();
        }
        home.clock.advance(1);
        chats.append("s3", object(json!({ "text": "again" }))).unwrap();
        chats.update("s20", &object(json!({ "archived": true }))).unwrap();
        let all = |archived, oldest_first| {
            let (mut ids, mut after) = (Vec::new(), None);
            loop {
                let query = SessionQuery { archived, oldest_first, limit: 7, after };
                let page = chats.list(&query).unwrap();
                ids.extend(page.sessions.into_iter().map(|session| session.id));
                match page.cursor {
                    Some(cursor) => after = Some(cursor),
                    None => return ids,
                }
            }
        };
        let mut expected: Vec<String> =
            (0..25).rev().filter(|n| ![3, 20].contains(n)).map(|n| format!("s{n}")).collect();
        expected.insert(0, "s3".to_owned());
        assert_eq!(all(false, false), expected);
        expected.reverse();
        assert_eq!(all(false, true), expected);
        assert_eq!(all(true, false), ["s20"]);
        let counts = chats.counts().unwrap();
        assert_eq!((counts.open, counts.archived, counts.messages), (24, 1, 1));
        assert_eq!(
            kind(chats.list(&SessionQuery { limit: 1001, ..SessionQuery::default() })),
            Kind::TooLarge
        );
    }
}

#[test]
fn calls_are_part_of_a_transaction() {
    let home = Home::sqlite();
    let store = home.open();
    let mut txn = store.begin().unwrap();
    let chats = Chats::within(&store, &mut txn);
    chats.create(Some("a"), object(json!({}))).unwrap();
    chats.append("a", object(json!({ "text": "hi" }))).unwrap();
    assert_eq!(chats.list(&SessionQuery::default()).unwrap().sessions[0].messages, 1);
    drop(txn);
    assert_eq!(Chats::new(&store).counts().unwrap(), Counts::default());
}

#[test]
fn what_a_plain_put_wrote_is_refused() {
    let home = Home::memory();
    let store = home.open();
    store.put(b"chat:x", b"7").unwrap();
    let chats = Chats::new(&store);
    assert_eq!(kind(chats.get("x")), Kind::WrongType);
    assert_eq!(kind(chats.append("x", object(json!({})))), Kind::WrongType);
    store.put(b"chats:o:junk", b"").unwrap();
    assert_eq!(kind(chats.list(&SessionQuery::default())), Kind::WrongType);
}
