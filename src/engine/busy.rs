//! Bounded waiting for locks that others hold.

use std::time::{Duration, Instant};

use crate::error::{Kind, Result};

const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);
/// Who waits longer than the one and less than the other asks more often than who just came, and so comes before: a lock
/// that many take for short has no queue. Who waits longer still waits for something that takes long.
const IMPATIENT: Duration = Duration::from_millis(3);
const RESIGNED: Duration = Duration::from_millis(200);

/// Repeats `attempt` while it answers `Busy`, for at most `timeout`. Pauses grow to a millisecond, so that a lock is
/// taken soon after it is free.
pub(super) fn retry<T>(timeout: Duration, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt() {
            Err(error) if error.kind() == Kind::Busy && start.elapsed() < timeout => {
                let waits = start.elapsed();
                let impatient = waits >= IMPATIENT && waits < RESIGNED;
                std::thread::sleep(if impatient { FIRST_PAUSE } else { pause });
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            other => return other,
        }
    }
}
