//! What happens in all lobbies, commit by commit: the change log tells which events each has made.

use std::time::{Duration, Instant};

use super::event::Event;
use super::listen::left;
use super::{Lobbies, keys};
use crate::error::{Kind, Result};
use crate::limits;
use crate::models::document::decode;
use crate::store::{ChangeKind, Commit, Watch};

/// What one commit has made happen: all of it or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// The version of the commit. Every commit of the store has one, also those that concern no lobby.
    pub sequence: u64,
    /// The events: at least one, those of each lobby in order.
    pub events: Vec<Event>,
}

/// What a poll of all lobbies answers.
#[derive(Clone, Debug, PartialEq)]
pub enum PollAll {
    /// What happened since.
    Happened {
        /// In order; none: nothing did.
        commits: Vec<Happened>,
        /// Go on with this number.
        next: u64,
    },
    /// Something is missing: read the lobbies anew, then go on with this number.
    Resync(u64),
}

/// A place in what happens in all lobbies.
pub struct FeedListener<'l, 's> {
    lobbies: &'l Lobbies<'s>,
    after: u64,
    watch: Watch,
}

impl<'s> Lobbies<'s> {
    /// What happened in all lobbies after a commit, in up to `max` commits, as the host may know it.
    ///
    /// # Errors
    /// Those of a read.
    pub fn poll_all(&self, after: u64, max: usize) -> Result<PollAll> {
        self.listen_all(after)?.next(max, Duration::ZERO)
    }

    /// Listens to all lobbies, for commits after one; 0: from the beginning.
    ///
    /// # Errors
    /// Those of a read.
    pub fn listen_all<'l>(&'l self, after: u64) -> Result<FeedListener<'l, 's>> {
        let watch = self.scope.store().watch_after(after, keys::EVENTS)?;
        Ok(FeedListener { lobbies: self, after, watch })
    }
}

impl FeedListener<'_, '_> {
    /// The number of the last commit looked at.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// What the next commits made happen, up to `max` of them; waits for the first at most `timeout`, and then answers none.
    ///
    /// # Errors
    /// As [`Lobbies::poll_all`].
    pub fn next(&mut self, max: usize, timeout: Duration) -> Result<PollAll> {
        let present = self.lobbies.scope.store().version()?;
        if self.after == present && timeout.is_zero() {
            return Ok(PollAll::Happened { commits: Vec::new(), next: present });
        }
        let told = if self.after <= present { self.told(max.max(1), timeout) } else { Ok(None) };
        let answer = match told {
            Ok(Some(commits)) => {
                self.after = self.watch.version();
                return Ok(PollAll::Happened { commits, next: self.after });
            }
            Err(error) if error.kind() != Kind::Compacted => Err(error),
            _ => {
                self.after = present;
                Ok(PollAll::Resync(present))
            }
        };
        self.watch = self.lobbies.scope.store().watch_after(self.after, keys::EVENTS)?;
        answer
    }

    /// None: events are missing.
    fn told(&mut self, max: usize, timeout: Duration) -> Result<Option<Vec<Happened>>> {
        let deadline = Instant::now().checked_add(timeout);
        let mut told = Vec::new();
        while told.len() < max {
            let wait = if told.is_empty() { left(deadline) } else { Duration::ZERO };
            let Some(commit) = self.watch.poll(wait)? else { break };
            match self.events_of(&commit)? {
                Some(events) if events.is_empty() => {}
                Some(events) => told.push(Happened { sequence: commit.version, events }),
                None => return Ok(None),
            }
        }
        Ok(Some(told))
    }

    /// The events that a commit made; None when some are no longer kept.
    fn events_of(&self, commit: &Commit) -> Result<Option<Vec<Event>>> {
        let made = commit.changes.iter().filter(|change| change.kind == ChangeKind::Put);
        let keys: Vec<&[u8]> = made.map(|change| change.key.as_slice()).collect();
        let mut events = Vec::with_capacity(keys.len());
        for keys in keys.chunks(limits::MAX_PAGE_ROWS) {
            for (key, value) in keys.iter().zip(self.lobbies.scope.store().get_many(keys)?) {
                let Some(value) = value else { return Ok(None) };
                events.push(decode(key, &value)?);
            }
        }
        Ok(Some(events))
    }
}
