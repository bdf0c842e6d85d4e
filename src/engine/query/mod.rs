//! SQL over the records of any engine: an empty database in memory, whose one table reads a [`Snapshot`].
//!
//! Nothing that a query says or that a file holds can reach further than that: the engine's own file is not open here, its
//! schema is not read, and the connection is authorised for nothing but reading. What a query sees is what the snapshot
//! sees, in whatever form the engine keeps it.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::{Hold, Snapshot};
use crate::error::{Error, Kind, Result};
use crate::limits;

mod connection;
mod error;
mod plan;
mod statement;
mod table;

use statement::Statement;

/// A value of SQL.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number; never NaN.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes; also text that is not UTF-8.
    Blob(Vec<u8>),
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlParam<'q> {
    /// Its name, with or without the sign before it; None: the parameter of its place in the list, `?1` first.
    pub name: Option<&'q str>,
    /// What it stands for.
    pub value: SqlValue,
}

/// Some rows of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlPage {
    /// The columns' names.
    pub columns: Arc<[String]>,
    /// The values, row by row.
    pub values: Vec<SqlValue>,
    /// Whether there are more rows.
    pub more: bool,
}

impl SqlPage {
    /// The rows; each has a value for every column.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[SqlValue]> {
        self.values.chunks_exact(self.columns.len().max(1))
    }
}

/// How long a page of a query may take when the caller does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// More than this is never waited for.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1 << 30);

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

/// How a record's data is read.
pub(crate) type Decode = fn(u8, &[u8]) -> Result<Cow<'_, [u8]>>;

/// What a query reads, shared with the table.
struct Input {
    decode: Decode,
    /// None while no query runs.
    snapshot: Mutex<Option<Box<dyn Snapshot>>>,
    /// The time of the query: records that have expired by then are not there.
    now: AtomicI64,
    deadline: Mutex<Instant>,
    /// What the table met and SQLite's result codes cannot tell.
    failure: Mutex<Option<Error>>,
}

impl Input {
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        *self.deadline.lock() <= Instant::now()
    }

    fn hold(&self, hold: Hold) {
        if let Some(snapshot) = self.snapshot.lock().as_ref() {
            snapshot.hold(hold);
        }
    }
}

/// Connections that no query uses are kept, since making the views costs far more than most queries; so many.
const KEPT: usize = 4;

/// Where queries are run.
pub(crate) struct Prompts {
    decode: Decode,
    idle: Mutex<Vec<Prompt>>,
}

/// A connection, what it reads, and the views that it has.
struct Prompt {
    connection: Connection,
    input: Arc<Input>,
    views: Arc<str>,
}

impl Prompts {
    pub fn new(decode: Decode) -> Arc<Self> {
        Arc::new(Self { decode, idle: Mutex::default() })
    }

    /// Prepares a query over `snapshot` as of the time `now`. `views` are statements that create them.
    pub fn ask(
        self: &Arc<Self>,
        snapshot: Box<dyn Snapshot>,
        now: i64,
        views: &str,
        query: &Sql<'_>,
    ) -> Result<Query> {
        let Prompt { connection, input, views } = match self.take(views) {
            Some(prompt) => prompt,
            None => self.open(views)?,
        };
        *input.snapshot.lock() = Some(snapshot);
        *input.deadline.lock() = later(query.timeout);
        input.now.store(now, Ordering::Relaxed);
        let mut statement = Statement::prepare(connection, query.text)?;
        statement.bind(query.params)?;
        let (prompts, columns) = (Arc::clone(self), statement.columns().into());
        let statement = Some(statement);
        Ok(Query { statement, input, prompts, views, columns, timeout: query.timeout, on_row: false })
    }

    fn take(&self, views: &str) -> Option<Prompt> {
        let mut idle = self.idle.lock();
        let at = idle.iter().position(|prompt| &*prompt.views == views)?;
        Some(idle.swap_remove(at))
    }

    fn open(&self, views: &str) -> Result<Prompt> {
        let input = Arc::new(Input {
            decode: self.decode,
            snapshot: Mutex::default(),
            now: AtomicI64::new(0),
            deadline: Mutex::new(later(DEFAULT_TIMEOUT)),
            failure: Mutex::default(),
        });
        Ok(Prompt { connection: connection::open(&input, views)?, input, views: views.into() })
    }

    fn give_back(&self, prompt: Prompt) {
        // Not waited for: after a fork it may be held for ever.
        if let Some(mut idle) = self.idle.try_lock() {
            // The oldest goes: its views may be those of tables that have changed since.
            if idle.len() >= KEPT {
                idle.remove(0);
            }
            idle.push(prompt);
        }
    }
}

/// A query under way. Its snapshot is held as long as a page takes; between pages the engine may end it for its age.
pub(crate) struct Query {
    /// None once there are no more rows.
    statement: Option<Statement>,
    input: Arc<Input>,
    prompts: Arc<Prompts>,
    views: Arc<str>,
    columns: Arc<[String]>,
    timeout: Duration,
    /// Whether the statement is on a row that no page has yet.
    on_row: bool,
}

impl Drop for Query {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Query {
    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next rows, at most `max_rows`; none at the end.
    pub fn next_page(&mut self, max_rows: usize) -> Result<SqlPage> {
        let mut page = SqlPage { columns: Arc::clone(&self.columns), ..SqlPage::default() };
        let Some(statement) = &mut self.statement else { return Ok(page) };
        *self.input.deadline.lock() = later(self.timeout);
        self.input.hold(Hold::Long);
        let max_rows = max_rows.clamp(1, limits::MAX_PAGE_ROWS);
        let filled = fill(statement, self.on_row, &mut page.values, max_rows);
        self.input.hold(Hold::Short);
        if !matches!(filled, Ok(true)) {
            self.finish();
        }
        page.more = filled.map_err(|error| self.input.failure.lock().take().unwrap_or(error))?;
        self.on_row = page.more;
        Ok(page)
    }

    /// Lets go of the snapshot, and keeps the connection for another query.
    fn finish(&mut self) {
        let Some(statement) = self.statement.take() else { return };
        let connection = statement.into_connection();
        *self.input.snapshot.lock() = None;
        self.prompts.give_back(Prompt {
            connection,
            input: Arc::clone(&self.input),
            views: Arc::clone(&self.views),
        });
    }
}

/// Takes rows from a statement, which may be on the first of them already. Whether there are more: then it is on one.
fn fill(
    statement: &mut Statement,
    mut on_row: bool,
    values: &mut Vec<SqlValue>,
    max_rows: usize,
) -> Result<bool> {
    let mut bytes = 0;
    for count in 0.. {
        if !std::mem::take(&mut on_row) && !statement.step()? {
            break;
        }
        // Nothing of a row is copied before its size is known.
        let row = statement.row_bytes();
        if row > limits::MAX_VALUE_BYTES {
            let text = format!("a row of {row} bytes: the limit is {}", limits::MAX_VALUE_BYTES);
            return Err(Error::new(Kind::TooLarge, text));
        }
        if count == max_rows || (count > 0 && bytes + row > limits::PAGE_BYTES) {
            return Ok(true);
        }
        bytes += row;
        statement.read_row(values);
    }
    Ok(false)
}

fn too_late() -> Error {
    error::of_query(rusqlite::ffi::SQLITE_INTERRUPT, "interrupted")
}

fn later(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST_TIMEOUT)
}
