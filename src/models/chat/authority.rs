//! Which of the two places of the chat sessions counts: a file beside them tells, under a number that grows with each switch.
//! The store carries a mark of its own, so that who writes to it directly is refused while it does not count.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::raw::RawObject;
use super::sqlite_store::SqliteStore;
use crate::error::{Error, Kind, Result};
use crate::models::document;
use crate::platform::whole_file;
use crate::store::{Config, Durability, Location, Options, Store, Transaction};

/// How long a writer waits for another one, as a store does by default.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);
/// The name of the JSON file.
pub(super) const JSON: &str = "user_chat_sessions.json";
const MAX_RECORD_BYTES: usize = 4096;

/// Where chat sessions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// In the JSON file.
    #[default]
    Json,
    /// In the SQLite store.
    Sqlite,
}

/// Which place counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// How many times the sessions were moved.
    pub epoch: u64,
    /// Where they are.
    pub backend: Backend,
}

/// What a store is to the sessions in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It counts.
    #[default]
    Active,
    /// They are on their way into it.
    Incoming,
    /// They were moved to the JSON file.
    Retired,
}

/// The mark of a store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Marker {
    /// The epoch that made it what it is; 0: it never was part of a move.
    pub epoch: u64,
    pub state: State,
    /// The fields of the JSON object around the sessions.
    #[serde(default)]
    pub fields: RawObject,
}

/// Its key.
pub(super) const MARKER: &str = "chats";

/// Refuses to write to a store that does not count.
pub(super) fn check_active(txn: &mut Transaction) -> Result<()> {
    check_state(&document::get(txn, MARKER)?.unwrap_or_default(), State::Active)
}

pub(super) fn check_state(marker: &Marker, wanted: State) -> Result<()> {
    let epoch = marker.epoch;
    let text = match marker.state {
        state if state == wanted => return Ok(()),
        State::Active => format!("the store holds the chat sessions, since epoch {epoch}"),
        State::Incoming => format!("the chat sessions are being moved into this store, for epoch {epoch}"),
        State::Retired => format!("the chat sessions were moved to the JSON file in epoch {epoch}"),
    };
    Err(Error::new(Kind::Moved, text))
}

/// The folder of a program's data, with its file names.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// Held by who writes to the JSON file or moves the sessions. It ends with the process.
pub(super) struct FolderLock(#[allow(dead_code, reason = "the lock lives as long as the file")] File);

impl Folder {
    pub fn new(path: &Path) -> Result<Self> {
        match path.metadata() {
            Ok(found) if found.is_dir() => Ok(Self(path.to_owned())),
            Ok(_) => Err(Error::invalid(format!("{}: wanted a folder", path.display()))),
            Err(error) => Err(io_error(path, &error)),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn json(&self) -> PathBuf {
        self.path(JSON)
    }

    pub fn sqlite(&self) -> PathBuf {
        self.path("chat_sessions.db")
    }

    pub fn entries(&self) -> Result<Vec<String>> {
        let failed = |error| io_error(&self.0, &error);
        let entries = std::fs::read_dir(&self.0).map_err(failed)?;
        entries.map(|entry| Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Becomes the one writer.
    pub fn lock(&self) -> Result<FolderLock> {
        let path = self.path("chat_sessions.lock");
        let file = whole_file::open_lock(&path).map_err(|error| io_error(&path, &error))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(FolderLock(file)),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let text =
                        format!("{}: another process writes or moves the chat sessions", path.display());
                    return Err(Error::new(Kind::Busy, text));
                }
                Err(TryLockError::Error(error)) => return Err(io_error(&path, &error)),
            }
        }
    }

    /// Writes a file as a whole. The lock makes it the only one.
    pub fn write(&self, _: &FolderLock, path: &Path, bytes: &[u8]) -> Result<()> {
        whole_file::replace(path, bytes).map_err(|error| io_error(path, &error))
    }

    pub fn read(&self, path: &Path, most: usize) -> Result<Option<Vec<u8>>> {
        whole_file::read(path, most).map_err(|error| io_error(path, &error))
    }

    /// Which place counts: what the file says, or where it is lost the mark of the store. Without either the JSON file does.
    pub fn authority(&self) -> Result<Authority> {
        let told = match self.told_authority() {
            Ok(Some(told)) => return Ok(told),
            told => told,
        };
        if !self.sqlite().exists() {
            return told.map(Option::unwrap_or_default);
        }
        let marker = SqliteStore::new(&self.open_sqlite()?).marker()?;
        Ok(match marker.state {
            State::Active if marker.epoch > 0 => Authority { epoch: marker.epoch, backend: Backend::Sqlite },
            State::Retired => Authority { epoch: marker.epoch, backend: Backend::Json },
            State::Active | State::Incoming => told?.unwrap_or_default(),
        })
    }

    fn told_authority(&self) -> Result<Option<Authority>> {
        let path = self.authority_path();
        let Some(bytes) = self.read(&path, MAX_RECORD_BYTES)? else { return Ok(None) };
        let damaged = |error| {
            let text = format!("{}: it does not tell where the chat sessions are: {error}", path.display());
            Error::new(Kind::Corrupt, text)
        };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    pub fn set_authority(&self, lock: &FolderLock, authority: Authority) -> Result<()> {
        self.write(lock, &self.authority_path(), &document::encode(&authority)?)
    }

    /// Opens the store, which must be there. What it acknowledges survives power loss, as the JSON file does.
    pub fn open_sqlite(&self) -> Result<Store> {
        self.open(true)
    }

    /// The same, or creates it.
    pub fn create_sqlite(&self, _: &FolderLock) -> Result<Store> {
        self.open(false)
    }

    fn open(&self, must_exist: bool) -> Result<Store> {
        let options = Options { durability: Durability::Power, must_exist, ..Options::default() };
        Store::open(&Config { location: Location::Sqlite(self.sqlite()), options })
    }

    fn authority_path(&self) -> PathBuf {
        self.path("chat_sessions.authority.json")
    }
}

pub(super) fn io_error(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::FileTooLarge => {
            Error::new(Kind::TooLarge, format!("{}: {error}", path.display()))
                .with_engine_code(error.raw_os_error().unwrap_or(0))
        }
        _ => Error::io(error, path.display()),
    }
}
