//! Lobbies: where players gather, under rules that hold across all processes that share the file.
//!
//! [`Lobbies`] is the way in. A call is one transaction: it reads the documents that a rule needs (`desk`), lets the pure
//! rule decide ([`Turn`]), and writes back what its events changed, with the events ([`Event`]). A room is what its events
//! make of it, so that any moment that is kept can be seen again. Leases are checked in every predicate: what time has
//! decided meanwhile comes first in every call, and cleaning up is never needed for correctness.

use std::sync::atomic::AtomicU64;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::models::document;
use crate::models::{Refusal, Scope, Step, Stop, check_id};
use crate::store::{Store, Transaction};

mod call;
mod chance;
mod code;
mod desk;
mod event;
mod feed;
mod history;
pub(in crate::models) mod host;
mod invite;
mod join;
mod keys;
mod lease;
mod listen;
mod password;
mod request;
mod rules;
mod search;
mod state;
mod sweep;

pub use code::CODE_CHARS;
pub use event::{Change, Event, Leaving, LobbyPatch, Moving, Uninviting};
pub use feed::{FeedListener, Happened, PollAll};
pub use history::Poll;
pub use invite::{DEFAULT_INVITE_MS, Invitation};
pub use join::Joined;
pub use listen::Listener;
pub use request::{
    By, Create, Join, MAX_EVENTS, MAX_LEASE_MS, MAX_MEMBERS, MAX_NAME_BYTES, MAX_PARTY, MAX_PASSWORD_BYTES,
    MAX_TEAMS, Reserve,
};
pub use rules::{MAX_INVITES, MAX_SAID_BYTES, Turn};
pub use search::{DEFAULT_BUDGET, Explain, Found, FoundPage, MAX_CURSOR_BYTES, MAX_ORDERS, Order, Query};
pub use state::{
    Ban, Chat, Invite, Lease, Lobby, Member, Migration, Private, ReadyCheck, Room, Seat, Snapshot, State,
    Team, Timing, Viewer, Visibility,
};
pub use sweep::Swept;

pub(in crate::models) use chance::Chance;
use desk::{Desk, REQUEST_MS};

/// The lobbies of a store. It costs nothing to make one.
pub struct Lobbies<'s> {
    scope: Scope<'s>,
    chance: Chance,
    request: Option<String>,
}

/// What a call has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// To which lobby.
    pub lobby: u64,
    /// The number of the last event it made: events after it are news.
    pub sequence: u64,
    /// Whether the request had been answered before, and nothing was done again.
    #[serde(skip)]
    pub repeated: bool,
}

impl Done {
    fn of(lobby: &Lobby) -> Self {
        Self { lobby: lobby.id, sequence: lobby.version, repeated: false }
    }
}

/// What a request was answered.
#[derive(Serialize, Deserialize)]
struct Answer {
    call: String,
    done: Done,
}

fn missing(id: u64) -> Error {
    Error::new(Kind::NotFound, format!("there is no lobby {id}"))
}

impl<'s> Lobbies<'s> {
    /// The lobbies of a store.
    pub fn new(store: &'s Store) -> Self {
        Self { scope: Scope::each(store), chance: Chance::System, request: None }
    }

    /// The same for calls that are part of a transaction: committed and undone with it. What the store tells of lobbies by
    /// itself (searches, listeners, sweeps) is as it is without the transaction.
    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { scope: Scope::within(store, txn), chance: Chance::System, request: None }
    }

    /// The same with codes and salts that depend on the seed alone: for tests and replays.
    pub fn seeded(store: &'s Store, seed: u64) -> Self {
        Self { scope: Scope::each(store), chance: Chance::Seeded(AtomicU64::new(seed)), request: None }
    }

    /// The next call is the request of this id: once it has been answered, a repetition within an hour is answered the same
    /// and does nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`] for an id that is none.
    pub fn request(&mut self, id: &str) -> Result<&mut Self> {
        check_id("a request", id)?;
        self.request = Some(id.to_owned());
        Ok(self)
    }

    /// The time: never before that of anything that this process has read.
    fn now(&self) -> Result<i64> {
        self.scope.now()
    }

    /// One call: one transaction, once per request.
    fn call(&self, name: &str, mut body: impl FnMut(&mut Desk<'_>) -> Step<Done>) -> Result<Done> {
        self.scope.transact(|txn| {
            let mut desk = Desk::new(txn, self.now()?);
            let Some(request) = &self.request else { return body(&mut desk) };
            let key = keys::request(request);
            if let Some(Answer { call, done }) = desk.read(&key)? {
                if call != name {
                    let text = format!("the request {request:?} was one to {call}, not to {name}");
                    return Err(Refusal::new(Kind::Invalid, text).into());
                }
                return Ok(Done { repeated: true, ..done });
            }
            let done = body(&mut desk)?;
            let answer = Answer { call: name.to_owned(), done };
            document::put_ttl(desk.txn, &key, &answer, REQUEST_MS)?;
            Ok(done)
        })
    }

    /// Writes what time has decided.
    fn settle(&self, id: u64) -> Result<()> {
        let settled = self.scope.transact(|txn| {
            let mut desk = Desk::new(txn, self.now()?);
            let opened = desk.open(id, desk::Seats::Of(&[]), None)?;
            desk.save(opened)
        });
        match settled {
            // Who may only read sees it once somebody else has written it.
            Err(error) if error.kind() == Kind::ReadOnly => Ok(()),
            settled => settled.map(drop),
        }
    }

    /// A lobby, as a viewer may know it.
    ///
    /// # Errors
    /// [`Kind::NotFound`], and those of a read and, where time has decided something, of a commit.
    pub fn get(&self, id: u64, viewer: Viewer) -> Result<Snapshot> {
        Ok(self.room(id)?.seen_by(viewer))
    }

    /// A lobby, complete.
    ///
    /// # Errors
    /// As [`Lobbies::get`].
    pub fn room(&self, id: u64) -> Result<Room> {
        if self.position(id)?.lease.next <= self.scope.store().lease_time()? {
            self.settle(id)?;
        }
        self.scope.read(|txn| {
            let mut desk = Desk::new(txn, 0);
            let lobby = desk.lobby(id).map_err(Stop::into_error)?;
            desk.whole(lobby)
        })
    }

    /// The live lobby that has a code, as people write it.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for what is no code; those of a read.
    pub fn by_code(&self, code: &str) -> Result<Option<u64>> {
        let Some(id) = self.scope.document(keys::code(&code::read(code)?))? else { return Ok(None) };
        match self.position(id) {
            Ok(position) => Ok((position.lease.next != i64::MAX).then_some(id)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// In which exclusive lobby of a kind a player is.
    ///
    /// # Errors
    /// Those of a read and of a commit.
    pub fn of_player(&self, kind: &str, player: &str) -> Result<Option<u64>> {
        let Some(id) = self.scope.document(keys::player(kind, player))? else { return Ok(None) };
        match self.room(id) {
            Ok(room) => Ok((room.viewer(player) > Viewer::Public).then_some(id)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
