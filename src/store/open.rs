//! From a configuration to an engine, and past the journal that a store in mode behind may have left beside the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::config::{Config, Durability, Location, Mode, Options};
use super::{Inner, changelog, index};
use crate::engine::behind::{self, BehindEngine, BehindOptions};
use crate::engine::jsonl::{Archives, JsonlEngine, JsonlOptions};
use crate::engine::leveldb::{LevelDbEngine, LevelDbOptions};
use crate::engine::memory::MemoryEngine;
use crate::engine::sqlite::{SqliteEngine, SqliteOptions};
use crate::engine::{Engine, Writer};
use crate::error::{Error, Kind, Result};
use crate::row_key;

/// The engine, and the journal that it must look out for.
pub(super) fn engine(config: &Config) -> Result<(Box<dyn Engine>, Option<PathBuf>)> {
    let options = &config.options;
    let power_safe = options.durability == Durability::Power;
    let busy_timeout = Duration::from_millis(options.busy_timeout_ms.into());
    let path = match &config.location {
        Location::Memory if options.mode == Mode::Behind => {
            return Err(Error::invalid("mode=behind writes to a file, and memory: has none"));
        }
        Location::LevelDb(_) if options.mode == Mode::Behind => {
            return Err(Error::invalid("mode=behind is for sqlite:, and leveldb: has a log of its own"));
        }
        Location::Memory => return Ok((Box::new(MemoryEngine::new()), None)),
        Location::LevelDb(path) => {
            let engine = LevelDbEngine::open(LevelDbOptions {
                path: path.clone(),
                read_only: options.read_only,
                must_exist: options.must_exist,
                power_safe,
                busy_timeout,
            })?;
            return Ok((Box::new(engine), None));
        }
        Location::Jsonl(_) if options.mode == Mode::Behind => {
            return Err(Error::invalid("mode=behind is for sqlite:, and jsonl: appends to a log anyway"));
        }
        Location::Jsonl(path) => return Ok((Box::new(jsonl(path, options)?), None)),
        Location::Sqlite(path) => path.clone(),
    };
    let engine = SqliteEngine::open(SqliteOptions {
        path,
        read_only: options.read_only,
        must_exist: options.must_exist,
        power_safe,
        busy_timeout,
        snapshot_max_age: Duration::from_millis(options.snapshot_max_age_ms.into()),
    })?;
    let journal = behind::journal_of(engine.path());
    if options.mode == Mode::Through {
        if !options.read_only {
            behind::recover(&engine, &journal)?;
        }
        return Ok((Box::new(engine), Some(journal)));
    }
    let name = engine.path().display().to_string();
    let behind = BehindOptions {
        journal,
        power_safe,
        bound: options.behind_bytes,
        interval: Duration::from_millis(options.flush_interval_ms.into()),
        patience: busy_timeout,
    };
    let engine = BehindEngine::open(Box::new(engine), behind).map_err(|error| error.within(name))?;
    Ok((Box::new(engine), None))
}

fn jsonl(path: &Path, options: &Options) -> Result<JsonlEngine> {
    let usual = Options::default();
    let compression = (options.compress_level, options.compress_threshold);
    if options.compress_level != -1 && compression != (usual.compress_level, usual.compress_threshold) {
        return Err(Error::invalid(
            "compress_level and compress_threshold are not for jsonl:, whose values lie plain",
        ));
    }
    JsonlEngine::open(JsonlOptions {
        path: path.to_owned(),
        read_only: options.read_only,
        must_exist: options.must_exist,
        power_safe: options.durability == Durability::Power,
        busy_timeout: Duration::from_millis(options.busy_timeout_ms.into()),
        archives: Archives { keep: options.archive_keep, compress: options.archive_compress },
        row_key: row_key::of_row,
        change_entry: changelog::entry_of,
    })
}

impl Inner {
    /// Makes the indexes that the engine does not keep. Nobody else has it open.
    pub(super) fn make_indexes(&self) -> Result<()> {
        let engine = self.engine()?;
        if engine.capabilities().keeps_indexes {
            return Ok(());
        }
        let mut writer = engine.begin()?;
        if index::rebuild_all(writer.as_mut())? {
            writer.commit().map_err(|failed| failed.error)?;
        }
        Ok(())
    }

    /// Becomes the one writer.
    pub(super) fn begin<'e>(&self, engine: &'e dyn Engine) -> Result<Box<dyn Writer + 'e>> {
        begin(engine, self.journal.as_ref())
    }
}

/// Becomes the one writer, unless a store in mode behind is. What a dead one left is recovered first.
pub(super) fn begin<'e>(engine: &'e dyn Engine, journal: Option<&PathBuf>) -> Result<Box<dyn Writer + 'e>> {
    loop {
        let writer = engine.begin()?;
        let Some(journal) = journal.filter(|journal| journal.exists()) else {
            return Ok(writer);
        };
        drop(writer);
        if !behind::recover(engine, journal)? {
            return Err(Error::new(
                Kind::Busy,
                "it is open in mode behind elsewhere, and only there written to",
            ));
        }
    }
}
