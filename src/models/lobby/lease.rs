//! Heartbeats: they renew leases and make no event.

use super::desk::Desk;
use super::request::check_party;
use super::state::{Lobby, Seat, State};
use super::{Lobbies, keys};
use crate::error::{Kind, Result};
use crate::models::{Refusal, Step};

impl Lobbies<'_> {
    /// Renews the leases of members, and that of the lobby if its owner is among them. No event is made of it. Answers
    /// whether each is a member still: an expired lease is not renewed.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of [`Store::transaction`](crate::Store::transaction).
    pub fn heartbeat(&self, id: u64, players: &[&str]) -> Result<Vec<bool>> {
        check_party(players.iter().copied())?;
        // Neither the timing nor, without a change of the seats' documents, who is a member changes: so the lobby need not
        // be among what the transaction has read.
        let lobby: Lobby = self.scope.document(keys::lobby(id))?.ok_or_else(|| super::missing(id))?;
        self.scope.transact(|txn| {
            let mut desk = Desk::new(txn, self.now()?);
            let mut alive = Vec::with_capacity(players.len());
            for player in players {
                let seat = desk.read::<Seat>(&keys::seat(id, player))?;
                let seat = seat.filter(|seat| seat.member.is_some() && seat.deadline > desk.lease_time);
                alive.push(seat.is_some());
                let Some(mut seat) = seat else { continue };
                seat.deadline = desk.now.saturating_add(lobby.timing.member_ms);
                desk.write(&keys::seat(id, player), &seat)?;
                if lobby.owner.as_deref() == Some(*player) {
                    renew(&mut desk, id, Some(player))?;
                }
            }
            Ok(alive)
        })
    }

    /// Renews the lease of a lobby that its host keeps alive.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::WrongState`] of a closed lobby; those of
    /// [`Store::transaction`](crate::Store::transaction).
    pub fn heartbeat_host(&self, id: u64) -> Result<()> {
        self.scope.transact(|txn| renew(&mut Desk::new(txn, self.now()?), id, None))
    }
}

/// Renews the lease of a lobby, for its host or for a player if they own it.
fn renew(desk: &mut Desk<'_>, id: u64, owner: Option<&str>) -> Step<()> {
    let mut lobby = desk.lobby(id)?;
    if owner.is_some() && lobby.owner.as_deref() != owner {
        return Ok(());
    }
    if lobby.state == State::Closed || lobby.closes_at() <= desk.lease_time {
        return match owner {
            Some(_) => Ok(()),
            None => Err(Refusal::new(Kind::WrongState, "the lobby is closed").into()),
        };
    }
    lobby.lease.deadline = lobby.lease.deadline.max(desk.now.saturating_add(lobby.timing.stale_ms));
    Ok(desk.write(&keys::lobby(id), &lobby)?)
}
