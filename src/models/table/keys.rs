//! Where tables are kept. Names of tables have no colons, so that what follows one in a key is the row's own.

use crate::error::Result;
use crate::limits;
use crate::store::{Page, Scan, Transaction};

/// What the keys of schemas and rows begin with.
pub(super) const TABLES: &str = "table:";

/// The schema of a table.
pub(super) fn schema(table: &str) -> String {
    format!("{TABLES}{table}")
}

/// What the keys of its rows begin with; their row keys follow.
pub(super) fn rows(table: &str) -> String {
    format!("{TABLES}{table}:")
}

/// The row of a row key.
pub(super) fn row(table: &str, key: &str) -> String {
    format!("{TABLES}{table}:{key}")
}

/// The last number that a row of the table was given.
pub(super) fn counter(table: &str) -> String {
    format!("table.last:{table}")
}

/// What the keys of the values of its unique columns begin with, or of one of them.
pub(super) fn unique(table: &str, slot: Option<u32>) -> String {
    match slot {
        None => format!("table.unique:{table}:"),
        Some(slot) => format!("table.unique:{table}:{slot}:"),
    }
}

/// What the names of its indexes begin with; a column's name follows.
pub(super) fn indexes(table: &str) -> String {
    format!("table.{table}.")
}

/// The lock of a table.
pub(super) fn lock(table: &str) -> String {
    format!("table.lock:{table}")
}

/// The names of all tables, also of those that are being loaded or dropped: of each one key is read, and one after it.
pub(super) fn tables(txn: &mut Transaction) -> Result<Vec<String>> {
    let (mut names, mut from) = (Vec::<String>::new(), TABLES.to_owned());
    // The end of all keys that begin with `table:`.
    let end = "table;";
    loop {
        let scan = Scan::range(from.as_bytes(), end.as_bytes()).keys_only(true).limit(1);
        let Some(row) = txn.peek(&scan)?.rows.into_iter().next() else { break };
        let key = String::from_utf8_lossy(&row.key).into_owned();
        let rest = key.strip_prefix(TABLES).unwrap_or_default();
        from = match rest.split_once(':') {
            // Rows: the next table comes after all of them.
            Some((name, _)) => format!("{TABLES}{name};"),
            None => {
                if super::schema::check_table(rest).is_ok() {
                    names.push(rest.to_owned());
                }
                format!("{key}\0")
            }
        };
    }
    Ok(names)
}

/// How many rows a table has, by pages that `read` reads.
pub(super) fn count_rows(table: &str, mut read: impl FnMut(&Scan) -> Result<Page>) -> Result<u64> {
    let mut scan = Scan::prefix(rows(table).as_bytes()).keys_only(true).limit(limits::MAX_PAGE_ROWS);
    let mut count = 0;
    loop {
        let page = read(&scan)?;
        count += page.rows.len() as u64;
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => return Ok(count),
        }
    }
}
