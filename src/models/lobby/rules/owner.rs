//! Who decides: the host, or the owner in the present epoch.

use super::{Turn, refused};
use crate::error::Kind;
use crate::models::Ruled;
use crate::models::lobby::event::Change;
use crate::models::lobby::request::By;
use crate::models::lobby::state::Migration;

impl Turn {
    /// Gives the ownership to another member; only the host can where there is no owner.
    ///
    /// # Errors
    /// As [`Turn::check_owner`]; [`Kind::NotFound`] for who is no member, [`Kind::Forbidden`] where a lost ownership stays
    /// lost.
    pub fn transfer(&mut self, by: &By, to: &str) -> Ruled<()> {
        self.check_owner(by)?;
        let lobby = &self.room.lobby;
        if self.room.seats.get(to).is_none_or(|seat| seat.member.is_none()) {
            return refused(Kind::NotFound, format!("{to:?} is no member"));
        }
        if lobby.owner.is_none() && lobby.migration == Migration::Never && lobby.epoch > 0 {
            return refused(Kind::Forbidden, "the lobby has lost its owner for good");
        }
        if lobby.owner.as_deref() == Some(to) {
            return Ok(());
        }
        self.emit(Change::Owner { owner: Some(to.to_owned()) })
    }

    /// Whether `by` decides here and now.
    ///
    /// # Errors
    /// [`Kind::Forbidden`]: not the owner, or an epoch that is not the present one.
    pub fn check_owner(&self, by: &By) -> Ruled<()> {
        let lobby = &self.room.lobby;
        match by {
            By::Host => Ok(()),
            By::Owner { player, .. } if lobby.owner.as_ref() != Some(player) => {
                refused(Kind::Forbidden, format!("{player:?} is not the owner"))
            }
            By::Owner { epoch, .. } if lobby.epoch != *epoch => {
                refused(Kind::Forbidden, format!("the epoch is {}: {epoch} is fenced off", lobby.epoch))
            }
            By::Owner { .. } => Ok(()),
        }
    }
}
