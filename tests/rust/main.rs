//! The suites that run through Rust: one binary, one topic per module.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable
)]

mod admin_support;
mod lobby_support;
mod support;

mod admin_backup;
mod admin_import;
mod admin_migrate;
mod admin_repair;
mod behaviour;
mod behind;
mod chat;
mod closing;
mod compression;
mod concurrency;
mod engine_conformance;
mod engine_jsonl;
mod engine_jsonl_crash;
mod engine_sqlite;
mod expiry;
mod indexes;
mod lobby_calls;
mod lobby_events;
mod lobby_invites;
mod lobby_join;
mod lobby_life;
mod lobby_owner;
mod model;
mod models_leaderboard;
mod models_lobby_model;
mod models_matchmaking;
mod models_player;
mod models_search;
mod models_stats;
mod models_table;
mod options;
mod processes;
mod sql;
mod transactions;
mod watch;
