//! Messages in a store, over every engine.

use joinly_storage::Kind;
use joinly_storage::models::chat::{Chats, MAX_ATTACHMENTS, MAX_MESSAGE_BYTES, Message, MessageQuery};
use serde_json::{Value, json};

use super::object;
use crate::support::{Home, kind};

fn numbers(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.number).collect()
}

#[test]
fn messages_are_read_in_pages_in_both_directions() {
    for home in Home::each() {
        let store = home.open();
        let chats = Chats::new(&store);
        chats.create(Some("a"), object(json!({}))).unwrap();
        chats.create(Some("a2"), object(json!({}))).unwrap();
        for n in 1..=23 {
            assert_eq!(chats.append("a", object(json!({ "text": n }))).unwrap().number, n);
        }
        chats.append("a2", object(json!({ "text": "of another" }))).unwrap();
        let read = |after, before, latest_first, limit| {
            let page = chats.messages("a", &MessageQuery { after, before, latest_first, limit }).unwrap();
            (numbers(&page.messages), page.more)
        };
        assert_eq!(read(0, 0, false, 5), (vec![1, 2, 3, 4, 5], true));
        assert_eq!(read(20, 0, false, 5), (vec![21, 22, 23], false));
        assert_eq!(read(0, 0, true, 3), (vec![23, 22, 21], true));
        assert_eq!(read(0, 3, true, 5), (vec![2, 1], false));
        assert_eq!(read(4, 7, false, 0), (vec![5, 6], false));
        assert_eq!(read(23, 0, false, 0), (vec![], false));
        assert_eq!(read(u64::MAX, 0, false, 0), (vec![], false));
        assert_eq!(kind(chats.messages("nobody", &MessageQuery::default())), Kind::NotFound);
    }
}

#[test]
fn attachments_are_records_of_their_own() {
    for home in Home::each() {
        let store = home.open();
        let chats = Chats::new(&store);
        chats.create(Some("a"), object(json!({}))).unwrap();
        let given = json!({ "text": "see", "attachments": [{ "data": "A".repeat(100_000) }, "b"], "n": 1 });
        let sent = chats.append("a", object(given.clone())).unwrap();
        assert_eq!(sent.attachments, [100_011, 3]);
        assert!(sent.message.raw("attachments").is_none());
        let page = chats.messages("a", &MessageQuery::default()).unwrap();
        assert!(page.messages[0].message.raw("attachments").is_none());
        let whole = chats.message("a", 1).unwrap().unwrap();
        assert_eq!(serde_json::to_value(&whole.message).unwrap(), given);
        assert_eq!(chats.attachment("a", 1, 1).unwrap().unwrap().to_vec(), b"\"b\"");
        assert!(chats.attachment("a", 1, 2).unwrap().is_none());
        let session = chats.get("a").unwrap().unwrap();
        assert_eq!((session.messages, session.attachments), (1, 2));
        assert!(session.bytes > 100_000);

        home.clock.advance(5);
        let edited = chats.edit("a", 1, object(json!({ "text": "no", "attachments": ["c"] }))).unwrap();
        assert_eq!((edited.number, edited.edited), (1, Some(home.clock_ms())));
        assert_eq!(
            chats.message("a", 1).unwrap().unwrap().message.get::<Value>("attachments"),
            Some(json!(["c"]))
        );
        assert_eq!(chats.get("a").unwrap().unwrap().attachments, 1);
        chats.remove("a", 1).unwrap();
        assert!(chats.message("a", 1).unwrap().is_none());
        let session = chats.get("a").unwrap().unwrap();
        assert_eq!((session.messages, session.attachments), (0, 0));
        assert_eq!(session.bytes, chats.create(Some("b"), session.fields).unwrap().bytes);
        // Numbers never come back.
        assert_eq!(chats.append("a", object(json!({}))).unwrap().number, 2);
        assert_eq!(kind(chats.edit("a", 1, object(json!({})))), Kind::NotFound);
        assert_eq!(kind(chats.remove("a", 1)), Kind::NotFound);
    }
}

#[test]
fn what_is_over_a_limit_changes_nothing() {
    let home = Home::memory();
    let store = home.open();
    let chats = Chats::new(&store);
    chats.create(Some("a"), object(json!({}))).unwrap();
    let before = store.version().unwrap();
    let too_long = object(json!({ "text": "x".repeat(MAX_MESSAGE_BYTES) }));
    assert_eq!(kind(chats.append("a", too_long)), Kind::TooLarge);
    let too_many = object(json!({ "attachments": vec![0; MAX_ATTACHMENTS + 1] }));
    assert_eq!(kind(chats.append("a", too_many)), Kind::TooLarge);
    assert_eq!(kind(chats.append("nobody", object(json!({})))), Kind::NotFound);
    assert_eq!(store.version().unwrap(), before);
    // Attachments that are no list stay where they are.
    let sent = chats.append("a", object(json!({ "attachments": "none" }))).unwrap();
    assert_eq!(sent.message.get::<String>("attachments").unwrap(), "none");
}

#[test]
fn concurrent_appends_lose_nothing() {
    let home = Home::sqlite();
    let store = home.open();
    Chats::new(&store).create(Some("a"), object(json!({}))).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..25 {
                    Chats::new(store)
                        .append("a", object(json!({ "text": format!("{thread}.{n}") })))
                        .unwrap();
                }
            });
        }
    });
    let chats = Chats::new(&store);
    let page = chats.messages("a", &MessageQuery { limit: 1000, ..MessageQuery::default() }).unwrap();
    assert_eq!(numbers(&page.messages), (1..=100).collect::<Vec<_>>());
    let mut texts: Vec<String> = page.messages.iter().map(|m| m.message.get("text").unwrap()).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 100);
    assert_eq!(chats.get("a").unwrap().unwrap().messages, 100);
}
