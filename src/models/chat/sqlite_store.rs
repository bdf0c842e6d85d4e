//! All chat sessions at once, over a store: saved in the form of the JSON file, of which only what changed is written, and
//! loaded as of one moment.

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::authority::{MARKER, Marker, State, check_state};
use super::json_store::{NOTHING, check_etag};
use super::legacy::{Payload, Whole};
use super::message::{Message, Parts, attachments};
use super::session::Stored;
use super::{ORDER, messages_prefix, ordered_session};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::document;
use crate::store::{Batch, Scan, Store};

/// Tries of a load that met writers.
const TRIES: usize = 8;
/// A commit ends once it has this many operations, or bytes: a session more must fit.
const FULL_OPS: usize = limits::MAX_BATCH_OPS - 2 * super::MAX_RECORDS - 8;
const FULL_BYTES: usize = limits::MAX_BATCH_BYTES - super::MAX_TOTAL_BYTES - (64 << 20);

/// What a save did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// Names the new state: the etag of the next save.
    pub etag: String,
    /// Sessions that were written.
    pub written: u64,
    /// Sessions that were as they are to be.
    pub unchanged: u64,
    /// Sessions that were removed.
    pub removed: u64,
    /// Commits that it took.
    pub commits: u64,
}

/// The chat sessions of a store, as a whole. For single sessions and messages see [`Chats`](super::Chats).
pub struct SqliteStore<'s>(&'s Store);

/// Where a session stands in the order, and which version that has.
type Places = BTreeMap<String, (Vec<u8>, u64)>;

/// The sessions of a moment.
struct Present {
    /// By the sessions' keys.
    places: Places,
    /// The version of the mark.
    version: u64,
    marker: Marker,
}

impl Present {
    fn etag(&self) -> Result<String> {
        let fields = &self.marker.fields;
        if self.places.is_empty() && fields.bytes() == 0 {
            return Ok(NOTHING.to_owned());
        }
        let mut hash = Xxh3::new();
        hash.update(&document::encode(fields)?);
        for (key, (place, version)) in &self.places {
            hash.update(key.as_bytes());
            hash.update(place);
            hash.update(&version.to_le_bytes());
        }
        Ok(format!("{:032x}", hash.digest128()))
    }
}

impl<'s> SqliteStore<'s> {
    /// The chat sessions of a store.
    pub fn new(store: &'s Store) -> Self {
        Self(store)
    }

    /// Loads all sessions as of one moment, the last changed first.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when others write all the time; [`Kind::WrongType`], [`Kind::Corrupt`] for records that the library
    /// did not write; those of a read.
    pub fn load(&self) -> Result<Payload> {
        let mut chats = Vec::new();
        let mut payload = self.visit(&mut |whole| {
            if whole.is_none() {
                chats.clear();
            }
            chats.extend(whole.map(Whole::into_raw).transpose()?);
            Ok(())
        })?;
        payload.chats = chats;
        Ok(payload)
    }

    /// Has every session visited as of one moment, the last changed first. None: a writer came
    /// between, and what was visited is void.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(Option<Whole>) -> Result<()>) -> Result<Payload> {
        'tries: for _ in 0..TRIES {
            visit(None)?;
            let present = self.present()?;
            let mut sessions: Vec<_> = present.places.iter().collect();
            // The prefixes of open and archived ones are equally long.
            sessions
                .sort_by(|(_, (a, _)), (_, (b, _))| b.get(ORDER.len() + 1..).cmp(&a.get(ORDER.len() + 1..)));
            for (key, (place, version)) in sessions {
                match self.read(key, place, *version)? {
                    Some(whole) => visit(Some(whole))?,
                    None => continue 'tries,
                }
            }
            let etag = Some(present.etag()?);
            return Ok(Payload { chats: Vec::new(), etag, fields: present.marker.fields });
        }
        Err(Error::new(Kind::Conflict, "others write to the chat sessions all the time"))
    }

    /// Saves all sessions in place of those there are: writes those that changed, and removes those that are not among them.
    /// One commit, unless the changes are beyond 20,000 records or 64 MiB: then several, each of whole sessions, which a
    /// crash may leave half made. Messages of a session that is written are numbered anew.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when the etag is not that of the present state, or a writer came between; [`Kind::Moved`] when the
    /// sessions were moved out of the store; [`Kind::Invalid`], [`Kind::TooLarge`] for sessions that no store takes; those of a
    /// commit.
    pub fn save(&self, payload: &Payload) -> Result<Saved> {
        let sessions = payload.sessions()?;
        let present = self.present()?;
        check_state(&present.marker, State::Active)?;
        check_etag(payload.etag.as_deref(), &present.etag()?)?;
        let mut saving = Saving::new(self.0, present, usize::MAX);
        for whole in sessions {
            saving.add(whole)?;
        }
        saving.remove_rest()?;
        saving.finish(|marker| marker.fields = payload.fields.clone())
    }

    /// Begins to write sessions in commits of about `records`; those that are as they are to be stay.
    pub(super) fn saving(&self, records: usize) -> Result<Saving<'s>> {
        Ok(Saving::new(self.0, self.present()?, records))
    }

    pub(super) fn marker(&self) -> Result<Marker> {
        let found = self.0.get(MARKER.as_bytes())?;
        found.map_or_else(|| Ok(Marker::default()), |value| document::decode(MARKER.as_bytes(), &value))
    }

    fn present(&self) -> Result<Present> {
        let mut txn = self.0.begin()?;
        let marker = txn.get(MARKER.as_bytes())?;
        let version = marker.as_ref().map_or(0, crate::store::Value::version);
        let marker = marker.map(|value| document::decode(MARKER.as_bytes(), &value)).transpose()?;
        let mut places = Places::new();
        let mut scan = Scan::prefix(ORDER.as_bytes()).keys_only(true).limit(limits::MAX_PAGE_ROWS);
        loop {
            let page = txn.peek(&scan)?;
            for row in page.rows {
                places.insert(ordered_session(&row.key)?, (row.key, row.version));
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(Present { places, version, marker: marker.unwrap_or_default() }),
            }
        }
    }

    /// Reads a session with all that it holds, as of one moment. None when it is not the one that was at a place.
    fn read(&self, key: &str, place: &[u8], version: u64) -> Result<Option<Whole>> {
        let mut txn = self.0.begin()?;
        if txn.get(place)?.is_none_or(|found| found.version() != version) {
            return Ok(None);
        }
        let gone = || Error::new(Kind::Corrupt, format!("{key}: the session is gone, and its place is not"));
        let stored: Stored = document::get(&mut txn, key)?.ok_or_else(gone)?;
        let mut messages = Vec::new();
        let mut scan = Scan::prefix(messages_prefix(key).as_bytes()).limit(limits::MAX_PAGE_ROWS);
        loop {
            let page = txn.peek(&scan)?;
            for row in &page.rows {
                let Some(value) = &row.value else { continue };
                let message: Message = document::decode(&row.key, value)?;
                let attachments = attachments(&mut txn, key, &message)?;
                messages.push(Parts { message: message.message, attachments });
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => break,
            }
        }
        if messages.len() as u64 != stored.messages {
            let (found, wanted) = (messages.len(), stored.messages);
            return Err(Error::new(Kind::Corrupt, format!("{key}: {found} messages, not {wanted}")));
        }
        Ok(Some(Whole { key: key.to_owned(), stored, messages }))
    }
}

/// A save under way.
pub(super) struct Saving<'s> {
    store: &'s Store,
    /// As it is, but for what the batch does to the sessions that were added.
    present: Present,
    /// The places that were there and that no session took yet.
    rest: Places,
    /// Places that the batch writes: their versions are told by its commit.
    fresh: Vec<String>,
    batch: Batch,
    bytes: usize,
    full: usize,
    saved: Saved,
}

impl<'s> Saving<'s> {
    fn new(store: &'s Store, present: Present, records: usize) -> Self {
        Self {
            store,
            rest: present.places.clone(),
            present,
            fresh: Vec::new(),
            batch: Batch::new(),
            bytes: 0,
            full: records.min(FULL_OPS),
            saved: Saved::default(),
        }
    }

    pub fn marker(&self) -> &Marker {
        &self.present.marker
    }

    /// Whether there was no session.
    pub fn is_empty(&self) -> bool {
        self.present.places.is_empty()
    }

    /// Adds a session; whether it was to be written.
    pub fn add(&mut self, mut whole: Whole) -> Result<bool> {
        let key = whole.key.clone();
        let old = self.rest.remove(&key);
        let stored = match &old {
            Some(_) => self.store.get(key.as_bytes())?,
            None => None,
        };
        let stored: Option<Stored> =
            stored.map(|value| document::decode(key.as_bytes(), &value)).transpose()?;
        if let Some(stored) = &stored {
            if stored.digest.is_some() && stored.digest == whole.stored.digest {
                self.saved.unchanged += 1;
                return Ok(false);
            }
            // Numbers never come back.
            whole.stored.next = whole.stored.next.max(stored.next);
        }
        self.make_room()?;
        let records = whole.records()?;
        match &old {
            Some((place, version)) => {
                self.clear(&key, place, *version)?;
            }
            None => self.batch.check(key.as_bytes(), 0)?,
        }
        for (key, value) in &records {
            self.put(key, value)?;
        }
        self.put(&key, &document::encode(&whole.stored)?)?;
        let place = whole.stored.order_key(&key);
        self.put(&place, b"")?;
        self.present.places.insert(key.clone(), (place.into_bytes(), 0));
        self.fresh.push(key);
        self.saved.written += 1;
        Ok(true)
    }

    /// Removes the sessions that were there and were not added.
    pub fn remove_rest(&mut self) -> Result<()> {
        for (key, (place, version)) in std::mem::take(&mut self.rest) {
            self.make_room()?;
            self.clear(&key, &place, version)?;
            self.batch.delete(key.as_bytes())?;
            self.present.places.remove(&key);
            self.saved.removed += 1;
        }
        Ok(())
    }

    /// Changes the mark, and commits what is left.
    pub fn finish(mut self, change: impl FnOnce(&mut Marker)) -> Result<Saved> {
        self.set_marker(change)?;
        if !self.batch.is_empty() {
            self.commit()?;
        }
        self.saved.etag = self.present.etag()?;
        Ok(self.saved)
    }

    /// Changes the mark in the next commit, which conflicts if another changed it.
    pub fn set_marker(&mut self, change: impl FnOnce(&mut Marker)) -> Result<()> {
        let before = document::encode(&self.present.marker)?;
        change(&mut self.present.marker);
        let after = document::encode(&self.present.marker)?;
        if before != after {
            self.batch.check(MARKER.as_bytes(), self.present.version)?;
            self.batch.put(MARKER.as_bytes(), &after)?;
            self.commit_with_marker()?;
        }
        Ok(())
    }

    /// Removes what a session holds, if it is still the one at a place.
    fn clear(&mut self, key: &str, place: &[u8], version: u64) -> Result<()> {
        self.batch.check(place, version)?;
        self.batch.delete(place)?;
        let mut scan =
            Scan::prefix(format!("{key}:").as_bytes()).keys_only(true).limit(limits::MAX_PAGE_ROWS);
        loop {
            let page = self.store.scan(&scan)?;
            for row in &page.rows {
                self.batch.delete(&row.key)?;
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(()),
            }
        }
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.bytes += key.len() + value.len();
        self.batch.put(key.as_bytes(), value)
    }

    fn make_room(&mut self) -> Result<()> {
        if self.batch.len() >= self.full || self.bytes >= FULL_BYTES { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        self.batch.check(MARKER.as_bytes(), self.present.version)?;
        self.commit_batch().map(drop)
    }

    fn commit_with_marker(&mut self) -> Result<()> {
        self.present.version = self.commit_batch()?;
        Ok(())
    }

    fn commit_batch(&mut self) -> Result<u64> {
        let version = self.store.commit(&self.batch)?;
        self.batch.clear();
        self.bytes = 0;
        self.saved.commits += 1;
        for key in self.fresh.drain(..) {
            if let Some((_, place)) = self.present.places.get_mut(&key) {
                *place = version;
            }
        }
        Ok(version)
    }
}
