//! Boards in the store: submitting scores, and ranks from memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::period::Period;
use super::ranked::RankedSet;
use super::result::{Applied, MatchResult, apply_result, rating};
use crate::error::{Error, Kind, Result};
use crate::models::Scope;
use crate::models::check_id;
use crate::models::derived::{Derived, Fold};
use crate::models::document;
use crate::models::rating::{Rating, System};
use crate::store::{Store, Transaction, Value};

/// The most entries of an answer.
const MAX_ENTRIES: usize = 10_000;
/// Periods whose order is kept in memory at once.
const MAX_RANKINGS: usize = 16;

/// What a new score does to the one there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It replaces a worse one.
    #[default]
    Best,
    /// It replaces it.
    Set,
    /// It is added.
    Increment,
}

/// Which scores are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Higher ones.
    #[default]
    Highest,
    /// Lower ones: times.
    Lowest,
}

/// A board's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Board {
    /// When it starts anew.
    pub period: Period,
    /// What a new score does.
    pub policy: Policy,
    /// Which scores are better.
    pub order: Order,
}

/// A score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The score.
    pub score: i64,
    /// Decides between equal scores; better as the score is.
    #[serde(default)]
    pub subscore: i64,
    /// When it was reached, in milliseconds.
    #[serde(default)]
    pub time: i64,
}

/// What became of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Submitted {
    /// The period it counts for.
    pub period: String,
    /// The score that the player has now.
    #[serde(flatten)]
    pub entry: Entry,
    /// Whether this submission changed it.
    pub changed: bool,
}

/// A player with a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranked {
    /// The place, from 1 on; no two players share one.
    pub rank: usize,
    /// The player.
    pub player: String,
    /// The score.
    #[serde(flatten)]
    pub entry: Entry,
}

impl Board {
    /// The entry after a submission; pure. The old one where nothing changes.
    fn submitted(self, old: Option<Entry>, new: Entry) -> Result<Entry> {
        let Some(old) = old else { return Ok(new) };
        let value = |entry: Entry| (entry.score, entry.subscore);
        match (self.policy, self.order) {
            (Policy::Best, Order::Highest) if value(new) <= value(old) => Ok(old),
            (Policy::Best, Order::Lowest) if value(new) >= value(old) => Ok(old),
            (Policy::Set, _) if value(new) == value(old) => Ok(old),
            (Policy::Increment, _) if value(new) == (0, 0) => Ok(old),
            (Policy::Best | Policy::Set, _) => Ok(new),
            (Policy::Increment, _) => {
                let add = |a: i64, b: i64| {
                    a.checked_add(b)
                        .ok_or_else(|| Error::new(Kind::OutOfRange, "the score does not fit 64 bits"))
                };
                let (score, subscore) = (add(old.score, new.score)?, add(old.subscore, new.subscore)?);
                Ok(Entry { score, subscore, ..new })
            }
        }
    }
}

fn board_key(board: &str) -> String {
    format!("board:{board}")
}

fn entries_prefix(board: &str, period: &str) -> String {
    format!("board:{board}:{period}:")
}

fn read_board(txn: &mut Transaction, board: &str) -> Result<Board> {
    check_id("a board", board)?;
    let found = document::get(txn, board_key(board))?;
    found.ok_or_else(|| missing(board))
}

fn missing(board: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no board {board:?}"))
}

/// Submits a score at the time `now`, as part of a transaction.
///
/// # Errors
/// [`Kind::NotFound`] without the board; [`Kind::OutOfRange`] when a sum does not fit; [`Kind::Invalid`]. Then nothing was
/// written to `txn`.
pub fn submit(
    txn: &mut Transaction,
    now: i64,
    board: &str,
    player: &str,
    score: i64,
    subscore: i64,
) -> Result<Submitted> {
    check_id("a player", player)?;
    let rules = read_board(txn, board)?;
    let period = rules.period.name(now);
    let key = format!("{}{player}", entries_prefix(board, &period));
    let old: Option<Entry> = document::get(txn, &key)?;
    let entry = rules.submitted(old, Entry { score, subscore, time: now })?;
    let changed = old != Some(entry);
    if changed {
        document::put(txn, &key, &entry)?;
    }
    Ok(Submitted { period, entry, changed })
}

/// What entries are sorted by: the better the less.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    score: i64,
    subscore: i64,
    version: u64,
    player: Arc<str>,
}

/// The order of one period.
struct Ranking {
    prefix: Vec<u8>,
    order: Order,
    /// While it is built: entries that wait to be sorted together.
    unsorted: Option<Vec<Place>>,
    sorted: RankedSet<Place>,
    players: HashMap<Arc<str>, (Place, Entry), foldhash::fast::RandomState>,
}

impl Ranking {
    fn new(prefix: &str, order: Order) -> Self {
        Self {
            prefix: prefix.as_bytes().to_vec(),
            order,
            unsorted: None,
            sorted: RankedSet::default(),
            players: HashMap::default(),
        }
    }

    fn player<'k>(&self, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(key.strip_prefix(&self.prefix[..])?).ok()
    }

    fn sort(&mut self) {
        if let Some(places) = self.unsorted.take() {
            self.sorted = RankedSet::from_unsorted(places);
        }
    }

    fn rank(&self, player: &str) -> Option<Ranked> {
        let (place, entry) = self.players.get(player)?;
        Some(Ranked { rank: self.sorted.rank(place) + 1, player: player.to_owned(), entry: *entry })
    }

    fn page(&self, from: usize, count: usize) -> Vec<Ranked> {
        let places = self.sorted.starting_at(from).take(count.min(MAX_ENTRIES));
        let entry = |place: &Place| self.players.get(&place.player).map(|(_, entry)| *entry);
        let ranked = places.enumerate().filter_map(|(at, place)| {
            let player = place.player.as_ref().to_owned();
            Some(Ranked { rank: from + at + 1, player, entry: entry(place)? })
        });
        ranked.collect()
    }
}

impl Fold for Ranking {
    fn clear(&mut self) {
        self.sorted = RankedSet::default();
        self.players.clear();
        self.unsorted = Some(Vec::new());
    }

    fn put(&mut self, key: &[u8], value: &Value) {
        self.remove(key);
        let Some(player) = self.player(key) else { return };
        let Ok(entry) = serde_json::from_slice::<Entry>(value) else { return };
        let player: Arc<str> = player.into();
        // The complement turns the order round, without the overflow of a negation.
        let better = |score: i64| if self.order == Order::Highest { !score } else { score };
        let place = Place {
            score: better(entry.score),
            subscore: better(entry.subscore),
            version: value.version(),
            player: Arc::clone(&player),
        };
        self.players.insert(player, (place.clone(), entry));
        match &mut self.unsorted {
            Some(places) => places.push(place),
            None => {
                self.sorted.insert(place);
            }
        }
    }

    fn remove(&mut self, key: &[u8]) {
        let removed = self.player(key).and_then(|player| self.players.remove(player));
        if let (Some((place, _)), None) = (removed, &self.unsorted) {
            self.sorted.remove(&place);
        }
    }
}

/// The order of a period, looked at and brought up to date by one thread at a time.
type SharedRanking = Arc<Mutex<Derived<Ranking>>>;

/// The orders that a store has in memory, by board and period.
#[derive(Default)]
struct Rankings(Mutex<BTreeMap<(String, String), SharedRanking>>);

/// The leaderboards of a store. The order of a period is built when it is first asked for, by reading its entries once,
/// and kept with the store.
pub struct Leaderboards<'s> {
    scope: Scope<'s>,
    rankings: Arc<Rankings>,
}

impl<'s> Leaderboards<'s> {
    /// The leaderboards of a store.
    pub fn new(store: &'s Store) -> Self {
        Self { scope: Scope::each(store), rankings: store.attached() }
    }

    /// The same for scores and results that are part of a transaction: committed and undone with it. Ranks are those
    /// without it.
    pub fn within(store: &'s Store, txn: &'s mut Transaction) -> Self {
        Self { scope: Scope::within(store, txn), rankings: store.attached() }
    }

    /// Makes a board. Making the same again does nothing.
    ///
    /// # Errors
    /// [`Kind::Exists`] when there is one with other rules: its scores mean something else; [`Kind::Invalid`]; those of a
    /// commit.
    pub fn create(&self, board: &str, rules: Board) -> Result<()> {
        check_id("a board", board)?;
        self.scope.transaction(|txn| match document::get::<Board>(txn, &board_key(board))? {
            None => document::put(txn, board_key(board), &rules),
            Some(found) if found == rules => Ok(()),
            Some(_) => Err(Error::new(Kind::Exists, format!("board {board:?} exists with other rules"))),
        })
    }

    /// [`submit`] in a transaction of its own.
    ///
    /// # Errors
    /// As [`submit`]; those of a commit.
    pub fn submit(&self, board: &str, player: &str, score: i64, subscore: i64) -> Result<Submitted> {
        self.scope.transaction(|txn| submit(txn, self.scope.now()?, board, player, score, subscore))
    }

    /// [`apply_result`] in a transaction of its own.
    ///
    /// # Errors
    /// As [`apply_result`]; those of a commit.
    pub fn apply_result(&self, result: &MatchResult) -> Result<Applied> {
        self.scope.transaction(|txn| apply_result(txn, self.scope.now()?, result))
    }

    /// A player's rating on a ladder; that of a new player where there is none.
    ///
    /// # Errors
    /// As [`rating`].
    pub fn rating(&self, system: &System, player: &str, ladder: &str) -> Result<Rating> {
        self.scope.transaction(|txn| rating(txn, system, player, ladder))
    }

    /// A player's place; None without a score. `period` is a period's name; None: the present one.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without the board; [`Kind::Invalid`]; those of a read. So for all methods below.
    pub fn rank(&self, board: &str, period: Option<&str>, player: &str) -> Result<Option<Ranked>> {
        self.with_ranking(board, period, |ranking| ranking.rank(player))
    }

    /// The best `count` players after the first `skip`.
    ///
    /// # Errors
    /// As [`Leaderboards::rank`].
    pub fn top(&self, board: &str, period: Option<&str>, skip: usize, count: usize) -> Result<Vec<Ranked>> {
        self.with_ranking(board, period, |ranking| ranking.page(skip, count))
    }

    /// A player between the `before` next better and the `after` next worse; nobody without a score.
    ///
    /// # Errors
    /// As [`Leaderboards::rank`].
    pub fn around(
        &self,
        board: &str,
        period: Option<&str>,
        player: &str,
        before: usize,
        after: usize,
    ) -> Result<Vec<Ranked>> {
        self.with_ranking(board, period, |ranking| {
            let Some(own) = ranking.rank(player) else { return Vec::new() };
            let from = (own.rank - 1).saturating_sub(before);
            ranking.page(from, (own.rank - from).saturating_add(after))
        })
    }

    /// How many players have a score.
    ///
    /// # Errors
    /// As [`Leaderboards::rank`].
    pub fn count(&self, board: &str, period: Option<&str>) -> Result<usize> {
        self.with_ranking(board, period, |ranking| ranking.sorted.len())
    }

    fn with_ranking<R>(
        &self,
        board: &str,
        period: Option<&str>,
        look: impl FnOnce(&Ranking) -> R,
    ) -> Result<R> {
        check_id("a board", board)?;
        let rules: Board = self.scope.document(board_key(board))?.ok_or_else(|| missing(board))?;
        let period = match period {
            Some(period) => period.to_owned(),
            None => rules.period.name(self.scope.now()?),
        };
        check_id("a period", &period)?;
        let ranking = self.ranking((board.to_owned(), period), rules.order);
        let mut ranking = ranking.lock();
        let ranking = ranking.refresh(self.scope.store())?;
        ranking.sort();
        Ok(look(ranking))
    }

    /// What is known of a board's period.
    fn ranking(&self, at: (String, String), order: Order) -> SharedRanking {
        let mut rankings = self.rankings.0.lock();
        if rankings.len() >= MAX_RANKINGS && !rankings.contains_key(&at) {
            rankings.pop_first();
        }
        let ranking = rankings.entry(at).or_insert_with_key(|(board, period)| {
            let prefix = entries_prefix(board, period);
            let ranking = Ranking::new(&prefix, order);
            Arc::new(Mutex::new(Derived::new(prefix.into_bytes(), ranking)))
        });
        Arc::clone(ranking)
    }
}
