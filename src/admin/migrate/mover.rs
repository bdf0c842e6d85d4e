//! A migration at work, step by step.

use std::ops::ControlFlow;
use std::path::Path;

use super::follow::{Followed, follow};
use super::state::{Moved, Origin, Stage, State, load, new_id, position, text};
use super::{MigrateOptions, MigrateReport, described};
use crate::admin::Progress;
use crate::admin::backup::{BackupOptions, backup};
use crate::admin::chunk::{Budget, Difference, borrowed, check};
use crate::admin::import::{hex, unhex};
use crate::admin::progress::{Phase, Reporter, Watcher};
use crate::engine::Snapshot;
use crate::error::{Error, Kind, Result};
use crate::store::replica::{Mark, Replica, declarations};
use crate::store::{Config, Store};

/// Rounds of catching up before the source is stopped nevertheless.
const ROUNDS: usize = 8;
/// So few commits are left to the time when the source is stopped.
const FEW: u64 = 16;
/// Passes over all records, begun anew because the change log was trimmed meanwhile.
const PASSES: u32 = 4;

/// One migration at work.
pub(super) struct Mover<'a> {
    source: &'a Store,
    replica: &'a Replica,
    state: State,
    /// Where to, for people.
    to: String,
    budget: Budget,
    hand_over: bool,
    pub report: MigrateReport,
}

impl<'a> Mover<'a> {
    /// Finds out what there is to do; None: nothing, it was finished before.
    pub fn start(
        source: &'a Store,
        replica: &'a Replica,
        to: &Config,
        options: &MigrateOptions,
    ) -> Result<Option<Self>> {
        let (from, there) = (source.long_snapshot()?, replica.read()?);
        let moved: Option<Moved> = load(from.as_ref(), Mark::Moved)?;
        let origin: Option<Origin> = load(from.as_ref(), Mark::Origin)?;
        let arrived: Option<Origin> = load(there.as_ref(), Mark::Origin)?;
        let incoming: Option<State> = load(there.as_ref(), Mark::Incoming)?;
        let id = incoming.as_ref().map(|state| &state.id).or(arrived.as_ref().map(|arrived| &arrived.id));
        if let Some(moved) = &moved
            && Some(&moved.id) != id
        {
            let text = format!("the source was moved to {}: migrate from there", moved.to);
            return Err(Error::new(Kind::Moved, text));
        }
        if moved.is_some() && incoming.is_none() {
            return Ok(None);
        }
        let state = match incoming {
            // It was not handed over after all, and was written to since.
            Some(state) if state.stage == Stage::HandOver && moved.is_none() => {
                State { stage: Stage::Follow, ..state }
            }
            Some(state) => state,
            None => Self::first(from.as_ref(), there.as_ref(), origin)?,
        };
        drop((from, there));
        let backup = match &options.backup {
            Some(folder) if moved.is_none() => Some(before(source, folder)?),
            _ => None,
        };
        Ok(Some(Self {
            source,
            replica,
            state,
            to: to.location.to_string(),
            budget: Budget { records: options.chunk_records.max(1), ..Budget::default() },
            hand_over: options.hand_over,
            report: MigrateReport { backup, ..MigrateReport::default() },
        }))
    }

    /// The state of a migration that begins.
    fn first(from: &dyn Snapshot, there: &dyn Snapshot, origin: Option<Origin>) -> Result<State> {
        let left: Option<Moved> = load(there, Mark::Moved)?;
        let back = matches!((&origin, &left), (Some(origin), Some(left)) if origin.id == left.id);
        let mut state = State {
            id: new_id()?,
            epoch: origin.map_or(0, |origin| origin.epoch) + 1,
            stage: Stage::Follow,
            after: String::new(),
            version: 0,
            fingerprint: 0,
            records: 0,
            bytes: 0,
            followed: 0,
            passes: 0,
        };
        let empty = there.last_version()? == 0
            && Difference::after(from, there, &[], Budget { records: 1, bytes: 1 })?.deletes.is_empty();
        if back {
            (state.version, state.fingerprint, _) = position(there)?;
        } else if empty {
            state.stage = Stage::Copy;
        } else {
            return Err(Error::new(
                Kind::Exists,
                "the destination holds data of its own: name an empty place, or remove it first",
            ));
        }
        Ok(state)
    }

    pub fn run(&mut self, reporter: &mut Reporter<'_>) -> Result<()> {
        if self.state.stage == Stage::Copy {
            self.copy(reporter)?;
        }
        if self.state.stage != Stage::HandOver {
            self.catch_up(reporter)?;
            self.verify(reporter)?;
            self.set_stage(Stage::HandOver)?;
        }
        reporter.phase(Phase::Finish, 0, 0)?;
        self.hand_over()?;
        self.finish()
    }

    /// Copies the records, from where an earlier attempt stopped.
    fn copy(&mut self, reporter: &mut Reporter<'_>) -> Result<()> {
        if self.state.after.is_empty() {
            self.begin_pass()?;
        }
        reporter.phase(Phase::Copy, self.state.records, self.state.bytes)?;
        let limits = self.replica.limits();
        let mut after = unhex(&self.state.after)?;
        loop {
            // A view for each piece: none of them is held for long, and what changes meanwhile is in the change log.
            let (view, copy) = (self.source.long_snapshot()?, self.replica.read()?);
            let piece = Difference::after(view.as_ref(), copy.as_ref(), &after, self.budget)?;
            drop((view, copy));
            piece.puts.iter().try_for_each(|(key, record)| check(key, record, &limits))?;
            let mut next = self.state.clone();
            (next.records, next.bytes) = (next.records + piece.records, next.bytes + piece.bytes);
            match &piece.last {
                Some(last) => next.after = hex(last),
                None => (next.stage, next.after) = (Stage::Follow, String::new()),
            }
            self.replica.write(|writer| {
                piece.puts.iter().try_for_each(|(key, record)| writer.put(key, borrowed(record)))?;
                piece.deletes.iter().try_for_each(|key| writer.delete(key))?;
                writer.mark(Mark::Incoming, Some(text(&next)?.as_bytes()))
            })?;
            self.state = next;
            reporter.add(piece.records, piece.bytes)?;
            match piece.last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    /// Begins a pass over all records: the change log of the destination starts with the source's present end.
    fn begin_pass(&mut self) -> Result<()> {
        let view = self.source.long_snapshot()?;
        let (version, fingerprint, entry) = position(view.as_ref())?;
        let mut next =
            State { stage: Stage::Copy, version, fingerprint, records: 0, bytes: 0, ..self.state.clone() };
        next.after.clear();
        next.passes += 1;
        self.replica.flush()?;
        let present = self.replica.read()?.last_version()?;
        self.replica.write(|writer| {
            if present != version {
                writer.forget_log()?;
                if let Some(entry) = entry {
                    writer.log(version, &entry)?;
                }
            }
            writer.declare(&declarations(view.as_ref())?)?;
            writer.mark(Mark::Moved, None)?;
            writer.mark(Mark::Incoming, Some(text(&next)?.as_bytes()))
        })?;
        self.state = next;
        Ok(())
    }

    /// Writes what was changed meanwhile until little is left.
    fn catch_up(&mut self, reporter: &mut Reporter<'_>) -> Result<()> {
        reporter.phase(Phase::CatchUp, self.state.followed, 0)?;
        for _ in 0..ROUNDS {
            let followed = self.step(reporter)?;
            reporter.add(followed.unwrap_or(0), 0)?;
            if followed.is_some_and(|commits| commits <= FEW) {
                break;
            }
        }
        Ok(())
    }

    /// Follows the change log to its end; how many commits that were. None: it could not be followed, and all was copied
    /// anew.
    fn step(&mut self, reporter: &mut Reporter<'_>) -> Result<Option<u64>> {
        let view = self.source.long_snapshot()?;
        self.step_to(view.as_ref(), reporter)
    }

    fn step_to(&mut self, view: &dyn Snapshot, reporter: &mut Reporter<'_>) -> Result<Option<u64>> {
        match follow(view, self.replica, &mut self.state)? {
            Followed::All(count) => Ok(Some(count)),
            Followed::Lost if self.state.passes < PASSES => {
                self.state.after.clear();
                self.copy(reporter)?;
                Ok(None)
            }
            Followed::Lost => Err(Error::new(
                Kind::Compacted,
                "the source's change log is trimmed faster than its records are copied: raise its log_keep",
            )),
        }
    }

    /// Compares every record with the source's, in a view of one moment.
    fn verify(&mut self, reporter: &mut Reporter<'_>) -> Result<()> {
        let view = loop {
            let view = self.source.long_snapshot()?;
            if self.step_to(view.as_ref(), reporter)?.is_some() {
                break view;
            }
        };
        reporter.phase(Phase::Verify, 0, 0)?;
        let copy = self.replica.read()?;
        let (mut records, mut bytes) = (0, 0);
        compare(view.as_ref(), copy.as_ref(), self.budget, |piece| {
            if let Some(key) = piece.first_key() {
                let text = format!("the copy differs at the key {:?}", String::from_utf8_lossy(key));
                return Err(Error::new(Kind::Corrupt, text));
            }
            (records, bytes) = (records + piece.records, bytes + piece.bytes);
            reporter.add(piece.records, piece.bytes)
        })?;
        (self.state.records, self.state.bytes) = (records, bytes);
        Ok(())
    }

    fn set_stage(&mut self, stage: Stage) -> Result<()> {
        let next = State { stage, ..self.state.clone() };
        self.replica.write(|writer| {
            writer.mark(Mark::Moved, None)?;
            writer.mark(Mark::Incoming, Some(text(&next)?.as_bytes()))
        })?;
        // The source is not told before the destination is sure to know.
        self.replica.flush()?;
        self.state = next;
        Ok(())
    }

    /// Stops the source and writes what is left. Its commit decides which of the two is written to.
    fn hand_over(&mut self) -> Result<()> {
        let view = self.source.long_snapshot()?;
        if self.hand_over && load::<Moved>(view.as_ref(), Mark::Moved)?.is_none() {
            let State { id, epoch, .. } = self.state.clone();
            self.source.mark_moved(Some(&text(&Moved { id, epoch, to: self.to.clone() })?))?;
        }
        drop(view);
        let mut quiet = |_: &Progress| ControlFlow::Continue(());
        let mut quiet = Reporter::new(&mut quiet, Phase::Finish);
        while self.step(&mut quiet)?.is_none() {}
        Ok(())
    }

    /// Lets the destination go, in one commit.
    fn finish(&mut self) -> Result<()> {
        let State { id, epoch, records, bytes, followed, passes, .. } = self.state.clone();
        let origin = Origin { id: id.clone(), epoch, handed_over: self.hand_over };
        self.replica.write(|writer| {
            writer.mark(Mark::Incoming, None)?;
            writer.mark(Mark::Origin, Some(text(&origin)?.as_bytes()))?;
            // Processes that had the place open before learn that it may be written to again.
            writer.log_marks(self.source.now()?)
        })?;
        self.replica.flush()?;
        let backup = self.report.backup.take();
        let described = described(self.replica.read()?.as_ref())?;
        self.report = MigrateReport { id, epoch, records, bytes, followed, passes, backup, ..described };
        Ok(())
    }
}

/// Backs the source up; the backup's file.
fn before(source: &Store, folder: &Path) -> Result<String> {
    let quiet: Watcher<'_> = &mut |_| ControlFlow::Continue(());
    let made = backup(source, folder, &BackupOptions::default(), quiet)?;
    Ok(made.backup.file.display().to_string())
}

/// Hands the pieces of two views to `visit`, in order.
pub(super) fn compare(
    source: &dyn Snapshot,
    copy: &dyn Snapshot,
    budget: Budget,
    mut visit: impl FnMut(&Difference) -> Result<()>,
) -> Result<()> {
    let mut after = Vec::new();
    loop {
        let piece = Difference::after(source, copy, &after, budget)?;
        visit(&piece)?;
        match piece.last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}
