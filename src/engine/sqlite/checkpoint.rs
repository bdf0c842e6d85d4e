//! Checkpoints, run by the background thread and never by a committing caller.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::error::mapped;
use super::open::File;
use super::statement::Session;
use super::wal_index::WalIndex;
use crate::engine::Generation;
use crate::error::{Error, Kind, Result};

/// Frames (pages) not yet copied from which on the log is copied into the database while everybody goes on.
pub(super) const PASSIVE_FRAMES: u32 = 1000;
/// Frames from which on writers are made to wait for a moment so that the log starts anew. Its file keeps its length, and what
/// of it is in the processor's caches: a page written there costs half as much as one at the end of a growing file.
pub(super) const RESTART_FRAMES: u32 = 4 * PASSIVE_FRAMES;
/// Frames that may be left to copy when writers begin to wait, and rounds of copying to get there.
const LEFT_FRAMES: u32 = 64;
const ROUNDS: u32 = 4;
/// Frames from which on the host is warned.
const WARN_FRAMES: u32 = 64 * PASSIVE_FRAMES;
/// Without a commit for this long the log is emptied.
const IDLE: Duration = Duration::from_secs(2);
/// How long the commit under way in this process is waited for.
const TURN: Duration = Duration::from_millis(200);
/// How long a checkpoint that keeps writers waiting waits for readers, and how long the background thread rests after one in
/// vain, then twice as long after each next.
const PATIENCE: Duration = Duration::from_millis(8);
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(2);

const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Gives an empty log new salts, if nobody is in the way: a name that no recovery gives it again.
pub(super) fn name_log(connection: &Connection) {
    if let Err(error) = connection.query_row(TRUNCATE, [], |_| Ok(())) {
        crate::log::info(format_args!("name the write-ahead log: {error}"));
    }
}

pub(super) struct Checkpointer {
    file: File,
    connection: Option<Connection>,
    seen: Generation,
    changed_at: Instant,
    rest: Duration,
    rests_until: Instant,
}

impl Checkpointer {
    pub fn new(file: File) -> Self {
        let now = Instant::now();
        Self {
            file,
            connection: None,
            seen: Generation::UNKNOWN,
            changed_at: now,
            rest: FIRST_REST,
            rests_until: now,
        }
    }

    /// Does what is due. `release` gives up the snapshots of this process that nobody uses; `writer` is locked by its commits.
    pub fn tick(&mut self, wal: &WalIndex, writer: &Mutex<Session>, release: impl FnOnce()) -> Result<()> {
        let (generation, frames, now) = (wal.generation(), wal.frames(), Instant::now());
        if generation != self.seen {
            (self.seen, self.changed_at) = (generation, now);
        }
        if wal.pending() >= PASSIVE_FRAMES {
            self.run(PASSIVE, Duration::ZERO)?;
        }
        let idle = (frames > 0 || wal.is_nameless()) && now.duration_since(self.changed_at) >= IDLE;
        if (idle || frames >= RESTART_FRAMES) && now >= self.rests_until {
            for _ in 0..ROUNDS {
                if wal.pending() > LEFT_FRAMES {
                    self.run(PASSIVE, Duration::ZERO)?;
                }
            }
            // Behind the commit under way, where SQLite's own waiting would find the lock taken again and again.
            let turn = writer.try_lock_for(TURN);
            if turn.is_some() && !idle && wal.pending() == 0 {
                // The next commit starts anew by itself.
                return Ok(());
            }
            release();
            if turn.is_some() && self.run(if idle { TRUNCATE } else { RESTART }, PATIENCE)? {
                self.rest = FIRST_REST;
            } else {
                self.rests_until = Instant::now() + self.rest;
                self.rest = LONGEST_REST.min(self.rest * 2);
                if frames >= WARN_FRAMES {
                    crate::log::warn(format_args!(
                        "the write-ahead log has {frames} pages: readers or long commits keep it from starting anew"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Empties the log, or answers `Busy`.
    pub fn truncate(&mut self) -> Result<()> {
        match self.run(TRUNCATE, PATIENCE)? {
            true => Ok(()),
            false => Err(Error::new(
                Kind::Busy,
                "checkpoint: readers or writers of other processes are in the way",
            )),
        }
    }

    fn run(&mut self, text: &str, patience: Duration) -> Result<bool> {
        let doing = "checkpoint";
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.file.connect()?,
        };
        connection.busy_timeout(patience).map_err(mapped(doing))?;
        let busy: Result<i64> = connection.query_row(text, [], |row| row.get(0)).map_err(mapped(doing));
        self.connection = Some(connection);
        match busy {
            Ok(busy) => Ok(busy == 0),
            Err(error) if error.kind() == Kind::Busy => Ok(false),
            Err(error) => Err(error),
        }
    }
}
