//! What copies of whole stores need, beneath caches and versions: records as they lie, the change log as it was, and the
//! marks that tell what becomes of a store.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::config::{Config, Options};
use super::index::IndexSet;
use super::{Inner, Store, changelog, encoding, open};
use crate::engine::{Engine, Hold, Limits, Read, Record, RecordRef, Snapshot, Space, Writer};
use crate::error::{Error, Kind, Result};
use crate::store::Clock;

/// What is told of a whole store, beside its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is a copy that is not finished: nobody may open it.
    Incoming,
    /// Another store took its place: it is read and no longer written.
    Moved,
    /// Where it was copied from.
    Origin,
}

impl Mark {
    /// Its key in [`Space::Meta`]: a part of the file format.
    fn key(self) -> &'static [u8] {
        match self {
            Self::Incoming => b"incoming",
            Self::Moved => b"moved",
            Self::Origin => b"origin",
        }
    }
}

/// Reads a mark.
pub(crate) fn mark(read: &(impl Read + ?Sized), mark: Mark) -> Result<Option<Vec<u8>>> {
    read.entry(Space::Meta, mark.key())
}

/// Why the store that `read` sees is not written to, if so.
pub(super) fn closed_to_writers(read: &(impl Read + ?Sized)) -> Result<Option<Error>> {
    if let Some(mark) = mark(read, Mark::Moved)? {
        let mark: serde_json::Value = serde_json::from_slice(&mark).unwrap_or_default();
        let to = mark.get("to").and_then(serde_json::Value::as_str).unwrap_or("an unknown place");
        return Ok(Some(Error::new(Kind::Moved, format!("the store was moved to {to}: write to it there"))));
    }
    Ok(mark(read, Mark::Incoming)?.map(|_| unfinished()))
}

fn unfinished() -> Error {
    Error::new(
        Kind::WrongState,
        "it is a copy that was not finished: repeat the operation, which goes on where it stopped, or remove it",
    )
}

/// The declarations of indexes as they lie.
pub(crate) type Declarations = Vec<(Vec<u8>, Vec<u8>)>;

/// The indexes that are declared in a view.
pub(crate) fn declarations(read: &(impl Read + ?Sized)) -> Result<Declarations> {
    IndexSet::read(read)?.declarations()
}

/// A transaction of the store's change log, as it is appended to another.
pub(crate) struct LogEntry {
    /// The version of its last commit.
    pub version: u64,
    /// Tells it from entries of the same version in another history.
    pub fingerprint: u64,
    /// Whether other software changed records after it.
    pub marked: bool,
    /// Whether it follows the version that was asked for, or the entry before.
    pub follows: bool,
    /// Whether it changed the declarations of indexes.
    pub catalog: bool,
    /// The keys that it changed.
    pub keys: Vec<Vec<u8>>,
    /// The entry itself.
    pub bytes: Vec<u8>,
}

/// Reads the change log after a version, until `visit` answers false.
pub(crate) fn log_after(
    read: &(impl Read + ?Sized),
    version: u64,
    mut visit: impl FnMut(LogEntry) -> Result<bool>,
) -> Result<()> {
    let mut reached = version;
    changelog::after(read, version, |entry| {
        let commits = entry.commits.iter();
        let bytes = changelog::encode(entry.first, entry.time_ms, commits.map(|c| c.iter().cloned()));
        let changes = || entry.commits.iter().flatten();
        let (follows, last) = (entry.follows(reached), entry.last());
        reached = last;
        visit(LogEntry {
            version: last,
            fingerprint: entry.fingerprint,
            marked: entry.marked,
            follows,
            catalog: changes().any(|change| change.what.change().is_none()),
            keys: changes()
                .filter(|change| change.what.change().is_some())
                .map(|change| change.key.to_vec())
                .collect(),
            bytes,
        })
    })
}

/// Checks an entry of a change log that comes from a file.
pub(crate) fn check_log_entry(version: u64, bytes: &[u8]) -> Result<()> {
    changelog::decode(version, bytes).map(drop)
}

/// Checks that a record can be read: its encoding is known and its data decodes.
pub(crate) fn check_record(key: &[u8], record: &RecordRef<'_>) -> Result<()> {
    crate::limits::check_key(key).map_err(|error| Error::new(Kind::Corrupt, error.message()))?;
    encoding::decode(record.encoding, record.data).map(drop)
}

/// Whether two records say the same, however their data is encoded.
pub(crate) fn is_same(one: &Record, other: &Record) -> Result<bool> {
    if (one.version, one.expires_at) != (other.version, other.expires_at) {
        return Ok(false);
    }
    if one.encoding == other.encoding {
        return Ok(one.data == other.data);
    }
    Ok(encoding::decode(one.encoding, &one.data)? == encoding::decode(other.encoding, &other.data)?)
}

impl Store {
    /// Where its time comes from.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.source()
    }

    /// A view of everything, for as long as it takes.
    pub(crate) fn long_snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.reader().long_snapshot()
    }

    /// Refuses what could not be marked: opened for reading only, damaged, poisoned.
    pub(crate) fn check_writable(&self) -> Result<()> {
        self.inner.engine_to_write().map(drop)
    }

    /// What reads it as a whole.
    pub(crate) fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.inner))
    }

    /// Sets or removes the mark that the store was moved, a JSON object with "to". Every writer of every process sees it before its next commit.
    pub(crate) fn mark_moved(&self, text: Option<&str>) -> Result<()> {
        self.inner.commit_catalog("", |writer| match text {
            Some(text) => writer.put_entry(Space::Meta, Mark::Moved.key(), text.as_bytes()),
            None => writer.delete_entry(Space::Meta, Mark::Moved.key()),
        })
    }
}

/// Reads a store as a whole, also after its owner gave it up: then it answers [`Kind::Closed`].
pub(crate) struct Reader(Arc<Inner>);

/// The same, without keeping it.
pub(crate) struct WeakReader(Weak<Inner>);

impl Reader {
    pub fn downgrade(&self) -> WeakReader {
        WeakReader(Arc::downgrade(&self.0))
    }

    /// A view of everything, for as long as it takes.
    pub fn long_snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.0.note(self.0.engine()?.snapshot(Hold::Long))
    }

    pub fn now(&self) -> Result<i64> {
        self.0.engine()?;
        Ok(self.0.clock.now())
    }

    pub fn engine_name(&self) -> &'static str {
        self.0.engine.name().to_str().unwrap_or("")
    }
}

impl WeakReader {
    /// None once the store is gone.
    pub fn upgrade(&self) -> Option<Reader> {
        self.0.upgrade().map(Reader)
    }
}

impl Inner {
    /// Refuses to be opened while it is an unfinished copy.
    pub(super) fn refuse_unfinished(&self) -> Result<()> {
        let found = self.engine()?.snapshot(Hold::Short).and_then(|view| mark(view.as_ref(), Mark::Incoming));
        match found {
            Ok(Some(_)) => Err(unfinished()),
            // What can be read of a damaged file is read.
            Ok(None) => Ok(()),
            Err(error) if error.kind() == Kind::Corrupt => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A store that is being made from another's contents. Nobody else uses it meanwhile.
pub(crate) struct Replica {
    engine: Box<dyn Engine>,
    journal: Option<PathBuf>,
    options: Options,
}

impl Replica {
    /// Opens or creates it.
    pub fn open(config: &Config) -> Result<Self> {
        config.options.check()?;
        let (engine, journal) = open::engine(config)?;
        Ok(Self { engine, journal, options: config.options.clone() })
    }

    pub fn limits(&self) -> Limits {
        self.engine.limits()
    }

    /// What is wrong with its structure, a line each.
    pub fn findings(&self) -> Result<Vec<String>> {
        self.engine.verify()
    }

    /// A view of everything, for as long as it takes.
    pub fn read(&self) -> Result<Box<dyn Snapshot>> {
        self.engine.snapshot(Hold::Long)
    }

    /// Writes in one transaction: all of it or nothing.
    pub fn write(&self, f: impl FnOnce(&mut ReplicaWriter<'_>) -> Result<()>) -> Result<()> {
        let writer = open::begin(self.engine.as_ref(), self.journal.as_ref())?;
        let indexes = IndexSet::read(writer.as_ref())?;
        let decode = !self.engine.capabilities().compresses;
        let mut writer = ReplicaWriter { writer, indexes, decode };
        f(&mut writer)?;
        writer.writer.commit().map(drop).map_err(|failed| failed.error)
    }

    /// Waits until all of it is in the database.
    pub fn flush(&self) -> Result<()> {
        self.engine.flush(0)
    }

    /// Ends it, with everything in its files.
    pub fn close(self) -> Result<()> {
        self.engine.flush(0)?;
        self.engine.checkpoint()?;
        self.engine.close()
    }

    /// The finished store.
    pub fn into_store(self, clock: Arc<dyn Clock>) -> Result<Store> {
        Store::with_engine(self.engine, self.journal, &self.options, clock)
    }
}

/// One transaction of a [`Replica`].
pub(crate) struct ReplicaWriter<'e> {
    writer: Box<dyn Writer + 'e>,
    indexes: IndexSet,
    /// The engine keeps values as they were given, not as another compressed them.
    decode: bool,
}

impl ReplicaWriter<'_> {
    pub fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()> {
        self.indexes.maintain(self.writer.as_mut(), key, Some((record.encoding, record.data)))?;
        if record.expires_at != 0 {
            let entry = crate::engine::expiry_entry(record.expires_at, key);
            self.writer.put_entry(Space::Expiry, &entry, &[])?;
        }
        if !self.decode {
            return self.writer.put(key, record);
        }
        let data = encoding::decode(record.encoding, record.data)?;
        self.writer.put(key, RecordRef { encoding: encoding::RAW, data: &data, ..record })
    }

    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.indexes.maintain(self.writer.as_mut(), key, None)?;
        self.writer.delete(key)
    }

    /// Declares these indexes and no others, and builds those that are new.
    pub fn declare(&mut self, declarations: &Declarations) -> Result<()> {
        self.indexes = self.indexes.replace(self.writer.as_mut(), declarations)?;
        Ok(())
    }

    pub fn mark(&mut self, mark: Mark, text: Option<&[u8]>) -> Result<()> {
        match text {
            Some(text) => self.writer.put_entry(Space::Meta, mark.key(), text),
            None => self.writer.delete_entry(Space::Meta, mark.key()),
        }
    }

    /// Appends to the change log.
    pub fn log(&mut self, version: u64, entry: &[u8]) -> Result<()> {
        self.writer.append_log(version, entry)
    }

    /// Appends a commit that tells of changed marks.
    pub fn log_marks(&mut self, now: i64) -> Result<()> {
        let version = self.writer.last_version()?.saturating_add(1);
        self.log_start(version, now)
    }

    /// Begins or continues the change log with a version.
    pub fn log_start(&mut self, version: u64, now: i64) -> Result<()> {
        let change = changelog::LoggedChange { what: changelog::Logged::Catalog, key: b"" };
        let entry = changelog::encode(version, now, [[change].into_iter()].into_iter());
        self.writer.append_log(version, &entry)
    }

    /// Forgets the change log: what is appended next need not follow it.
    pub fn forget_log(&mut self) -> Result<()> {
        self.writer.trim_log(u64::MAX >> 1, u32::MAX)
    }
}
