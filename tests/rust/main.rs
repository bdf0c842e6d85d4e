//! The suites that run through Rust: one binary, one topic per module.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable
)]

mod support;

mod behaviour;
mod behind;
mod closing;
mod compression;
mod concurrency;
mod engine_conformance;
mod expiry;
mod feeds;
mod indexes;
mod model;
mod models_leaderboard;
mod models_lobby;
mod models_lobby_model;
mod models_matchmaking;
mod models_player;
mod models_search;
mod options;
mod processes;
mod transactions;
mod watch;
