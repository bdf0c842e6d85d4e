//! What is done to whole stores.

mod backup;
mod import;
mod migrate;
pub(super) mod progress;
mod restore;
