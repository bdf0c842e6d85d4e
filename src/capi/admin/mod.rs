//! What is done to whole stores.

mod backup;
mod migrate;
mod progress;
mod restore;
