//! The calls that change lobbies. Each is one transaction, repeated when it conflicts, and does nothing when it is refused.

use super::desk::{Desk, Seats};
use super::event::LobbyPatch;
use super::request::{check_ms, check_party};
use super::rules::Turn;
use super::{By, Create, Done, Lobbies, Reserve, host, password};
use crate::error::Result;
use crate::models::attribute::AttributePatch;
use crate::models::{Ruled, Step};

/// A rule, of one lobby.
type Rule<'a> = &'a dyn Fn(&mut Turn) -> Ruled<()>;

impl Lobbies<'_> {
    /// Creates a lobby.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid), [`Kind::TooLarge`](crate::Kind::TooLarge),
    /// [`Kind::WrongType`](crate::Kind::WrongType) for what no lobby can have; [`Kind::Exists`](crate::Kind::Exists) when
    /// the owner is in another exclusive lobby of the kind; those of
    /// [`Store::transaction`](crate::Store::transaction), as of all calls.
    pub fn create(&self, create: Create) -> Result<Done> {
        let create = create.checked()?;
        let hash = password::hash(&create.password, &self.chance)?;
        let mut id = None;
        self.call("create", |desk| {
            let turn = self.created(desk, &mut id, &create, hash.as_deref())?;
            Ok(Done::of(&desk.create(turn)?.lobby))
        })
    }

    /// A new lobby, not written yet. Its id is taken once, whatever becomes of the transaction.
    pub(super) fn created(
        &self,
        desk: &mut Desk<'_>,
        id: &mut Option<u64>,
        create: &Create,
        hash: Option<&str>,
    ) -> Step<Turn> {
        let new = match *id {
            Some(id) => id,
            None => host::take_ids(self.scope.store(), 1)?.start,
        };
        *id = Some(new);
        let code = desk.free_code(&self.chance)?;
        Ok(Turn::create(create, (new, &code, hash), desk.now)?)
    }

    /// Keeps seats for players, all or none; renews those that they have.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound); those of [`Turn::reserve`].
    pub fn reserve(&self, id: u64, by: &By, reservations: &[Reserve]) -> Result<Done> {
        check_party(reservations.iter().map(|reserve| reserve.player.as_str()))?;
        reservations.iter().try_for_each(Reserve::check)?;
        let players: Vec<&str> = reservations.iter().map(|reserve| reserve.player.as_str()).collect();
        self.change("reserve", id, (Seats::Of(&players), by.player()), &|turn| turn.reserve(by, reservations))
    }

    /// A player gives up the seat, or the reservation.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) when there is none.
    pub fn leave(&self, id: u64, player: &str) -> Result<Done> {
        self.change("leave", id, (Seats::Leaver(player), Some(player)), &|turn| turn.leave(player))
    }

    /// Takes a player's seat away.
    ///
    /// # Errors
    /// Those of [`Turn::kick`].
    pub fn kick(&self, id: u64, by: &By, player: &str) -> Result<Done> {
        self.change("kick", id, (Seats::Leaver(player), by.player()), &|turn| turn.kick(by, player))
    }

    /// Takes a player's seat away and keeps the player from joining: until a time, or for ever.
    ///
    /// # Errors
    /// Those of [`Turn::ban`].
    pub fn ban(&self, id: u64, by: &By, player: &str, until: Option<i64>) -> Result<Done> {
        let until = until.map_or(0, |time| time.max(1));
        self.change("ban", id, (Seats::Leaver(player), by.player()), &|turn| turn.ban(by, player, until))
    }

    /// Lets a player join again.
    ///
    /// # Errors
    /// Those of [`Turn::unban`].
    pub fn unban(&self, id: u64, by: &By, player: &str) -> Result<Done> {
        self.change("unban", id, (Seats::Of(&[player]), by.player()), &|turn| turn.unban(by, player))
    }

    /// Gives the ownership to another member.
    ///
    /// # Errors
    /// Those of [`Turn::transfer`].
    pub fn transfer(&self, id: u64, by: &By, to: &str) -> Result<Done> {
        self.change("transfer", id, (Seats::Of(&[to]), by.player()), &|turn| turn.transfer(by, to))
    }

    /// Only who has a reservation may join from now on.
    ///
    /// # Errors
    /// Those of [`Turn::lock`]; so for the moves below.
    pub fn lock(&self, id: u64, by: &By) -> Result<Done> {
        self.change("lock", id, (Seats::Of(&[]), by.player()), &|turn| turn.lock(by))
    }

    /// Opens a locked lobby.
    ///
    /// # Errors
    /// As [`Lobbies::lock`].
    pub fn unlock(&self, id: u64, by: &By) -> Result<Done> {
        self.change("unlock", id, (Seats::Of(&[]), by.player()), &|turn| turn.unlock(by))
    }

    /// Starts the game: at once, or when all members have said within `ready_ms` that they are ready.
    ///
    /// # Errors
    /// As [`Turn::start`].
    pub fn start(&self, id: u64, by: &By, ready_ms: Option<i64>) -> Result<Done> {
        ready_ms.map_or(Ok(()), |ms| check_ms("a ready check", ms))?;
        self.change("start", id, (Seats::Of(&[]), by.player()), &|turn| turn.start(by, ready_ms))
    }

    /// A member is ready, or not any more; the game starts when all are.
    ///
    /// # Errors
    /// Those of [`Turn::ready`].
    pub fn ready(&self, id: u64, player: &str, ready: bool) -> Result<Done> {
        self.change("ready", id, (Seats::Of(&[player]), Some(player)), &|turn| turn.ready(player, ready))
    }

    /// Opens a lobby that is starting.
    ///
    /// # Errors
    /// As [`Lobbies::lock`].
    pub fn cancel(&self, id: u64, by: &By) -> Result<Done> {
        self.change("cancel", id, (Seats::Of(&[]), by.player()), &|turn| turn.cancel(by))
    }

    /// Opens a lobby whose game is over.
    ///
    /// # Errors
    /// As [`Lobbies::lock`].
    pub fn reopen(&self, id: u64, by: &By) -> Result<Done> {
        self.change("reopen", id, (Seats::Of(&[]), by.player()), &|turn| turn.reopen(by))
    }

    /// Ends the lobby.
    ///
    /// # Errors
    /// As [`Lobbies::lock`].
    pub fn close(&self, id: u64, by: &By) -> Result<Done> {
        self.change("close", id, (Seats::All, by.player()), &|turn| turn.close(by))
    }

    /// Changes fields: those that the patch names, of the version that is expected if one is.
    ///
    /// # Errors
    /// Those of [`Turn::patch`]. A conflict with the expected version tells the present one
    /// ([`present_version`](crate::Error::present_version)), and is final: it is not tried again here.
    pub fn patch(&self, id: u64, by: &By, patch: LobbyPatch, expected: Option<u64>) -> Result<Done> {
        patch.check()?;
        let password = match &patch.password {
            Some(password) => Some(password::hash(password, &self.chance)?.unwrap_or_default()),
            None => None,
        };
        let patch = LobbyPatch { password, ..patch };
        self.change("patch", id, (Seats::Of(&[]), by.player()), &|turn| {
            turn.patch(by, patch.clone(), expected)
        })
    }

    /// Changes attributes of a member, as [`Lobbies::patch`].
    ///
    /// # Errors
    /// Those of [`Turn::patch_member`].
    pub fn patch_member(
        &self,
        id: u64,
        player: &str,
        attributes: &AttributePatch,
        expected: Option<u64>,
    ) -> Result<Done> {
        self.change("patch_member", id, (Seats::Of(&[player]), Some(player)), &|turn| {
            turn.patch_member(player, attributes.clone(), expected)
        })
    }

    /// A member says something to the others.
    ///
    /// # Errors
    /// Those of [`Turn::say`].
    pub fn say(&self, id: u64, player: &str, text: &str) -> Result<Done> {
        self.change("say", id, (Seats::Of(&[player]), Some(player)), &|turn| turn.say(player, text))
    }

    /// One rule of one lobby.
    pub(super) fn change(
        &self,
        name: &str,
        id: u64,
        (seats, actor): (Seats<'_>, Option<&str>),
        rule: Rule<'_>,
    ) -> Result<Done> {
        self.call(name, |desk| {
            let mut opened = desk.open(id, seats, actor)?;
            rule(&mut opened.turn)?;
            Ok(Done::of(&desk.save(opened)?.lobby))
        })
    }
}
