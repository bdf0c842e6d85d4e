//! Lobbies of matches: opened, filled and given back as part of the transactions of matchmaking.

use std::ops::Range;

use super::chance::Chance;
use super::desk::{Desk, Seats, is_live};
use super::rules::Turn;
use super::state::{State, Timing};
use super::{By, Create, Reserve, keys};
use crate::error::{Error, Kind, Result};
use crate::models::{Refusal, Step, Stop};
use crate::store::{Store, Transaction};

/// Takes ids for lobbies. They are taken at once, whatever becomes of the transactions that use them, so that two of these
/// do not conflict.
pub(in crate::models) fn take_ids(store: &Store, count: usize) -> Result<Range<u64>> {
    if count == 0 {
        return Ok(0..0);
    }
    let out_of_range = || Error::new(Kind::OutOfRange, "the ids of lobbies are used up");
    let delta = i64::try_from(count).map_err(|_| out_of_range())?;
    let last = u64::try_from(store.add(keys::ID, delta)?).map_err(|_| out_of_range())?;
    let end = last.checked_add(1).ok_or_else(out_of_range)?;
    Ok(end.checked_sub(count as u64).ok_or_else(out_of_range)?..end)
}

/// Opens a lobby without an owner and a password, with seats kept for players. `create` was checked.
pub(in crate::models) fn open(
    txn: &mut Transaction,
    now: i64,
    (id, chance): (u64, &Chance),
    create: &Create,
    guests: &[Reserve],
) -> Step<()> {
    let mut desk = Desk::new(txn, now);
    let code = desk.free_code(chance)?;
    let turn = Turn::create_for(create, (id, &code), now, guests)?;
    desk.create(turn).map(drop)
}

/// Keeps seats for players whom a queue has found for a lobby, all or none.
pub(in crate::models) fn admit(
    txn: &mut Transaction,
    now: i64,
    id: u64,
    guests: impl FnOnce(&Timing) -> Vec<Reserve>,
) -> Step<()> {
    let mut desk = Desk::new(txn, now);
    let lobby = desk.lobby(id)?;
    let mut guests = guests(&lobby.timing);
    if lobby.teams.is_empty() {
        // The teams of the queue are none of the lobby's.
        guests.iter_mut().for_each(|guest| guest.team = None);
    }
    let players: Vec<&str> = guests.iter().map(|guest| guest.player.as_str()).collect();
    let mut opened = desk.open(id, Seats::Of(&players), None)?;
    opened.turn.admit(&guests)?;
    desk.save(opened).map(drop)
}

/// Refuses a lobby that is none any more.
pub(in crate::models) fn check_live(txn: &mut Transaction, now: i64, id: u64) -> Step<()> {
    let mut desk = Desk::new(txn, now);
    match is_live(&desk.lobby(id)?, desk.lease_time) {
        true => Ok(()),
        false => Err(Refusal::new(Kind::WrongState, format!("lobby {id} is closed")).into()),
    }
}

/// Gives back the seats that are still kept for players; who has joined stays.
pub(in crate::models) fn release(txn: &mut Transaction, now: i64, id: u64, players: &[&str]) -> Result<()> {
    change(txn, now, id, Seats::Of(players), |turn| turn.release(players))
}

/// Ends a lobby, unless it has ended.
pub(in crate::models) fn close(txn: &mut Transaction, now: i64, id: u64) -> Result<()> {
    change(txn, now, id, Seats::All, |turn| match turn.room().lobby.state {
        State::Closed => Ok(()),
        _ => turn.close(&By::Host),
    })
}

fn change(
    txn: &mut Transaction,
    now: i64,
    id: u64,
    seats: Seats<'_>,
    rule: impl FnOnce(&mut Turn) -> crate::models::Ruled<()>,
) -> Result<()> {
    let mut desk = Desk::new(txn, now);
    let changed: Step<()> = desk.open(id, seats, None).and_then(|mut opened| {
        rule(&mut opened.turn)?;
        desk.save(opened).map(drop)
    });
    match changed {
        // A sweep has deleted it.
        Err(Stop::Refused(error)) if error.kind() == Kind::NotFound => Ok(()),
        changed => changed.map_err(Stop::into_error),
    }
}
