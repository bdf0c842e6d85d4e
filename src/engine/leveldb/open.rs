//! Finding, refusing, creating and locking the folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::LevelDbOptions;
use super::database::{Batch, Database, Snapshot};
use super::keys::{FORMAT, FORMAT_NUMBER};
use crate::engine::Range;
use crate::engine::files::{absolute, directory_of};
use crate::error::{Error, Kind, Result};
use crate::platform;
use crate::platform::fork::OpenFile;

/// The folders that this process has open.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Keeps a folder for one store of this process. LevelDB would refuse a second one too, and close its lock file at that: the
/// system then takes the lock from the first (<https://man7.org/linux/man-pages/man2/fcntl.2.html>).
pub(super) struct Registration {
    folder: PathBuf,
    _open: OpenFile,
}

impl Registration {
    fn new(folder: &Path) -> Result<Self> {
        let counted = OpenFile::new();
        let mut open = OPEN.lock();
        if open.iter().any(|known| known == folder) {
            return Err(Error::new(
                Kind::Busy,
                "this process has it open: a LevelDB database is for one store at a time, so share that one",
            ));
        }
        // Its lock would be ours too, for the system knows processes alone.
        if platform::has_open(&folder.join("LOCK")) {
            return Err(Error::new(
                Kind::Busy,
                "it is open through another copy of LevelDB in this process: close it there first",
            ));
        }
        open.push(folder.to_owned());
        Ok(Self { folder: folder.to_owned(), _open: counted })
    }
}

impl Registration {
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        OPEN.lock().retain(|folder| *folder != self.folder);
    }
}

/// Whose database it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Joinly,
    Foreign,
}

/// Opens or creates the database.
pub(super) fn open(options: &LevelDbOptions) -> Result<(Arc<Database>, Origin)> {
    let folder = absolute(&options.path)?;
    // Before anything is created: perhaps the library is missing.
    super::library::functions()?;
    prepare(&folder, options)?;
    let registration = Registration::new(&folder)?;
    let database = Arc::new(Database::open(registration, options.power_safe, options.busy_timeout)?);
    let origin = origin(&database, options.read_only)?;
    Ok((database, origin))
}

/// Checks what LevelDB would report obscurely, or overwrite, and creates the folder if that is wanted.
fn prepare(folder: &Path, options: &LevelDbOptions) -> Result<()> {
    directory_of(folder)?;
    if folder.exists() && !folder.is_dir() {
        return Err(Error::new(Kind::NotADatabase, "it is a file, and LevelDB keeps a folder"));
    }
    if folder.join("CURRENT").exists() {
        return Ok(());
    }
    let names = names(folder)?;
    if let Some(name) = names.iter().find(|name| !is_of_a_beginning(name)) {
        return Err(match is_of_a_database(name) {
            // LevelDB would begin a new database and delete this file.
            true => Error::new(Kind::Corrupt, format!("the file CURRENT is missing beside {name}")),
            false => {
                Error::new(Kind::NotADatabase, format!("it is a folder of other things, such as {name}"))
            }
        });
    }
    if options.must_exist || options.read_only {
        return Err(Error::new(Kind::NotFound, "it does not exist"));
    }
    platform::create_private_folder(folder).map_err(|error| Error::io(&error, "create the folder"))?;
    // Its name is as durable as what will be in it.
    match options.power_safe {
        true => platform::sync_folder(directory_of(folder)?)
            .map_err(|error| Error::io(&error, "synchronise the directory")),
        false => Ok(()),
    }
}

/// The names in a folder; none if it does not exist.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let read = || -> std::io::Result<Vec<String>> {
        std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    read().map_err(|error| Error::io(&error, "list the folder"))
}

/// What is there when a process died while it created a database.
fn is_of_a_beginning(name: &str) -> bool {
    matches!(name, "LOCK" | "LOG" | "LOG.old" | "MANIFEST-000001") || name.ends_with(".dbtmp")
}

fn is_of_a_database(name: &str) -> bool {
    name.starts_with("MANIFEST-") || [".ldb", ".sst", ".log"].iter().any(|end| name.ends_with(end))
}

/// Tells by its mark whose database it is, and marks an empty one.
fn origin(database: &Arc<Database>, read_only: bool) -> Result<Origin> {
    let (mut marked, mut empty) = (false, true);
    let rows = Snapshot::new(database);
    rows.get(FORMAT, &mut |number| {
        marked = true;
        match number == FORMAT_NUMBER {
            true => Ok(()),
            false => Err(Error::new(Kind::NewerSchema, "it was written by a newer version of this library")),
        }
    })?;
    rows.walk(&Range::all(), false, &mut |_, _| {
        empty = false;
        Ok(false)
    })?;
    match (marked, empty, read_only) {
        (true, ..) => Ok(Origin::Joinly),
        (false, _, true) => Ok(Origin::Foreign),
        (false, false, false) => Err(Error::new(
            Kind::NotADatabase,
            "it is a LevelDB database of other software: open it with read_only to read its keys, and copy them to a store \
             of another name",
        )),
        (false, true, false) => {
            let mut batch = Batch::new(database);
            batch.put(FORMAT, FORMAT_NUMBER);
            database.write(&batch)?;
            Ok(Origin::Joinly)
        }
    }
}
