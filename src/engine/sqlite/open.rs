//! Finding, refusing and connecting to the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::SqliteOptions;
use super::error::{map, mapped};
use super::schema;
use crate::engine::files::{absolute, directory_of};
use crate::error::{Error, Kind, Result};
use crate::platform;
use crate::platform::fork::OpenFile;

/// The first version without the race that could corrupt a database when the WAL is reset
/// (<https://sqlite.org/wal.html#walresetbug>).
const OLDEST_SQLITE: i32 = 3_051_003;

/// What a URI filename reserves (<https://sqlite.org/uri.html>).
const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

const SMALLEST_PAGE: u64 = 512;

/// The files that this copy of SQLite has open in this process, one entry for each engine.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Keeps a file known as open here. To be dropped after its last connection.
pub(super) struct Registration {
    path: PathBuf,
    _open: OpenFile,
}

impl Registration {
    fn new(path: &Path) -> Result<Self> {
        // Before the lock, so that a child forked while it is held knows better than to wait for it.
        let counted = OpenFile::new();
        let mut open = OPEN.lock();
        if !open.iter().any(|known| known == path) {
            refuse_foreign_sqlite(path)?;
        }
        open.push(path.to_owned());
        Ok(Self { path: path.to_owned(), _open: counted })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut open = OPEN.lock();
        if let Some(at) = open.iter().position(|path| *path == self.path) {
            open.swap_remove(at);
        }
    }
}

/// A file that may be connected to.
#[derive(Clone)]
pub(super) struct File {
    path: PathBuf,
    read_only: bool,
    immutable: bool,
    busy_timeout: Duration,
}

/// Checks what SQLite would report obscurely or not at all, and creates the file if that is wanted.
pub(super) fn prepare(options: &SqliteOptions) -> Result<(File, Registration)> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let text =
            format!("SQLite {} has a known corruption bug: 3.51.3 or later is needed", rusqlite::version());
        return Err(Error::new(Kind::Unsupported, text));
    }
    if platform::fork::inherited_open_files() {
        return Err(Error::new(
            Kind::Forked,
            "this process was forked from one that had a store open, so that SQLite's locks are unsafe in it: start \
             workers by spawning, or fork before opening",
        ));
    }
    let path = absolute(&options.path)?;
    if path.is_dir() {
        return Err(Error::new(Kind::NotADatabase, "it is a directory"));
    }
    directory_of(&path)?;
    if !path.exists() {
        if options.must_exist || options.read_only {
            return Err(Error::new(Kind::NotFound, "it does not exist"));
        }
        platform::create_private(&path).map_err(|error| Error::io(&error, "create the file"))?;
    }
    // SQLite takes a file shorter than its smallest page for an empty one, and would overwrite it.
    if std::fs::metadata(&path).is_ok_and(|file| (1..SMALLEST_PAGE).contains(&file.len())) {
        return Err(Error::new(Kind::NotADatabase, "it is too short for a database"));
    }
    let registration = Registration::new(&path)?;
    let mut file =
        File { path, read_only: options.read_only, immutable: false, busy_timeout: options.busy_timeout };
    // There SQLite cannot make the files beside it that a WAL database needs. Elsewhere others may write at any time.
    // A log that was left there holds commits, and would be overlooked.
    file.immutable = file.read_only
        && platform::is_read_only_media(&file.path)
        && !platform::with_suffix(&file.path, "-wal").exists();
    Ok((file, registration))
}

/// Two copies of SQLite in one process drop each other's locks (<https://sqlite.org/howtocorrupt.html>, 2.2.1). The
/// WAL-index of a file that this copy has not open, mapped nevertheless, gives the other copy away.
fn refuse_foreign_sqlite(path: &Path) -> Result<()> {
    if !platform::maps_file(&platform::with_suffix(path, "-shm")) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Unsupported,
        "it is open through another copy of SQLite in this process, which would break the file's locks: close it there, \
         or open it in another process",
    ))
}

impl File {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is on media that nobody can write, so that it is read without locks.
    pub fn immutable(&self) -> bool {
        self.immutable
    }

    /// A new connection with the settings that all share.
    pub fn connect(&self) -> Result<Connection> {
        let connection = self.open().map_err(|error| self.refused(error))?;
        let doing = "set a connection up";
        connection.busy_timeout(self.busy_timeout).map_err(mapped(doing))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(mapped(doing))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).map_err(mapped(doing))?;
        connection.execute_batch(schema::CONNECTION).map_err(|error| self.refused(error))?;
        Ok(connection)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let access =
            if self.read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        if !self.immutable {
            return Connection::open_with_flags(&self.path, flags);
        }
        let text = self.path.to_string_lossy();
        let uri = format!("file:{}?immutable=1", utf8_percent_encode(&text, RESERVED));
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
    }

    fn refused(&self, error: rusqlite::Error) -> Error {
        let error = map(error, "open");
        let kind = match error.kind() {
            Kind::Io if std::fs::metadata(&self.path).is_ok_and(|m| m.permissions().readonly()) => {
                Kind::ReadOnly
            }
            kind => kind,
        };
        Error::new(kind, error.message()).with_engine_code(error.engine_code())
    }
}

/// SQLite's own check of every page, on a connection of its own so that nobody waits for it.
pub(super) fn verify(file: &File) -> Result<Vec<String>> {
    let connection = file.connect()?;
    let mut statement = connection.prepare(schema::INTEGRITY).map_err(mapped("verify"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(mapped("verify"))?;
    let mut findings = Vec::new();
    for line in lines {
        let line = line.map_err(mapped("verify"))?;
        if line != "ok" {
            findings.push(line);
        }
    }
    Ok(findings)
}
