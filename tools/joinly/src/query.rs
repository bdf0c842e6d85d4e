//! Questions in SQL, and the tables that answer them.

use anyhow::Result;
use joinly_storage::Store;
use joinly_storage::models;
use joinly_storage::store::{Sql, SqlParam, SqlValue};
use serde_json::{Map, Value, json};

use crate::args::Sql as SqlArgs;
use crate::output::{Cell, Output, json_text};
use crate::pages::CHUNK;
use crate::{Outcome, text};

pub fn sql(args: &SqlArgs, output: &mut Output) -> Result<Outcome> {
    let store = args.of.open_to_read()?;
    let params: Vec<SqlParam<'_>> =
        args.params.iter().map(|text| SqlParam { name: None, value: param(text) }).collect();
    print(&store, &Sql::new(&args.query).params(&params).timeout(args.timeout), output)?;
    Ok(Outcome::Done)
}

/// Prints the rows of a query, and answers how many there are.
pub fn print(store: &Store, query: &Sql<'_>, output: &mut Output) -> Result<usize> {
    let mut rows = models::sql(store, query)?;
    let names = rows.columns().to_vec();
    let (mut first, mut count) = (true, 0);
    loop {
        let page = rows.next_page(CHUNK)?;
        if output.json {
            for row in page.rows() {
                let record: Map<String, Value> = names.iter().cloned().zip(row.iter().map(to_json)).collect();
                output.line(&record, String::new)?;
            }
        } else if first || !page.values.is_empty() {
            let cells: Vec<Vec<Cell>> = page.rows().map(|row| row.iter().map(cell).collect()).collect();
            output.table(&names, &cells, first)?;
        }
        first = false;
        count += page.rows().len();
        if !page.more {
            return Ok(count);
        }
    }
}

/// A number only where it is written exactly so: "007" is text.
pub fn param(text: &str) -> SqlValue {
    let whole = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    let real = || text.parse::<f64>().ok().filter(|number| number.is_finite() && number.to_string() == text);
    match whole.map(SqlValue::Integer).or_else(|| real().map(SqlValue::Real)) {
        Some(number) => number,
        None => SqlValue::Text(text.to_owned()),
    }
}

fn to_json(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => json!(number),
        SqlValue::Real(number) => json!(number),
        SqlValue::Text(text) => json!(text),
        SqlValue::Blob(bytes) => json!(json_text(bytes)),
    }
}

fn cell(value: &SqlValue) -> Cell {
    let (text, number) = match value {
        SqlValue::Null => (String::new(), false),
        SqlValue::Integer(number) => (number.to_string(), true),
        SqlValue::Real(number) => (number.to_string(), true),
        SqlValue::Text(text) => (text::escape(text.as_bytes()), false),
        SqlValue::Blob(bytes) => (text::escape(bytes), false),
    };
    Cell { text, number }
}
