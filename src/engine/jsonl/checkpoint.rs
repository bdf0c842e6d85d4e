//! Moving what the write-ahead log tells into the files.
//!
//! The log is put aside first and archived last. Until then a crash, or a full disk, at any step loses nothing and doubles
//! nothing: what is put aside is done again, over whatever the files hold. For that a plain line is never in a file of rows
//! before what is known of it is in the file of versions, which therefore says of each line whether it counts.

use std::collections::BTreeMap;

use super::field;
use super::folder::{self, Out};
use super::layout::{self, Home, Layout, Named, Tables};
use super::line;
use super::load::{Touched, borrowed};
use super::record;
use super::versions;
use crate::engine::{Fields, Range, Record, Snapshot, Space};
use crate::error::Result;

/// What is known of a file, or of a file of rows and its versions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Bytes.
    pub len: u64,
    /// Bytes of the versions.
    pub versions_len: u64,
    /// Lines; for rows those of the versions, one of which is about the schema.
    pub lines: u64,
    /// Of these, what still counts.
    pub live: u64,
    /// Whether nothing can be appended to it before it was rewritten.
    pub rewrite: bool,
}

/// A small file is rewritten for its first line that no longer counts; a large one once a quarter of them do not.
const SMALL: u64 = 64 << 10;
/// So many entries of the change log may lie in its file beyond those that count.
const SPARE_CHANGES: u64 = 1000;

impl Usage {
    fn wasteful(&self) -> bool {
        let dead = self.lines.saturating_sub(self.live);
        dead > 0 && (dead > self.lines / 4 || self.len <= SMALL)
    }

    /// About how many bytes are of lines that no longer count.
    pub fn dead_bytes(&self) -> u64 {
        let dead = self.lines.saturating_sub(self.live);
        (self.len + self.versions_len).checked_div(self.lines).unwrap_or(0) * dead
    }
}

/// The files, and the state that they hold.
pub(super) struct Files {
    pub layout: Layout,
    /// The state that they hold.
    pub base: Box<dyn Snapshot>,
    pub tables: Tables,
    pub rows: BTreeMap<String, Usage>,
    pub keys: Usage,
    pub changes: Usage,
    /// What has been put aside and is not yet in them.
    pub pending: Option<Pending>,
}

/// A part of the write-ahead log that has been put aside.
pub(super) struct Pending {
    /// The state at its end: with anything later, the files would be thought to have it too.
    pub now: Box<dyn Snapshot>,
    pub tables: Tables,
    pub touched: Touched,
}

/// What becomes of a record in a file: it is written, or it is gone; and whether it was there.
struct Change<'k> {
    key: &'k [u8],
    new: Option<Record>,
    was_there: bool,
}

#[derive(Default)]
struct Changes<'k> {
    rows: BTreeMap<&'k str, Vec<Change<'k>>>,
    keys: Vec<Change<'k>>,
}

impl Files {
    /// Brings what is pending into the files; `all` rewrites those that have lines that no longer count.
    pub fn write(&mut self, all: bool) -> Result<()> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let done = self.try_write(&pending, all);
        match done {
            Ok(()) => (self.base, self.tables) = (pending.now, pending.tables),
            Err(_) => self.pending = Some(pending),
        }
        done
    }

    fn try_write(&mut self, pending: &Pending, all: bool) -> Result<()> {
        let changes = self.sort(pending)?;
        for table in pending.tables.names() {
            let changed = changes.rows.get(table).map(Vec::as_slice).unwrap_or_default();
            self.write_rows(pending, table, changed, all)?;
        }
        self.write_keys(pending, &changes.keys, all)?;
        self.write_changes(pending.now.as_ref(), all)
    }

    /// Finds the files that the changes belong to. Tables that are gone lose theirs.
    fn sort<'p>(&mut self, pending: &'p Pending) -> Result<Changes<'p>> {
        let mut changes = Changes::default();
        for key in &pending.touched.keys {
            let (old, new) = (self.base.get(key)?, pending.now.get(key)?);
            let old = old.map(|old| self.tables.home(key, borrowed(&old)));
            let home = new.as_ref().map(|new| pending.tables.home(key, borrowed(new)));
            // Where case is ignored, the files of a table that differs in that alone would be removed.
            if let Some(Named::Table(table)) = layout::named(key)
                && (self.tables.has(table) || !pending.tables.occupy(table))
                && !pending.tables.has(table)
            {
                self.drop_table(table)?;
            }
            let mut change = |home, new| {
                let was_there = old == Some(home);
                match home {
                    Home::Rows(table) => {
                        changes.rows.entry(table).or_default().push(Change { key, new, was_there });
                    }
                    Home::Keys => changes.keys.push(Change { key, new, was_there }),
                    Home::Schema(table) => drop(changes.rows.entry(table).or_default()),
                }
            };
            if let Some(left) = old.filter(|old| home != Some(*old)) {
                change(left, None);
            }
            if let (Some(home), Some(new)) = (home, new) {
                change(home, Some(new));
            }
        }
        Ok(changes)
    }

    /// The schema goes last: rows without one would be taken for damage.
    fn drop_table(&mut self, table: &str) -> Result<()> {
        self.rows.remove(table);
        folder::remove(&self.layout.records(table))?;
        folder::remove(&self.layout.versions(table))?;
        folder::remove(&self.layout.schema(table))
    }

    /// Writes the file of a schema.
    pub fn write_schema(&self, table: &str, data: &[u8]) -> Result<()> {
        folder::replace(&self.layout.schema(table), |out| out.write(data)).map(drop)
    }

    fn write_rows(
        &mut self,
        pending: &Pending,
        table: &str,
        changes: &[Change<'_>],
        all: bool,
    ) -> Result<()> {
        let schema_key = layout::schema_key(table);
        let Some(schema) = pending.now.get(&schema_key)? else { return Ok(()) };
        let new_schema = self.base.get(&schema_key)?.as_ref() != Some(&schema);
        let mut usage = self.rows.get(table).copied().unwrap_or_default();
        let rewrite = usage.rewrite || all && usage.lines > usage.live;
        if changes.is_empty() && !new_schema && !rewrite {
            return Ok(());
        }
        let (mut rows, mut known) = (Vec::new(), Vec::new());
        if new_schema || rewrite {
            self.write_schema(table, &schema.data)?;
            versions::put(None, borrowed(&schema), &mut known);
            usage.lines += 1;
            usage.live = usage.live.max(1);
        }
        for Change { key, new, was_there } in changes {
            let Some(Named::Row { row, .. }) = layout::named(key) else { continue };
            match new {
                Some(record) => {
                    versions::put(Some(row), borrowed(record), &mut known);
                    rows.extend_from_slice(&record.data);
                    rows.push(b'\n');
                }
                None => versions::delete(row, &mut known),
            }
            usage.lines += 1;
            usage.live = usage.live.saturating_sub((*was_there).into()) + u64::from(new.is_some());
        }
        let (records_path, versions_path) = (self.layout.records(table), self.layout.versions(table));
        folder::append(&versions_path, usage.versions_len, &known)?;
        usage.versions_len += known.len() as u64;
        if !rewrite && !usage.wasteful() {
            folder::append(&records_path, usage.len, &rows)?;
            usage.len += rows.len() as u64;
            self.rows.insert(table.to_owned(), usage);
            return Ok(());
        }
        usage.rewrite = true;
        self.rows.insert(table.to_owned(), usage);
        let each = |visit: &mut dyn FnMut(&[u8], &Record) -> Result<()>| {
            each_row(pending, table, |row, record| visit(row, record))
        };
        let len = folder::replace(&records_path, |out| {
            each(&mut |_, record| {
                out.write(&record.data)?;
                out.write(b"\n")
            })
        })?;
        let mut lines = 1;
        let versions_len = folder::replace(&versions_path, |out| {
            let mut text = Vec::new();
            versions::put(None, borrowed(&schema), &mut text);
            each(&mut |row, record| {
                out.write(&text)?;
                text.clear();
                versions::put(Some(row), borrowed(record), &mut text);
                lines += 1;
                Ok(())
            })?;
            out.write(&text)
        })?;
        let usage = Usage { len, versions_len, lines, live: lines, rewrite: false };
        self.rows.insert(table.to_owned(), usage);
        Ok(())
    }

    fn write_keys(&mut self, pending: &Pending, changes: &[Change<'_>], all: bool) -> Result<()> {
        let mut usage = self.keys;
        let rewrite = usage.rewrite || pending.touched.meta || all && usage.lines > usage.live;
        if changes.is_empty() && !rewrite {
            return Ok(());
        }
        let mut text = Vec::new();
        for Change { key, new, was_there } in changes {
            let start = text.len();
            match new {
                Some(new) => record::put(key, borrowed(new), &mut text),
                None => record::delete(key, &mut text),
            }
            line::seal(&mut text, start, 0);
            usage.lines += 1;
            usage.live = usage.live.saturating_sub((*was_there).into()) + u64::from(new.is_some());
        }
        let path = self.layout.keys();
        if !rewrite && !usage.wasteful() {
            folder::append(&path, usage.len, &text)?;
            usage.len += text.len() as u64;
            self.keys = usage;
            return Ok(());
        }
        self.keys.rewrite = true;
        let mut lines = 0;
        let len = folder::replace(&path, |out| {
            let mut line = |write: &dyn Fn(&mut Vec<u8>)| sealed(out, write, &mut lines);
            let now = pending.now.as_ref();
            now.entries(Space::Meta, &Range::all(), false, &mut |key, value| {
                line(&|text| record::meta(key, Some(value), text))?;
                Ok(true)
            })?;
            now.scan(&Range::all(), false, Fields::All, &mut |key, found| {
                if pending.tables.home(key, found) == Home::Keys {
                    line(&|text| record::put(key, found, text))?;
                }
                Ok(true)
            })
        })?;
        self.keys = Usage { len, lines, live: lines, ..Usage::default() };
        Ok(())
    }

    fn write_changes(&mut self, now: &dyn Snapshot, all: bool) -> Result<()> {
        let (from, to) = (self.base.last_version()?, now.last_version()?);
        let mut live = 0;
        now.log_after(0, &mut |_, _| {
            live += 1;
            Ok(true)
        })?;
        let path = self.layout.changes();
        self.changes.live = live;
        let mut usage = self.changes;
        let mut rewrite = usage.rewrite || all && usage.lines > live;
        if from == to && !rewrite {
            return Ok(());
        }
        let mut text = Vec::new();
        now.log_after(from, &mut |version, entry| {
            change(version, entry, &mut text);
            usage.lines += 1;
            Ok(true)
        })?;
        rewrite |= usage.lines.saturating_sub(live) > live + SPARE_CHANGES;
        if rewrite {
            self.changes.rewrite = true;
            usage.len = folder::replace(&path, |out| {
                now.log_after(0, &mut |version, entry| {
                    let mut text = Vec::new();
                    change(version, entry, &mut text);
                    out.write(&text)?;
                    Ok(true)
                })
            })?;
            (usage.lines, usage.rewrite) = (live, false);
        } else {
            folder::append(&path, usage.len, &text)?;
            usage.len += text.len() as u64;
        }
        self.changes = usage;
        Ok(())
    }
}

/// Visits the rows of a table by their own parts of the key.
fn each_row(
    pending: &Pending,
    table: &str,
    mut visit: impl FnMut(&[u8], &Record) -> Result<()>,
) -> Result<()> {
    pending.now.scan(&layout::rows_of(table), false, Fields::All, &mut |key, found| {
        if let (Home::Rows(_), Some(Named::Row { row, .. })) =
            (pending.tables.home(key, found), layout::named(key))
        {
            let crate::engine::RecordRef { version, expires_at, encoding, data } = found;
            visit(row, &Record { version, expires_at, encoding, data: data.to_vec() })?;
        }
        Ok(true)
    })
}

fn sealed(out: &mut Out<'_>, write: &dyn Fn(&mut Vec<u8>), lines: &mut u64) -> Result<()> {
    let mut text = Vec::new();
    write(&mut text);
    line::seal(&mut text, 0, 0);
    *lines += 1;
    out.write(&text)
}

/// Appends a line of the file of the change log.
fn change(version: u64, entry: &[u8], text: &mut Vec<u8>) {
    let (start, entry) = (text.len(), field::base64(entry));
    text.extend_from_slice(format!(r#"{{"version": {version}, "entry": "{entry}""#).as_bytes());
    line::seal(text, start, 0);
}
