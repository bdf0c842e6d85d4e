//! A barrier in two halves, for two threads that each store something, run their half, and load what the other stored: at
//! least one of them sees the other's store. The half that runs often costs nothing where the system can have the other
//! half do the work of both.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed, Ordering::SeqCst, compiler_fence, fence};

const UNDECIDED: u8 = 0;
/// Each half is a barrier of its own.
const SYMMETRIC: u8 = 1;
/// [`Barrier::heavy`] acts for all threads.
const ASYMMETRIC: u8 = 2;

/// Of which kind it is, is decided once: whoever knows that it was decided knows the same as all others.
pub(crate) struct Barrier(AtomicU8);

impl Barrier {
    pub const fn new() -> Self {
        Self(AtomicU8::new(UNDECIDED))
    }

    /// Decides, if nobody has: to be called, and known to have been, before either half is of use.
    pub fn prepare(&self) {
        if self.0.load(Relaxed) == UNDECIDED {
            let kind = if system::register() { ASYMMETRIC } else { SYMMETRIC };
            let _ = self.0.compare_exchange(UNDECIDED, kind, Relaxed, Relaxed);
        }
    }

    /// The half that runs often.
    #[inline(always)]
    pub fn light(&self) {
        if self.0.load(Relaxed) == ASYMMETRIC { compiler_fence(SeqCst) } else { fence(SeqCst) }
    }

    /// The half that runs seldom. False when the system refused: then nothing is known of the other threads.
    pub fn heavy(&self) -> bool {
        fence(SeqCst);
        // A forked child may have to register anew.
        self.0.load(Relaxed) != ASYMMETRIC || system::barrier() || system::register() && system::barrier()
    }
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

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
    const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;

    /// Runs `f` on a thread that the system refuses its barrier.
    fn refused(f: impl FnOnce() -> bool + Send) -> bool {
        let step = |code, k, jf| libc::sock_filter { code: code as u16, jt: 0, jf, k };
        let mut steps = [
            step(
                libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
                std::mem::offset_of!(libc::seccomp_data, nr) as u32,
                0,
            ),
            step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_membarrier as u32, 1),
            step(libc::BPF_RET | libc::BPF_K, REFUSED, 0),
            step(libc::BPF_RET | libc::BPF_K, ALLOWED, 0),
        ];
        let sandboxed = move || {
            let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
            // SAFETY: plain system calls on this thread alone; the filter is read during the call.
            unsafe {
                assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
                assert_eq!(
                    libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter),
                    0
                );
            }
            f()
        };
        std::thread::scope(|scope| scope.spawn(sandboxed).join().unwrap())
    }

    #[test]
    fn what_the_first_was_refused_is_not_used_by_others() {
        let barrier = Barrier::new();
        assert!(refused(|| {
            barrier.prepare();
            barrier.heavy()
        }));
        barrier.prepare();
        assert_eq!(barrier.0.load(Relaxed), SYMMETRIC);
        assert!(barrier.heavy() && refused(|| barrier.heavy()));
    }

    #[test]
    fn a_refusal_that_comes_later_is_told() {
        let barrier = Barrier::new();
        barrier.prepare();
        let asymmetric = barrier.0.load(Relaxed) == ASYMMETRIC;
        assert!(barrier.heavy());
        assert_eq!(refused(|| barrier.heavy()), !asymmetric);
        assert!(barrier.heavy());
    }
}
