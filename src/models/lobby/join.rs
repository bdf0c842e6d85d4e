//! Joining: a lobby that the caller knows, or the first that fits.

use super::desk::{Desk, Opened, Seats};
use super::request::check_party;
use super::state::{Lobby, Private, Snapshot, Viewer};
use super::{Create, Done, Found, Join, Lobbies, Query, keys, password};
use crate::error::{Error, Kind, Result};
use crate::models::{Step, Stop};

/// Lobbies that [`Lobbies::quick_join`] tries to join before it creates one.
const CANDIDATES: usize = 16;

/// What players who join are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// What was done.
    pub done: Done,
    /// The lobby as of [`Done::sequence`], for members; after a repetition, as it is.
    pub snapshot: Snapshot,
}

impl Lobbies<'_> {
    /// A player joins.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of [`Turn::join`](super::Turn::join); [`Kind::Exists`] also when the player is in another exclusive lobby of
    /// the kind.
    pub fn join(&self, id: u64, join: Join) -> Result<Joined> {
        self.join_many(id, vec![join])
    }

    /// Several players join, all or none. One of their passwords is enough.
    ///
    /// # Errors
    /// As [`Lobbies::join`]; [`Kind::Invalid`] when one is named twice or nobody is.
    pub fn join_many(&self, id: u64, joins: Vec<Join>) -> Result<Joined> {
        let mut snapshot = None;
        let done = self.enter_and(id, joins, |desk, lobby| {
            snapshot = Some(desk.whole(lobby)?.seen_by(Viewer::Member));
            Ok(())
        })?;
        self.joined(done, snapshot)
    }

    /// The same without a look around: it costs as much in a crowd as in an empty lobby.
    ///
    /// # Errors
    /// As [`Lobbies::join_many`].
    pub fn enter(&self, id: u64, joins: Vec<Join>) -> Result<Done> {
        self.enter_and(id, joins, |_, _| Ok(()))
    }

    fn enter_and(
        &self,
        id: u64,
        joins: Vec<Join>,
        mut then: impl FnMut(&mut Desk<'_>, Lobby) -> Result<()>,
    ) -> Result<Done> {
        let joins = checked(joins)?;
        let proved = self.proved(id, &joins)?;
        self.call("join", |desk| {
            let opened = self.admit(desk, id, &joins, proved.as_deref())?;
            let lobby = desk.save(opened)?.lobby;
            let done = Done::of(&lobby);
            then(desk, lobby)?;
            Ok(done)
        })
    }

    fn admit(&self, desk: &mut Desk<'_>, id: u64, joins: &[Join], proved: Option<&str>) -> Step<Opened> {
        let players: Vec<&str> = joins.iter().map(|join| join.player.as_str()).collect();
        let mut opened = desk.open(id, Seats::Of(&players), players.first().copied())?;
        opened.turn.join_many(joins, proved)?;
        Ok(opened)
    }

    fn joined(&self, done: Done, snapshot: Option<Snapshot>) -> Result<Joined> {
        let snapshot = match snapshot.filter(|_| !done.repeated) {
            Some(snapshot) => snapshot,
            None => self.get(done.lobby, Viewer::Member)?,
        };
        Ok(Joined { done, snapshot })
    }

    /// The hash of the lobby's password, if one of the players knows it. Found before the transaction, since it takes
    /// milliseconds; in it, the lobby must still have this hash.
    fn proved(&self, id: u64, joins: &[Join]) -> Result<Option<String>> {
        let known = joins.iter().map(|join| &join.password).find(|password| !password.is_empty());
        let Some(known) = known else { return Ok(None) };
        let private: Option<Private> = self.scope.document(keys::private(id))?;
        let Some(hash) = private.and_then(|private| private.password) else { return Ok(None) };
        Ok(password::matches(known, &hash)?.then_some(hash))
    }

    /// Players join the first lobby that a query finds and that admits them, or else create one: the first of them owns
    /// it. One transaction: of two that create at the same moment, one joins the other's.
    ///
    /// # Errors
    /// As [`Lobbies::create`] and [`Lobbies::join_many`]; [`Kind::LobbyFull`] when a new lobby is too small.
    pub fn quick_join(&self, query: &Query, joins: Vec<Join>, create: Create) -> Result<Joined> {
        let joins = checked(joins)?;
        let (first, others) = joins.split_first().ok_or_else(|| Error::invalid("nobody is named"))?;
        let create = Create { owner: Some(first.clone()), ..create }.checked()?;
        let hash = password::hash(&create.password, &self.chance)?;
        let query = query.clone().kind(&create.kind).full(false).limit(CANDIDATES);
        let (mut id, mut snapshot) = (None, None);
        let done = self.call("quick_join", |desk| {
            // Read before the search, so that a lobby which that does not find is a conflict once it is created.
            desk.read::<u64>(&keys::made(&create.kind))?;
            for found in self.search(&query)?.found.iter().filter_map(Found::id) {
                match self.admit(desk, found, &joins, None) {
                    Ok(opened) => {
                        let lobby = desk.save(opened)?.lobby;
                        let done = Done::of(&lobby);
                        snapshot = Some(desk.whole(lobby)?.seen_by(Viewer::Member));
                        return Ok(done);
                    }
                    Err(Stop::Refused(error)) if error.kind() != Kind::Exists => {}
                    Err(stop) => return Err(stop),
                }
            }
            let mut turn = self.created(desk, &mut id, &create, hash.as_deref())?;
            let code = turn.room().lobby.code.clone();
            let invited = |join: &Join| Join { code: Some(code.clone()), ..join.clone() };
            let others: Vec<Join> = others.iter().map(invited).collect();
            turn.join_many(&others, hash.as_deref())?;
            let room = desk.create(turn)?;
            let done = Done::of(&room.lobby);
            snapshot = Some(room.seen_by(Viewer::Member));
            Ok(done)
        })?;
        self.joined(done, snapshot)
    }
}

fn checked(joins: Vec<Join>) -> Result<Vec<Join>> {
    check_party(joins.iter().map(|join| join.player.as_str()))?;
    joins.into_iter().map(Join::checked).collect()
}
