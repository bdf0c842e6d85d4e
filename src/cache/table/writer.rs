//! What is kept: S3-FIFO. New entries queue in the small ring, a tenth of the room. Those that are read before they
//! reach its end move to the main ring; the others are dropped, but remembered, and go to the main ring at once when
//! they come back. The main ring drops its oldest that was not read since it was queued. So a scan passes through the
//! small ring and leaves the rest alone. Until the main ring is full, nothing is dropped.

use std::io;

use super::Shared;
use super::ghost::Ghost;
use super::index::{Queue, Slot, Word};
use super::item::{Header, Item};
use super::ring::Ring;
use crate::value::ValueRef;

/// Entries that one insertion may queue anew in the main ring: bounds the time it takes.
const SECOND_CHANCES: usize = 32;

/// Entries per bucket above which the index grows, while it may.
const LOAD: usize = 3;

/// What only writers use, under their lock.
pub(super) struct Writer {
    ghost: Ghost,
    pub entries: usize,
    /// Words of the items of all entries.
    pub words: usize,
    pub evictions: u64,
    /// Room for the key of an item, to be hashed.
    key: Vec<u8>,
}

impl Writer {
    /// # Errors
    /// That the system has no such memory.
    pub fn new(ghosts: usize) -> io::Result<Self> {
        Ok(Self { ghost: Ghost::new(ghosts)?, entries: 0, words: 0, evictions: 0, key: Vec::new() })
    }

    /// Keeps an entry if it may have the room; what was known of its key is forgotten either way.
    pub fn insert(&mut self, shared: &Shared, hash: u64, key: &[u8], value: Option<ValueRef<'_>>) {
        let (known, before) = shared.find(hash, key).map(|entry| (entry.slot, entry.word)).unzip();
        match self.store(shared, hash, key, value, before) {
            Some(word) => self.publish(shared, hash, known, word),
            None => {
                self.remove(shared, hash, key);
            }
        }
    }

    /// Writes the item of a new entry, after the one `before`.
    fn store(
        &mut self,
        shared: &Shared,
        hash: u64,
        key: &[u8],
        value: Option<ValueRef<'_>>,
        before: Option<Word>,
    ) -> Option<Word> {
        let header = Header::new(key, value)?;
        let words = header.words();
        let proven = before.map_or_else(|| self.ghost.remove(hash), |word| word.queue() == Queue::Main);
        let queue =
            if proven || words > shared.ring(Queue::Small).largest() { Queue::Main } else { Queue::Small };
        let position = self.claim(shared, queue, words)?;
        Item::write(shared.ring(queue).words(position, words), header, key, value);
        let word = Word::new(queue, position);
        Some(if before.is_some_and(Word::is_visited) { word.visited() } else { word })
    }

    /// Makes a stored item the entry of its key: in the slot of the older one, else in a free slot, else in that of
    /// the bucket's least word: not visited before visited, small before main, old before new. A reader sees the old
    /// or the new entry, and the old one never again afterwards. `known` is the slot of the older one: making room may
    /// have emptied it since, but no other key has taken it.
    fn publish(&mut self, shared: &Shared, hash: u64, known: Option<Slot<'_>>, word: Word) {
        let least = || shared.index.bucket(hash)?.slots().min_by_key(Slot::word);
        let Some(slot) = known.or_else(least) else { return };
        let displaced = slot.word();
        if displaced != Word::EMPTY {
            self.uncount(shared, displaced);
            self.evictions += u64::from(known.is_none());
        }
        slot.set(word, hash);
        self.entries += 1;
        self.words += shared.item(word).map_or(0, |item| item.words());
        if self.entries > LOAD * shared.index.buckets() {
            shared.index.grow(|word| shared.item(word).map_or(0, |item| self.hash_of(shared, &item)));
        }
    }

    /// Forgets what is known of a key. False when that is nothing.
    pub fn remove(&mut self, shared: &Shared, hash: u64, key: &[u8]) -> bool {
        let Some(entry) = shared.find(hash, key) else { return false };
        self.drop_entry(shared, entry.slot, entry.word);
        true
    }

    pub fn clear(&mut self, shared: &Shared) {
        shared.index.slots().for_each(|slot| slot.clear());
        shared.rings.iter().for_each(Ring::drop_all);
        self.ghost.clear();
        (self.entries, self.words) = (0, 0);
    }

    /// Makes room for an item and takes it. None when the item is too large.
    fn claim(&mut self, shared: &Shared, queue: Queue, words: usize) -> Option<u64> {
        let ring = shared.ring(queue);
        if words > ring.largest() {
            return None;
        }
        let mut chances = SECOND_CHANCES;
        while !ring.has_room(words) {
            match queue {
                Queue::Small => self.leave_small(shared)?,
                Queue::Main => self.leave_main(shared, &mut chances)?,
            }
        }
        ring.claim(words)
    }

    /// Moves the oldest of the small ring to the main ring, or drops it.
    fn leave_small(&mut self, shared: &Shared) -> Option<()> {
        let (position, item) = shared.ring(Queue::Small).oldest()?;
        let words = item.words();
        if let Some((hash, slot, word)) = self.entry_at(shared, Queue::Small, position, &item) {
            let stays = word.is_visited() || shared.ring(Queue::Main).has_room(words);
            match stays.then(|| self.claim(shared, Queue::Main, words)).flatten() {
                Some(to) => move_entry(shared, slot, hash, &item, to),
                None => {
                    self.drop_entry(shared, slot, word);
                    self.evictions += 1;
                    self.ghost.insert(hash);
                }
            }
        }
        shared.ring(Queue::Small).drop_before(position + words as u64);
        Some(())
    }

    /// Queues the oldest of the main ring anew, or drops it.
    fn leave_main(&mut self, shared: &Shared, chances: &mut usize) -> Option<()> {
        let (position, item) = shared.ring(Queue::Main).oldest()?;
        let words = item.words();
        let entry = self.entry_at(shared, Queue::Main, position, &item);
        let stays = entry.is_some_and(|(.., word)| word.is_visited()) && *chances > 0;
        if let Some((_, slot, word)) = entry
            && !stays
        {
            self.drop_entry(shared, slot, word);
            self.evictions += 1;
        }
        // Given up before it is written again: the new place may overlap the old one.
        shared.ring(Queue::Main).drop_before(position + words as u64);
        if let Some((hash, slot, _)) = entry
            && stays
        {
            *chances -= 1;
            move_entry(shared, slot, hash, &item, shared.ring(Queue::Main).claim(words)?);
        }
        Some(())
    }

    fn hash_of(&mut self, shared: &Shared, item: &Item<'_>) -> u64 {
        item.key_into(&mut self.key);
        shared.hash(&self.key)
    }

    /// The hash and the slot of the entry whose item is there; none when it was replaced or removed.
    fn entry_at<'a>(
        &mut self,
        shared: &'a Shared,
        queue: Queue,
        position: u64,
        item: &Item<'_>,
    ) -> Option<(u64, Slot<'a>, Word)> {
        let hash = self.hash_of(shared, item);
        let there = Word::new(queue, position).visited();
        let mut words = shared.index.bucket(hash)?.slots().map(|slot| (hash, slot, slot.word()));
        words.find(|(.., word)| word.visited() == there)
    }

    fn drop_entry(&mut self, shared: &Shared, slot: Slot<'_>, word: Word) {
        self.uncount(shared, word);
        slot.clear();
    }

    fn uncount(&mut self, shared: &Shared, word: Word) {
        self.entries -= 1;
        self.words -= shared.item(word).map_or(0, |item| item.words());
    }
}

/// Copies an item to a place in the main ring, not visited since.
fn move_entry(shared: &Shared, slot: Slot<'_>, hash: u64, item: &Item<'_>, to: u64) {
    item.copy_to(shared.ring(Queue::Main).words(to, item.words()));
    slot.set(Word::new(Queue::Main, to), hash);
}
