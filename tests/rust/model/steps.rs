//! What is done to a store and its model.

use super::*;

pub(super) type Key = Vec<u8>;

/// A mutation, single or in a batch or transaction.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Key, Vec<u8>, u64),
    Delete(Key),
    Add(Key, i64),
    Expire(Key, u64),
}

#[derive(Clone, Debug)]
pub(super) enum Check {
    /// The version is what it is now.
    Present(Key),
    Absent(Key),
    /// The version is one that it never has.
    Wrong(Key),
}

/// What is read, with a limit on the rows.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) start: Key,
    pub(super) end: Key,
    pub(super) prefix: bool,
    pub(super) reverse: bool,
    pub(super) keys_only: bool,
    pub(super) limit: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Get(Key),
    Change(Change),
    Scan(Pages),
    /// By another writer meanwhile.
    Elsewhere(usize, Change),
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Get(Key),
    GetMany(Vec<Key>),
    Scan(Pages),
    Change(Change),
    Batch(Vec<Check>, Vec<Change>),
    /// Steps, and whether it is committed.
    Transaction(Vec<Step>, bool),
    Advance(i64),
    Reopen,
    Checkpoint,
}

pub(super) fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(vec![&b"a"[..], b"a\0", b"ab", b"b", b"b\xff", b"\xff", b"\xff\xff"])
        .prop_map(<[u8]>::to_vec)
}

pub(super) fn bound() -> impl Strategy<Value = Key> {
    prop_oneof![4 => key(), 1 => Just(Key::new()), 1 => Just(b"aa".to_vec())]
}

/// Counters, short values, and such as are stored in their own way: compressed, or outside their row.
pub(super) fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => (-9..9i64).prop_map(|n| n.to_string().into_bytes()),
        1 => Just(i64::MAX.to_string().into_bytes()),
        3 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (any::<u8>(), 850..950usize).prop_map(|(byte, size)| vec![byte; size]),
        1 => (any::<u8>(), 1000..5000usize).prop_map(|(byte, size)| vec![byte; size]),
        1 => (any::<u8>(), 1000..2000usize).prop_map(|(salt, size)| noise(salt, size)),
    ]
}

/// Bytes that do not compress.
pub(super) fn noise(salt: u8, size: usize) -> Vec<u8> {
    let mut state = u32::from(salt) + 1;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(size)
    .collect()
}

pub(super) fn ttl() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0), 3 => 1..30u64, 1 => Just(u64::MAX)]
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (key(), value(), ttl()).prop_map(|(key, value, ttl)| Change::Put(key, value, ttl)),
        2 => key().prop_map(Change::Delete),
        2 => (key(), prop_oneof![Just(1), Just(-1), Just(i64::MAX)]).prop_map(|(key, n)| Change::Add(key, n)),
        2 => (key(), ttl()).prop_map(|(key, ttl)| Change::Expire(key, ttl)),
    ]
}

pub(super) fn check() -> impl Strategy<Value = Check> {
    prop_oneof![key().prop_map(Check::Present), key().prop_map(Check::Absent), key().prop_map(Check::Wrong)]
}

pub(super) fn pages() -> impl Strategy<Value = Pages> {
    (bound(), bound(), any::<bool>(), any::<bool>(), any::<bool>(), 1..5usize).prop_map(
        |(start, end, prefix, reverse, keys_only, limit)| Pages {
            start,
            end,
            prefix,
            reverse,
            keys_only,
            limit,
        },
    )
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => key().prop_map(Step::Get),
        4 => change().prop_map(Step::Change),
        2 => pages().prop_map(Step::Scan),
        2 => (0..2usize, change()).prop_map(|(via, change)| Step::Elsewhere(via, change)),
    ]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => key().prop_map(Op::Get),
        2 => prop::collection::vec(key(), 0..5).prop_map(Op::GetMany),
        4 => pages().prop_map(Op::Scan),
        10 => change().prop_map(Op::Change),
        3 => (prop::collection::vec(check(), 0..2), prop::collection::vec(change(), 0..5))
            .prop_map(|(checks, changes)| Op::Batch(checks, changes)),
        3 => (prop::collection::vec(step(), 0..7), prop::bool::weighted(0.8))
            .prop_map(|(steps, commit)| Op::Transaction(steps, commit)),
        4 => (1..20i64).prop_map(Op::Advance),
        1 => Just(Op::Reopen),
        1 => Just(Op::Checkpoint),
    ]
}
