//! Queries in SQL over the store's records.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Inner, Store, encoding};
use crate::engine::Hold;
use crate::engine::query::{Query, SqlPage, SqlParam};
use crate::error::{Error, Kind, Result};
use crate::limits;

/// How long a page of a query may take when the caller does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A query in SQL: one statement that reads, what its parameters stand for, and how long each page may take.
#[derive(Clone, Copy, Debug)]
pub struct Sql<'q> {
    text: &'q str,
    params: &'q [SqlParam<'q>],
    timeout: Duration,
}

impl<'q> Sql<'q> {
    /// A query without parameters that may take 5 seconds a page.
    pub fn new(text: &'q str) -> Self {
        Self { text, params: &[], timeout: DEFAULT_TIMEOUT }
    }

    /// With parameters: as many as its text has.
    pub fn params(mut self, params: &'q [SqlParam<'q>]) -> Self {
        self.params = params;
        self
    }

    /// With another time for each page.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

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
        let Sql { text, params, timeout } = *query;
        if params.len() > limits::MAX_SQL_PARAMS {
            return Err(limits::too_many("parameters", params.len(), limits::MAX_SQL_PARAMS));
        }
        inner.catch_up()?;
        let snapshot = inner.note(inner.engine()?.snapshot(Hold::Short))?;
        let query = Query::new(snapshot, encoding::decode, inner.clock.now(), views, text, params, timeout)?;
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
