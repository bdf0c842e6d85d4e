use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::value::Value;

impl Table {
    /// The invariants.
    fn validate(&self) {
        let (writer, shared) = (self.writer.lock(), &self.shared);
        let (mut keys, mut words, mut key) = (HashSet::new(), 0, Vec::new());
        for slot in shared.index.slots() {
            let word = slot.word();
            if word == Word::EMPTY {
                continue;
            }
            assert!(shared.ring(word.queue()).holds(word.position()));
            let item = shared.item(word).unwrap();
            item.key_into(&mut key);
            let hash = shared.hash(&key);
            assert!(shared.find(hash, &key).is_some_and(|entry| entry.word == word));
            assert!(keys.insert(key.clone()), "a key has two entries");
            words += item.words();
        }
        assert_eq!((keys.len(), words), (writer.entries, writer.words));
        assert!(shared.index.buckets() <= shared.index.max_buckets());
        assert!(self.capacity < 64 || words * 8 + keys.len() * 8 <= self.capacity);
    }

    fn peek(&self, key: &[u8]) -> Lookup {
        self.read(self.hash(key), key, || 0, |entry| Some(entry.item.to_value()))
    }
}

fn value(len: usize, version: u64) -> Value {
    Value::new((0..len).map(|at| (at as u64 ^ version) as u8).collect(), version, 0)
}

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    Into(u8, usize),
    Insert(u8, Option<usize>),
    Refused(u8),
    Remove(u8),
    Clear,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let key = 0..60_u8;
    let len = prop_oneof![4 => 0..40_usize, 1 => 0..1000_usize];
    let op = prop_oneof![
        8 => key.clone().prop_map(Op::Get),
        4 => (key.clone(), 0..50_usize).prop_map(|(key, room)| Op::Into(key, room)),
        12 => (key.clone(), proptest::option::weighted(0.9, len)).prop_map(|(key, len)| Op::Insert(key, len)),
        1 => key.clone().prop_map(Op::Refused),
        2 => key.prop_map(Op::Remove),
        1 => Just(Op::Clear),
    ];
    proptest::collection::vec(op, 0..if cfg!(miri) { 40 } else { 600 })
}

/// Keys of every length modulo a word.
fn key(number: u8) -> Vec<u8> {
    vec![number; usize::from(number % 19) + 1]
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 256 }) })]

    /// What is found is what was stored last.
    #[test]
    fn behaves_as_a_map_that_forgets(
        ops in ops(),
        bytes in prop_oneof![Just(0), Just(1), 60..200_usize, 200..4000_usize, 4000..40_000_usize],
    ) {
        let table = Table::new(bytes).unwrap();
        let mut model: HashMap<u8, Option<Value>> = HashMap::new();
        for (at, op) in ops.into_iter().enumerate() {
            match op {
                Op::Get(k) => match table.get(table.hash(&key(k)), &key(k), || 0) {
                    Lookup::Found(value) => prop_assert_eq!(Some(&Some(value)), model.get(&k)),
                    Lookup::Absent => prop_assert_eq!(Some(&None), model.get(&k)),
                    Lookup::Unknown => {}
                },
                Op::Into(k, room) => {
                    let mut buf = vec![0xEE; room];
                    match table.get_into(table.hash(&key(k)), &key(k), &mut buf, || 0) {
                        Lookup::Found(len) => {
                            let value = model[&k].as_ref().unwrap();
                            prop_assert_eq!(len, value.len());
                            let (copied, rest) = buf.split_at(if len <= room { len } else { 0 });
                            prop_assert!(copied.is_empty() || copied == value.bytes());
                            prop_assert!(rest.iter().all(|byte| *byte == 0xEE));
                        }
                        Lookup::Absent => prop_assert_eq!(Some(&None), model.get(&k)),
                        Lookup::Unknown => {}
                    }
                }
                Op::Insert(k, len) => {
                    let value = len.map(|len| value(len, at as u64));
                    table.insert(&key(k), value.as_ref().map(Value::to_ref));
                    model.insert(k, value);
                }
                Op::Refused(k) => table.insert_if(&key(k), None, || false),
                Op::Remove(k) => {
                    let known = table.peek(&key(k)) != Lookup::Unknown;
                    prop_assert_eq!(table.remove(&key(k)), known);
                    prop_assert_eq!(table.peek(&key(k)), Lookup::Unknown);
                    model.remove(&k);
                }
                Op::Clear => {
                    table.clear();
                    prop_assert_eq!(table.figures().entries, 0);
                    model.clear();
                }
            }
            table.validate();
        }
    }
}

#[test]
fn what_fits_is_kept() {
    let table = Table::new(1 << 20).unwrap();
    let entries: u32 = if cfg!(miri) { 300 } else { 2500 };
    for number in 0..entries {
        table.insert(&number.to_be_bytes(), Some(value(100, number.into()).to_ref()));
    }
    table.validate();
    // A bucket may be full by chance.
    let kept = |number: &u32| match table.peek(&number.to_be_bytes()) {
        Lookup::Found(found) => found == value(100, u64::from(*number)),
        _ => false,
    };
    assert!((0..entries).filter(kept).count() as u32 > entries - entries / 50);
}

#[test]
fn what_is_read_outlives_a_scan() {
    let table = Table::new(100_000).unwrap();
    let hot = |number: u32| [0xFF, number as u8];
    for number in 0..100 {
        table.insert(&hot(number), Some(value(100, 0).to_ref()));
    }
    for number in 0..if cfg!(miri) { 1000 } else { 20_000_u32 } {
        table.insert(&number.to_be_bytes(), Some(value(100, 0).to_ref()));
        table.peek(&hot(number % 100));
    }
    let kept = (0..100).filter(|number| table.peek(&hot(*number)) != Lookup::Unknown).count();
    assert!(kept > 95, "{kept} of 100 entries in use were kept");
    table.validate();
}

#[test]
fn what_comes_back_soon_is_kept_longer_than_what_is_new() {
    let table = Table::new(200_000).unwrap();
    let fill = |numbers: &[u32]| {
        for number in numbers {
            table.insert(&number.to_be_bytes(), Some(value(100, 0).to_ref()));
        }
    };
    let unknown = |number: &u32| table.peek(&number.to_be_bytes()) == Lookup::Unknown;
    fill(&Vec::from_iter(0..3000));
    let back = Vec::from_iter((0..3000).rev().filter(unknown).take(100));
    fill(&back);
    let scan = Vec::from_iter(10_000..11_000);
    fill(&scan);
    let (back, scan) = (back.iter().filter(|n| unknown(n)), scan[..100].iter().filter(|n| unknown(n)));
    assert!(back.count() < 30);
    assert!(scan.count() > 95);
}

#[test]
fn values_up_to_a_tenth_of_the_room_are_kept() {
    let bytes = 1 << 20;
    let table = Table::new(bytes).unwrap();
    for (len, kept) in [(bytes / 11, true), (bytes / 8, false), (bytes, false), (0, true)] {
        table.insert(b"k", Some(value(len, 1).to_ref()));
        assert_eq!(table.peek(b"k") != Lookup::Unknown, kept, "{len} bytes");
        table.validate();
    }
}

#[test]
fn an_expired_entry_is_a_miss_and_only_one_that_expires_asks_the_time() {
    let table = Table::new(10_000).unwrap();
    table.insert(b"mortal", Some(Value::new([1].into(), 1, 1000).to_ref()));
    table.insert(b"eternal", Some(Value::new([1].into(), 1, 0).to_ref()));
    let get = |key: &[u8], now: i64| table.get(table.hash(key), key, || now) != Lookup::Unknown;
    assert!(get(b"mortal", 999) && !get(b"mortal", 1000));
    let asked = AtomicBool::new(false);
    table.get(table.hash(b"eternal"), b"eternal", || {
        asked.store(true, SeqCst);
        0
    });
    assert!(!asked.into_inner());
    let figures = table.figures();
    assert_eq!((figures.hits, figures.misses, figures.entries), (2, 1, 2));
}

#[test]
fn positions_are_not_used_twice() {
    let table = Table::new(10_000).unwrap();
    for ring in &table.shared.rings {
        ring.skip_to(ring::POSITIONS - 100);
    }
    for number in 0..1000_u32 {
        table.insert(&number.to_be_bytes(), Some(value(50, number.into()).to_ref()));
        if number % 100 == 0 {
            table.validate();
        }
    }
    table.insert(&7_u32.to_be_bytes(), Some(value(50, 1000).to_ref()));
    assert_eq!(table.peek(&7_u32.to_be_bytes()), Lookup::Unknown);
}

/// Values that tell whether they are whole: a length that follows from the version, and the version in every byte.
fn checked(version: u64) -> Value {
    Value::new(vec![version as u8; (version * 37 % 200) as usize].into(), version, 0)
}

/// Readers see whole values, and none older than one stored, or removed, before they began to read.
#[test]
fn readers_beside_a_writer_see_whole_and_present_values() {
    const KEYS: u64 = 50;
    let most = if cfg!(miri) { 3000 } else { 1 << 20 };
    for bytes in [600, 3000, 20_000, 1 << 20].into_iter().filter(|bytes| *bytes <= most) {
        let table = Table::new(bytes).unwrap();
        let floors: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
        let done = AtomicBool::new(false);
        let (rounds, most_reads) = if cfg!(miri) { (150, 200) } else { (30_000, u64::MAX) };
        std::thread::scope(|scope| {
            for reader in 0..2 {
                let (table, floors, done) = (&table, &floors, &done);
                scope.spawn(move || {
                    let mut buf = [0; 200];
                    for at in (reader..most_reads).take_while(|_| !done.load(Relaxed)) {
                        let number = at * 7 % KEYS;
                        let key = number.to_be_bytes();
                        let floor = floors[number as usize].load(SeqCst);
                        if at % 2 == 0 {
                            let Lookup::Found(found) = table.peek(&key) else { continue };
                            assert!(found.version() >= floor, "{} after {floor}", found.version());
                            assert_eq!(found, checked(found.version()));
                        } else {
                            let found = table.get_into(table.hash(&key), &key, &mut buf, || 0);
                            let Lookup::Found(len) = found else { continue };
                            assert!(buf[..len].iter().all(|byte| *byte == buf[0]));
                            let version = u64::from(buf[0]);
                            assert!(len == 0 || (0..200).any(|n| checked(version + n * 256).len() == len));
                        }
                    }
                });
            }
            for version in 1..rounds {
                let number = (version * version) % KEYS;
                let key = number.to_be_bytes();
                match version % 8 {
                    7 => {
                        table.remove(&key);
                    }
                    _ => table.insert(&key, Some(checked(version).to_ref())),
                }
                floors[number as usize].store(version, SeqCst);
                if version % 5000 == 0 {
                    table.clear();
                }
            }
            done.store(true, SeqCst);
        });
        table.validate();
    }
}
