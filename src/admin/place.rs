//! Where a new store is made: beside its place, so that nothing is seen of it until it is whole.

use std::path::{Path, PathBuf};

use super::progress::{Phase, Reporter};
use crate::error::{Error, Kind, Result};
use crate::platform::journal_file::OwnedFile;
use crate::platform::whole_file::{PART, resolved};
use crate::platform::with_suffix;
use crate::store::replica::Replica;
use crate::store::{Config, Mode, Store};

/// What the engines keep beside a database, by the end of its name.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-behind"];
/// What keeps others from making a store in the same place at once.
const LOCK: &str = "-lock";

/// The place of a store that is being made. What was made is removed when it is dropped before its end.
pub(super) struct Place {
    wanted: Config,
    made: Config,
    _lock: Option<OwnedFile>,
}

impl Place {
    /// Refuses one where something is, unless that is to be replaced.
    pub fn new(wanted: &Config, overwrite: bool) -> Result<Self> {
        let mut made = wanted.clone();
        // Nobody waits for these commits.
        (made.options.mode, made.options.must_exist) = (Mode::Through, false);
        if let Some(path) = wanted.location.path() {
            if path.exists() && !overwrite {
                return Err(Error::new(Kind::Exists, format!("{} exists already", path.display())));
            }
            let failed = |error: std::io::Error| Error::io(&error, format_args!("make {}", path.display()));
            let unfinished = with_suffix(&resolved(path).map_err(failed)?, PART);
            let lock = OwnedFile::open_or_create(&with_suffix(&unfinished, LOCK)).map_err(failed)?;
            if lock.is_none() {
                let text = format!("somebody else is making a store at {}", path.display());
                return Err(Error::new(Kind::Busy, text));
            }
            // What a killed process left.
            remove(&unfinished).map_err(failed)?;
            made.location = wanted.location.moved_to(unfinished);
            return Ok(Self { wanted: wanted.clone(), made, _lock: lock });
        }
        Ok(Self { wanted: wanted.clone(), made, _lock: None })
    }

    /// How to open what is being made.
    pub fn config(&self) -> &Config {
        &self.made
    }

    /// Checks what was made, puts it in its place and opens it. Also answers where that is which was there before.
    pub fn finish(self, replica: Replica, reporter: &mut Reporter<'_>) -> Result<(Store, Option<PathBuf>)> {
        reporter.phase(Phase::Verify, 0, 0)?;
        let Some((made, wanted)) = self.made.location.path().zip(self.wanted.location.path()) else {
            let store = replica.into_store(std::sync::Arc::new(crate::store::SystemClock))?;
            store.verify()?;
            return Ok((store, None));
        };
        replica.close()?;
        let store = Store::open(&self.made)?;
        store.verify()?;
        store.checkpoint()?;
        store.close()?;
        drop(store);
        reporter.phase(Phase::Finish, 0, 0)?;
        let aside = replace(wanted, made)?;
        Ok((Store::open(&self.wanted)?, aside))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(path) = self.made.location.path() else { return };
        let _ = remove(path);
        let _ = std::fs::remove_file(with_suffix(path, LOCK));
    }
}

/// Removes a database, if it is there, with what is beside it.
fn remove(database: &Path) -> std::io::Result<()> {
    for path in BESIDE.iter().map(|suffix| with_suffix(database, suffix)) {
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// Puts a database in the place of another one, if there is one; answers where that is from now on. Where the system can do it,
/// and nothing is beside the other since it was closed, one of both is in the place at any time.
fn replace(wanted: &Path, made: &Path) -> Result<Option<PathBuf>> {
    if !wanted.exists() {
        return rename(made, wanted).map(|()| None);
    }
    let aside = unused(wanted)?;
    let mut beside = BESIDE.iter().filter(|suffix| !suffix.is_empty());
    if !beside.any(|suffix| with_suffix(wanted, suffix).exists()) {
        // A process that is killed here leaves the new one under the name of the other, and nothing is lost.
        rename(made, &aside)?;
        if crate::platform::exchange(&aside, wanted).is_ok() {
            let failed = |error: std::io::Error| Error::io(&error, wanted.display());
            crate::platform::sync_directory_of(wanted).map_err(failed)?;
            return Ok(Some(aside));
        }
        rename(&aside, made)?;
    }
    rename(wanted, &aside)?;
    rename(made, wanted)?;
    Ok(Some(aside))
}

/// A name for what is replaced.
fn unused(path: &Path) -> Result<PathBuf> {
    let mut names = (1..1000).map(|number| with_suffix(path, &format!(".replaced-{number}")));
    let full =
        || Error::new(Kind::Exists, format!("{}: too many replaced stores are beside it", path.display()));
    names.find(|name| !name.exists()).ok_or_else(full)
}

/// Renames a database with what is beside it; the database itself comes last.
fn rename(from: &Path, to: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(&error, to.display());
    for suffix in BESIDE.iter().rev() {
        let (from, to) = (with_suffix(from, suffix), with_suffix(to, suffix));
        if from.exists() {
            std::fs::rename(from, to).map_err(failed)?;
        }
    }
    crate::platform::sync_directory_of(to).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(folder: &Path, name: &str, contents: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    #[test]
    fn what_is_replaced_is_kept_with_what_is_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let wanted = database(home.path(), "a.db", "old");
        database(home.path(), "a.db-wal", "old log");
        let made = database(home.path(), "a.db.part", "new");
        let aside = replace(&wanted, &made).unwrap().unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!((read(&wanted), read(&aside)), ("new".into(), "old".into()));
        assert_eq!(read(&with_suffix(&aside, "-wal")), "old log");
        assert!(!made.exists() && !with_suffix(&wanted, "-wal").exists());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn there_is_always_one_in_the_place() {
        let home = tempfile::tempdir().unwrap();
        let wanted = database(home.path(), "a.db", "0");
        std::thread::scope(|scope| {
            let replacer = scope.spawn(|| {
                for round in 1..=300 {
                    let made = database(home.path(), "a.db.part", &round.to_string());
                    let aside = replace(&wanted, &made).unwrap().unwrap();
                    assert_eq!(std::fs::read_to_string(&aside).unwrap(), (round - 1).to_string());
                    std::fs::remove_file(aside).unwrap();
                }
            });
            while !replacer.is_finished() {
                assert!(std::fs::read_to_string(&wanted).unwrap().parse::<u32>().is_ok());
            }
        });
    }
}
