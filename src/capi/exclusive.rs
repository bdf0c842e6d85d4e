//! Objects that one thread uses at a time.

use parking_lot::{Mutex, MutexGuard};

use crate::error::{Error, Kind, Result};
use crate::platform::fork::Process;

/// A lock that no forked child waits for: what a thread of its parent held at that moment is held for ever.
pub(super) struct Exclusive<T> {
    process: Process,
    object: Mutex<T>,
}

impl<T> Exclusive<T> {
    pub fn new(object: T) -> Self {
        Self { process: Process::current(), object: Mutex::new(object) }
    }

    /// Waits for other threads.
    pub fn lock(&self) -> Result<MutexGuard<'_, T>> {
        if self.process.is_current() { Ok(self.object.lock()) } else { self.try_lock("object") }
    }

    /// Refuses while another thread uses it; `what` names it.
    pub fn try_lock(&self, what: &str) -> Result<MutexGuard<'_, T>> {
        self.object.try_lock().ok_or_else(|| {
            if self.process.is_current() {
                Error::new(Kind::Busy, format!("the {what} is in use by another thread"))
            } else {
                Error::new(Kind::Forked, format!("the process was forked while a thread used the {what}"))
            }
        })
    }
}
