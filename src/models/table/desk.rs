//! Writing rows in a transaction: every constraint is checked against what the transaction sees, and what it saw is checked
//! again by the commit. So they hold whoever else writes.

use std::sync::Arc;

use serde_json::Value;

use super::keys;
use super::row::{Row, Values, shown};
use super::schema::Schema;
use crate::error::{Error, Kind, Result};
use crate::row_key;
use crate::store::{Scan, Transaction};

/// A table in a transaction.
pub(super) struct Desk<'t> {
    pub txn: &'t mut Transaction,
    pub schema: Arc<Schema>,
    /// The last number given, once it was read.
    last: Option<i64>,
}

impl<'t> Desk<'t> {
    pub fn new(txn: &'t mut Transaction, schema: Arc<Schema>) -> Self {
        Self { txn, schema, last: None }
    }

    fn place_of(&self, key: &str) -> String {
        keys::row(&self.schema.table_name, key)
    }

    /// Reads a row.
    pub fn get(&mut self, key: &str) -> Result<Option<Values>> {
        let found = self.txn.get(self.place_of(key).as_bytes())?;
        found.map(|data| self.schema.decode(key, &data)).transpose()
    }

    /// Inserts a row; its key and number are given unless it has them.
    pub fn insert(&mut self, given: Values) -> Result<Row> {
        self.insert_at(None, given)
    }

    /// The same under a row key, for tables without a primary key.
    pub fn insert_at(&mut self, at: Option<&str>, given: Values) -> Result<Row> {
        let schema = Arc::clone(&self.schema);
        let mut values = schema.complete(given)?;
        let key = match schema.key(&values)?.or(at.map(str::to_owned)) {
            Some(key) => {
                self.refuse_taken(&key)?;
                self.note_key(&key)?;
                key
            }
            None => {
                let number = self.next()?;
                if let Some((name, _)) = schema.primary_key() {
                    values.insert(name.to_owned(), number.into());
                }
                row_key::of_int(number)
            }
        };
        self.claim(&key, &values, None)?;
        self.put(key, values)
    }

    /// Writes a row instead of another.
    pub fn replace(&mut self, old: &Row, values: Values) -> Result<Row> {
        let key = self.schema.key(&values)?.unwrap_or_else(|| old.key.clone());
        if key != old.key {
            self.refuse_taken(&key)?;
            self.txn.delete(self.place_of(&old.key).as_bytes())?;
            self.note_key(&key)?;
        }
        self.claim(&key, &values, Some(old))?;
        self.put(key, values)
    }

    /// Deletes a row.
    pub fn delete(&mut self, row: &Row) -> Result<()> {
        let schema = Arc::clone(&self.schema);
        for (name, _) in schema.unique() {
            if let Some(entry) = self.entry(name, &row.values)? {
                self.txn.delete(entry.as_bytes())?;
            }
        }
        self.txn.delete(self.place_of(&row.key).as_bytes()).map(drop)
    }

    fn put(&mut self, key: String, values: Values) -> Result<Row> {
        let data = self.schema.encode(&values)?;
        self.txn.put(self.place_of(&key).as_bytes(), &data)?;
        Ok(Row { key, values, schema: Arc::clone(&self.schema) })
    }

    fn refuse_taken(&mut self, key: &str) -> Result<()> {
        if self.txn.get(self.place_of(key).as_bytes())?.is_none() {
            return Ok(());
        }
        let text = format!("table {}: there is a row {} already", self.schema.table_name, shown(key));
        Err(Error::new(Kind::Exists, text))
    }

    /// Takes the values of unique columns for a row, and lets go of those that it had.
    fn claim(&mut self, key: &str, values: &Values, old: Option<&Row>) -> Result<()> {
        let schema = Arc::clone(&self.schema);
        for (name, _) in schema.unique() {
            let wanted = self.entry(name, values)?;
            let had = old.map(|old| self.entry(name, &old.values)).transpose()?.flatten();
            let moved = old.is_some_and(|old| old.key != key);
            if wanted == had && !moved && old.is_some() {
                continue;
            }
            if let Some(had) = had {
                self.txn.delete(had.as_bytes())?;
            }
            let Some(wanted) = wanted else { continue };
            if let Some(owner) = self.txn.get(wanted.as_bytes())? {
                let owner = shown(&String::from_utf8_lossy(&owner));
                let value = values.get(name).unwrap_or(&Value::Null);
                let text = format!("{}: row {owner} has {value} already", schema.place(name));
                return Err(Error::new(Kind::Exists, text));
            }
            self.txn.put(wanted.as_bytes(), key.as_bytes())?;
        }
        Ok(())
    }

    /// Where the value of a unique column is kept; None for null.
    pub fn entry(&self, name: &str, values: &Values) -> Result<Option<String>> {
        let column = self.schema.known(name)?;
        match values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let text = column.kind.key(value).map_err(|error| error.within(self.schema.place(name)))?;
                Ok(Some(format!("{}{text}", keys::unique(&self.schema.table_name, Some(column.slot)))))
            }
        }
    }

    /// The row that has a value in a unique column.
    pub fn owner(&mut self, name: &str, value: &Value) -> Result<Option<String>> {
        let values = [(name.to_owned(), value.clone())].into_iter().collect();
        let Some(entry) = self.entry(name, &values)? else { return Ok(None) };
        Ok(self.txn.get(entry.as_bytes())?.map(|owner| String::from_utf8_lossy(&owner).into_owned()))
    }

    /// The last number that was given.
    fn last(&mut self) -> Result<i64> {
        let last = match self.last {
            Some(last) => last,
            None => match self.txn.get(keys::counter(&self.schema.table_name).as_bytes())? {
                None => 0,
                Some(text) => number_of(&text).ok_or_else(|| self.bad_counter())?,
            },
        };
        self.last = Some(last);
        Ok(last)
    }

    fn bad_counter(&self) -> Error {
        let key = keys::counter(&self.schema.table_name);
        Error::new(Kind::WrongType, format!("{key}: it holds no number: a plain put wrote it"))
    }

    /// The next number. Rows that plain puts wrote may have it already: then the one after the last row.
    fn next(&mut self) -> Result<i64> {
        let schema = Arc::clone(&self.schema);
        let after = |number: i64| {
            let text = format!("table {}: its numbers are used up", schema.table_name);
            number.checked_add(1).ok_or_else(|| Error::new(Kind::OutOfRange, text))
        };
        let mut number = after(self.last()?)?;
        if self.txn.get(self.place_of(&row_key::of_int(number)).as_bytes())?.is_some() {
            let rows = keys::rows(&self.schema.table_name);
            let last =
                self.txn.peek(&Scan::prefix(rows.as_bytes()).reverse(true).keys_only(true).limit(1))?;
            let key = last.rows.first().map(|row| String::from_utf8_lossy(&row.key).into_owned());
            let last = key.as_deref().and_then(|key| row_key::to_int(key.strip_prefix(&rows)?));
            number = after(last.unwrap_or(number).max(number))?;
        }
        self.note(number)?;
        Ok(number)
    }

    /// Remembers the number that a row has, where rows have numbers.
    pub fn note_key(&mut self, key: &str) -> Result<()> {
        let numbered = self.schema.primary_key().is_none_or(|(name, _)| self.schema.numbers(name));
        row_key::to_int(key).filter(|_| numbered).map_or(Ok(()), |number| self.note(number))
    }

    fn note(&mut self, number: i64) -> Result<()> {
        if number > self.last()? {
            self.last = Some(number);
            let counter = keys::counter(&self.schema.table_name);
            self.txn.put(counter.as_bytes(), number.to_string().as_bytes())?;
        }
        Ok(())
    }
}

fn number_of(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
