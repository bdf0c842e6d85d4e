//! Messages: appended, read in pages in both directions, edited and removed one by one. Attachments are records of their own,
//! so that a page of messages does not carry them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::raw::{RawObject, to_raw};
use super::session::{Stored, page_limit};
use super::{
    Chats, MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_MESSAGE_BYTES, attachment_key, message_key,
    messages_prefix, no_session, session_key,
};
use crate::error::{Error, Kind, Result};
use crate::models::document::{self, check_count};
use crate::store::{Scan, Transaction};

/// The field that holds the attachments of a message.
const ATTACHMENTS: &str = "attachments";

/// A message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its number in the session, from 1 on; numbers of a session never come back.
    pub number: u64,
    /// When it was appended, in milliseconds since 1970-01-01 UTC; 0: not known.
    pub time: i64,
    /// When it was last edited; None: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<i64>,
    /// The bytes of each attachment, as JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<u64>,
    /// The message as it was given, without its attachments.
    pub message: RawObject,
}

/// Which messages to read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessageQuery {
    /// Only those with a greater number; 0: from the first on.
    pub after: u64,
    /// Only those with a smaller number; 0: up to the last.
    pub before: u64,
    /// The latest first, as who scrolls back reads them.
    pub latest_first: bool,
    /// The most messages, up to [`MAX_PAGE`](super::MAX_PAGE); 0: [`DEFAULT_PAGE`](super::DEFAULT_PAGE).
    pub limit: usize,
}

/// Some messages of a session.
#[derive(Clone, Debug, Serialize)]
pub struct MessagePage {
    /// In the order asked for.
    pub messages: Vec<Message>,
    /// Whether there are more: those after, or with `latest_first` before, the last of these.
    pub more: bool,
}

/// A message and its attachments apart.
pub(super) struct Parts {
    pub message: RawObject,
    pub attachments: Vec<Box<RawValue>>,
}

impl Parts {
    /// Takes a message apart. Attachments that are no list stay where they are.
    pub fn of(mut message: RawObject) -> Result<Self> {
        let attachments: Vec<Box<RawValue>> = message.get(ATTACHMENTS).unwrap_or_default();
        if !attachments.is_empty() {
            message.take(ATTACHMENTS);
        }
        check_count("bytes of a message", message.bytes(), MAX_MESSAGE_BYTES)?;
        check_count("attachments of a message", attachments.len(), MAX_ATTACHMENTS)?;
        for attachment in &attachments {
            check_count("bytes of an attachment", attachment.get().len(), MAX_ATTACHMENT_BYTES)?;
        }
        Ok(Self { message, attachments })
    }

    pub fn sizes(&self) -> Vec<u64> {
        self.attachments.iter().map(|attachment| attachment.get().len() as u64).collect()
    }

    pub fn bytes(&self) -> u64 {
        self.message.bytes() as u64 + self.sizes().iter().sum::<u64>()
    }

    /// The message as it was given, but for the place of the field.
    pub fn whole(self) -> Result<RawObject> {
        let mut message = self.message;
        if !self.attachments.is_empty() {
            message.set(ATTACHMENTS, to_raw(&self.attachments)?);
        }
        Ok(message)
    }

    fn write(&self, txn: &mut Transaction, session: &str, number: u64) -> Result<()> {
        for (at, attachment) in self.attachments.iter().enumerate() {
            txn.put(attachment_key(session, number, at).as_bytes(), attachment.get().as_bytes())?;
        }
        Ok(())
    }
}

impl Message {
    fn bytes(&self) -> u64 {
        self.message.bytes() as u64 + self.attachments.iter().sum::<u64>()
    }
}

impl Stored {
    fn add(&mut self, parts: &Parts) {
        self.attachments += parts.attachments.len() as u64;
        self.bytes += parts.bytes();
    }

    fn subtract(&mut self, message: &Message) {
        self.attachments = self.attachments.saturating_sub(message.attachments.len() as u64);
        self.bytes = self.bytes.saturating_sub(message.bytes());
    }
}

impl Chats<'_> {
    /// Appends a message: any JSON object. The elements of its field "attachments" become records of their own. The answer
    /// is without them.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the session; [`Kind::TooLarge`], [`Kind::Invalid`]; [`Kind::Moved`] after the sessions moved
    /// to a JSON file; those of a commit.
    pub fn append(&self, id: &str, message: RawObject) -> Result<Message> {
        let parts = Parts::of(message)?;
        let time = self.scope.now()?;
        let (message, _) = self.change(id, |txn, key, stored| {
            let number = stored.next;
            stored.next += 1;
            stored.messages += 1;
            stored.add(&parts);
            stored.check()?;
            let (attachments, message) = (parts.sizes(), parts.message.clone());
            let message = Message { number, time, edited: None, attachments, message };
            parts.write(txn, key, number)?;
            document::put(txn, message_key(key, number), &message)?;
            Ok(message)
        })?;
        Ok(message)
    }

    /// Reads messages of a session, without their attachments.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the session; [`Kind::WrongType`] when a plain put wrote something else there;
    /// [`Kind::Invalid`], [`Kind::TooLarge`]; those of a read.
    pub fn messages(&self, id: &str, query: &MessageQuery) -> Result<MessagePage> {
        let (key, limit) = (session_key(id)?, page_limit(query.limit)?);
        let start = message_key(&key, query.after.saturating_add(1));
        // After the last digit of a number.
        let end = match query.before {
            0 => format!("{};", messages_prefix(&key).trim_end_matches(':')),
            before => message_key(&key, before),
        };
        self.scope.read(|txn| {
            if txn.get(key.as_bytes())?.is_none() {
                return Err(no_session(id));
            }
            let scan = Scan::range(start.as_bytes(), end.as_bytes()).reverse(query.latest_first).limit(limit);
            let page = txn.scan(&scan)?;
            let messages = page.rows.iter().filter_map(|row| {
                let value = row.value.as_ref()?;
                Some(document::decode(&row.key, value))
            });
            Ok(MessagePage { messages: messages.collect::<Result<_>>()?, more: page.cursor.is_some() })
        })
    }

    /// Reads a message as it was given, with its attachments. None when there is none.
    ///
    /// # Errors
    /// As [`Chats::messages`]; [`Kind::Corrupt`] when an attachment is gone.
    pub fn message(&self, id: &str, number: u64) -> Result<Option<Message>> {
        let key = session_key(id)?;
        self.scope.read(|txn| {
            let found: Option<Message> = document::get(txn, message_key(&key, number))?;
            let Some(message) = found else { return Ok(None) };
            let attachments = attachments(txn, &key, &message)?;
            let parts = Parts { message: message.message.clone(), attachments };
            Ok(Some(Message { message: parts.whole()?, ..message }))
        })
    }

    /// Reads one attachment of a message, counted from 0, as JSON. None when there is none.
    ///
    /// # Errors
    /// As [`Chats::messages`].
    pub fn attachment(&self, id: &str, number: u64, at: usize) -> Result<Option<crate::store::Value>> {
        self.scope.get(attachment_key(&session_key(id)?, number, at).as_bytes())
    }

    /// Replaces a message and its attachments.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the session or the message; else as [`Chats::append`].
    pub fn edit(&self, id: &str, number: u64, message: RawObject) -> Result<Message> {
        let parts = Parts::of(message)?;
        let now = self.scope.now()?;
        let (message, _) = self.change(id, |txn, key, stored| {
            let old = remove(txn, key, id, number, stored)?;
            stored.add(&parts);
            stored.check()?;
            let (attachments, message) = (parts.sizes(), parts.message.clone());
            let message = Message { edited: Some(now), attachments, message, ..old };
            parts.write(txn, key, number)?;
            document::put(txn, message_key(key, number), &message)?;
            Ok(message)
        })?;
        Ok(message)
    }

    /// Removes a message with its attachments.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the session or the message; else as [`Chats::append`].
    pub fn remove(&self, id: &str, number: u64) -> Result<()> {
        self.change(id, |txn, key, stored| {
            remove(txn, key, id, number, stored)?;
            stored.messages = stored.messages.saturating_sub(1);
            txn.delete(message_key(key, number).as_bytes())
        })?;
        Ok(())
    }
}

/// Removes the attachments of a message, and its share of the session's sums.
fn remove(txn: &mut Transaction, key: &str, id: &str, number: u64, stored: &mut Stored) -> Result<Message> {
    let missing = || Error::new(Kind::NotFound, format!("chat session {id:?} has no message {number}"));
    let old: Message = document::get(txn, message_key(key, number))?.ok_or_else(missing)?;
    for at in 0..old.attachments.len().min(MAX_ATTACHMENTS) {
        txn.delete(attachment_key(key, number, at).as_bytes())?;
    }
    stored.subtract(&old);
    Ok(old)
}

/// The attachments of a message.
pub(super) fn attachments(
    txn: &mut Transaction,
    session: &str,
    message: &Message,
) -> Result<Vec<Box<RawValue>>> {
    let wanted = 0..message.attachments.len().min(MAX_ATTACHMENTS);
    wanted
        .map(|at| {
            let key = attachment_key(session, message.number, at);
            let gone = || Error::new(Kind::Corrupt, format!("{key}: the attachment is gone"));
            document::get(txn, &key)?.ok_or_else(gone)
        })
        .collect()
}
