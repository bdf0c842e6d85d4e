//! How tables come to be, change and go. What concerns many rows is done in several commits: the first says in the schema
//! what is to be done, so that it holds at once and whoever comes next can finish it.

use std::sync::Arc;

use super::evolve::{Change, Step};
use super::keys;
use super::schema::{Phase, Schema};
use super::tables::Tables;
use crate::calendar::timestamp;
use crate::error::{Error, Kind, Result};
use crate::models::Scope;
use crate::models::document;
use crate::store::{IndexSpec, Scan, Transaction};

/// Rows handled by one commit.
pub(super) const CHUNK: usize = 1000;

impl<'s> Tables<'s> {
    /// Makes a table; or, where there is one, gives it the columns and wider types that it lacks. A schema that says the
    /// same does nothing.
    ///
    /// New columns must be nullable or have a default; a type may become wider (int to float, any to json), a column
    /// nullable, no longer unique, indexed or not, renamed (`formerly`), or have another default for rows to come.
    ///
    /// # Errors
    /// [`Kind::Exists`] telling the differences that are none of these, or when a table's name differs in case only;
    /// [`Kind::Invalid`], [`Kind::WrongType`], [`Kind::TooLarge`] for what no table can be; those of a commit.
    pub fn create(&self, schema: &Schema) -> Result<Arc<Schema>> {
        self.shape(schema, false)
    }

    /// The same, and drops the columns that the schema does not have.
    ///
    /// # Errors
    /// As [`Tables::create`].
    pub fn evolve(&self, schema: &Schema) -> Result<Arc<Schema>> {
        self.shape(schema, true)
    }

    /// Drops a table with all its rows.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the table; those of a commit.
    pub fn drop(&self, table: &str) -> Result<()> {
        let schema = self.alone()?.transaction(|txn| {
            let schema = self.known.schema(txn, table)?;
            let dropping = Schema { phase: Some(Phase::Dropping), ..Schema::clone(&schema) };
            put(txn, &dropping)?;
            Ok(dropping)
        })?;
        self.clear(&schema)
    }

    fn shape(&self, schema: &Schema, lossy: bool) -> Result<Arc<Schema>> {
        let wanted = schema.clone().settle()?;
        self.clear_remains(&wanted.table_name)?;
        self.finish(&wanted.table_name)?;
        self.alone()?.transaction(|txn| match self.known.find(txn, &wanted.table_name)? {
            None => self.put_new(txn, &wanted, None),
            Some(stored) if stored.phase.is_some() || !stored.pending.is_empty() => Err(busy(&stored)),
            Some(stored) => match stored.change(&wanted)? {
                None => Ok(()),
                Some(Change { lost, .. }) if !lost.is_empty() && !lossy => {
                    let lost: Vec<_> =
                        lost.iter().map(|name| format!("column {name} is missing here")).collect();
                    Err(stored.disagrees(&lost))
                }
                Some(Change { schema, .. }) => put(txn, &schema),
            },
        })?;
        self.finish(&wanted.table_name)?;
        let schema = self.schema(&wanted.table_name)?;
        self.index(&schema)?;
        Ok(schema)
    }

    /// Writes the schema of a table that is not there.
    pub(super) fn put_new(&self, txn: &mut Transaction, wanted: &Schema, phase: Option<Phase>) -> Result<()> {
        let table = &wanted.table_name;
        let same = |name: &String| name.eq_ignore_ascii_case(table) && name != table;
        if let Some(other) = keys::tables(txn)?.into_iter().find(same) {
            let text = format!("table {table}: the name of table {other} differs in case only");
            return Err(Error::new(Kind::Exists, text));
        }
        let created_at = match wanted.created_at.as_str() {
            "" => timestamp(self.scope.now()?),
            known => known.to_owned(),
        };
        put(txn, &Schema { created_at, phase, ..wanted.clone() })
    }

    /// Calls of many commits are part of no transaction.
    pub(super) fn alone(&self) -> Result<&Scope<'s>> {
        match self.scope.is_within() {
            false => Ok(&self.scope),
            true => {
                let text = "tables are made, changed, dropped and copied outside of transactions";
                Err(Error::new(Kind::Unsupported, text))
            }
        }
    }

    /// Does to the rows of a table what a change of its schema left to do.
    pub(super) fn finish(&self, table: &str) -> Result<()> {
        // How far the rows are as of which version of the schema: of another one they all begin anew.
        let mut reached: Option<(u64, Vec<u8>)> = None;
        loop {
            let next = self.scope.transaction(|txn| self.finish_some(txn, table, reached.as_ref()))?;
            match next {
                Some(next) => reached = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Some of it. How far it got; None when nothing is left.
    fn finish_some(
        &self,
        txn: &mut Transaction,
        table: &str,
        reached: Option<&(u64, Vec<u8>)>,
    ) -> Result<Option<(u64, Vec<u8>)>> {
        let schema = self.known.find(txn, table)?.filter(|schema| !schema.pending.is_empty());
        let Some(schema) = schema else { return Ok(None) };
        let version = txn.get(keys::schema(table).as_bytes())?.map_or(0, |stored| stored.version());
        let mut scan = Scan::prefix(keys::rows(table).as_bytes()).limit(CHUNK);
        if let Some((_, after)) = reached.filter(|(of, _)| *of == version) {
            scan = scan.after(after);
        }
        let page = txn.scan(&scan)?;
        for row in page.rows {
            let data = row.value.unwrap_or_else(|| Vec::new().into());
            let key = String::from_utf8_lossy(&row.key);
            let own = key.strip_prefix(&keys::rows(table)).unwrap_or_default();
            let encoded = schema.encode(&schema.decode(own, &data)?)?;
            if encoded != *data {
                txn.put(&row.key, &encoded)?;
            }
        }
        if let Some(cursor) = page.cursor {
            return Ok(Some((version, cursor)));
        }
        if self.release(txn, &schema)? {
            // Past all rows: what is left are values that need not be unique.
            return Ok(Some((version, format!("{};", keys::schema(table)).into_bytes())));
        }
        put(txn, &Schema { pending: Vec::new(), ..Schema::clone(&schema) })?;
        Ok(None)
    }

    /// Deletes some of the values that need not be unique any more. Whether there may be more.
    fn release(&self, txn: &mut Transaction, schema: &Schema) -> Result<bool> {
        for step in &schema.pending {
            let Step::Release(slot) = step else { continue };
            if some_deleted(txn, &keys::unique(&schema.table_name, Some(*slot)))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Declares the indexes that a schema has, and drops those that it has no more.
    pub(super) fn index(&self, schema: &Schema) -> Result<()> {
        let (store, prefix) = (self.scope.store(), keys::indexes(&schema.table_name));
        let wanted = |name: &str| schema.column(name).is_some_and(|column| column.index);
        for index in store.indexes()? {
            let Some(column) = index.name().strip_prefix(&prefix) else { continue };
            if !wanted(column) {
                gone(store.drop_index(index.name()))?;
            }
        }
        for (name, _) in schema.columns.0.iter().filter(|(name, _)| wanted(name)) {
            let rows = keys::rows(&schema.table_name);
            let spec = IndexSpec::new(&format!("{prefix}{name}"), rows.as_bytes(), &format!("$.\"{name}\""))?;
            store.declare_index(&spec)?;
        }
        Ok(())
    }

    /// Deletes what a load or a drop that did not come to its end left.
    pub(super) fn clear_remains(&self, table: &str) -> Result<()> {
        let found = self.alone()?.read(|txn| self.known.find(txn, table))?;
        match found.filter(|schema| schema.phase.is_some()) {
            Some(schema) => self.clear(&schema),
            None => Ok(()),
        }
    }

    /// The same of the load that wrote the schema's version, and of no other.
    pub(super) fn clear_own(&self, table: &str, version: u64) -> Result<()> {
        let dropping = self.scope.transaction(|txn| {
            let schema = self.known.find(txn, table)?;
            let own = txn.get(keys::schema(table).as_bytes())?.is_some_and(|data| data.version() == version);
            let Some(schema) = schema.filter(|_| own) else { return Ok(None) };
            let dropping = Schema { phase: Some(Phase::Dropping), ..Schema::clone(&schema) };
            put(txn, &dropping)?;
            Ok(Some(dropping))
        })?;
        dropping.map_or(Ok(()), |schema| self.clear(&schema))
    }

    /// Deletes all of a table that is not to be used: its rows, and its schema last.
    fn clear(&self, schema: &Schema) -> Result<()> {
        let table = &schema.table_name;
        for index in self.scope.store().indexes()? {
            if index.name().starts_with(&keys::indexes(table)) {
                gone(self.scope.store().drop_index(index.name()))?;
            }
        }
        let is_left = |txn: &mut Transaction| {
            let found = self.known.find(txn, table)?;
            Ok::<_, Error>(found.is_some_and(|found| found.phase.is_some()))
        };
        while self.scope.transaction(|txn| {
            if !is_left(txn)? {
                return Ok(false);
            }
            if some_deleted(txn, &keys::rows(table))? || some_deleted(txn, &keys::unique(table, None))? {
                return Ok(true);
            }
            txn.delete(keys::counter(table).as_bytes())?;
            txn.delete(keys::schema(table).as_bytes())?;
            Ok(false)
        })? {}
        Ok(())
    }
}

pub(super) fn put(txn: &mut Transaction, schema: &Schema) -> Result<()> {
    document::put(txn, keys::schema(&schema.table_name), schema)
}

fn busy(schema: &Schema) -> Error {
    Error::new(Kind::Busy, format!("table {}: another program is changing it", schema.table_name))
}

/// Another program may have been faster.
fn gone(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        result => result,
    }
}

/// Deletes some of the keys that start so. Whether there were any.
fn some_deleted(txn: &mut Transaction, prefix: &str) -> Result<bool> {
    let page = txn.scan(&Scan::prefix(prefix.as_bytes()).keys_only(true).limit(CHUNK))?;
    for row in &page.rows {
        txn.delete(&row.key)?;
    }
    Ok(!page.rows.is_empty())
}
