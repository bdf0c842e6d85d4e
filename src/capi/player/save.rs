//! Saved games.

use std::ffi::c_char;

use super::{answer, with_players};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::{guard, of_read};
use crate::capi::kv::found;
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::{self, document, joinly_value};
use crate::error::{Error, Kind, Result};
use crate::models::player::{DEFAULT_HISTORY, Save, Saved};

/// How to save a game. Zero-initialise it and set `struct_size`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_save_options {
    /// `sizeof(joinly_save_options)`.
    pub struct_size: u32,
    /// How many versions the slot keeps, this one included, at most 32; 0: 5.
    pub keep: u32,
    /// The version that the game was played on from; 0: none, for a slot that is empty.
    pub parent: u64,
    /// Which device writes it, at most 128 bytes of UTF-8, for the player to choose by; NULL: not told.
    pub device: *const c_char,
    /// Length of `device`.
    pub device_len: usize,
}

/// Writes what was saved or loaded where the caller wants it.
///
/// # Safety
/// The pointers are NULL or writable.
unsafe fn fill(save: Save, info: *mut *mut joinly_value, game: *mut *mut joinly_value) -> Result<()> {
    let about = if info.is_null() { std::ptr::null_mut() } else { document(&save.info)? };
    // SAFETY: forwarded contract.
    unsafe {
        if !game.is_null() {
            game.write(value::make(save.data.into()).inspect_err(|_| value::joinly_value_free(about))?);
        }
        ffi::optional(info, about);
    }
    Ok(())
}

/// Saves a game, at most 64 MiB, as the latest version of a player's slot. `options` may be NULL. `info` (may be NULL)
/// receives what is known of it, a JSON object of "version" (from 1 on; numbers of a slot never come back), "parent",
/// "device", "bytes", "checksum" (XXH3 of 64 bits in hexadecimal) and "time" (milliseconds since 1970-01-01 UTC), to be
/// freed with `joinly_value_free`.
///
/// When the slot's latest version is not `options->parent`, another device has saved meanwhile. The answer is then
/// `JOINLY_CONFLICT`, nothing is changed, and beside the caller's game there is the stored one: `stored` (may be NULL)
/// receives it, and `info` what is known of it, both to be freed. Once the player has chosen or merged, save with its version
/// as the parent. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (also, with both NULL, when it lost every race against other writers), `JOINLY_CORRUPT` (the
/// stored game is damaged), `JOINLY_WRONG_TYPE` (a plain put wrote something else there), and those of
/// `joinly_player_create` but `JOINLY_EXISTS`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_save_put(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    slot: *const c_char,
    slot_len: usize,
    game: *const u8,
    game_len: usize,
    options: *const joinly_save_options,
    info: *mut *mut joinly_value,
    stored: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(info, std::ptr::null_mut());
        ffi::optional(stored, std::ptr::null_mut());
        guard(err, || {
            let options = ffi::sized(options, "joinly_save_options")?;
            let keep = if options.keep == 0 { DEFAULT_HISTORY } else { options.keep as usize };
            let device = ffi::text(options.device, options.device_len, "device")?;
            let (player, slot) =
                (ffi::text(player, player_len, "player")?, ffi::text(slot, slot_len, "slot")?);
            let game = ffi::value(game, game_len)?;
            let saved = with_players(store, txn, |players| {
                players.save(player, slot, options.parent, device, game, keep)
            });
            match saved? {
                Saved::Done(done) if !info.is_null() => info.write(document(&done)?),
                Saved::Done(_) => {}
                Saved::Conflict { stored: save, .. } => {
                    let text = format!("slot {slot:?} is at version {}", save.info.version);
                    fill(save, info, stored)?;
                    return Err(Error::new(Kind::Conflict, text));
                }
            }
            Ok(())
        })
    }
}

/// Loads a saved game: `version` of a player's slot; 0: the latest. `game` and `info` (each may be NULL) receive it and
/// what is known of it, in the form of `joinly_save_put`, to be freed with `joinly_value_free`. Its checksum is verified.
/// Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (no such version; no error object), `JOINLY_CORRUPT` (it is damaged), and those of `joinly_player_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_save_load(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    slot: *const c_char,
    slot_len: usize,
    version: u64,
    game: *mut *mut joinly_value,
    info: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(game, std::ptr::null_mut());
        ffi::optional(info, std::ptr::null_mut());
        guard(err, || {
            let (player, slot) =
                (ffi::text(player, player_len, "player")?, ffi::text(slot, slot_len, "slot")?);
            let version = (version != 0).then_some(version);
            let save = with_players(store, txn, |players| players.load(player, slot, version));
            fill(save.map_err(of_read)?, info, game)
        })
    }
}

/// Reads which versions a player's slot keeps. `*out` receives a JSON array from the oldest to the latest, each in the
/// form of `joinly_save_put`, to be freed with `joinly_value_free`. Any thread. Errors: those of `joinly_player_get` but
/// `JOINLY_NOT_FOUND`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_save_history(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    slot: *const c_char,
    slot_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| {
            players.save_history(ffi::text(player, player_len, "player")?, ffi::text(slot, slot_len, "slot")?)
        })
    }
}

/// Empties a player's slot: `JOINLY_OK` when it held anything, else `JOINLY_NOT_FOUND` (no error object). Any thread.
/// Errors: those of `joinly_player_heartbeat`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_save_clear(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    slot: *const c_char,
    slot_len: usize,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let (player, slot) =
                (ffi::text(player, player_len, "player")?, ffi::text(slot, slot_len, "slot")?);
            found(with_players(store, txn, |players| players.clear_save(player, slot))?.then_some(()))
        })
    }
}
