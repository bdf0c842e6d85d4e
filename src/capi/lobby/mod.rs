//! Lobbies.

mod acts;
mod events;
mod invites;
mod look;
mod options;
mod search;
mod seats;
