//! Waiting for news of a lobby, from whatever process, without a busy loop.

use std::time::{Duration, Instant};

use super::history::Poll;
use super::state::Viewer;
use super::{Lobbies, keys};
use crate::error::{Kind, Result};
use crate::store::Watch;

/// A place in the events of a lobby.
pub struct Listener<'l, 's> {
    lobbies: &'l Lobbies<'s>,
    lobby: u64,
    viewer: Viewer,
    after: u64,
    watch: Watch,
}

impl<'s> Lobbies<'s> {
    /// Listens to a lobby, for events after one.
    ///
    /// # Errors
    /// Those of a read.
    pub fn listen<'l>(&'l self, id: u64, after: u64, viewer: Viewer) -> Result<Listener<'l, 's>> {
        let watch = self.scope.store().watch_from_now(&keys::events_prefix(id))?;
        Ok(Listener { lobbies: self, lobby: id, viewer, after, watch })
    }
}

impl Listener<'_, '_> {
    /// The number of the last event told.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// The next events, up to `max` of them; waits for the first at most `timeout`, and then answers none.
    ///
    /// # Errors
    /// As [`Lobbies::poll`].
    pub fn next(&mut self, max: usize, timeout: Duration) -> Result<Poll> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let poll = self.lobbies.poll(self.lobby, self.after, max, self.viewer)?;
            let left = left(deadline);
            match &poll {
                Poll::Events(events) => match events.last() {
                    Some(event) => self.after = event.version,
                    None if !left.is_zero() => {
                        let until_due = self.until_due()?;
                        wait(&mut self.watch, left.min(until_due))?;
                        continue;
                    }
                    None => {}
                },
                Poll::Resync(snapshot) => self.after = snapshot.lobby.version,
            }
            return Ok(poll);
        }
    }

    /// How long it is until time decides something by itself.
    fn until_due(&self) -> Result<Duration> {
        let due = self
            .lobbies
            .position(self.lobby)?
            .lease
            .next
            .saturating_sub(self.lobbies.scope.store().lease_time()?);
        Ok(Duration::from_millis(u64::try_from(due).unwrap_or(0).max(1)))
    }
}

/// What is left until a deadline; None is one that never comes.
pub(super) fn left(deadline: Option<Instant>) -> Duration {
    deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
}

/// Waits for a commit.
fn wait(watch: &mut Watch, most: Duration) -> Result<()> {
    match watch.poll(most) {
        Ok(_) => Ok(()),
        // The watch goes on, and the poll sees what it missed.
        Err(error) if error.kind() == Kind::Compacted => Ok(()),
        Err(error) => Err(error),
    }
}
