//! How a record lies in its row, for engines that keep rows of bytes: packed into one blob, since every further column costs
//! SQLite about as much as the key.
//!
//! ```text
//! checksum: 4 bytes, big-endian, 0 for none | version, " ", expiry, " ", form, " ": decimal | data
//! ```
//! The form is the store's encoding, and [`LARGE`] more when SQLite has the data in the table `blob` instead. Numbers are decimal
//! so that SQL alone can show them: see the view `kv`. A part of the file format.

use super::{RecordRef, checksum, damaged};
use crate::error::{Error, Kind, Result};

const LARGE: u64 = 256;

/// A row, taken apart.
pub(super) struct Packed<'a> {
    sum: u32,
    /// What the checksum is of, beside the key.
    body: &'a [u8],
    /// Without data if that is large.
    pub record: RecordRef<'a>,
    pub large: bool,
}

impl<'a> Packed<'a> {
    pub fn parse(row: &'a [u8]) -> Result<Self> {
        Self::parts(row).ok_or_else(|| damaged("a record is no record"))
    }

    fn parts(row: &'a [u8]) -> Option<Self> {
        let (sum, body) = row.split_first_chunk()?;
        let (version, rest) = number(body)?;
        let (expires_at, rest) = number(rest)?;
        let (form, data) = number(rest)?;
        let encoding = u8::try_from(form % LARGE).ok()?;
        let record = RecordRef { version, expires_at: expires_at.try_into().ok()?, encoding, data };
        Some(Self { sum: u32::from_be_bytes(*sum), body, record, large: form >= LARGE })
    }

    /// Checks it, with its data if that is large.
    pub fn verify(&self, key: &[u8], large: Option<&[u8]>) -> Result<()> {
        match self.sum == 0 || self.sum == checksum::of_record(key, self.body, large) {
            true => Ok(()),
            false => Err(damaged("a record does not match its checksum")),
        }
    }
}

/// Appends a packed record to `row`, with or without its data.
pub(super) fn pack(row: &mut Vec<u8>, key: &[u8], record: &RecordRef<'_>, large: bool) -> Result<()> {
    let RecordRef { version, expires_at, encoding, data } = *record;
    if i64::try_from(version).is_err() {
        return Err(Error::new(Kind::OutOfRange, "versions are used up"));
    }
    let expires_at =
        u64::try_from(expires_at).map_err(|_| Error::new(Kind::OutOfRange, "an expiry before 1970"))?;
    let start = row.len();
    row.extend_from_slice(&[0; 4]);
    push_number(row, version);
    push_number(row, expires_at);
    push_number(row, u64::from(encoding) + if large { LARGE } else { 0 });
    if !large {
        row.extend_from_slice(data);
    }
    if let Some((sum, body)) = row.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut) {
        *sum = checksum::of_record(key, body, large.then_some(data)).to_be_bytes();
    }
    Ok(())
}

/// A number of up to 19 digits, which no u64 is too small for, and what is after its space.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in text.iter().enumerate().take(20) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return if *byte == b' ' && at > 0 { Some((number, text.get(at + 1..)?)) } else { None };
        }
        number = number.wrapping_mul(10).wrapping_add(digit.into());
    }
    None
}

fn push_number(row: &mut Vec<u8>, mut number: u64) {
    let start = row.len();
    loop {
        row.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    row.get_mut(start..).unwrap_or_default().reverse();
    row.push(b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_round_trip_and_damage_is_told() {
        let record =
            RecordRef { version: i64::MAX as u64, expires_at: 1_090, encoding: 255, data: b"1 data" };
        for large in [false, true] {
            let mut row = Vec::new();
            pack(&mut row, b"key", &record, large).unwrap();
            assert!(row.get(4..).unwrap().starts_with(b"9223372036854775807 1090 "));
            let packed = Packed::parse(&row).unwrap();
            let apart = large.then_some(record.data);
            packed.verify(b"key", apart).unwrap();
            assert_eq!(packed.verify(b"kez", apart).unwrap_err().kind(), Kind::Corrupt);
            let RecordRef { version, expires_at, encoding, data } = packed.record;
            assert_eq!((version, expires_at, encoding), (record.version, record.expires_at, record.encoding));
            assert_eq!((packed.large, data), (large, if large { &b""[..] } else { record.data }));
            for at in 0..row.len() {
                let mut damaged = row.clone();
                damaged[at] ^= 1;
                let read = Packed::parse(&damaged).and_then(|packed| packed.verify(b"key", apart));
                assert_eq!(read.unwrap_err().kind(), Kind::Corrupt, "byte {at}");
            }
        }
    }

    #[test]
    fn what_no_record_can_be_is_refused() {
        let record = RecordRef { version: 1, expires_at: 0, encoding: 0, data: b"" };
        let mut row = Vec::new();
        for record in [RecordRef { version: 1 << 63, ..record }, RecordRef { expires_at: -1, ..record }] {
            assert_eq!(pack(&mut row, b"key", &record, false).unwrap_err().kind(), Kind::OutOfRange);
        }
        for row in
            ["", "123", "0000", "00001 2 3", "0000 1 2 3 ", "00001 -2 3 ", "000099999999999999999999 0 0 "]
        {
            assert_eq!(Packed::parse(row.as_bytes()).err().unwrap().kind(), Kind::Corrupt, "{row}");
        }
    }
}
