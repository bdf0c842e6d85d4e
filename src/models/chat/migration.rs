//! From the JSON file to the SQLite store and back.
//!
//! The folder's lock is held meanwhile: who only reads goes on, who wants to save waits, then is refused as busy. Sessions are
//! copied whole, each with a hash of its contents, and one that is there with the same hash is not copied again: so a move that
//! was killed goes on where it stopped, also when the file was changed in between. All are read back and compared before the
//! one step that makes the other place count: a file beside them is replaced, with the next epoch in it. Until then nothing
//! has changed for anybody. What no store takes is left out, kept in a file of its own, and reported.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;

use super::authority::{Authority, Backend, Folder, FolderLock, JSON, Marker, State};
use super::json_store::{Backup, JsonStore};
use super::legacy::{MAX_PAYLOAD_BYTES, Payload, Whole, digest};
use super::sqlite_store::{Saved, SqliteStore};
use crate::admin::{Phase, Reporter, Watcher};
use crate::error::{Error, Kind, Result};
use crate::models::document;
use crate::store::Store;

/// How to move.
#[derive(Clone, Copy, Debug)]
pub struct MigrateOptions {
    /// Only look: read and check every session, write nothing.
    pub dry_run: bool,
    /// About how many records a commit has.
    pub chunk_records: usize,
}

impl Default for MigrateOptions {
    fn default() -> Self {
        Self { dry_run: false, chunk_records: 5000 }
    }
}

/// A session that was left out.
#[derive(Clone, Debug, Serialize)]
pub struct Quarantined {
    /// Its place in the file, counted from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// What a move did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MigrationReport {
    /// Where the sessions are now.
    pub backend: Backend,
    /// The epoch since which they are there.
    pub epoch: u64,
    /// Whether this call moved them; not after a dry run, and when they were there already.
    pub moved: bool,
    /// Sessions that were found to be the same in both places; of a dry run: that would be moved.
    pub sessions: u64,
    /// Their messages.
    pub messages: u64,
    /// Bytes of all, as JSON.
    pub bytes: u64,
    /// Sessions that this call wrote.
    pub written: u64,
    /// Sessions that an earlier call had written.
    pub unchanged: u64,
    /// What was left out.
    pub quarantined: Vec<Quarantined>,
    /// The file that what was left out is kept in.
    pub quarantine: Option<String>,
    /// The copy of the JSON file that was made before.
    pub backup: Option<String>,
}

/// How far a program is on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The sessions are in the JSON file, and always were.
    NotStarted,
    /// A move was begun and not finished; what counted before still does.
    Interrupted,
    /// They are in the SQLite store.
    Done,
    /// They were, and are in the JSON file again.
    Reverted,
}

/// One of the two places.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Place {
    /// Whether there is a file.
    pub exists: bool,
    /// Its bytes.
    pub bytes: u64,
    /// The sessions in it.
    pub sessions: u64,
    /// Why it cannot be read; None: it can.
    pub damage: Option<String>,
}

/// What [`check_migration_status`] tells.
#[derive(Clone, Debug, Serialize)]
pub struct MigrationStatus {
    /// How far it is.
    pub stage: Stage,
    /// Which place counts.
    #[serde(flatten)]
    pub authority: Authority,
    /// The JSON file.
    pub json: Place,
    /// The SQLite store.
    pub sqlite: Place,
    /// Earlier states of the JSON file.
    pub backups: Vec<Backup>,
    /// Files with what was left out.
    pub quarantines: Vec<String>,
}

/// Tells where the chat sessions of a folder are, and what state both places are in. Waits for nobody, changes nothing.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Io`] for the folder; [`Kind::Corrupt`] when nothing tells which place counts.
pub fn check_migration_status(folder: &Path) -> Result<MigrationStatus> {
    let json = JsonStore::new(folder)?;
    let folder = Folder::new(folder)?;
    let authority = folder.authority()?;
    let file = folder.json();
    let mut json_place = place(&file);
    match json.load() {
        Ok(payload) => json_place.sessions = payload.chats.len() as u64,
        Err(error) => json_place.damage = Some(error.message().to_owned()),
    }
    let mut sqlite = place(&folder.sqlite());
    let mut marker = Marker::default();
    if sqlite.exists {
        let read = folder.open_sqlite().and_then(|store| {
            let counts = super::Chats::new(&store).counts()?;
            Ok((SqliteStore::new(&store).marker()?, counts.open + counts.archived))
        });
        match read {
            Ok((found, sessions)) => (marker, sqlite.sessions) = (found, sessions),
            Err(error) => sqlite.damage = Some(error.message().to_owned()),
        }
    }
    let stage = match (authority.backend, marker.state) {
        (_, State::Incoming) => Stage::Interrupted,
        _ if marker.epoch > authority.epoch => Stage::Interrupted,
        (Backend::Sqlite, _) => Stage::Done,
        (Backend::Json, _) if authority.epoch > 0 => Stage::Reverted,
        (Backend::Json, _) => Stage::NotStarted,
    };
    let mut quarantines = folder.entries()?;
    quarantines.retain(|name| name.starts_with(QUARANTINE));
    quarantines.sort();
    Ok(MigrationStatus { stage, authority, json: json_place, sqlite, backups: json.backups()?, quarantines })
}

fn place(path: &Path) -> Place {
    match path.metadata() {
        Ok(found) => Place { exists: true, bytes: found.len(), ..Place::default() },
        Err(_) => Place::default(),
    }
}

const QUARANTINE: &str = "chat_sessions.quarantine-";

/// Moves the chat sessions of a folder from the JSON file to the SQLite store, or goes on with that. Does nothing when they
/// are there already.
///
/// # Errors
/// [`Kind::Cancelled`]; [`Kind::Busy`] when another process writes or moves them; [`Kind::Corrupt`] for a JSON file that
/// cannot be read, and for sessions that were not the same when they were read back; [`Kind::Exists`] when the store has chat
/// sessions of its own; those of a commit. Then the JSON file counts as before.
pub fn migrate_to_sqlite(
    folder: &Path,
    options: &MigrateOptions,
    watcher: Watcher<'_>,
) -> Result<MigrationReport> {
    let json = JsonStore::new(folder)?;
    let folder = Folder::new(folder)?;
    let lock = folder.lock()?;
    let authority = folder.authority()?;
    if authority.backend == Backend::Sqlite {
        settle(&lock, &folder.open_sqlite()?, authority)?;
        return Ok(stayed(authority));
    }
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    let payload = json.load()?;
    let (sessions, quarantined) = sort_out(&payload);
    let mut report = stayed(authority);
    for whole in &sessions {
        report.count(whole);
    }
    report.quarantined = quarantined;
    if options.dry_run {
        return Ok(report);
    }
    let authority = Authority { epoch: authority.epoch + 1, backend: Backend::Sqlite };
    keep_aside(&folder, &lock, &json, authority.epoch, &payload, &mut report)?;
    let expected = sessions.iter().map(|whole| (whole.key.clone(), whole.stored.digest.clone())).collect();
    let store = folder.create_sqlite(&lock)?;
    copy(&store, authority.epoch, &payload, sessions, options, &mut reporter, &mut report)?;
    reporter.phase(Phase::Verify, 0, 0)?;
    verify(&store, &expected, &mut reporter)?;
    store.checkpoint()?;
    reporter.phase(Phase::Finish, 0, 0)?;
    folder.set_authority(&lock, authority)?;
    settle(&lock, &store, authority)?;
    store.close()?;
    (report.backend, report.epoch, report.moved) = (authority.backend, authority.epoch, true);
    Ok(report)
}

/// Moves the chat sessions of a folder back from the SQLite store to the JSON file. Does nothing when they are there.
///
/// # Errors
/// [`Kind::Cancelled`], [`Kind::Busy`]; those of opening a store and of reads; [`Kind::TooLarge`] for more than the file may
/// have; [`Kind::Full`], [`Kind::ReadOnly`], [`Kind::Io`]. Then the store counts as before.
pub fn migrate_to_json(folder: &Path, watcher: Watcher<'_>) -> Result<MigrationReport> {
    let json = JsonStore::new(folder)?;
    let folder = Folder::new(folder)?;
    let lock = folder.lock()?;
    let authority = folder.authority()?;
    if authority.backend == Backend::Json {
        return Ok(stayed(authority));
    }
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    reporter.phase(Phase::Copy, 0, 0)?;
    let next = Authority { epoch: authority.epoch + 1, backend: Backend::Json };
    let store = folder.open_sqlite()?;
    // So that nobody writes to it any more, also not past the lock.
    SqliteStore::new(&store).saving(1)?.finish(|marker| {
        (marker.epoch, marker.state) = (next.epoch, State::Retired);
    })?;
    let mut report = stayed(authority);
    let moved = copy_back(&lock, &json, &store, &mut reporter, &mut report)
        .and_then(|()| folder.set_authority(&lock, next));
    if let Err(error) = moved {
        if let Err(unsettled) = settle(&lock, &store, folder.authority()?) {
            crate::log::warn(format_args!("writes to the chat sessions wait for the next save: {unsettled}"));
        }
        return Err(error);
    }
    (report.backend, report.epoch, report.moved) = (next.backend, next.epoch, true);
    Ok(report)
}

/// Writes the sessions of the store to the JSON file, and compares.
fn copy_back(
    lock: &FolderLock,
    json: &JsonStore,
    store: &Store,
    reporter: &mut Reporter<'_>,
    report: &mut MigrationReport,
) -> Result<()> {
    let mut expected = Digests::new();
    let mut chats = Vec::new();
    let before = report.clone();
    let mut payload = SqliteStore::new(store).visit(&mut |whole| {
        let Some(whole) = whole else {
            *report = before.clone();
            expected.clear();
            chats.clear();
            return reporter.phase(Phase::Copy, 0, 0);
        };
        report.count(&whole);
        let bytes = usize::try_from(report.bytes).unwrap_or(usize::MAX);
        document::check_count("bytes of chat sessions", bytes, MAX_PAYLOAD_BYTES)?;
        reporter.add(1, whole.stored.bytes)?;
        expected.insert(whole.key.clone(), Some(digest(&whole.stored, &whole.messages)?));
        chats.push(whole.into_raw()?);
        Ok(())
    })?;
    payload.chats = chats;
    report.written = json.replace(lock, &payload)?.written;
    reporter.phase(Phase::Verify, 0, 0)?;
    let found = json.load()?.sessions()?;
    check_same(&expected, &found.into_iter().map(|whole| (whole.key, whole.stored.digest)).collect())?;
    reporter.phase(Phase::Finish, 0, 0)
}

/// Brings the mark of the store that counts in line, after a move to it or away from it that was not finished.
pub(super) fn settle(_: &FolderLock, store: &Store, authority: Authority) -> Result<()> {
    let saving = SqliteStore::new(store).saving(1)?;
    if authority.backend == Backend::Sqlite && saving.marker().state != State::Active {
        saving.finish(|marker| (marker.epoch, marker.state) = (authority.epoch, State::Active))?;
    }
    Ok(())
}

/// The sessions that can be moved, and the others.
fn sort_out(payload: &Payload) -> (Vec<Whole>, Vec<Quarantined>) {
    let (mut sessions, mut quarantined) = (BTreeMap::new(), Vec::new());
    for (index, raw) in payload.chats.iter().enumerate() {
        let mut leave_out = |reason: String| {
            quarantined.push(Quarantined { index, reason });
        };
        match Whole::parse(raw.get()) {
            Err(error) => leave_out(error.message().to_owned()),
            Ok(whole) if sessions.contains_key(&whole.key) => {
                leave_out(format!("the id {:?} is there before", whole.stored.id));
            }
            Ok(whole) => drop(sessions.insert(whole.key.clone(), whole)),
        }
    }
    (sessions.into_values().collect(), quarantined)
}

/// Copies the JSON file, and what is left out of the move, to files of their own.
fn keep_aside(
    folder: &Folder,
    lock: &FolderLock,
    json: &JsonStore,
    epoch: u64,
    payload: &Payload,
    report: &mut MigrationReport,
) -> Result<()> {
    #[derive(Serialize)]
    struct Kept<'a> {
        #[serde(flatten)]
        why: &'a Quarantined,
        session: Option<&'a RawValue>,
    }
    let backup = format!("{JSON}.epoch-{epoch}");
    report.backup = json.keep_as(lock, &backup)?.then_some(backup);
    if !report.quarantined.is_empty() {
        let kept = report.quarantined.iter().map(|why| {
            let session = payload.chats.get(why.index).map(AsRef::as_ref);
            Kept { why, session }
        });
        let name = format!("{QUARANTINE}{epoch}.json");
        folder.write(lock, &folder.path(&name), &document::encode(&kept.collect::<Vec<_>>())?)?;
        report.quarantine = Some(name);
    }
    Ok(())
}

fn copy(
    store: &Store,
    epoch: u64,
    payload: &Payload,
    sessions: Vec<Whole>,
    options: &MigrateOptions,
    reporter: &mut Reporter<'_>,
    report: &mut MigrationReport,
) -> Result<()> {
    let mut saving = SqliteStore::new(store).saving(options.chunk_records.max(1))?;
    if saving.marker().epoch == 0 && saving.marker().state == State::Active && !saving.is_empty() {
        return Err(Error::new(Kind::Exists, "the store has chat sessions that no migration wrote"));
    }
    saving.set_marker(|marker| {
        *marker = Marker { epoch, state: State::Incoming, fields: payload.fields.clone() };
    })?;
    reporter.phase(Phase::Copy, 0, 0)?;
    for whole in sessions {
        let bytes = whole.stored.bytes;
        saving.add(whole)?;
        reporter.add(1, bytes)?;
    }
    saving.remove_rest()?;
    let Saved { written, unchanged, .. } = saving.finish(|_| {})?;
    (report.written, report.unchanged) = (written, unchanged);
    Ok(())
}

/// Hashes of the contents of sessions, by their keys.
type Digests = BTreeMap<String, Option<String>>;

/// Reads all sessions back and compares their contents with what they are to be.
fn verify(store: &Store, expected: &Digests, reporter: &mut Reporter<'_>) -> Result<()> {
    let mut found = Digests::new();
    SqliteStore::new(store).visit(&mut |whole| {
        let Some(whole) = whole else {
            found.clear();
            return Ok(());
        };
        let bytes = whole.stored.bytes;
        found.insert(whole.key.clone(), Some(digest(&whole.stored, &whole.messages)?));
        reporter.add(1, bytes)
    })?;
    check_same(expected, &found)
}

fn check_same(expected: &Digests, found: &Digests) -> Result<()> {
    let strays = found.keys().filter(|key| !expected.contains_key(*key));
    let others = expected.iter().filter(|(key, digest)| found.get(*key) != Some(*digest)).map(|(key, _)| key);
    match strays.chain(others).next() {
        None => Ok(()),
        Some(key) => {
            let id = super::session_id(key);
            Err(Error::new(Kind::Corrupt, format!("chat session {id:?} was read back differently")))
        }
    }
}

fn stayed(Authority { epoch, backend }: Authority) -> MigrationReport {
    MigrationReport { epoch, backend, ..MigrationReport::default() }
}

impl MigrationReport {
    fn count(&mut self, whole: &Whole) {
        self.sessions += 1;
        self.messages += whole.stored.messages;
        self.bytes += whole.stored.bytes;
    }
}
