//! Reads through the tables of unflushed changes onto the database below.

use std::ops::Bound;
use std::sync::Arc;

use parking_lot::RwLock;
use smallvec::SmallVec;

use super::PROGRESS;
use super::map::{Found, Key, Map};
use super::table::Table;
use crate::engine::{
    Fields, Generation, Hold, Range, Read, Record, RecordRef, Snapshot, Space, Visit, VisitEntry, VisitLog,
    no_key_between,
};
use crate::error::Result;

pub(super) type Shared = Arc<RwLock<Table>>;

/// The active and the frozen table, newest first.
pub(super) type Tables = SmallVec<[Shared; 2]>;

/// The tables over the database as of one transaction, newest first.
pub(super) struct Layers<'a> {
    /// The changes of a transaction under way.
    pub staged: Option<&'a Table>,
    pub tables: &'a [Shared],
    pub sequence: u64,
}

impl Layers<'_> {
    /// What the tables know of a key.
    fn get<T: Copy>(&self, map: impl Fn(&Table) -> &Map<T>, key: &[u8]) -> Option<Option<(T, Vec<u8>)>> {
        let known = |table: &Table, sequence| map(table).get(key, sequence).map(owned);
        let staged = self.staged.and_then(|staged| known(staged, u64::MAX));
        staged.or_else(|| self.tables.iter().find_map(|table| known(&table.read(), self.sequence)))
    }

    /// Orders the keys that were there when these layers were taken.
    fn order<T: Copy>(&self, map: impl Fn(&Table) -> &Map<T>) {
        if let Some(staged) = self.staged {
            while map(staged).order_more() < map(staged).len() {}
        }
        for table in self.tables {
            let keys = map(&table.read()).len();
            while map(&table.read()).order_more() < keys {}
        }
    }

    /// The first change in a range, or the last.
    fn next<T: Copy>(
        &self,
        map: impl Fn(&Table) -> &Map<T>,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        reverse: bool,
    ) -> Option<Change<T>> {
        let mut best: Option<Change<T>> = None;
        let mut consider = |table: &Table, sequence| {
            let Some((key, value)) = map(table).next(range, reverse, sequence) else { return };
            // Of equal keys the newer layer's, which comes first, counts.
            if best.as_ref().is_none_or(|best| precedes(key, &best.key, reverse)) {
                best = Some(Change { key: Key::from_slice(key), value: owned(value) });
            }
        };
        if let Some(staged) = self.staged {
            consider(staged, u64::MAX);
        }
        self.tables.iter().for_each(|table| consider(&table.read(), self.sequence));
        best
    }
}

/// A key that a table knows; None: deleted.
struct Change<T> {
    key: Key,
    value: Option<(T, Vec<u8>)>,
}

/// What outlives the lock of its table.
fn owned<T>(found: Found<'_, T>) -> Option<(T, Vec<u8>)> {
    found.map(|(value, data)| (value, data.to_vec()))
}

fn precedes(key: &[u8], other: &[u8], reverse: bool) -> bool {
    if reverse { key > other } else { key < other }
}

/// The changes of a range, merged into the rows of the database as they come.
struct Merge<'a, T, M> {
    layers: &'a Layers<'a>,
    map: M,
    range: &'a Range,
    reverse: bool,
    pending: Option<Change<T>>,
}

/// What becomes of a row of the database.
enum Fate {
    Shown,
    Hidden,
    /// The visitor wants no more.
    Ended,
}

impl<'a, T: Copy, M: Fn(&Table) -> &Map<T>> Merge<'a, T, M> {
    fn new(layers: &'a Layers<'a>, map: M, range: &'a Range, reverse: bool) -> Self {
        let mut merge = Self { layers, map, range, reverse, pending: None };
        if !range.is_empty() {
            layers.order(&merge.map);
            merge.pending = layers.next(&merge.map, range.bounds(), reverse);
        }
        merge
    }

    /// Shows the changes that come before `key`; all of them for None.
    fn advance(
        &mut self,
        key: Option<&[u8]>,
        mut show: impl FnMut(&[u8], T, &[u8]) -> Result<bool>,
    ) -> Result<Fate> {
        while let Some(change) = &self.pending {
            let same = key == Some(&*change.key);
            if !same && key.is_some_and(|key| !precedes(&change.key, key, self.reverse)) {
                break;
            }
            let going_on = match &change.value {
                Some((value, data)) => show(&change.key, *value, data)?,
                None => true,
            };
            let (start, end) = self.range.bounds();
            let rest = match self.reverse {
                false => (Bound::Excluded(&*change.key), end),
                true => (start, Bound::Excluded(&*change.key)),
            };
            let next =
                if no_key_between(rest) { None } else { self.layers.next(&self.map, rest, self.reverse) };
            self.pending = next;
            match (going_on, same) {
                (false, _) => return Ok(Fate::Ended),
                (true, true) => return Ok(Fate::Hidden),
                (true, false) => {}
            }
        }
        Ok(Fate::Shown)
    }
}

/// The layers and the database below them.
pub(super) struct View<'a> {
    pub layers: Layers<'a>,
    pub below: &'a dyn Read,
    pub last_version: u64,
}

impl Read for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        match self.layers.get(|table| &table.records, key) {
            Some(known) => Ok(known.map(|(row, data)| row.with_vec(data))),
            None => self.below.get(key),
        }
    }

    fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
        let mut merge = Merge::new(&self.layers, |table| &table.records, range, reverse);
        let mut ended = false;
        self.below.scan(range, reverse, fields, &mut |key, record| {
            let fate =
                merge.advance(Some(key), |key, row, data| visit(key, shown(row.with(data), fields)))?;
            ended = match fate {
                Fate::Shown => !visit(key, record)?,
                Fate::Hidden => false,
                Fate::Ended => true,
            };
            Ok(!ended)
        })?;
        if !ended {
            merge.advance(None, |key, row, data| visit(key, shown(row.with(data), fields)))?;
        }
        Ok(())
    }

    fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if space == Space::Meta && key == PROGRESS {
            return Ok(None);
        }
        match self.layers.get(|table| table.space(space), key) {
            Some(known) => Ok(known.map(|((), value)| value)),
            None => self.below.entry(space, key),
        }
    }

    fn entries(&self, space: Space, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        let mut merge = Merge::new(&self.layers, |table| table.space(space), range, reverse);
        let mut ended = false;
        self.below.entries(space, range, reverse, &mut |key, value| {
            if space == Space::Meta && key == PROGRESS {
                return Ok(true);
            }
            ended = match merge.advance(Some(key), |key, (), value| visit(key, value))? {
                Fate::Shown => !visit(key, value)?,
                Fate::Hidden => false,
                Fate::Ended => true,
            };
            Ok(!ended)
        })?;
        if !ended {
            merge.advance(None, |key, (), value| visit(key, value))?;
        }
        Ok(())
    }

    fn last_version(&self) -> Result<u64> {
        Ok(self.last_version)
    }

    fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
        let (mut reached, mut ended) = (version, false);
        self.below.log_after(version, &mut |last, bytes| {
            reached = last;
            ended = !visit(last, bytes)?;
            Ok(!ended)
        })?;
        let Layers { staged, tables, sequence } = self.layers;
        // Copied first: a visitor is never called under a table's lock.
        let mut rows: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut take = |table: &Table, sequence| {
            rows.extend(table.log.after(reached, sequence).map(|(last, bytes)| (last, bytes.to_vec())));
        };
        tables.iter().rev().for_each(|table| take(&table.read(), sequence));
        staged.into_iter().for_each(|staged| take(staged, u64::MAX));
        for (last, bytes) in rows {
            if !ended {
                ended = !visit(last, &bytes)?;
            }
        }
        Ok(())
    }
}

fn shown(record: RecordRef<'_>, fields: Fields) -> RecordRef<'_> {
    if fields == Fields::All { record } else { RecordRef { data: &[], ..record } }
}

/// Implements [`Read`] by what a value is read through.
macro_rules! read_through {
    ($reader:ty, |$this:ident| $through:expr) => {
        impl Read for $reader {
            fn get(&self, key: &[u8]) -> Result<Option<Record>> {
                let $this = self;
                $through.get(key)
            }

            fn scan(&self, range: &Range, reverse: bool, fields: Fields, visit: Visit<'_>) -> Result<()> {
                let $this = self;
                $through.scan(range, reverse, fields, visit)
            }

            fn entry(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
                let $this = self;
                $through.entry(space, key)
            }

            fn entries(
                &self,
                space: Space,
                range: &Range,
                reverse: bool,
                visit: VisitEntry<'_>,
            ) -> Result<()> {
                let $this = self;
                $through.entries(space, range, reverse, visit)
            }

            fn last_version(&self) -> Result<u64> {
                let $this = self;
                $through.last_version()
            }

            fn log_after(&self, version: u64, visit: VisitLog<'_>) -> Result<()> {
                let $this = self;
                $through.log_after(version, visit)
            }
        }
    };
}
pub(super) use read_through;

/// A view that holds still.
pub(super) struct BehindSnapshot {
    pub tables: Tables,
    pub sequence: u64,
    pub last_version: u64,
    pub generation: Generation,
    pub below: Box<dyn Snapshot>,
}

impl BehindSnapshot {
    fn view(&self) -> View<'_> {
        let layers = Layers { staged: None, tables: &self.tables, sequence: self.sequence };
        View { layers, below: self.below.as_ref(), last_version: self.last_version }
    }
}

impl Snapshot for BehindSnapshot {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn hold(&self, hold: Hold) {
        self.below.hold(hold);
    }
}

read_through!(BehindSnapshot, |snapshot| snapshot.view());
