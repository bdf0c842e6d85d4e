//! A folder of backups: which there are, which are kept.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::format::{Header, footer_of};
use super::{BackupInfo, info, open};
use crate::error::{Error, Kind, Result};
use crate::platform::folder_of;
use crate::platform::whole_file::{self, Draft, PART};

const EXTENSION: &str = "joinlybackup";

/// Which backups are kept. The latest always is, and so is every backup that a kept one continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// The most backups; 0: all.
    pub keep: u32,
    /// None that are older than so many milliseconds; 0: however old.
    pub max_age_ms: u64,
}

/// The backups of a folder, oldest first. What is damaged is left out, with a warning in the log.
///
/// # Errors
/// [`Kind::NotFound`], [`Kind::Io`].
pub fn list_backups(folder: &Path) -> Result<Vec<BackupInfo>> {
    let described = headers(folder)?.into_iter().map(|(file, header)| describe(&file, header));
    Ok(described.filter_map(usable).collect())
}

/// Removes the backups that are not to be kept, as of a time in milliseconds since 1970-01-01 UTC. Answers their files.
///
/// # Errors
/// As [`list_backups`].
pub fn prune_backups(folder: &Path, retention: &Retention, now_ms: i64) -> Result<Vec<PathBuf>> {
    prune(folder, retention, now_ms)
}

fn describe(file: &Path, header: Header) -> Result<BackupInfo> {
    let open = File::open(file).map_err(|error| Error::io(&error, file.display()))?;
    let footer = footer_of(&mut BufReader::new(open)).map_err(|error| error.within(file.display()))?;
    info(file, header, footer)
}

fn usable<T>(found: Result<T>) -> Option<T> {
    found.inspect_err(|error| crate::log::warn(format_args!("a backup is left out: {error}"))).ok()
}

/// The files of a folder that begin as backups do, oldest first.
pub(super) fn headers(folder: &Path) -> Result<Vec<(PathBuf, Header)>> {
    let failed = |error: std::io::Error| Error::io(&error, folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == EXTENSION) {
            found.extend(usable(open(&file)).map(|decoder| (file, decoder.header)));
        }
    }
    found.sort_by(|(_, one), (_, other)| {
        (one.created_ms, one.version).cmp(&(other.created_ms, other.version))
    });
    Ok(found)
}

pub(super) fn file_name(header: &Header) -> String {
    let kind = if header.base.is_some() { "incremental" } else { "full" };
    let id = header.id.get(..8).unwrap_or_default();
    format!("{:013}-{}-{kind}-{id}.{EXTENSION}", header.created_ms, header.version)
}

pub(super) fn prune(folder: &Path, retention: &Retention, now_ms: i64) -> Result<Vec<PathBuf>> {
    let backups = headers(folder)?;
    let oldest = now_ms.saturating_sub(i64::try_from(retention.max_age_ms).unwrap_or(i64::MAX));
    let wanted = |age: usize, header: &Header| {
        let few = retention.keep == 0 || age < retention.keep as usize;
        age == 0 || few && (retention.max_age_ms == 0 || header.created_ms >= oldest)
    };
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for (_, (_, header)) in backups.iter().rev().enumerate().filter(|(age, (_, header))| wanted(*age, header))
    {
        // With all that it continues.
        let mut next = Some(header.id.as_str());
        while let Some(id) = next.filter(|id| kept.insert(id)) {
            next = backups
                .iter()
                .find(|(_, header)| header.id == id)
                .and_then(|(_, header)| header.base.as_deref());
        }
    }
    let mut removed = Vec::new();
    for (file, _) in backups.iter().filter(|(_, header)| !kept.contains(header.id.as_str())) {
        std::fs::remove_file(file).map_err(|error| Error::io(&error, file.display()))?;
        removed.push(file.clone());
    }
    Ok(removed)
}

/// The backups that make up one, in the order in which they are applied.
pub(super) fn chain(wanted: &Path) -> Result<Vec<PathBuf>> {
    let mut header = open(wanted)?.header;
    let mut chain = vec![wanted.to_owned()];
    let all = if header.base.is_some() { headers(folder_of(wanted))? } else { Vec::new() };
    while let Some(base) = &header.base {
        let found = all.iter().find(|(_, header)| header.id == *base);
        let Some((file, next)) = found.filter(|_| chain.len() <= all.len()) else {
            let text = format!("{}: the backup {base} that it continues is missing", wanted.display());
            return Err(Error::new(Kind::NotFound, text));
        };
        chain.push(file.clone());
        header = next.clone();
    }
    chain.reverse();
    Ok(chain)
}

/// The file to be written before it has its name.
pub(super) fn draft(file: &Path) -> Result<Draft> {
    if file.exists() {
        return Err(Error::new(Kind::Exists, format!("{} exists already", file.display())));
    }
    Draft::of(file).map_err(|error| Error::io(&error, format_args!("write {}", file.display())))
}

/// Removes what killed processes left half-written.
pub(super) fn remove_leftovers(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let end = format!(".{EXTENSION}{PART}");
    for path in entries.map(|entry| entry.path()) {
        if path.to_str().is_some_and(|name| name.ends_with(&end))
            && let Err(error) = whole_file::discard(&path)
        {
            crate::log::warn(format_args!("the unfinished backup {} stays: {error}", path.display()));
        }
    }
}
