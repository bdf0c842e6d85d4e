//! SQL over the records of any engine: an empty database in memory, whose one table reads a [`Snapshot`].
//!
//! Nothing that a query says or that a file holds can reach further than that: the engine's own file is not open here, its
//! schema is not read, and the connection is authorised for nothing but reading. What a query sees is what the snapshot
//! sees, in whatever form the engine keeps it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

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

/// How a record's data is read.
pub(crate) type Decode = fn(u8, &[u8]) -> Result<Cow<'_, [u8]>>;

/// What a query reads, shared with the table.
struct Input {
    snapshot: Mutex<Box<dyn Snapshot>>,
    decode: Decode,
    /// The time of the query: records that have expired by then are not there.
    now: i64,
    deadline: Mutex<Instant>,
    /// What the table met and SQLite's result codes cannot tell.
    failure: Mutex<Option<Error>>,
}

impl Input {
    fn is_late(&self) -> bool {
        *self.deadline.lock() <= Instant::now()
    }
}

/// A query under way. Its snapshot is held as long as a page takes; between pages the engine may end it for its age.
pub(crate) struct Query {
    statement: Statement,
    input: Arc<Input>,
    columns: Arc<[String]>,
    timeout: Duration,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next step gives a row, or the end.
    Between,
    /// The statement is on a row that no page has yet.
    OnRow,
    Done,
}

impl Query {
    /// Prepares a statement over `snapshot`. `views` is SQL of the library's own that is run first.
    pub fn new(
        snapshot: Box<dyn Snapshot>,
        decode: Decode,
        now: i64,
        views: &str,
        text: &str,
        params: &[SqlParam<'_>],
        timeout: Duration,
    ) -> Result<Self> {
        let input = Arc::new(Input {
            snapshot: Mutex::new(snapshot),
            decode,
            now,
            deadline: Mutex::new(later(timeout)),
            failure: Mutex::default(),
        });
        let connection = connection::open(&input, views)?;
        let mut statement = Statement::prepare(connection, text)?;
        statement.bind(params)?;
        let columns = statement.columns().into();
        Ok(Self { statement, input, columns, timeout, state: State::Between })
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next rows, at most `max_rows`; none at the end.
    pub fn next_page(&mut self, max_rows: usize) -> Result<SqlPage> {
        let mut page = SqlPage { columns: Arc::clone(&self.columns), ..SqlPage::default() };
        if self.state == State::Done {
            return Ok(page);
        }
        *self.input.deadline.lock() = later(self.timeout);
        self.input.snapshot.lock().hold(Hold::Long);
        let filled = self.fill(&mut page, max_rows.clamp(1, limits::MAX_PAGE_ROWS));
        self.input.snapshot.lock().hold(Hold::Short);
        if let Err(error) = filled {
            self.state = State::Done;
            return Err(self.input.failure.lock().take().unwrap_or(error));
        }
        page.more = self.state == State::OnRow;
        Ok(page)
    }

    fn fill(&mut self, page: &mut SqlPage, max_rows: usize) -> Result<()> {
        let mut bytes = 0;
        for count in 0.. {
            if self.state == State::Between {
                self.state = if self.statement.step()? { State::OnRow } else { State::Done };
            }
            if self.state == State::Done {
                break;
            }
            // Nothing of a row is copied before its size is known.
            let row = self.statement.row_bytes();
            if row > limits::MAX_VALUE_BYTES {
                let text = format!("a row of {row} bytes: the limit is {}", limits::MAX_VALUE_BYTES);
                return Err(Error::new(Kind::TooLarge, text));
            }
            if count == max_rows || (count > 0 && bytes + row > limits::PAGE_BYTES) {
                break;
            }
            bytes += row;
            self.statement.read_row(&mut page.values);
            self.state = State::Between;
        }
        Ok(())
    }
}

fn too_late() -> Error {
    error::of_query(rusqlite::ffi::SQLITE_INTERRUPT, "interrupted")
}

fn later(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or(now)
}
