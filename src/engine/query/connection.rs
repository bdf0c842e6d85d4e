//! The connection that a query runs on.

use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::Input;
use super::error::of_setup;
use super::table;
use crate::error::Result;
use crate::limits;

/// Steps of SQLite's machine between two looks at the clock: some microseconds.
const STEPS: i32 = 1000;

const LIMITS: [(Limit, usize); 8] = [
    (Limit::SQLITE_LIMIT_LENGTH, limits::MAX_VALUE_BYTES),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, limits::MAX_SQL_BYTES),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, limits::MAX_SQL_PARAMS),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
    // A pattern's length multiplies the time that a single step may take.
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    (Limit::SQLITE_LIMIT_VDBE_OP, 1_000_000),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// A connection to nothing but the table over `input` and the views.
pub(super) fn open(input: &Arc<Input>, views: &str) -> Result<Connection> {
    set_up(input, views).map_err(of_setup)
}

fn set_up(input: &Arc<Input>, views: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_in_memory_with_flags(flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // "state" in double quotes is a column, or a mistake: never a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    for (limit, value) in LIMITS {
        connection.set_limit(limit, i32::try_from(value).unwrap_or(i32::MAX))?;
    }
    table::register(&connection, Arc::clone(input))?;
    let (clock, watch) = (Arc::clone(input), Arc::clone(input));
    let constant =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("joinly_now", 0, constant, move |_| Ok(clock.now()))?;
    connection.execute_batch(views)?;
    connection.progress_handler(STEPS, Some(move || watch.is_late()))?;
    connection.authorizer(Some(authorize))?;
    Ok(connection)
}

/// Reading, and nothing else.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}
