//! Opening a store, its figures and its health.

use anyhow::Result;
use joinly_storage::store::{Capabilities, Durability, Sharing};
use joinly_storage::{Config, Kind, Options, Store};
use serde_json::json;

use crate::args::OfStore;
use crate::output::Output;
use crate::{Outcome, text};

/// A command is over before a large cache would pay.
const CACHE_BYTES: u64 = 4 << 20;

/// Where a store is: a path, a URL or a TOML file.
pub fn config(place: &str) -> Result<Config> {
    let options = Options { cache_bytes: CACHE_BYTES, ..Options::default() };
    Ok(match place.ends_with(".toml") {
        true => Config::from_toml_file(place)?,
        false => Config::from_url(place, options)?,
    })
}

impl OfStore {
    pub fn config(&self) -> Result<Config> {
        config(&self.store)
    }

    /// Opens it for writing, and creates it if it is not there.
    pub fn open(&self) -> Result<Store> {
        Ok(Store::open(&self.config()?)?)
    }

    /// Opens it for writing if it is there.
    pub fn open_existing(&self) -> Result<Store> {
        let mut config = self.config()?;
        config.options.must_exist = true;
        Ok(Store::open(&config)?)
    }

    /// Opens it for reading. What a writer that died has left is taken in first, where the store may be written to.
    pub fn open_to_read(&self) -> Result<Store> {
        let mut config = self.config()?;
        config.options.must_exist = true;
        match Store::open(&config) {
            Err(error)
                if matches!(error.kind(), Kind::Busy | Kind::ReadOnly) && !config.options.read_only =>
            {
                config.options.read_only = true;
                // The first refusal tells more than that of an engine which cannot share its files at all.
                Store::open(&config).map_err(|_| error.into())
            }
            opened => Ok(opened?),
        }
    }
}

pub fn verify(of: &OfStore, output: &mut Output) -> Result<Outcome> {
    let store = of.open_to_read()?;
    store.verify()?;
    let version = store.version()?;
    output.line(&json!({"ok": true, "version": version}), || format!("whole, at version {version}"))?;
    Ok(Outcome::Done)
}

pub fn stats(of: &OfStore, output: &mut Output) -> Result<Outcome> {
    let store = of.open_to_read()?;
    let (stats, limits) = (store.stats()?, store.limits()?);
    let Capabilities { durability, sharing, .. } = store.capabilities()?;
    let engine = stats.engine;
    let survives = match durability {
        Some(Durability::Power) => "power loss",
        Some(Durability::Process) => "the death of the process",
        None => "nothing",
    };
    let shared = match sharing {
        Sharing::OneStore => "one store at a time",
        Sharing::OneWriter => "one that writes, others that read",
        Sharing::Everyone => "any number of processes",
    };
    let rows = [
        ("engine", json!(store.engine_name()), store.engine_name().to_owned()),
        ("version", json!(stats.version), stats.version.to_string()),
        ("file_bytes", json!(engine.file_bytes), text::size(engine.file_bytes)),
        ("free_bytes", json!(engine.free_bytes), text::size(engine.free_bytes)),
        ("wal_bytes", json!(engine.wal_bytes), text::size(engine.wal_bytes)),
        ("survives", json!(survives), survives.to_owned()),
        ("shared_by", json!(shared), shared.to_owned()),
        ("max_key_bytes", json!(limits.key_bytes), text::size(limits.key_bytes as u64)),
        ("max_value_bytes", json!(limits.value_bytes), text::size(limits.value_bytes as u64)),
    ];
    let record: serde_json::Map<_, _> =
        rows.iter().map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect();
    output.line(&record, || {
        let lines: Vec<String> = rows.iter().map(|(name, _, text)| format!("{name:<16} {text}")).collect();
        lines.join("\n")
    })?;
    Ok(Outcome::Done)
}
