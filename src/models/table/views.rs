//! Tables as views of SQL.

use std::fmt::Write as _;

use serde_json::Value;

use super::evolve::Step;
use super::schema::Schema;
use super::tables::Tables;
use super::types::Type;
use crate::error::{Error, Kind, Result};
use crate::store::Store;

/// What views of tables that cannot have their names begin with.
const PREFIX: &str = "table_";

/// Statements that make a view of every table, in the order of their names.
pub(in crate::models) fn views(store: &Store) -> Result<String> {
    let tables = Tables::new(store);
    let mut statements = String::new();
    tables.scope.read(|txn| {
        for name in super::keys::tables(txn)? {
            match tables.known.find(txn, &name) {
                Ok(Some(schema)) if schema.phase.is_none() => view(&schema, &mut statements),
                // What a plain put wrote instead of a schema hinders no query of others.
                Err(error) if !is_of_document(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(statements)
}

fn is_of_document(error: &Error) -> bool {
    matches!(error.kind(), Kind::WrongType | Kind::Invalid | Kind::TooLarge)
}

/// Names of tables and columns are words, and need no more than quotes.
fn view(schema: &Schema, statements: &mut String) {
    let table = &schema.table_name;
    let columns: Vec<_> = schema
        .columns
        .0
        .iter()
        .map(|(name, column)| format!("{} AS \"{name}\"", typed(&value(name, &schema.pending), column.kind)))
        .collect();
    let (columns, prefix) = (columns.join(", "), if is_taken(table) { PREFIX } else { "" });
    // Writing to a text cannot fail.
    let _ = writeln!(
        statements,
        "CREATE VIEW IF NOT EXISTS \"{prefix}{table}\" AS SELECT {columns} FROM kv \
         WHERE space = 'table' AND name = '{table}' AND rest IS NOT NULL;"
    );
}

/// Whether a view of the models, or SQLite itself, has the name.
fn is_taken(table: &str) -> bool {
    let lower = table.to_ascii_lowercase();
    lower == "kv" || lower.starts_with("sqlite_") || crate::models::views::is_view(table)
}

/// The value of a column, as rows have it that a change of the schema has not reached yet.
fn value(column: &str, pending: &[Step]) -> String {
    let at = |name: &str| format!("document ->> '$.\"{name}\"'");
    let mut value = at(column);
    for step in pending.iter().rev() {
        match step {
            Step::Rename(from, to) if to == column => value = format!("coalesce({value}, {})", at(from)),
            Step::Fill(name, fill) if name == column && !fill.is_null() => {
                let missing = format!("json_type(document, '$.\"{name}\"') IS NULL");
                value = format!("CASE WHEN {missing} THEN {} ELSE {value} END", literal(fill));
            }
            _ => {}
        }
    }
    value
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text_literal(text),
        json => text_literal(&json.to_string()),
    }
}

/// In hexadecimal, for it may have any characters.
fn text_literal(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("CAST(x'{digits}' AS TEXT)")
}

/// SQL takes the type of a column from the outermost cast.
fn typed(value: &str, kind: Type) -> String {
    let kind = match kind {
        Type::Int | Type::Bool => "INTEGER",
        Type::Float => "REAL",
        Type::Str | Type::Bytes | Type::Date | Type::Datetime => "TEXT",
        Type::Json => return value.to_owned(),
    };
    format!("CAST({value} AS {kind})")
}
