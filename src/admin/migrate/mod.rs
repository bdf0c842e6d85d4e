//! Moving a store to another engine while it is read and written.
//!
//! 1. The records are copied in order of their keys; how far that is, is committed with them.
//! 2. What was changed meanwhile is written, by the source's change log, until little is left.
//! 3. Every record is compared with the source's, in a view of one moment.
//! 4. The source is marked as moved, with an epoch: from that commit on every writer of every process gets [`Kind::Moved`].
//! 5. The last changes are written, and the destination, until then refused by everybody who opens it, is let go.
//!
//! Kept are keys, values, versions, expiries, declarations of indexes, and the change log from the begin of the copy on: a
//! watch that is that far goes on in the destination. Before step 4 the source notices nothing. Repeating the call after a
//! failure, a cancellation or a `kill -9` goes on where it stopped. The way back is the same call with the places swapped:
//! the old store takes only what was changed since.

mod follow;
mod state;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::backup::{BackupOptions, backup};
use super::chunk::{Budget, Difference, borrowed, check};
use super::import::{hex, unhex};
use super::progress::{Phase, Reporter, Watcher};
use crate::engine::Snapshot;
use crate::error::{Error, Kind, Result};
use crate::store::replica::{Mark, Replica, declarations};
use crate::store::{Config, Store};
use follow::{Followed, follow};
pub(super) use state::position;
use state::{Moved, Origin, Stage, State, load, new_id, text};

/// Rounds of catching up before the source is stopped nevertheless.
const ROUNDS: usize = 8;
/// So few commits are left to the time when the source is stopped.
const FEW: u64 = 16;
/// Passes over all records, begun anew because the change log was trimmed meanwhile.
const PASSES: u32 = 4;

/// How to migrate.
#[derive(Clone, Debug)]
pub struct MigrateOptions {
    /// Only look: count and check every record of the source, touch nothing.
    pub dry_run: bool,
    /// Mark the source as moved. Else the destination is a copy of one moment, and the source goes on.
    pub hand_over: bool,
    /// A backup of the source is made in this folder first, and checked.
    pub backup: Option<PathBuf>,
    /// The most records of one commit.
    pub chunk_records: usize,
}

impl Default for MigrateOptions {
    fn default() -> Self {
        Self { dry_run: false, hand_over: true, backup: None, chunk_records: Budget::default().records }
    }
}

/// What a migration did, earlier attempts included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MigrateReport {
    /// Names the migration in both stores.
    pub id: String,
    /// How often the data was handed over, this time included.
    pub epoch: u64,
    /// Records of the source, and bytes of their keys and stored values, when they were compared.
    pub records: u64,
    /// As [`MigrateReport::records`].
    pub bytes: u64,
    /// Declared indexes.
    pub indexes: u64,
    /// Commits that were made meanwhile and followed.
    pub followed: u64,
    /// Passes over all records; more than one when the change log was trimmed meanwhile. 0: by the change log alone.
    pub passes: u32,
    /// The version of the last commit.
    pub version: u64,
    /// The backup that was made first.
    pub backup: Option<String>,
}

/// A finished migration.
pub struct Migration {
    /// What was done.
    pub report: MigrateReport,
    /// The store to go on with; None after a dry run.
    pub store: Option<Store>,
}

/// Where a store is in a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrateStatus {
    /// None has to do with it.
    None,
    /// It is the destination of one that is not finished: nobody may open it.
    Incoming {
        /// Names the migration.
        id: String,
        /// Records and bytes copied so far.
        records: u64,
        /// As `records`.
        bytes: u64,
    },
    /// It was moved: it is read and no longer written.
    Moved {
        /// Names the migration.
        id: String,
        /// How often the data was handed over.
        epoch: u64,
        /// Where to.
        to: String,
    },
    /// It took the place of another.
    Arrived {
        /// Names the migration.
        id: String,
        /// How often the data was handed over.
        epoch: u64,
    },
}

/// Tells where a store is in a migration, also one that cannot be opened because of it.
///
/// # Errors
/// Those of opening; [`Kind::NotFound`] when there is none.
pub fn migrate_status(place: &Config) -> Result<MigrateStatus> {
    let mut place = place.clone();
    place.options.must_exist = true;
    let replica = Replica::open(&place)?;
    let view = replica.read()?;
    let view = view.as_ref();
    if let Some(State { id, records, bytes, .. }) = load(view, Mark::Incoming)? {
        return Ok(MigrateStatus::Incoming { id, records, bytes });
    }
    if let Some(Moved { id, epoch, to }) = load(view, Mark::Moved)? {
        return Ok(MigrateStatus::Moved { id, epoch, to });
    }
    let arrived = |Origin { id, epoch, .. }| MigrateStatus::Arrived { id, epoch };
    Ok(load(view, Mark::Origin)?.map_or(MigrateStatus::None, arrived))
}

/// Moves a store, or goes on with moving it.
///
/// The destination must be empty, an unfinished one of this source, or the store that the source was once moved from.
///
/// # Errors
/// [`Kind::Cancelled`]; [`Kind::Exists`] when the destination holds other data; [`Kind::Moved`] when the source was moved
/// elsewhere; [`Kind::Compacted`] when the source's change log is trimmed faster than the records are copied (raise
/// `log_keep`); [`Kind::Corrupt`] with the key for a damaged record; [`Kind::TooLarge`] for one that does not fit there;
/// [`Kind::Full`], and those of reads of the source and commits to the destination.
pub fn migrate(
    source: &Store,
    to: &Config,
    options: &MigrateOptions,
    watcher: Watcher<'_>,
) -> Result<Migration> {
    let mut reporter = Reporter::new(watcher, Phase::Copy);
    if options.dry_run {
        return Ok(Migration { report: look(source, &mut reporter)?, store: None });
    }
    if options.hand_over {
        source.check_writable()?;
    }
    let replica = Replica::open(to)?;
    let Some(mut mover) = Mover::start(source, &replica, to, options)? else {
        let report = finished(source, &replica)?;
        return Ok(Migration { report, store: Some(replica.into_store(source.clock())?) });
    };
    mover.run(&mut reporter)?;
    let report = mover.report;
    Ok(Migration { report, store: Some(replica.into_store(source.clock())?) })
}

/// Takes the mark off a store that was moved, so that it is written to again.
///
/// For when the place it was moved to is lost, or not wanted: whatever was written there stays there, and the two must not
/// be mixed up again. To bring the data back, [`migrate`] it back instead.
///
/// # Errors
/// [`Kind::WrongState`] when it was not moved; those of a commit.
pub fn reclaim(store: &Store) -> Result<()> {
    let moved: Option<Moved> = load(store.long_snapshot()?.as_ref(), Mark::Moved)?;
    match moved {
        Some(_) => store.mark_moved(None),
        None => Err(Error::new(Kind::WrongState, "the store was not moved")),
    }
}

/// A dry run.
fn look(source: &Store, reporter: &mut Reporter<'_>) -> Result<MigrateReport> {
    let (view, empty) = (source.long_snapshot()?, Store::open_url("memory:")?);
    let (mut report, limits) = (described(view.as_ref())?, source.limits()?);
    compare(view.as_ref(), empty.long_snapshot()?.as_ref(), Budget::default(), |piece| {
        piece.puts.iter().try_for_each(|(key, record)| check(key, record, &limits))?;
        (report.records, report.bytes) = (report.records + piece.records, report.bytes + piece.bytes);
        reporter.add(piece.records, piece.bytes)
    })?;
    Ok(report)
}

fn described(view: &dyn Snapshot) -> Result<MigrateReport> {
    let indexes = declarations(view)?.len() as u64;
    Ok(MigrateReport { indexes, version: view.last_version()?, ..MigrateReport::default() })
}

/// The report of a migration that is repeated after its end.
fn finished(source: &Store, replica: &Replica) -> Result<MigrateReport> {
    let view = source.long_snapshot()?;
    let origin: Option<Origin> = load(replica.read()?.as_ref(), Mark::Origin)?;
    let (id, epoch) = origin.map(|origin| (origin.id, origin.epoch)).unwrap_or_default();
    Ok(MigrateReport { id, epoch, ..described(view.as_ref())? })
}

/// Backs the source up; the backup's file.
fn before(source: &Store, folder: &Path) -> Result<String> {
    let quiet: Watcher<'_> = &mut |_| ControlFlow::Continue(());
    let made = backup(source, folder, &BackupOptions::default(), quiet)?;
    Ok(made.backup.file.display().to_string())
}

/// Hands the pieces of two views to `visit`, in order.
fn compare(
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

/// One migration at work.
struct Mover<'a> {
    source: &'a Store,
    replica: &'a Replica,
    state: State,
    /// Where to, for people.
    to: String,
    budget: Budget,
    hand_over: bool,
    report: MigrateReport,
}

impl<'a> Mover<'a> {
    /// Finds out what there is to do; None: nothing, it was finished before.
    fn start(
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

    fn run(&mut self, reporter: &mut Reporter<'_>) -> Result<()> {
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
        let mut quiet = |_: &super::Progress| ControlFlow::Continue(());
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
