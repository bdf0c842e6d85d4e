//! Matchmaking: parties wait in a queue until they can be matched with others by rules whose patience grows with the wait.
//!
//! The rules are pure: [`run`] decides on matches from tickets, a seed and the time, and the same input gives the same
//! matches. What is decided becomes true only in a transaction that checks every ticket again.

mod answer;
mod engine;
mod gather;
mod legal;
mod made;
mod make;
mod matching;
mod pairing;
mod pool;
mod quality;
mod queue;
mod report;
mod rules;
mod split;
#[cfg(test)]
mod tests;
mod tick;
mod ticket;
mod waiting;

pub use engine::{Outcome, Proposal, run};
pub use made::{Match, MatchState, MatchedTicket};
pub use quality::{Decile, Quality, Report, Sample, report};
pub use queue::{Matchmaker, Queue};
pub use rules::{MAX_MATCH_PLAYERS, MAX_ROLES, Pairing, Policy, Rules, Window};
pub use tick::Tick;
pub use ticket::{
    Backfill, Filter, MAX_BLOCKED, MAX_TEXT_BYTES, MAX_TICKET_FIELDS, Scalar, Seeker, State, Test, Ticket,
};
