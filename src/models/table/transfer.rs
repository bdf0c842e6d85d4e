//! Tables as files, and from store to store.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::desk::Desk;
use super::keys;
use super::life::{CHUNK, put};
use super::row::Values;
use super::schema::{Phase, Schema};
use super::tables::Tables;
use super::walk::walk;
use crate::calendar::timestamp;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::document::encode;
use crate::models::filter::Filter;
use crate::platform::whole_file::Draft;
use crate::store::{Store, Transaction};

impl Tables<'_> {
    /// Writes a table to a file as one JSON object: "table", "records", "count", "exported_at" (in UTC), "schema"; all of one
    /// moment. The file is there when it is whole, for its owner alone to read. How many rows it has.
    ///
    /// # Errors
    /// As [`Tables::select`]; [`Kind::Busy`] while somebody else writes it; [`Kind::Io`], [`Kind::Full`].
    pub fn export(&self, table: &str, path: &Path) -> Result<u64> {
        let failed = |error: std::io::Error| of_file("write", path, &error);
        self.scope.read(|txn| {
            let schema = self.known.schema(txn, table)?;
            txn.take_time();
            let mut file = Draft::of(path).map_err(failed)?;
            write!(file, "{{\n  \"table\": \"{table}\",\n  \"records\": [").map_err(failed)?;
            let mut count = 0_u64;
            walk(txn, &schema, &Filter::new(), false, false, None, &mut |row, _| {
                file.write_all(if count == 0 { b"\n    " } else { b",\n    " }).map_err(failed)?;
                file.write_all(&encode(&row)?).map_err(failed)?;
                count += 1;
                Ok(true)
            })?;
            let (now, schema) = (timestamp(self.scope.now()?), encode(&*schema)?);
            let schema = String::from_utf8_lossy(&schema);
            write!(
                file,
                "\n  ],\n  \"count\": {count},\n  \"exported_at\": \"{now}\",\n  \"schema\": {schema}\n}}\n"
            )
            .map_err(failed)?;
            file.put().map_err(failed)?;
            Ok(count)
        })
    }

    /// Inserts the rows of a file that [`Tables::export`] wrote, all of them or none, into the table that it names, which is
    /// made if it is not there. How many rows it has.
    ///
    /// # Errors
    /// [`Kind::Io`]; [`Kind::Invalid`] for a file of another form, also when it has not as many records as it says;
    /// [`Kind::NotFound`] when neither table nor schema is there; [`Kind::TooLarge`] for more rows than a commit takes, into
    /// a table that is there; those of [`Tables::insert`] and [`Tables::create`].
    pub fn import(&self, path: &Path) -> Result<u64> {
        let wrong = |what: &str| Error::invalid(format!("{}: {what}", path.display()));
        let export = read_export(path, &mut |_| Ok(()))?;
        let table = export.table.ok_or_else(|| wrong("it names no table"))?;
        if export.count.is_some_and(|count| count != export.records) {
            return Err(wrong(&format!("it has {} records and says otherwise", export.records)));
        }
        self.clear_remains(&table)?;
        let there = self.scope.read(|txn| self.known.find(txn, &table))?.is_some();
        if there {
            if export.records > limits::MAX_BATCH_OPS as u64 {
                return Err(limits::too_many("rows", export.records as usize, limits::MAX_BATCH_OPS));
            }
            let mut rows = Vec::new();
            read_export(path, &mut |row| {
                rows.push(row);
                Ok(())
            })?;
            return Ok(self.insert(&table, &rows)?.len() as u64);
        }
        let missing =
            || Error::new(Kind::NotFound, format!("there is no table {table:?}, nor a schema in the file"));
        let schema = export.schema.ok_or_else(missing)?.settle()?;
        if schema.table_name != table {
            return Err(wrong("its schema is that of another table"));
        }
        let mut load = Load::begin(self, &schema)?;
        read_export(path, &mut |row| load.push(None, row))?;
        publish(vec![load])
    }
}

/// Copies every table of a store, as of one moment, into another that has none of their names, whatever their engines: all of
/// them or none. What the target keeps is counted before it can be seen. The tables with their numbers of rows.
///
/// # Errors
/// [`Kind::Exists`] when the target has a table of the same name; [`Kind::Corrupt`] when it does not have as many rows; as
/// [`Tables::select`] and [`Tables::insert`].
pub fn copy(source: &Store, target: &Store) -> Result<Vec<(String, u64)>> {
    let (from, to) = (Tables::new(source), Tables::new(target));
    from.scope.read(|txn| {
        txn.take_time();
        let (mut loads, mut counts) = (Vec::new(), Vec::new());
        for table in keys::tables(txn)? {
            let Some(schema) = from.known.find(txn, &table)?.filter(|schema| schema.phase.is_none()) else {
                continue;
            };
            let mut load = Load::begin(&to, &Schema { pending: Vec::new(), ..Schema::clone(&schema) })?;
            walk(txn, &schema, &Filter::new(), false, false, None, &mut |row, _| {
                load.push(Some(row.key), row.values)?;
                Ok(true)
            })?;
            let last = txn.get(keys::counter(&table).as_bytes())?;
            load.last = last.map(|last| last.to_vec());
            counts.push((table, load.count));
            loads.push(load);
        }
        publish(loads)?;
        Ok(counts)
    })
}

/// A table that is being loaded. Unless it is published it vanishes.
struct Load<'t, 's> {
    tables: &'t Tables<'s>,
    schema: Arc<Schema>,
    /// The version of the schema while it loads: of another one's load it differs.
    version: u64,
    chunk: Vec<(Option<String>, Values)>,
    count: u64,
    /// The last number that was given where the rows come from.
    last: Option<Vec<u8>>,
    published: bool,
}

impl<'t, 's> Load<'t, 's> {
    fn begin(tables: &'t Tables<'s>, schema: &Schema) -> Result<Self> {
        let table = &schema.table_name;
        tables.clear_remains(table)?;
        let ((), version) = tables.alone()?.transaction_at(|txn| match tables.known.find(txn, table)? {
            Some(_) => Err(Error::new(Kind::Exists, format!("there is a table {table:?} already"))),
            None => tables.put_new(txn, schema, Some(Phase::Loading)),
        })?;
        let (schema, chunk) = (Arc::new(schema.clone()), Vec::new());
        Ok(Self { tables, schema, version, chunk, count: 0, last: None, published: false })
    }

    fn push(&mut self, key: Option<String>, row: Values) -> Result<()> {
        self.chunk.push((key, row));
        self.count += 1;
        if self.chunk.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let first = self.count - self.chunk.len() as u64;
        self.tables.scope.transaction(|txn| {
            self.own(txn)?;
            let mut desk = Desk::new(txn, Arc::clone(&self.schema));
            for (at, (key, row)) in (first..).zip(&self.chunk) {
                let inserted = desk.insert_at(key.as_deref(), row.clone());
                inserted.map_err(|error| error.within(format!("row {at}")))?;
            }
            Ok(())
        })?;
        self.chunk.clear();
        Ok(())
    }

    /// Refuses to go on with what another program has begun anew.
    fn own(&self, txn: &mut Transaction) -> Result<()> {
        let table = &self.schema.table_name;
        match txn.get(keys::schema(table).as_bytes())? {
            Some(schema) if schema.version() == self.version => Ok(()),
            _ => Err(Error::new(Kind::Busy, format!("table {table}: another program makes it"))),
        }
    }

    /// Counts what is stored.
    fn verify(&self) -> Result<()> {
        let table = &self.schema.table_name;
        let stored = keys::count_rows(table, |scan| self.tables.scope.store().scan(scan))?;
        if stored != self.count {
            let text = format!("table {table}: {stored} rows are stored of {}", self.count);
            return Err(Error::new(Kind::Corrupt, text));
        }
        Ok(())
    }
}

impl Drop for Load<'_, '_> {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be deleted now is deleted by whoever makes a table of the name.
            let _ = self.tables.clear_own(&self.schema.table_name, self.version);
        }
    }
}

/// Makes tables that were loaded visible, all at once. How many rows they have.
fn publish(mut loads: Vec<Load<'_, '_>>) -> Result<u64> {
    for load in &mut loads {
        load.flush()?;
        load.verify()?;
    }
    let Some(first) = loads.first() else { return Ok(0) };
    first.tables.scope.transaction(|txn| {
        for load in &loads {
            load.own(txn)?;
            let stored = load.tables.known.find(txn, &load.schema.table_name)?;
            let stored = stored.unwrap_or_else(|| Arc::clone(&load.schema));
            put(txn, &Schema { phase: None, ..Schema::clone(&stored) })?;
            if let Some(last) = &load.last {
                txn.put(keys::counter(&load.schema.table_name).as_bytes(), last)?;
            }
        }
        Ok(())
    })?;
    let mut count = 0;
    for load in &mut loads {
        load.published = true;
        count += load.count;
    }
    for load in &loads {
        load.tables.index(&load.schema)?;
    }
    Ok(count)
}

/// What a file has beside its records.
#[derive(Default)]
struct Export {
    table: Option<String>,
    schema: Option<Schema>,
    count: Option<u64>,
    records: u64,
}

/// Reads a file, its records one by one.
fn read_export(path: &Path, each: &mut dyn FnMut(Values) -> Result<()>) -> Result<Export> {
    let file = File::open(path).map_err(|error| of_file("read", path, &error))?;
    let mut failure = None;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(file));
    let read = json
        .deserialize_map(ExportVisitor { each, failure: &mut failure })
        .and_then(|export| json.end().map(|()| export));
    read.map_err(|error| {
        let error = match (failure, error.is_io()) {
            (Some(failure), _) => failure,
            (None, true) => Error::new(Kind::Io, error.to_string()),
            (None, false) => Error::invalid(error.to_string()),
        };
        error.within(path.display())
    })
}

struct ExportVisitor<'e> {
    each: &'e mut dyn FnMut(Values) -> Result<()>,
    failure: &'e mut Option<Error>,
}

impl<'de> Visitor<'de> for ExportVisitor<'_> {
    type Value = Export;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exported table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Export, A::Error> {
        let mut export = Export::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "table" => export.table = Some(map.next_value()?),
                "count" => export.count = Some(map.next_value()?),
                "schema" => export.schema = map.next_value()?,
                "records" => {
                    let records = Records { each: &mut *self.each, failure: &mut *self.failure };
                    export.records += map.next_value_seed(records)?;
                }
                _ => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(export)
    }
}

struct Records<'e> {
    each: &'e mut dyn FnMut(Values) -> Result<()>,
    failure: &'e mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> std::result::Result<u64, A::Error> {
        let mut count = 0;
        while let Some(row) = records.next_element::<Values>()? {
            if let Err(error) = (self.each)(row) {
                *self.failure = Some(error);
                return Err(serde::de::Error::custom("the record is refused"));
            }
            count += 1;
        }
        Ok(count)
    }
}

fn of_file(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull => Kind::Full,
        std::io::ErrorKind::NotFound => Kind::NotFound,
        _ => Kind::Io,
    };
    Error::new(kind, format!("{what} {}: {error}", path.display()))
        .with_engine_code(error.raw_os_error().unwrap_or(0))
}
