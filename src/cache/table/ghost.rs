//! Remembers keys that were dropped before they proved themselves: fingerprints that later ones overwrite.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use super::arena::Arena;

/// Fingerprints of a word.
const PACKED: usize = 4;
const BITS: usize = 16;
const MASK: u64 = (1 << BITS) - 1;

/// Used under the writer's lock.
pub(super) struct Ghost {
    words: Arena,
}

impl Ghost {
    /// # Errors
    /// That the system has no such memory.
    pub fn new(count: usize) -> io::Result<Self> {
        Ok(Self { words: Arena::new(count / PACKED)? })
    }

    pub fn insert(&mut self, hash: u64) {
        self.replace(hash, |_| fingerprint(hash));
    }

    /// Whether a key was remembered; from now on it is not.
    pub fn remove(&mut self, hash: u64) -> bool {
        let forget = |found| if found == fingerprint(hash) { 0 } else { found };
        self.replace(hash, forget) == Some(fingerprint(hash))
    }

    pub fn clear(&mut self) {
        for word in self.words.iter() {
            word.store(0, Relaxed);
        }
    }

    /// Changes the fingerprint at the place of a hash, and returns what it was.
    fn replace(&mut self, hash: u64, change: impl FnOnce(u64) -> u64) -> Option<u64> {
        let place = (hash >> BITS) as usize % (self.words.len() * PACKED).max(1);
        let (word, shift) = (self.words.get(place / PACKED)?, place % PACKED * BITS);
        let all = word.load(Relaxed);
        let found = all >> shift & MASK;
        word.store(all & !(MASK << shift) | change(found) << shift, Relaxed);
        Some(found)
    }
}

/// Never 0.
fn fingerprint(hash: u64) -> u64 {
    hash & MASK | 1
}
