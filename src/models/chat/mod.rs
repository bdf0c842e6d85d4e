//! Conversations: chat sessions and their messages, each a record of its own; and the way there from the one JSON file that
//! programs of this kind begin with.
//!
//! `chat:{id}` holds a session, `chat:{id}:m:{number}` a message, `chat:{id}:a:{number}:{n}` an attachment of it, and
//! `chats:{o|a}:{updated}:{id}` puts open and archived sessions in the order of their last change: every change of a session
//! rewrites that key, so its version tells whether anything of the session changed. Ids are percent-encoded in keys. `chats`
//! tells which epoch the store belongs to, see [`migration`].
//!
//! - [`Chats`]: sessions, messages, pages and search, over any engine
//! - [`sqlite_store`]: all sessions at once, in the form of the JSON file
//! - [`json_store`]: the JSON file itself, with its backups
//! - [`migration`]: from the file to a store and back
//! - [`hybrid_store`]: whichever of the two counts at the moment

mod authority;
pub mod hybrid_store;
pub mod json_store;
mod legacy;
mod message;
pub mod migration;
mod raw;
mod search;
mod session;
pub mod sqlite_store;

pub use authority::{Authority, Backend};
pub use hybrid_store::HybridStore;
pub use json_store::JsonStore;
pub use legacy::{MAX_PAYLOAD_BYTES, Payload};
pub use message::{Message, MessagePage, MessageQuery};
pub use raw::{MAX_FIELDS, RawObject};
pub use search::{DEFAULT_BUDGET, Hit, Hits, MAX_BUDGET, SearchQuery};
pub use session::{Counts, Session, SessionPage, SessionQuery};
pub use sqlite_store::{Saved, SqliteStore};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use crate::error::{Error, Kind, Result};
use crate::models::{MAX_ID_BYTES, Scope, check_bytes};
use crate::store::{Store, Transaction};

/// The most bytes of a session's own fields, as JSON.
pub const MAX_SESSION_BYTES: usize = 256 << 10;
/// The most bytes of a message without its attachments, as JSON.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// The most attachments of a message.
pub const MAX_ATTACHMENTS: usize = 64;
/// The most bytes of an attachment, as JSON.
pub const MAX_ATTACHMENT_BYTES: usize = 16 << 20;
/// The most messages and attachments of a session together: so many are removed in one commit.
pub const MAX_RECORDS: usize = 40_000;
/// The most bytes of all of a session: so many are written in one commit.
pub const MAX_TOTAL_BYTES: usize = 128 << 20;
/// The most rows of a page.
pub const MAX_PAGE: usize = 1000;
/// Rows of a page when the caller does not say.
pub const DEFAULT_PAGE: usize = 50;

/// The chat sessions of a store. It costs nothing to make one. Each call is one transaction, and every change of a session
/// conflicts with every other of the same one: of two, the second is repeated after the first.
pub struct Chats<'s> {
    scope: Scope<'s>,
}

impl<'s> Chats<'s> {
    /// The chat sessions of a store.
    pub fn new(store: &'s Store) -> Self {
        Self { scope: Scope::each(store) }
    }

    /// The same for calls that are part of a transaction: committed and undone with it.
    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { scope: Scope::within(store, txn) }
    }
}

/// What of an id is written otherwise in a key: what separates its parts, and what no terminal shows.
const ENCODED: &AsciiSet = &CONTROLS.add(b':').add(b'%');

fn check_session_id(id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::invalid("the id of a session is empty"));
    }
    check_bytes("the id of a session", id, MAX_ID_BYTES)
}

fn session_key(id: &str) -> Result<String> {
    check_session_id(id)?;
    Ok(format!("chat:{}", utf8_percent_encode(id, ENCODED)))
}

/// Where the messages of a session begin.
fn messages_prefix(session: &str) -> String {
    format!("{session}:m:")
}

fn message_key(session: &str, number: u64) -> String {
    format!("{session}:m:{number:020}")
}

fn attachment_key(session: &str, number: u64, at: usize) -> String {
    format!("{session}:a:{number:020}:{at:02}")
}

/// Where the order of all sessions is, and of those that are open or archived.
const ORDER: &str = "chats:";

fn order_prefix(archived: bool) -> &'static str {
    if archived { "chats:a:" } else { "chats:o:" }
}

fn order_key(archived: bool, updated: i64, session: &str) -> String {
    let id = session.strip_prefix("chat:").unwrap_or_default();
    // So that negative times come first.
    format!("{}{:016x}:{id}", order_prefix(archived), updated as u64 ^ (1 << 63))
}

/// The session's key that a key of the order leads to.
fn ordered_session(order: &[u8]) -> Result<String> {
    let foreign = || {
        let key = String::from_utf8_lossy(order);
        Error::new(Kind::WrongType, format!("{key}: no key of a session's place"))
    };
    let text = std::str::from_utf8(order).map_err(|_| foreign())?;
    let id = text.splitn(4, ':').nth(3).ok_or_else(foreign)?;
    Ok(format!("chat:{id}"))
}

/// The id in a session's key.
fn session_id(session: &str) -> String {
    let id = session.strip_prefix("chat:").unwrap_or_default();
    percent_decode(id.as_bytes()).decode_utf8_lossy().into_owned()
}

fn no_session(id: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no chat session {id:?}"))
}
