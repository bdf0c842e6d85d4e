//! A queue of items in a ring of words. Positions only grow, so that one names the same item for ever.
//!
//! A position is a lap and an offset: the lap counts by powers of two, the offsets from the ring's length on are
//! skipped. No item goes over the end of a lap.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::Release, fence};

use super::arena::Arena;
use super::item::{GAP, Item};

/// Positions are below.
pub(super) const POSITIONS: u64 = 1 << 60;

/// The largest item is this part of the ring, so that one item never displaces much.
const LARGEST: usize = 8;

pub(super) struct Ring {
    words: Arena,
    /// Positions of a lap.
    span: u64,
    /// Where the next item goes. Moved under the writer's lock.
    head: AtomicU64,
    /// Items before it are gone. Moved under the writer's lock, before their words are used again.
    tail: AtomicU64,
}

impl Ring {
    /// # Errors
    /// That the system has no such memory.
    pub fn new(words: usize) -> io::Result<Self> {
        let span = words.next_power_of_two() as u64;
        // From the first lap on: no position is 0.
        Ok(Self { words: Arena::new(words)?, span, head: AtomicU64::new(span), tail: AtomicU64::new(span) })
    }

    fn offset(&self, position: u64) -> usize {
        (position & (self.span - 1)) as usize
    }

    fn next_lap(&self, position: u64) -> u64 {
        (position | (self.span - 1)) + 1
    }

    /// The words of the largest item that is taken.
    pub fn largest(&self) -> usize {
        self.words.len() / LARGEST
    }

    /// The item at a position, to be trusted only if the position is held afterwards.
    #[inline(always)]
    pub fn item(&self, position: u64) -> Option<Item<'_>> {
        Item::at(&self.words, self.offset(position))
    }

    /// The same, if the item is of that key.
    #[inline(always)]
    pub fn item_of(&self, position: u64, key: &[u8]) -> Option<Item<'_>> {
        Item::of_key(&self.words, self.offset(position), key)
    }

    /// Whether the words of a position are still those of its item. What was read of them before is then true, if an
    /// acquire fence is between.
    #[inline(always)]
    pub fn holds(&self, position: u64) -> bool {
        self.tail.load(Relaxed) <= position
    }

    /// The words from a position on, to be filled.
    pub fn words(&self, position: u64, words: usize) -> &[AtomicU64] {
        let start = self.offset(position);
        self.words.get(start..start + words).unwrap_or_default()
    }

    /// Where the next item of so many words goes.
    fn place(&self, words: usize) -> u64 {
        let head = self.head.load(Relaxed);
        if self.offset(head) + words <= self.words.len() { head } else { self.next_lap(head) }
    }

    /// Whether such an item fits without dropping the oldest. It does once the ring is empty, if it is not larger than
    /// the largest, and after dropping an oldest of the same size.
    pub fn has_room(&self, words: usize) -> bool {
        self.place(words) + words as u64 <= self.tail.load(Relaxed) + self.span
    }

    /// Takes the words for an item, if it fits.
    pub fn claim(&self, words: usize) -> Option<u64> {
        let (head, position) = (self.head.load(Relaxed), self.place(words));
        let end = position + words as u64;
        if !self.has_room(words) || end >= POSITIONS {
            return None;
        }
        if head != position
            && let Some(word) = self.words.get(self.offset(head))
        {
            word.store(GAP, Relaxed);
        }
        self.head.store(end, Relaxed);
        Some(position)
    }

    /// The oldest item and its position.
    pub fn oldest(&self) -> Option<(u64, Item<'_>)> {
        let head = self.head.load(Relaxed);
        loop {
            let tail = self.tail.load(Relaxed);
            if tail == head {
                return None;
            }
            match self.item(tail) {
                Some(item) => return Some((tail, item)),
                None => self.drop_before(self.next_lap(tail).min(head)),
            }
        }
    }

    /// Gives up all items before a position.
    pub fn drop_before(&self, position: u64) {
        self.tail.store(position, Relaxed);
        // Whoever reads a word stored from now on also sees the tail.
        fence(Release);
    }

    pub fn drop_all(&self) {
        self.drop_before(self.head.load(Relaxed));
    }

    /// Goes on, empty, from a later position.
    #[cfg(test)]
    pub fn skip_to(&self, position: u64) {
        self.head.store(position, Relaxed);
        self.drop_all();
    }
}
