//! A store of each engine.

use std::time::Duration;

use joinly_storage::engine::behind::{BehindEngine, BehindOptions};
use joinly_storage::engine::jsonl::JsonlEngine;
use joinly_storage::engine::leveldb::{LevelDbEngine, LevelDbOptions};
use joinly_storage::engine::memory::MemoryEngine;
use joinly_storage::engine::sqlite::{SqliteEngine, SqliteOptions};

use super::*;
use crate::support::PATIENCE;

pub fn memory() -> Opened {
    Opened { engine: Box::new(MemoryEngine::new()), home: None }
}

pub fn behind() -> Opened {
    behind_flushing_every(3600 * Duration::from_secs(1))
}

pub fn behind_flushing_at_once() -> Opened {
    behind_flushing_every(Duration::ZERO)
}

fn behind_flushing_every(interval: Duration) -> Opened {
    let Opened { engine, home } = sqlite();
    let options = BehindOptions {
        journal: home.as_ref().unwrap().path().join("test.db-behind"),
        power_safe: false,
        bound: 64 << 20,
        interval,
        patience: PATIENCE,
    };
    Opened { engine: Box::new(BehindEngine::open(engine, options).unwrap()), home }
}

pub fn leveldb() -> Opened {
    let home = tempfile::tempdir().unwrap();
    let engine = LevelDbEngine::open(LevelDbOptions {
        path: home.path().join("test.leveldb"),
        read_only: false,
        must_exist: false,
        power_safe: false,
        busy_timeout: PATIENCE,
    });
    Opened { engine: Box::new(engine.unwrap()), home: Some(home) }
}

pub fn jsonl() -> Opened {
    let home = tempfile::tempdir().unwrap();
    let engine = JsonlEngine::open(crate::engine_jsonl::options(&home.path().join("test")));
    Opened { engine: Box::new(engine.unwrap()), home: Some(home) }
}

pub fn sqlite() -> Opened {
    let home = tempfile::tempdir().unwrap();
    let engine = SqliteEngine::open(SqliteOptions {
        path: home.path().join("test.db"),
        read_only: false,
        must_exist: false,
        power_safe: false,
        busy_timeout: PATIENCE,
        snapshot_max_age: 2 * PATIENCE,
    });
    Opened { engine: Box::new(engine.unwrap()), home: Some(home) }
}
