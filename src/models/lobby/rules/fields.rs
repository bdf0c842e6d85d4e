//! What members and owners change and say.

use super::{Turn, refused};
use crate::error::{Error, Kind};
use crate::models::attribute::{self, AttributePatch};
use crate::models::lobby::event::{Change, LobbyPatch};
use crate::models::lobby::request::By;
use crate::models::lobby::state::Seat;
use crate::models::{Ruled, check_bytes};

/// The most bytes of what a member says at a time.
pub const MAX_SAID_BYTES: usize = 4096;

impl Turn {
    /// Changes fields. In `patch`, a password is its hash.
    ///
    /// # Errors
    /// As [`Turn::check_owner`]; [`Kind::Conflict`] when the version is not the expected one, [`Kind::WrongState`] of a
    /// closed lobby, [`Kind::LobbyFull`] for fewer seats than are taken, [`Kind::Invalid`] for the number of seats of a lobby
    /// with teams.
    pub fn patch(&mut self, by: &By, patch: LobbyPatch, expected: Option<u64>) -> Ruled<()> {
        self.check_owner(by)?;
        self.check_version(expected)?;
        self.check_live()?;
        let lobby = &self.room.lobby;
        if let Some(most) = patch.max_members {
            if !lobby.teams.is_empty() {
                return refused(Kind::Invalid, "the seats of a lobby with teams are those of its teams");
            }
            if most < lobby.members + lobby.reserved {
                let text =
                    format!("{most} seats are fewer than the {} taken", lobby.members + lobby.reserved);
                return refused(Kind::LobbyFull, text);
            }
        }
        self.emit(Change::Patched { patch: Box::new(patch) })
    }

    /// Changes attributes of a member.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for who is no member; [`Kind::Conflict`] when the version is not the expected one.
    pub fn patch_member(
        &mut self,
        player: &str,
        attributes: AttributePatch,
        expected: Option<u64>,
    ) -> Ruled<()> {
        self.check_version(expected)?;
        attribute::check_patch(&attributes)?;
        self.check_member(player)?;
        self.emit(Change::MemberPatched { player: player.to_owned(), attributes })
    }

    /// A member says something.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for who is no member, [`Kind::Invalid`] for nothing, [`Kind::TooLarge`]; [`Kind::RateLimited`]
    /// for who says more than members may.
    pub fn say(&mut self, player: &str, text: &str) -> Ruled<()> {
        if text.is_empty() {
            return refused(Kind::Invalid, "nothing is said");
        }
        check_bytes("what is said", text, MAX_SAID_BYTES)?;
        self.check_member(player)?;
        self.check_pace(player)?;
        self.emit(Change::Said { player: player.to_owned(), text: text.to_owned() })
    }

    fn check_pace(&self, player: &str) -> Ruled<()> {
        let chat = self.room.lobby.chat;
        let member = self.room.seats.get(player).and_then(|seat| seat.member.as_ref());
        let spoken = member.map_or(0, |member| member.spoken.saturating_sub(self.now));
        let wait = spoken.saturating_sub(chat.every_ms.saturating_mul(i64::from(chat.burst) - 1));
        match chat.is_unlimited() || wait <= 0 {
            true => Ok(()),
            false => refused(Kind::RateLimited, format!("{player:?} may say more in {wait} ms")),
        }
    }

    fn check_member(&self, player: &str) -> Ruled<()> {
        match self.room.seats.get(player) {
            Some(Seat { member: Some(_), .. }) => Ok(()),
            _ => refused(Kind::NotFound, format!("{player:?} is no member")),
        }
    }

    fn check_version(&self, expected: Option<u64>) -> Ruled<()> {
        match expected {
            Some(expected) if expected != self.room.lobby.version => {
                Err(Error::stale(expected, self.room.lobby.version).into())
            }
            _ => Ok(()),
        }
    }
}
