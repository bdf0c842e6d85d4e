//! Moves from one state to another, and the question whether all are ready.

use super::{Turn, refused};
use crate::error::Kind;
use crate::models::Ruled;
use crate::models::lobby::event::{Change, Moving};
use crate::models::lobby::request::By;
use crate::models::lobby::state::State;

impl Turn {
    /// Moves an open lobby to locked: only who has a reservation may join.
    ///
    /// # Errors
    /// As [`Turn::check_owner`]; [`Kind::WrongState`]; so for the moves below.
    pub fn lock(&mut self, by: &By) -> Ruled<()> {
        self.ask(by, &[State::Open], State::Locked)
    }

    /// Opens a locked lobby.
    ///
    /// # Errors
    /// As [`Turn::lock`].
    pub fn unlock(&mut self, by: &By) -> Ruled<()> {
        self.ask(by, &[State::Locked], State::Open)
    }

    /// Starts the game: at once, or when all members have said within `ready_ms` that they are ready.
    ///
    /// # Errors
    /// As [`Turn::lock`]; [`Kind::WrongState`] also of an empty lobby.
    pub fn start(&mut self, by: &By, ready_ms: Option<i64>) -> Ruled<()> {
        self.check_owner(by)?;
        let lobby = &self.room.lobby;
        if !matches!(lobby.state, State::Open | State::Locked) || lobby.members == 0 {
            return refused(
                Kind::WrongState,
                format!("a lobby that is {:?} with {} members", lobby.state, lobby.members),
            );
        }
        let ready_by = ready_ms.map(|ms| self.now.saturating_add(ms));
        self.emit(Change::Moved { to: State::Starting, why: Moving::Asked, ready_by })?;
        match ready_by {
            Some(_) => Ok(()),
            None => self.go(State::InGame, Moving::Asked),
        }
    }

    /// A member is ready, or not any more; the game starts when all are.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for who is no member, [`Kind::WrongState`] when nobody asked.
    pub fn ready(&mut self, player: &str, ready: bool) -> Ruled<()> {
        let Some(check) = self.room.lobby.ready_check else {
            return refused(Kind::WrongState, "there is no ready check");
        };
        match self.room.seats.get(player).and_then(|seat| seat.member.as_ref()) {
            None => return refused(Kind::NotFound, format!("{player:?} is no member")),
            Some(member) if (member.ready == check.number) == ready => return Ok(()),
            Some(_) => self.emit(Change::Ready { player: player.to_owned(), ready })?,
        }
        match self.room.lobby.ready_check {
            Some(check) if check.ready == self.room.lobby.members => self.go(State::InGame, Moving::Ready),
            _ => Ok(()),
        }
    }

    /// Opens a lobby that is starting.
    ///
    /// # Errors
    /// As [`Turn::lock`].
    pub fn cancel(&mut self, by: &By) -> Ruled<()> {
        self.ask(by, &[State::Starting], State::Open)
    }

    /// Opens a lobby whose game is over.
    ///
    /// # Errors
    /// As [`Turn::lock`].
    pub fn reopen(&mut self, by: &By) -> Ruled<()> {
        self.ask(by, &[State::InGame], State::Open)
    }

    /// Ends the lobby. Needs all seats.
    ///
    /// # Errors
    /// As [`Turn::lock`].
    pub fn close(&mut self, by: &By) -> Ruled<()> {
        let all = [State::Open, State::Locked, State::Starting, State::InGame];
        self.ask(by, &all, State::Closed)
    }

    fn ask(&mut self, by: &By, from: &[State], to: State) -> Ruled<()> {
        self.check_owner(by)?;
        match self.room.lobby.state {
            state if from.contains(&state) => self.go(to, Moving::Asked),
            state => refused(Kind::WrongState, format!("a lobby that is {state:?} does not become {to:?}")),
        }
    }
}
