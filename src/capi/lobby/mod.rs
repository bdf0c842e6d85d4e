//! Lobbies.

mod acts;
mod events;
mod look;
mod options;
mod search;
mod seats;
