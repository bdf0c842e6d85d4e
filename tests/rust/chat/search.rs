//! Search of titles and messages.

use joinly_storage::Kind;
use joinly_storage::models::chat::{Chats, Hit, SearchQuery};
use serde_json::json;

use super::object;
use crate::support::{Home, kind};

fn places(hits: &[Hit]) -> Vec<(&str, Option<u64>)> {
    hits.iter().map(|hit| (hit.session.as_str(), hit.number)).collect()
}

#[test]
fn all_words_must_occur_in_any_case() {
    for home in Home::each() {
        let store = home.open();
        let chats = Chats::new(&store);
        for (id, title) in [("a", "Die GRÖSSE von Katzen"), ("b", "Hunde"), ("c", "Größe")] {
            home.clock.advance(1);
            chats.create(Some(id), object(json!({ "title": title }))).unwrap();
        }
        home.clock.advance(1);
        chats.append("b", object(json!({ "text": "Katzen haben eine Größe" }))).unwrap();
        chats
            .append("b", object(json!({ "content": [{ "type": "text", "text": "KATZEN" }, { "x": 1 }] })))
            .unwrap();
        chats.append("b", object(json!({ "content": "katze" }))).unwrap();
        chats.append("b", object(json!({ "other": "katzen" }))).unwrap();
        let find = |text: &str| {
            let query = SearchQuery { text: text.to_owned(), ..SearchQuery::default() };
            chats.search(&query).unwrap()
        };
        let found = find("KATZEN");
        assert_eq!(places(&found.hits), [("b", Some(1)), ("b", Some(2)), ("a", None)]);
        assert_eq!((found.examined, found.cursor), (7, None));
        assert_eq!(places(&find("größe katzen").hits), [("b", Some(1))]);
        assert_eq!(places(&find("grösse").hits), [("a", None)]);
        assert_eq!(find("katze").hits.last().unwrap().excerpt, "Die GRÖSSE von Katzen");
        chats.update("b", &object(json!({ "archived": true }))).unwrap();
        assert_eq!(places(&find("KATZEN").hits), [("a", None)]);
        let query = SearchQuery { text: "katzen".to_owned(), archived: true, ..SearchQuery::default() };
        assert_eq!(chats.search(&query).unwrap().hits.len(), 2);
    }
}

#[test]
fn a_budget_and_a_limit_bound_a_call_and_the_cursor_goes_on() {
    let home = Home::memory();
    let store = home.open();
    let chats = Chats::new(&store);
    for session in 0..5 {
        home.clock.advance(1);
        let id = format!("s{session}");
        chats
            .create(Some(&id), object(json!({ "title": if session == 2 { "needle" } else { "" } })))
            .unwrap();
        for n in 0..session * 3 {
            chats
                .append(&id, object(json!({ "text": if n % 2 == 0 { "a needle" } else { "hay" } })))
                .unwrap();
        }
    }
    let find = |limit, budget, after| {
        let query = SearchQuery { text: "needle".to_owned(), limit, budget, after, ..SearchQuery::default() };
        chats.search(&query).unwrap()
    };
    let all = find(0, 0, None);
    assert_eq!((all.hits.len(), all.examined), (17, 35));
    for (limit, budget) in [(1, 0), (3, 0), (0, 1), (0, 4), (2, 3)] {
        let (mut hits, mut examined, mut after) = (Vec::new(), 0, None);
        loop {
            let found = find(limit, budget, after);
            assert!(budget == 0 || found.examined <= budget);
            assert!(limit == 0 || found.hits.len() <= limit);
            hits.extend(found.hits);
            examined += found.examined;
            match found.cursor {
                Some(cursor) => after = Some(cursor),
                None => break,
            }
        }
        assert_eq!((hits, examined), (all.hits.clone(), all.examined));
    }
}

#[test]
fn what_is_no_search_is_refused() {
    let home = Home::memory();
    let store = home.open();
    let find = |query: SearchQuery| Chats::new(&store).search(&query);
    let text = |text: &str| SearchQuery { text: text.to_owned(), ..SearchQuery::default() };
    assert_eq!(kind(find(text("  "))), Kind::Invalid);
    assert_eq!(kind(find(text(&"x".repeat(2000)))), Kind::TooLarge);
    assert_eq!(kind(find(SearchQuery { after: Some("?".to_owned()), ..text("x") })), Kind::Invalid);
    assert_eq!(kind(find(SearchQuery { budget: 2_000_000, ..text("x") })), Kind::TooLarge);
    assert_eq!(find(text("x")).unwrap().hits, []);
}
