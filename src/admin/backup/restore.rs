//! Restoring: a new store is made from backups beside its place, checked, and put there when it is whole.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::format::{Element, elements};
use super::{BackupInfo, check_backup, folder, open};
use crate::admin::chunk::{check, owned};
use crate::admin::place::Place;
use crate::admin::progress::{Phase, Reporter, Watcher};
use crate::error::{Error, Kind, Result};
use crate::store::replica::{Declarations, Replica, check_log_entry};
use crate::store::{Config, Store};

/// How to restore.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Which backup of a folder: its id, or the begin of it, or the name of its file; None: the latest.
    pub backup: Option<String>,
    /// Put what is at the destination aside; else the restore is refused when something is there.
    pub overwrite: bool,
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The backup that was restored.
    #[serde(flatten)]
    pub backup: BackupInfo,
    /// The files that it was made from, in the order in which they were applied.
    pub files: Vec<PathBuf>,
    /// Where what was at the destination is now.
    pub replaced: Option<PathBuf>,
}

/// A restored store.
pub struct Restored {
    /// What was done.
    pub report: RestoreReport,
    /// The store.
    pub store: Store,
}

/// Makes a store of any engine from a backup: `from` is its file, or a folder of backups. Nobody may have a store at the
/// destination open. Values, versions, expiries and declarations of indexes are as they were, and so is the change log from
/// the full backup on.
///
/// # Errors
/// [`Kind::Cancelled`]; [`Kind::Exists`]; [`Kind::Busy`] while somebody else makes a store there; [`Kind::NotFound`] for a
/// backup that is missing, or that one continues; [`Kind::Corrupt`] for a damaged one; [`Kind::TooLarge`] for a record that
/// does not fit there; [`Kind::Full`], [`Kind::ReadOnly`], [`Kind::Io`]. Nothing is left behind, and what was at the destination is untouched.
pub fn restore(from: &Path, to: &Config, options: &RestoreOptions, watcher: Watcher<'_>) -> Result<Restored> {
    let wanted = find(from, options.backup.as_deref())?;
    let files = folder::chain(&wanted)?;
    let place = Place::new(to, options.overwrite)?;
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    reporter.phase(Phase::Copy, 0, 0)?;
    let replica = Replica::open(place.config())?;
    let mut version = 0;
    for file in &files {
        version = apply(file, &replica, &mut reporter)?;
    }
    if replica.read()?.last_version()? != version {
        return Err(Error::new(Kind::Corrupt, "the backup's change log does not reach its version"));
    }
    let backup = check_backup(&wanted, &mut |_| std::ops::ControlFlow::Continue(()))?;
    let (store, replaced) = place.finish(replica, &mut reporter)?;
    Ok(Restored { report: RestoreReport { backup, files, replaced }, store })
}

/// The file of a backup.
fn find(from: &Path, name: Option<&str>) -> Result<PathBuf> {
    let meta = std::fs::metadata(from).map_err(|error| Error::io(&error, from.display()))?;
    if !meta.is_dir() {
        return Ok(from.to_owned());
    }
    let backups = folder::headers(from)?;
    let named = |file: &Path, id: &str| match name {
        None => true,
        Some(name) => {
            !name.is_empty() && (id.starts_with(name) || file.file_name().is_some_and(|file| file == name))
        }
    };
    let mut found = backups.into_iter().filter(|(file, header)| named(file, &header.id)).rev();
    let missing = || {
        let what = name.map_or_else(|| "no backup".to_owned(), |name| format!("no backup {name:?}"));
        Error::new(Kind::NotFound, format!("there is {what} in {}", from.display()))
    };
    let (file, _) = found.next().ok_or_else(missing)?;
    match (name, found.next()) {
        (Some(name), Some(_)) => Err(Error::invalid(format!("more than one backup begins with {name:?}"))),
        _ => Ok(file),
    }
}

/// Applies a backup to what those before it made; the version that it is of.
fn apply(file: &Path, replica: &Replica, reporter: &mut Reporter<'_>) -> Result<u64> {
    let mut decoder = open(file)?;
    let (limits, mut declared) = (replica.limits(), Some(Declarations::new()));
    while let Some(block) = decoder.block().map_err(|error| error.within(file.display()))? {
        let elements = elements(&block)?;
        replica.write(|writer| {
            for element in &elements {
                // Declarations come first, and all of them.
                match (element, &mut declared) {
                    (Element::Index(key, value), Some(declared)) => {
                        declared.push((key.to_vec(), value.to_vec()))
                    }
                    (Element::Index(..), None) => return Err(misplaced(file)),
                    (_, declared) => declared.take().map_or(Ok(()), |declared| writer.declare(&declared))?,
                }
                match *element {
                    Element::Record(key, record) => {
                        check(key, &owned(&record), &limits)?;
                        writer.put(key, record)?;
                    }
                    Element::Delete(key) => writer.delete(key)?,
                    Element::Log(version, entry) => {
                        check_log_entry(version, entry)?;
                        writer.log(version, entry)?;
                    }
                    Element::Index(..) => {}
                }
            }
            Ok(())
        })?;
        reporter.add(elements.len() as u64, block.len() as u64)?;
    }
    if let Some(declared) = declared {
        replica.write(|writer| writer.declare(&declared))?;
    }
    Ok(decoder.header.version)
}

fn misplaced(file: &Path) -> Error {
    Error::new(Kind::Corrupt, format!("{}: an index is declared after records", file.display()))
}
