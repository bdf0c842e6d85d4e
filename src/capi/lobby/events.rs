//! Events of lobbies, pulled in batches.

use std::time::Duration;

use super::look;
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::handle::{Table, object};
use crate::capi::store::{joinly_store, with_store};
use crate::error::{Error, Kind, Result};
use crate::models::document::encode;
use crate::models::lobby::{Change, Event, Lobbies, Poll, PollAll};

/// The lobby was created, with "seats" that it keeps for players if it has some from the beginning, as that of a match.
pub const JOINLY_EVENT_CREATED: u32 = 1;
/// A player joined.
pub const JOINLY_EVENT_JOINED: u32 = 2;
/// A seat was reserved, or its reservation renewed.
pub const JOINLY_EVENT_RESERVED: u32 = 3;
/// A seat was given up.
pub const JOINLY_EVENT_LEFT: u32 = 4;
/// A player may not join.
pub const JOINLY_EVENT_BANNED: u32 = 5;
/// A player may join again.
pub const JOINLY_EVENT_UNBANNED: u32 = 6;
/// The ownership went on.
pub const JOINLY_EVENT_OWNER: u32 = 7;
/// The state changed.
pub const JOINLY_EVENT_MOVED: u32 = 8;
/// A member is ready, or not any more.
pub const JOINLY_EVENT_READY: u32 = 9;
/// Fields of the lobby changed.
pub const JOINLY_EVENT_PATCHED: u32 = 10;
/// Attributes of a member changed.
pub const JOINLY_EVENT_MEMBER_PATCHED: u32 = 11;
/// A member said something.
pub const JOINLY_EVENT_SAID: u32 = 12;
/// A player was invited.
pub const JOINLY_EVENT_INVITED: u32 = 13;
/// An invitation ended without its player having joined.
pub const JOINLY_EVENT_UNINVITED: u32 = 14;

/// Something that happened in a lobby. All pointers borrow from its batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_event {
    /// In which lobby.
    pub lobby: u64,
    /// Its number in the lobby: from 1, without a gap.
    pub version: u64,
    /// From `joinly_lobby_poll_all`: the version of the commit that made it; else 0. Events of one commit happened together.
    pub sequence: u64,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub time: i64,
    /// The player who made it, in UTF-8; NULL: the host, or time.
    pub actor: *const u8,
    /// Length of `actor`.
    pub actor_len: usize,
    /// The event as a JSON object of "lobby", "version", "time", "actor" and "change", whose "kind" is the name of the
    /// constant in small letters and whose other members tell the rest.
    pub json: *const u8,
    /// Length of `json`.
    pub json_len: usize,
    /// One of `JOINLY_EVENT_*`.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

/// A batch of events, in order. Immutable; usable from any thread; freed with `joinly_events_free`.
pub struct joinly_events {
    _private: (),
}

#[derive(Default)]
pub(super) struct EventsObject {
    rows: Vec<joinly_event>,
    /// What `rows` point into.
    _told: Vec<Told>,
    next: u64,
    resync: bool,
    snapshot: Vec<u8>,
}

/// What the row of an event points into.
struct Told {
    event: Event,
    sequence: u64,
    json: Vec<u8>,
}

// SAFETY: the raw pointers in `rows` point into the immutable heap buffers that `_told` beside them owns.
unsafe impl Send for EventsObject {}
// SAFETY: as above; nothing is ever mutated.
unsafe impl Sync for EventsObject {}

object!(joinly_events => EventsObject, EVENTS, 10, Short);

impl EventsObject {
    /// Events that belong to calls of these numbers; `next` is where to go on.
    fn of(events: impl IntoIterator<Item = (u64, Event)>, next: u64) -> Result<Self> {
        let tell = |(sequence, event)| Ok(Told { json: encode(&event)?, event, sequence });
        let told: Vec<Told> = events.into_iter().map(tell).collect::<Result<_>>()?;
        let rows = told.iter().map(Told::row).collect();
        Ok(Self { rows, _told: told, next, ..Self::default() })
    }
}

impl Told {
    fn row(&self) -> joinly_event {
        let Self { event, sequence, json } = self;
        joinly_event {
            lobby: event.lobby,
            version: event.version,
            sequence: *sequence,
            time: event.time,
            actor: event.actor.as_ref().map_or(std::ptr::null(), |actor| actor.as_ptr()),
            actor_len: event.actor.as_ref().map_or(0, String::len),
            json: json.as_ptr(),
            json_len: json.len(),
            kind: kind(&event.change),
            reserved: 0,
        }
    }
}

fn kind(change: &Change) -> u32 {
    match change {
        Change::Created { .. } => JOINLY_EVENT_CREATED,
        Change::Joined { .. } => JOINLY_EVENT_JOINED,
        Change::Reserved { .. } => JOINLY_EVENT_RESERVED,
        Change::Left { .. } => JOINLY_EVENT_LEFT,
        Change::Banned { .. } => JOINLY_EVENT_BANNED,
        Change::Unbanned { .. } => JOINLY_EVENT_UNBANNED,
        Change::Owner { .. } => JOINLY_EVENT_OWNER,
        Change::Moved { .. } => JOINLY_EVENT_MOVED,
        Change::Ready { .. } => JOINLY_EVENT_READY,
        Change::Patched { .. } => JOINLY_EVENT_PATCHED,
        Change::MemberPatched { .. } => JOINLY_EVENT_MEMBER_PATCHED,
        Change::Said { .. } => JOINLY_EVENT_SAID,
        Change::Invited { .. } => JOINLY_EVENT_INVITED,
        Change::Uninvited { .. } => JOINLY_EVENT_UNINVITED,
    }
}

fn polled(poll: Poll) -> Result<EventsObject> {
    match poll {
        Poll::Events(events) => {
            let next = events.last().ok_or_else(|| Error::quiet(Kind::Timeout))?.version;
            EventsObject::of(events.into_iter().map(|event| (0, event)), next)
        }
        Poll::Resync(snapshot) => Ok(EventsObject {
            next: snapshot.lobby.version,
            resync: true,
            snapshot: encode(&snapshot)?,
            ..EventsObject::default()
        }),
    }
}

fn polled_all(after: u64, poll: PollAll) -> Result<EventsObject> {
    match poll {
        PollAll::Happened { commits, next } if next == after && commits.is_empty() => {
            Err(Error::quiet(Kind::Timeout))
        }
        PollAll::Happened { commits, next } => {
            let events = commits
                .into_iter()
                .flat_map(|commit| commit.events.into_iter().map(move |event| (commit.sequence, event)));
            EventsObject::of(events, next)
        }
        PollAll::Resync(next) => Ok(EventsObject { next, resync: true, ..EventsObject::default() }),
    }
}

/// Pulls the events of a lobby after number `after` (0: from the beginning), at most `max` (0: 256), as `viewer`, one of
/// `JOINLY_VIEWER_*`, may know them. When there are none, waits for them at most `timeout_ms` milliseconds (0: only looks),
/// idle, not busy. What time has decided meanwhile is told too. `*out` receives the batch, to be freed with
/// `joinly_events_free`; the next poll goes on after `joinly_events_next`. When events are missing, because they are no
/// longer kept, the batch has a snapshot instead: `joinly_events_is_resync`. Any thread.
///
/// Errors: `JOINLY_TIMEOUT` (nothing happened; no error object), `JOINLY_NOT_FOUND`, `JOINLY_INVALID`, `JOINLY_CLOSED` (also
/// when the store is closed meanwhile), and those of `joinly_lobby_get`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_poll(
    store: *mut joinly_store,
    lobby: u64,
    after: u64,
    viewer: u32,
    max: u32,
    timeout_ms: u32,
    out: *mut *mut joinly_events,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let (viewer, max) = (look::viewer(viewer)?, most(max));
            let poll = with_store(store, |s| match timeout_ms {
                0 => Lobbies::new(s).poll(lobby, after, max, viewer),
                ms => {
                    Lobbies::new(s).listen(lobby, after, viewer)?.next(max, Duration::from_millis(ms.into()))
                }
            })?;
            *out = EVENTS.insert(polled(poll)?)?;
            Ok(())
        })
    }
}

/// Pulls what happened in all lobbies after commit `after` (a version of the store; 0: from the beginning), in at most `max`
/// commits (0: 256), with all the events of each, as the host may know them; waits as `joinly_lobby_poll`. The next poll goes
/// on after `joinly_events_next`, also when the batch has no events since only other keys were changed. When something is
/// missing, because the change log (`log_keep`) or a lobby no longer has it, the batch has no events and
/// `joinly_events_is_resync` is 1: read the lobbies anew, and go on after `joinly_events_next`. So it is, at once, for a
/// version still to come: `UINT64_MAX` begins with the present. What time decides in a lobby is told once somebody looks at
/// it. Any thread.
///
/// Errors: `JOINLY_TIMEOUT` (nothing happened; no error object), `JOINLY_CLOSED` (also when the store is closed meanwhile),
/// and those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_poll_all(
    store: *const joinly_store,
    after: u64,
    max: u32,
    timeout_ms: u32,
    out: *mut *mut joinly_events,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let poll = with_store(store, |s| match timeout_ms {
                0 => Lobbies::new(s).poll_all(after, most(max)),
                ms => Lobbies::new(s).listen_all(after)?.next(most(max), Duration::from_millis(ms.into())),
            })?;
            *out = EVENTS.insert(polled_all(after, poll)?)?;
            Ok(())
        })
    }
}

/// The last of what members of a lobby said, at most `max` events (0: 256) of `JOINLY_EVENT_SAID`, oldest first; possibly
/// none. `*out` is to be freed with `joinly_events_free`. Any thread. Errors: those of `joinly_kv_scan`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_lobby_said(
    store: *const joinly_store,
    lobby: u64,
    max: u32,
    out: *mut *mut joinly_events,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let said = with_store(store, |s| Lobbies::new(s).said(lobby, most(max)))?;
            let next = said.last().map_or(0, |event| event.version);
            *out = EVENTS.insert(EventsObject::of(said.into_iter().map(|event| (0, event)), next)?)?;
            Ok(())
        })
    }
}

fn most(max: u32) -> usize {
    if max == 0 { crate::limits::DEFAULT_PAGE_ROWS } else { max as usize }
}

/// The events of a batch as an array; `*count` receives how many. Borrowed: valid until `joinly_events_free`. NULL and 0 for
/// a batch without events, for NULL and for a freed one. Any thread.
///
/// # Safety
/// `count` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_events_rows(
    events: *const joinly_events,
    count: *mut usize,
) -> *const joinly_event {
    let (rows, len) =
        EVENTS.with(events, |e| (e.rows.as_ptr(), e.rows.len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(count, len) };
    if len == 0 { std::ptr::null() } else { rows }
}

/// The number after which the next poll goes on; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_events_next(events: *const joinly_events) -> u64 {
    EVENTS.with(events, |e| e.next).unwrap_or(0)
}

/// 1 when events were missing: what is known must be read anew, from the snapshot of the batch where it has one; else 0.
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_events_is_resync(events: *const joinly_events) -> u8 {
    EVENTS.with(events, |e| e.resync).unwrap_or(false).into()
}

/// The snapshot of a batch that begins anew, in the form of `joinly_lobby_get`; `*len` receives its length. NULL and 0 for
/// a batch without one, for NULL and for a freed one. Borrowed: valid until `joinly_events_free`. Any thread.
///
/// # Safety
/// `len` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_events_snapshot(events: *const joinly_events, len: *mut usize) -> *const u8 {
    let (data, count) =
        EVENTS.with(events, |e| (e.snapshot.as_ptr(), e.snapshot.len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(len, count) };
    if count == 0 { std::ptr::null() } else { data }
}

/// Frees a batch of events. NULL and one that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_events_free(events: *mut joinly_events) {
    EVENTS.remove(events);
}
