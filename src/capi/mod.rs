//! The C ABI: one file per section of the header, each export a thin shell over the safe crate below.
//!
//! Conventions, the same for every function:
//! - an export is guard, cast, call, convert; it never unwinds ([`guard`]);
//! - every `joinly_*` object the caller sees is a handle, a slot and a generation dressed as a pointer, never
//!   dereferenced ([`handle`]): a stale one is answered with `JOINLY_BAD_HANDLE`;
//! - outputs are NULL or 0 after a failure ([`ffi`]).
#![allow(unsafe_code, non_camel_case_types)]

mod admin;
mod batch;
mod cache;
mod caller;
mod changes;
mod chat;
mod error;
mod exclusive;
mod ffi;
mod guard;
mod handle;
mod hazard;
mod index;
mod kv;
mod leaderboard;
mod lobby;
mod log;
mod matchmaking;
mod options;
mod page;
mod player;
mod python;
mod rating;
mod sql;
mod stats;
mod store;
mod table;
mod txn;
mod value;
mod version;
