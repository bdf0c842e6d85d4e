//! Cleaning up: what is closed, and what nobody will look at again. Nothing depends on it but the size of the file.

use super::desk::{Desk, Seats};
use super::state::{Lobby, State};
use super::{Lobbies, keys};
use crate::error::{Kind, Result};
use crate::models::document::decode;
use crate::store::Scan;

/// Lobbies looked at, at a time.
const PAGE: usize = 256;

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Lobbies in which time had decided something.
    pub settled: usize,
    /// Closed lobbies that were deleted, with all their events.
    pub deleted: usize,
}

impl Lobbies<'_> {
    /// Writes what time has decided in all lobbies, and deletes those that were created more than `keep_ms` ago and are
    /// closed. In small transactions.
    ///
    /// # Errors
    /// Those of a read and of a commit.
    pub fn sweep(&self, keep_ms: i64) -> Result<Swept> {
        let mut swept = Swept::default();
        let mut scan = Scan::prefix(keys::LOBBY.as_bytes()).limit(PAGE);
        loop {
            let page = self.scope.store().scan(&scan)?;
            for row in &page.rows {
                // Documents that others wrote are not ours to judge.
                let Ok(lobby) = decode::<Lobby>(&row.key, row.value.as_deref().unwrap_or_default()) else {
                    continue;
                };
                let now = self.now()?;
                if lobby.lease.next <= self.scope.store().lease_time()? {
                    self.settle(lobby.id)?;
                    swept.settled += 1;
                }
                if lobby.state == State::Closed && lobby.created.saturating_add(keep_ms) <= now {
                    swept.deleted += usize::from(self.delete(lobby.id)?);
                }
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => break,
            }
        }
        Ok(swept)
    }

    /// Deletes a closed lobby. Its id is not used again.
    fn delete(&self, id: u64) -> Result<bool> {
        let deleted = self.scope.transact(|txn| {
            let mut desk = Desk::new(txn, self.now()?);
            let opened = desk.open(id, Seats::All, None)?;
            let room = opened.turn.room();
            for player in room.bans.keys() {
                desk.txn.delete(&keys::ban(id, player))?;
            }
            for version in room.lobby.first_event..=room.lobby.version {
                desk.txn.delete(&keys::event(id, version))?;
            }
            for key in [keys::lobby(id), keys::private(id), keys::base(id)] {
                desk.txn.delete(&key)?;
            }
            Ok(())
        });
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
