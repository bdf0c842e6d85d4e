//! The form of the JSON file: an object whose "chats" are sessions, each an object whose "history" (or "messages") are its
//! messages. What else there is, is kept.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use super::message::{Message, Parts};
use super::raw::{RawObject, to_raw};
use super::session::Stored;
use super::{MAX_RECORDS, attachment_key, message_key, session_key};
use crate::calendar::from_rfc3339;
use crate::error::{Error, Result};
use crate::models::document::{self, check_count};

/// What holds the messages of a session; the first that is there.
pub(super) const MESSAGES: [&str; 2] = ["history", "messages"];
pub(super) const CREATED: &str = "createdAt";
pub(super) const UPDATED: &str = "updatedAt";
pub(super) const ARCHIVED: &str = "archived";
const CHATS: &str = "chats";
const ETAG: &str = "etag";
/// When a message was sent.
const SENT: &str = "timestamp";

/// The most bytes of all sessions in this form.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 30;
/// The most sessions in this form.
pub const MAX_SESSIONS: usize = 1_000_000;

/// All chat sessions, as programs load and save them.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// The sessions, each the JSON text of an object.
    pub chats: Vec<Box<RawValue>>,
    /// Of the state that was loaded, see [`Payload::parse`].
    pub etag: Option<String>,
    /// What else the object holds.
    pub fields: RawObject,
}

impl Payload {
    /// Reads {"chats": [...], "etag": ...}, or the array alone. The etag names the state that the sessions were loaded from:
    /// saving is refused when that is no longer the present one. "*" replaces whatever there is; without one there must be
    /// nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge).
    pub fn parse(json: &[u8]) -> Result<Self> {
        check_count("bytes of chat sessions", json.len(), MAX_PAYLOAD_BYTES)?;
        let invalid = |error: serde_json::Error| Error::invalid(format!("the chat sessions: {error}"));
        let payload = match json.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => {
                let chats = serde_json::from_slice(json).map_err(invalid)?;
                Self { chats, ..Self::default() }
            }
            _ => {
                let mut fields = RawObject::parse("the chat sessions", json)?;
                let wanted = || Error::invalid("the chat sessions: an object without \"chats\"");
                let chats = fields.take(CHATS).ok_or_else(wanted)?;
                let etag = fields.take(ETAG).map(|etag| serde_json::from_str(etag.get())).transpose();
                Self {
                    chats: serde_json::from_str(chats.get()).map_err(invalid)?,
                    etag: etag.map_err(invalid)?,
                    fields,
                }
            }
        };
        check_count("chat sessions", payload.chats.len(), MAX_SESSIONS)?;
        Ok(payload)
    }

    /// The JSON text, with the etag if there is one.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let mut fields = self.fields.clone();
        fields.set_to(CHATS, &self.chats)?;
        if let Some(etag) = &self.etag {
            fields.set_to(ETAG, etag)?;
        }
        document::encode(&fields)
    }

    /// The sessions, checked: each within its limits, no id twice.
    pub(super) fn sessions(&self) -> Result<Vec<Whole>> {
        let mut keys = BTreeSet::new();
        let sessions = self.chats.iter().enumerate().map(|(at, raw)| {
            let session = Whole::parse(raw.get()).map_err(|error| error.within(format!("chats[{at}]")))?;
            if !keys.insert(session.key.clone()) {
                let id = &session.stored.id;
                return Err(Error::invalid(format!("chats[{at}]: the id {id:?} is there twice")));
            }
            Ok(session)
        });
        sessions.collect()
    }
}

/// A time in a field, as text or as a number of milliseconds.
pub(super) fn time(fields: &RawObject, name: &str) -> Option<i64> {
    match fields.get::<String>(name) {
        Some(text) => from_rfc3339(&text),
        None => fields.get::<f64>(name).map(|ms| ms as i64),
    }
}

/// A session with all that it holds.
pub(super) struct Whole {
    /// Its key in a store.
    pub key: String,
    pub stored: Stored,
    pub messages: Vec<Parts>,
}

impl Whole {
    /// Reads a session in the form of the file.
    pub fn parse(json: &str) -> Result<Self> {
        let mut fields = RawObject::parse("the session", json.as_bytes())?;
        let id = match (fields.get::<String>("id"), fields.get::<i64>("id")) {
            (Some(id), _) => {
                fields.take("id");
                id
            }
            // A number stays what it is.
            (None, Some(id)) => id.to_string(),
            (None, None) => {
                return Err(Error::invalid("the session has no id: wanted a text or a whole number"));
            }
        };
        let key = session_key(&id)?;
        let list = MESSAGES.into_iter().find(|name| fields.raw(name).is_some());
        let history: Vec<RawObject> = match list.and_then(|name| fields.take(name)) {
            Some(list) => serde_json::from_str(list.get())
                .map_err(|error| Error::invalid(format!("session {id:?}: its messages: {error}")))?,
            None => Vec::new(),
        };
        check_count("messages of a session", history.len(), MAX_RECORDS)?;
        let messages = history.into_iter().map(Parts::of).collect::<Result<Vec<_>>>();
        let messages = messages.map_err(|error| error.within(format!("session {id:?}")))?;
        let created = time(&fields, CREATED).unwrap_or(0);
        let mut stored = Stored {
            created,
            updated: time(&fields, UPDATED).unwrap_or(created),
            messages: messages.len() as u64,
            attachments: messages.iter().map(|parts| parts.attachments.len() as u64).sum(),
            bytes: fields.bytes() as u64 + messages.iter().map(Parts::bytes).sum::<u64>(),
            next: messages.len() as u64 + 1,
            list: list.filter(|name| *name != MESSAGES[0]).map(str::to_owned),
            digest: None,
            id,
            fields,
        };
        stored.check().map_err(|error| error.within(format!("session {:?}", stored.id)))?;
        stored.digest = Some(digest(&stored, &messages)?);
        Ok(Self { key, stored, messages })
    }

    /// The session in the form of the file.
    pub fn into_raw(self) -> Result<Box<RawValue>> {
        let Self { mut stored, messages, .. } = self;
        let mut session = RawObject::default();
        if stored.fields.raw("id").is_none() {
            session.set_to("id", &stored.id)?;
        }
        stored.fields.append_to(&mut session);
        let messages = messages.into_iter().map(Parts::whole).collect::<Result<Vec<_>>>()?;
        session.set_to(stored.list.as_deref().unwrap_or(MESSAGES[0]), &messages)?;
        to_raw(&session)
    }

    /// Its records but the first, which is `stored` at `key`: attachments and messages.
    pub fn records(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut records = Vec::with_capacity(self.messages.len());
        for (number, parts) in (1..).zip(&self.messages) {
            for (at, attachment) in parts.attachments.iter().enumerate() {
                records.push((attachment_key(&self.key, number, at), attachment.get().as_bytes().to_vec()));
            }
            let time = time(&parts.message, SENT).unwrap_or(0);
            let (attachments, message) = (parts.sizes(), parts.message.clone());
            let message = Message { number, time, edited: None, attachments, message };
            records.push((message_key(&self.key, number), document::encode(&message)?));
        }
        Ok(records)
    }
}

/// Tells the contents of a session from all others: a hash of 128 bits over its fields, messages and attachments.
pub(super) fn digest(stored: &Stored, messages: &[Parts]) -> Result<String> {
    let mut hash = Xxh3::new();
    let mut add = |part: &[u8]| {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(stored.id.as_bytes());
    add(stored.list.as_deref().unwrap_or_default().as_bytes());
    add(&document::encode(&stored.fields)?);
    for parts in messages {
        add(&document::encode(&parts.message)?);
        add(&(parts.attachments.len() as u64).to_le_bytes());
        parts.attachments.iter().for_each(|attachment| add(attachment.get().as_bytes()));
    }
    Ok(format!("{:032x}", hash.digest128()))
}
