//! What is done to whole stores: moving them to another engine, backing them up and restoring them, saving what can be
//! read of damaged ones, taking over records of other programs.
//!
//! Every operation tells its [`Progress`] and asks whether to go on; one that was cancelled or killed changes nothing that
//! others see, and goes on, where that pays, when it is repeated.

mod import;
mod progress;

pub use import::{Existing, ImportOptions, ImportReport, ImportStatus, Item, Source, import, import_status};
pub use progress::{Phase, Progress, Watcher};
