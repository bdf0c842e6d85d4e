//! Watching the change log.

use super::error::{joinly_error, joinly_status};
use super::exclusive::Exclusive;
use super::ffi;
use super::guard::guard;
use super::handle::{Table, object};
use super::store::{joinly_store, with_store};
use crate::error::{Error, Kind};
use crate::store::{ChangeKind, Commit, Watch};

/// Watch from the present on.
pub const JOINLY_FROM_NOW: u64 = u64::MAX;

/// The key was written.
pub const JOINLY_CHANGE_PUT: u32 = 1;
/// The key was deleted.
pub const JOINLY_CHANGE_DELETE: u32 = 2;
/// The key had expired and was removed.
pub const JOINLY_CHANGE_EXPIRE: u32 = 3;

/// A position in the change log. It belongs to one thread at a time (`JOINLY_BUSY` otherwise).
pub struct joinly_watch {
    _private: (),
}

/// The changes of one commit. Immutable; usable from any thread; freed with `joinly_changes_free`.
pub struct joinly_changes {
    _private: (),
}

/// One changed key. The pointer borrows from the `joinly_changes` it came from.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_change {
    /// The key.
    pub key: *const u8,
    /// Length of the key in bytes.
    pub key_len: usize,
    /// One of `JOINLY_CHANGE_*`.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

pub(super) struct ChangesObject {
    commit: Commit,
    rows: Vec<joinly_change>,
}

// SAFETY: the raw pointers in `rows` point into the immutable heap buffers that `commit` beside them owns.
unsafe impl Send for ChangesObject {}
// SAFETY: as above; nothing is ever mutated.
unsafe impl Sync for ChangesObject {}

object!(joinly_watch => Exclusive<Watch>, WATCHES, 7, Short);
object!(joinly_changes => ChangesObject, CHANGES, 8, Short);

/// Starts watching the keys that begin with `prefix` (empty: all), for commits after `from_version` (0: as far back as
/// the log reaches; `JOINLY_FROM_NOW`: from now), of every process. `*out` receives the watch, freed with
/// `joinly_watch_free`. Errors: `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_CLOSED`, `JOINLY_INVALID`,
/// `JOINLY_TOO_LARGE`, `JOINLY_BUSY`, `JOINLY_IO`, `JOINLY_CORRUPT`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_watch_open(
    store: *const joinly_store,
    from_version: u64,
    prefix: *const u8,
    prefix_len: usize,
    out: *mut *mut joinly_watch,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let prefix = ffi::key(prefix, prefix_len)?;
            let watch = with_store(store, |s| match from_version {
                JOINLY_FROM_NOW => s.watch_from_now(prefix),
                version => s.watch(version, prefix),
            })?;
            *out = WATCHES.insert(Exclusive::new(watch))?;
            Ok(())
        })
    }
}

/// Waits for the next commit that touched a watched key, at most `timeout_ms` milliseconds (0: only looks). Commits
/// come in order, none is skipped, and a group of changes committed together comes together. `*out` receives it, to be
/// freed with `joinly_changes_free`. Waiting is idle, not busy.
///
/// Errors: `JOINLY_TIMEOUT` (no error object), `JOINLY_COMPACTED` (the log no longer reaches back to this position: the
/// watch continues with the oldest commit kept, after the caller has read the state anew), `JOINLY_CLOSED` (the store),
/// `JOINLY_BUSY` (in use by another thread), `JOINLY_BAD_HANDLE`, `JOINLY_FORKED`, `JOINLY_INVALID`, `JOINLY_IO`,
/// `JOINLY_CORRUPT`.
///
/// # Safety
/// Pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_watch_poll(
    watch: *mut joinly_watch,
    timeout_ms: u32,
    out: *mut *mut joinly_changes,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let timeout = std::time::Duration::from_millis(timeout_ms.into());
            let commit = WATCHES.with(watch, |w| w.try_lock("watch")?.poll(timeout))??;
            let commit = commit.ok_or_else(|| Error::quiet(Kind::Timeout))?;
            let rows = commit.changes.iter().map(row).collect();
            *out = CHANGES.insert(ChangesObject { commit, rows })?;
            Ok(())
        })
    }
}

fn row(change: &crate::store::Change) -> joinly_change {
    let kind = match change.kind {
        ChangeKind::Put => JOINLY_CHANGE_PUT,
        ChangeKind::Delete => JOINLY_CHANGE_DELETE,
        ChangeKind::Expire => JOINLY_CHANGE_EXPIRE,
    };
    joinly_change { key: change.key.as_ptr(), key_len: change.key.len(), kind, reserved: 0 }
}

/// The version up to which a watch has reported; a new watch may start from it. 0 for a bad handle, or while another
/// thread polls it.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_watch_version(watch: *const joinly_watch) -> u64 {
    WATCHES.with(watch, |w| w.try_lock("watch").map_or(0, |w| w.version())).unwrap_or(0)
}

/// Frees a watch. NULL and one that is freed already are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_watch_free(watch: *mut joinly_watch) {
    WATCHES.remove(watch);
}

/// The changed keys of a commit as an array; `*count` receives how many. Borrowed: valid until
/// `joinly_changes_free`. NULL and 0 for a bad handle. Any thread.
///
/// # Safety
/// `count` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_changes_rows(
    changes: *const joinly_changes,
    count: *mut usize,
) -> *const joinly_change {
    let (rows, len) =
        CHANGES.with(changes, |c| (c.rows.as_ptr(), c.rows.len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { ffi::optional(count, len) };
    rows
}

/// The version of a commit; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_changes_version(changes: *const joinly_changes) -> u64 {
    CHANGES.with(changes, |c| c.commit.version).unwrap_or(0)
}

/// When a commit was made, in milliseconds since 1970-01-01 UTC; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_changes_time(changes: *const joinly_changes) -> i64 {
    CHANGES.with(changes, |c| c.commit.time_ms).unwrap_or(0)
}

/// Frees the changes of a commit. NULL and ones that are freed already are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_changes_free(changes: *mut joinly_changes) {
    CHANGES.remove(changes);
}
