//! The chat sessions of a folder, wherever they are: in the place that the latest epoch names. A load falls back to the other
//! place when that one fails, and says so; a save never does. Nothing is kept open between calls, so that a move by another
//! process is seen by the next one.

use std::path::Path;

use parking_lot::Mutex;
use serde::Serialize;

use super::authority::{Authority, Backend, Folder};
use super::json_store::{JsonStore, NOTHING};
use super::legacy::Payload;
use super::migration::settle;
use super::sqlite_store::{Saved, SqliteStore};
use crate::error::{Error, Kind, Result};

/// Tries of a load during which the sessions were moved.
const TRIES: usize = 4;

/// The chat sessions of a folder. Usable from any thread.
pub struct HybridStore {
    folder: Folder,
    json: JsonStore,
    report: Mutex<HybridReport>,
}

/// What was decided in one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Which place counts.
    #[serde(flatten)]
    pub authority: Authority,
    /// Where it was read from or written to.
    pub used: Backend,
    /// Why another place was read than the one that counts; None: it was that one.
    pub fallback: Option<String>,
}

/// What was done since the store was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HybridReport {
    /// The last call that succeeded.
    pub last: Option<Decision>,
    /// Loads that succeeded.
    pub loads: u64,
    /// Those of them that were answered from the other place.
    pub fallbacks: u64,
    /// Saves that succeeded.
    pub saves: u64,
    /// Calls that failed.
    pub failures: u64,
    /// The last error of a place, also where the other one answered.
    pub last_error: Option<String>,
}

/// All sessions, and where they come from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The sessions. After a fallback they have no etag: they are a state of before, and no save may rest on them.
    pub payload: Payload,
    /// Where they come from.
    pub decision: Decision,
}

impl Loaded {
    /// The JSON text of the payload, with the decision as "loadedFrom".
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn into_json(mut self) -> Result<Vec<u8>> {
        self.payload.fields.set_to(SOURCE, &self.decision)?;
        self.payload.to_json()
    }
}

/// The field in which a load tells where the sessions come from; a save leaves it out.
const SOURCE: &str = "loadedFrom";

impl HybridStore {
    /// The chat sessions of a folder, which must exist.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::Invalid`], [`Kind::Io`].
    pub fn new(folder: &Path) -> Result<Self> {
        Ok(Self { folder: Folder::new(folder)?, json: JsonStore::new(folder)?, report: Mutex::default() })
    }

    /// Loads all sessions from the place that counts, or when that fails from the other one, if anything is there.
    ///
    /// # Errors
    /// Those of the place that counts: [`JsonStore::load`]; opening a store, [`SqliteStore::load`]. [`Kind::Conflict`] when the
    /// sessions are moved all the time.
    pub fn load(&self) -> Result<Loaded> {
        let result = self.try_load();
        let mut report = self.report.lock();
        match &result {
            Ok(loaded) => {
                report.loads += 1;
                report.last = Some(loaded.decision.clone());
                if let Some(reason) = &loaded.decision.fallback {
                    report.fallbacks += 1;
                    report.last_error = Some(reason.clone());
                }
            }
            Err(error) => report.failed(error),
        }
        result
    }

    fn try_load(&self) -> Result<Loaded> {
        for _ in 0..TRIES {
            let authority = self.folder.authority()?;
            let read = self.read(authority.backend);
            if self.folder.authority()? != authority {
                continue;
            }
            let error = match read {
                Ok(payload) => {
                    let decision = Decision { authority, used: authority.backend, fallback: None };
                    return Ok(Loaded { payload, decision });
                }
                Err(error) => error,
            };
            crate::log::warn(format_args!("the chat sessions are read from the other place: {error}"));
            let used = match authority.backend {
                Backend::Json => Backend::Sqlite,
                Backend::Sqlite => Backend::Json,
            };
            let fallback = Some(error.message().to_owned());
            return match self.read(used) {
                // Nothing is no substitute for what cannot be read.
                Ok(payload) if payload.etag.as_deref() != Some(NOTHING) => Ok(Loaded {
                    payload: Payload { etag: None, ..payload },
                    decision: Decision { authority, used, fallback },
                }),
                _ => Err(error),
            };
        }
        Err(Error::new(Kind::Conflict, "the chat sessions are moved to and fro all the time"))
    }

    /// Saves all sessions where they belong, as [`JsonStore::save`] or [`SqliteStore::save`].
    ///
    /// # Errors
    /// As those; [`Kind::Busy`] while the sessions are moved; those of opening a store. Then nothing was changed, except as
    /// [`SqliteStore::save`] says.
    pub fn save(&self, payload: &Payload) -> Result<Saved> {
        let result = self.try_save(payload);
        let mut report = self.report.lock();
        match &result {
            Ok((_, authority)) => {
                report.saves += 1;
                let (authority, used) = (*authority, authority.backend);
                report.last = Some(Decision { authority, used, fallback: None });
            }
            Err(error) => report.failed(error),
        }
        result.map(|(saved, _)| saved)
    }

    fn try_save(&self, payload: &Payload) -> Result<(Saved, Authority)> {
        let mut payload = payload.clone();
        payload.fields.take(SOURCE);
        payload.sessions()?;
        let lock = self.folder.lock()?;
        let authority = self.folder.authority()?;
        let saved = match authority.backend {
            Backend::Json => self.json.save_locked(&lock, &payload)?,
            Backend::Sqlite => {
                let store = self.folder.open_sqlite()?;
                settle(&lock, &store, authority)?;
                SqliteStore::new(&store).save(&payload)?
            }
        };
        Ok((saved, authority))
    }

    /// What was done so far.
    pub fn report(&self) -> HybridReport {
        self.report.lock().clone()
    }

    fn read(&self, backend: Backend) -> Result<Payload> {
        match backend {
            Backend::Json => self.json.load(),
            Backend::Sqlite => SqliteStore::new(&self.folder.open_sqlite()?).load(),
        }
    }
}

impl HybridReport {
    fn failed(&mut self, error: &Error) {
        self.failures += 1;
        self.last_error = Some(error.message().to_owned());
    }
}

/// Loads the chat sessions of a folder from where they are, as [`Loaded::into_json`].
///
/// # Errors
/// As [`HybridStore::load`].
pub fn load_chat_sessions_hybrid(folder: &Path) -> Result<Vec<u8>> {
    HybridStore::new(folder)?.load()?.into_json()
}

/// Saves chat sessions, as [`Payload::parse`], where they belong.
///
/// # Errors
/// As [`HybridStore::save`].
pub fn save_chat_sessions_hybrid(folder: &Path, payload: &[u8]) -> Result<Saved> {
    HybridStore::new(folder)?.save(&Payload::parse(payload)?)
}
