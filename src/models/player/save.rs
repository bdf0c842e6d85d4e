//! Saved games: slots that keep their last versions, in chunks with a checksum. Two devices that saved on from the same
//! version do not overwrite each other: the second is shown what the first one wrote.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{Players, player_key};
use crate::error::{Error, Kind, Result};
use crate::models::document::{self, check_count};
use crate::models::{MAX_ID_BYTES, check_bytes, check_id};
use crate::store::Transaction;

/// The most bytes of a saved game.
pub const MAX_SAVE_BYTES: usize = 64 << 20;
/// Bytes of a chunk.
pub const CHUNK_BYTES: usize = 256 << 10;
/// The most versions that a slot keeps.
pub const MAX_HISTORY: usize = 32;
/// How many it keeps where the game does not say.
pub const DEFAULT_HISTORY: usize = 5;

/// A version of a saved game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveInfo {
    /// Its number, from 1 on; numbers of a slot never come back.
    pub version: u64,
    /// The version that it was played on from; 0: none.
    pub parent: u64,
    /// The device that wrote it; may be empty.
    pub device: String,
    /// Its bytes.
    pub bytes: usize,
    /// XXH3 of 64 bits, in hexadecimal.
    pub checksum: String,
    /// When it was written, in milliseconds.
    pub time: i64,
}

/// A saved game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    /// What is known of it.
    pub info: SaveInfo,
    /// The game.
    pub data: Vec<u8>,
}

/// What became of saving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is the slot's latest version.
    Done(SaveInfo),
    /// Nothing was changed: the slot is no longer at the version that the game was played on from. Save again with
    /// `stored.version` as parent once the player has chosen or merged.
    Conflict {
        /// What the slot holds.
        stored: Save,
        /// What was to be saved, with the version that it would get.
        yours: Save,
    },
}

/// A slot's document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Slot {
    /// The highest version ever given out.
    last: u64,
    /// From the oldest version kept to the latest.
    versions: Vec<SaveInfo>,
}

fn slot_key(player: &str, slot: &str) -> Result<String> {
    check_id("a player", player)?;
    check_id("a slot", slot)?;
    Ok(format!("{}:save:{slot}", player_key(player)))
}

fn chunk_key(slot: &str, version: u64, chunk: usize) -> String {
    format!("{slot}:{version}:{chunk}")
}

fn checksum(data: &[u8]) -> String {
    format!("{:016x}", xxh3_64(data))
}

impl Players<'_> {
    /// Saves a game that was played on from version `parent` of the slot; 0: from none. The slot keeps its last `keep`
    /// versions.
    ///
    /// # Errors
    /// [`Kind::TooLarge`], [`Kind::Invalid`]; [`Kind::Corrupt`] when a conflict is met and what is stored is damaged; those
    /// of a commit.
    pub fn save(
        &self,
        player: &str,
        slot: &str,
        parent: u64,
        device: &str,
        data: &[u8],
        keep: usize,
    ) -> Result<Saved> {
        let key = slot_key(player, slot)?;
        check_bytes("a device", device, MAX_ID_BYTES)?;
        check_count("bytes of a saved game", data.len(), MAX_SAVE_BYTES)?;
        check_count("versions to keep", keep, MAX_HISTORY)?;
        if keep == 0 {
            return Err(Error::invalid("a slot keeps at least one version"));
        }
        let checksum = checksum(data);
        self.scope.transaction(|txn| {
            let mut slot: Slot = document::get(txn, &key)?.unwrap_or_default();
            let info = SaveInfo {
                version: slot.last.saturating_add(1),
                parent,
                device: device.to_owned(),
                bytes: data.len(),
                checksum: checksum.clone(),
                time: self.scope.now()?,
            };
            if let Some(latest) = slot.versions.last().filter(|latest| latest.version != parent) {
                let stored = Save { info: latest.clone(), data: read(txn, &key, latest)? };
                return Ok(Saved::Conflict { stored, yours: Save { info, data: data.to_vec() } });
            }
            for (at, chunk) in data.chunks(CHUNK_BYTES).enumerate() {
                txn.put(chunk_key(&key, info.version, at).as_bytes(), chunk)?;
            }
            slot.last = info.version;
            slot.versions.push(info.clone());
            let surplus = slot.versions.len().saturating_sub(keep);
            for old in slot.versions.drain(..surplus) {
                remove(txn, &key, &old)?;
            }
            document::put(txn, &key, &slot)?;
            Ok(Saved::Done(info))
        })
    }

    /// Loads a version of a slot; None: the latest.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Corrupt`] when the checksum does not match; [`Kind::Invalid`]; those of a read.
    pub fn load(&self, player: &str, slot: &str, version: Option<u64>) -> Result<Save> {
        let key = slot_key(player, slot)?;
        self.scope.transaction(|txn| {
            let slot: Slot = document::get(txn, &key)?.unwrap_or_default();
            let info = match version {
                Some(version) => slot.versions.iter().find(|info| info.version == version),
                None => slot.versions.last(),
            };
            let missing = || Error::new(Kind::NotFound, format!("{key} has no such version"));
            let info = info.ok_or_else(missing)?;
            Ok(Save { info: info.clone(), data: read(txn, &key, info)? })
        })
    }

    /// The versions that a slot keeps, from the oldest to the latest.
    ///
    /// # Errors
    /// [`Kind::Invalid`]; those of a read.
    pub fn save_history(&self, player: &str, slot: &str) -> Result<Vec<SaveInfo>> {
        let key = slot_key(player, slot)?;
        let slot: Option<Slot> = self.scope.transaction(|txn| document::get(txn, &key))?;
        Ok(slot.unwrap_or_default().versions)
    }

    /// Empties a slot; whether it held anything. Its version numbers go on.
    ///
    /// # Errors
    /// [`Kind::Invalid`]; those of a commit.
    pub fn clear_save(&self, player: &str, slot: &str) -> Result<bool> {
        let key = slot_key(player, slot)?;
        self.scope.transaction(|txn| {
            let mut slot: Slot = document::get(txn, &key)?.unwrap_or_default();
            let held = !slot.versions.is_empty();
            for old in slot.versions.drain(..) {
                remove(txn, &key, &old)?;
            }
            if held {
                document::put(txn, &key, &slot)?;
            }
            Ok(held)
        })
    }
}

fn read(txn: &mut Transaction, key: &str, info: &SaveInfo) -> Result<Vec<u8>> {
    let damaged = || Error::new(Kind::Corrupt, format!("{key}: version {} is damaged", info.version));
    // The document may be damaged too: it sizes nothing.
    let mut data = Vec::new();
    for chunk in 0..info.bytes.min(MAX_SAVE_BYTES).div_ceil(CHUNK_BYTES) {
        let value = txn.get(chunk_key(key, info.version, chunk).as_bytes())?;
        data.extend_from_slice(&value.ok_or_else(damaged)?);
    }
    if data.len() == info.bytes && checksum(&data) == info.checksum { Ok(data) } else { Err(damaged()) }
}

fn remove(txn: &mut Transaction, key: &str, info: &SaveInfo) -> Result<()> {
    for chunk in 0..info.bytes.min(MAX_SAVE_BYTES).div_ceil(CHUNK_BYTES) {
        txn.delete(chunk_key(key, info.version, chunk).as_bytes())?;
    }
    Ok(())
}
