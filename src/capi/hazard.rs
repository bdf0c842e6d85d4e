//! What each thread is using, announced where whoever wants to free it looks (hazard pointers): an announcement is a
//! store to memory of the thread's own.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

const NOTHING: u64 = 0;

/// Room for one announcement, on cache lines of its own. Records are never freed, but taken again.
#[repr(align(128))]
struct Record {
    announced: AtomicU64,
    taken: AtomicBool,
    next: *mut Record,
}

/// All records, the last added first.
static RECORDS: AtomicPtr<Record> = AtomicPtr::new(null_mut());

/// What a thread keeps between its announcements.
enum Kept {
    Nothing,
    Record(&'static Record),
    /// The thread is ending.
    NoMore,
}

thread_local! {
    static KEPT: Cell<Kept> = const { Cell::new(Kept::Nothing) };
    /// Apart, since what has a destructor costs more to look at.
    static AT_END: AtEnd = const { AtEnd };
}

struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Kept::Record(record) = KEPT.replace(Kept::NoMore) {
            record.release();
        }
    }
}

/// An announcement, until it is dropped.
pub(super) struct Hazard(&'static Record);

impl Hazard {
    /// Announces the use of what `bits`, not zero, stand for. To be followed by a barrier, and then by a look whether it
    /// is still there to be used.
    pub fn announce(bits: u64) -> Self {
        let record = match KEPT.replace(Kept::Nothing) {
            Kept::Record(record) => record,
            other => Record::take(other),
        };
        // Whoever reads this also sees that what was used before is not used any more.
        record.announced.store(bits, Ordering::Release);
        Self(record)
    }
}

impl Drop for Hazard {
    fn drop(&mut self) {
        self.0.announced.store(NOTHING, Ordering::Release);
        match KEPT.replace(Kept::Record(self.0)) {
            Kept::Nothing => {}
            other => Record::put_back(other),
        }
    }
}

/// Whether any thread has announced the use of what `bits` stand for.
pub(super) fn is_announced(bits: u64) -> bool {
    records().any(|record| record.announced.load(Ordering::Acquire) == bits)
}

fn records() -> impl Iterator<Item = &'static Record> {
    let at = |record: *mut Record| {
        // SAFETY: a record, published by the exchange in `Record::add`, and never freed.
        unsafe { record.as_ref() }
    };
    std::iter::successors(at(RECORDS.load(Ordering::Acquire)), move |record| at(record.next))
}

impl Record {
    /// A record for a thread that keeps none.
    #[cold]
    fn take(kept: Kept) -> &'static Self {
        KEPT.set(kept);
        let _ = AT_END.try_with(|_| ());
        let free = |record: &&Self| {
            !record.taken.load(Ordering::Relaxed) && !record.taken.swap(true, Ordering::Acquire)
        };
        records().find(free).unwrap_or_else(Self::add)
    }

    /// For a thread that kept something else, which the record took the place of: of a call inside this one, or the sign
    /// that the thread is ending.
    #[cold]
    fn put_back(kept: Kept) {
        let surplus = match kept {
            Kept::NoMore => KEPT.replace(kept),
            other => other,
        };
        if let Kept::Record(record) = surplus {
            record.release();
        }
    }

    fn add() -> &'static Self {
        let record = Box::into_raw(Box::new(Self {
            announced: AtomicU64::new(NOTHING),
            taken: AtomicBool::new(true),
            next: RECORDS.load(Ordering::Acquire),
        }));
        loop {
            // SAFETY: not published yet, so of this thread alone.
            let next = unsafe { (*record).next };
            match RECORDS.compare_exchange_weak(next, record, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: just made, and never freed.
                Ok(_) => return unsafe { &*record },
                // SAFETY: as above.
                Err(present) => unsafe { (*record).next = present },
            }
        }
    }

    fn release(&self) {
        self.taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: u64 = 1;

    /// Announces something when its thread ends.
    struct Late;

    impl Drop for Late {
        fn drop(&mut self) {
            drop((Hazard::announce(USED), Hazard::announce(USED)));
        }
    }

    thread_local! {
        static LATE: Late = const { Late };
    }

    #[test]
    fn a_thread_that_announces_while_it_ends_leaves_its_records_to_others() {
        const THREADS: usize = if cfg!(miri) { 20 } else { 200 };
        for _ in 0..THREADS {
            let thread = || {
                // Made first, so that it ends last.
                LATE.with(|_| ());
                drop(Hazard::announce(USED));
            };
            std::thread::spawn(thread).join().unwrap();
        }
        assert!(!is_announced(USED));
        assert!(records().count() < THREADS);
    }

    #[test]
    fn announcements_of_a_thread_end_in_any_order() {
        let [first, second, third] = [101, 102, 103].map(Hazard::announce);
        assert!([101, 102, 103].into_iter().all(is_announced));
        drop(first);
        assert!(!is_announced(101) && is_announced(102) && is_announced(103));
        drop(third);
        assert!(is_announced(102) && !is_announced(103));
        drop(second);
        assert!(!is_announced(102));
    }
}
