//! Chat sessions: in a store, in a JSON file, and on the way between.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use joinly_storage::admin::Progress;
use joinly_storage::models::chat::migration::{MigrateOptions, MigrationReport, migrate_to_sqlite};
use joinly_storage::models::chat::{Payload, RawObject};
use serde_json::{Value, json};

mod folder;
mod messages;
mod moves;
mod search;
mod sessions;
mod whole;

pub fn object(value: Value) -> RawObject {
    RawObject::parse("it", value.to_string().as_bytes()).unwrap()
}

pub fn payload(chats: Value, etag: Option<&str>) -> Payload {
    Payload::parse(json!({ "chats": chats, "etag": etag.unwrap_or("0") }).to_string().as_bytes()).unwrap()
}

/// The sessions of a payload, by their ids: their order is not a part of them.
pub fn sessions(payload: &Payload) -> BTreeMap<String, Value> {
    let chats = payload.chats.iter().map(|raw| serde_json::from_str::<Value>(raw.get()).unwrap());
    chats
        .map(|chat| (chat["id"].as_str().map_or_else(|| chat["id"].to_string(), str::to_owned), chat))
        .collect()
}

/// A session with some messages, as a program of the time wrote it.
pub fn chat(id: &str, messages: usize) -> Value {
    let history =
        (1..=messages).map(|n| json!({ "id": n, "sender": "user", "text": format!("message {n} of {id}") }));
    json!({
        "id": id, "title": format!("About {id}"), "createdAt": "2025-01-01T00:00:00.000Z",
        "updatedAt": "2025-01-02T00:00:00.000Z", "modelId": null, "history": history.collect::<Vec<_>>(),
    })
}

/// Sessions of many kinds and sizes.
pub fn generated(count: usize) -> Vec<Value> {
    let mut chats: Vec<Value> = (0..count).map(|n| chat(&format!("s{n}"), [0, 1, 3, 8][n % 4])).collect();
    for (n, chat) in chats.iter_mut().enumerate() {
        chat["updatedAt"] = json!(1_700_000_000_000_u64 + n as u64);
        chat["archived"] = json!(n % 10 == 9);
        match n % 7 {
            0 => chat["title"] = json!("Größe 🎲 \u{202e}שלום\u{0000}"),
            1 => chat["settings"] = json!({ "deep": [{ "er": 1.5e300 }, null, -0.0], "": "empty name" }),
            2 => drop(chat.as_object_mut().unwrap().remove("createdAt")),
            3 => chat["id"] = json!(format!("odd: {n}%/\"\n é")),
            4 => chat["id"] = json!(n),
            5 => {
                let history = chat.as_object_mut().unwrap().remove("history").unwrap();
                chat["messages"] = history;
            }
            _ => chat["title"] = json!(""),
        }
        let name = if n % 7 == 5 { "messages" } else { "history" };
        if let Some(first) = chat[name].get_mut(0) {
            first["text"] = json!("x".repeat(n % 3000));
            if n % 5 == 0 {
                first["attachments"] =
                    json!([{ "name": "a.png", "data": "A".repeat(n % 5000) }, "plain", null]);
            }
        }
    }
    chats
}

/// Moves to SQLite without a watcher.
pub fn migrate(folder: &Path) -> joinly_storage::Result<MigrationReport> {
    migrate_to_sqlite(folder, &MigrateOptions::default(), &mut |_: &Progress| ControlFlow::Continue(()))
}
