//! Finding rows: what is asked for, and where a page of it ends.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::row::{Row, Values};
use super::schema::Schema;
use super::walk::walk;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::document::encode;
use crate::models::filter::{Filter, Path, compare};
use crate::store::Transaction;

/// The most columns that order a selection.
pub const MAX_ORDERS: usize = 4;
/// The most bytes of a cursor.
pub const MAX_CURSOR_BYTES: usize = 64 << 10;

/// A column that rows are ordered by: null < false < true < numbers < strings < others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The column.
    pub column: String,
    /// Whether the greatest value comes first.
    #[serde(default)]
    pub descending: bool,
}

/// What to select. Rows that are equal in every order come in the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    filter: Filter,
    orders: Vec<Order>,
    limit: usize,
    after: Option<Vec<u8>>,
}

/// Some rows, all of one moment.
#[derive(Clone, Debug)]
pub struct RowPage {
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// For the next page, which may be of a later moment; None when this is the last.
    pub cursor: Option<Vec<u8>>,
}

impl Default for Query {
    fn default() -> Self {
        Self { filter: Filter::new(), orders: Vec::new(), limit: limits::DEFAULT_PAGE_ROWS, after: None }
    }
}

/// A filter over columns from JSON, in the form of [`Filter::from_json`]; keys are names of columns, or paths into them.
///
/// # Errors
/// As [`Filter::from_json`].
pub fn filter_from_json(json: &str) -> Result<Filter> {
    Filter::from_json_by(json, Path::column)
}

impl Query {
    /// Every row.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those that pass. Its paths begin with names of columns: [`Path::column`].
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter.with_long_texts();
        self
    }

    /// In this order, within those given before.
    pub fn order(mut self, column: &str, descending: bool) -> Self {
        self.orders.push(Order { column: column.to_owned(), descending });
        self
    }

    /// The most rows of a page, up to 10,000. A page also ends once it holds 16 MiB.
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows.clamp(1, limits::MAX_PAGE_ROWS);
        self
    }

    /// Goes on after the cursor of the previous page.
    pub fn after(mut self, cursor: &[u8]) -> Self {
        self.after = Some(cursor.to_vec());
        self
    }

    /// Reads a page. `alone`: nothing is written in the transaction, before or after.
    pub(super) fn page(&self, txn: &mut Transaction, schema: &Arc<Schema>, alone: bool) -> Result<RowPage> {
        check_filter(schema, &self.filter)?;
        if self.orders.len() > MAX_ORDERS {
            return Err(limits::too_many("orders", self.orders.len(), MAX_ORDERS));
        }
        self.orders.iter().try_for_each(|order| schema.known(&order.column).map(drop))?;
        let after = self.after.as_deref().map(|cursor| self.read_cursor(cursor)).transpose()?;
        match self.by_key(schema) {
            Some(descending) => self.stream(txn, schema, alone, descending, after),
            None => self.sorted(txn, schema, alone, after),
        }
    }

    /// Whether the order is that of keys, and then whether it is descending.
    fn by_key(&self, schema: &Schema) -> Option<bool> {
        match (self.orders.first(), schema.primary_key()) {
            (None, _) => Some(false),
            (Some(first), Some((key, _))) if first.column == key => Some(first.descending),
            _ => None,
        }
    }

    /// A page of rows in the order of their keys: reads no more than it needs.
    fn stream(
        &self,
        txn: &mut Transaction,
        schema: &Arc<Schema>,
        alone: bool,
        descending: bool,
        after: Option<Place>,
    ) -> Result<RowPage> {
        let after = after.map(|place| place.key);
        let (mut rows, mut bytes, mut more) = (Vec::<Row>::new(), 0, false);
        walk(txn, schema, &self.filter, alone, descending, after.as_deref(), &mut |row, size| {
            more = rows.len() >= self.limit || (bytes > 0 && bytes + size > limits::PAGE_BYTES);
            if !more {
                bytes += size;
                rows.push(row);
            }
            Ok(!more)
        })?;
        let last = rows.last().filter(|_| more);
        let cursor = last.map(|row| self.write_cursor(&self.place(row))).transpose()?;
        Ok(RowPage { rows, cursor })
    }

    /// A page of rows in another order: looks at all of them and remembers the places of those that the page may have.
    fn sorted(
        &self,
        txn: &mut Transaction,
        schema: &Arc<Schema>,
        alone: bool,
        after: Option<Place>,
    ) -> Result<RowPage> {
        let (mut best, wanted) = (Vec::<Place>::new(), self.limit + 1);
        walk(txn, schema, &self.filter, alone, false, None, &mut |row, _| {
            let place = self.place(&row);
            if after.as_ref().is_some_and(|after| self.compare(&place, after).is_le()) {
                return Ok(true);
            }
            let at = best.partition_point(|other| self.compare(other, &place).is_lt());
            if at < wanted {
                best.insert(at, place);
                best.truncate(wanted);
            }
            Ok(true)
        })?;
        let (mut rows, mut bytes, mut cursor) = (Vec::<Row>::new(), 0, None);
        for Place { key, .. } in best {
            let data = txn.get(super::keys::row(&schema.table_name, &key).as_bytes())?;
            let Some(data) = data else { continue };
            if rows.len() >= self.limit || (bytes > 0 && bytes + data.len() > limits::PAGE_BYTES) {
                cursor = rows.last().map(|row| self.write_cursor(&self.place(row))).transpose()?;
                break;
            }
            bytes += data.len();
            rows.push(Row { values: schema.decode(&key, &data)?, key, schema: Arc::clone(schema) });
        }
        Ok(RowPage { rows, cursor })
    }

    fn place(&self, row: &Row) -> Place {
        let value = |order: &Order| row.values.get(&order.column).cloned().unwrap_or(Value::Null);
        Place { of: 0, values: self.orders.iter().map(value).collect(), key: row.key.clone() }
    }

    fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let values = self.orders.iter().zip(a.values.iter().zip(&b.values));
        let differing = values.map(|(order, (a, b))| {
            let ordering = order_values(a, b);
            if order.descending { ordering.reverse() } else { ordering }
        });
        differing.fold(Ordering::Equal, Ordering::then).then_with(|| a.key.cmp(&b.key))
    }

    /// Of what is found and in which order, whatever the page.
    fn fingerprint(&self) -> u64 {
        xxh3_64(format!("{:?} {:?}", self.filter, self.orders).as_bytes())
    }

    fn write_cursor(&self, place: &Place) -> Result<Vec<u8>> {
        let cursor = encode(&Place { of: self.fingerprint(), ..place.clone() })?;
        if cursor.len() > MAX_CURSOR_BYTES {
            let text =
                "the values that the rows are ordered by are too long for pages: order by another column";
            return Err(Error::new(Kind::TooLarge, text));
        }
        Ok(cursor)
    }

    fn read_cursor(&self, cursor: &[u8]) -> Result<Place> {
        let foreign = || Error::invalid("the cursor is not of this query");
        let short = cursor.get(..cursor.len().min(MAX_CURSOR_BYTES)).unwrap_or_default();
        let place: Place = serde_json::from_slice(short).map_err(|_| foreign())?;
        if place.of != self.fingerprint() || place.values.len() != self.orders.len() {
            return Err(foreign());
        }
        Ok(place)
    }
}

/// Where a row comes in the order of a query; as a cursor, with the query that it is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    of: u64,
    values: Vec<Value>,
    key: String,
}

/// A filter whose columns the table has.
pub(super) fn check_filter(schema: &Schema, filter: &Filter) -> Result<()> {
    filter.paths().try_for_each(|path| schema.known(path.first_step().0).map(drop))
}

/// Whether a row passes.
pub(super) fn passes(filter: &Filter, row: &Values) -> bool {
    filter.passes_by(&|path| path.of_members(row))
}

fn order_values(a: &Value, b: &Value) -> Ordering {
    let class = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) | Value::Object(_) => 4,
    };
    let same = || compare(a, b).unwrap_or_else(|| a.to_string().cmp(&b.to_string()));
    class(a).cmp(&class(b)).then_with(same)
}
