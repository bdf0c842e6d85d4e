//! Bounded maps in memory. For hosts: [`lru`] is the pure policy of one shard, [`sharded`] the locks above it. For
//! stores: [`table`], whose reads take no lock.

mod lru;
mod sharded;
mod table;

pub(crate) use lru::Lookup;
pub use sharded::Figures;
pub(crate) use sharded::{Bounds, Sharded};
pub(crate) use table::Table;
