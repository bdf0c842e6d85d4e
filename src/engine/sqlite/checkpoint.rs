//! Checkpoints, run by the background thread and never by a committing caller.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::error::mapped;
use super::open::File;
use super::wal_index::WalIndex;
use crate::engine::Generation;
use crate::error::{Error, Kind, Result};

/// Frames (pages) in the log from which on it is copied into the database while everybody goes on.
pub(super) const PASSIVE_FRAMES: u32 = 1000;
/// Frames from which on writers are made to wait for a moment so that the log starts anew.
const TRUNCATE_FRAMES: u32 = 16 * PASSIVE_FRAMES;
/// Frames from which on the host is warned.
const WARN_FRAMES: u32 = 64 * PASSIVE_FRAMES;
/// Without a commit for this long the log is emptied.
const IDLE: Duration = Duration::from_secs(2);
/// How long a truncating checkpoint of the background thread waits for readers.
const PATIENCE: Duration = Duration::from_millis(100);

const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

pub(super) struct Checkpointer {
    file: File,
    connection: Option<Connection>,
    seen: Generation,
    changed_at: Instant,
    copied_at: Generation,
    tried_at: Instant,
}

impl Checkpointer {
    pub fn new(file: File) -> Self {
        let now = Instant::now();
        let (seen, copied_at) = (Generation::UNKNOWN, Generation::UNKNOWN);
        Self { file, connection: None, seen, changed_at: now, copied_at, tried_at: now }
    }

    /// Does what is due.
    pub fn tick(&mut self, wal: &WalIndex) -> Result<()> {
        let (generation, frames, now) = (wal.generation(), wal.frames(), Instant::now());
        if generation != self.seen {
            (self.seen, self.changed_at) = (generation, now);
        }
        if frames >= PASSIVE_FRAMES && self.copied_at != generation {
            self.run(PASSIVE, Duration::ZERO)?;
            self.copied_at = generation;
        }
        let idle = frames > 0 && now.duration_since(self.changed_at) >= IDLE;
        let rested = now.duration_since(self.tried_at) >= IDLE;
        if (idle && rested) || frames >= TRUNCATE_FRAMES {
            self.tried_at = now;
            let emptied = self.run(TRUNCATE, PATIENCE)?;
            if !emptied && frames >= WARN_FRAMES {
                crate::log::warn(format_args!(
                    "the write-ahead log has {frames} pages: a reader keeps it from shrinking"
                ));
            }
        }
        Ok(())
    }

    /// Empties the log, or answers `Busy`.
    pub fn truncate(&mut self, patience: Duration) -> Result<()> {
        match self.run(TRUNCATE, patience)? {
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
