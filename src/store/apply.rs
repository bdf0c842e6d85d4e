//! The meaning of one batch: planned completely before anything is written, so that a refusal changes nothing even when
//! other batches share the engine's transaction.

use std::borrow::Cow;
use std::collections::HashMap;

use smallvec::SmallVec;

use super::batch::{Batch, Data, Op};
use super::changelog::{self, Logged, LoggedChange};
use super::encoding::{self, RAW};
use super::index::IndexSet;
use crate::cache::{Lookup, Table};
use crate::engine::{Range, Record, RecordRef, Space, Writer, expiry_entry};
use crate::error::{Error, Kind, Result};
use crate::value::ValueRef;

/// Up to this many operations the key of each is looked at to find one.
const FEW: usize = 8;

/// What a batch will change, each key once.
pub(super) struct Plan<'b> {
    changes: Changes<'b>,
    /// Entries of the expiries that are done with.
    swept: Vec<&'b [u8]>,
    /// What the last operation answers: a sum, or whether the key existed.
    pub reply: i64,
}

type Changes<'b> = SmallVec<[Planned<'b>; 1]>;

struct Planned<'b> {
    key: Cow<'b, [u8]>,
    what: Logged,
    new: Option<New<'b>>,
}

struct New<'b> {
    encoding: u8,
    stored: Cow<'b, [u8]>,
    expires_at: i64,
    /// The value as readers see it, if it is stored otherwise and known nevertheless.
    plain: Option<&'b [u8]>,
}

impl<'b> New<'b> {
    /// What an operation of the batch brings.
    fn given(data: Data<&'b [u8]>, expires_at: i64) -> Self {
        match data.packed {
            Some((encoding, stored)) => {
                Self { encoding, stored: stored.into(), expires_at, plain: Some(data.plain) }
            }
            None => Self { encoding: RAW, stored: data.plain.into(), expires_at, plain: None },
        }
    }

    /// The value as readers see it, where that costs nothing to know.
    fn value(&self, version: u64) -> Option<ValueRef<'_>> {
        let data = if self.encoding == RAW { Some(&*self.stored) } else { self.plain };
        data.map(|data| ValueRef { data, version, expires_at: self.expires_at })
    }
}

/// Checks a batch against the state that `writer` sees and works out what it changes. `cache` is of the same state, if there
/// is one.
pub(super) fn plan<'b>(
    batch: &'b Batch,
    writer: &dyn Writer,
    cache: Option<&Table>,
    now: i64,
) -> Result<Plan<'b>> {
    let mut planner = Planner {
        writer,
        cache,
        now,
        changes: SmallVec::new(),
        at: (batch.len() > FEW).then(|| HashMap::with_capacity_and_hasher(batch.len(), Default::default())),
        swept: Vec::new(),
    };
    for op in batch.checks() {
        planner.check(&op)?;
    }
    let mut reply = 0;
    for op in batch.mutations() {
        reply = planner.change(op)?;
    }
    Ok(Plan { changes: planner.changes, swept: planner.swept, reply })
}

struct Planner<'w, 'b> {
    writer: &'w dyn Writer,
    cache: Option<&'w Table>,
    now: i64,
    changes: Changes<'b>,
    /// Where the change of a key is; None while they are few enough to look at each.
    at: Option<HashMap<Cow<'b, [u8]>, usize, foldhash::fast::RandomState>>,
    swept: Vec<&'b [u8]>,
}

impl<'b> Planner<'_, 'b> {
    fn check(&self, op: &Op<&[u8]>) -> Result<()> {
        match op {
            Op::Check { key, version } => {
                let found = self.version(key)?;
                if found != *version {
                    return Err(Error::new(Kind::Conflict, "a checked key was changed by another writer"));
                }
            }
            Op::Unchanged { range, since } => self.check_unchanged(range, *since)?,
            _ => {}
        }
        Ok(())
    }

    fn check_unchanged(&self, range: &Range, since: u64) -> Result<()> {
        let conflict = || Error::new(Kind::Conflict, "a range that was read was changed by another writer");
        let mut reached = since;
        changelog::after(self.writer, since, |entry| {
            let touches = |(version, commit): (u64, &changelog::LoggedCommit<'_>)| {
                version > since && commit.iter().any(|c| c.what != Logged::Catalog && range.contains(c.key))
            };
            if !entry.follows(reached) || entry.versioned().any(touches) {
                return Err(conflict());
            }
            reached = entry.last();
            Ok(true)
        })
    }

    /// Plans a mutation; answers what a caller of that one operation wants to know.
    fn change(&mut self, op: Op<&'b [u8]>) -> Result<i64> {
        match op {
            Op::Check { .. } | Op::Unchanged { .. } => Ok(0),
            Op::Put { key, data, expiry } => {
                let expires_at = expiry.at(self.now);
                self.set(key, Logged::Put, Some(New::given(data, expires_at)));
                Ok(1)
            }
            Op::Delete { key } => {
                let existed = self.exists(key)?;
                if existed {
                    self.set(key, Logged::Delete, None);
                }
                Ok(existed.into())
            }
            Op::Add { key, delta } => self.add(key, delta),
            Op::Expire { key, expiry } => {
                let expires_at = expiry.at(self.now);
                if let Some(at) = self.position(key) {
                    let new = self.changes.get_mut(at).and_then(|planned| planned.new.as_mut());
                    let existed = new.map(|new| new.expires_at = expires_at).is_some();
                    return Ok(existed.into());
                }
                let Some(record) = self.live(key)? else { return Ok(0) };
                let Record { encoding, data, .. } = record;
                let new = New { encoding, stored: data.into(), expires_at, plain: None };
                self.set(key, Logged::Put, Some(new));
                Ok(1)
            }
            Op::Sweep { key, entry } => {
                self.swept.push(entry);
                let expired =
                    self.writer.get(key)?.is_some_and(|r| r.expires_at != 0 && r.expires_at <= self.now);
                if expired {
                    self.set(key, Logged::Expire, None);
                }
                Ok(expired.into())
            }
        }
    }

    fn add(&mut self, key: &'b [u8], delta: i64) -> Result<i64> {
        let (old, expires_at) = self.counter(key)?;
        let sum = old.checked_add(delta).ok_or_else(|| {
            Error::new(Kind::OutOfRange, format!("{old} plus {delta} does not fit a counter of 64 bits"))
        })?;
        let stored = sum.to_string().into_bytes().into();
        let new = New { encoding: RAW, stored, expires_at, plain: None };
        self.set(key, Logged::Put, Some(new));
        Ok(sum)
    }

    fn set(&mut self, key: impl Into<Cow<'b, [u8]>>, what: Logged, new: Option<New<'b>>) {
        let planned = Planned { key: key.into(), what, new };
        if let Some(old) = self.position(&planned.key).and_then(|at| self.changes.get_mut(at)) {
            *old = planned;
            return;
        }
        if let Some(at) = &mut self.at {
            at.insert(planned.key.clone(), self.changes.len());
        }
        self.changes.push(planned);
    }

    fn position(&self, key: &[u8]) -> Option<usize> {
        match &self.at {
            Some(at) => at.get(key).copied(),
            None => self.changes.iter().position(|planned| *planned.key == *key),
        }
    }

    fn planned(&self, key: &[u8]) -> Option<&Planned<'b>> {
        self.position(key).and_then(|at| self.changes.get(at))
    }

    fn exists(&self, key: &[u8]) -> Result<bool> {
        match self.planned(key) {
            Some(planned) => Ok(planned.new.is_some()),
            None => Ok(self.version(key)? != 0),
        }
    }

    /// The version before the batch; 0: the key does not exist.
    fn version(&self, key: &[u8]) -> Result<u64> {
        match self.cache.map_or(Lookup::Unknown, |cache| cache.version(key, self.now)) {
            Lookup::Found(version) => Ok(version),
            Lookup::Absent => Ok(0),
            Lookup::Unknown => Ok(self.live(key)?.map_or(0, |record| record.version)),
        }
    }

    /// A counter's value and expiry.
    fn counter(&self, key: &[u8]) -> Result<(i64, i64)> {
        if let Some(planned) = self.planned(key) {
            return match &planned.new {
                Some(new) => {
                    Ok((parse_counter(&encoding::decode(new.encoding, &new.stored)?)?, new.expires_at))
                }
                None => Ok((0, 0)),
            };
        }
        let known = self.cache.map_or(Lookup::Unknown, |cache| cache.get(cache.hash(key), key, || self.now));
        let value = match known {
            Lookup::Found(value) => Some(value),
            Lookup::Absent => None,
            Lookup::Unknown => self.live(key)?.map(encoding::value_of).transpose()?,
        };
        value.map_or(Ok((0, 0)), |value| Ok((parse_counter(&value)?, value.expires_at())))
    }

    /// The record before the batch, unless it is expired.
    fn live(&self, key: &[u8]) -> Result<Option<Record>> {
        Ok(self.writer.get(key)?.filter(|record| record.expires_at == 0 || record.expires_at > self.now))
    }
}

/// The decimal integer that a counter holds.
pub(super) fn parse_counter(data: &[u8]) -> Result<i64> {
    std::str::from_utf8(data)
        .ok()
        .filter(|text| !text.starts_with('+'))
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::new(Kind::WrongType, "the value is no decimal integer of 64 bits"))
}

impl<'b> Plan<'b> {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.swept.is_empty()
    }

    /// How many keys it removes because they expired.
    pub fn expired(&self) -> u64 {
        self.changes.iter().filter(|planned| planned.what == Logged::Expire).count() as u64
    }

    /// What the change log records.
    pub fn logged(&self) -> impl ExactSizeIterator<Item = LoggedChange<'_>> {
        self.changes.iter().map(|planned| LoggedChange { what: planned.what, key: &planned.key })
    }

    /// Writes it with `version`.
    pub fn write(&self, writer: &mut dyn Writer, version: u64, indexes: &IndexSet) -> Result<()> {
        for entry in &self.swept {
            writer.delete_entry(Space::Expiry, entry)?;
        }
        for Planned { key, new, .. } in &self.changes {
            indexes.maintain(writer, key, new.as_ref().map(|new| (new.encoding, &*new.stored)))?;
            let Some(New { encoding, stored, expires_at, .. }) = new else {
                writer.delete(key)?;
                continue;
            };
            let record = RecordRef { version, expires_at: *expires_at, encoding: *encoding, data: stored };
            writer.put(key, record)?;
            if *expires_at != 0 {
                writer.put_entry(Space::Expiry, &expiry_entry(*expires_at, key), &[])?;
            }
        }
        Ok(())
    }

    /// The keys it changes.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.changes.iter().map(|planned| &*planned.key)
    }

    /// Makes the entries of a cache true after its commit.
    pub fn update(&self, entries: &Table, version: u64) {
        for Planned { key, new, .. } in &self.changes {
            match new.as_ref().map(|new| new.value(version)) {
                Some(Some(value)) => entries.insert(key, Some(value)),
                Some(None) => {
                    entries.remove(key);
                }
                None => entries.insert(key, None),
            }
        }
    }
}
