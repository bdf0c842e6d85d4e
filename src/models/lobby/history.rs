//! Events after the fact: told in their order, folded to any moment that is kept, and pruned.

use serde::Deserialize;

use super::desk::Desk;
use super::event::Event;
use super::state::{Lobby, Room, Snapshot, Viewer};
use super::{Lobbies, keys};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::models::Stop;
use crate::models::document::decode;
use crate::store::{Row, Scan, Transaction};

/// Events pruned at a time.
const CHUNK: u64 = 64;

/// What a poll answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Poll {
    /// What happened since, in order; none: nothing did.
    Events(Vec<Event>),
    /// Events are missing, so here is everything. Go on with the version of its lobby.
    Resync(Box<Snapshot>),
}

/// The little of a lobby that says whether there is something to tell.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Position {
    pub version: u64,
    pub lease: super::state::Lease,
}

impl Lobbies<'_> {
    /// The events of a lobby after one, up to `max` of them, as a viewer may know them. What time has decided meanwhile is
    /// told too: who looks first writes it. Costs a read of the cache when there is nothing to tell.
    ///
    /// # Errors
    /// [`Kind::NotFound`], and those of a read and of a commit.
    pub fn poll(&self, id: u64, after: u64, max: usize, viewer: Viewer) -> Result<Poll> {
        let now = self.now()?;
        let position = self.position(id)?;
        if position.lease.next <= self.scope.store().lease_time()? {
            self.settle(id)?;
        } else if position.version == after {
            return Ok(Poll::Events(Vec::new()));
        }
        self.scope.read(|txn| {
            let mut desk = Desk::new(txn, now);
            let lobby = desk.lobby(id).map_err(Stop::into_error)?;
            if after > lobby.version || after.saturating_add(1) < lobby.first_event {
                return Ok(Poll::Resync(Box::new(desk.whole(lobby)?.seen_by(viewer))));
            }
            let scan = keys::events_after(id, after).limit(max.clamp(1, limits::MAX_PAGE_ROWS));
            let mut last = after;
            let page = txn.peek(&scan)?;
            let events = page.rows.iter().map(|row| Ok(read_next(row, &mut last)?.seen_by(viewer)));
            Ok(Poll::Events(events.collect::<Result<_>>()?))
        })
    }

    pub(super) fn position(&self, id: u64) -> Result<Position> {
        self.scope.document(keys::lobby(id))?.ok_or_else(|| super::missing(id))
    }

    /// The lobby as it was when an event had just happened, folded from the events; leases are those that the events tell.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; [`Kind::Compacted`] for a moment whose events are no longer kept, [`Kind::OutOfRange`] for one
    /// that has not come.
    pub fn as_of(&self, id: u64, version: u64) -> Result<Room> {
        self.scope.read(|txn| {
            // All events since the base are read as of one moment, however many they are.
            txn.take_time();
            let mut desk = Desk::new(txn, 0);
            let lobby = desk.lobby(id).map_err(Stop::into_error)?;
            if version > lobby.version || version == 0 {
                let text = format!("lobby {id} has events 1 to {}: {version} is none", lobby.version);
                return Err(Error::new(Kind::OutOfRange, text));
            }
            if version.saturating_add(1) < lobby.first_event {
                let text =
                    format!("the events of lobby {id} before {} are no longer kept", lobby.first_event);
                return Err(Error::new(Kind::Compacted, text));
            }
            let base = desk.read(&keys::base(id))?;
            fold(txn, id, base, version)
        })
    }

    /// The last of what members said, up to `max`, oldest first.
    ///
    /// # Errors
    /// Those of a read.
    pub fn said(&self, id: u64, max: usize) -> Result<Vec<Event>> {
        let (mut said, mut scan) = (Vec::new(), Scan::prefix(&keys::events_prefix(id)).reverse(true));
        while said.len() < max {
            let page = self.scope.read(|txn| txn.peek(&scan))?;
            for row in &page.rows {
                let event: Event = decode(&row.key, value(row))?;
                if matches!(event.change, super::Change::Said { .. }) && said.len() < max {
                    said.push(event);
                }
            }
            match page.cursor {
                Some(cursor) => scan = scan.after(&cursor),
                None => break,
            }
        }
        said.reverse();
        Ok(said)
    }
}

fn value(row: &Row) -> &[u8] {
    row.value.as_deref().unwrap_or_default()
}

/// The event of a row, which must be the one after `last`.
fn read_next(row: &Row, last: &mut u64) -> Result<Event> {
    let event: Event = decode(&row.key, value(row))?;
    if event.version != *last + 1 {
        return Err(Error::new(
            Kind::Corrupt,
            format!("event {} of lobby {} is missing", *last + 1, event.lobby),
        ));
    }
    *last = event.version;
    Ok(event)
}

/// Folds the events that are kept, up to and with one, onto the room from before them.
fn fold(txn: &mut Transaction, id: u64, base: Option<Room>, version: u64) -> Result<Room> {
    let mut room = base;
    loop {
        let mut last = room.as_ref().map_or(0, |room| room.lobby.version);
        if last >= version {
            break;
        }
        let wanted = usize::try_from(version - last).unwrap_or(usize::MAX);
        let page = txn.peek(&keys::events_after(id, last).limit(wanted.min(limits::DEFAULT_PAGE_ROWS)))?;
        for row in &page.rows {
            let event = read_next(row, &mut last)?;
            match &mut room {
                Some(room) => room.apply(&event)?,
                None => room = Some(Room::created(&event)?),
            }
        }
        if page.rows.is_empty() {
            break;
        }
    }
    room.filter(|room| room.lobby.version == version)
        .ok_or_else(|| Error::new(Kind::Corrupt, format!("events of lobby {id} are missing")))
}

/// Deletes the oldest events of a lobby that has too many, and keeps what they made of it.
pub(super) fn prune(desk: &mut Desk<'_>, lobby: &mut Lobby) -> Result<()> {
    let kept = (lobby.version + 1).saturating_sub(lobby.first_event);
    if kept <= lobby.keep_events.saturating_add(CHUNK) {
        return Ok(());
    }
    let base: Option<Room> = desk.read(&keys::base(lobby.id))?;
    let through = lobby.first_event + CHUNK - 1;
    let room = fold(desk.txn, lobby.id, base, through)?;
    desk.write(&keys::base(lobby.id), &room)?;
    for version in lobby.first_event..=through {
        desk.txn.delete(&keys::event(lobby.id, version))?;
    }
    lobby.first_event = through + 1;
    Ok(())
}
