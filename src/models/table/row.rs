//! Rows: from what callers give to what is stored, and back. Pure.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::schema::Schema;
use crate::error::{Error, Kind, Result};
use crate::models::document::encode;
use crate::row_key;

/// The values of a row by their columns' names.
pub type Values = Map<String, Value>;

/// A row of a table. Its JSON is an object, in the order of the columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Text that is ordered as the primary keys are; without one: as rows were inserted.
    pub key: String,
    /// A value for every column.
    pub values: Values,
    /// The table's schema when it was read or written.
    pub schema: Arc<Schema>,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        InOrder(&self.schema, &self.values).serialize(serializer)
    }
}

impl Schema {
    /// A row to insert: every column has a value, but a number that is still to be given.
    pub(super) fn complete(&self, mut given: Values) -> Result<Values> {
        let mut row = Values::new();
        for (name, column) in &self.columns.0 {
            let value = given.remove(name).unwrap_or_else(|| column.absent());
            let value = match value {
                Value::Null if self.numbers(name) => Value::Null,
                value => column.take(value).map_err(|error| error.within(self.place(name)))?,
            };
            row.insert(name.clone(), value);
        }
        match given.keys().next() {
            Some(unknown) => self.known(unknown).map(|_| row),
            None => Ok(row),
        }
    }

    /// A row with some of its values changed.
    pub(super) fn changed(&self, row: &Values, changes: &Values) -> Result<Values> {
        let mut row = row.clone();
        for (name, value) in changes {
            let column = self.known(name)?;
            let value = column.take(value.clone()).map_err(|error| error.within(self.place(name)))?;
            row.insert(name.clone(), value);
        }
        Ok(row)
    }

    /// Whether the library gives a column its value where a row lacks it.
    pub(super) fn numbers(&self, column: &str) -> bool {
        self.primary_key().is_some_and(|(name, key)| name == column && key.kind == super::Type::Int)
    }

    /// The key of a complete row; None where the library gives it a number.
    pub(super) fn key(&self, row: &Values) -> Result<Option<String>> {
        let Some((name, column)) = self.primary_key() else { return Ok(None) };
        match row.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => column.kind.key(value).map(Some).map_err(|error| error.within(self.place(name))),
        }
    }

    /// The row key of a primary key that a caller gives; without a primary key, of the number of a row.
    pub(super) fn key_of(&self, value: &Value) -> Result<String> {
        let Some((name, column)) = self.primary_key() else {
            let number = value.as_i64().ok_or_else(|| Error::invalid("the key of a row is its number"));
            return number.map(row_key::of_int);
        };
        let key = column.take(value.clone()).and_then(|value| column.kind.key(&value));
        key.map_err(|error| error.within(self.place(name)))
    }

    /// A stored row, as of this schema.
    ///
    /// # Errors
    /// [`Kind::WrongType`] naming row and column where the row is none of this schema: a plain put may have written it.
    pub(super) fn decode(&self, key: &str, data: &[u8]) -> Result<Values> {
        self.read(key, data).map_err(|error| {
            let text = format!("table {}, row {}: {error}", self.table_name, shown(key));
            Error::new(Kind::WrongType, text)
        })
    }

    fn read(&self, key: &str, data: &[u8]) -> std::result::Result<Values, String> {
        let mut stored: Values =
            serde_json::from_slice(data).map_err(|error| format!("broken JSON: {error}"))?;
        for step in &self.pending {
            step.apply(&mut stored).map_err(|error| error.message().to_owned())?;
        }
        let mut row = Values::new();
        for (name, column) in &self.columns.0 {
            let value = stored.remove(name).unwrap_or_else(|| column.absent());
            let value = column.take(value).map_err(|error| format!("column {name}: {}", error.message()))?;
            row.insert(name.clone(), value);
        }
        if let Some(unknown) = stored.keys().next() {
            return Err(format!("the table has no column {unknown:?}"));
        }
        match self.key(&row).map_err(|error| error.message().to_owned())? {
            Some(own) if own != key => Err("it lies under the key of another row".to_owned()),
            _ => Ok(row),
        }
    }

    /// A row as it is stored.
    pub(super) fn encode(&self, row: &Values) -> Result<Vec<u8>> {
        encode(&InOrder(self, row))
    }
}

/// A row key as people read it.
pub(super) fn shown(key: &str) -> String {
    row_key::to_int(key).map_or_else(|| format!("{key:?}"), |number| number.to_string())
}

struct InOrder<'r>(&'r Schema, &'r Values);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self(schema, row) = self;
        serializer.collect_map(schema.columns.0.iter().filter_map(|(name, _)| Some((name, row.get(name)?))))
    }
}
