//! Counters that threads raise without meeting on a cache line, and without the cost of an atomic addition. Threads that
//! share a stripe, which only many do, may lose each other's counts.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

const STRIPES: usize = 64;

#[derive(Default)]
#[repr(align(128))]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
}

pub(super) struct Counters {
    stripes: [Stripe; STRIPES],
}

impl Default for Counters {
    fn default() -> Self {
        Self { stripes: std::array::from_fn(|_| Stripe::default()) }
    }
}

impl Counters {
    pub fn hit(&self) {
        raise(&self.stripe().hits);
    }

    pub fn miss(&self) {
        raise(&self.stripe().misses);
    }

    pub fn hits(&self) -> u64 {
        self.stripes.iter().map(|stripe| stripe.hits.load(Relaxed)).sum()
    }

    pub fn misses(&self) -> u64 {
        self.stripes.iter().map(|stripe| stripe.misses.load(Relaxed)).sum()
    }

    #[allow(clippy::indexing_slicing, reason = "a remainder is below its divisor")]
    fn stripe(&self) -> &Stripe {
        static THREADS: AtomicUsize = AtomicUsize::new(1);
        thread_local! {
            /// The number of this thread; 0: not counted yet.
            static NUMBER: Cell<usize> = const { Cell::new(0) };
        }
        let mut number = NUMBER.get();
        if number == 0 {
            number = THREADS.fetch_add(1, Relaxed);
            NUMBER.set(number);
        }
        &self.stripes[number % STRIPES]
    }
}

#[inline]
fn raise(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
}
