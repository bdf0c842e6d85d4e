//! The lines of the write-ahead log: what a commit did, in order, and a last one that ends it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{self, Form};
use super::layout::Home;
use super::line;
use super::record::{self, Stated};
use crate::engine::{Record, RecordRef};
use crate::limits;

/// What the first lines of a log are sealed with.
pub(super) const FIRST: u64 = 0;

/// The lines of one commit, while they are written.
pub(super) struct Lines {
    pub text: Vec<u8>,
    /// The checksum of the last.
    pub checksum: u64,
    timestamp: String,
    start: usize,
}

impl Lines {
    /// Continues a log whose last line has that checksum.
    pub fn new(timestamp: String, checksum: u64) -> Self {
        Self { text: Vec::new(), checksum, timestamp, start: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A record was written over `old`, each with its home.
    pub fn put(&mut self, key: &[u8], new: (Home<'_>, RecordRef<'_>), old: Option<(Home<'_>, &[u8])>) {
        let (home, record) = new;
        match home {
            Home::Schema(table) => {
                let existed = matches!(old, Some((Home::Schema(_), _)));
                self.begin(if existed { "ALTER_TABLE" } else { "CREATE_TABLE" }, Some(table), None, None);
                self.text.extend_from_slice(b", ");
                field::value("schema", record.data, &mut self.text);
                self.place(key, Some(record));
            }
            Home::Rows(table) => {
                let old = match old {
                    Some((Home::Rows(_), data)) => Some(data),
                    _ => None,
                };
                let operation = if old.is_some() { "UPDATE" } else { "INSERT" };
                self.begin(operation, Some(table), Some(record.data), old);
                self.place(key, Some(record));
            }
            Home::Keys => {
                let mut stated = Vec::new();
                record::put(key, record, &mut stated);
                stated.push(b'}');
                self.begin("PUT", None, Some(&stated), None);
            }
        }
        self.end();
    }

    /// A record is gone; `old` is what it was.
    pub fn delete(&mut self, key: &[u8], old: (Home<'_>, &[u8])) {
        match old {
            (Home::Schema(table), _) => {
                self.begin("DROP_TABLE", Some(table), None, None);
                self.place(key, None);
            }
            (Home::Rows(table), data) => {
                self.begin("DELETE", Some(table), None, Some(data));
                self.place(key, None);
            }
            (Home::Keys, _) => {
                self.begin("REMOVE", None, None, None);
                self.place(key, None);
            }
        }
        self.end();
    }

    /// An entry of the space `Meta` was written, or is gone.
    pub fn meta(&mut self, key: &[u8], value: Option<&[u8]>) {
        let mut stated = Vec::new();
        record::meta(key, value, &mut stated);
        stated.push(b'}');
        self.begin("META", None, Some(&stated), None);
        self.end();
    }

    /// Ends the commit, which appended these entries to the change log.
    pub fn commit(&mut self, log: &[(u64, Vec<u8>)]) {
        self.begin("COMMIT", None, None, None);
        self.text.extend_from_slice(br#", "changes": ["#);
        for (at, (version, entry)) in log.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let entry = field::base64(entry);
            self.text.extend_from_slice(
                format!(r#"{comma}{{"version": {version}, "entry": "{entry}"}}"#).as_bytes(),
            );
        }
        self.text.push(b']');
        self.end();
    }

    fn begin(&mut self, operation: &str, table: Option<&str>, record: Option<&[u8]>, old: Option<&[u8]>) {
        self.start = self.text.len();
        let table = table.map_or("null".to_owned(), |table| format!("\"{table}\""));
        let timestamp = &self.timestamp;
        self.text.extend_from_slice(
            format!(r#"{{"timestamp": "{timestamp}", "operation": "{operation}", "table": {table}"#)
                .as_bytes(),
        );
        for (name, value) in [("record", record), ("old_record", old)] {
            self.text.extend_from_slice(format!(r#", "{name}": "#).as_bytes());
            self.text.extend_from_slice(value.unwrap_or(b"null"));
        }
    }

    fn place(&mut self, key: &[u8], record: Option<RecordRef<'_>>) {
        self.text.extend_from_slice(b", ");
        field::key(key, &mut self.text);
        if let Some(RecordRef { version, expires_at, .. }) = record {
            self.text.extend_from_slice(
                format!(r#", "version": {version}, "expires_at": {expires_at}"#).as_bytes(),
            );
        }
    }

    fn end(&mut self) {
        self.checksum = line::seal(&mut self.text, self.start, self.checksum);
    }
}

/// What a line of the log says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// To be done by the commit that ends later.
    Do(Stated),
    /// The commit ends, with these entries of the change log.
    Commit(Vec<(u64, Vec<u8>)>),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Name {
    CreateTable,
    AlterTable,
    DropTable,
    Insert,
    Update,
    Delete,
    Put,
    Remove,
    Meta,
    Commit,
}

#[derive(Deserialize)]
struct Members<'a> {
    operation: Name,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(rename = "type")]
    form: Option<Form>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    key_type: Option<Form>,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    expires_at: i64,
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    version: u64,
    entry: String,
}

/// Reads a line; the error says what is wrong with it.
pub(super) fn read(line: &[u8]) -> Result<Operation, String> {
    let members: Members<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let missing = |name: &str| format!("`{name}` is missing or malformed");
    let record = members.record.map(|record| record.get().as_bytes());
    let key = || {
        let key = members.key.clone().and_then(|key| field::read_key(key, members.key_type));
        key.filter(|key| limits::check_key(key).is_ok()).ok_or_else(|| missing("key"))
    };
    let put = |data: Vec<u8>| {
        let (version, expires_at) = (members.version, members.expires_at);
        limits::check_value(&data).map_err(|error| error.to_string())?;
        Ok::<_, String>(Stated::Put {
            key: key()?,
            record: Record { version, expires_at, encoding: 0, data },
        })
    };
    Ok(Operation::Do(match members.operation {
        Name::CreateTable | Name::AlterTable => {
            let schema = members.schema.and_then(|schema| field::read_value(schema, members.form));
            put(schema.ok_or_else(|| missing("schema"))?)?
        }
        Name::Insert | Name::Update => put(record.ok_or_else(|| missing("record"))?.to_vec())?,
        Name::DropTable | Name::Delete | Name::Remove => Stated::Delete { key: key()? },
        Name::Put | Name::Meta => record::read(record.ok_or_else(|| missing("record"))?)?,
        Name::Commit => {
            let changes = members.changes.into_iter().map(|change| {
                let entry = field::from_base64(&change.entry).ok_or_else(|| missing("entry"))?;
                Ok((change.version, entry))
            });
            return Ok(Operation::Commit(changes.collect::<Result<_, String>>()?));
        }
    }))
}
