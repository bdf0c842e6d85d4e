//! Reading what can be read: scans from both ends of a range up to where they fail, then from places in between.

use std::collections::VecDeque;
use std::ops::Bound;

use crate::engine::{Fields, Range, Read, RecordRef};
use crate::error::{Error, Kind, Result};
use crate::store::replica::check_record;

/// Places tried in a stretch before it is given up.
const PROBES: usize = 64;

/// A stretch between two keys of which nothing could be read, or, when both are the same, that key. None: from the first
/// key on, or to the last.
pub(super) struct Lost {
    pub after: Option<Vec<u8>>,
    pub before: Option<Vec<u8>>,
}

/// Receives what was read. In no order, each key once.
pub(super) type Keep<'a> = &'a mut dyn FnMut(&[u8], RecordRef<'_>) -> Result<()>;

/// Reads all that can be read; what could not be, in order.
pub(super) fn salvage(read: &dyn Read, keep: Keep<'_>) -> Result<Vec<Lost>> {
    let mut salvage = Salvage { read, keep, lost: Vec::new() };
    let mut stretches = VecDeque::from([Stretch { after: None, before: None }]);
    while let Some(stretch) = stretches.pop_front() {
        if let Some(gap) = salvage.narrow(stretch)? {
            match salvage.probe(&gap)? {
                Some(sides) => stretches.extend(sides),
                None => salvage.lost.push(Lost { after: gap.after, before: gap.before }),
            }
        }
    }
    salvage.lost.sort_by(|one, other| one.after.cmp(&other.after));
    Ok(salvage.lost)
}

/// The keys between two, both not in it.
#[derive(Clone, Debug)]
struct Stretch {
    after: Option<Vec<u8>>,
    before: Option<Vec<u8>>,
}

impl Stretch {
    fn range(&self) -> Range {
        let bound = |key: &Option<Vec<u8>>| key.clone().map_or(Bound::Unbounded, Bound::Excluded);
        Range { start: bound(&self.after), end: bound(&self.before) }
    }

    /// A key about in the middle; None when there is no telling one.
    fn middle(&self) -> Option<Vec<u8>> {
        let after = self.after.as_deref().unwrap_or_default();
        let shared = match &self.before {
            Some(before) => after.iter().zip(before).take_while(|(one, other)| one == other).count(),
            None => 0,
        };
        let window = |key: &[u8], fill: u8| {
            let mut bytes = [fill; 8];
            let rest = key.get(shared..).unwrap_or_default();
            bytes.iter_mut().zip(rest).for_each(|(byte, from)| *byte = *from);
            u64::from_be_bytes(bytes)
        };
        let low = window(after, 0);
        let high = self.before.as_deref().map_or(u64::MAX, |before| window(before, 0));
        let middle = low.checked_add(high.checked_sub(low)? / 2)?;
        let key = [after.get(..shared)?, &middle.to_be_bytes()].concat();
        let inside =
            key.as_slice() > after && self.before.as_deref().is_none_or(|before| key.as_slice() < before);
        (inside && middle > low).then_some(key)
    }
}

struct Salvage<'a> {
    read: &'a dyn Read,
    keep: Keep<'a>,
    lost: Vec<Lost>,
}

impl Salvage<'_> {
    /// Reads a stretch from its begin and from its end; what is left between.
    fn narrow(&mut self, mut stretch: Stretch) -> Result<Option<Stretch>> {
        let forwards = self.scan(&stretch.range(), false)?;
        if forwards.whole {
            return Ok(None);
        }
        stretch.after = forwards.last.or(stretch.after);
        let backwards = self.scan(&stretch.range(), true)?;
        stretch.before = backwards.last.or(stretch.before);
        // Backwards it may have been readable after all.
        Ok((!backwards.whole).then_some(stretch))
    }

    /// Looks for a place in a stretch where something can be read, and reads on from there; the stretches that are left.
    fn probe(&mut self, gap: &Stretch) -> Result<Option<Vec<Stretch>>> {
        let mut pieces = VecDeque::from([gap.clone()]);
        for _ in 0..PROBES {
            let Some(piece) = pieces.pop_front() else { break };
            let Some(middle) = piece.middle() else { continue };
            let range = Range { start: Bound::Included(middle.clone()), ..gap.range() };
            let found = self.scan(&range, false)?;
            if found.first.is_some() {
                // Nothing is between the middle and the first key from there on.
                let mut sides = vec![Stretch { after: gap.after.clone(), before: found.first }];
                if !found.whole {
                    sides.push(Stretch { after: found.last, before: gap.before.clone() });
                }
                return Ok(Some(sides));
            }
            pieces.push_back(Stretch { after: piece.after, before: Some(middle.clone()) });
            if !found.whole {
                pieces.push_back(Stretch { after: Some(middle), before: piece.before });
            }
        }
        Ok(None)
    }

    /// Keeps the records of a range until one cannot be read.
    fn scan(&mut self, range: &Range, reverse: bool) -> Result<Found> {
        let (mut found, mut refused) = (Found::default(), None);
        let scanned = self.read.scan(range, reverse, Fields::All, &mut |key, record| {
            if check_record(key, &record).is_err() {
                self.lost.push(Lost { after: Some(key.to_vec()), before: Some(key.to_vec()) });
            } else if let Err(error) = (self.keep)(key, record) {
                refused = Some(error);
                return Ok(false);
            }
            found.first.get_or_insert_with(|| key.to_vec());
            found.last = Some(key.to_vec());
            Ok(true)
        });
        match (refused, scanned) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(Found { whole: true, ..found }),
            (None, Err(error)) if is_damage(&error) => Ok(found),
            (None, Err(error)) => Err(error),
        }
    }
}

/// What a scan came by: the first and the last key, and whether it was all of the range.
#[derive(Default)]
struct Found {
    first: Option<Vec<u8>>,
    last: Option<Vec<u8>>,
    whole: bool,
}

/// Whether an error tells of a damaged place, beside which others may be whole.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), Kind::Corrupt | Kind::NotADatabase | Kind::Io)
}
