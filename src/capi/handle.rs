//! Handles: what a caller holds is never an address. It is a slot and a generation, so that a stale, foreign or
//! invented one is recognised without being dereferenced.
//!
//! ```text
//! bits 46..43  tag of the type     bits 42..20  generation     bits 19..0  slot
//! ```
//! 47 bits survive every language's idea of a pointer. A slot whose generations are used up is retired.
//!
//! No lock is taken: a forked child would wait for ever for a thread that only its parent has.
//!
//! A call announces the handle that it uses ([`hazard`](super::hazard)), and then looks whether it still lives. Whoever
//! ends a handle frees its object if no call has announced it, else leaves that to the last of these calls.

use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};

use once_cell::race::OnceBox;

use super::hazard::{Hazard, is_announced};
use crate::error::{Error, Kind, Result};
use crate::platform::barrier::Barrier;
use crate::platform::fork::Process;

/// Between the users of long-lived objects and those who free them.
static BARRIER: Barrier = Barrier::new();

const SLOT_BITS: u32 = 20;
const GENERATION_BITS: u32 = 23;
const CHUNK: usize = 4096;
const CHUNKS: usize = (1 << SLOT_BITS) / CHUNK;
const SLOTS: u64 = (1 << SLOT_BITS) - 1;
const TAG_SHIFT: u32 = SLOT_BITS + GENERATION_BITS;
const GENERATIONS: u64 = ((1 << GENERATION_BITS) - 1) << SLOT_BITS;
const ONE_GENERATION: u64 = 1 << SLOT_BITS;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("handles need 64-bit pointers");

struct Entry<T> {
    process: Process,
    object: T,
}

/// What a slot's state says, above the bits of its handle, or, while it is free, the generation of the next.
#[derive(Clone, Copy)]
enum Phase {
    Live = 0,
    Free = 1,
    /// The handle has ended. Who ended it has not yet seen who uses the object.
    Ended = 2,
    /// Whoever finds that the object is not used any more frees it.
    Retired = 3,
}

const PHASE_SHIFT: u32 = 62;

const fn state(bits: u64, phase: Phase) -> u64 {
    bits | (phase as u64) << PHASE_SHIFT
}

struct Slot<T> {
    state: AtomicU64,
    /// Changed only by whoever made or freed the entry.
    entry: AtomicPtr<Entry<T>>,
    /// While the slot is free: the link to the one freed before it.
    below: AtomicU64,
}

impl<T> Slot<T> {
    const fn new() -> Self {
        Self {
            state: AtomicU64::new(state(ONE_GENERATION, Phase::Free)),
            entry: AtomicPtr::new(null_mut()),
            below: AtomicU64::new(NO_LINK),
        }
    }
}

/// How long the objects of a table live.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lives {
    /// Freed so seldom that it may cost microseconds, and using them next to nothing.
    Long,
    /// Freed as often as they are used.
    Short,
}

impl Lives {
    /// Between an announcement, or its end, and a look whether the handle lives.
    #[inline(always)]
    fn user_barrier(self) {
        match self {
            Self::Long => BARRIER.light(),
            Self::Short => fence(Ordering::SeqCst),
        }
    }

    /// Between a handle's end and a look at the announcements. False when these cannot be told.
    fn freer_barrier(self) -> bool {
        match self {
            Self::Long => BARRIER.heavy(),
            Self::Short => {
                fence(Ordering::SeqCst);
                true
            }
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
    lives: Lives,
    chunks: [OnceBox<Chunk<T>>; CHUNKS],
    /// The slot that was freed last: a link, and above it a count of changes, so that a head that left and came back is
    /// not taken for one that stayed.
    freed: AtomicU64,
    /// The first slot that was never used.
    unused: AtomicU64,
    handle: PhantomData<fn(H) -> H>,
    objects: PhantomData<T>,
}

impl<H, T: Send + Sync> Table<H, T> {
    pub(super) const fn new(tag: u64, lives: Lives) -> Self {
        Self {
            tag,
            lives,
            chunks: [const { OnceBox::new() }; CHUNKS],
            freed: AtomicU64::new(NO_LINK),
            unused: AtomicU64::new(0),
            handle: PhantomData,
            objects: PhantomData,
        }
    }

    pub(super) fn insert(&self, object: T) -> Result<*mut H> {
        if self.lives == Lives::Long {
            BARRIER.prepare();
        }
        let number = self
            .take()
            .ok_or_else(|| Error::new(Kind::TooLarge, "too many live objects: free those no longer used"))?;
        let slot = self.slot(number).ok_or_else(|| Error::new(Kind::Panic, "handle slot out of range"))?;
        let generation = slot.state.load(Ordering::Relaxed) & GENERATIONS;
        let bits = self.tag << TAG_SHIFT | generation | number;
        let entry = Box::new(Entry { process: Process::current(), object });
        slot.entry.store(Box::into_raw(entry), Ordering::Relaxed);
        slot.state.store(state(bits, Phase::Live), Ordering::Release);
        Ok(bits as usize as *mut H)
    }

    /// Runs `f` on the object; it stays alive for the call even if another thread frees the handle meanwhile.
    #[inline]
    pub(super) fn with<R>(&self, handle: *const H, f: impl FnOnce(&T) -> R) -> Result<R> {
        let (bits, slot) = self.find(handle).ok_or_else(bad_handle)?;
        let _leaving = Leaving { table: self, slot, bits };
        // Dropped first.
        let _hazard = Hazard::announce(bits);
        self.lives.user_barrier();
        if slot.state.load(Ordering::Acquire) != state(bits, Phase::Live) {
            return Err(bad_handle());
        }
        // SAFETY: `insert` made the entry before it let the handle live, and since this use was announced before the
        // handle was seen to live, nobody frees the entry until the announcement ends.
        let entry = unsafe { &*slot.entry.load(Ordering::Relaxed) };
        Ok(f(&entry.object))
    }

    /// Ends the handle. False when it was none. The object is dropped here, or by the last call still using it. A forked
    /// child leaks its parent's objects: a thread that it does not have may have been in the midst of changing them.
    pub(super) fn remove(&self, handle: *const H) -> bool {
        let Some((bits, slot)) = self.find(handle) else { return false };
        let [live, ended] = [Phase::Live, Phase::Ended].map(|phase| state(bits, phase));
        if slot.state.compare_exchange(live, ended, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        // Where the barrier is refused, nobody can tell whether the object is used: it is leaked.
        if self.lives.freer_barrier() {
            if !is_announced(bits) {
                self.free(slot, bits, Phase::Ended);
                return true;
            }
            slot.state.store(state(bits, Phase::Retired), Ordering::Release);
            // Whoever ended a use before it could see that is now seen to have ended it.
            if self.lives.freer_barrier() && !is_announced(bits) {
                self.free(slot, bits, Phase::Retired);
            }
        }
        true
    }

    /// After a use of an object whose handle has ended.
    #[cold]
    fn leave(&self, slot: &Slot<T>, bits: u64) {
        // Of two uses that end at the same time, at least one sees that the other has.
        fence(Ordering::SeqCst);
        let retired = slot.state.load(Ordering::Acquire) == state(bits, Phase::Retired);
        if retired && !is_announced(bits) {
            self.free(slot, bits, Phase::Retired);
        }
    }

    /// Frees an object that nobody uses any more, unless another thread does it.
    fn free(&self, slot: &Slot<T>, bits: u64, phase: Phase) {
        let generation = bits & GENERATIONS;
        let next = state(generation.wrapping_add(ONE_GENERATION) & GENERATIONS, Phase::Free);
        let won = slot.state.compare_exchange(state(bits, phase), next, Ordering::AcqRel, Ordering::Relaxed);
        if won.is_err() {
            return;
        }
        // SAFETY: `insert` made the entry from a box, and the exchange succeeds for one thread alone.
        let entry = unsafe { Box::from_raw(slot.entry.load(Ordering::Relaxed)) };
        if generation != GENERATIONS {
            self.give_back(bits & SLOTS, slot);
        }
        if !entry.process.is_current() {
            std::mem::forget(entry);
        }
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
        let next = |number| (number <= SLOTS).then_some(number + 1);
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

    /// The bits of a handle, if they are one of this table, and its slot.
    #[inline(always)]
    fn find(&self, handle: *const H) -> Option<(u64, &Slot<T>)> {
        let bits = handle as usize as u64;
        let slot = (bits >> TAG_SHIFT == self.tag).then(|| self.existing_slot(bits & SLOTS)).flatten()?;
        Some((bits, slot))
    }

    fn slot(&self, number: u64) -> Option<&Slot<T>> {
        let chunk = self.chunks.get(number as usize / CHUNK)?;
        chunk.get_or_init(|| Box::new([const { Slot::new() }; CHUNK])).get(number as usize % CHUNK)
    }

    #[inline(always)]
    fn existing_slot(&self, number: u64) -> Option<&Slot<T>> {
        self.chunks.get(number as usize / CHUNK)?.get()?.get(number as usize % CHUNK)
    }
}

/// Dropped after a use of an object.
struct Leaving<'a, H, T: Send + Sync> {
    table: &'a Table<H, T>,
    slot: &'a Slot<T>,
    bits: u64,
}

impl<H, T: Send + Sync> Drop for Leaving<'_, H, T> {
    #[inline]
    fn drop(&mut self) {
        self.table.lives.user_barrier();
        if self.slot.state.load(Ordering::Relaxed) != state(self.bits, Phase::Live) {
            self.table.leave(self.slot, self.bits);
        }
    }
}

/// The head after `head` with another link.
fn relinked(head: u64, link: u64) -> u64 {
    (head & !LINK_MASK).wrapping_add(1 << LINK_BITS) | link
}

fn bad_handle() -> Error {
    Error::new(Kind::BadHandle, "the handle is NULL, closed, freed, or of another type")
}

/// Declares the table of one object type: `object!(c_type => RustType, TABLE, tag, lives)`. Tags are unique per type, and
/// not 0.
macro_rules! object {
    ($handle:ty => $object:ty, $table:ident, $tag:literal, $lives:ident) => {
        pub(super) static $table: Table<$handle, $object> =
            Table::new($tag, $crate::capi::handle::Lives::$lives);
    };
}
pub(super) use object;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use super::*;

    // The tables have tags of their own, as those of the library: all announce their handles in one place.
    struct Thing;
    struct Other;

    #[test]
    fn a_removed_handle_is_never_mistaken_for_its_successor() {
        let table: Table<Thing, u32> = Table::new(7, Lives::Short);
        let first = table.insert(1).unwrap_or(std::ptr::null_mut());
        assert!(table.remove(first));
        let second = table.insert(2).unwrap_or(std::ptr::null_mut());
        assert_ne!(first, second);
        assert!(table.with(first, |_| ()).is_err());
        assert!(!table.remove(first));
        assert_eq!(table.with(second, |v| *v).ok(), Some(2));
        assert!(table.remove(second));
    }

    #[test]
    fn handles_of_another_type_null_and_garbage_are_refused() {
        let things: Table<Thing, u32> = Table::new(6, Lives::Short);
        let others: Table<Other, u32> = Table::new(8, Lives::Short);
        let thing = things.insert(1).unwrap_or(std::ptr::null_mut());
        assert!(others.with(thing.cast(), |_| ()).is_err());
        for bits in [0_usize, 1, usize::MAX, 0x7fff_ffff_f000, &raw const things as usize] {
            assert!(things.with(bits as *const Thing, |_| ()).is_err());
            assert!(!things.remove(bits as *const Thing));
        }
        assert!(things.remove(thing));
    }

    /// Tells of its end.
    struct Mortal<'a> {
        lives: AtomicBool,
        ends: &'a AtomicUsize,
    }

    impl<'a> Mortal<'a> {
        fn new(ends: &'a AtomicUsize) -> Self {
            Self { lives: AtomicBool::new(true), ends }
        }
    }

    impl Drop for Mortal<'_> {
        fn drop(&mut self) {
            self.lives.store(false, Ordering::Relaxed);
            self.ends.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn an_object_lives_until_the_last_call_on_it_returns() {
        for lives in [Lives::Long, Lives::Short] {
            let ends = AtomicUsize::new(0);
            let table: Table<Thing, Mortal> = Table::new(11, lives);
            let handle = table.insert(Mortal::new(&ends)).unwrap();
            let both = table.with(handle, |outer| {
                let inner = table.with(handle, |_| assert!(table.remove(handle)));
                assert!(table.with(handle, |_| ()).is_err() && !table.remove(handle));
                assert!(inner.is_ok() && outer.lives.load(Ordering::Relaxed));
                assert_eq!(ends.load(Ordering::Relaxed), 0);
            });
            assert!(both.is_ok());
            assert_eq!(ends.load(Ordering::Relaxed), 1);
        }
    }

    #[test]
    fn a_call_that_panics_gives_its_object_up() {
        let ends = AtomicUsize::new(0);
        let table: Table<Thing, Mortal> = Table::new(12, Lives::Long);
        let handle = table.insert(Mortal::new(&ends)).unwrap();
        let call =
            std::panic::AssertUnwindSafe(|| table.with(handle, |_| std::panic::resume_unwind(Box::new(()))));
        assert!(std::panic::catch_unwind(call).is_err());
        assert!(table.remove(handle));
        assert_eq!(ends.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn no_call_meets_a_dead_object_and_each_object_dies_once() {
        let rounds = if cfg!(miri) { 10 } else { 2_000 };
        for lives in [Lives::Long, Lives::Short] {
            let ends = AtomicUsize::new(0);
            let table: Table<Thing, Mortal> = Table::new(13, lives);
            let present = AtomicU64::new(0);
            let finished = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        while !finished.load(Ordering::Relaxed) {
                            let handle = present.load(Ordering::Relaxed) as *const Thing;
                            let alive = table.with(handle, |mortal| {
                                std::hint::spin_loop();
                                mortal.lives.load(Ordering::Relaxed)
                            });
                            assert!(alive.unwrap_or(true));
                        }
                    });
                }
                for _ in 0..rounds {
                    let handle = table.insert(Mortal::new(&ends)).unwrap();
                    present.store(handle as u64, Ordering::Relaxed);
                    std::thread::yield_now();
                    assert!(table.remove(handle));
                }
                finished.store(true, Ordering::Relaxed);
            });
            assert_eq!(ends.load(Ordering::Relaxed), rounds);
        }
    }

    #[test]
    fn one_of_many_concurrent_removers_wins() {
        static TABLE: Table<Thing, u32> = Table::new(9, Lives::Long);
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
        static TABLE: Table<Thing, u64> = Table::new(10, Lives::Short);
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
