//! Handles: what a caller holds is never an address. It is a slot and a generation, so that a stale, foreign or
//! invented one is recognised without being dereferenced.
//!
//! ```text
//! bits 46..43  tag of the type     bits 42..20  generation     bits 19..0  slot
//! ```
//! 47 bits survive every language's idea of a pointer. A slot whose generations are used up is retired.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use crate::error::{Error, Kind, Result};

const SLOT_BITS: u32 = 20;
const GENERATION_BITS: u32 = 23;
const CHUNK: usize = 4096;
const CHUNKS: usize = (1 << SLOT_BITS) / CHUNK;
const LAST_GENERATION: u64 = (1 << GENERATION_BITS) - 1;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("handles need 64-bit pointers");

struct Entry<T> {
    generation: u64,
    object: T,
}

type Chunk<T> = [ArcSwapOption<Entry<T>>; CHUNK];

struct Free {
    /// Slots that were used before, each with the generation it gets next.
    recycled: Vec<(u64, u64)>,
    unused: u64,
}

/// All live objects of one type. `H` is the opaque type that callers see.
pub(super) struct Table<H, T> {
    tag: u64,
    chunks: [OnceLock<Box<Chunk<T>>>; CHUNKS],
    free: Mutex<Free>,
    handle: PhantomData<fn(H) -> H>,
}

impl<H, T> Table<H, T> {
    pub(super) const fn new(tag: u64) -> Self {
        Self {
            tag,
            chunks: [const { OnceLock::new() }; CHUNKS],
            free: Mutex::new(Free { recycled: Vec::new(), unused: 0 }),
            handle: PhantomData,
        }
    }

    pub(super) fn insert(&self, object: T) -> Result<*mut H> {
        let (slot, generation) = {
            let mut free = self.free.lock();
            match free.recycled.pop() {
                Some(used) => used,
                None if free.unused < 1 << SLOT_BITS => {
                    free.unused += 1;
                    (free.unused - 1, 1)
                }
                None => {
                    return Err(Error::new(
                        Kind::TooLarge,
                        "too many live objects: free those no longer used",
                    ));
                }
            }
        };
        let cell = self.cell(slot).ok_or_else(|| Error::new(Kind::Panic, "handle slot out of range"))?;
        cell.store(Some(Arc::new(Entry { generation, object })));
        let bits = (self.tag << (SLOT_BITS + GENERATION_BITS)) | (generation << SLOT_BITS) | slot;
        Ok(bits as usize as *mut H)
    }

    /// Runs `f` on the object; it stays alive for the call even if another thread frees the handle meanwhile.
    pub(super) fn with<R>(&self, handle: *const H, f: impl FnOnce(&T) -> R) -> Result<R> {
        let (slot, generation) = self.decode(handle).ok_or_else(bad_handle)?;
        let guard = self.existing_cell(slot).ok_or_else(bad_handle)?.load();
        match guard.as_deref() {
            Some(entry) if entry.generation == generation => Ok(f(&entry.object)),
            _ => Err(bad_handle()),
        }
    }

    /// Ends the handle. False when it was none. The object is dropped here, or by the last call still using it.
    pub(super) fn remove(&self, handle: *const H) -> bool {
        let Some((slot, generation)) = self.decode(handle) else { return false };
        let Some(cell) = self.existing_cell(slot) else { return false };
        let current = cell.load_full();
        if current.as_ref().is_none_or(|entry| entry.generation != generation) {
            return false;
        }
        // Only the thread whose exchange succeeds recycles the slot.
        let previous = cell.compare_and_swap(&current, None);
        let won = match (&*previous, &current) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        if won && generation < LAST_GENERATION {
            self.free.lock().recycled.push((slot, generation + 1));
        }
        won
    }

    fn decode(&self, handle: *const H) -> Option<(u64, u64)> {
        let bits = handle as usize as u64;
        let slot = bits & ((1 << SLOT_BITS) - 1);
        let generation = (bits >> SLOT_BITS) & LAST_GENERATION;
        (bits >> (SLOT_BITS + GENERATION_BITS) == self.tag).then_some((slot, generation))
    }

    fn cell(&self, slot: u64) -> Option<&ArcSwapOption<Entry<T>>> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?;
        chunk
            .get_or_init(|| Box::new([const { ArcSwapOption::const_empty() }; CHUNK]))
            .get(slot as usize % CHUNK)
    }

    fn existing_cell(&self, slot: u64) -> Option<&ArcSwapOption<Entry<T>>> {
        self.chunks.get(slot as usize / CHUNK)?.get()?.get(slot as usize % CHUNK)
    }
}

fn bad_handle() -> Error {
    Error::new(Kind::BadHandle, "the handle is NULL, closed, freed, or of another type")
}

/// Declares the table of one object type: `object!(c_type => RustType, TABLE, tag)`. Tags are unique per type.
macro_rules! object {
    ($handle:ty => $object:ty, $table:ident, $tag:literal) => {
        pub(super) static $table: Table<$handle, $object> = Table::new($tag);
    };
}
pub(super) use object;

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing;
    struct Other;

    #[test]
    fn a_removed_handle_is_never_mistaken_for_its_successor() {
        let table: Table<Thing, u32> = Table::new(7);
        let first = table.insert(1).unwrap_or(std::ptr::null_mut());
        assert!(table.remove(first));
        let second = table.insert(2).unwrap_or(std::ptr::null_mut());
        assert_ne!(first, second);
        assert!(table.with(first, |_| ()).is_err());
        assert!(!table.remove(first));
        assert_eq!(table.with(second, |v| *v).ok(), Some(2));
    }

    #[test]
    fn handles_of_another_type_null_and_garbage_are_refused() {
        let things: Table<Thing, u32> = Table::new(7);
        let others: Table<Other, u32> = Table::new(8);
        let thing = things.insert(1).unwrap_or(std::ptr::null_mut());
        assert!(others.with(thing.cast(), |_| ()).is_err());
        for bits in [0_usize, 1, usize::MAX, 0x7fff_ffff_f000, &raw const things as usize] {
            assert!(things.with(bits as *const Thing, |_| ()).is_err());
            assert!(!things.remove(bits as *const Thing));
        }
    }

    #[test]
    fn one_of_many_concurrent_removers_wins() {
        static TABLE: Table<Thing, u32> = Table::new(9);
        for _ in 0..100 {
            let bits = TABLE.insert(5).unwrap_or(std::ptr::null_mut()) as usize;
            let threads: Vec<_> =
                (0..4).map(|_| std::thread::spawn(move || TABLE.remove(bits as *const Thing))).collect();
            let won = threads.into_iter().filter_map(|t| t.join().ok()).filter(|won| *won).count();
            assert_eq!(won, 1);
        }
    }
}
