//! Queries in SQL over the store's records.

use std::sync::{Arc, Weak};

use super::{Inner, Store};
use crate::engine::Hold;
use crate::engine::query::{Query, Sql, SqlPage};
use crate::error::{Error, Kind, Result};

/// The rows of a query, page by page, all of the moment at which it began.
pub struct SqlRows {
    inner: Weak<Inner>,
    query: Query,
}

impl Store {
    /// Begins a query over the table `kv` (`key` and `value`: text, or a blob where they are not UTF-8; `version`;
    /// `expires_at`: NULL where it never does). Expired keys are not in it; what was acknowledged before the call is, also
    /// what mode behind has not written down yet. Keys of the form `space:name:rest` are found by their parts in the hidden
    /// columns `space`, `name`, `id` (the name, a number where it is written as one) and `rest`; `document` is the value
    /// if it is JSON. `joinly_now()` is the store's time. [`models::sql`](crate::models::sql) adds views of the models.
    ///
    /// Columns compare and sort as in SQLite. An unfinished query that waits between pages holds a snapshot as a
    /// transaction does.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for SQL that is malformed, more than one statement, or not a mere query, and for parameters that
    /// do not fit it; [`Kind::TooLarge`]; else as [`Store::begin`].
    pub fn sql(&self, query: &Sql<'_>) -> Result<SqlRows> {
        self.sql_with("", query)
    }

    /// [`Store::sql`] with more views: statements that create them.
    pub(crate) fn sql_with(&self, views: &str, query: &Sql<'_>) -> Result<SqlRows> {
        let inner = &self.inner;
        inner.catch_up()?;
        let snapshot = inner.note(inner.engine()?.snapshot(Hold::Short))?;
        let query = inner.prompts.ask(snapshot, inner.clock.now(), views, query)?;
        Ok(SqlRows { inner: Arc::downgrade(inner), query })
    }
}

impl SqlRows {
    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        self.query.columns()
    }

    /// The next rows, at most `max_rows` and 10,000; a page also ends once it holds 16 MiB. None after the last.
    ///
    /// # Errors
    /// [`Kind::Timeout`] when the page takes too long; [`Kind::Conflict`] when the query waited between pages for longer
    /// than `snapshot_max_age_ms`; [`Kind::Invalid`] for what only the rows show, as a sum that overflows;
    /// [`Kind::TooLarge`] for a row of more than 64 MiB; [`Kind::Closed`], [`Kind::Forked`], [`Kind::Corrupt`],
    /// [`Kind::Io`]. After an error there are no more rows.
    pub fn next_page(&mut self, max_rows: usize) -> Result<SqlPage> {
        let inner = self.inner.upgrade().ok_or_else(|| Error::new(Kind::Closed, "the store was closed"))?;
        inner.engine()?;
        inner.note(self.query.next_page(max_rows))
    }
}
