//! Checking a table against what is kept of it apart.

use serde_json::Value;

use super::desk::Desk;
use super::keys;
use super::life::CHUNK;
use super::row::{Row, shown};
use super::tables::Tables;
use crate::error::{Error, Kind, Result};
use crate::store::{Page, Scan, Transaction};

impl Tables<'_> {
    /// Reads every row of a table and puts right what plain puts and hand-edited files left behind: unique values that are
    /// not kept or are nobody's, and the last number. How many rows there are.
    ///
    /// # Errors
    /// As [`Tables::select`](super::Tables::select); [`Kind::Exists`] naming two rows with one unique value; those of a
    /// commit.
    pub fn check(&self, table: &str) -> Result<u64> {
        self.alone()?;
        self.finish(table)?;
        let count = self.each_page(table, &keys::rows(table), |desk, own, data| {
            let values = desk.schema.decode(own, data)?;
            let schema = std::sync::Arc::clone(&desk.schema);
            desk.reclaim(&Row { key: own.to_owned(), values, schema })
        })?;
        self.each_page(table, &keys::unique(table, None), |desk, own, owner| {
            desk.drop_stray(own, &String::from_utf8_lossy(owner))
        })?;
        Ok(count)
    }

    /// Has every key that starts so, without its prefix, and its value looked at, some in each transaction.
    fn each_page(
        &self,
        table: &str,
        prefix: &str,
        mut look: impl FnMut(&mut Desk<'_>, &str, &[u8]) -> Result<()>,
    ) -> Result<u64> {
        let (mut scan, mut count) = (Scan::prefix(prefix.as_bytes()).limit(CHUNK), 0);
        loop {
            let page: Page = self.scope.transaction(|txn: &mut Transaction| {
                let page = txn.scan(&scan)?;
                let mut desk = self.desk(txn, table)?;
                for row in &page.rows {
                    let key = String::from_utf8_lossy(&row.key);
                    let own = key.strip_prefix(prefix).unwrap_or_default();
                    look(&mut desk, own, row.value.as_deref().unwrap_or_default())?;
                }
                Ok(page)
            })?;
            count += page.rows.len() as u64;
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => return Ok(count),
            }
        }
    }
}

impl Desk<'_> {
    /// Keeps the unique values and the number of a row that is there.
    fn reclaim(&mut self, row: &Row) -> Result<()> {
        let schema = std::sync::Arc::clone(&self.schema);
        self.note_key(&row.key)?;
        for (name, _) in schema.unique() {
            let value = row.values.get(name).unwrap_or(&Value::Null);
            let Some(entry) = self.entry(name, &row.values)? else { continue };
            match self.owner(name, value)? {
                Some(owner) if owner == row.key => continue,
                Some(owner) if self.get(&owner)?.is_some_and(|other| other.get(name) == Some(value)) => {
                    let (one, other) = (shown(&owner), shown(&row.key));
                    let text = format!("{}: rows {one} and {other} both have {value}", schema.place(name));
                    return Err(Error::new(Kind::Exists, text));
                }
                _ => self.txn.put(entry.as_bytes(), row.key.as_bytes())?,
            }
        }
        Ok(())
    }

    /// Deletes a unique value, by what its key has after the table's name, that its row does not have.
    fn drop_stray(&mut self, own: &str, owner: &str) -> Result<()> {
        let schema = std::sync::Arc::clone(&self.schema);
        let key = format!("{}{own}", keys::unique(&schema.table_name, None));
        let row = self.get(owner)?.unwrap_or_default();
        for (name, _) in schema.unique() {
            if self.entry(name, &row)?.as_ref() == Some(&key) {
                return Ok(());
            }
        }
        self.txn.delete(key.as_bytes()).map(drop)
    }
}
