//! Group commit: of the threads that want to commit at the same time one leads, carries the requests of the others with
//! its own, and hands the lead on. A thread that is alone pays two uncontended locks and no hop.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use smallvec::SmallVec;

use crate::error::{Error, Kind, Result};

/// The most requests carried together.
const MOST: usize = 256;

/// What became of each request; most go alone.
pub(super) type Replies<R> = SmallVec<[Result<R>; 1]>;

pub(super) struct Group<T, R> {
    state: Mutex<State<T, R>>,
}

struct State<T, R> {
    led: bool,
    waiting: Vec<Arc<Ticket<T, R>>>,
}

/// The place of one waiting thread.
struct Ticket<T, R> {
    phase: Mutex<Phase<T, R>>,
    moved: Condvar,
}

enum Phase<T, R> {
    Waiting(T),
    /// A leader works on the request.
    Carried,
    /// The thread is the next leader and finds its request here.
    Lead(T),
    Done(Result<R>),
    Left,
}

impl<T, R> Group<T, R> {
    pub fn new() -> Self {
        Self { state: Mutex::new(State { led: false, waiting: Vec::new() }) }
    }

    /// Has `request` carried out by `carry`, which answers as many results as it gets requests, in their order; called on
    /// this thread or on that of another caller.
    pub fn run(&self, request: T, carry: impl Fn(&[T]) -> Replies<R>) -> Result<R> {
        let mut state = self.state.lock();
        if !state.led {
            state.led = true;
            drop(state);
            return self.lead(std::slice::from_ref(&request), Vec::new(), carry);
        }
        let ticket = Arc::new(Ticket { phase: Mutex::new(Phase::Waiting(request)), moved: Condvar::new() });
        state.waiting.push(Arc::clone(&ticket));
        drop(state);
        let mut phase = ticket.phase.lock();
        while matches!(*phase, Phase::Waiting(_) | Phase::Carried) {
            ticket.moved.wait(&mut phase);
        }
        match std::mem::replace(&mut *phase, Phase::Left) {
            Phase::Done(result) => result,
            Phase::Lead(request) => {
                drop(phase);
                let others = self.take_waiting();
                let mut requests = vec![request];
                for ticket in &others {
                    let mut phase = ticket.phase.lock();
                    if let Phase::Waiting(request) = std::mem::replace(&mut *phase, Phase::Carried) {
                        requests.push(request);
                    }
                }
                self.lead(&requests, others, carry)
            }
            Phase::Waiting(_) | Phase::Carried | Phase::Left => Err(lost()),
        }
    }

    /// Waits until nobody commits.
    pub fn drain(&self) {
        while self.state.lock().led {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn take_waiting(&self) -> Vec<Arc<Ticket<T, R>>> {
        let mut state = self.state.lock();
        let count = state.waiting.len().min(MOST);
        state.waiting.drain(..count).collect()
    }

    /// Carries a request of its own and those of the tickets.
    fn lead(
        &self,
        requests: &[T],
        carried: Vec<Arc<Ticket<T, R>>>,
        carry: impl Fn(&[T]) -> Replies<R>,
    ) -> Result<R> {
        // Also when `carry` panics: the others learn of it and the lead goes on.
        let mut lead = Lead { group: self, carried };
        let mut results = carry(requests).into_iter();
        let own = results.next().unwrap_or_else(|| Err(lost()));
        for (ticket, result) in std::mem::take(&mut lead.carried).into_iter().zip(results) {
            ticket.finish(result);
        }
        own
    }
}

impl<T, R> Ticket<T, R> {
    fn finish(&self, result: Result<R>) {
        *self.phase.lock() = Phase::Done(result);
        self.moved.notify_one();
    }
}

/// The lead, handed on when dropped.
struct Lead<'g, T, R> {
    group: &'g Group<T, R>,
    carried: Vec<Arc<Ticket<T, R>>>,
}

impl<T, R> Drop for Lead<'_, T, R> {
    fn drop(&mut self) {
        for ticket in self.carried.drain(..) {
            ticket.finish(Err(lost()));
        }
        let mut state = self.group.state.lock();
        if state.waiting.is_empty() {
            state.led = false;
            return;
        }
        let next = state.waiting.remove(0);
        drop(state);
        let mut phase = next.phase.lock();
        if let Phase::Waiting(request) = std::mem::replace(&mut *phase, Phase::Left) {
            *phase = Phase::Lead(request);
        }
        next.moved.notify_one();
    }
}

fn lost() -> Error {
    Error::new(Kind::Panic, "the commit was lost to a contained defect; its outcome is unknown")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_request_is_carried_once_and_answered_with_its_own_result() {
        let group = Group::<usize, usize>::new();
        let (carried, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (group, carried, calls) = (&group, &carried, &calls);
                scope.spawn(move || {
                    for n in 0..200 {
                        let answer = group.run(thread * 1000 + n, |requests| {
                            calls.fetch_add(1, Ordering::Relaxed);
                            carried.fetch_add(requests.len(), Ordering::Relaxed);
                            std::thread::yield_now();
                            requests.iter().map(|r| Ok(r * 2)).collect()
                        });
                        assert_eq!(answer.unwrap(), (thread * 1000 + n) * 2);
                    }
                });
            }
        });
        assert_eq!(carried.into_inner(), 1600);
        assert!(calls.into_inner() <= 1600);
        group.drain();
    }

    #[test]
    fn a_panicking_leader_takes_nobody_with_it() {
        let group = Group::<u32, u32>::new();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = group.run(1, |_| std::panic::resume_unwind(Box::new(())));
        }));
        assert!(panicked.is_err());
        assert_eq!(group.run(2, |r| r.iter().map(|r| Ok(*r)).collect()).unwrap(), 2);
    }
}
