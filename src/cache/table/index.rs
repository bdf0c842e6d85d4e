//! Finds items: a hash table of buckets, two cache lines each, that grows bucket by bucket (linear hashing) as entries
//! come. A key is in its bucket or nowhere; a full bucket gives up an entry.
//!
//! A bucket starts with a byte of the hash for each slot, so that one step tells which slots to look at. These tags
//! are hints: only a slot's word and the key of its item decide.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::arena::Arena;
use super::ring::POSITIONS;

/// Words of a bucket.
const WORDS: usize = 16;
pub(super) const BUCKET_BYTES: usize = WORDS * 8;

/// The buckets of a new index are at least so many, if it may have them, and fewer than twice as many.
const START_BUCKETS: usize = 16;

/// What the hash has bits for beside the tag.
const MOST_DOUBLINGS: u32 = 24;

const MAIN: u64 = POSITIONS;
const VISITED: u64 = POSITIONS << 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Small = 0,
    Main = 1,
}

/// Where an item is.
///
/// ```text
/// bit 61 visited   bit 60 in the main queue   bits 59..0 position
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(u64);

impl Word {
    /// No position is 0.
    pub const EMPTY: Self = Self(0);

    pub fn new(queue: Queue, position: u64) -> Self {
        Self(position | if queue == Queue::Main { MAIN } else { 0 })
    }

    #[inline(always)]
    pub fn is_visited(self) -> bool {
        self.0 & VISITED != 0
    }

    pub fn visited(self) -> Self {
        Self(self.0 | VISITED)
    }

    #[inline(always)]
    pub fn queue(self) -> Queue {
        if self.0 & MAIN == 0 { Queue::Small } else { Queue::Main }
    }

    #[inline(always)]
    pub fn position(self) -> u64 {
        self.0 & (POSITIONS - 1)
    }
}

/// Where a word is.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    word: &'a AtomicU64,
    tags: &'a AtomicU64,
    /// Where the slot's tag is.
    shift: u32,
}

impl Slot<'_> {
    #[inline(always)]
    pub fn word(&self) -> Word {
        Word(self.word.load(Acquire))
    }

    /// Under the writer's lock. The hash is that of the item's key.
    pub fn set(&self, word: Word, hash: u64) {
        self.word.store(word.0, Release);
        let others = self.tags.load(Relaxed) & !(0xFF << self.shift);
        self.tags.store(others | u64::from(tag(hash)) << self.shift, Relaxed);
    }

    /// Under the writer's lock. The tag stays: it leads to nothing.
    pub fn clear(&self) {
        self.word.store(Word::EMPTY.0, Release);
    }

    /// Marks the entry as read since it was queued, if the slot still has it.
    #[inline(always)]
    pub fn visit(&self, word: Word) {
        let _ = self.word.compare_exchange(word.0, word.visited().0, Relaxed, Relaxed);
    }
}

/// The slots where a key may be.
#[derive(Clone, Copy)]
pub(super) struct Bucket<'a>(&'a [AtomicU64; WORDS]);

impl<'a> Bucket<'a> {
    pub fn slots(self) -> impl Iterator<Item = Slot<'a>> {
        (0..WORDS - 2).filter_map(move |number| self.slot(number))
    }

    /// The slots whose tag is that of a hash.
    #[inline(always)]
    pub fn candidates(self, hash: u64) -> Candidates<'a> {
        let [low, high, ..] = self.0;
        let matches = equal_tags(low.load(Relaxed), high.load(Relaxed), tag(hash));
        // Two of the tags have no slot.
        Candidates { bucket: self, matches: matches & ((1 << (WORDS - 2)) - 1) }
    }

    #[inline(always)]
    fn slot(self, number: usize) -> Option<Slot<'a>> {
        let [low, high, slots @ ..] = self.0;
        let tags = if number < 8 { low } else { high };
        Some(Slot { word: slots.get(number)?, tags, shift: (number % 8 * 8) as u32 })
    }

    /// Its first word.
    pub fn start(self) -> &'a AtomicU64 {
        let [start, ..] = self.0;
        start
    }
}

/// The slots of a bucket whose bit is set.
pub(super) struct Candidates<'a> {
    bucket: Bucket<'a>,
    matches: u32,
}

impl<'a> Iterator for Candidates<'a> {
    type Item = Slot<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Slot<'a>> {
        let first = (self.matches != 0).then(|| self.matches.trailing_zeros())?;
        self.matches &= self.matches - 1;
        self.bucket.slot(first as usize)
    }
}

pub(super) struct Index {
    words: Arena,
    /// The buckets before it grew.
    start: usize,
    /// Buckets in use. Raised under the writer's lock.
    buckets: AtomicUsize,
    /// A bit for each time that the buckets were doubled, or are being doubled.
    doublings: AtomicU64,
}

impl Index {
    /// An index that grows to about so many buckets.
    ///
    /// # Errors
    /// That the system has no such memory.
    pub fn new(buckets: usize) -> io::Result<Self> {
        // It ends with a whole doubling, so that all buckets are equally full.
        let doublings = (buckets / START_BUCKETS).max(1).ilog2().min(MOST_DOUBLINGS);
        let start = buckets >> doublings;
        Ok(Self {
            words: Arena::new((start << doublings) * WORDS)?,
            start,
            buckets: AtomicUsize::new(start),
            doublings: AtomicU64::new(0),
        })
    }

    /// Where a key may be. While the index grows, a key that is moving may be missed, never mistaken.
    #[inline(always)]
    pub fn bucket(&self, hash: u64) -> Option<Bucket<'_>> {
        self.at(self.number(hash, self.doublings.load(Acquire), self.buckets()))
    }

    /// The bucket of a hash: among the first ones, then among those that these were split into.
    #[inline(always)]
    fn number(&self, hash: u64, doublings: u64, buckets: usize) -> usize {
        let first = ((u64::from(hash as u32) * self.start as u64) >> 32) as usize;
        let part = hash >> 32 & doublings;
        let number = first + self.start * part as usize;
        if number < buckets { number } else { first + self.start * (part & doublings >> 1) as usize }
    }

    #[inline(always)]
    fn at(&self, number: usize) -> Option<Bucket<'_>> {
        self.words.as_chunks().0.get(number).map(Bucket)
    }

    #[inline(always)]
    pub fn buckets(&self) -> usize {
        self.buckets.load(Acquire)
    }

    /// The buckets it may have.
    #[cfg(test)]
    pub fn max_buckets(&self) -> usize {
        self.words.len() / WORDS
    }

    /// All slots in use.
    pub fn slots(&self) -> impl Iterator<Item = Slot<'_>> {
        (0..self.buckets()).filter_map(|number| self.at(number)).flat_map(Bucket::slots)
    }

    /// Splits a bucket in two, if there may be one more.
    pub fn grow(&self, mut hash: impl FnMut(Word) -> u64) {
        let added = self.buckets();
        let Some(free) = self.at(added) else { return };
        let half = self.start << (added / self.start).ilog2();
        let doublings = (half / self.start * 2 - 1) as u64;
        for (from, to) in self.at(added - half).into_iter().flat_map(Bucket::slots).zip(free.slots()) {
            let word = from.word();
            let hash = if word == Word::EMPTY { continue } else { hash(word) };
            if self.number(hash, doublings, added + 1) == added {
                to.set(word, hash);
                from.clear();
            }
        }
        self.doublings.store(doublings, Release);
        self.buckets.store(added + 1, Release);
    }
}

#[inline(always)]
fn tag(hash: u64) -> u8 {
    ((hash >> 56) as u8).max(1)
}

/// A bit for each byte that equals `tag`, the lowest byte first.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
fn equal_tags(low: u64, high: u64, tag: u8) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    // SAFETY: every x86-64 processor has these instructions.
    unsafe {
        let tags = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
        _mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8(tag.cast_signed()))).cast_unsigned()
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn equal_tags(low: u64, high: u64, tag: u8) -> u32 {
    let tags = [low.to_le_bytes(), high.to_le_bytes()];
    tags.as_flattened().iter().rev().fold(0, |bits, byte| bits << 1 | u32::from(*byte == tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_with_the_tag_of_a_hash_is_a_candidate() {
        for number in (0..=u8::MAX).step_by(if cfg!(miri) { 85 } else { 1 }) {
            let words = [const { AtomicU64::new(0) }; WORDS];
            let (bucket, hash) = (Bucket(&words), u64::from(number) << 56);
            for (at, slot) in bucket.slots().enumerate() {
                slot.set(Word::new(Queue::Main, at as u64 + 1), hash);
                let positions: Vec<_> = bucket.candidates(hash).map(|slot| slot.word().position()).collect();
                assert!((0..=at).all(|at| positions.contains(&(at as u64 + 1))));
            }
        }
    }

    #[test]
    fn a_grown_index_has_every_key_in_its_bucket() {
        let index = Index::new(100).unwrap();
        let hash = |word: Word| word.position().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for position in 1..200 {
            let word = Word::new(Queue::Small, position);
            let free = index.bucket(hash(word)).unwrap().slots().find(|slot| slot.word() == Word::EMPTY);
            free.unwrap().set(word, hash(word));
            index.grow(hash);
            for position in (1..=position).step_by(if cfg!(miri) { 50 } else { 1 }) {
                let word = Word::new(Queue::Small, position);
                let mut slots = index.bucket(hash(word)).unwrap().candidates(hash(word));
                assert!(slots.any(|slot| slot.word() == word), "{position} with {} buckets", index.buckets());
            }
        }
        assert_eq!(index.buckets(), 100);
        assert_eq!(index.slots().filter(|slot| slot.word() != Word::EMPTY).count(), 199);
    }
}
