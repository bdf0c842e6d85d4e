//! Leaderboards: scores by player, of a period, in an order that is kept in memory and derived from the change log.
//!
//! `board:{board}` holds the rules, `board:{board}:{period}:{player}` a score. Equal scores rank by when they were reached:
//! by the version of the commit that wrote them.

mod board;
mod period;
mod ranked;
mod result;

pub use board::{Board, Entry, Leaderboards, Order, Policy, Ranked, Submitted, submit};
pub use period::Period;
pub use result::{Applied, Change, MatchResult, Placement, apply_result, rating};
