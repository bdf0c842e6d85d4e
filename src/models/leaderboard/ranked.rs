//! A sorted set that knows ranks: blocks of sorted items and the sums of their lengths. A rank is two binary searches; an
//! insertion moves part of a block and adds to part of the sums.

/// Items of a block before it is halved.
const BLOCK: usize = 1024;

/// A sorted set with ranks.
#[derive(Debug)]
pub(super) struct RankedSet<T> {
    /// None is empty.
    blocks: Vec<Vec<T>>,
    /// How many items are in the blocks before each.
    before: Vec<usize>,
    len: usize,
}

impl<T> Default for RankedSet<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), before: Vec::new(), len: 0 }
    }
}

impl<T: Ord> RankedSet<T> {
    /// Sorts items into a set.
    pub fn from_unsorted(mut items: Vec<T>) -> Self {
        items.sort_unstable();
        items.dedup();
        let mut set = Self { len: items.len(), ..Self::default() };
        let mut items = items.into_iter();
        // Half full, so that insertions find room.
        loop {
            let block: Vec<T> = items.by_ref().take(BLOCK / 2).collect();
            if block.is_empty() {
                break;
            }
            set.blocks.push(block);
        }
        set.count_from(0);
        set
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The block where an item is or belongs.
    fn block_of(&self, item: &T) -> usize {
        let after = self.blocks.partition_point(|block| block.first().is_some_and(|first| first <= item));
        after.saturating_sub(1)
    }

    /// Recounts what is before the blocks from `at` on.
    fn count_from(&mut self, at: usize) {
        self.before.resize(self.blocks.len(), 0);
        let sum = |at: usize| Some(self.before.get(at)? + self.blocks.get(at)?.len());
        let mut sum = at.checked_sub(1).and_then(sum).unwrap_or(0);
        for (before, block) in self.before.iter_mut().zip(&self.blocks).skip(at) {
            *before = sum;
            sum += block.len();
        }
    }

    /// Adds an item; whether it was new.
    pub fn insert(&mut self, item: T) -> bool {
        let at = self.block_of(&item);
        let Some(block) = self.blocks.get_mut(at) else {
            *self = Self::from_unsorted(vec![item]);
            return true;
        };
        let Err(place) = block.binary_search(&item) else { return false };
        block.insert(place, item);
        if block.len() > BLOCK {
            let upper = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, upper);
        }
        self.len += 1;
        self.count_from(at);
        true
    }

    /// Removes an item; whether it was there.
    pub fn remove(&mut self, item: &T) -> bool {
        let at = self.block_of(item);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let Ok(place) = block.binary_search(item) else { return false };
        block.remove(place);
        if block.is_empty() {
            self.blocks.remove(at);
        }
        self.len -= 1;
        self.count_from(at);
        true
    }

    /// How many items are less.
    pub fn rank(&self, item: &T) -> usize {
        let at = self.block_of(item);
        let place = self.blocks.get(at).map_or(0, |block| block.partition_point(|other| other < item));
        self.before.get(at).copied().unwrap_or(0) + place
    }

    /// The items from a rank on.
    pub fn starting_at(&self, rank: usize) -> impl Iterator<Item = &T> {
        let at = self.before.partition_point(|before| *before <= rank).saturating_sub(1);
        let skipped = rank - self.before.get(at).copied().unwrap_or(rank);
        self.blocks.iter().skip(at).flatten().skip(skipped)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Ranks are those of a sorted list, also across blocks.
        #[test]
        fn ranks_are_those_of_a_sorted_list(
            start in prop::collection::vec(0..9000_u32, 0..3000),
            changes in prop::collection::vec((any::<bool>(), 0..9000_u32), 0..3000),
        ) {
            let mut model: BTreeSet<u32> = start.iter().copied().collect();
            let mut set = RankedSet::from_unsorted(start);
            for (insert, item) in changes {
                if insert {
                    prop_assert_eq!(set.insert(item), model.insert(item));
                } else {
                    prop_assert_eq!(set.remove(&item), model.remove(&item));
                }
            }
            prop_assert_eq!(set.len(), model.len());
            let sorted: Vec<u32> = model.into_iter().collect();
            for item in (0..9000).step_by(37) {
                prop_assert_eq!(set.rank(&item), sorted.partition_point(|other| *other < item));
            }
            for rank in (0..sorted.len() + 2).step_by(97) {
                let page: Vec<u32> = set.starting_at(rank).take(5).copied().collect();
                prop_assert_eq!(&page[..], sorted.iter().skip(rank).take(5).copied().collect::<Vec<_>>());
            }
            prop_assert!(set.blocks.iter().all(|block| !block.is_empty() && block.len() <= BLOCK));
        }
    }

    #[test]
    fn a_set_filled_one_by_one_splits_its_blocks() {
        let mut set = RankedSet::default();
        for item in 0..5 * BLOCK {
            assert!(set.insert((item * 7919) % (5 * BLOCK)));
        }
        assert!(set.blocks.len() > 4);
        assert!((0..5 * BLOCK).all(|item| set.rank(&item) == item));
        assert!((0..5 * BLOCK).all(|item| set.remove(&item)));
        assert_eq!((set.len(), set.blocks.len(), set.rank(&3)), (0, 0, 0));
        assert_eq!(set.starting_at(0).next(), None);
    }
}
