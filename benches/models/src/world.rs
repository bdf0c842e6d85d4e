//! What is measured: a game's live state, kept by this library or by plain SQL.

use std::path::Path;
use std::time::Duration;

/// A file with lobbies, a board and tickets. Whatever goes wrong ends the run: its cost would mean nothing.
pub trait World {
    const NAME: &'static str;
    const CONFIGURATION: &'static str;

    fn open(file: &Path) -> Self;

    /// Makes a lobby; answers its id.
    fn create(&self, seats: u32) -> u64;
    /// A player takes a seat, if one is free; whether one was.
    fn join(&self, lobby: u64, player: &str) -> bool;
    fn leave(&self, lobby: u64, player: &str);
    /// Reads a lobby's own fields; answers how many members it has.
    fn load(&self, lobby: u64) -> u32;

    /// Makes lobbies with ratings from 0 to 2,999, indexed.
    fn fill_lobbies(&self, count: u64);
    /// The lobbies whose rating is nearest; answers how many were found.
    fn near(&self, rating: f64, count: usize) -> usize;

    /// Gives players 0 to `count` a score.
    fn fill_board(&self, count: u64);
    fn rank(&self, player: u64) -> u64;

    /// Adds tickets of one player each, and forgets those of before.
    fn fill_tickets(&self, count: u64);
    /// Pairs tickets of near ratings and commits the matches; answers how many it made.
    fn tick(&self) -> usize;

    /// Adds an event to a lobby that has this member.
    fn say(&self, lobby: u64, player: &str, text: &str);
    /// Waits for the next events after one; answers the last and its text.
    fn heard(&self, lobby: u64, after: u64, timeout: Duration) -> Option<(u64, String)>;
    /// The number of the lobby's last event.
    fn last_event(&self, lobby: u64) -> u64;
}

/// Numbers spread over a range, the same in every run.
pub fn spread(at: u64, range: u64) -> u64 {
    at.wrapping_mul(0x9E37_79B9_7F4A_7C15) % range
}
