//! Taking over records of another program, or of an older format, into a store that may hold other data and be in use.
//!
//! Records are written in order of their keys, many in a commit, and how far that went is written in the same commit: an
//! import that was killed goes on where it stopped, and no record is written twice.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::progress::{Phase, Reporter, Watcher};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::store::{Batch, Expiry, Store};

/// A record of a [`Source`].
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Its key in the store.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// When it expires.
    pub expiry: Expiry,
}

/// Where records come from. Its contents do not change while they are imported.
pub trait Source {
    /// Names the import: where it was is kept at the key `import:{name}`. Printable, without a colon.
    fn name(&self) -> &str;
    /// Tells these contents from all others, for example a hash of the file: an import goes on with the same ones only.
    fn fingerprint(&mut self) -> Result<u64>;
    /// Visits the records whose keys are greater than `after`, in order of their keys, each key once, until `visit` answers
    /// false.
    fn read(&mut self, after: &[u8], visit: &mut dyn FnMut(Item<'_>) -> Result<bool>) -> Result<()>;
}

/// What becomes of a record whose key the store has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// The import is refused with [`Kind::Exists`].
    #[default]
    Refuse,
    /// The store's stays.
    Keep,
    /// The source's replaces it.
    Replace,
}

/// How to import.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions {
    /// What becomes of records that the store has already.
    pub existing: Existing,
    /// Only look: count and check every record, write nothing.
    pub dry_run: bool,
    /// The most records of one commit.
    pub chunk_records: usize,
    /// About the most bytes of one commit.
    pub chunk_bytes: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { existing: Existing::Refuse, dry_run: false, chunk_records: 1000, chunk_bytes: 4 << 20 }
    }
}

/// What an import did, earlier attempts included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportReport {
    /// Records written.
    pub imported: u64,
    /// Records that the store had already and kept.
    pub kept: u64,
    /// Bytes of the source's keys and values.
    pub bytes: u64,
    /// A hash over the hashes of all records in their order: of two imports of the same records it is the same.
    pub digest: u64,
}

/// Where an import is, as it lies at its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportStatus {
    /// Of the source.
    pub fingerprint: u64,
    /// The last key that was imported, in hexadecimal digits.
    after: String,
    /// Whether all of it was imported and found again.
    pub done: bool,
    /// What was done.
    #[serde(flatten)]
    pub report: ImportReport,
}

/// Where the import of a name is; None if there was none.
///
/// # Errors
/// Those of a read, and [`Kind::WrongType`] when the key holds something else.
pub fn import_status(store: &Store, name: &str) -> Result<Option<ImportStatus>> {
    Ok(Progress::load(store, name)?.0)
}

/// Imports all records of a source, or those that an earlier attempt left over. Repeating a finished one does nothing.
///
/// # Errors
/// [`Kind::Cancelled`]; [`Kind::Conflict`] when another import of the same name is at work, or when one was begun with other
/// contents; [`Kind::Exists`]; [`Kind::Invalid`] for records out of order; those of the source and of [`Store::commit`]. What
/// was imported stays, and the next attempt goes on from there.
pub fn import(
    store: &Store,
    source: &mut dyn Source,
    options: &ImportOptions,
    watcher: Watcher<'_>,
) -> Result<ImportReport> {
    let fingerprint = source.fingerprint()?;
    let (found, version) = Progress::load(store, source.name())?;
    let status = match found {
        Some(status) if status.fingerprint != fingerprint => {
            let text = format!("the import {:?} was begun with other contents", source.name());
            return Err(Error::new(Kind::Conflict, text));
        }
        Some(status) if status.done => return Ok(status.report),
        Some(status) => status,
        None => {
            ImportStatus { fingerprint, after: String::new(), done: false, report: ImportReport::default() }
        }
    };
    let mut progress = Progress { key: state_key(source.name())?, version, status };
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    let done = progress.status.report;
    reporter.phase(Phase::Copy, done.imported + done.kept, done.bytes)?;
    let mut after = unhex(&progress.status.after)?;
    loop {
        let chunk = Chunk::read(source, &after, options)?;
        let (records, bytes) = (chunk.items.len() as u64, chunk.bytes as u64);
        match chunk.items.last() {
            Some((key, ..)) => after.clone_from(key),
            None => break,
        }
        progress.commit(store, &chunk, options)?;
        reporter.add(records, bytes)?;
    }
    reporter.phase(Phase::Finish, 0, 0)?;
    progress.finish(store, options.dry_run)?;
    Ok(progress.status.report)
}

/// Records of one commit.
struct Chunk {
    items: Vec<(Vec<u8>, Vec<u8>, Expiry)>,
    bytes: usize,
}

impl Chunk {
    fn read(source: &mut dyn Source, after: &[u8], options: &ImportOptions) -> Result<Self> {
        let mut chunk = Self { items: Vec::new(), bytes: 0 };
        let (records, bytes) =
            (options.chunk_records.clamp(1, limits::MAX_BATCH_OPS / 3), options.chunk_bytes);
        source.read(after, &mut |item| {
            let last = chunk.items.last().map_or(after, |(key, ..)| key);
            if item.key <= last {
                let key = String::from_utf8_lossy(item.key);
                return Err(Error::invalid(format!("the source gave the key {key:?} out of order")));
            }
            limits::check_key(item.key)?;
            limits::check_value(item.value)?;
            chunk.bytes += item.key.len() + item.value.len();
            chunk.items.push((item.key.to_vec(), item.value.to_vec(), item.expiry));
            Ok(chunk.items.len() < records && chunk.bytes < bytes)
        })?;
        Ok(chunk)
    }
}

/// How far an import is, and where that is kept.
struct Progress {
    key: Vec<u8>,
    /// Of the record that keeps it; 0: none yet.
    version: u64,
    status: ImportStatus,
}

impl Progress {
    fn load(store: &Store, name: &str) -> Result<(Option<ImportStatus>, u64)> {
        let Some(value) = store.get(&state_key(name)?)? else { return Ok((None, 0)) };
        let status = serde_json::from_slice(&value)
            .map_err(|_| Error::new(Kind::WrongType, format!("what import:{name} holds is no import")))?;
        Ok((Some(status), value.version()))
    }

    /// Writes a chunk and how far that is, together.
    fn commit(&mut self, store: &Store, chunk: &Chunk, options: &ImportOptions) -> Result<()> {
        let keys: Vec<&[u8]> = chunk.items.iter().map(|(key, ..)| &key[..]).collect();
        let mut present = Vec::with_capacity(keys.len());
        for keys in keys.chunks(limits::MAX_PAGE_ROWS) {
            present.extend(store.get_many(keys)?.into_iter().map(|value| value.map(|value| value.version())));
        }
        let (mut batch, mut written) = (Batch::new(), Vec::new());
        for ((key, value, expiry), present) in chunk.items.iter().zip(present) {
            let report = &mut self.status.report;
            report.digest = xxh3_64_with_seed(value, xxh3_64_with_seed(key, report.digest));
            report.bytes += (key.len() + value.len()) as u64;
            match (present, options.existing) {
                (Some(_), Existing::Refuse) => {
                    let text = format!("the store has the key {:?} already", String::from_utf8_lossy(key));
                    return Err(Error::new(Kind::Exists, text));
                }
                (Some(_), Existing::Keep) => report.kept += 1,
                _ => {
                    // Somebody else may write the key just now: then all of this is looked at again by a repetition.
                    batch.check(key, present.unwrap_or(0))?;
                    batch.put_expiring(key, value, *expiry)?;
                    written.push((key, value));
                    report.imported += 1;
                }
            }
        }
        self.status.after = chunk.items.last().map(|(key, ..)| hex(key)).unwrap_or_default();
        if options.dry_run {
            return Ok(());
        }
        self.save(store, batch)?;
        self.find_again(store, &written)
    }

    fn save(&mut self, store: &Store, mut batch: Batch) -> Result<()> {
        let text =
            serde_json::to_vec(&self.status).map_err(|error| Error::new(Kind::Panic, error.to_string()))?;
        batch.check(&self.key, self.version)?;
        batch.put(&self.key, &text)?;
        self.version = store.commit(&batch)?;
        Ok(())
    }

    /// Reads what was written back, unless it was changed since.
    fn find_again(&self, store: &Store, written: &[(&Vec<u8>, &Vec<u8>)]) -> Result<()> {
        for (key, value) in written {
            let found = store.get(key)?.filter(|found| found.version() == self.version);
            if found.is_some_and(|found| *found != value[..]) {
                let text = format!("the key {:?} was read back differently", String::from_utf8_lossy(key));
                return Err(Error::new(Kind::Corrupt, text));
            }
        }
        Ok(())
    }

    fn finish(&mut self, store: &Store, dry_run: bool) -> Result<()> {
        self.status.done = true;
        if dry_run { Ok(()) } else { self.save(store, Batch::new()) }
    }
}

fn state_key(name: &str) -> Result<Vec<u8>> {
    if name.is_empty() || name.len() > 128 || name.chars().any(|c| c == ':' || c.is_control()) {
        return Err(Error::invalid(format!(
            "{name:?} is no name of an import: 1 to 128 printable bytes, no colon"
        )));
    }
    Ok(format!("import:{name}").into_bytes())
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits.
pub(super) fn unhex(text: &str) -> Result<Vec<u8>> {
    let damaged = || Error::new(Kind::Corrupt, "a position is no hexadecimal number");
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(damaged());
    }
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .map(|byte| byte.ok_or_else(damaged))
        .collect()
}
