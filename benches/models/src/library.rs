//! This library.

use std::path::Path as File;
use std::time::Duration;

use joinly_storage::models::filter::Path;
use joinly_storage::models::leaderboard::{Board, Leaderboards};
use joinly_storage::models::lobby::{Change, Create, Join, Lobbies, Order, Poll, Query, Timing, Viewer};
use joinly_storage::models::matchmaking::{Matchmaker, Queue, Rules, Seeker, Ticket, Window};
use joinly_storage::{Batch, IndexSpec, Kind, Scan, Store};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{World, spread};

const BOARD: &str = "board";
const QUEUE: &str = "queue";
const HOUR: i64 = 3_600_000;
const TIMING: Timing = Timing { member_ms: HOUR, reservation_ms: HOUR, stale_ms: HOUR, close_ms: HOUR };
/// Rows of a commit that loads.
const LOADED: usize = 5000;

/// What the other system reads of a lobby.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "they are read, not looked at")]
struct Fields<'d> {
    name: &'d str,
    state: &'d str,
    max_members: u32,
    members: u32,
    version: u64,
}

/// Its mode is behind, or through.
pub struct Library<const BEHIND: bool>(Store);

pub type Through = Library<false>;
pub type Behind = Library<true>;

impl<const BEHIND: bool> Library<BEHIND> {
    fn lobbies(&self) -> Lobbies<'_> {
        Lobbies::new(&self.0)
    }

    fn put_all(&self, rows: impl Iterator<Item = (String, Value)>) {
        let mut batch = Batch::new();
        for (key, document) in rows {
            batch.put(key.as_bytes(), &serde_json::to_vec(&document).unwrap()).unwrap();
            if batch.len() == LOADED {
                self.0.commit(&batch).unwrap();
                batch.clear();
            }
        }
        self.0.commit(&batch).unwrap();
    }
}

impl<const BEHIND: bool> World for Library<BEHIND> {
    const NAME: &'static str = if BEHIND { "joinly_behind" } else { "joinly" };
    const CONFIGURATION: &'static str = if BEHIND {
        "mode behind, durability=process, cache of 256 MiB"
    } else {
        "mode through, durability=process, cache of 256 MiB"
    };

    fn open(file: &File) -> Self {
        let mode = if BEHIND { "behind" } else { "through" };
        let url = format!("sqlite:{}?cache_mb=256&mode={mode}", file.display());
        Self(Store::open_url(&url).unwrap())
    }

    fn create(&self, seats: u32) -> u64 {
        let create = Create { max_members: seats, keep_empty: true, timing: TIMING, ..Create::default() };
        self.lobbies().create(create).unwrap().lobby
    }

    fn join(&self, lobby: u64, player: &str) -> bool {
        match self.lobbies().enter(lobby, vec![Join::of(player)]) {
            Ok(_) => true,
            Err(error) if error.kind() == Kind::LobbyFull => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn leave(&self, lobby: u64, player: &str) {
        self.lobbies().leave(lobby, player).unwrap();
    }

    fn load(&self, lobby: u64) -> u32 {
        let document = self.0.get(format!("lobby:{lobby}").as_bytes()).unwrap().unwrap();
        let fields: Fields<'_> = serde_json::from_slice(&document).unwrap();
        std::hint::black_box(&fields).members
    }

    fn fill_lobbies(&self, count: u64) {
        self.0.declare_index(&IndexSpec::new("rating", b"lobby:", "$.attributes.rating").unwrap()).unwrap();
        let model = self.create(8);
        let document = self.0.get(format!("lobby:{model}").as_bytes()).unwrap().unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        let first = self.0.add(b"lobby.id", count as i64).unwrap() as u64 - count + 1;
        self.put_all((0..count).map(|at| {
            let mut document = document.clone();
            document["id"] = json!(first + at);
            document["attributes"] = json!({ "rating": spread(at, 3000) });
            (format!("lobby:{}", first + at), document)
        }));
    }

    fn near(&self, rating: f64, count: usize) -> usize {
        let query = Query::new().order(Order::Near(Path::new("rating").unwrap(), rating)).limit(count);
        self.lobbies().search(&query).unwrap().found.len()
    }

    fn fill_board(&self, count: u64) {
        Leaderboards::new(&self.0).create(BOARD, Board::default()).unwrap();
        Leaderboards::new(&self.0).submit(BOARD, "0", 1, 0).unwrap();
        let prefix = format!("board:{BOARD}:");
        let row = self.0.scan(&Scan::prefix(prefix.as_bytes())).unwrap().rows.remove(0);
        let key = String::from_utf8(row.key).unwrap();
        let document: Value = serde_json::from_slice(&row.value.unwrap()).unwrap();
        self.put_all((0..count).map(|at| {
            let mut document = document.clone();
            document["score"] = json!(spread(at, 1 << 30));
            (format!("{}{at}", key.strip_suffix('0').unwrap()), document)
        }));
    }

    fn rank(&self, player: u64) -> u64 {
        let ranked = Leaderboards::new(&self.0).rank(BOARD, None, &player.to_string()).unwrap().unwrap();
        ranked.rank as u64
    }

    fn fill_tickets(&self, count: u64) {
        let queues = Matchmaker::new(&self.0);
        let rules = Rules { window: Window { start: 10.0, ..Window::default() }, ..Rules::default() };
        let lobby = Create { timing: TIMING, ..Create::default() };
        queues.configure(QUEUE, &Queue { rules, seed: 7, lobby: Some(lobby) }).unwrap();
        let round = self.0.version().unwrap();
        for at in 0..count {
            let seeker = Seeker {
                player: format!("p{round}-{at}"),
                mu: spread(at, 3000) as f64,
                sigma: 0.0,
                role: None,
            };
            queues.enqueue(QUEUE, &Ticket { party: vec![seeker], ..Ticket::default() }).unwrap();
        }
    }

    fn tick(&self) -> usize {
        Matchmaker::new(&self.0).tick(QUEUE, "bench", 10_000).unwrap().matches.len()
    }

    fn say(&self, lobby: u64, player: &str, text: &str) {
        self.lobbies().say(lobby, player, text).unwrap();
    }

    fn heard(&self, lobby: u64, after: u64, timeout: Duration) -> Option<(u64, String)> {
        let lobbies = self.lobbies();
        let mut listener = lobbies.listen(lobby, after, Viewer::Member).unwrap();
        let Poll::Events(events) = listener.next(100, timeout).unwrap() else { panic!("events are missing") };
        let last = events.last()?;
        let Change::Said { text, .. } = &last.change else { panic!("nobody said {:?}", last.change) };
        Some((last.version, text.clone()))
    }

    fn last_event(&self, lobby: u64) -> u64 {
        self.lobbies().room(lobby).unwrap().lobby.version
    }
}
