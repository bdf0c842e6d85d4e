//! Handles: what a caller holds is never an address. It is a slot and a generation, so that a stale, foreign or
//! invented one is recognised without being dereferenced.
//!
//! ```text
//! bits 46..43  tag of the type     bits 42..20  generation     bits 19..0  slot
//! ```
//! 47 bits survive every language's idea of a pointer. A slot whose generations are used up is retired.
//!
//! No lock is taken: a forked child would wait for ever for a thread that only its parent has.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use once_cell::race::OnceBox;

use crate::error::{Error, Kind, Result};
use crate::platform::fork::Process;

const SLOT_BITS: u32 = 20;
const GENERATION_BITS: u32 = 23;
const CHUNK: usize = 4096;
const CHUNKS: usize = (1 << SLOT_BITS) / CHUNK;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("handles need 64-bit pointers");

struct Entry<T> {
    generation: u32,
    process: Process,
    object: T,
}

struct Slot<T> {
    entry: ArcSwapOption<Entry<T>>,
    /// While the slot is free: what its next entry gets.
    generation: AtomicU32,
    /// While the slot is free: the link to the one freed before it.
    below: AtomicU64,
}

impl<T> Slot<T> {
    const fn new() -> Self {
        Self {
            entry: ArcSwapOption::const_empty(),
            generation: AtomicU32::new(1),
            below: AtomicU64::new(NO_LINK),
        }
    }
}

type Chunk<T> = [Slot<T>; CHUNK];

/// A slot's number plus one.
const NO_LINK: u64 = 0;
const LINK_BITS: u32 = SLOT_BITS + 1;
const LINK_MASK: u64 = (1 << LINK_BITS) - 1;

/// All live objects of one type. `H` is the opaque type that callers see.
pub(super) struct Table<H, T> {
    tag: u64,
    chunks: [OnceBox<Chunk<T>>; CHUNKS],
    /// The slot that was freed last: a link, and above it a count of changes, so that a head that left and came back is
    /// not taken for one that stayed.
    freed: AtomicU64,
    /// The first slot that was never used.
    unused: AtomicU64,
    handle: PhantomData<fn(H) -> H>,
}

impl<H, T> Table<H, T> {
    pub(super) const fn new(tag: u64) -> Self {
        Self {
            tag,
            chunks: [const { OnceBox::new() }; CHUNKS],
            freed: AtomicU64::new(NO_LINK),
            unused: AtomicU64::new(0),
            handle: PhantomData,
        }
    }

    pub(super) fn insert(&self, object: T) -> Result<*mut H> {
        let number = self
            .take()
            .ok_or_else(|| Error::new(Kind::TooLarge, "too many live objects: free those no longer used"))?;
        let slot = self.slot(number).ok_or_else(|| Error::new(Kind::Panic, "handle slot out of range"))?;
        let generation = slot.generation.load(Ordering::Relaxed);
        slot.entry.store(Some(Arc::new(Entry { generation, process: Process::current(), object })));
        let bits =
            (self.tag << (SLOT_BITS + GENERATION_BITS)) | (u64::from(generation) << SLOT_BITS) | number;
        Ok(bits as usize as *mut H)
    }

    /// Runs `f` on the object; it stays alive for the call even if another thread frees the handle meanwhile.
    pub(super) fn with<R>(&self, handle: *const H, f: impl FnOnce(&T) -> R) -> Result<R> {
        let (number, generation) = self.decode(handle).ok_or_else(bad_handle)?;
        let guard = self.existing_slot(number).ok_or_else(bad_handle)?.entry.load();
        match guard.as_deref() {
            Some(entry) if entry.generation == generation => Ok(f(&entry.object)),
            _ => Err(bad_handle()),
        }
    }

    /// Ends the handle. False when it was none. The object is dropped here, or by the last call still using it. A forked
    /// child leaks its parent's objects: a thread that it does not have may have been in the midst of changing them.
    pub(super) fn remove(&self, handle: *const H) -> bool {
        let Some((number, generation)) = self.decode(handle) else { return false };
        let Some(slot) = self.existing_slot(number) else { return false };
        let Some(current) = slot.entry.load_full() else { return false };
        if current.generation != generation {
            return false;
        }
        // Only the thread whose exchange succeeds recycles the slot.
        let previous = slot.entry.compare_and_swap(&current, None);
        let won = previous.as_ref().is_some_and(|previous| Arc::ptr_eq(previous, &current));
        if won && generation < LAST_GENERATION {
            slot.generation.store(generation + 1, Ordering::Relaxed);
            self.give_back(number, slot);
        }
        if !current.process.is_current() {
            std::mem::forget(current);
        }
        won
    }

    /// A slot for a new object, the one freed last if there is one.
    fn take(&self) -> Option<u64> {
        let mut head = self.freed.load(Ordering::Acquire);
        while let Some(number) = (head & LINK_MASK).checked_sub(1) {
            // Another thread may have taken the slot and given it back: then the exchange fails.
            let below = self.existing_slot(number)?.below.load(Ordering::Relaxed);
            let order = (Ordering::Acquire, Ordering::Acquire);
            match self.freed.compare_exchange_weak(head, relinked(head, below), order.0, order.1) {
                Ok(_) => return Some(number),
                Err(present) => head = present,
            }
        }
        let next = |number| (number < 1 << SLOT_BITS).then_some(number + 1);
        self.unused.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
    }

    fn give_back(&self, number: u64, slot: &Slot<T>) {
        let mut head = self.freed.load(Ordering::Relaxed);
        loop {
            slot.below.store(head & LINK_MASK, Ordering::Relaxed);
            let order = (Ordering::Release, Ordering::Relaxed);
            match self.freed.compare_exchange_weak(head, relinked(head, number + 1), order.0, order.1) {
                Ok(_) => return,
                Err(present) => head = present,
            }
        }
    }

    fn decode(&self, handle: *const H) -> Option<(u64, u32)> {
        let bits = handle as usize as u64;
        let number = bits & ((1 << SLOT_BITS) - 1);
        let generation = (bits >> SLOT_BITS) as u32 & LAST_GENERATION;
        (bits >> (SLOT_BITS + GENERATION_BITS) == self.tag).then_some((number, generation))
    }

    fn slot(&self, number: u64) -> Option<&Slot<T>> {
        let chunk = self.chunks.get(number as usize / CHUNK)?;
        chunk.get_or_init(|| Box::new([const { Slot::new() }; CHUNK])).get(number as usize % CHUNK)
    }

    fn existing_slot(&self, number: u64) -> Option<&Slot<T>> {
        self.chunks.get(number as usize / CHUNK)?.get()?.get(number as usize % CHUNK)
    }
}

/// The head after `head` with another link.
fn relinked(head: u64, link: u64) -> u64 {
    (head & !LINK_MASK).wrapping_add(1 << LINK_BITS) | link
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
        for _ in 0..if cfg!(miri) { 5 } else { 100 } {
            let bits = TABLE.insert(5).unwrap_or(std::ptr::null_mut()) as usize;
            let threads: Vec<_> =
                (0..4).map(|_| std::thread::spawn(move || TABLE.remove(bits as *const Thing))).collect();
            let won = threads.into_iter().filter_map(|t| t.join().ok()).filter(|won| *won).count();
            assert_eq!(won, 1);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too slow there; the thread sanitizer runs it")]
    fn threads_never_share_a_slot() {
        static TABLE: Table<Thing, u64> = Table::new(10);
        let work = |thread: u64| {
            for n in 0..20_000 {
                let handles = [0, 1, 2].map(|_| TABLE.insert(thread << 32 | n).unwrap());
                for handle in handles {
                    assert_eq!(TABLE.with(handle, |v| *v).unwrap(), thread << 32 | n);
                    assert!(TABLE.remove(handle));
                }
            }
        };
        std::thread::scope(|scope| {
            (0..4).for_each(|thread| drop(scope.spawn(move || work(thread))));
        });
        assert!(TABLE.unused.load(Ordering::Relaxed) <= 12);
    }
}
