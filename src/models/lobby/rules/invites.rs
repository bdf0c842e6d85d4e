//! Invitations: they admit a player once, without a code or a password.

use super::{Turn, refused};
use crate::error::Kind;
use crate::limits::too_many;
use crate::models::lobby::event::{Change, Uninviting};
use crate::models::lobby::state::Seat;
use crate::models::{Ruled, check_id};

/// The most invitations of a lobby at a time.
pub const MAX_INVITES: u32 = 256;

impl Turn {
    /// A member, or the host, invites a player until a time; another invitation of the player is replaced.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for the banned and for an inviter who is no member, [`Kind::Exists`] for a member,
    /// [`Kind::WrongState`] of a closed lobby, [`Kind::Expired`] of a stale one, [`Kind::TooLarge`] when too many are
    /// invited.
    pub fn invite(&mut self, from: Option<&str>, player: &str, until: i64) -> Ruled<()> {
        check_id("a player", player)?;
        self.check_fresh()?;
        if let Some(from) = from.filter(|from| !self.is_member(from)) {
            return refused(Kind::Forbidden, format!("{from:?} is no member"));
        }
        if self.is_member(player) {
            return refused(Kind::Exists, format!("{player:?} is a member already"));
        }
        self.check_not_banned(player)?;
        if self.room.lobby.invited >= MAX_INVITES && !self.room.invites.contains_key(player) {
            return Err(too_many("invitations", MAX_INVITES as usize + 1, MAX_INVITES as usize).into());
        }
        let (player, by) = (player.to_owned(), from.map(str::to_owned));
        self.emit(Change::Invited { player, by, until })
    }

    /// Takes an invitation back: the host, the owner, who made it, and who was invited may.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when there is none, [`Kind::Forbidden`] for anybody else.
    pub fn uninvite(&mut self, from: Option<&str>, player: &str) -> Ruled<()> {
        let Some(invite) = self.room.invites.get(player) else {
            return refused(Kind::NotFound, format!("{player:?} is not invited"));
        };
        if let Some(from) = from {
            let by = [Some(player), invite.by.as_deref(), self.room.lobby.owner.as_deref()];
            if !by.contains(&Some(from)) {
                return refused(Kind::Forbidden, format!("{from:?} did not invite {player:?}"));
            }
        }
        self.emit(Change::Uninvited { player: player.to_owned(), why: Uninviting::Revoked })
    }

    fn is_member(&self, player: &str) -> bool {
        matches!(self.room.seats.get(player), Some(Seat { member: Some(_), .. }))
    }
}
