//! How far a long operation is.

use std::ffi::c_void;
use std::ops::ControlFlow;

use crate::admin::{Phase, Progress};

/// Records are written to where they go.
pub const JOINLY_PHASE_COPY: u32 = 1;
/// What was changed meanwhile is written.
pub const JOINLY_PHASE_CATCH_UP: u32 = 2;
/// What was written is compared or checked.
pub const JOINLY_PHASE_VERIFY: u32 = 3;
/// It is made visible.
pub const JOINLY_PHASE_FINISH: u32 = 4;

/// How far an operation on a whole store is. Borrowed by the callback during the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_progress {
    /// Bytes of this struct, as the library knows it: fields beyond it are not there.
    pub struct_size: u32,
    /// One of `JOINLY_PHASE_*`.
    pub phase: u32,
    /// Records so far in this phase, those of earlier attempts that need not be repeated included.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// Told of progress after every step, on the thread of the call; `user` is what was given with it. Anything but 0 ends the
/// operation with `JOINLY_CANCELLED`. It may call the library, and must not unwind.
pub type joinly_progress_callback =
    Option<unsafe extern "C" fn(progress: *const joinly_progress, user: *mut c_void) -> i32>;

/// A watcher that asks the host.
///
/// # Safety
/// `callback` is NULL or a function that is safe to call with `user` on this thread.
pub(in crate::capi) unsafe fn watcher(
    callback: joinly_progress_callback,
    user: *mut c_void,
) -> impl FnMut(&Progress) -> ControlFlow<()> {
    move |progress| {
        let told = joinly_progress {
            struct_size: size_of::<joinly_progress>() as u32,
            phase: phase(progress.phase),
            records: progress.records,
            bytes: progress.bytes,
        };
        // SAFETY: the host promised that its callback may be called with `user`; the struct lives during the call.
        match callback.map_or(0, |callback| unsafe { callback(&raw const told, user) }) {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}

fn phase(phase: Phase) -> u32 {
    match phase {
        Phase::Copy => JOINLY_PHASE_COPY,
        Phase::CatchUp => JOINLY_PHASE_CATCH_UP,
        Phase::Verify => JOINLY_PHASE_VERIFY,
        Phase::Finish => JOINLY_PHASE_FINISH,
    }
}
