//! Lobbies.

use super::value::document;

mod acts;
mod events;
mod look;
mod options;
mod search;
mod seats;
