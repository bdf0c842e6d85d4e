//! What lies where in the folder of a store, and which keys are those of tables and their rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::field;
use crate::calendar::{DAY, date};
use crate::engine::{Fields, Range, Read, RecordRef};
use crate::error::{Error, Kind, Result};

/// The paths of a folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

const SCHEMA: &str = ".schema.json";
const RECORDS: &str = ".records";
/// The name of the file of all that is no row; no table can have it.
const KEYS: &str = "kv";

impl Layout {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn folders(&self) -> [PathBuf; 3] {
        ["schema", "data", "wal"].map(|name| self.root.join(name))
    }

    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub fn schema(&self, table: &str) -> PathBuf {
        self.root.join("schema").join(format!("{table}{SCHEMA}"))
    }

    /// The rows of a table.
    pub fn records(&self, table: &str) -> PathBuf {
        self.root.join("data").join(format!("{table}{RECORDS}"))
    }

    /// Keys, versions and expiries of the rows of a table.
    pub fn versions(&self, table: &str) -> PathBuf {
        self.root.join("data").join(format!("{table}.versions"))
    }

    /// All that is no row.
    pub fn keys(&self) -> PathBuf {
        self.records(KEYS)
    }

    /// The change log.
    pub fn changes(&self) -> PathBuf {
        self.root.join("data").join("changes.log")
    }

    /// The write-ahead log.
    pub fn log(&self) -> PathBuf {
        self.root.join("wal").join("transaction.log")
    }

    /// The part of it that is being moved into the files, while it is.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("wal").join("checkpoint.log")
    }

    /// An archive of the write-ahead log.
    pub fn archive(&self, archive: &Archive) -> PathBuf {
        let Archive { time, count, compressed } = archive;
        let count = if *count == 0 { String::new() } else { format!("_{count}") };
        let end = if *compressed { COMPRESSED } else { "" };
        self.root.join("wal").join(format!("transaction.{time}{count}.log{end}"))
    }

    /// The archives, oldest first.
    pub fn archives(&self) -> Result<Vec<Archive>> {
        let mut found = files(&self.root.join("wal"), Archive::read)?;
        found.sort();
        Ok(found)
    }

    /// The tables that have a schema file.
    pub fn schemas(&self) -> Result<Vec<String>> {
        self.tables_in("schema", SCHEMA)
    }

    /// The tables that have a file of rows.
    pub fn row_files(&self) -> Result<Vec<String>> {
        let mut tables = self.tables_in("data", RECORDS)?;
        tables.retain(|table| table != KEYS);
        Ok(tables)
    }

    fn tables_in(&self, folder: &str, end: &str) -> Result<Vec<String>> {
        let mut tables = files(&self.root.join(folder), |name| name.strip_suffix(end).map(str::to_owned))?;
        tables.sort();
        match tables.iter().find(|table| *table != KEYS && !is_table_name(table)) {
            Some(odd) => {
                let path = self.root.join(folder).join(format!("{odd}{end}"));
                Err(Error::invalid(format!("{}: no table can have this name", path.display())))
            }
            None => Ok(tables),
        }
    }
}

/// What tells archives apart: the second in which it was made, and which one of that second it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Archive {
    time: String,
    count: u32,
    compressed: bool,
}

const COMPRESSED: &str = ".zst";

impl Archive {
    /// The one that comes after all there are, even when the clock was set back.
    pub fn after(last: Option<&Self>, now: &Stamp, compressed: bool) -> Self {
        let time = now.compact();
        match last.filter(|last| last.time >= time) {
            Some(last) => Self { time: last.time.clone(), count: last.count + 1, compressed },
            None => Self { time, count: 0, compressed },
        }
    }

    fn read(name: &str) -> Option<Self> {
        let name = name.strip_prefix("transaction.")?;
        let whole = name.strip_suffix(COMPRESSED);
        let stem = whole.unwrap_or(name).strip_suffix(".log")?;
        let (time, count) = match stem.match_indices('_').nth(1) {
            Some((at, _)) => (stem.get(..at)?, stem.get(at + 1..)?.parse().ok()?),
            None => (stem, 0),
        };
        let is_time = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        is_time.then(|| Self { time: time.to_owned(), count, compressed: whole.is_some() })
    }
}

/// What `wanted` makes of the names of the files of a folder; those that are not UTF-8 are none of ours.
fn files<T>(folder: &Path, wanted: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let failed = |error| Error::io(&error, format_args!("list {}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        found.extend(entry.map_err(failed)?.file_name().to_str().and_then(&wanted));
    }
    Ok(found)
}

/// A moment in UTC, to the microsecond.
pub(super) struct Stamp {
    date: (i64, i64, i64),
    seconds: i64,
    micros: i64,
}

impl Stamp {
    pub fn of(now_us: i64) -> Self {
        let seconds = now_us.div_euclid(1_000_000);
        let day = seconds.div_euclid(DAY / 1000);
        Self {
            date: date(day),
            seconds: seconds.rem_euclid(DAY / 1000),
            micros: now_us.rem_euclid(1_000_000),
        }
    }

    fn time(&self) -> (i64, i64, i64) {
        (self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60)
    }

    /// As in lines of the log: 2026-01-22T20:31:17.592245.
    pub fn iso(&self) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date, self.time());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}", self.micros)
    }

    /// As in names of archives: 20260122_203117.
    fn compact(&self) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date, self.time());
        format!("{year:04}{month:02}{day:02}_{hour:02}{minute:02}{second:02}")
    }
}

/// What a key of the tables' model names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named<'k> {
    /// The schema of a table.
    Table(&'k str),
    /// A row, by its own part of the key.
    Row { table: &'k str, row: &'k [u8] },
}

const PREFIX: &[u8] = b"table:";
/// A table of this name would be a device or one of our own files, on some system.
const RESERVED: [&str; 5] = [KEYS, "con", "prn", "aux", "nul"];

/// What a key names, if a file can be named so.
pub(super) fn named(key: &[u8]) -> Option<Named<'_>> {
    let rest = key.strip_prefix(PREFIX)?;
    let end = rest.iter().position(|byte| *byte == b':');
    let (table, row) = match end.and_then(|end| rest.split_at_checked(end)) {
        Some((table, row)) => (table, row.get(1..)),
        None => (rest, None),
    };
    let table = std::str::from_utf8(table).ok().filter(|table| is_table_name(table))?;
    Some(match row {
        Some(row) => Named::Row { table, row },
        None => Named::Table(table),
    })
}

/// The key of the schema of a table.
pub(super) fn schema_key(table: &str) -> Vec<u8> {
    [PREFIX, table.as_bytes()].concat()
}

/// The key of a row.
pub(super) fn row_key(table: &str, row: &[u8]) -> Vec<u8> {
    [PREFIX, table.as_bytes(), b":", row].concat()
}

/// The keys of all rows of a table.
pub(super) fn rows_of(table: &str) -> Range {
    Range::prefix(&row_key(table, b""))
}

fn is_table_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.len() <= 64
        && bytes.next().is_some_and(letter)
        && bytes.all(|byte| letter(byte) || byte.is_ascii_digit())
        && !is_reserved(name)
}

fn is_reserved(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let port = |kind: &str| {
        lower
            .strip_prefix(kind)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    RESERVED.contains(&lower.as_str()) || port("com") || port("lpt")
}

/// Whether a value is the schema of the table of that name.
pub(super) fn is_schema(table: &str, data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Schema {
        table_name: String,
        #[serde(rename = "schema")]
        _schema: serde::de::IgnoredAny,
    }
    serde_json::from_slice(data).is_ok_and(|schema: Schema| schema.table_name == table)
}

/// Where a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home<'k> {
    /// In the schema file of a table.
    Schema(&'k str),
    /// In the rows of a table.
    Rows(&'k str),
    /// Among all that is no row.
    Keys,
}

/// The tables that have a schema, by their names in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables(Arc<BTreeMap<String, String>>);

impl Tables {
    /// Those of a state.
    pub fn of(read: &(impl Read + ?Sized)) -> Result<Self> {
        let mut tables = Self::default();
        read.scan(&Range::prefix(PREFIX), false, Fields::All, &mut |key, record| {
            if let Home::Schema(table) = schema_home(key, record) {
                tables.add(table)?;
            }
            Ok(true)
        })?;
        Ok(tables)
    }

    pub fn has(&self, table: &str) -> bool {
        self.0.get(&table.to_ascii_lowercase()).is_some_and(|known| known == table)
    }

    /// Whether there is one of that name, or of one that differs in case alone.
    pub fn occupy(&self, table: &str) -> bool {
        self.0.contains_key(&table.to_ascii_lowercase())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// # Errors
    /// [`Kind::Invalid`] where file systems that ignore case would take one table for another.
    pub fn add(&mut self, table: &str) -> Result<()> {
        let lower = table.to_ascii_lowercase();
        match self.0.get(&lower) {
            Some(known) if known != table => Err(Error::new(
                Kind::Invalid,
                format!(
                    "table {table}: there is a table {known}, and the names of files may not differ in case only"
                ),
            )),
            Some(_) => Ok(()),
            None => {
                Arc::make_mut(&mut self.0).insert(lower, table.to_owned());
                Ok(())
            }
        }
    }

    pub fn remove(&mut self, table: &str) {
        Arc::make_mut(&mut self.0).remove(&table.to_ascii_lowercase());
    }

    /// Where a record is kept. Rows are plain lines, so that what is no line, or of no table, is none.
    pub fn home<'k>(&self, key: &'k [u8], record: RecordRef<'_>) -> Home<'k> {
        match named(key) {
            Some(Named::Table(_)) => schema_home(key, record),
            Some(Named::Row { table, .. })
                if record.encoding == 0 && self.has(table) && field::is_one_line_object(record.data) =>
            {
                Home::Rows(table)
            }
            _ => Home::Keys,
        }
    }
}

fn schema_home<'k>(key: &'k [u8], record: RecordRef<'_>) -> Home<'k> {
    match named(key) {
        Some(Named::Table(table)) if record.encoding == 0 && is_schema(table, record.data) => {
            Home::Schema(table)
        }
        _ => Home::Keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_names_become_files() {
        for good in ["a", "_", "Student_2", &"x".repeat(64)] {
            assert_eq!(named(format!("table:{good}").as_bytes()), Some(Named::Table(good)));
        }
        for bad in ["", "1a", "a-b", "a.b", "../etc", "a/b", "ü", "KV", "Con", "com1", "a\0", &"x".repeat(65)]
        {
            assert_eq!(named(format!("table:{bad}").as_bytes()), None, "{bad:?}");
            assert_eq!(named(format!("table:{bad}:1").as_bytes()), None, "{bad:?}");
        }
        assert_eq!(named(b"table:a:b:c"), Some(Named::Row { table: "a", row: b"b:c" }));
        assert_eq!(named(b"table:a:"), Some(Named::Row { table: "a", row: b"" }));
        assert_eq!(named(b"tables:a"), None);
    }

    #[test]
    fn moments_are_written_as_the_log_and_its_archives_show_them() {
        let stamp = Stamp::of(1_769_113_877_592_245);
        assert_eq!(stamp.iso(), "2026-01-22T20:31:17.592245");
        assert_eq!(stamp.compact(), "20260122_203117");
    }
}
