//! One JSON file with all chat sessions, written as a whole: temporary file, synchronised, renamed. What was there before
//! becomes a backup. A file that cannot be read is an error and stays: it is never taken for an empty chat, nor saved over.

use std::path::Path;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::authority::{Authority, Backend, Folder, FolderLock, JSON, io_error};
use super::legacy::{MAX_PAYLOAD_BYTES, Payload};
use super::sqlite_store::Saved;
use crate::error::{Error, Kind, Result};
use crate::models::document::check_count;
use crate::platform;

/// Backups that are kept where the program does not say.
pub const DEFAULT_BACKUPS: usize = 5;
/// The etag where nothing is.
pub(super) const NOTHING: &str = "0";
/// What stands between the name of the file and the number of a backup.
const BACKUP: &str = ".backup-";

/// The JSON file of a folder: `user_chat_sessions.json`, its backups and its lock.
#[derive(Clone, Debug)]
pub struct JsonStore {
    folder: Folder,
    keep: usize,
}

/// An earlier state of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// The name of its file.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Why it cannot be restored; None: it can.
    pub damage: Option<String>,
}

impl JsonStore {
    /// The JSON file of a folder, which must exist.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Invalid`], [`Kind::Io`].
    pub fn new(folder: &Path) -> Result<Self> {
        Ok(Self { folder: Folder::new(folder)?, keep: DEFAULT_BACKUPS })
    }

    /// The same, keeping the last `keep` states of the file as backups.
    pub fn keeping(mut self, keep: usize) -> Self {
        self.keep = keep;
        self
    }

    /// Loads all sessions; none when there never was a file. After the sessions moved to SQLite, these are those of
    /// before. Waits for nobody.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] for a file that is torn, empty, overwritten with NULs, not UTF-8, not JSON or of another form, and
    /// for a file that is gone; [`Kind::TooLarge`], [`Kind::Io`].
    pub fn load(&self) -> Result<Payload> {
        let path = self.folder.json();
        let Some(bytes) = self.folder.read(&path, MAX_PAYLOAD_BYTES)? else {
            // Once there was one, none is no empty one.
            let authority = self.folder.authority()?;
            if authority.epoch > 0 || !self.backup_names()?.is_empty() {
                return Err(Error::new(Kind::Corrupt, format!("{}: the file is gone", path.display())));
            }
            return Ok(Payload { etag: Some(NOTHING.to_owned()), ..Payload::default() });
        };
        let mut payload = parse(&path, &bytes)?;
        payload.etag = Some(etag(&bytes));
        Ok(payload)
    }

    /// Saves all sessions in place of those there are, which become a backup. Answers the new etag.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when the etag is not that of the present state: load again, and put the changes to that;
    /// [`Kind::Moved`] when the sessions were moved to SQLite; [`Kind::Busy`] when another process holds the lock for long;
    /// [`Kind::Corrupt`] as [`JsonStore::load`]: restore a backup first; [`Kind::Invalid`], [`Kind::TooLarge`] for sessions
    /// that no store takes; [`Kind::Full`], [`Kind::ReadOnly`], [`Kind::Io`]. Then nothing was changed.
    pub fn save(&self, payload: &Payload) -> Result<Saved> {
        let lock = self.folder.lock()?;
        self.check_authority()?;
        payload.sessions()?;
        self.save_locked(&lock, payload)
    }

    fn check_authority(&self) -> Result<()> {
        match self.folder.authority()? {
            Authority { epoch, backend: Backend::Sqlite } => {
                let text = format!("the chat sessions were moved to SQLite in epoch {epoch}");
                Err(Error::new(Kind::Moved, text))
            }
            Authority { backend: Backend::Json, .. } => Ok(()),
        }
    }

    /// Saves as who holds the lock and knows that the file counts.
    pub(super) fn save_locked(&self, lock: &FolderLock, payload: &Payload) -> Result<Saved> {
        let present = self.load()?;
        check_etag(payload.etag.as_deref(), present.etag.as_deref().unwrap_or(NOTHING))?;
        self.replace(lock, payload)
    }

    /// Puts sessions in the place of the file, which becomes a backup, broken or not.
    pub(super) fn replace(&self, lock: &FolderLock, payload: &Payload) -> Result<Saved> {
        let bytes = Payload { etag: None, ..payload.clone() }.to_json()?;
        check_count("bytes of chat sessions", bytes.len(), MAX_PAYLOAD_BYTES)?;
        if self.folder.json().exists() {
            self.back_up()?;
        }
        self.folder.write(lock, &self.folder.json(), &bytes)?;
        self.prune();
        let written = payload.chats.len() as u64;
        Ok(Saved { etag: etag(&bytes), written, ..Saved::default() })
    }

    /// The backups, from the oldest to the latest.
    ///
    /// # Errors
    /// [`Kind::Io`].
    pub fn backups(&self) -> Result<Vec<Backup>> {
        let names = self.backup_names()?;
        let backup = |name: String| {
            let path = self.folder.path(&name);
            let bytes = path.metadata().map_or(0, |found| found.len());
            let damage = self.read_backup(&name).err().map(|error| error.message().to_owned());
            Backup { name, bytes, damage }
        };
        Ok(names.into_iter().map(backup).collect())
    }

    /// Puts a backup in the place of the file, which becomes a backup itself, broken or not; None: the latest that can be
    /// read. Answers which.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without such a backup; [`Kind::Corrupt`] when it cannot be read; else as [`JsonStore::save`].
    pub fn restore(&self, name: Option<&str>) -> Result<String> {
        let lock = self.folder.lock()?;
        self.check_authority()?;
        let missing = || Error::new(Kind::NotFound, "there is no such backup that can be read");
        let names = self.backup_names()?;
        let (name, bytes) = match name {
            Some(name) => {
                let known = names.into_iter().find(|known| known == name).ok_or_else(missing)?;
                let bytes = self.read_backup(&known)?;
                (known, bytes)
            }
            None => names
                .into_iter()
                .rev()
                .find_map(|name| self.read_backup(&name).ok().map(|bytes| (name, bytes)))
                .ok_or_else(missing)?,
        };
        if self.folder.json().exists() {
            self.back_up()?;
        }
        self.folder.write(&lock, &self.folder.json(), &bytes)?;
        self.prune();
        Ok(name)
    }

    /// Copies the file to another name, for ever, if there is one. Who writes to the file in place does not change the copy.
    pub(super) fn keep_as(&self, lock: &FolderLock, name: &str) -> Result<bool> {
        let bytes = self.folder.read(&self.folder.json(), MAX_PAYLOAD_BYTES)?;
        if let Some(bytes) = &bytes {
            self.folder.write(lock, &self.folder.path(name), bytes)?;
        }
        Ok(bytes.is_some())
    }

    /// Gives the file a second name. It is replaced next, and only that name is left.
    fn back_up(&self) -> Result<()> {
        let last = self.backup_names()?.last().and_then(|name| number(name)).unwrap_or(0);
        let (from, to) = (self.folder.json(), self.folder.path(&format!("{JSON}{BACKUP}{:06}", last + 1)));
        // Not every file system has links.
        let kept = std::fs::hard_link(&from, &to).or_else(|_| std::fs::copy(&from, &to).map(drop));
        kept.and_then(|()| platform::sync_directory_of(&to)).map_err(|error| io_error(&to, &error))
    }

    /// Removes the oldest backups. That one more is left is no reason to fail.
    fn prune(&self) {
        let names = self.backup_names().unwrap_or_default();
        for name in names.iter().take(names.len().saturating_sub(self.keep)) {
            if let Err(error) = std::fs::remove_file(self.folder.path(name)) {
                crate::log::warn(format_args!("the old backup {name} stays: {error}"));
            }
        }
    }

    fn backup_names(&self) -> Result<Vec<String>> {
        let mut names = self.folder.entries()?;
        names.retain(|name| number(name).is_some());
        names.sort_by_key(|name| number(name));
        Ok(names)
    }

    fn read_backup(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.folder.path(name);
        let gone = || Error::new(Kind::NotFound, format!("{}: it is gone", path.display()));
        let bytes = self.folder.read(&path, MAX_PAYLOAD_BYTES)?.ok_or_else(gone)?;
        parse(&path, &bytes).map(|_| bytes)
    }
}

/// The number of a backup.
fn number(name: &str) -> Option<u64> {
    let number = name.strip_prefix(JSON)?.strip_prefix(BACKUP)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Payload> {
    let damaged = |text: &str| Error::new(Kind::Corrupt, format!("{}: {text}", path.display()));
    if bytes.is_empty() {
        return Err(damaged("the file is empty"));
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(damaged("the file holds nothing but NUL bytes"));
    }
    Payload::parse(bytes).map_err(|error| damaged(error.message()))
}

fn etag(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Whether a save rests on the present state.
pub(super) fn check_etag(given: Option<&str>, present: &str) -> Result<()> {
    match given {
        Some("*") => Ok(()),
        Some(given) if given == present => Ok(()),
        None if present == NOTHING => Ok(()),
        Some(_) => Err(Error::new(
            Kind::Conflict,
            "the chat sessions were saved by somebody else since they were loaded",
        )),
        None => Err(Error::new(
            Kind::Conflict,
            "there are chat sessions, and the ones to save carry no \"etag\" of them: load before saving",
        )),
    }
}

/// Loads the chat sessions of the JSON file in a folder, as [`Payload::to_json`].
///
/// # Errors
/// As [`JsonStore::load`].
pub fn load_chat_sessions(folder: &Path) -> Result<Vec<u8>> {
    JsonStore::new(folder)?.load()?.to_json()
}

/// Saves chat sessions, as [`Payload::parse`], in the JSON file of a folder.
///
/// # Errors
/// As [`JsonStore::save`].
pub fn save_chat_sessions(folder: &Path, payload: &[u8]) -> Result<Saved> {
    JsonStore::new(folder)?.save(&Payload::parse(payload)?)
}
