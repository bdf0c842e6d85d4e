//! How bytes are kept: what the store needs of an engine, and one folder per engine.
//!
//! An engine is an ordered map of records with transactions, snapshots, a change log and a generation that tells
//! cheaply whether anybody changed it. It knows nothing of caches, expiry or documents: those rules are written once,
//! in [`crate::store`], over these traits. [`query`] answers SQL over any of them. Every engine passes the suite in `tests/rust/engine_conformance.rs`.

use std::ffi::CStr;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::{Error, Kind, Result};

pub mod behind;
mod busy;
mod checksum;
mod counter;
mod files;
pub mod jsonl;
pub mod leveldb;
pub mod memory;
mod packed;
pub mod query;
pub mod sqlite;

/// A state of the whole engine, as a value that changes with every commit of anybody and never comes back. For SQLite
/// it is the header of the WAL-index, bytes 0 to 47 (<https://sqlite.org/walformat.html>, "The WAL-Index Header").
#[derive(Clone, Copy, Debug, Eq)]
pub struct Generation(pub [u64; 6]);

impl PartialEq for Generation {
    /// Word by word: every read compares generations, whose words have just been stored one by one, and `memcmp`, which
    /// loads them in larger pieces, would wait for the stores.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, two)| one == two)
    }
}

impl Generation {
    /// Equal to no state of any engine: what could not be told, or has not been looked at yet.
    pub const UNKNOWN: Self = Self([u64::MAX; 6]);
}

/// A generation that one thread at a time replaces while others look at it. Those may see words of two generations, which
/// together equal none, since the words of a generation tell of each other.
#[derive(Debug)]
pub struct AtomicGeneration(pub [AtomicU64; 6]);

impl AtomicGeneration {
    /// One that is `generation`.
    pub fn new(generation: &Generation) -> Self {
        Self(generation.0.map(AtomicU64::new))
    }

    /// What it is.
    pub fn load(&self) -> Generation {
        Generation(self.0.each_ref().map(|word| word.load(Ordering::Acquire)))
    }

    /// Replaces it.
    pub fn store(&self, generation: &Generation) {
        for (word, value) in self.0.iter().zip(generation.0) {
            word.store(value, Ordering::Release);
        }
    }
}

/// What an engine keeps under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The version of the commit that wrote it.
    pub version: u64,
    /// When it expires, in milliseconds since 1970-01-01 UTC; 0: never.
    pub expires_at: i64,
    /// How the store encoded the data.
    pub encoding: u8,
    /// The data as the store encoded it.
    pub data: Vec<u8>,
}

/// The same, borrowed from an engine during a scan.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    /// As [`Record::version`].
    pub version: u64,
    /// As [`Record::expires_at`].
    pub expires_at: i64,
    /// As [`Record::encoding`].
    pub encoding: u8,
    /// As [`Record::data`]; empty in a scan of keys only.
    pub data: &'a [u8],
}

/// Ordered maps of bytes that the store keeps beside the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// The catalog of indexes.
    Meta,
    /// When keys expire: big-endian time, then the key.
    Expiry,
    /// Entries of indexes.
    Index,
}

impl Space {
    /// Every space.
    pub const ALL: [Space; 3] = [Space::Meta, Space::Expiry, Space::Index];
}

/// The entry of [`Space::Expiry`] under which an expiring key is found when its time has come.
pub(crate) fn expiry_entry(expires_at: i64, key: &[u8]) -> Vec<u8> {
    [&expires_at.cast_unsigned().to_be_bytes(), key].concat()
}

/// A range of keys, ordered bytewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it starts.
    pub start: Bound<Vec<u8>>,
    /// Where it ends.
    pub end: Bound<Vec<u8>>,
}

impl Range {
    /// All keys.
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// The keys that start with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { start: Bound::Included(prefix.to_vec()), end: prefix_end(prefix) }
    }

    /// Where it starts and ends, borrowed.
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.start.as_ref().map(Vec::as_slice), self.end.as_ref().map(Vec::as_slice))
    }

    /// Whether no key can be in it.
    pub fn is_empty(&self) -> bool {
        no_key_between(self.bounds())
    }

    /// Whether a key is in it.
    pub fn contains(&self, key: &[u8]) -> bool {
        let after_start = match &self.start {
            Bound::Unbounded => true,
            Bound::Included(start) => key >= start.as_slice(),
            Bound::Excluded(start) => key > start.as_slice(),
        };
        after_start
            && match &self.end {
                Bound::Unbounded => true,
                Bound::Included(end) => key <= end.as_slice(),
                Bound::Excluded(end) => key < end.as_slice(),
            }
    }
}

/// Whether no key can be between two bounds. Maps of the standard library panic on some of those.
pub(crate) fn no_key_between(bounds: (Bound<&[u8]>, Bound<&[u8]>)) -> bool {
    match bounds {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
            start >= end
        }
    }
}

/// The first key after all that start with `prefix`.
fn prefix_end(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

/// What a scan reads of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// All of it.
    All,
    /// All but the data.
    KeysOnly,
}

/// Receives what a scan finds; false ends the scan.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], RecordRef<'_>) -> Result<bool>;
/// The same for the spaces beside the records.
pub type VisitEntry<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<bool>;
/// The same for the change log.
pub type VisitLog<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<bool>;

/// Begins what no entry of the change log begins with: a mark of changes that it does not list.
pub(crate) const MARK: u8 = 0;

/// Reads of one consistent state.
pub trait Read {
    /// The record of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Record>>;
    /// The records of a range, in order of their keys, or in the reverse order.
    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()>;
    /// An entry beside the records.
    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// The entries of a range, in order of their keys, or in the reverse order.
    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()>;
    /// The version of the last entry of the change log; 0 while there is none.
    fn last_version(&self) -> Result<u64>;
    /// The entries of the change log after a version, in order. A zero byte and a number after the last tell that other
    /// software changed records since.
    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()>;
}

/// A read view that holds still while others write, until it is too old.
///
/// Once older than the engine's bound its reads answer [`Kind::Conflict`], unless it is a long one, so that no reader can
/// keep a write-ahead log from shrinking.
pub trait Snapshot: Read + Send {
    /// The state it reads, or [`Generation::UNKNOWN`].
    fn generation(&self) -> Generation;
    /// Wants it for another time than before. One that is over stays over.
    fn hold(&self, hold: Hold) {
        let _ = hold;
    }
}

/// How long a snapshot is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// At most as long as the engine's bound.
    Short,
    /// As long as it takes: for checks and copies of everything.
    Long,
}

/// The one writer. Its reads see its own writes. Dropping it without a commit undoes it.
pub trait Writer: Read {
    /// The state it started from.
    fn generation(&self) -> Generation;
    /// Writes a record.
    fn put(&mut self, key: &[u8], record: RecordRef<'_>) -> Result<()>;
    /// Removes a record.
    fn delete(&mut self, key: &[u8]) -> Result<()>;
    /// Writes an entry beside the records.
    fn put_entry(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<()>;
    /// Removes an entry beside the records.
    fn delete_entry(&mut self, space: Space, key: &[u8]) -> Result<()>;
    /// Appends to the change log; `version` is greater than the last. An engine may later join consecutive entries: their
    /// bytes one after the other, under the last version.
    fn append_log(&mut self, version: u64, entry: &[u8]) -> Result<()>;
    /// Removes up to `at_most` of the oldest entries of the change log whose version is at most `through`; with the next
    /// flush, if the engine writes behind.
    fn trim_log(&mut self, through: u64, at_most: u32) -> Result<()>;
    /// Makes all of it durable and visible at once. Answers the state it made, when it can tell that nobody else
    /// committed since; else [`Generation::UNKNOWN`].
    fn commit(self: Box<Self>) -> std::result::Result<Generation, CommitError>;
}

/// A commit that did not succeed.
#[derive(Debug)]
pub struct CommitError {
    /// What went wrong.
    pub error: Error,
    /// Whether the commit may have happened nevertheless.
    pub outcome_unknown: bool,
}

/// What an engine can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a key.
    pub key_bytes: usize,
    /// The most bytes of a value.
    pub value_bytes: usize,
    /// The most operations of one batch.
    pub batch_ops: usize,
    /// The most bytes of one batch.
    pub batch_bytes: usize,
    /// The most rows of one page.
    pub page_rows: usize,
}

impl Limits {
    /// The bounds of this library, for engines that have none of their own.
    pub const LIBRARY: Self = Self {
        key_bytes: crate::limits::MAX_KEY_BYTES,
        value_bytes: crate::limits::MAX_VALUE_BYTES,
        batch_ops: crate::limits::MAX_BATCH_OPS,
        batch_bytes: crate::limits::MAX_BATCH_BYTES,
        page_rows: crate::limits::MAX_PAGE_ROWS,
    };
}

/// What an acknowledged commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: the device is synchronised before a commit returns; concurrent writers share one synchronisation.
    Power,
    /// The death of the process. Power loss may roll back the last commits, never part of one.
    #[default]
    Process,
}

/// Who may have the data open at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One store of one process.
    OneStore,
    /// One store that writes, and others that read.
    OneWriter,
    /// Any number of stores and processes, each of which may write.
    Everyone,
}

/// What may be relied on beyond the trait. Engines differ in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What an acknowledged commit survives; None: nothing survives the store.
    pub durability: Option<Durability>,
    /// Who may have the data open at the same time.
    pub sharing: Sharing,
    /// Whether the data is a SQLite file, which other software reads with SQL.
    pub sqlite_file: bool,
    /// Whether the engine keeps entries of [`Space::Index`]; else the store makes them anew when it is opened.
    pub keeps_indexes: bool,
    /// Whether the store may compress values; else they lie in the engine as they were given.
    pub compresses: bool,
}

/// Figures of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Size of the database without its write-ahead log.
    pub file_bytes: u64,
    /// Of these, in free pages.
    pub free_bytes: u64,
    /// The write-ahead log in use.
    pub wal_bytes: u64,
    /// What was acknowledged and is not yet in the database; None of an engine that does not write behind.
    pub queue: Option<Queue>,
}

/// Figures of writing behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Transactions that wait.
    pub transactions: u64,
    /// What they take in the journal.
    pub bytes: u64,
    /// How long the oldest has waited.
    pub lag: Duration,
    /// Flushes so far.
    pub flushes: u64,
    /// Rows that they wrote; a key that was written often is one.
    pub rows: u64,
    /// How fast the database took the journal lately.
    pub bytes_per_second: u64,
}

/// A place where data is kept. Usable from any thread.
pub trait Engine: Send + Sync {
    /// Its name, as in URLs.
    fn name(&self) -> &'static CStr;
    /// What it can hold.
    fn limits(&self) -> Limits {
        Limits::LIBRARY
    }
    /// What may be relied on beyond this trait.
    fn capabilities(&self) -> Capabilities;
    /// The present state. Costs nanoseconds.
    fn generation(&self) -> Generation;
    /// Whether the present state is `seen`. Every read asks this.
    fn is_at(&self, seen: &AtomicGeneration) -> bool {
        let present = self.generation();
        present != Generation::UNKNOWN && present == seen.load()
    }
    /// How many commits, of anybody and by any software, led from one state to the other; None when that cannot be told.
    fn commits_between(&self, from: &Generation, to: &Generation) -> Option<u64>;
    /// Waits until the state differs from `seen`, at most `timeout`; may return early.
    fn wait(&self, seen: &Generation, timeout: Duration);
    /// A read view of everything committed before the call.
    fn snapshot(&self, hold: Hold) -> Result<Box<dyn Snapshot>>;
    /// Waits to become the one writer of all threads and processes.
    fn begin(&self) -> Result<Box<dyn Writer + '_>>;
    /// Waits until all that was committed up to `version` is in the database, where other processes see it; 0: all until
    /// now. At once for an engine that does not write behind.
    fn flush(&self, version: u64) -> Result<()> {
        let _ = version;
        Ok(())
    }
    /// Ends it after a last flush: what is committed later is refused, and others may take its place. To be called while
    /// nobody writes.
    fn close(&self) -> Result<()> {
        Ok(())
    }
    /// Housekeeping, called by a background thread every now and then.
    fn maintain(&self) -> Result<()>;
    /// Whether housekeeping is due now, after a commit. Costs nanoseconds.
    fn wants_maintenance(&self) -> bool {
        false
    }
    /// Moves the write-ahead log into the database and empties it.
    fn checkpoint(&self) -> Result<()>;
    /// Rewrites the database without its free space.
    fn compact(&self) -> Result<()>;
    /// Checks the structure of the database; what is wrong, a line each.
    fn verify(&self) -> Result<Vec<String>>;
    /// Figures.
    fn stats(&self) -> Result<EngineStats>;
}

pub(crate) fn too_old() -> Error {
    Error::new(Kind::Conflict, "the transaction is older than snapshot_max_age_ms: repeat it from its begin")
}

/// What a row or an entry holds is not what this library wrote.
pub(crate) fn damaged(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("{what}: the file was damaged or changed by other software"))
}
