//! The tables of a store.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use super::desk::Desk;
use super::keys;
use super::query::{Query, RowPage, check_filter};
use super::row::{Row, Values};
use super::schema::{Schema, check_table};
use super::walk::walk;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::Scope;
use crate::models::document;
use crate::models::filter::Filter;
use crate::store::{Store, Transaction};

/// Schemas that were read, with their versions: they are looked at by every call, and change seldom.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<String, (u64, Arc<Schema>)>>);

/// Schemas that are remembered.
const MOST_KNOWN: usize = 1024;

/// The tables of a store.
pub struct Tables<'s> {
    pub(super) scope: Scope<'s>,
    pub(super) known: Arc<Known>,
}

impl<'s> Tables<'s> {
    /// The tables of a store.
    pub fn new(store: &'s Store) -> Self {
        Self { scope: Scope::each(store), known: store.attached() }
    }

    /// The same for calls that are part of a transaction: committed and undone with it.
    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { scope: Scope::within(store, txn), known: store.attached() }
    }

    /// The names of the tables, in order.
    ///
    /// # Errors
    /// Those of a read.
    pub fn names(&self) -> Result<Vec<String>> {
        self.scope.read(|txn| {
            let mut names = Vec::new();
            for name in keys::tables(txn)? {
                if self.known.find(txn, &name)?.is_some_and(|schema| schema.phase.is_none()) {
                    names.push(name);
                }
            }
            Ok(names)
        })
    }

    /// The schema of a table.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the table; [`Kind::WrongType`] where a plain put wrote something else; those of a read.
    pub fn schema(&self, table: &str) -> Result<Arc<Schema>> {
        self.scope.read(|txn| self.known.schema(txn, table))
    }

    /// Inserts rows, all of them or none, in their order. Answers them with the values that they did not have: numbers and
    /// defaults.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the table; [`Kind::Exists`] for a key or unique value that another row has;
    /// [`Kind::WrongType`], [`Kind::OutOfRange`] for a value that its column cannot have, null included; [`Kind::Invalid`]
    /// for an unknown column; [`Kind::TooLarge`]; those of a commit. The message names table, row and column.
    pub fn insert(&self, table: &str, rows: &[Values]) -> Result<Vec<Row>> {
        if rows.len() > limits::MAX_BATCH_OPS {
            return Err(limits::too_many("rows", rows.len(), limits::MAX_BATCH_OPS));
        }
        self.scope.transaction(|txn| {
            let mut desk = self.desk(txn, table)?;
            let inserted = rows.iter().enumerate().map(|(at, row)| {
                let result = desk.insert(row.clone());
                if rows.len() == 1 {
                    result
                } else {
                    result.map_err(|error| error.within(format!("row {at}")))
                }
            });
            inserted.collect()
        })
    }

    /// The row of a primary key; in a table without one, of its number.
    ///
    /// # Errors
    /// As [`Tables::schema`]; [`Kind::WrongType`] for a key of another type.
    pub fn get(&self, table: &str, key: &Value) -> Result<Option<Row>> {
        self.scope.read(|txn| {
            let mut desk = self.desk(txn, table)?;
            let key = desk.schema.key_of(key)?;
            let found = desk.get(&key)?;
            Ok(found.map(|values| Row { key, values, schema: desk.schema }))
        })
    }

    /// Reads a page of rows.
    ///
    /// # Errors
    /// As [`Tables::schema`]; [`Kind::Invalid`] for an unknown column or a foreign cursor; [`Kind::WrongType`] naming a row
    /// that is none of the table's schema, as a plain put may have written it.
    pub fn select(&self, table: &str, query: &Query) -> Result<RowPage> {
        self.look(table, |txn, schema, alone| query.page(txn, schema, alone))
    }

    /// How many rows pass.
    ///
    /// # Errors
    /// As [`Tables::select`].
    pub fn count(&self, table: &str, filter: &Filter) -> Result<u64> {
        let filter = filter.clone().with_long_texts();
        self.look(table, |txn, schema, alone| {
            check_filter(schema, &filter)?;
            if filter.is_empty() {
                return keys::count_rows(&schema.table_name, |scan| txn.scan(scan));
            }
            let mut count = 0;
            walk(txn, schema, &filter, alone, false, None, &mut |_, _| {
                count += 1;
                Ok(true)
            })?;
            Ok(count)
        })
    }

    /// Gives the rows that pass new values in some columns, all of them or none. How many there were.
    ///
    /// # Errors
    /// As [`Tables::insert`] and [`Tables::select`]; [`Kind::TooLarge`] when they are too many for one commit.
    pub fn update(&self, table: &str, filter: &Filter, changes: &Values) -> Result<u64> {
        self.scope.transaction(|txn| {
            let mut desk = self.desk(txn, table)?;
            changes.keys().try_for_each(|column| desk.schema.known(column).map(drop))?;
            let rows = matching(&mut desk, filter)?;
            for row in &rows {
                let values = desk.schema.changed(&row.values, changes)?;
                if values != row.values {
                    desk.replace(row, values)?;
                }
            }
            Ok(rows.len() as u64)
        })
    }

    /// Deletes the rows that pass, all of them or none. How many there were.
    ///
    /// # Errors
    /// As [`Tables::update`].
    pub fn delete(&self, table: &str, filter: &Filter) -> Result<u64> {
        self.scope.transaction(|txn| {
            let mut desk = self.desk(txn, table)?;
            let rows = matching(&mut desk, filter)?;
            rows.iter().try_for_each(|row| desk.delete(row))?;
            Ok(rows.len() as u64)
        })
    }

    pub(super) fn desk<'t>(&self, txn: &'t mut Transaction, table: &str) -> Result<Desk<'t>> {
        let schema = self.known.schema(txn, table)?;
        Ok(Desk::new(txn, schema))
    }

    /// Reads at one moment, for as long as it takes.
    fn look<R>(
        &self,
        table: &str,
        look: impl FnOnce(&mut Transaction, &Arc<Schema>, bool) -> Result<R>,
    ) -> Result<R> {
        let alone = !self.scope.is_within();
        self.scope.read(|txn| {
            if alone {
                txn.take_time();
            }
            let schema = self.known.schema(txn, table)?;
            look(txn, &schema, alone)
        })
    }
}

/// The rows that pass, if one commit can change them all.
fn matching(desk: &mut Desk<'_>, filter: &Filter) -> Result<Vec<Row>> {
    let filter = filter.clone().with_long_texts();
    check_filter(&desk.schema, &filter)?;
    let (schema, mut rows) = (Arc::clone(&desk.schema), Vec::new());
    walk(desk.txn, &schema, &filter, false, false, None, &mut |row, _| {
        rows.push(row);
        match rows.len() {
            count if count > limits::MAX_BATCH_OPS => {
                Err(limits::too_many("rows of one change", count, limits::MAX_BATCH_OPS))
            }
            _ => Ok(true),
        }
    })?;
    Ok(rows)
}

impl Known {
    /// The schema of a table that can be used.
    pub fn schema(&self, txn: &mut Transaction, table: &str) -> Result<Arc<Schema>> {
        check_table(table)?;
        let found = self.find(txn, table)?.filter(|schema| schema.phase.is_none());
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no table {table:?}")))
    }

    /// The schema of a table in any phase.
    pub fn find(&self, txn: &mut Transaction, table: &str) -> Result<Option<Arc<Schema>>> {
        let key = keys::schema(table);
        let Some(data) = txn.get(key.as_bytes())? else { return Ok(None) };
        let version = data.version();
        if let Some((known, schema)) = self.0.lock().get(table)
            && *known == version
            && version != 0
        {
            return Ok(Some(Arc::clone(schema)));
        }
        let schema: Schema = document::decode(key.as_bytes(), &data)?;
        schema.check().map_err(|error| error.within(&key))?;
        if schema.table_name != table {
            let text = format!("{key}: it is the schema of table {:?}", schema.table_name);
            return Err(Error::new(Kind::WrongType, text));
        }
        let schema = Arc::new(schema);
        // What a transaction wrote itself has no version yet.
        if version != 0 {
            let mut known = self.0.lock();
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(table.to_owned(), (version, Arc::clone(&schema)));
        }
        Ok(Some(schema))
    }
}
