//! What players own.

use std::ffi::c_char;

use super::{answer, with_players};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::joinly_value;
use crate::error::{Error, Result};
use crate::models::player::{Delta, Holding};

/// A currency in a player's wallet: a counter at the key `player:{player}:wallet:{name}`.
pub const JOINLY_HOLDING_CURRENCY: u32 = 0;
/// An item in a player's inventory: a counter at the key `player:{player}:item:{name}`.
pub const JOINLY_HOLDING_ITEM: u32 = 1;

/// A change of what a player owns. Zero-initialise it and set `struct_size`. Texts are ids in UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_delta {
    /// `sizeof(joinly_delta)`.
    pub struct_size: u32,
    /// One of `JOINLY_HOLDING_*`.
    pub holding: u32,
    /// Whose.
    pub player: *const c_char,
    /// Length of `player`.
    pub player_len: usize,
    /// Which currency or item.
    pub name: *const c_char,
    /// Length of `name`.
    pub name_len: usize,
    /// How much more; negative: less.
    pub amount: i64,
}

/// # Safety
/// `name` is NULL or valid for reads of `len` bytes.
unsafe fn holding(constant: u32, name: *const c_char, len: usize) -> Result<Holding> {
    // SAFETY: forwarded contract.
    let name = unsafe { ffi::text(name, len, "name")? }.to_owned();
    match constant {
        JOINLY_HOLDING_CURRENCY => Ok(Holding::Currency(name)),
        JOINLY_HOLDING_ITEM => Ok(Holding::Item(name)),
        other => Err(Error::invalid(format!("there is no holding {other}"))),
    }
}

/// # Safety
/// The texts of `delta` are NULL or valid as described.
unsafe fn delta(delta: &joinly_delta) -> Result<Delta> {
    // SAFETY: forwarded contract.
    unsafe {
        Ok(Delta {
            player: ffi::text(delta.player, delta.player_len, "player")?.to_owned(),
            holding: holding(delta.holding, delta.name, delta.name_len)?,
            amount: delta.amount,
        })
    }
}

/// Makes at most 1000 changes of what players own, all or none. Balances are integers from 0 to 2^63 - 1; changes of the
/// same one count together. `balances` (may be NULL) is an array of `count` that receives each new balance. Any thread.
///
/// Errors: `JOINLY_INSUFFICIENT` (a balance would go below zero), `JOINLY_OUT_OF_RANGE` (beyond 64 bits),
/// `JOINLY_WRONG_TYPE` (a plain put wrote no counter there), and those of `joinly_player_create` but `JOINLY_EXISTS`. What
/// fails changes nothing, and zeroes `balances`.
///
/// # Safety
/// `deltas` and `balances` are NULL or valid for `count` elements, each valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_holdings_adjust(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    deltas: *const joinly_delta,
    count: usize,
    balances: *mut i64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let balances = ffi::optional_array(balances, count, "balances")?;
            let deltas = ffi::sized_array(deltas, count, "joinly_delta")?;
            let deltas: Vec<Delta> = deltas.iter().map(|it| delta(it)).collect::<Result<_>>()?;
            let after = with_players(store, txn, |players| players.adjust(&deltas))?;
            balances.iter_mut().zip(after).for_each(|(balance, after)| *balance = after);
            Ok(())
        })
    }
}

/// Moves an amount from one player to another, or nothing; who gives to oneself must have it too. `holding` is one of
/// `JOINLY_HOLDING_*`, `name` which one. Any thread. Errors: those of `joinly_holdings_adjust`; `JOINLY_INVALID` also for an
/// amount below zero.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_holdings_transfer(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    from: *const c_char,
    from_len: usize,
    to: *const c_char,
    to_len: usize,
    holding: u32,
    name: *const c_char,
    name_len: usize,
    amount: i64,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let (from, to) = (ffi::text(from, from_len, "from")?, ffi::text(to, to_len, "to")?);
            let holding = self::holding(holding, name, name_len)?;
            with_players(store, txn, |players| players.transfer(from, to, &holding, amount))
        })
    }
}

/// Reads all that a player owns, as of one moment. `*out` receives a JSON object of "currencies" and "items", each an
/// object of balances above zero by name, to be freed with `joinly_value_free`. Any thread. Errors: those of
/// `joinly_player_get` but `JOINLY_NOT_FOUND`: who has nothing has empty ones.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_holdings_balances(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        answer(store, txn, out, err, |players| players.balances(ffi::text(player, player_len, "player")?))
    }
}
