//! Ways to the rows that pass a filter, in the order of their keys: to single ones by their keys or unique values, along an
//! index, along a part of the table, or over all of it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::Value;

use super::desk::Desk;
use super::keys;
use super::query::passes;
use super::row::Row;
use super::schema::{Column, Schema};
use super::types::Type;
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::document::encode;
use crate::models::filter::{Condition, Filter, Test};
use crate::store::{Find, Scan, Transaction};

/// Receives a row and the bytes that it is stored in; false ends the walk.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Row, usize) -> Result<bool>;

/// A way.
enum Way {
    /// These rows.
    Keys(BTreeSet<String>),
    /// The keys from one up to and with another, where there are such.
    Part(Option<String>, Option<String>),
}

/// Goes through the rows that pass, after the key `after`. `alone`: nothing is written in the transaction, before or after;
/// only then can indexes tell.
pub(super) fn walk(
    txn: &mut Transaction,
    schema: &Arc<Schema>,
    filter: &Filter,
    alone: bool,
    descending: bool,
    after: Option<&str>,
    visit: Visit<'_>,
) -> Result<()> {
    match choose(txn, schema, filter, alone)? {
        Way::Keys(found) => {
            let left = found.into_iter().filter(|key| {
                after.is_none_or(|after| if descending { key.as_str() < after } else { key.as_str() > after })
            });
            let ordered: Vec<String> = if descending { left.rev().collect() } else { left.collect() };
            for key in ordered {
                let data = txn.get(keys::row(&schema.table_name, &key).as_bytes())?;
                let Some(data) = data else { continue };
                if offer(schema, filter, key, &data, visit)?.is_break() {
                    break;
                }
            }
            Ok(())
        }
        Way::Part(from, until) => {
            let rows = keys::rows(&schema.table_name);
            let start = format!("{rows}{}", from.unwrap_or_default());
            // A key with a NUL after it comes right after the key; a semicolon right after the colon.
            let end = match until {
                Some(until) => format!("{rows}{until}\0"),
                None => format!("{};", keys::schema(&schema.table_name)),
            };
            let mut scan = Scan::range(start.as_bytes(), end.as_bytes()).reverse(descending);
            if let Some(after) = after {
                scan = scan.after(keys::row(&schema.table_name, after).as_bytes());
            }
            loop {
                let page = txn.scan(&scan)?;
                for row in page.rows {
                    let key = String::from_utf8_lossy(&row.key);
                    let key = key.strip_prefix(&rows).unwrap_or_default().to_owned();
                    let data = row.value.unwrap_or_else(|| Vec::new().into());
                    if offer(schema, filter, key, &data, visit)?.is_break() {
                        return Ok(());
                    }
                }
                match page.cursor {
                    Some(cursor) => scan = scan.limit(limits::MAX_PAGE_ROWS).after(&cursor),
                    None => return Ok(()),
                }
            }
        }
    }
}

fn offer(
    schema: &Arc<Schema>,
    filter: &Filter,
    key: String,
    data: &[u8],
    visit: Visit<'_>,
) -> Result<ControlFlow<()>> {
    let values = schema.decode(&key, data)?;
    if !passes(filter, &values) || visit(Row { key, values, schema: Arc::clone(schema) }, data.len())? {
        return Ok(ControlFlow::Continue(()));
    }
    Ok(ControlFlow::Break(()))
}

fn choose(txn: &mut Transaction, schema: &Arc<Schema>, filter: &Filter, alone: bool) -> Result<Way> {
    let conditions: Vec<(&str, &Column, &Condition)> = filter
        .required()
        .filter_map(|condition| match condition.path().first_step() {
            (name, None) => Some((name, schema.column(name)?, condition)),
            _ => None,
        })
        .collect();
    for (_, column, condition) in conditions.iter().filter(|(_, column, _)| column.primary_key) {
        if let Some(wanted) = wanted(condition.test(), column.kind) {
            let keys = wanted.iter().filter_map(|value| column.kind.key(value).ok());
            return Ok(Way::Keys(keys.collect()));
        }
    }
    for (name, column, condition) in conditions.iter().filter(|(_, column, _)| column.slot != 0) {
        if let Some(wanted) = wanted(condition.test(), column.kind) {
            let mut desk = Desk::new(txn, Arc::clone(schema));
            let owners = wanted.iter().map(|value| desk.owner(name, value)).collect::<Result<Vec<_>>>();
            return match owners {
                Ok(owners) => Ok(Way::Keys(owners.into_iter().flatten().collect())),
                // Nothing that is unique is as long.
                Err(error) if error.kind() == Kind::TooLarge => Ok(Way::Keys(BTreeSet::new())),
                Err(error) => Err(error),
            };
        }
    }
    // A row that a change of the schema has not reached yet is not where an index has it.
    if alone && schema.pending.is_empty() {
        for (name, _, condition) in conditions.iter().filter(|(_, column, _)| column.index) {
            if let Some(keys) = indexed(txn, schema, name, condition.test())? {
                return Ok(Way::Keys(keys));
            }
        }
    }
    let (mut from, mut until): (Option<String>, Option<String>) = (None, None);
    for (_, column, condition) in conditions.iter().filter(|(_, column, _)| column.primary_key) {
        let key = |value: &Value| stored(value, column.kind).and_then(|value| column.kind.key(&value).ok());
        match condition.test() {
            Test::Gt(value) | Test::Ge(value) => from = from.max(key(value)),
            Test::Lt(value) | Test::Le(value) => {
                until = until.into_iter().chain(key(value)).min();
            }
            Test::Prefix(text) if column.kind == Type::Str => from = from.max(Some(text.clone())),
            _ => {}
        }
    }
    Ok(Way::Part(from, until))
}

/// The values that a test lets through, if they are few and known.
fn wanted(test: &Test, kind: Type) -> Option<Vec<Value>> {
    let values: &[Value] = match test {
        Test::Eq(value) if !value.is_null() => std::slice::from_ref(value),
        Test::In(values) if !values.contains(&Value::Null) => values,
        _ => return None,
    };
    // One that cannot be stored equals no row's.
    Some(values.iter().filter_map(|value| stored(value, kind)).collect())
}

/// An operand as rows would have it; None if none has it.
fn stored(value: &Value, kind: Type) -> Option<Value> {
    let whole =
        value.as_f64().filter(|number| kind == Type::Int && number.fract() == 0.0 && number.abs() < 9e18);
    match whole {
        Some(whole) if value.is_f64() => Some(Value::from(whole as i64)),
        _ => kind.take(value.clone()).ok().filter(|taken| {
            // A text that is stored in another form equals none; a number that was rounded neither.
            compare_equal(taken, value)
        }),
    }
}

fn compare_equal(taken: &Value, value: &Value) -> bool {
    crate::models::filter::compare(taken, value) == Some(std::cmp::Ordering::Equal)
}

/// The rows that an index finds; None when it cannot tell.
fn indexed(
    txn: &mut Transaction,
    schema: &Schema,
    column: &str,
    test: &Test,
) -> Result<Option<BTreeSet<String>>> {
    let all = Find::all();
    let number = |value: &Value| value.is_number();
    let finds = match test {
        Test::Eq(value) => vec![all.equal(&encode(value)?)?],
        Test::In(values) => {
            values.iter().map(|value| all.clone().equal(&encode(value)?)).collect::<Result<Vec<_>>>()?
        }
        // Texts that are too long for an index may be in a range of texts.
        Test::Lt(value) | Test::Le(value) if number(value) => {
            vec![all.lower(b"true", false)?.upper(&encode(value)?, true)?]
        }
        Test::Gt(value) | Test::Ge(value) if number(value) => {
            vec![all.lower(&encode(value)?, true)?.upper(b"\"\"", false)?]
        }
        _ => return Ok(None),
    };
    let (name, rows) =
        (format!("{}{column}", keys::indexes(&schema.table_name)), keys::rows(&schema.table_name));
    let mut found = BTreeSet::new();
    for find in finds {
        let Some(keys) = txn.peek_index(&name, &find)? else { return Ok(None) };
        for key in keys {
            let key = String::from_utf8(key).ok();
            let key = key.as_deref().and_then(|key| key.strip_prefix(&rows));
            let key =
                key.ok_or_else(|| Error::new(Kind::Corrupt, format!("index {name}: it has a foreign key")))?;
            found.insert(key.to_owned());
        }
    }
    Ok(Some(found))
}
