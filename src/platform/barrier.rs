//! A barrier in two halves, for two threads that each store something, run their half, and load what the other stored: at
//! least one of them sees the other's store. The half that runs often costs nothing where the system can have the other
//! half do the work of both.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst, compiler_fence, fence};

/// Whether [`heavy`] acts for all threads. Until it does, [`light`] is a barrier of its own.
static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

/// Makes [`light`] cheap, if the system can.
pub(crate) fn prepare() {
    if !ASYMMETRIC.load(Relaxed) && system::register() {
        ASYMMETRIC.store(true, Relaxed);
    }
}

/// The half that runs often.
pub(crate) fn light() {
    if ASYMMETRIC.load(Relaxed) { compiler_fence(SeqCst) } else { fence(SeqCst) }
}

/// The half that runs seldom. False when the system refused: then nothing is known of the other threads.
pub(crate) fn heavy() -> bool {
    fence(SeqCst);
    // A forked child may have to register anew.
    !ASYMMETRIC.load(Relaxed) || system::barrier() || system::register() && system::barrier()
}

#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    // <linux/membarrier.h>
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    pub fn register() -> bool {
        membarrier(REGISTER_PRIVATE_EXPEDITED)
    }

    /// Every running thread of this process runs a full barrier before this returns; the others did when they stopped.
    pub fn barrier() -> bool {
        membarrier(PRIVATE_EXPEDITED)
    }

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call takes no addresses; an unknown command is an error.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
mod system {
    pub fn register() -> bool {
        false
    }

    pub fn barrier() -> bool {
        false
    }
}
