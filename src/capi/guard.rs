//! What stands around every export: no panic leaves the library, and errors become a status and an object.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::error::{JOINLY_OK, joinly_error, joinly_status, make};
use crate::error::{Error, Kind, Result};

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs an export's body. Clears `*err` first; on failure fills it, except for the outcomes that are part of a
/// normal day (a missing key, a time-out, a small buffer).
///
/// # Safety
/// `err` is NULL or points to a writable pointer.
pub(super) unsafe fn guard(err: *mut *mut joinly_error, body: impl FnOnce() -> Result<()>) -> joinly_status {
    if !err.is_null() {
        // SAFETY: non-NULL, so writable by the caller's contract.
        unsafe { err.write(std::ptr::null_mut()) };
    }
    let error = match contain(body) {
        Ok(()) => return JOINLY_OK,
        Err(error) => error,
    };
    let status = error.kind() as i32;
    if !err.is_null() && !error.message().is_empty() {
        // SAFETY: as above.
        unsafe { err.write(make(error)) };
    }
    status
}

/// An error of a read, of which that nothing is there is an everyday outcome.
pub(super) fn of_read(error: Error) -> Error {
    if error.kind() == Kind::NotFound { Error::quiet(Kind::NotFound) } else { error }
}

/// Runs `body`, turning a panic into `Kind::Panic`.
pub(super) fn contain<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    install_hook();
    let outer = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    result.unwrap_or_else(|payload| Err(contained(payload)))
}

#[cold]
fn contained(payload: Box<dyn Any + Send>) -> Error {
    let text = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    // A payload's own destructor may panic: leak it rather than unwind into the host.
    std::mem::forget(payload);
    Error::new(Kind::Panic, format!("a defect of the library was contained: {text}"))
}

/// Keeps the default "thread panicked" report of contained panics off the host's stderr; all others pass through.
fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if INSIDE.try_with(Cell::get).unwrap_or(false) {
                crate::log::error(format_args!("contained panic: {info}"));
            } else {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic)]
    fn a_panic_becomes_a_status() {
        // SAFETY: NULL is allowed.
        let status = unsafe { guard(std::ptr::null_mut(), || panic!("boom")) };
        assert_eq!(status, Kind::Panic as i32);
    }
}
