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
mod mover;
mod state;

use std::path::PathBuf;

use serde::Serialize;

use super::chunk::{Budget, check};
use super::progress::{Phase, Reporter, Watcher};
use crate::engine::Snapshot;
use crate::error::{Error, Kind, Result};
use crate::store::replica::{Mark, Replica, declarations};
use crate::store::{Config, Store};
use mover::{Mover, compare};
pub(super) use state::position;
use state::{Moved, Origin, State, load};

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
