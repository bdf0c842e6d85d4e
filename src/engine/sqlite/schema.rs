//! The tables, and every SQL text that is not a row access.

use rusqlite::{Connection, TransactionBehavior};

use super::SqliteOptions;
use super::error::mapped;
use crate::error::{Error, Kind, Result};

/// "JOIN", in the file's header: tells a file of this library from any other SQLite database.
const APPLICATION_ID: i32 = 0x4a4f_494e;

/// The changes from an empty file to the present schema. Append only: a file's `user_version` counts those it has.
const MIGRATIONS: &[&str] = &["
    -- Records: see packed.rs. WITHOUT ROWID keeps small values beside their key; above about 1,000 bytes it would waste most
    -- of a page, so that larger values are in `blob`.
    -- No constraint aborts: else a statement that writes many rows would keep a journal of its own.
    CREATE TABLE record (
        key BLOB NOT NULL ON CONFLICT FAIL PRIMARY KEY ON CONFLICT REPLACE,
        packed BLOB NOT NULL ON CONFLICT FAIL
    ) WITHOUT ROWID;
    CREATE TABLE blob (key BLOB PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE log (version INTEGER PRIMARY KEY, sum INTEGER NOT NULL, mark INTEGER, entry BLOB NOT NULL);
    -- Records as other software reads and writes them. Its rows have no checksum.
    CREATE VIEW kv (key, version, expires, encoding, value) AS
        SELECT key, version, expires, form & 255,
            CASE WHEN form < 256 THEN data ELSE (SELECT data FROM blob WHERE key = form_of.key) END
        FROM (SELECT key, version, expires, CAST(rest AS INTEGER) AS form, substr(rest, instr(rest, x'20') + 1) AS data
        FROM (SELECT key, version, CAST(rest AS INTEGER) AS expires, substr(rest, instr(rest, x'20') + 1) AS rest
        FROM (SELECT key, CAST(rest AS INTEGER) AS version, substr(rest, instr(rest, x'20') + 1) AS rest
        FROM (SELECT key, substr(packed, 5) AS rest FROM record)))) AS form_of;
    CREATE TRIGGER kv_insert INSTEAD OF INSERT ON kv BEGIN
        DELETE FROM blob WHERE key = CAST(new.key AS BLOB);
        REPLACE INTO record VALUES (CAST(new.key AS BLOB), CAST(x'00000000' ||
            coalesce(new.version, (SELECT max(version) FROM log), 1) || ' ' || coalesce(new.expires, 0) || ' ' ||
            coalesce(new.encoding, 0) || ' ' || coalesce(new.value, '') AS BLOB));
    END;
    CREATE TRIGGER kv_delete INSTEAD OF DELETE ON kv BEGIN
        DELETE FROM blob WHERE key = old.key;
        DELETE FROM record WHERE key = old.key;
    END;
    CREATE TRIGGER kv_update INSTEAD OF UPDATE ON kv BEGIN
        DELETE FROM kv WHERE key = old.key;
        INSERT INTO kv VALUES (new.key, new.version, new.expires, new.encoding, new.value);
    END;
    -- This library's connections run no triggers: it is other software that changes these rows, a repair by SQL. A new mark
    -- at the end of the log tells the caches of all processes.
    CREATE TRIGGER record_insert AFTER INSERT ON record
        BEGIN UPDATE log SET mark = random() WHERE version = (SELECT max(version) FROM log); END;
    CREATE TRIGGER record_delete AFTER DELETE ON record
        BEGIN UPDATE log SET mark = random() WHERE version = (SELECT max(version) FROM log); END;
    CREATE TRIGGER record_update AFTER UPDATE ON record
        BEGIN UPDATE log SET mark = random() WHERE version = (SELECT max(version) FROM log); END;
    CREATE TRIGGER blob_update AFTER UPDATE ON blob BEGIN
        UPDATE record SET packed = CAST(x'00000000' || substr(packed, 5) AS BLOB) WHERE key = new.key;
    END;
    CREATE TABLE meta (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE expiry (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE idx (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"];

/// What must be decided before the first table exists.
const NEW_FILE: &str = "PRAGMA auto_vacuum = INCREMENTAL;";

/// Of every connection. The file is untrusted input.
pub(super) const CONNECTION: &str = "
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA mmap_size = 0;
    PRAGMA cache_size = -4096;
";

/// Of the writer. SQLite walks through its whole page cache after every split of a page, so that it is small; but a page that a
/// large transaction changes again after it was spilled goes to the log twice, so that changed pages stay longer.
pub(super) const WRITER: &str = "PRAGMA cache_size = 512; PRAGMA cache_spill = 2048;";

pub(super) const WAL_MODE: &str = "PRAGMA journal_mode = WAL";
pub(super) const SYNC_POWER: &str = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;";
pub(super) const SYNC_PROCESS: &str = "PRAGMA synchronous = NORMAL;";
pub(super) const COMPACT: &str = "VACUUM";
pub(super) const INTEGRITY: &str = "PRAGMA integrity_check(100)";
/// One statement, so that all of it is of one moment while another process creates the tables.
const STATE: &str = "
    SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_application_id(), pragma_user_version()";
pub(super) const SIZES: &str = "
    SELECT page_size, page_count, freelist_count
    FROM pragma_page_size(), pragma_page_count(), pragma_freelist_count()";

/// Creates the tables of an empty file, or those it lacks. Refuses what is not this library's before touching it.
pub(super) fn initialise(connection: &Connection, options: &SqliteOptions) -> Result<()> {
    let doing = "prepare the database";
    let present = accepted(state(connection)?)?;
    if present.is_none() {
        connection.execute_batch(NEW_FILE).map_err(mapped(doing))?;
    }
    let mode: String = connection.query_row(WAL_MODE, [], |row| row.get(0)).map_err(mapped(doing))?;
    if mode != "wal" {
        return Err(Error::new(
            Kind::Unsupported,
            format!("the file system does not support WAL mode (journal mode {mode})"),
        ));
    }
    let sync = if options.power_safe { SYNC_POWER } else { SYNC_PROCESS };
    connection.execute_batch(sync).map_err(mapped(doing))?;
    if present == Some(MIGRATIONS.len()) {
        return Ok(());
    }
    let txn = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        .map_err(mapped(doing))?;
    // Looked at again under the write lock: another process may have been faster.
    let done = accepted(state(&txn)?)?.unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        txn.execute_batch(migration).map_err(mapped(doing))?;
    }
    if done < MIGRATIONS.len() {
        txn.pragma_update(None, "application_id", APPLICATION_ID).map_err(mapped(doing))?;
        txn.pragma_update(None, "user_version", MIGRATIONS.len() as i64).map_err(mapped(doing))?;
    }
    txn.commit().map_err(mapped(doing))
}

/// Refuses what a store cannot be read from.
pub(super) fn check(connection: &Connection) -> Result<()> {
    match accepted(state(connection)?)? {
        Some(_) => Ok(()),
        None => Err(Error::new(Kind::NotADatabase, "the database is empty")),
    }
}

/// The schema of a file of this library, none of an empty one; refuses files of others and of the future.
fn accepted(state: State) -> Result<Option<usize>> {
    match state {
        State::Empty => Ok(None),
        State::Present(version) if version <= MIGRATIONS.len() => Ok(Some(version)),
        State::Present(version) => Err(Error::new(
            Kind::NewerSchema,
            format!(
                "schema {version} is newer than this library's {}: upgrade the library",
                MIGRATIONS.len()
            ),
        )),
        State::Foreign => Err(Error::new(Kind::NotADatabase, "a SQLite database, but of another program")),
    }
}

enum State {
    Empty,
    Present(usize),
    Foreign,
}

fn state(connection: &Connection) -> Result<State> {
    let doing = "read the database header";
    let (id, version, tables): (i64, i64, i64) = connection
        .query_row(STATE, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(mapped(doing))?;
    if id == i64::from(APPLICATION_ID) {
        return Ok(State::Present(usize::try_from(version).unwrap_or(usize::MAX)));
    }
    Ok(if tables == 0 && id == 0 { State::Empty } else { State::Foreign })
}
