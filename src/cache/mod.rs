//! Bounded maps in memory: [`lru`] is the pure policy of one shard, [`sharded`] the locks above it.

mod lru;
mod sharded;

pub(crate) use lru::Lookup;
pub use sharded::Figures;
pub(crate) use sharded::{Bounds, Sharded};
