//! From the files of a folder to what is in memory. What somebody edited by hand is told apart from what was written here.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::JsonlOptions;
use super::checkpoint::Usage;
use super::field;
use super::folder;
use super::layout::{self, Home, Layout, Tables};
use super::line::{self, Line, lines};
use super::record::{self, Stated};
use super::versions::{self, Entry};
use super::wal::{self, End};
use crate::engine::{Fields, Range, Record, RecordRef, Space, Writer, expiry_entry};
use crate::error::{Error, Kind, Result};
use crate::limits;

/// What the files held beside what is in memory now.
#[derive(Default)]
pub(super) struct Found {
    pub rows: BTreeMap<String, Usage>,
    pub keys: Usage,
    pub changes: Usage,
    /// What was edited by hand: the new record, of no version, or that it is gone.
    pub edited: BTreeMap<Vec<u8>, Option<Record>>,
}

/// Reads all files but the write-ahead log into an empty `writer`.
pub(super) fn files(layout: &Layout, options: &JsonlOptions, writer: &mut dyn Writer) -> Result<Found> {
    // The write-ahead log has again what an interrupted checkpoint was writing.
    let interrupted = layout.checkpoint().exists();
    let mut loading = Loading { layout, options, interrupted, writer, found: Found::default() };
    let tables = layout.schemas()?;
    if let Some(table) = layout.row_files()?.iter().find(|table| !tables.contains(table)) {
        let (rows, schema) = (layout.records(table), layout.schema(table));
        let text = format!("{}: the schema {} is missing", rows.display(), schema.display());
        return Err(Error::new(Kind::Corrupt, text));
    }
    for table in &tables {
        loading.table(table)?;
    }
    loading.keys()?;
    loading.changes()?;
    Ok(loading.found)
}

struct Loading<'l> {
    layout: &'l Layout,
    options: &'l JsonlOptions,
    interrupted: bool,
    writer: &'l mut dyn Writer,
    found: Found,
}

/// A file of lines that are read one by one.
struct Source<'s> {
    path: &'s Path,
    interrupted: bool,
    usage: &'s mut Usage,
}

impl Source<'_> {
    /// Has `read` read each line. The last may be a part of one where an interrupted checkpoint was writing it.
    fn each<'t>(
        &mut self,
        text: &'t [u8],
        mut read: impl FnMut(&Line<'t>, &mut Usage) -> std::result::Result<(), String>,
    ) -> Result<()> {
        self.usage.len = text.len() as u64;
        for line in lines(text) {
            // The next line cannot be appended to it.
            self.usage.rewrite |= !line.ended || line.is_blank();
            if line.is_blank() {
                continue;
            }
            match read(&line, self.usage) {
                Ok(()) => self.usage.lines += 1,
                Err(_) if self.interrupted && !line.ended => return Ok(()),
                Err(why) => {
                    let text = format!("{}, line {}: {why}", self.path.display(), line.number);
                    return Err(Error::new(Kind::Corrupt, text));
                }
            }
        }
        Ok(())
    }
}

impl Loading<'_> {
    fn table(&mut self, table: &str) -> Result<()> {
        let mut usage = Usage::default();
        let path = self.layout.versions(table);
        let text = folder::read(&path)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut source = Source { path: &path, interrupted: self.interrupted, usage: &mut usage };
        source.each(&text, |line, _| {
            entries.push(versions::read(line.text)?);
            Ok(())
        })?;
        let (versions_len, versions_lines) = (usage.len, usage.lines);
        let schema = self.schema(table, &entries, &mut usage)?;

        let path = self.layout.records(table);
        let text = folder::read(&path)?;
        let mut rows: Vec<&[u8]> = Vec::new();
        let mut source = Source { path: &path, interrupted: self.interrupted, usage: &mut usage };
        source.each(&text, |line, _| {
            limits::check_value(line.text).map_err(|error| error.to_string())?;
            if !field::is_one_line_object(line.text) {
                return Err("it is no JSON object".to_owned());
            }
            rows.push(line.text);
            Ok(())
        })?;
        usage.versions_len = versions_len;
        usage.lines = versions_lines;
        let edited = self.rows(table, &entries, &rows, &mut usage);
        edited
            .and_then(|edited| self.edited_rows(table, &schema, edited, &mut usage))
            .map_err(|error| error.within(path.display()))?;
        self.found.rows.insert(table.to_owned(), usage);
        Ok(())
    }

    fn schema(&mut self, table: &str, entries: &[Entry], usage: &mut Usage) -> Result<Vec<u8>> {
        let path = self.layout.schema(table);
        let data = folder::read(&path)?;
        if !layout::is_schema(table, &data) || data.len() > limits::MAX_VALUE_BYTES {
            let text = format!("{}: it is not the schema of the table {table}", path.display());
            return Err(Error::new(Kind::Corrupt, text));
        }
        let key = layout::schema_key(table);
        let known = entries.iter().rev().find(|entry| entry.row.is_none());
        let mut record = Record { version: 0, expires_at: 0, encoding: 0, data: data.clone() };
        match known.filter(|known| known.line == Some(line::checksum(&data))) {
            Some(known) => {
                (record.version, record.expires_at) = (known.version, known.expires_at);
                usage.live += 1;
                self.writer.put(&key, borrowed(&record))?;
            }
            None => {
                usage.rewrite = true;
                self.found.edited.insert(key, Some(record));
            }
        }
        Ok(data)
    }

    /// Brings lines and what is known of them together. Answers the lines of which nothing is known.
    fn rows<'t>(
        &mut self,
        table: &str,
        entries: &[Entry],
        lines: &[&'t [u8]],
        usage: &mut Usage,
    ) -> Result<Vec<&'t [u8]>> {
        let mut by_line: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut latest: BTreeMap<&[u8], usize> = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            if let Some(line) = entry.line {
                by_line.entry(line).or_default().push(at);
            }
            if let Some(row) = &entry.row {
                latest.insert(row, at);
            }
        }
        let mut found: HashMap<usize, &[u8]> = HashMap::new();
        let mut unknown = Vec::new();
        for line in lines {
            // The latest of what is known of such a line.
            match by_line.get_mut(&line::checksum(line)).and_then(Vec::pop) {
                Some(at) => drop(found.insert(at, line)),
                None => unknown.push(*line),
            }
        }
        for (row, at) in latest {
            let Some(entry) = entries.get(at).filter(|entry| entry.line.is_some()) else { continue };
            let key = layout::row_key(table, row);
            limits::check_key(&key)?;
            let (version, expires_at) = (entry.version, entry.expires_at);
            match found.get(&at) {
                Some(line) => {
                    let record = Record { version, expires_at, encoding: 0, data: line.to_vec() };
                    self.writer.put(&key, borrowed(&record))?;
                    usage.live += 1;
                }
                None => {
                    usage.rewrite = true;
                    self.found.edited.insert(key, None);
                }
            }
        }
        Ok(unknown)
    }

    /// Finds the keys of lines that were edited or added by hand.
    fn edited_rows(
        &mut self,
        table: &str,
        schema: &[u8],
        lines: Vec<&[u8]>,
        usage: &mut Usage,
    ) -> Result<()> {
        usage.rewrite |= !lines.is_empty();
        for line in lines {
            let mut last = None;
            let range = layout::rows_of(table);
            self.writer.scan(&range, true, Fields::KeysOnly, &mut |key, _| {
                last = Some(key.to_vec());
                Ok(false)
            })?;
            let edited = self.found.edited.range::<[u8], _>(range.bounds()).next_back();
            let last = last.as_deref().max(edited.map(|(key, _)| key.as_slice()));
            let last = last.and_then(|key| match layout::named(key) {
                Some(layout::Named::Row { row, .. }) => Some(row),
                _ => None,
            });
            let key = layout::row_key(table, &(self.options.row_key)(schema, line, last)?);
            limits::check_key(&key)?;
            let record = Record { version: 0, expires_at: 0, encoding: 0, data: line.to_vec() };
            self.found.edited.insert(key, Some(record));
        }
        Ok(())
    }

    fn keys(&mut self) -> Result<()> {
        let path = self.layout.keys();
        let text = folder::read(&path)?;
        let (writer, edited) = (&mut *self.writer, &mut self.found.edited);
        let mut failure = Ok(());
        let usage = &mut self.found.keys;
        let mut source = Source { path: &path, interrupted: self.interrupted, usage };
        source.each(&text, |line, usage| {
            let stated = record::read(line.text)?;
            let known = line::sealed(line.text, 0).is_some();
            usage.rewrite |= !known;
            let done = match stated {
                Stated::Put { key, record } if !known || record.version == 0 => {
                    edited.insert(key, Some(Record { version: 0, ..record }));
                    Ok(())
                }
                stated => {
                    if let Stated::Put { key, .. } | Stated::Delete { key } = &stated {
                        edited.remove(key);
                    }
                    apply(stated, writer)
                }
            };
            if failure.is_ok() {
                failure = done;
            }
            Ok(())
        })?;
        failure?;
        let mut live = 0;
        self.writer.entries(Space::Meta, &Range::all(), false, &mut |_, _| {
            live += 1;
            Ok(true)
        })?;
        self.writer.scan(&Range::all(), false, Fields::KeysOnly, &mut |_, _| {
            live += 1;
            Ok(true)
        })?;
        let rows: u64 = self.found.rows.values().map(|usage| usage.live).sum();
        self.found.keys.live = live - rows;
        Ok(())
    }

    fn changes(&mut self) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Change {
            version: u64,
            entry: String,
        }
        let path = self.layout.changes();
        let text = folder::read(&path)?;
        let mut log = Vec::new();
        let usage = &mut self.found.changes;
        let mut source = Source { path: &path, interrupted: self.interrupted, usage };
        source.each(&text, |line, _| {
            let damaged = || "it is not what was written".to_owned();
            line::sealed(line.text, 0).ok_or_else(damaged)?;
            let change: Change = serde_json::from_slice(line.text).map_err(|error| error.to_string())?;
            log.push((change.version, field::from_base64(&change.entry).ok_or_else(damaged)?));
            Ok(())
        })?;
        usage.live = usage.lines;
        append_changes(log, self.writer)
    }
}

/// Appends what is new of entries of the change log.
fn append_changes(log: Vec<(u64, Vec<u8>)>, writer: &mut dyn Writer) -> Result<()> {
    for (version, entry) in log {
        if version > writer.last_version()? {
            writer.append_log(version, &entry)?;
        }
    }
    Ok(())
}

fn apply(stated: Stated, writer: &mut dyn Writer) -> Result<()> {
    match stated {
        Stated::Put { key, record } => writer.put(&key, borrowed(&record)),
        Stated::Delete { key } => writer.delete(&key),
        Stated::Meta { key, value: Some(value) } => writer.put_entry(Space::Meta, &key, &value),
        Stated::Meta { key, value: None } => writer.delete_entry(Space::Meta, &key),
    }
}

pub(super) fn borrowed(record: &Record) -> RecordRef<'_> {
    let Record { version, expires_at, encoding, data } = record;
    RecordRef { version: *version, expires_at: *expires_at, encoding: *encoding, data }
}

/// What was changed since the files were written, each key once.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    pub keys: std::collections::BTreeSet<Vec<u8>>,
    pub meta: bool,
}

impl Touched {
    /// A record is about to be written, or removed. Where that makes or unmakes a table, its rows move too.
    pub fn record(&mut self, key: &[u8], table: Option<&str>, writer: &dyn Writer) -> Result<()> {
        self.keys.insert(key.to_vec());
        let Some(table) = table else { return Ok(()) };
        writer.scan(&layout::rows_of(table), false, Fields::KeysOnly, &mut |key, _| {
            self.keys.insert(key.to_vec());
            Ok(true)
        })
    }

    pub fn add(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.meta |= other.meta;
    }
}

/// Does again what a write-ahead log tells; answers where it ends and what it changes. Doing it twice changes nothing more.
pub(super) fn replay(path: &Path, text: &[u8], writer: &mut dyn Writer) -> Result<(End, Touched)> {
    let mut touched = Touched::default();
    let end = wal::replay(path, text, |commit| {
        for stated in commit.operations {
            match &stated {
                Stated::Put { key, record } => {
                    let old = writer.get(key)?;
                    let table = made_or_unmade(key, old.as_ref().map(borrowed), Some(borrowed(record)));
                    touched.record(key, table, writer)?;
                }
                Stated::Delete { key } => {
                    let old = writer.get(key)?;
                    touched.record(key, made_or_unmade(key, old.as_ref().map(borrowed), None), writer)?;
                }
                Stated::Meta { .. } => touched.meta = true,
            }
            apply(stated, writer)?;
        }
        append_changes(commit.changes, writer)
    })?;
    Ok((end, touched))
}

/// The table that a change of a record makes or unmakes.
pub(super) fn made_or_unmade<'k>(
    key: &'k [u8],
    old: Option<RecordRef<'_>>,
    new: Option<RecordRef<'_>>,
) -> Option<&'k str> {
    let layout::Named::Table(table) = layout::named(key)? else { return None };
    let is_schema = |record: Option<RecordRef<'_>>| {
        record.is_some_and(|record| matches!(Tables::default().home(key, record), Home::Schema(_)))
    };
    (is_schema(old) != is_schema(new)).then_some(table)
}

/// Enters what expires.
pub(super) fn expiries(writer: &mut dyn Writer) -> Result<()> {
    let mut entries = Vec::new();
    writer.scan(&Range::all(), false, Fields::KeysOnly, &mut |key, record| {
        if record.expires_at != 0 {
            entries.push(expiry_entry(record.expires_at, key));
        }
        Ok(true)
    })?;
    entries.iter().try_for_each(|entry| writer.put_entry(Space::Expiry, entry, &[]))
}
