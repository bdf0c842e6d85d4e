//! Quantiles of whole numbers, kept as counts in bins that widen with the numbers: 64 of one width for each power of two,
//! as in HdrHistogram. Counts merge by addition, in any order to the same bytes. Pure.
//!
//! The middle of a bin is within half its width of every number in it, and its width is at most 1/64 of the least of them
//! (1 below 128): an answer is within 1/128 of the number that a sorted list would give.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const BITS: u32 = 6;
const BINS_OF_A_WIDTH: u64 = 1 << BITS;
/// The most bins: those of numbers below 2^37.
const MAX_BINS: usize = 2048;
/// The greatest number that there is a bin for.
pub(super) const MAX_VALUE: u64 = (1 << 37) - 1;

/// How many numbers fell into each bin, from the first that has one to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    first: usize,
    counts: Vec<u64>,
}

/// Numbers above [`MAX_VALUE`] count as that.
#[inline]
fn bin(value: u64) -> usize {
    let value = value.min(MAX_VALUE);
    let shift = (value | BINS_OF_A_WIDTH).ilog2() - BITS;
    (u64::from(shift) * BINS_OF_A_WIDTH + (value >> shift)) as usize
}

fn middle(bin: usize) -> u64 {
    let bin = bin as u64;
    let shift = (bin / BINS_OF_A_WIDTH).saturating_sub(1);
    let least = (bin - shift * BINS_OF_A_WIDTH) << shift;
    least + ((1 << shift) - 1) / 2
}

impl Sketch {
    #[inline]
    pub fn insert(&mut self, value: u64) {
        self.add(bin(value), 1);
    }

    /// Takes in the counts of another.
    pub fn merge(&mut self, other: &Self) {
        other.bins().for_each(|(bin, count)| self.add(bin, count));
    }

    /// The number at a quantile from 0 to 1: of n in order the ⌈quantile · n⌉th, the first for 0. None without one.
    pub fn quantile(&self, quantile: f64) -> Option<u64> {
        let count = self.count()?;
        let rank = ((quantile * count as f64).ceil() as u64).clamp(1, count);
        let mut below = 0;
        let found = self.bins().find(|(_, count)| {
            below += count;
            below >= rank
        });
        found.map(|(bin, _)| middle(bin))
    }

    /// How many numbers it has taken in; None for none, and when they do not fit 64 bits.
    pub fn count(&self) -> Option<u64> {
        let count = self.counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count))?;
        (count > 0).then_some(count)
    }

    fn bins(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.counts.iter().enumerate();
        counts.filter(|(_, count)| **count > 0).map(|(at, count)| (self.first + at, *count))
    }

    #[inline]
    fn add(&mut self, bin: usize, count: u64) {
        match self.counts.get_mut(bin.wrapping_sub(self.first)) {
            Some(slot) => *slot = slot.saturating_add(count),
            None => self.widen(bin, count),
        }
    }

    #[cold]
    fn widen(&mut self, bin: usize, count: u64) {
        if self.counts.is_empty() {
            self.first = bin;
        }
        if let missing @ 1.. = self.first.saturating_sub(bin) {
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = bin;
        }
        let at = bin - self.first;
        self.counts.resize(self.counts.len().max(at + 1), 0);
        if let Some(slot) = self.counts.get_mut(at) {
            *slot = count;
        }
    }
}

/// In turns: how far a bin with a count is from the one before (the first from 0), and its count.
impl Serialize for Sketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.bins().flat_map(|(bin, count)| {
            let distance = (bin - before) as u64;
            before = bin;
            [distance, count]
        }))
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<u64>::deserialize(deserializer)?;
        let (pairs, rest) = numbers.as_chunks();
        let mut sketch = Self::default();
        let mut bin = 0_usize;
        for [distance, count] in pairs {
            bin = bin.saturating_add(usize::try_from(*distance).unwrap_or(usize::MAX));
            if bin >= MAX_BINS || *count == 0 {
                return Err(D::Error::custom("a bin that cannot be"));
            }
            sketch.add(bin, *count);
        }
        if rest.is_empty() { Ok(sketch) } else { Err(D::Error::custom("a bin without a count")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_are_as_narrow_as_promised_and_follow_one_another() {
        let mut values: Vec<u64> =
            (0..37).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 1]).collect();
        values.extend([MAX_VALUE, 86_400_000_000]);
        values.sort_unstable();
        let bins: Vec<usize> = values.iter().map(|value| bin(*value)).collect();
        assert!(bins.is_sorted());
        assert_eq!(bin(MAX_VALUE), MAX_BINS - 1);
        for value in values {
            assert!(middle(bin(value)).abs_diff(value) * 128 <= value, "{value}");
        }
        assert!((0..MAX_BINS).all(|at| bin(middle(at)) == at));
    }

    #[test]
    fn what_is_stored_never_changes() {
        let mut sketch = Sketch::default();
        [100_000, 0, 100_100, 5].into_iter().for_each(|value| sketch.insert(value));
        let text = serde_json::to_string(&sketch).unwrap();
        assert_eq!(text, "[0,1,5,1,732,2]");
        assert_eq!(serde_json::from_str::<Sketch>(&text).unwrap(), sketch);
    }

    #[test]
    fn damage_is_told() {
        for text in ["[1]", "[0,0]", "[2048,1]", "[2000,1,18446744073709551615,1]", "[-1,1]", "[1.5,1]", "{}"]
        {
            assert!(serde_json::from_str::<Sketch>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_a_sorted_list(
            mut values in prop::collection::vec(0..=MAX_VALUE >> 10, 1..300),
            quantile in 0.0..=1.0_f64,
            parts in 1..5_usize,
        ) {
            let mut sketches = vec![Sketch::default(); parts];
            for (at, value) in values.iter().enumerate() {
                sketches[at % parts].insert(*value);
            }
            let (mut forwards, mut backwards) = (Sketch::default(), Sketch::default());
            sketches.iter().for_each(|sketch| forwards.merge(sketch));
            sketches.iter().rev().for_each(|sketch| backwards.merge(sketch));
            prop_assert_eq!(&forwards, &backwards);
            values.sort_unstable();
            let rank = ((quantile * values.len() as f64).ceil() as usize).max(1);
            let found = forwards.quantile(quantile).unwrap();
            prop_assert!(found.abs_diff(values[rank - 1]) * 128 <= values[rank - 1]);
        }
    }
}
