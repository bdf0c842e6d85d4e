//! Backups: files that hold what a store holds, whatever its engine, made while it is read and written.
//!
//! A backup is of one moment. It is written beside its final name, read again from the first byte to the last, and renamed:
//! a file that is there is whole. A folder of backups lists them, keeps as many as it is told, and restores any of them.
//! An incremental one holds what was changed since another, by the change log; where the log does not reach back that far,
//! a full one is made instead and the report says why.

mod folder;
mod format;
mod restore;
mod schedule;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::import::hex;
use super::progress::{Phase, Reporter, Watcher};
use crate::engine::{Fields, Range, Snapshot};
use crate::error::{Error, Kind, Result};
use crate::store::Store;
use crate::store::replica::{Reader, declarations, log_after};
use format::{Decoder, Element, Encoder, Footer, Header, elements};

pub use folder::{Retention, list_backups, prune_backups};
pub use restore::{RestoreOptions, RestoreReport, Restored, restore};
pub use schedule::{BackupSchedule, ScheduleStatus};

/// The most keys that an incremental backup is made of; beyond it a full one is made.
const MOST_CHANGED: usize = 1 << 20;
/// Records written between two looks at whether to go on.
const STEP: u64 = 1000;

/// How to back up.
#[derive(Clone, Debug)]
pub struct BackupOptions {
    /// Only what was changed since the latest backup of the folder, if the change log tells it.
    pub incremental: bool,
    /// The zstd level, 1 to 19.
    pub level: i32,
    /// What is removed from the folder afterwards.
    pub retention: Retention,
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self { incremental: false, level: 3, retention: Retention::default() }
    }
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupInfo {
    /// Its file.
    pub file: PathBuf,
    /// Names it.
    pub id: String,
    /// Of an incremental one: the backup that it continues; None: it is a full one.
    pub base: Option<String>,
    /// The version of the last commit that it holds.
    pub version: u64,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// The engine it was made from.
    pub engine: String,
    /// Records that it holds, and bytes of their keys and stored values.
    pub records: u64,
    /// As [`BackupInfo::records`].
    pub bytes: u64,
    /// Keys that were deleted since its base.
    pub deletes: u64,
    /// Size of the file.
    pub file_bytes: u64,
}

/// What making a backup did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The backup.
    #[serde(flatten)]
    pub backup: BackupInfo,
    /// Why a full one was made although an incremental one was asked for.
    pub full_because: Option<String>,
    /// Backups that were removed.
    pub removed: Vec<PathBuf>,
}

/// Makes a backup in a folder, which is created when missing. Reads and writes go on meanwhile.
///
/// # Errors
/// [`Kind::Cancelled`]; [`Kind::Corrupt`] for a record that cannot be read, or a file that is read back differently;
/// [`Kind::Full`], [`Kind::ReadOnly`], [`Kind::Io`], and those of a read. Nothing is left behind then.
pub fn backup(
    store: &Store,
    folder: &Path,
    options: &BackupOptions,
    watcher: Watcher<'_>,
) -> Result<BackupReport> {
    backup_of(&store.reader(), folder, options, watcher)
}

fn backup_of(
    store: &Reader,
    folder: &Path,
    options: &BackupOptions,
    watcher: Watcher<'_>,
) -> Result<BackupReport> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io(&error, folder.display()))?;
    folder::remove_leftovers(folder);
    let view = store.long_snapshot()?;
    let (changes, full_because) = match options.incremental {
        true => match Changes::since_latest(folder, view.as_ref())? {
            Ok(changes) => (Some(changes), None),
            Err(reason) => (None, Some(reason)),
        },
        false => (None, None),
    };
    let header = header(store, view.as_ref(), changes.as_ref())?;
    let name = folder::file_name(&header);
    let backup = write(view.as_ref(), &folder.join(name), &header, changes, options.level, watcher)?;
    drop(view);
    let removed = folder::prune(folder, &options.retention, store.now()?)?;
    Ok(BackupReport { backup, full_because, removed })
}

/// Makes a full backup with this name, which must not exist.
///
/// # Errors
/// As [`backup`], [`Kind::Exists`], and [`Kind::Busy`] while somebody else makes it.
pub fn backup_file(store: &Store, file: &Path, level: i32, watcher: Watcher<'_>) -> Result<BackupInfo> {
    let view = store.long_snapshot()?;
    write(view.as_ref(), file, &header(&store.reader(), view.as_ref(), None)?, None, level, watcher)
}

/// Reads a backup from the first byte to the last and tells what it is.
///
/// # Errors
/// [`Kind::Corrupt`] when it is not as it was written, [`Kind::NotADatabase`] when it is no backup; [`Kind::NotFound`],
/// [`Kind::Io`].
pub fn check_backup(file: &Path, watcher: Watcher<'_>) -> Result<BackupInfo> {
    let mut reporter = Reporter::new(watcher, Phase::Verify);
    let (header, footer) = read(open(file)?, &mut reporter).map_err(|error| error.within(file.display()))?;
    info(file, header, footer)
}

fn header(store: &Reader, view: &dyn Snapshot, changes: Option<&Changes>) -> Result<Header> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| Error::new(Kind::Io, format!("make an id: {error}")))?;
    let (version, fingerprint, _) = super::migrate::position(view)?;
    Ok(Header {
        id: hex(&id),
        base: changes.map(|changes| changes.base.clone()),
        version,
        fingerprint,
        created_ms: store.now()?,
        engine: store.engine_name().to_owned(),
        library: crate::version().to_owned(),
    })
}

/// What was changed since a backup.
struct Changes {
    base: String,
    since: u64,
    keys: BTreeSet<Vec<u8>>,
}

impl Changes {
    /// Why they cannot be told, if so.
    fn since_latest(folder: &Path, view: &dyn Snapshot) -> Result<std::result::Result<Self, String>> {
        let Some(base) = folder::headers(folder)?.into_iter().map(|(_, header)| header).next_back() else {
            return Ok(Err("there is no backup yet".to_owned()));
        };
        let mut changes = Self { base: base.id, since: base.version, keys: BTreeSet::new() };
        let (mut known, mut reason) = (base.version == 0, None);
        log_after(view, base.version.saturating_sub(1), |entry| {
            if !known {
                known = entry.version == base.version && entry.fingerprint == base.fingerprint;
                return Ok(known);
            }
            if !entry.follows || entry.marked {
                reason = Some("the change log does not tell of all changes since the latest backup");
                return Ok(false);
            }
            changes.keys.extend(entry.keys);
            if changes.keys.len() > MOST_CHANGED {
                reason = Some("too much was changed since the latest backup");
            }
            Ok(reason.is_none())
        })?;
        let lost = "the change log does not reach back to the latest backup";
        Ok(match reason.or((!known).then_some(lost)) {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(changes),
        })
    }
}

/// Writes a file beside its name, reads it again, and gives it its name.
fn write(
    view: &dyn Snapshot,
    file: &Path,
    header: &Header,
    changes: Option<Changes>,
    level: i32,
    watcher: Watcher<'_>,
) -> Result<BackupInfo> {
    if !(1..=19).contains(&level) {
        return Err(Error::invalid(format!("the level is {level}: 1 to 19")));
    }
    let failed = |error: std::io::Error| Error::io(&error, file.display());
    let mut draft = folder::draft(file)?;
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    let footer = fill(Encoder::new(&mut draft, header, level)?, view, changes, &mut reporter)?;
    draft.sync().map_err(failed)?;
    reporter.phase(Phase::Verify, 0, 0)?;
    let written = Decoder::new(BufReader::new(draft.reader().map_err(failed)?))?;
    if read(written, &mut reporter)? != (header.clone(), footer) {
        return Err(Error::new(Kind::Corrupt, "the backup was read back differently"));
    }
    draft.put().map_err(failed)?;
    info(file, header.clone(), footer)
}

fn fill(
    mut encoder: Encoder<impl Write>,
    view: &dyn Snapshot,
    changes: Option<Changes>,
    reporter: &mut Reporter<'_>,
) -> Result<Footer> {
    let mut step = (0, 0);
    let mut count = |bytes: usize, reporter: &mut Reporter<'_>| {
        step = (step.0 + 1, step.1 + bytes as u64);
        if step.0 < STEP {
            return Ok(());
        }
        let (records, bytes) = std::mem::take(&mut step);
        reporter.add(records, bytes)
    };
    reporter.phase(Phase::Copy, 0, 0)?;
    for (key, value) in declarations(view)? {
        encoder.push(&Element::Index(&key, &value))?;
    }
    let since = match &changes {
        Some(changes) => {
            for key in &changes.keys {
                let record = view.get(key)?;
                count(key.len() + record.as_ref().map_or(0, |record| record.data.len()), reporter)?;
                encoder.push(&match &record {
                    Some(record) => Element::Record(key, super::chunk::borrowed(record)),
                    None => Element::Delete(key),
                })?;
            }
            changes.since
        }
        None => {
            view.scan(&Range::all(), false, Fields::All, &mut |key, record| {
                crate::store::replica::check_record(key, &record)?;
                encoder.push(&Element::Record(key, record))?;
                count(key.len() + record.data.len(), reporter)?;
                Ok(true)
            })?;
            view.last_version()?.saturating_sub(1)
        }
    };
    log_after(view, since, |entry| {
        encoder.push(&Element::Log(entry.version, &entry.bytes))?;
        Ok(true)
    })?;
    encoder.finish()
}

fn read(mut decoder: Decoder<impl Read>, reporter: &mut Reporter<'_>) -> Result<(Header, Footer)> {
    while let Some(block) = decoder.block()? {
        reporter.add(elements(&block)?.len() as u64, block.len() as u64)?;
    }
    Ok((decoder.header.clone(), decoder.footer()))
}

fn open(file: &Path) -> Result<Decoder<BufReader<File>>> {
    let open = File::open(file).map_err(|error| Error::io(&error, file.display()))?;
    Decoder::new(BufReader::new(open)).map_err(|error| error.within(file.display()))
}

fn info(file: &Path, header: Header, footer: Footer) -> Result<BackupInfo> {
    let meta = std::fs::metadata(file).map_err(|error| Error::io(&error, file.display()))?;
    let Header { id, base, version, created_ms, engine, .. } = header;
    let Footer { records, bytes, deletes, .. } = footer;
    let (file, file_bytes) = (file.to_owned(), meta.len());
    Ok(BackupInfo { file, id, base, version, created_ms, engine, records, bytes, deletes, file_bytes })
}
