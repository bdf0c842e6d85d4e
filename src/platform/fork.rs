//! Whether the process was forked. SQLite's locks and this library's threads do not survive a fork.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);
static OPEN_FILES: AtomicUsize = AtomicUsize::new(0);
static INHERITED_FILES: AtomicBool = AtomicBool::new(false);

/// The process as it was when this value was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    pub fn current() -> Self {
        watch();
        Self(FORKS.load(Ordering::Relaxed))
    }

    /// False in a child forked since. Costs one load.
    pub fn is_current(self) -> bool {
        self.0 == FORKS.load(Ordering::Relaxed)
    }
}

/// Counts the open database files of this process.
pub(crate) struct OpenFile(Process);

impl OpenFile {
    pub fn new() -> Self {
        let process = Process::current();
        OPEN_FILES.fetch_add(1, Ordering::Relaxed);
        Self(process)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.0.is_current() {
            OPEN_FILES.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Whether this process was forked from one that had database files open: SQLite's record of their locks, and mutexes
/// that other threads held at that moment, are wrong in it for ever.
pub(crate) fn inherited_open_files() -> bool {
    INHERITED_FILES.load(Ordering::Relaxed)
}

fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        #[cfg(unix)]
        // SAFETY: the handler only touches atomics, which is allowed between fork and exec.
        unsafe {
            libc::pthread_atfork(None, None, Some(in_child));
        }
    });
}

#[cfg(unix)]
extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    if OPEN_FILES.swap(0, Ordering::Relaxed) > 0 {
        INHERITED_FILES.store(true, Ordering::Relaxed);
    }
}
