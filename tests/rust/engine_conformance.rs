//! What the store relies on, for every engine. A further engine is a function in [`opened`] and a word in the list at
//! the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds};

use joinly_storage::engine::{
    Engine, Fields, Generation, Hold, Range, Read, Record, RecordRef, Snapshot, Space, Writer,
};
use joinly_storage::{Error, Kind};

use crate::support::kind;

mod commits;
mod opened;

use commits::*;

/// An empty engine, and what it needs to live.
struct Opened {
    engine: Box<dyn Engine>,
    home: Option<tempfile::TempDir>,
}

fn record(data: &[u8]) -> RecordRef<'_> {
    RecordRef { version: 1, expires_at: 0, encoding: 0, data }
}

/// Commits what `write` writes.
fn commit(engine: &dyn Engine, write: impl FnOnce(&mut dyn Writer)) -> Generation {
    let mut writer = engine.begin().unwrap();
    write(writer.as_mut());
    writer.commit().unwrap()
}

fn put(engine: &dyn Engine, key: &[u8], data: &[u8]) {
    commit(engine, |writer| writer.put(key, record(data)).unwrap());
}

fn snapshot(engine: &dyn Engine) -> Box<dyn Snapshot> {
    engine.snapshot(Hold::Short).unwrap()
}

fn data(read: &(impl Read + ?Sized), key: &[u8]) -> Option<Vec<u8>> {
    read.get(key).unwrap().map(|record| record.data)
}

/// Keys and data of a range.
fn scanned(read: &(impl Read + ?Sized), range: &Range, reverse: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut visit = |key: &[u8], record: RecordRef<'_>| {
        rows.push((key.to_vec(), record.data.to_vec()));
        Ok(true)
    };
    read.scan(range, reverse, Fields::All, &mut visit).unwrap();
    rows
}

fn entries(
    read: &(impl Read + ?Sized),
    space: Space,
    range: &Range,
    reverse: bool,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        rows.push((key.to_vec(), value.to_vec()));
        Ok(true)
    };
    read.entries(space, range, reverse, &mut visit).unwrap();
    rows
}

fn log(read: &(impl Read + ?Sized), after: u64) -> Vec<(u64, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut visit = |version, entry: &[u8]| {
        rows.push((version, entry.to_vec()));
        Ok(true)
    };
    read.log_after(after, &mut visit).unwrap();
    rows
}

fn starts_empty(engine: &dyn Engine) {
    let view = snapshot(engine);
    assert_eq!(view.get(b"a").unwrap(), None);
    assert_eq!(view.last_version().unwrap(), 0);
    assert!(scanned(view.as_ref(), &Range::all(), false).is_empty());
    assert!(log(view.as_ref(), 0).is_empty());
    for space in Space::ALL {
        assert!(entries(view.as_ref(), space, &Range::all(), false).is_empty());
    }
    assert!(!engine.name().to_bytes().is_empty());
    assert!(engine.limits().key_bytes >= 256 && engine.limits().value_bytes >= 1 << 20);
}

fn keeps_every_field_of_a_record(engine: &dyn Engine) {
    let full =
        Record { version: i64::MAX as u64, expires_at: i64::MAX, encoding: 255, data: vec![0, 255, 0] };
    let Record { version, expires_at, encoding, ref data } = full;
    commit(engine, |writer| {
        writer.put(b"k", RecordRef { version, expires_at, encoding, data }).unwrap();
    });
    let view = snapshot(engine);
    assert_eq!(view.get(b"k").unwrap().unwrap(), full);
    for (fields, expected) in [(Fields::All, &full.data[..]), (Fields::KeysOnly, b"")] {
        let mut seen = 0;
        let mut visit = |key: &[u8], found: RecordRef<'_>| {
            assert_eq!((key, found.version, found.expires_at), (&b"k"[..], version, expires_at));
            assert_eq!((found.encoding, found.data), (encoding, expected));
            seen += 1;
            Ok(true)
        };
        view.scan(&Range::all(), false, fields, &mut visit).unwrap();
        assert_eq!(seen, 1);
    }
}

/// Values of every size where an engine may change how it keeps them.
fn keeps_values_of_every_size(engine: &dyn Engine) {
    let value = |size: usize, salt: usize| (0..size).map(|n| (n * 31 + salt) as u8).collect::<Vec<u8>>();
    let sizes: Vec<usize> = [0, 1].into_iter().chain(890..=910).chain([4096, 1 << 20]).collect();
    let long = [b'k'; 2048];
    commit(engine, |writer| {
        for (n, size) in sizes.iter().enumerate() {
            writer.put(&[b's', n as u8], record(&value(*size, n))).unwrap();
            writer.put(&[&[n as u8], &long[1..]].concat(), record(&value(*size, n))).unwrap();
        }
    });
    let view = snapshot(engine);
    for (n, size) in sizes.iter().enumerate() {
        assert_eq!(data(view.as_ref(), &[b's', n as u8]), Some(value(*size, n)), "{size} bytes");
        assert_eq!(data(view.as_ref(), &[&[n as u8], &long[1..]].concat()), Some(value(*size, n)));
    }
    assert!(scanned(view.as_ref(), &Range::prefix(b"s"), false).iter().map(|row| row.1.len()).eq(sizes));
    drop(view);
    // Each size over each, within one commit and across two, and gone after a deletion.
    let some = [0, 1, 898, 899, 4096, 100_000];
    for (before, after) in some.iter().flat_map(|a| some.map(|b| (*a, b))) {
        put(engine, b"k", &value(before, 1));
        put(engine, b"k", &value(after, 2));
        assert_eq!(data(snapshot(engine).as_ref(), b"k"), Some(value(after, 2)), "{before} then {after}");
        commit(engine, |writer| {
            writer.put(b"k", record(&value(before, 3))).unwrap();
            writer.put(b"k", record(&value(after, 4))).unwrap();
            assert_eq!(data(writer, b"k"), Some(value(after, 4)));
        });
        let view = snapshot(engine);
        assert_eq!(scanned(view.as_ref(), &Range::prefix(b"k"), true), [(b"k".to_vec(), value(after, 4))]);
        commit(engine, |writer| writer.delete(b"k").unwrap());
        assert_eq!(data(snapshot(engine).as_ref(), b"k"), None);
    }
    assert!(engine.verify().unwrap().is_empty());
}

fn orders_keys_as_bytes(engine: &dyn Engine) {
    let mut keys: BTreeSet<Vec<u8>> =
        [1, 2, 255, 256, 2047, 2048].into_iter().flat_map(|n| [vec![0; n], vec![255; n]]).collect();
    keys.extend([&b"a"[..], b"a\0", b"a\0b", b"a\xff", b"ab", b"b", b"\x7f", b"\x80"].map(<[u8]>::to_vec));
    commit(engine, |writer| {
        for key in keys.iter().rev() {
            writer.put(key, record(&[key.len() as u8])).unwrap();
        }
    });
    let view = snapshot(engine);
    assert!(scanned(view.as_ref(), &Range::all(), false).iter().map(|row| &row.0).eq(&keys));
    assert!(scanned(view.as_ref(), &Range::all(), true).iter().map(|row| &row.0).eq(keys.iter().rev()));
    for key in &keys {
        assert_eq!(data(view.as_ref(), key), Some(vec![key.len() as u8]));
    }
}

/// Every bound at, before, between and after the keys there are, crossed with every other: inverted and empty ranges too.
fn probes() -> Vec<Range> {
    let points = [&b""[..], b"\0", b"b", b"b\0", b"c", b"d\xff", b"e", b"\xff\xff"];
    let bounds: Vec<_> = points
        .iter()
        .flat_map(|point| [Bound::Included(point.to_vec()), Bound::Excluded(point.to_vec())])
        .chain([Bound::Unbounded])
        .collect();
    bounds
        .iter()
        .flat_map(|start| bounds.iter().map(|end| Range { start: start.clone(), end: end.clone() }))
        .collect()
}

fn assert_scans(read: &(impl Read + ?Sized), model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    for range in probes() {
        let bounds = (range.start.clone(), range.end.clone());
        let mut expected: Vec<_> =
            model.clone().into_iter().filter(|(key, _)| bounds.contains(key)).collect();
        for reverse in [false, true] {
            assert_eq!(scanned(read, &range, reverse), expected, "{range:?} reverse {reverse}");
            for space in Space::ALL {
                assert_eq!(entries(read, space, &range, reverse), expected, "{space:?} {range:?} {reverse}");
            }
            expected.reverse();
        }
        assert!(model.keys().all(|key| range.contains(key) == bounds.contains(key)), "{range:?}");
        assert!(!range.is_empty() || expected.is_empty(), "{range:?}");
    }
}

fn scans_both_ways_at_every_bound(engine: &dyn Engine) {
    let keys = [&b"\0"[..], b"a", b"b", b"b\0", b"d\xff", b"d\xff\0", b"\xff", b"\xff\xff\xff"];
    let model: BTreeMap<_, _> = keys.iter().map(|key| (key.to_vec(), [b"v-", *key].concat())).collect();
    commit(engine, |writer| {
        for (key, value) in &model {
            writer.put(key, record(value)).unwrap();
            for space in Space::ALL {
                writer.put_entry(space, key, value).unwrap();
            }
        }
        // The writer's view has what is not yet committed.
        assert_scans(writer, &model);
    });
    assert_scans(snapshot(engine).as_ref(), &model);
}

fn prefixes_end_where_they_should(_: &dyn Engine) {
    for (prefix, inside, outside) in [
        (&b"a"[..], [&b"a"[..], b"a\0", b"a\xff\xff"], [&b"b"[..], b"", b"`\xff"]),
        (b"a\xff", [b"a\xff", b"a\xff\0", b"a\xff\xff\xff"], [b"b", b"a", b"a\xfe\xff"]),
        (b"\xff\xff", [b"\xff\xff", b"\xff\xff\0", b"\xff\xff\xff"], [b"\xff", b"\xff\xfe", b"a"]),
        (b"", [b"", b"a", b"\xff\xff"], [b"", b"", b""]),
    ] {
        let range = Range::prefix(prefix);
        assert!(inside.iter().all(|key| range.contains(key)), "{prefix:?}");
        assert!(outside.iter().all(|key| prefix.is_empty() || !range.contains(key)), "{prefix:?}");
    }
}

fn a_visitor_ends_its_scan(engine: &dyn Engine) {
    commit(engine, |writer| {
        for key in [b"a", b"b", b"c"] {
            writer.put(key, record(b"")).unwrap();
            writer.put_entry(Space::Index, key, b"").unwrap();
        }
        for version in 1..=3 {
            writer.append_log(version, b"").unwrap();
        }
    });
    let view = snapshot(engine);
    let (mut seen, all) = (0, Range::all());
    view.scan(&all, false, Fields::All, &mut |_, _| {
        seen += 1;
        Ok(seen < 2)
    })
    .unwrap();
    view.entries(Space::Index, &all, true, &mut |_, _| {
        seen += 1;
        Ok(seen < 4)
    })
    .unwrap();
    view.log_after(0, &mut |_, _| {
        seen += 1;
        Ok(seen < 6)
    })
    .unwrap();
    assert_eq!(seen, 6);
    let refuse = || Err(Error::new(Kind::OutOfRange, "enough"));
    assert_eq!(kind(view.scan(&all, false, Fields::All, &mut |_, _| refuse())), Kind::OutOfRange);
    assert_eq!(kind(view.entries(Space::Index, &all, false, &mut |_, _| refuse())), Kind::OutOfRange);
    assert_eq!(kind(view.log_after(0, &mut |_, _| refuse())), Kind::OutOfRange);
    // The view is as good as before.
    assert_eq!(scanned(view.as_ref(), &all, false).len(), 3);
}

fn spaces_are_apart(engine: &dyn Engine) {
    commit(engine, |writer| {
        writer.put(b"k", record(b"record")).unwrap();
        for space in Space::ALL {
            writer.put_entry(space, b"k", format!("{space:?}").as_bytes()).unwrap();
        }
        writer.put_entry(Space::Meta, b"empty", b"").unwrap();
    });
    commit(engine, |writer| {
        writer.delete_entry(Space::Expiry, b"k").unwrap();
        writer.delete_entry(Space::Expiry, b"never there").unwrap();
        writer.put_entry(Space::Index, b"k", b"replaced").unwrap();
    });
    let view = snapshot(engine);
    assert_eq!(data(view.as_ref(), b"k").unwrap(), b"record");
    let entry = |space, key: &[u8]| view.entry(space, key).unwrap();
    assert_eq!(entry(Space::Meta, b"k").as_deref(), Some(&b"Meta"[..]));
    assert_eq!(entry(Space::Meta, b"empty").as_deref(), Some(&b""[..]));
    assert_eq!(entry(Space::Expiry, b"k"), None);
    assert_eq!(entry(Space::Index, b"k").as_deref(), Some(&b"replaced"[..]));
}

fn the_log_appends_and_trims(engine: &dyn Engine) {
    for version in [1, 2, 5, 9] {
        commit(engine, |writer| {
            writer.append_log(version, &[version as u8; 3]).unwrap();
            assert_eq!(writer.last_version().unwrap(), version);
        });
        // So that none are joined.
        engine.flush(0).unwrap();
    }
    let entry = |version: u64| (version, vec![version as u8; 3]);
    let view = snapshot(engine);
    assert_eq!(view.last_version().unwrap(), 9);
    assert_eq!(log(view.as_ref(), 0), [1, 2, 5, 9].map(entry));
    assert_eq!(log(view.as_ref(), 2), [5, 9].map(entry));
    assert_eq!(log(view.as_ref(), 4), [5, 9].map(entry));
    assert!(log(view.as_ref(), 9).is_empty() && log(view.as_ref(), u64::MAX).is_empty());
    let trimmed = |through, at_most| {
        commit(engine, |writer| writer.trim_log(through, at_most).unwrap());
        engine.flush(0).unwrap();
        log(snapshot(engine).as_ref(), 0)
    };
    assert_eq!(trimmed(0, 10), [1, 2, 5, 9].map(entry));
    assert_eq!(trimmed(9, 0), [1, 2, 5, 9].map(entry));
    assert_eq!(trimmed(4, 1), [2, 5, 9].map(entry));
    assert_eq!(trimmed(5, 10), [9].map(entry));
    assert_eq!(log(view.as_ref(), 0).len(), 4, "an older view still has them");
    assert_eq!(trimmed(u64::MAX, u32::MAX), []);
}

macro_rules! tests {
    ($engine:ident: $($test:ident)*) => {
        mod $engine {
            $(
                #[test]
                fn $test() {
                    super::$test(super::opened::$engine().engine.as_ref());
                }
            )*
        }
    };
}

macro_rules! conformance {
    ($($engine:ident)*) => {
        $(tests! { $engine:
            starts_empty
            keeps_every_field_of_a_record
            keeps_values_of_every_size
            orders_keys_as_bytes
            scans_both_ways_at_every_bound
            prefixes_end_where_they_should
            a_visitor_ends_its_scan
            spaces_are_apart
            the_log_appends_and_trims
            snapshots_hold_still
            a_dropped_writer_leaves_nothing
            generations_change_exactly_with_commits
            a_snapshot_is_never_ahead_of_the_generation
            there_is_one_writer_at_a_time
            waiting_ends_with_a_commit
            housekeeping_changes_no_content
        })*
    };
}

conformance! { memory sqlite leveldb behind behind_flushing_at_once jsonl }
