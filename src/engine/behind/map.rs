//! A map from keys to their newest changes, with the older ones that a snapshot may need. A change is taken in constant
//! time; the keys are ordered when somebody asks for their order.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::Bound;

use hashbrown::HashTable;
use parking_lot::RwLock;
use smallvec::SmallVec;

/// Short keys lie in the nodes of the order: a search follows no pointers.
pub(super) type Key = SmallVec<[u8; 24]>;

/// Keys ordered at once: a writer waits meanwhile.
const ORDERED_AT_ONCE: usize = 256;

/// What a key was changed to: what a value has beside its bytes, and these; None: deleted.
pub(super) type Found<'m, T> = Option<(T, &'m [u8])>;

pub(super) struct Map<T> {
    /// Keys and values.
    bytes: Vec<u8>,
    /// One for each key, in the order in which the keys came.
    newest: Vec<Newest<T>>,
    older: Vec<Change<T>>,
    /// The places of the keys in `newest`. There are never so many that 32 bits do not hold one.
    places: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    /// The same for the first of `newest`, in the order of the keys.
    order: RwLock<BTreeMap<Key, u32>>,
}

struct Newest<T> {
    key: Span,
    hash: u64,
    change: Change<T>,
}

#[derive(Clone, Copy)]
struct Change<T> {
    /// The number of the transaction.
    sequence: u64,
    /// None: deleted.
    value: Option<(T, Span)>,
    /// The place in `older` of the one before.
    before: Option<u32>,
}

/// A place in `bytes`.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    len: usize,
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            newest: Vec::new(),
            older: Vec::new(),
            places: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            order: RwLock::default(),
        }
    }
}

impl<T: Copy> Map<T> {
    /// How many keys it knows.
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.newest.clear();
        self.older.clear();
        self.places.clear();
        self.order.get_mut().clear();
    }

    /// Records a change. What it replaces is kept if a snapshot of `pinned` or before may read it.
    pub fn set(&mut self, key: &[u8], sequence: u64, value: Found<'_, T>, pinned: u64) {
        let hash = self.hasher.hash_one(key);
        let place = self.place(hash, key);
        let known =
            place.and_then(|place| self.newest.get_mut(place as usize)).map(|newest| &mut newest.change);
        let (mut room, mut before) = (None, None);
        if let Some(known) = &known {
            if known.sequence <= pinned {
                before = Some(self.older.len() as u32);
                self.older.push(**known);
            } else {
                (room, before) = (known.value.map(|(_, span)| span), known.before);
            }
        }
        let value = value.map(|(value, data)| (value, keep(&mut self.bytes, data, room)));
        let change = Change { sequence, value, before };
        if let Some(known) = known {
            *known = change;
            return;
        }
        let place = self.newest.len() as u32;
        self.newest.push(Newest { key: keep(&mut self.bytes, key, None), hash, change });
        let hash_of = |place: &u32| self.newest.get(*place as usize).map_or(0, |newest| newest.hash);
        self.places.insert_unique(hash, place, hash_of);
    }

    /// What is known of a key as of a transaction.
    pub fn get(&self, key: &[u8], sequence: u64) -> Option<Found<'_, T>> {
        let place = self.place(self.hasher.hash_one(key), key)?;
        self.at(&self.newest.get(place as usize)?.change, sequence)
    }

    /// Brings some more keys into their order; how many then are.
    pub fn order_more(&self) -> usize {
        let ordered = self.order.read().len();
        if ordered == self.len() {
            return ordered;
        }
        let mut order = self.order.write();
        let more = (order.len()..self.len()).take(ORDERED_AT_ONCE);
        for place in more {
            let key = self.newest.get(place).map(|newest| newest.key);
            order.insert(key.map(|key| Key::from_slice(self.slice(key))).unwrap_or_default(), place as u32);
        }
        order.len()
    }

    /// The first change in a range as of a transaction, or the last, of the keys that were ordered.
    pub fn next(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        reverse: bool,
        sequence: u64,
    ) -> Option<(&[u8], Found<'_, T>)> {
        let order = self.order.read();
        let mut found = order.range::<[u8], _>(range).filter_map(|(_, place)| {
            let newest = self.newest.get(*place as usize)?;
            Some((self.slice(newest.key), self.at(&newest.change, sequence)?))
        });
        if reverse { found.next_back() } else { found.next() }
    }

    /// The newest changes, in order of their keys.
    pub fn newest(&self) -> impl Iterator<Item = (&[u8], Found<'_, T>)> {
        let mut all: Vec<_> =
            self.newest.iter().map(|newest| (self.slice(newest.key), &newest.change)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.into_iter().map(|(key, change)| (key, self.found(change)))
    }

    fn place(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let same = |place: &u32| {
            let newest = self.newest.get(*place as usize);
            newest.is_some_and(|newest| newest.hash == hash && self.slice(newest.key) == key)
        };
        self.places.find(hash, same).copied()
    }

    fn at(&self, newest: &Change<T>, sequence: u64) -> Option<Found<'_, T>> {
        let mut change = newest;
        while change.sequence > sequence {
            change = self.older.get(change.before? as usize)?;
        }
        Some(self.found(change))
    }

    fn found(&self, change: &Change<T>) -> Found<'_, T> {
        change.value.map(|(value, span)| (value, self.slice(span)))
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.start + span.len).unwrap_or_default()
    }
}

/// Keeps bytes, in a place that is free if they fit there.
fn keep(bytes: &mut Vec<u8>, part: &[u8], room: Option<Span>) -> Span {
    let len = part.len();
    if let Some(room) = room.filter(|room| len <= room.len)
        && let Some(place) = bytes.get_mut(room.start..room.start + len)
    {
        place.copy_from_slice(part);
        return Span { start: room.start, len };
    }
    bytes.extend_from_slice(part);
    Span { start: bytes.len() - len, len }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Unbounded, Bound::Unbounded);

    fn order(map: &Map<u32>) {
        while map.order_more() < map.len() {}
    }

    #[test]
    fn snapshots_see_what_was_there_and_nothing_else_is_kept() {
        let mut map = Map::<u32>::default();
        map.set(b"a", 1, Some((10, b"ten")), 0);
        map.set(b"a", 2, Some((20, b"twenty")), 0);
        assert_eq!(map.get(b"a", 1), None, "no snapshot pinned the first");
        map.set(b"a", 5, None, 3);
        map.set(b"a", 6, Some((60, b"sixty")), 3);
        let kept = map.bytes.len();
        map.set(b"a", 7, Some((70, b"x")), 3);
        assert_eq!(map.bytes.len(), kept, "the place of what nobody reads is used again");
        let seen: Vec<_> = (2..=7).map(|at| map.get(b"a", at)).collect();
        let (first, last) = (Some(Some((20, &b"twenty"[..]))), Some(Some((70, &b"x"[..]))));
        assert_eq!(seen, [first, first, first, first, first, last]);
        map.set(b"a", 8, None, 7);
        assert_eq!((map.get(b"a", 8), map.get(b"a", 7)), (Some(None), last));
    }

    #[test]
    fn the_next_change_skips_what_came_later() {
        let mut map = Map::<u32>::default();
        for (name, sequence) in [(b"a", 3), (b"b", 1), (b"c", 2), (b"d", 4)] {
            map.set(name, sequence, Some((0, b"")), u64::MAX);
        }
        order(&map);
        let next = |range, reverse, at| map.next(range, reverse, at).map(|(key, _)| key.to_vec());
        assert_eq!(next(ALL, false, 2), Some(b"b".to_vec()));
        assert_eq!(next(ALL, true, 2), Some(b"c".to_vec()));
        assert_eq!(next((Bound::Excluded(&b"c"[..]), Bound::Unbounded), false, 3), None);
    }

    #[test]
    fn keys_are_ordered_whenever_they_came() {
        let mut map = Map::<u32>::default();
        let mut sorted = std::collections::BTreeMap::new();
        for n in 0..3000_u32 {
            let key = n.wrapping_mul(2_654_435_761).to_be_bytes();
            map.set(&key, 1, Some((n, &key[..2])), 0);
            sorted.insert(key.to_vec(), n);
            if n % 1000 == 10 {
                order(&map);
            }
        }
        order(&map);
        let newest: Vec<_> = map.newest().map(|(key, value)| (key.to_vec(), value.unwrap().0)).collect();
        assert_eq!(newest, sorted.clone().into_iter().collect::<Vec<_>>());
        let mut last = Vec::new();
        for (key, n) in sorted {
            let range = (Bound::Excluded(&last[..]), Bound::Unbounded);
            assert_eq!(map.next(range, false, 1), Some((&key[..], Some((n, &key[..2])))));
            last = key;
        }
    }
}
