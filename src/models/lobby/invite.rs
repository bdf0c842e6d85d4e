//! Inviting players, and who is invited where.

use serde::{Deserialize, Serialize};

use super::desk::{Desk, Seats, is_live};
use super::request::check_ms;
use super::state::Invite;
use super::{Done, Lobbies, keys};
use crate::error::{Error, Result};
use crate::models::check_id;
use crate::models::document::decode;

/// How long an invitation lasts unless the inviter says so, in milliseconds.
pub const DEFAULT_INVITE_MS: i64 = 300_000;

/// An invitation, as the invited player sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// To which lobby.
    pub lobby: u64,
    /// Who invited; None: the host.
    pub by: Option<String>,
    /// Until when it admits.
    pub until: i64,
}

impl Lobbies<'_> {
    /// A member, or the host, invites a player: until it has been used once, taken back, or `for_ms` are over, it admits
    /// the player without a code or a password. Another invitation of the player is replaced.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound); those of [`Turn::invite`](super::Turn::invite).
    pub fn invite(&self, id: u64, from: Option<&str>, player: &str, for_ms: Option<i64>) -> Result<Done> {
        let for_ms = for_ms.unwrap_or(DEFAULT_INVITE_MS);
        check_ms("an invitation", for_ms)?;
        let players: Vec<&str> = from.into_iter().chain([player]).collect();
        self.change("invite", id, (Seats::Of(&players), from), &|turn| {
            let until = turn.now().saturating_add(for_ms);
            turn.invite(from, player, until)
        })
    }

    /// Takes an invitation back: the host, the owner, who made it, and who was invited may.
    ///
    /// # Errors
    /// Those of [`Turn::uninvite`](super::Turn::uninvite).
    pub fn uninvite(&self, id: u64, from: Option<&str>, player: &str) -> Result<Done> {
        self.change("uninvite", id, (Seats::Of(&[player]), from), &|turn| turn.uninvite(from, player))
    }

    /// Where a player is invited, by the number of the lobby.
    ///
    /// # Errors
    /// Those of a read.
    pub fn invitations(&self, player: &str) -> Result<Vec<Invitation>> {
        check_id("a player", player)?;
        let now = self.now()?;
        self.scope.read(|txn| {
            let (mut found, mut scan) = (Vec::new(), keys::invitations(player));
            loop {
                let page = txn.peek(&scan)?;
                for row in &page.rows {
                    let lobby = keys::number_of(&row.key)?;
                    let Invite { by, until } = decode(&row.key, row.value.as_deref().unwrap_or_default())?;
                    let mut desk = Desk::new(txn, now);
                    let is_open = desk.lobby(lobby).is_ok_and(|lobby| is_live(&lobby, desk.lease_time));
                    if until > now && is_open {
                        found.push(Invitation { lobby, by, until });
                    }
                }
                match page.cursor {
                    Some(cursor) => scan = scan.after(&cursor),
                    None => break,
                }
            }
            found.sort_by_key(|invitation| invitation.lobby);
            Ok::<_, Error>(found)
        })
    }
}
