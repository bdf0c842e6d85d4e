//! Matchmaking.

mod made;
mod queue;
mod ticket;
