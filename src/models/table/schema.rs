//! What a table is: its columns, as its schema document has them. Pure.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::evolve::Step;
use super::types::Type;
use crate::error::{Error, Kind, Result};
use crate::limits;

/// The most columns of a table.
pub const MAX_COLUMNS: usize = 256;
/// The most bytes of a table's or a column's name.
pub const MAX_NAME_BYTES: usize = 64;

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What values it has.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether rows are found and ordered by it. At most one is; its values are unique and never null. A whole number that
    /// an inserted row lacks there is the next one.
    #[serde(default)]
    pub primary_key: bool,
    /// Whether its values may be null.
    #[serde(default = "yes")]
    pub nullable: bool,
    /// Whether no two rows may have the same value; any number may have null.
    #[serde(default)]
    pub unique: bool,
    /// What an inserted row has that lacks it; without one: null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether an index is kept of it, that selections go along.
    #[serde(default, skip_serializing_if = "is_false")]
    pub index: bool,
    /// The name it had before: how a schema tells that a column was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formerly: Option<String>,
    /// The number under which the values of a unique column are kept. Given by the library.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) slot: u32,
}

impl Column {
    /// A nullable column of a type.
    pub fn new(kind: Type) -> Self {
        Self {
            kind,
            primary_key: false,
            nullable: true,
            unique: false,
            default: None,
            index: false,
            formerly: None,
            slot: 0,
        }
    }

    /// What an inserted row has that lacks it.
    pub(super) fn absent(&self) -> Value {
        self.default.clone().unwrap_or(Value::Null)
    }

    /// A value as it is stored.
    pub(super) fn take(&self, value: Value) -> Result<Value> {
        match value {
            Value::Null if self.nullable && !self.primary_key => Ok(Value::Null),
            Value::Null => Err(Error::new(Kind::WrongType, "null in a column that is not nullable")),
            value => self.kind.take(value),
        }
    }

    fn settle(&mut self) -> Result<()> {
        self.slot = 0;
        if (self.primary_key || self.unique) && !self.kind.is_key() {
            return Err(Error::invalid(format!("{} is no type of keys", self.kind)));
        }
        if self.primary_key && self.default.is_some() {
            return Err(Error::invalid("a primary key has no default"));
        }
        if let Some(former) = &self.formerly {
            check_name("a column", former)?;
        }
        self.default = self.default.take().map(|value| self.kind.take(value)).transpose()?;
        Ok(())
    }
}

/// Columns in the order of their declaration, as a JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns(pub Vec<(String, Column)>);

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, column)| (name, column)))
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Columns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Columns, A::Error> {
                let mut columns = Vec::new();
                while let Some(column) = map.next_entry()? {
                    columns.push(column);
                    if columns.len() > MAX_COLUMNS {
                        return Err(A::Error::custom(format!("more than {MAX_COLUMNS} columns")));
                    }
                }
                Ok(Columns(columns))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// What a table is going through, while it cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Rows are being copied in; it was not there before.
    Loading,
    /// Its rows are being deleted; it is there no more.
    Dropping,
}

/// The schema of a table. Its JSON is that of a schema file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The table's name.
    pub table_name: String,
    /// Its columns.
    #[serde(rename = "schema")]
    pub columns: Columns,
    /// When the table was made, in UTC; given by the library.
    #[serde(default)]
    pub created_at: String,
    /// How often its columns changed since; given by the library.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u32,
    /// What is still to be done to rows that were written before the last change. Doing it again changes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pending: Vec<Step>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<Phase>,
}

impl Schema {
    /// A table of these columns.
    pub fn new<'n>(table: &str, columns: impl IntoIterator<Item = (&'n str, Column)>) -> Self {
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column));
        Self {
            table_name: table.to_owned(),
            columns: Columns(columns.collect()),
            created_at: String::new(),
            version: 0,
            pending: Vec::new(),
            phase: None,
        }
    }

    /// From the JSON of a schema file, or of a part of it: without `created_at`, columns with no more than their types.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for another form; those of a schema that cannot be.
    pub fn from_json(json: &str) -> Result<Self> {
        let schema: Self =
            serde_json::from_str(json).map_err(|error| Error::invalid(format!("a schema: {error}")))?;
        schema.settle()
    }

    /// The schema of a new table, as it is stored.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::WrongType`], [`Kind::TooLarge`] for what no table can be.
    pub(super) fn settle(mut self) -> Result<Self> {
        self.check()?;
        for (name, column) in &mut self.columns.0 {
            let place = || format!("table {}, column {name}", self.table_name);
            column.settle().map_err(|error| error.within(place()))?;
        }
        // What only the library gives is not taken from others.
        (self.version, self.pending, self.phase) = (0, Vec::new(), None);
        self.number(0);
        Ok(self)
    }

    /// Refuses what no table can be.
    pub(super) fn check(&self) -> Result<()> {
        check_table(&self.table_name)?;
        let columns = &self.columns.0;
        if columns.is_empty() || columns.len() > MAX_COLUMNS {
            let text = format!("table {}: it has 1 to {MAX_COLUMNS} columns", self.table_name);
            return Err(Error::invalid(text));
        }
        for (at, (name, _)) in columns.iter().enumerate() {
            check_name("a column", name)?;
            if columns.iter().take(at).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                let text = "another column has this name, perhaps in other cases";
                return Err(Error::invalid(text).within(self.place(name)));
            }
        }
        let mut named = self.pending.iter().flat_map(Step::columns);
        named.try_for_each(|column| check_name("a column", column))?;
        match columns.iter().filter(|(_, column)| column.primary_key).count() {
            0 | 1 => Ok(()),
            _ => Err(Error::invalid(format!("table {}: it has one primary key at most", self.table_name))),
        }
    }

    /// A column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.0.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// A column that must be there.
    pub(super) fn known(&self, name: &str) -> Result<&Column> {
        let unknown = || Error::invalid(format!("table {}: it has no column {name:?}", self.table_name));
        self.column(name).ok_or_else(unknown)
    }

    /// The primary key, if there is one.
    pub fn primary_key(&self) -> Option<(&str, &Column)> {
        self.columns
            .0
            .iter()
            .find(|(_, column)| column.primary_key)
            .map(|(name, column)| (name.as_str(), column))
    }

    /// The columns whose values are kept apart because they are unique; the primary key is unique by its place.
    pub(super) fn unique(&self) -> impl Iterator<Item = (&str, &Column)> {
        let kept = |(_, column): &&(String, Column)| column.unique && !column.primary_key;
        self.columns.0.iter().filter(kept).map(|(name, column)| (name.as_str(), column))
    }

    /// How errors name a column.
    pub(super) fn place(&self, column: &str) -> String {
        format!("table {}, column {column}", self.table_name)
    }

    /// Gives unique columns that have none the next numbers.
    pub(super) fn number(&mut self, mut last: u32) {
        for (_, column) in &mut self.columns.0 {
            if column.unique && !column.primary_key && column.slot == 0 {
                last += 1;
                column.slot = last;
            }
        }
    }
}

/// Refuses what is no name of a table.
pub(crate) fn check_table(name: &str) -> Result<()> {
    check_name("a table", name)
}

fn check_name(what: &str, name: &str) -> Result<()> {
    let word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let starts = name.bytes().next().is_some_and(|byte| word(byte) && !byte.is_ascii_digit());
    if !starts || name.len() > MAX_NAME_BYTES || !name.bytes().all(word) {
        let shown: String = name.chars().take(MAX_NAME_BYTES).collect();
        let text = "wanted letters, digits and '_', not first a digit";
        return Err(match name.len() {
            len if len > MAX_NAME_BYTES => limits::too_many("bytes of a name", len, MAX_NAME_BYTES),
            _ => Error::invalid(format!("{what} {shown:?}: {text}")),
        });
    }
    Ok(())
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
