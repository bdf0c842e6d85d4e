//! Bounded waiting for locks that others hold.

use std::time::{Duration, Instant};

use crate::error::{Kind, Result};

const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// Repeats `attempt` while it answers `Busy`, for at most `timeout`. Pauses grow to a millisecond, so that a lock is
/// taken soon after it is free.
pub(super) fn retry<T>(timeout: Duration, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt() {
            Err(error) if error.kind() == Kind::Busy && start.elapsed() < timeout => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            other => return other,
        }
    }
}
