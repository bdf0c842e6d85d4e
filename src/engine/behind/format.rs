//! The bytes of the journal. It consists of segments of one size; a segment is a header and then records, each a
//! transaction. Numbers are little-endian.
//!
//! A segment is used again once its transactions are in the database. Its salt is new each time and part of every checksum,
//! so that what is left of its former life is never taken for a record.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::encode::{self, Parts};
use crate::engine::{RecordRef, Space, Writer};
use crate::error::{Error, Kind, Result};

pub(super) const SEGMENT: usize = 4 << 20;
const MAGIC: u64 = u64::from_le_bytes(*b"joinlyWB");
const FORMAT: u64 = 1;
/// Of a segment: magic, format, id (two words), salt, number, checksum.
pub(super) const HEADER: usize = 56;
/// Of a record: checksum, length of the payload, sequence number.
pub(super) const RECORD_HEADER: usize = 24;
/// The longest record.
pub(super) const LONGEST: usize = SEGMENT - HEADER;

/// Of the memory for a record, what is kept for the next.
const KEPT: usize = 512 << 10;

/// Which journal this is; the database knows the one it belongs to.
pub(super) type Id = [u8; 16];

/// What a transaction does. Encoded it is its number and its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Op<'a> {
    Put { key: &'a [u8], version: u64, expires_at: i64, encoding: u8, data: &'a [u8] },
    Delete { key: &'a [u8] },
    PutEntry { space: u8, key: &'a [u8], value: &'a [u8] },
    DeleteEntry { space: u8, key: &'a [u8] },
    Log { version: u64, entry: &'a [u8] },
}

impl<'a> Op<'a> {
    #[inline]
    fn encode(&self, bytes: &mut Vec<u8>) {
        match *self {
            Op::Put { key, version, expires_at, encoding, data } => {
                bytes.push(0);
                encode::run(key, bytes);
                encode::varint(version, bytes);
                encode::zigzag(expires_at, bytes);
                bytes.push(encoding);
                encode::run(data, bytes);
            }
            Op::Delete { key } => {
                bytes.push(1);
                encode::run(key, bytes);
            }
            Op::PutEntry { space, key, value } => {
                bytes.extend([2, space]);
                encode::run(key, bytes);
                encode::run(value, bytes);
            }
            Op::DeleteEntry { space, key } => {
                bytes.extend([3, space]);
                encode::run(key, bytes);
            }
            Op::Log { version, entry } => {
                bytes.push(4);
                encode::varint(version, bytes);
                encode::run(entry, bytes);
            }
        }
    }

    #[inline]
    fn decode(parts: &mut Parts<'a>) -> Option<Self> {
        Some(match parts.byte()? {
            0 => Op::Put {
                key: parts.run()?,
                version: parts.varint()?,
                expires_at: parts.zigzag()?,
                encoding: parts.byte()?,
                data: parts.run()?,
            },
            1 => Op::Delete { key: parts.run()? },
            2 => Op::PutEntry { space: parts.byte()?, key: parts.run()?, value: parts.run()? },
            3 => Op::DeleteEntry { space: parts.byte()?, key: parts.run()? },
            4 => Op::Log { version: parts.varint()?, entry: parts.run()? },
            _ => return None,
        })
    }
}

impl Op<'_> {
    /// Does it, except for the log, whose entries the caller joins.
    pub fn apply(&self, writer: &mut dyn Writer) -> Result<()> {
        match *self {
            Op::Put { key, version, expires_at, encoding, data } => {
                writer.put(key, RecordRef { version, expires_at, encoding, data })
            }
            Op::Delete { key } => writer.delete(key),
            Op::PutEntry { space, key, value } => writer.put_entry(space_of(space)?, key, value),
            Op::DeleteEntry { space, key } => writer.delete_entry(space_of(space)?, key),
            Op::Log { .. } => Ok(()),
        }
    }
}

pub(super) fn space_number(space: Space) -> u8 {
    match space {
        Space::Meta => 0,
        Space::Expiry => 1,
        Space::Index => 2,
    }
}

pub(super) fn space_of(number: u8) -> Result<Space> {
    Space::ALL.into_iter().find(|space| space_number(*space) == number).ok_or_else(damaged)
}

fn damaged() -> Error {
    Error::new(Kind::Corrupt, "the journal holds a transaction that this library did not write")
}

/// A record being written. Its memory is used again.
pub(super) struct Record {
    bytes: Vec<u8>,
    /// Where the payload ends.
    end: usize,
}

impl Default for Record {
    fn default() -> Self {
        Self { bytes: vec![0; RECORD_HEADER], end: RECORD_HEADER }
    }
}

impl Record {
    pub fn clear(&mut self) {
        self.bytes.truncate(RECORD_HEADER);
        self.bytes.shrink_to(KEPT);
        self.end = RECORD_HEADER;
    }

    #[inline]
    pub fn push(&mut self, op: &Op<'_>) {
        self.bytes.truncate(self.end);
        op.encode(&mut self.bytes);
        self.end = self.bytes.len();
    }

    pub fn len(&self) -> usize {
        self.end.next_multiple_of(8)
    }

    pub fn payload(&self) -> &[u8] {
        self.bytes.get(RECORD_HEADER..self.end).unwrap_or_default()
    }

    /// Completes it for a segment.
    pub fn seal(&mut self, salt: u64, sequence: u64) -> &[u8] {
        self.bytes.resize(self.len(), 0);
        set(&mut self.bytes, 8, (self.end - RECORD_HEADER) as u64);
        set(&mut self.bytes, 16, sequence);
        let sum = xxh3_64_with_seed(self.bytes.get(8..).unwrap_or_default(), salt);
        set(&mut self.bytes, 0, sum);
        &self.bytes
    }
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub id: Id,
    pub salt: u64,
    /// Segments are read in this order.
    pub number: u64,
}

impl SegmentHeader {
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        set(&mut bytes, 0, MAGIC);
        set(&mut bytes, 8, FORMAT);
        if let Some(id) = bytes.get_mut(16..32) {
            id.copy_from_slice(&self.id);
        }
        set(&mut bytes, 32, self.salt);
        set(&mut bytes, 40, self.number);
        let sum = xxh3_64_with_seed(bytes.get(..48).unwrap_or_default(), MAGIC);
        set(&mut bytes, 48, sum);
        bytes
    }

    /// None when the segment was never used, or its header is torn.
    pub fn decode(segment: &[u8]) -> Option<Self> {
        let id = segment.get(16..32)?.try_into().ok()?;
        let header = Self { id, salt: word(segment, 32)?, number: word(segment, 40)? };
        (segment.get(..HEADER)? == header.encode()).then_some(header)
    }
}

/// The records of a segment, up to the first that is not whole: sequence number and payload.
pub(super) fn records(segment: &[u8], salt: u64) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = segment.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let payload = usize::try_from(word(rest, 8)?).ok()?;
        let whole = payload.checked_add(RECORD_HEADER)?.checked_next_multiple_of(8)?;
        let (record, after) = rest.split_at_checked(whole)?;
        if word(record, 0)? != xxh3_64_with_seed(record.get(8..)?, salt) {
            return None;
        }
        rest = after;
        Some((word(record, 16)?, record.get(RECORD_HEADER..RECORD_HEADER + payload)?))
    })
}

/// Shows the operations of a payload.
#[inline]
pub(super) fn each_op(payload: &[u8], mut visit: impl FnMut(&Op<'_>) -> Result<()>) -> Result<()> {
    let mut parts = Parts(payload);
    while !parts.0.is_empty() {
        visit(&Op::decode(&mut parts).ok_or_else(damaged)?)?;
    }
    Ok(())
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn set(bytes: &mut [u8], at: usize, value: u64) {
    if let Some(place) = bytes.get_mut(at..at + 8) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(salt: u64, payloads: &[&[Op<'_>]]) -> Vec<u8> {
        let mut bytes = SegmentHeader { id: [7; 16], salt, number: 3 }.encode().to_vec();
        for (ops, sequence) in payloads.iter().zip(1..) {
            let mut record = Record::default();
            ops.iter().for_each(|op| record.push(op));
            bytes.extend(record.seal(salt, sequence));
        }
        bytes
    }

    const OPS: [Op<'static>; 5] = [
        Op::Put { key: b"k\0", version: 9, expires_at: -1, encoding: 1, data: b"data" },
        Op::Delete { key: b"gone" },
        Op::PutEntry { space: 1, key: b"e", value: b"" },
        Op::DeleteEntry { space: 2, key: b"e" },
        Op::Log { version: 9, entry: b"entry" },
    ];

    #[test]
    fn the_bytes_of_an_operation_never_change() {
        let mut bytes = Vec::new();
        OPS.iter().for_each(|op| op.encode(&mut bytes));
        let expected =
            b"\0\x02k\0\x09\x01\x01\x04data\x01\x04gone\x02\x01\x01e\0\x03\x02\x01e\x04\x09\x05entry";
        assert_eq!(bytes, expected);
    }

    fn read(segment: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let header = SegmentHeader::decode(segment).unwrap();
        records(segment, header.salt).map(|(sequence, payload)| (sequence, payload.to_vec())).collect()
    }

    #[test]
    fn records_round_trip() {
        let bytes = segment(5, &[&OPS, &[], &OPS[..1]]);
        let found = read(&bytes);
        assert_eq!(found.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [1, 2, 3]);
        let mut first = OPS.iter();
        each_op(&found[0].1, |op| {
            assert_eq!(Some(op), first.next());
            Ok(())
        })
        .unwrap();
        assert_eq!(first.next(), None);
        assert!(found[1].1.is_empty());
    }

    #[test]
    fn a_damaged_segment_is_read_up_to_the_damage() {
        let whole = segment(5, &[&OPS, &OPS[..1], &OPS[3..]]);
        let expected = read(&whole);
        for at in HEADER..whole.len() {
            let cut = read(&whole[..at]);
            assert_eq!(cut, expected[..cut.len()]);
            let mut flipped = whole.clone();
            flipped[at] ^= 0x40;
            let found = read(&flipped);
            assert!(found.len() < 3);
            assert_eq!(found, expected[..found.len()]);
        }
        for at in 0..HEADER {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            assert_eq!(SegmentHeader::decode(&flipped), None);
        }
    }

    #[test]
    fn nothing_of_a_former_life_is_read() {
        let (old, mut new) = (segment(5, &[&OPS, &OPS, &OPS]), segment(6, &[&OPS]));
        new.extend(&old[new.len()..]);
        assert_eq!(read(&new).len(), 1);
    }

    #[test]
    fn garbage_is_no_operation() {
        assert_eq!(each_op(&[0xff; 9], |_| Ok(())).unwrap_err().kind(), Kind::Corrupt);
    }
}
