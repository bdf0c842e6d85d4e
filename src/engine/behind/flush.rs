//! The way down: a thread that writes the table of unflushed changes to the database, sorted, in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Core;
use super::table::Table;
use super::view::Shared;
use crate::engine::{CommitError, Generation, Space, Writer};
use crate::error::{Error, Kind, Result};

/// Between a failed flush and the next try.
const RETRY: Duration = Duration::from_millis(200);

/// A flushed table's memory is kept for so long when nobody writes.
const LULL: Duration = Duration::from_secs(1);

/// How far the database is, and what went wrong on the way.
#[derive(Default)]
pub(super) struct Progress {
    /// The last transaction in the database, and its version.
    pub sequence: u64,
    pub version: u64,
    /// The error of the last try; None after a success.
    pub failure: Option<Error>,
    pub tries: u64,
    /// Flushes that succeeded, and the rows that they wrote.
    pub flushes: u64,
    pub rows: u64,
}

/// Starts the thread; it ends when `core.stopping` is set, after a last flush.
pub(super) fn start(core: &Arc<Core>) -> Result<JoinHandle<()>> {
    let shared = Arc::clone(core);
    let thread = std::thread::Builder::new()
        .name("joinly-flush".to_owned())
        .spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| run(&shared))).is_err() {
                shared.fail(&Error::new(Kind::Panic, "the flushing thread met a defect"));
            }
        })
        .map_err(|error| Error::new(Kind::Io, format!("start the flushing thread: {error}")))?;
    let _ = core.flusher.set(thread.thread().clone());
    Ok(thread)
}

fn run(core: &Core) {
    loop {
        let stopping = core.stopping.load(Ordering::Acquire);
        if let Err(error) = core.journal.prepare() {
            crate::log::warn(format_args!("{error}"));
        }
        match core.due_in() {
            Some(wait) if !stopping && wait > Duration::ZERO => std::thread::park_timeout(wait),
            None if !stopping => core.rest(),
            None => return,
            Some(_) => {
                if let Err(error) = core.flush_table() {
                    crate::log::error(format_args!("flush: {error}"));
                    if stopping {
                        return;
                    }
                    std::thread::park_timeout(RETRY);
                }
            }
        }
    }
}

impl Core {
    /// Waits to be woken while nothing is to be flushed; gives memory back that was not needed for a while.
    fn rest(&self) {
        if self.state.read().spare.is_none() {
            return std::thread::park();
        }
        std::thread::park_timeout(LULL);
        if self.due_in().is_none() {
            self.state.write().spare = None;
        }
    }

    /// How long until the next flush is due; None: nothing is to be flushed.
    fn due_in(&self) -> Option<Duration> {
        let state = self.state.read();
        if state.frozen.is_some() {
            return Some(Duration::ZERO);
        }
        let active = state.active.read();
        if active.first == 0 {
            return None;
        }
        let now = self.flush_now.load(Ordering::Acquire) >= active.first || active.bytes >= self.threshold();
        Some(if now { Duration::ZERO } else { self.options.interval.saturating_sub(active.began.elapsed()) })
    }

    /// Writes all that was committed until now to the database.
    fn flush_table(&self) -> Result<()> {
        let frozen = self.freeze();
        let start = Instant::now();
        let table = frozen.read();
        let version = table.log.last_version().unwrap_or(0);
        let result = self.write_down(&table, version, |writer| writer.commit());
        let (last, bytes) = (table.last, table.bytes);
        drop(table);
        if result.is_ok() {
            self.pace.measured(bytes, start.elapsed());
            self.state.write().frozen = None;
            self.journal.release(last);
            self.queued.fetch_sub(bytes, Ordering::Relaxed);
            self.reuse(frozen);
        }
        let mut progress = self.progress.lock();
        progress.tries += 1;
        match result {
            Ok(rows) => {
                progress.sequence = last;
                progress.version = progress.version.max(version);
                (progress.flushes, progress.rows) = (progress.flushes + 1, progress.rows + rows);
                progress.failure = None;
            }
            Err(CommitError { error, outcome_unknown }) => {
                if outcome_unknown {
                    self.fail(&error);
                }
                progress.failure = Some(error);
            }
        }
        self.moved.notify_all();
        progress.failure.clone().map_or(Ok(()), Err)
    }

    /// The table to flush: one that could not be flushed before, or the active one, which writers then leave alone.
    fn freeze(&self) -> Shared {
        let mut state = self.state.write();
        if let Some(frozen) = &state.frozen {
            return Arc::clone(frozen);
        }
        let fresh = state.spare.take().unwrap_or_default();
        let frozen = std::mem::replace(&mut state.active, fresh);
        state.frozen = Some(Arc::clone(&frozen));
        state.frozen_through = state.sequence;
        frozen
    }

    /// Keeps the memory of a table for the next one, unless a snapshot still reads it.
    fn reuse(&self, mut flushed: Shared) {
        if let Some(table) = Arc::get_mut(&mut flushed) {
            table.get_mut().clear();
            self.state.write().spare = Some(flushed);
        }
    }

    /// Writes a table in one transaction of the database, together with how far the journal is then done with. Answers
    /// the number of rows.
    fn write_down(
        &self,
        table: &Table,
        version: u64,
        commit: impl FnOnce(Box<dyn Writer + '_>) -> std::result::Result<Generation, CommitError>,
    ) -> std::result::Result<u64, CommitError> {
        let mut expected = self.expected.lock();
        let refused = |error| CommitError { error, outcome_unknown: false };
        let mut writer = self.below.begin().map_err(refused)?;
        if self.below.commits_between(&expected, &writer.generation()) != Some(0) {
            crate::log::warn(format_args!(
                "other software wrote to the database while it was open in mode behind"
            ));
            self.foreign.fetch_add(1, Ordering::AcqRel);
        }
        let rows = fill(writer.as_mut(), table, version).map_err(refused)?;
        let progress = super::recovery::progress(self.journal.id(), table.last);
        writer.put_entry(Space::Meta, super::PROGRESS, &progress).map_err(refused)?;
        let after = commit(writer)?;
        *expected = if after == Generation::UNKNOWN { self.below.generation() } else { after };
        Ok(rows)
    }

    /// Commits a transaction that is too large for the journal to the database itself.
    pub(super) fn write_through(&self, staged: &Table, version: u64) -> std::result::Result<(), CommitError> {
        self.flush(0).map_err(|error| CommitError { error, outcome_unknown: false })?;
        let commit = |writer: Box<dyn Writer + '_>| {
            // Who takes a snapshot meanwhile waits here, or finds out that the database is ahead of its tables.
            let mut state = self.state.write();
            let after = writer.commit()?;
            state.frozen_through = staged.last;
            self.advance(&mut state, staged.last, version);
            Ok(after)
        };
        let rows = self.write_down(staged, version, commit).inspect_err(|failed| {
            if failed.outcome_unknown {
                self.fail(&failed.error);
            }
        })?;
        let mut progress = self.progress.lock();
        progress.sequence = staged.last;
        progress.version = version;
        (progress.flushes, progress.rows) = (progress.flushes + 1, progress.rows + rows);
        Ok(())
    }

    /// Waits until all that was committed up to `version` is in the database; 0: all until now.
    pub(super) fn flush(&self, version: u64) -> Result<()> {
        let wanted = self.state.read().sequence;
        let mut progress = self.progress.lock();
        let tries = progress.tries;
        while progress.sequence < wanted && (version == 0 || progress.version < version) {
            if let Some(error) = self.failed.get() {
                return Err(error.clone());
            }
            if let Some(error) = &progress.failure
                && progress.tries > tries
            {
                return Err(error.clone());
            }
            self.flush_now.fetch_max(wanted, Ordering::AcqRel);
            self.poke();
            self.moved.wait_for(&mut progress, RETRY);
        }
        Ok(())
    }

    /// Wakes the thread.
    pub(super) fn poke(&self) {
        if let Some(thread) = self.flusher.get() {
            thread.unpark();
        }
    }
}

/// Why a flush may end without having been tried.
pub(super) fn interrupted() -> Error {
    Error::new(Kind::Io, "the flush was interrupted")
}

/// Writes a table's newest changes. Answers their number.
fn fill(writer: &mut dyn Writer, table: &Table, version: u64) -> Result<u64> {
    let mut rows = 0;
    for (key, row) in table.records.newest() {
        rows += 1;
        match row {
            Some((row, data)) => writer.put(key, row.with(data))?,
            None => writer.delete(key)?,
        }
    }
    for space in Space::ALL {
        for (key, value) in table.space(space).newest() {
            rows += 1;
            match value {
                Some(((), value)) => writer.put_entry(space, key, value)?,
                None => writer.delete_entry(space, key)?,
            }
        }
    }
    if !table.log.bytes().is_empty() {
        writer.append_log(version, table.log.bytes())?;
    }
    let (through, at_most) = table.trim;
    if at_most > 0 {
        writer.trim_log(through, at_most)?;
    }
    Ok(rows)
}
