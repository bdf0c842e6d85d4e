//! Where the library's own messages go: to the host's sink, or nowhere.

use std::fmt::Arguments;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use arc_swap::ArcSwapOption;

/// How important a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// As a bound: nothing at all.
    Off = 0,
    /// Contained defects, failed background work.
    Error = 1,
    /// Things that will become a problem.
    Warn = 2,
    /// Opening, closing, recovery.
    Info = 3,
}

/// Receives messages, from any thread.
pub type Sink = Box<dyn Fn(Level, &str) + Send + Sync>;

static SINK: ArcSwapOption<Sink> = ArcSwapOption::const_empty();
static MAX: AtomicI32 = AtomicI32::new(0);

/// Sends messages up to `max` to `sink`, or nowhere.
pub fn set(sink: Option<Sink>, max: Level) {
    SINK.store(sink.map(Arc::new));
    MAX.store(max as i32, Ordering::Relaxed);
}

fn write(level: Level, message: Arguments<'_>) {
    if level as i32 <= MAX.load(Ordering::Relaxed)
        && let Some(sink) = SINK.load_full()
    {
        sink(level, &message.to_string());
    }
}

pub(crate) fn error(message: Arguments<'_>) {
    write(Level::Error, message);
}

pub(crate) fn warn(message: Arguments<'_>) {
    write(Level::Warn, message);
}

pub(crate) fn info(message: Arguments<'_>) {
    write(Level::Info, message);
}
