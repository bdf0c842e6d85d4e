//! Sessions: created, changed, archived, removed with all that they hold, and listed by their last change.

use serde::{Deserialize, Serialize};

use super::legacy::{self, ARCHIVED, CREATED, UPDATED};
use super::raw::RawObject;
use super::{
    Chats, DEFAULT_PAGE, MAX_PAGE, MAX_RECORDS, MAX_SESSION_BYTES, MAX_TOTAL_BYTES, ORDER, authority,
    no_session, order_key, order_prefix, ordered_session, session_key,
};
use crate::calendar::to_rfc3339;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::document::{self, check_count};
use crate::store::{Scan, Transaction};

/// A session without its messages.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its title; empty without one.
    pub title: String,
    /// When it was created, in milliseconds since 1970-01-01 UTC; 0: not known.
    pub created: i64,
    /// When it was last changed; 0: not known.
    pub updated: i64,
    /// Whether it was put away.
    pub archived: bool,
    /// How many messages it has.
    pub messages: u64,
    /// How many attachments these have.
    pub attachments: u64,
    /// Bytes of all of it, as JSON.
    pub bytes: u64,
    /// Its own fields: "title", "createdAt", "updatedAt", "archived" and whatever else was given.
    pub fields: RawObject,
}

/// Which sessions to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionQuery {
    /// Those that were put away instead of the open ones.
    pub archived: bool,
    /// The longest unchanged first; else the last changed.
    pub oldest_first: bool,
    /// The most sessions, up to [`MAX_PAGE`]; 0: [`DEFAULT_PAGE`].
    pub limit: usize,
    /// The cursor of the page before.
    pub after: Option<String>,
}

/// Some sessions.
#[derive(Clone, Debug, Serialize)]
pub struct SessionPage {
    /// In the order asked for.
    pub sessions: Vec<Session>,
    /// For the next page; None when this is the last.
    pub cursor: Option<String>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Sessions that are open.
    pub open: u64,
    /// Sessions that were put away.
    pub archived: u64,
    /// Messages of all.
    pub messages: u64,
    /// Attachments of all.
    pub attachments: u64,
    /// Bytes of all, as JSON.
    pub bytes: u64,
}

/// A session as it lies at its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub id: String,
    pub created: i64,
    pub updated: i64,
    pub messages: u64,
    pub attachments: u64,
    pub bytes: u64,
    /// The number of the next message: numbers never come back.
    pub next: u64,
    /// What holds its messages in the form of the JSON file, if not "history".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Of its whole contents, while they are what a save of all sessions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    pub fields: RawObject,
}

impl Stored {
    pub fn archived(&self) -> bool {
        self.fields.get(ARCHIVED).unwrap_or(false)
    }

    pub fn order_key(&self, session: &str) -> String {
        order_key(self.archived(), self.updated, session)
    }

    /// Counts as changed at a time.
    fn touch(&mut self, now: i64) -> Result<()> {
        (self.updated, self.digest) = (now, None);
        match self.fields.get::<i64>(UPDATED) {
            Some(_) => self.fields.set_to(UPDATED, &now),
            None => self.fields.set_to(UPDATED, &to_rfc3339(now)),
        }
    }

    /// Refuses what is over a limit.
    pub fn check(&self) -> Result<()> {
        check_count("bytes of a session's fields", self.fields.bytes(), MAX_SESSION_BYTES)?;
        let records = self.messages.saturating_add(self.attachments);
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        check_count("messages and attachments of a session", count(records), MAX_RECORDS)?;
        check_count("bytes of a session", count(self.bytes), MAX_TOTAL_BYTES)
    }
}

impl From<Stored> for Session {
    fn from(stored: Stored) -> Self {
        Self {
            title: stored.fields.get("title").unwrap_or_default(),
            archived: stored.archived(),
            id: stored.id,
            created: stored.created,
            updated: stored.updated,
            messages: stored.messages,
            attachments: stored.attachments,
            bytes: stored.bytes,
            fields: stored.fields,
        }
    }
}

impl Chats<'_> {
    /// Creates a session from its fields, all of the caller's choice but "id" and the messages, which are left out; "title",
    /// "createdAt" and "archived" have a meaning. Without an `id` one of 128 random bits is made.
    ///
    /// # Errors
    /// [`Kind::Exists`]; [`Kind::Invalid`], [`Kind::TooLarge`]; [`Kind::Moved`] after the sessions moved to a JSON file;
    /// those of a commit.
    pub fn create(&self, id: Option<&str>, mut fields: RawObject) -> Result<Session> {
        let id = id.map_or_else(random_id, |id| Ok(id.to_owned()))?;
        let key = session_key(&id)?;
        if legacy::MESSAGES.iter().chain(&["id"]).any(|name| fields.raw(name).is_some()) {
            return Err(Error::invalid("the fields of a new session hold no \"id\" and no messages"));
        }
        let now = self.scope.now()?;
        for time in [CREATED, UPDATED] {
            if fields.raw(time).is_none() {
                fields.set_to(time, &to_rfc3339(now))?;
            }
        }
        let stored = Stored {
            id,
            created: legacy::time(&fields, CREATED).unwrap_or(now),
            updated: now,
            messages: 0,
            attachments: 0,
            bytes: fields.bytes() as u64,
            next: 1,
            list: None,
            digest: None,
            fields,
        };
        stored.check()?;
        self.scope.transaction(|txn| {
            authority::check_active(txn)?;
            if txn.get(key.as_bytes())?.is_some() {
                return Err(Error::new(Kind::Exists, format!("there is a chat session {:?}", stored.id)));
            }
            document::put(txn, &key, &stored)?;
            txn.put(stored.order_key(&key).as_bytes(), b"")
        })?;
        Ok(stored.into())
    }

    /// Reads a session without its messages. None when there is none.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`]; [`Kind::WrongType`] when a plain put wrote something else there; those of a
    /// read.
    pub fn get(&self, id: &str) -> Result<Option<Session>> {
        let stored: Option<Stored> = self.scope.document(session_key(id)?)?;
        Ok(stored.map(Session::from))
    }

    /// Changes fields of a session: null removes one, "archived" puts the session away or back.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; else as [`Chats::create`].
    pub fn update(&self, id: &str, patch: &RawObject) -> Result<Session> {
        if legacy::MESSAGES.iter().chain(&["id"]).any(|name| patch.raw(name).is_some()) {
            return Err(Error::invalid("a patch changes no \"id\" and no messages"));
        }
        let ((), changed) = self.change(id, |_, _, stored| {
            let before = stored.fields.bytes() as u64;
            stored.fields.patch(patch.clone())?;
            stored.bytes = stored.bytes.saturating_sub(before) + stored.fields.bytes() as u64;
            Ok(())
        })?;
        Ok(changed.into())
    }

    /// Removes a session with all that it holds, in one commit; whether there was one.
    ///
    /// # Errors
    /// As [`Chats::get`]; [`Kind::Moved`]; those of a commit.
    pub fn delete(&self, id: &str) -> Result<bool> {
        let key = session_key(id)?;
        self.scope.transaction(|txn| {
            authority::check_active(txn)?;
            let Some(stored) = document::get::<Stored>(txn, &key)? else { return Ok(false) };
            for key in records_of(txn, &key)? {
                txn.delete(&key)?;
            }
            txn.delete(stored.order_key(&key).as_bytes())?;
            txn.delete(key.as_bytes())
        })
    }

    /// Lists sessions by their last change.
    ///
    /// # Errors
    /// As [`Chats::get`].
    pub fn list(&self, query: &SessionQuery) -> Result<SessionPage> {
        let limit = page_limit(query.limit)?;
        let mut scan = Scan::prefix(order_prefix(query.archived).as_bytes())
            .reverse(!query.oldest_first)
            .keys_only(true)
            .limit(limit);
        if let Some(cursor) = &query.after {
            scan = scan.after(cursor.as_bytes());
        }
        self.scope.read(|txn| {
            let page = txn.scan(&scan)?;
            let mut sessions = Vec::with_capacity(page.rows.len());
            for row in &page.rows {
                let stored: Option<Stored> = document::get(txn, ordered_session(&row.key)?)?;
                sessions.extend(stored.map(Session::from));
            }
            let cursor = page.cursor.map(|cursor| String::from_utf8_lossy(&cursor).into_owned());
            Ok(SessionPage { sessions, cursor })
        })
    }

    /// Counts everything: reads the record of every session, and no message.
    ///
    /// # Errors
    /// As [`Chats::get`].
    pub fn counts(&self) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut scan = Scan::prefix(ORDER.as_bytes()).keys_only(true).limit(MAX_PAGE);
        loop {
            let page = self.scope.read(|txn| {
                let page = txn.scan(&scan)?;
                for row in &page.rows {
                    let Some(stored) = document::get::<Stored>(txn, ordered_session(&row.key)?)? else {
                        continue;
                    };
                    match stored.archived() {
                        true => counts.archived += 1,
                        false => counts.open += 1,
                    }
                    counts.messages += stored.messages;
                    counts.attachments += stored.attachments;
                    counts.bytes += stored.bytes;
                }
                Ok(page)
            })?;
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(counts),
            }
        }
    }

    /// One change of a session, and the session after it. When `body` fails, nothing of it is left.
    pub(super) fn change<R>(
        &self,
        id: &str,
        mut body: impl FnMut(&mut Transaction, &str, &mut Stored) -> Result<R>,
    ) -> Result<(R, Stored)> {
        let key = session_key(id)?;
        self.scope.transaction(|txn| {
            authority::check_active(txn)?;
            let mut stored: Stored = document::get(txn, &key)?.ok_or_else(|| no_session(id))?;
            let before = stored.order_key(&key);
            let result = body(txn, &key, &mut stored)?;
            stored.check()?;
            stored.touch(self.scope.now()?)?;
            let after = stored.order_key(&key);
            if after != before {
                txn.delete(before.as_bytes())?;
            }
            txn.put(after.as_bytes(), b"")?;
            document::put(txn, &key, &stored)?;
            Ok((result, stored))
        })
    }
}

/// The keys of the messages and attachments of a session.
fn records_of(txn: &mut Transaction, session: &str) -> Result<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    let mut scan =
        Scan::prefix(format!("{session}:").as_bytes()).keys_only(true).limit(limits::MAX_PAGE_ROWS);
    loop {
        let page = txn.scan(&scan)?;
        keys.extend(page.rows.into_iter().map(|row| row.key));
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => return Ok(keys),
        }
    }
}

pub(super) fn page_limit(limit: usize) -> Result<usize> {
    check_count("rows of a page", limit, MAX_PAGE)?;
    Ok(if limit == 0 { DEFAULT_PAGE } else { limit })
}

fn random_id() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(Kind::Io, format!("random bytes: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
