//! Joinly Storage: keys and values in an ordinary SQLite file, or another engine, behind a cache that is never stale,
//! even while other processes write the same file; published to other languages by a stable C ABI.
//!
//! The modules, in reading order, each resting only on those below it:
//!
//! - `capi`: the C ABI, one file per section of `include/joinly_storage.h`
//! - [`models`]: a game's live state: lobbies, players, ratings, matchmaking, leaderboards, statistics; tables and
//!   conversations
//! - [`admin`]: what is done to whole stores: migration, backup, restore, repair
//! - [`store`]: what keys and values mean: commits, versions, expiry, transactions, scans, watches, indexes, and
//!   the coherence of the cache
//! - [`engine`]: how bytes are kept: the trait [`engine::Engine`], and one folder per engine
//! - `cache`: bounded maps in memory, and [`memcache`], the one that hosts use on its own
//! - [`limits`], [`error`](Error), [`log`], `value`, `encode`, `calendar`, `row_key`, `platform`: what all of them share
//!
//! ```
//! use joinly_storage::Store;
//!
//! let store = Store::open_url("memory:")?;
//! store.put(b"player:7", br#"{"name":"Ada"}"#)?;
//! assert_eq!(store.get(b"player:7")?.as_deref(), Some(&br#"{"name":"Ada"}"#[..]));
//! # Ok::<(), joinly_storage::Error>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

use std::ffi::CStr;

pub mod admin;
mod cache;
mod calendar;
mod capi;
mod encode;
pub mod engine;
mod error;
pub mod limits;
pub mod log;
pub mod memcache;
pub mod models;
mod platform;
mod row_key;
pub mod store;
mod value;

pub use error::{Error, Kind, Result};
pub use store::{Batch, Config, Find, IndexSpec, Options, Scan, Store, Transaction, Value, Watch};

/// The library's version and that of the SQLite inside it.
pub fn version() -> &'static str {
    VERSION_C.to_str().unwrap_or("")
}

static VERSION: std::sync::LazyLock<std::ffi::CString> = std::sync::LazyLock::new(|| {
    let text = format!("{} (SQLite {})", env!("CARGO_PKG_VERSION"), rusqlite::version());
    std::ffi::CString::new(text).unwrap_or_default()
});

pub(crate) static VERSION_C: std::sync::LazyLock<&'static CStr> =
    std::sync::LazyLock::new(|| VERSION.as_c_str());
