//! Where codes and salts come from.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Kind, Result};

/// A source of random bits.
#[derive(Debug, Default)]
pub(in crate::models) enum Chance {
    /// The operating system's.
    #[default]
    System,
    /// The same bits for the same seed: for tests and replays.
    Seeded(AtomicU64),
}

impl Chance {
    pub fn bits(&self) -> Result<u64> {
        match self {
            Self::System => getrandom::u64()
                .map_err(|error| Error::new(Kind::Io, format!("no randomness from the system: {error}"))),
            // SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
            Self::Seeded(state) => {
                let step = 0x9e37_79b9_7f4a_7c15_u64;
                let mut bits = state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                Ok(bits ^ (bits >> 31))
            }
        }
    }
}
