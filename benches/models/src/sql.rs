//! The same operations as a careful user of SQLite would write them: prepared statements, one transaction for each call.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::world::{World, spread};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS lobbies (
        id INTEGER PRIMARY KEY, name TEXT, state TEXT, seats INTEGER, members INTEGER, rating REAL,
        version INTEGER, deadline INTEGER);
    CREATE INDEX IF NOT EXISTS lobbies_by_rating ON lobbies (rating);
    CREATE TABLE IF NOT EXISTS members (
        lobby INTEGER, player TEXT, seat INTEGER, joined INTEGER, deadline INTEGER,
        PRIMARY KEY (lobby, player)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS players (player TEXT PRIMARY KEY, lobby INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS events (
        lobby INTEGER, version INTEGER, kind TEXT, body TEXT, PRIMARY KEY (lobby, version)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS scores (player INTEGER PRIMARY KEY, score INTEGER);
    CREATE INDEX IF NOT EXISTS scores_by_score ON scores (score);
    CREATE TABLE IF NOT EXISTS tickets (id INTEGER PRIMARY KEY, player TEXT, rating REAL, state TEXT, match INTEGER);
    CREATE TABLE IF NOT EXISTS matches (id INTEGER PRIMARY KEY, body TEXT);";
const NEAR: &str = "
    SELECT id FROM (
        SELECT * FROM (SELECT id, rating FROM lobbies WHERE rating >= ?1 AND state = 'OPEN' AND members < seats
            AND deadline > ?3 ORDER BY rating LIMIT ?2)
        UNION ALL
        SELECT * FROM (SELECT id, rating FROM lobbies WHERE rating < ?1 AND state = 'OPEN' AND members < seats
            AND deadline > ?3 ORDER BY rating DESC LIMIT ?2))
    ORDER BY abs(rating - ?1) LIMIT ?2";
const DEADLINE: i64 = i64::MAX;
/// How long a listener sleeps between looks.
const PAUSE: Duration = Duration::from_millis(1);

pub struct Sql(Connection);

impl Sql {
    fn commit<R>(&self, body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<R>) -> R {
        let txn = Transaction::new_unchecked(&self.0, TransactionBehavior::Immediate).unwrap();
        let result = body(&txn).unwrap();
        txn.commit().unwrap();
        result
    }
}

fn event(txn: &Transaction<'_>, lobby: u64, kind: &str, body: &str) -> rusqlite::Result<()> {
    let bump = "UPDATE lobbies SET version = version + 1 WHERE id = ? RETURNING version";
    let version: i64 = txn.prepare_cached(bump)?.query_row([lobby as i64], |row| row.get(0))?;
    let add = "INSERT INTO events VALUES (?, ?, ?, ?)";
    txn.prepare_cached(add)?.execute(params![lobby as i64, version, kind, body]).map(drop)
}

impl World for Sql {
    const NAME: &'static str = "sql";
    const CONFIGURATION: &'static str =
        "SQLite in WAL mode, synchronous=NORMAL, busy handler of 5 s, prepared statements";

    fn open(file: &Path) -> Self {
        let connection = Connection::open(file).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.pragma_update(None, "synchronous", "normal").unwrap();
        connection.pragma_update(None, "cache_size", -65536).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Self(connection)
    }

    fn create(&self, seats: u32) -> u64 {
        self.commit(|txn| {
            let insert = "INSERT INTO lobbies (name, state, seats, members, version, deadline)
                VALUES ('', 'OPEN', ?, 0, 0, ?)";
            txn.prepare_cached(insert)?.execute(params![seats, DEADLINE])?;
            let id = txn.last_insert_rowid() as u64;
            event(txn, id, "created", "{}")?;
            Ok(id)
        })
    }

    fn join(&self, lobby: u64, player: &str) -> bool {
        self.commit(|txn| {
            let take = "UPDATE lobbies SET members = members + 1
                WHERE id = ? AND members < seats AND state = 'OPEN' AND deadline > ? RETURNING members";
            let seat: Option<i64> =
                txn.prepare_cached(take)?.query_row(params![lobby as i64, 0], |row| row.get(0)).optional()?;
            let Some(seat) = seat else { return Ok(false) };
            let seated = "INSERT INTO members VALUES (?, ?, ?, ?, ?)";
            txn.prepare_cached(seated)?.execute(params![lobby as i64, player, seat, 0, DEADLINE])?;
            let noted = "INSERT INTO players VALUES (?, ?)";
            txn.prepare_cached(noted)?.execute(params![player, lobby as i64])?;
            event(txn, lobby, "joined", player)?;
            Ok(true)
        })
    }

    fn leave(&self, lobby: u64, player: &str) {
        self.commit(|txn| {
            let gone = "DELETE FROM members WHERE lobby = ? AND player = ?";
            txn.prepare_cached(gone)?.execute(params![lobby as i64, player])?;
            txn.prepare_cached("DELETE FROM players WHERE player = ?")?.execute([player])?;
            let give = "UPDATE lobbies SET members = members - 1 WHERE id = ?";
            txn.prepare_cached(give)?.execute([lobby as i64])?;
            event(txn, lobby, "left", player)
        });
    }

    fn load(&self, lobby: u64) -> u32 {
        let read = "SELECT name, state, seats, members, rating, version FROM lobbies WHERE id = ?";
        self.0.prepare_cached(read).unwrap().query_row([lobby as i64], |row| row.get(3)).unwrap()
    }

    fn fill_lobbies(&self, count: u64) {
        self.commit(|txn| {
            let insert = "INSERT INTO lobbies (name, state, seats, members, rating, version, deadline)
                VALUES ('', 'OPEN', 8, 0, ?, 1, ?)";
            let mut insert = txn.prepare_cached(insert)?;
            (0..count).try_for_each(|at| insert.execute(params![spread(at, 3000) as f64, DEADLINE]).map(drop))
        });
    }

    fn near(&self, rating: f64, count: usize) -> usize {
        let mut near = self.0.prepare_cached(NEAR).unwrap();
        near.query_map(params![rating, count as i64, 0], |row| row.get::<_, i64>(0)).unwrap().count()
    }

    fn fill_board(&self, count: u64) {
        self.commit(|txn| {
            let mut insert = txn.prepare_cached("INSERT INTO scores VALUES (?, ?)")?;
            (0..count).try_for_each(|at| insert.execute([at as i64, spread(at, 1 << 30) as i64]).map(drop))
        });
    }

    fn rank(&self, player: u64) -> u64 {
        let rank =
            "SELECT count(*) + 1 FROM scores WHERE score > (SELECT score FROM scores WHERE player = ?)";
        self.0.prepare_cached(rank).unwrap().query_row([player as i64], |row| row.get::<_, i64>(0)).unwrap()
            as u64
    }

    fn fill_tickets(&self, count: u64) {
        self.commit(|txn| {
            txn.execute("DELETE FROM tickets", [])?;
            let mut insert = txn.prepare_cached("INSERT INTO tickets VALUES (?, ?, ?, 'QUEUED', NULL)")?;
            (0..count).try_for_each(|at| {
                insert.execute(params![at as i64, format!("p{at}"), spread(at, 3000) as f64]).map(drop)
            })
        });
    }

    fn tick(&self) -> usize {
        self.commit(|txn| {
            let waiting = "SELECT id, player FROM tickets WHERE state = 'QUEUED' ORDER BY rating, id";
            let waiting: Vec<(i64, String)> = txn
                .prepare_cached(waiting)?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut lobby = txn.prepare_cached(
                "INSERT INTO lobbies (name, state, seats, members, version, deadline) VALUES ('', 'OPEN', 2, 0, 1, ?)",
            )?;
            let mut made = txn.prepare_cached("INSERT INTO matches (body) VALUES (?)")?;
            let mut seat = txn.prepare_cached("INSERT INTO members VALUES (?, ?, ?, ?, ?)")?;
            let mut matched = txn.prepare_cached("UPDATE tickets SET state = 'MATCHED', match = ? WHERE id = ?")?;
            for pair in waiting.chunks_exact(2) {
                lobby.execute([DEADLINE])?;
                let id = txn.last_insert_rowid();
                made.execute([format!("{{\"lobby\":{id},\"teams\":[[{:?}],[{:?}]]}}", pair[0].1, pair[1].1)])?;
                let number = txn.last_insert_rowid();
                for (at, (ticket, player)) in pair.iter().enumerate() {
                    seat.execute(params![id, player, at as i64, 0, DEADLINE])?;
                    matched.execute([number, *ticket])?;
                }
            }
            Ok(waiting.len() / 2)
        })
    }

    fn say(&self, lobby: u64, _: &str, text: &str) {
        self.commit(|txn| event(txn, lobby, "said", text));
    }

    fn heard(&self, lobby: u64, after: u64, timeout: Duration) -> Option<(u64, String)> {
        let deadline = Instant::now() + timeout;
        let mut seen = None;
        while Instant::now() < deadline {
            let version: i64 = self.0.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap();
            if seen.replace(version) != Some(version) {
                let last = "SELECT version, body FROM events WHERE lobby = ? AND version > ?
                    ORDER BY version DESC LIMIT 1";
                let heard =
                    self.0.prepare_cached(last).unwrap().query_row([lobby as i64, after as i64], |row| {
                        Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
                    });
                if let Some(heard) = heard.optional().unwrap() {
                    return Some(heard);
                }
            }
            std::thread::sleep(PAUSE);
        }
        None
    }

    fn last_event(&self, lobby: u64) -> u64 {
        let last = "SELECT version FROM lobbies WHERE id = ?";
        self.0.prepare_cached(last).unwrap().query_row([lobby as i64], |row| row.get::<_, i64>(0)).unwrap()
            as u64
    }
}
