//! Queues in the store: their documents, and matches under way that want players.
//!
//! `queue:{queue}` holds the rules, `queue:{queue}:ticket:{id}` a ticket, `queue:{queue}:player:{player}` the number of the
//! player's last ticket, which may be over, `queue:{queue}:backfill:{lobby}` a match that wants players.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::pool::Pool;
use super::rules::Rules;
use super::ticket::Backfill;
use crate::error::{Error, Kind, Result};
use crate::models::derived::Derived;
use crate::models::lobby::{Chance, Create, MAX_TEAMS, host};
use crate::models::{Scope, Stop, check_id, document};
use crate::store::{Store, Transaction};

/// Queues whose tickets are kept in memory at once.
const MAX_POOLS: usize = 64;

/// A queue's document. As JSON, what is left out is the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// What it makes of its tickets.
    pub rules: Rules,
    /// Decides what the rules leave open.
    pub seed: u64,
    /// The lobby to create for each match, with a seat kept for everyone in it; None: matches are played elsewhere.
    ///
    /// Without teams it has those of the rules (none where these are more than a lobby can have) and just their seats;
    /// else its first teams are at least as large. It has no owner, for the first to come owns it, and no password, for
    /// a reservation needs none and all matches would share it. It is fresh at least until the reservations pass. If it
    /// is exclusive, a seat is kept also for who is in another exclusive lobby of its kind, until they leave that one and
    /// come or until the reservation passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lobby: Option<Create>,
}

impl Queue {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Kind::Invalid`], [`Kind::TooLarge`], and [`Kind::WrongType`] for what no lobby can have.
    pub fn check(&self) -> Result<()> {
        self.rules.check()?;
        self.lobby_of_match().map(drop)
    }

    /// The lobby to create for each match, checked and complete.
    pub(super) fn lobby_of_match(&self) -> Result<Option<Create>> {
        let Some(mut create) = self.lobby.clone() else { return Ok(None) };
        let size = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (teams, seats) = (self.rules.teams, size(self.rules.team_size));
        if create.owner.is_some() || !create.password.is_empty() {
            return Err(Error::invalid("the lobby of a queue has neither an owner nor a password"));
        }
        if create.teams.is_empty() {
            create.max_members = size(self.rules.players());
            create.teams = if teams <= MAX_TEAMS { vec![seats; teams] } else { Vec::new() };
        } else if create.teams.iter().take(teams).filter(|team| **team >= seats).count() < teams {
            return Err(Error::invalid("the lobby of a queue has smaller teams than its matches"));
        }
        let kept_ms = create.timing.reservation_ms.saturating_add(self.rules.accept_ms);
        create.timing.stale_ms = create.timing.stale_ms.max(kept_ms);
        create.checked().map(Some)
    }
}

/// The tickets of a queue, looked at and brought up to date by one thread at a time.
pub(super) type SharedPool = Arc<Mutex<Derived<Pool>>>;

/// The tickets that a store has in memory, by queue.
#[derive(Default)]
struct Pools(Mutex<BTreeMap<String, SharedPool>>);

/// The queues of a store. Any process may make any call at any time. The tickets of a queue are read when it is first
/// looked at, and kept with the store.
pub struct Matchmaker<'s> {
    pub(super) scope: Scope<'s>,
    pub(super) chance: Chance,
    pools: Arc<Pools>,
}

pub(super) fn queue_key(queue: &str) -> String {
    format!("queue:{queue}")
}

pub(super) fn backfill_key(queue: &str, lobby: u64) -> String {
    format!("{}{lobby}", backfill_prefix(queue))
}

pub(super) fn backfill_prefix(queue: &str) -> String {
    format!("queue:{queue}:backfill:")
}

impl<'s> Matchmaker<'s> {
    /// The queues of a store. Each call is a transaction; a tick is several.
    pub fn new(store: &'s Store) -> Self {
        Self { scope: Scope::each(store), chance: Chance::System, pools: store.attached() }
    }

    /// The same for calls that are part of a transaction: committed and undone with it. Which tickets wait is as it is
    /// without the transaction.
    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { scope: Scope::within(store, txn), chance: Chance::System, pools: store.attached() }
    }

    /// The same with codes of lobbies that depend on the seed alone: for tests and replays.
    pub fn seeded(store: &'s Store, seed: u64) -> Self {
        let chance = Chance::Seeded(AtomicU64::new(seed));
        Self { scope: Scope::each(store), chance, pools: store.attached() }
    }

    /// Makes a queue, or gives it a new document. Tickets that wait are matched by that one.
    ///
    /// # Errors
    /// Those of [`Queue::check`]; those of a commit.
    pub fn configure(&self, queue: &str, document: &Queue) -> Result<()> {
        check_id("a queue", queue)?;
        document.check()?;
        self.scope.transaction(|txn| document::put(txn, queue_key(queue), document))
    }

    /// A queue's document.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn queue(&self, queue: &str) -> Result<Queue> {
        self.scope.read(|txn| read_queue(txn, queue))
    }

    /// Asks for players for a match under way, or changes what was asked for. Matched players have seats kept for them in
    /// its lobby and are added to `teams`; its age is set, and lasts. The request as it is stored. It ends when its
    /// deadline is past, and when its lobby refuses players who were found.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the queue or the lobby; [`Kind::WrongState`] when that is closed; [`Kind::Expired`] when
    /// the deadline is past; [`Kind::Invalid`], [`Kind::TooLarge`]; those of a commit.
    pub fn backfill(&self, queue: &str, backfill: &Backfill) -> Result<Backfill> {
        self.scope.transaction(|txn| {
            let now = self.scope.now()?;
            backfill.check(&read_queue(txn, queue)?.rules)?;
            if backfill.is_overdue(now) {
                return Err(Error::new(Kind::Expired, "the deadline is past"));
            }
            host::check_live(txn, now, backfill.lobby).map_err(Stop::into_error)?;
            let before = document::get::<Backfill>(txn, &backfill_key(queue, backfill.lobby))?;
            let created = before.map_or(now, |before| before.created);
            let backfill = Backfill { created, ..backfill.clone() };
            put_backfill(txn, now, queue, &backfill)?;
            Ok(backfill)
        })
    }

    /// Who plays in a match under way that wants players.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; those of a read.
    pub fn backfilled(&self, queue: &str, lobby: u64) -> Result<Backfill> {
        check_id("a queue", queue)?;
        let key = backfill_key(queue, lobby);
        let found = self.scope.read(|txn| document::get(txn, &key))?;
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("{key} does not exist")))
    }

    /// Asks for no more players; whether it did.
    ///
    /// # Errors
    /// Those of a commit.
    pub fn stop_backfill(&self, queue: &str, lobby: u64) -> Result<bool> {
        check_id("a queue", queue)?;
        self.scope.transaction(|txn| txn.delete(backfill_key(queue, lobby).as_bytes()))
    }

    /// What is known of a queue's tickets.
    pub(super) fn pool(&self, queue: &str) -> SharedPool {
        let mut pools = self.pools.0.lock();
        if pools.len() >= MAX_POOLS && !pools.contains_key(queue) {
            pools.pop_first();
        }
        Arc::clone(pools.entry(queue.to_owned()).or_insert_with(|| Arc::new(Mutex::new(Pool::of(queue)))))
    }
}

pub(super) fn read_queue(txn: &mut Transaction, queue: &str) -> Result<Queue> {
    check_id("a queue", queue)?;
    let found: Option<Queue> = document::get(txn, queue_key(queue))?;
    let found = found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no queue {queue:?}")))?;
    // Plain puts write the same key.
    found.rules.check().map_err(|error| error.within(queue_key(queue)))?;
    Ok(found)
}

/// Writes a backfill, which is gone after its deadline.
pub(super) fn put_backfill(txn: &mut Transaction, now: i64, queue: &str, backfill: &Backfill) -> Result<()> {
    let left = if backfill.deadline == 0 { 0 } else { backfill.deadline.saturating_sub(now).max(1) };
    document::put_ttl(txn, backfill_key(queue, backfill.lobby), backfill, left.unsigned_abs())
}
