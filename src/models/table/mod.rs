//! Tables: rows with typed columns, a primary key, unique columns and defaults, over keys and values alone.
//!
//! The schema of a table is the JSON document at `table:{name}`; its rows are plain JSON objects at `table:{name}:{key}`,
//! where the key is text that is ordered as the primary keys are. Values of unique columns point to their rows from
//! `table.unique:{name}:...`, in the same commit. [`crate::models::sql`] has a view of every table.

mod check;
mod desk;
mod evolve;
mod keys;
mod life;
mod lock;
mod query;
mod row;
mod schema;
mod stats;
mod tables;
mod transfer;
mod types;
pub(in crate::models) mod views;
mod walk;

pub use lock::MAX_OWNER_BYTES;
pub use query::{MAX_CURSOR_BYTES, MAX_ORDERS, Order, Query, RowPage, filter_from_json};
pub use row::{Row, Values};
pub use schema::{Column, Columns, MAX_COLUMNS, MAX_NAME_BYTES, Schema};
pub use stats::TableStats;
pub use tables::Tables;
pub use transfer::copy;
pub use types::Type;
