//! Figures of tables.

use serde::Serialize;

use super::keys;
use super::tables::Tables;
use crate::error::Result;
use crate::limits;
use crate::store::Scan;

/// A table's figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableStats {
    /// Its rows.
    pub records: u64,
    /// Their bytes as JSON, each with a line's end.
    pub size_bytes: u64,
    /// Its columns.
    pub columns: usize,
}

impl Tables<'_> {
    /// Counts a table's rows and their bytes, by reading them.
    ///
    /// # Errors
    /// As [`Tables::schema`].
    pub fn stats(&self, table: &str) -> Result<TableStats> {
        self.scope.read(|txn| {
            txn.take_time();
            let columns = self.known.schema(txn, table)?.columns.0.len();
            let mut stats = TableStats { records: 0, size_bytes: 0, columns };
            let mut scan = Scan::prefix(keys::rows(table).as_bytes()).limit(limits::MAX_PAGE_ROWS);
            loop {
                let page = txn.peek(&scan)?;
                stats.records += page.rows.len() as u64;
                let sizes =
                    page.rows.iter().filter_map(|row| row.value.as_ref()).map(|value| value.len() + 1);
                stats.size_bytes += sizes.sum::<usize>() as u64;
                match page.cursor {
                    Some(cursor) => scan = scan.after(&cursor),
                    None => return Ok(stats),
                }
            }
        })
    }
}
