//! The file of a backup: what a store holds, whatever its engine, compressed and checked piece by piece.
//!
//! ```text
//! file    = "JOINLYB1" header block* footer length
//! frame   = kind: 1 byte | size: 4 | stored: 4 | checksum: 8 | stored bytes     (numbers little-endian)
//! header  = frame 'H', JSON        block = frame 'B', elements, zstd        footer = frame 'F', JSON
//! length  = that of the footer's frame: 4 bytes
//! element = 1 key version expiry encoding data | 2 key | 3 version entry | 4 key value
//! ```
//! An element is a record, a deleted key, an entry of the change log, or a declared index; integers are varints, the expiry
//! in zigzag, and runs of bytes come after their length. A checksum is XXH3 of the frame's other bytes, seeded by its number
//! and, after the header, by the header: no frame can be lost, repeated, moved or taken from another file unnoticed.

use std::io::{Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::encode::{self, Parts};
use crate::engine::RecordRef;
use crate::error::{Error, Kind, Result};
use crate::limits;

const MAGIC: &[u8; 8] = b"JOINLYB1";
const FRAME_HEADER: usize = 17;
/// The most bytes of a header or footer, and of a block: one element may be the log entry of the largest batches.
const MAX_JSON: usize = 1 << 20;
const MAX_BLOCK: usize = 4 * limits::MAX_BATCH_BYTES;
/// From so many bytes on a block is written.
const BLOCK: usize = 1 << 20;

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Names it.
    pub id: String,
    /// Of an incremental one: the backup that it continues.
    pub base: Option<String>,
    /// The commit that it is of, and the fingerprint of that entry of the change log.
    pub version: u64,
    pub fingerprint: u64,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// The engine it was made from, and the library's version.
    pub engine: String,
    pub library: String,
}

/// What a backup holds, to be compared with what is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Footer {
    pub records: u64,
    pub deletes: u64,
    pub log_entries: u64,
    pub indexes: u64,
    pub blocks: u64,
    /// Of keys and stored values.
    pub bytes: u64,
}

/// A piece of what a store holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Element<'a> {
    Record(&'a [u8], RecordRef<'a>),
    Delete(&'a [u8]),
    Log(u64, &'a [u8]),
    Index(&'a [u8], &'a [u8]),
}

impl<'a> Element<'a> {
    fn encode(&self, bytes: &mut Vec<u8>) {
        match *self {
            Self::Record(key, record) => {
                bytes.push(1);
                encode::run(key, bytes);
                encode::varint(record.version, bytes);
                encode::zigzag(record.expires_at, bytes);
                bytes.push(record.encoding);
                encode::run(record.data, bytes);
            }
            Self::Delete(key) => {
                bytes.push(2);
                encode::run(key, bytes);
            }
            Self::Log(version, entry) => {
                bytes.push(3);
                encode::varint(version, bytes);
                encode::run(entry, bytes);
            }
            Self::Index(key, value) => {
                bytes.push(4);
                encode::run(key, bytes);
                encode::run(value, bytes);
            }
        }
    }

    fn decode(parts: &mut Parts<'a>) -> Option<Self> {
        Some(match parts.byte()? {
            1 => {
                let key = parts.run()?;
                let (version, expires_at) = (parts.varint()?, parts.zigzag()?);
                let record = RecordRef { version, expires_at, encoding: parts.byte()?, data: parts.run()? };
                Self::Record(key, record)
            }
            2 => Self::Delete(parts.run()?),
            3 => Self::Log(parts.varint()?, parts.run()?),
            4 => Self::Index(parts.run()?, parts.run()?),
            _ => return None,
        })
    }
}

impl Footer {
    fn count(&mut self, element: &Element<'_>) {
        match element {
            Element::Record(key, record) => {
                self.records += 1;
                self.bytes += (key.len() + record.data.len()) as u64;
            }
            Element::Delete(_) => self.deletes += 1,
            Element::Log(..) => self.log_entries += 1,
            Element::Index(..) => self.indexes += 1,
        }
    }
}

/// The elements of a block.
pub(super) fn elements(block: &[u8]) -> Result<Vec<Element<'_>>> {
    let (mut parts, mut elements) = (Parts(block), Vec::new());
    while !parts.0.is_empty() {
        elements.push(Element::decode(&mut parts).ok_or_else(|| damaged("an element is none"))?);
    }
    Ok(elements)
}

fn damaged(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the backup is damaged: {what}"))
}

fn read_error(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged("it ends too early"),
        _ => Error::io(&error, "read the backup"),
    }
}

fn checksum(seed: u64, number: u64, head: &[u8], stored: &[u8]) -> u64 {
    let mut hash = Xxh3::with_seed(seed ^ number);
    hash.update(head);
    hash.update(stored);
    hash.digest()
}

/// Writes a backup.
pub(super) struct Encoder<W> {
    file: W,
    level: i32,
    seed: u64,
    number: u64,
    block: Vec<u8>,
    footer: Footer,
}

impl<W: Write> Encoder<W> {
    pub fn new(file: W, header: &Header, level: i32) -> Result<Self> {
        let mut encoder =
            Self { file, level, seed: 0, number: 0, block: Vec::new(), footer: Footer::default() };
        let text = json(header)?;
        encoder.write(MAGIC)?;
        encoder.frame(b'H', text.len(), &text)?;
        encoder.seed = xxh3_64_with_seed(&text, 0);
        Ok(encoder)
    }

    /// Adds an element.
    pub fn push(&mut self, element: &Element<'_>) -> Result<()> {
        self.footer.count(element);
        element.encode(&mut self.block);
        if self.block.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        if self.block.len() > MAX_BLOCK {
            return Err(Error::new(Kind::TooLarge, "an entry of the change log is too large for a backup"));
        }
        let packed =
            zstd::bulk::compress(&self.block, self.level).map_err(|error| Error::io(&error, "compress"))?;
        self.footer.blocks += 1;
        self.frame(b'B', self.block.len(), &packed)?;
        self.block.clear();
        Ok(())
    }

    /// Ends the file, and tells what it holds.
    pub fn finish(mut self) -> Result<Footer> {
        self.flush()?;
        let text = json(&self.footer)?;
        self.frame(b'F', text.len(), &text)?;
        let length = u32::try_from(FRAME_HEADER + text.len()).unwrap_or(u32::MAX);
        self.write(&length.to_le_bytes())?;
        self.file.flush().map_err(|error| Error::io(&error, "write the backup"))?;
        Ok(self.footer)
    }

    fn frame(&mut self, kind: u8, size: usize, stored: &[u8]) -> Result<()> {
        let len =
            |len: usize| u32::try_from(len).map_err(|_| Error::new(Kind::TooLarge, "a block is too large"));
        let head = [&[kind], &len(size)?.to_le_bytes()[..], &len(stored.len())?.to_le_bytes()].concat();
        let sum = checksum(self.seed, self.number, &head, stored);
        self.number += 1;
        self.write(&head)?;
        self.write(&sum.to_le_bytes())?;
        self.write(stored)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::io(&error, "write the backup"))
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| Error::new(Kind::Panic, error.to_string()))
}

/// Reads a backup, and refuses whatever is not as it was written.
pub(super) struct Decoder<R> {
    file: R,
    seed: u64,
    number: u64,
    found: Footer,
    pub header: Header,
}

impl<R: Read> Decoder<R> {
    pub fn new(mut file: R) -> Result<Self> {
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic).map_err(read_error)?;
        if &magic != MAGIC {
            return Err(Error::new(Kind::NotADatabase, "it is no backup of this library"));
        }
        let (kind, _, text) = read_frame(&mut file, 0, 0)?;
        let header = if kind == b'H' { parsed(&text)? } else { return Err(damaged("it has no header")) };
        let seed = xxh3_64_with_seed(&text, 0);
        Ok(Self { file, seed, number: 1, found: Footer::default(), header })
    }

    /// The next block's bytes, None after the last; by then all was as it was written.
    pub fn block(&mut self) -> Result<Option<Vec<u8>>> {
        let (kind, size, stored) = read_frame(&mut self.file, self.seed, self.number)?;
        self.number += 1;
        if kind == b'F' {
            return self.end(&stored).map(|()| None);
        }
        if kind != b'B' {
            return Err(damaged("a frame is of no kind"));
        }
        let block =
            zstd::bulk::decompress(&stored, size).map_err(|_| damaged("a block does not decompress"))?;
        if block.len() != size {
            return Err(damaged("a block is shorter than it says"));
        }
        self.found.blocks += 1;
        elements(&block)?.iter().for_each(|element| self.found.count(element));
        Ok(Some(block))
    }

    fn end(&mut self, text: &[u8]) -> Result<()> {
        let footer: Footer = parsed(text)?;
        if footer != self.found {
            return Err(damaged("it holds something else than it says"));
        }
        let mut rest = Vec::new();
        let length = u32::try_from(FRAME_HEADER + text.len()).unwrap_or(0);
        (&mut self.file).take(5).read_to_end(&mut rest).map_err(read_error)?;
        if rest == length.to_le_bytes() { Ok(()) } else { Err(damaged("something else follows its end")) }
    }

    /// What it held, once the last block was read.
    pub fn footer(&self) -> Footer {
        self.found
    }
}

/// Reads the footer alone, from the last bytes of a file.
pub(super) fn footer_of(file: &mut (impl Read + std::io::Seek)) -> Result<Footer> {
    let mut length = [0; 4];
    file.seek(std::io::SeekFrom::End(-4)).map_err(read_error)?;
    file.read_exact(&mut length).map_err(read_error)?;
    let back = i64::from(u32::from_le_bytes(length)) + 4;
    file.seek(std::io::SeekFrom::End(-back)).map_err(|_| damaged("it ends too early"))?;
    let (head, _) = read_head(file)?;
    if head.first() != Some(&b'F') {
        return Err(damaged("it has no footer"));
    }
    parsed(&read_stored(file, &head)?)
}

fn parsed<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(|_| damaged("its description cannot be read"))
}

fn number_at(head: &[u8], at: usize) -> usize {
    let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(usize::MAX, |bytes| u32::from_le_bytes(bytes) as usize)
}

fn read_head(file: &mut impl Read) -> Result<([u8; 9], u64)> {
    let (mut head, mut sum) = ([0; 9], [0; 8]);
    file.read_exact(&mut head).and_then(|()| file.read_exact(&mut sum)).map_err(read_error)?;
    Ok((head, u64::from_le_bytes(sum)))
}

/// No more memory is taken than the file has bytes.
fn read_stored(file: &mut impl Read, head: &[u8; 9]) -> Result<Vec<u8>> {
    let most = if head.first() == Some(&b'B') { MAX_BLOCK } else { MAX_JSON };
    let (size, stored) = (number_at(head, 1), number_at(head, 5));
    if size > most || stored > most + BLOCK {
        return Err(damaged("a frame is too large"));
    }
    let mut bytes = Vec::new();
    file.take(stored as u64).read_to_end(&mut bytes).map_err(read_error)?;
    if bytes.len() == stored { Ok(bytes) } else { Err(damaged("it ends too early")) }
}

fn read_frame(file: &mut impl Read, seed: u64, number: u64) -> Result<(u8, usize, Vec<u8>)> {
    let (head, sum) = read_head(file)?;
    let stored = read_stored(file, &head)?;
    if checksum(seed, number, &head, &stored) != sum {
        return Err(damaged("a checksum is wrong"));
    }
    Ok((head.first().copied().unwrap_or(0), number_at(&head, 1), stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            id: "one".into(),
            base: None,
            version: 3,
            fingerprint: u64::MAX,
            created_ms: 9,
            engine: "memory".into(),
            library: "1".into(),
        }
    }

    fn file() -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, &header(), 3).unwrap();
        let record = RecordRef { version: 3, expires_at: -1, encoding: 0, data: &[7; 700_000] };
        for element in [
            Element::Index(b"index/n", b"{}"),
            Element::Record(b"a", record),
            Element::Record(b"b", record),
            Element::Delete(b"c"),
            Element::Log(3, b"entry"),
        ] {
            encoder.push(&element).unwrap();
        }
        encoder.finish().unwrap();
        file
    }

    fn read(bytes: &[u8]) -> Result<(Header, usize, Footer)> {
        let mut decoder = Decoder::new(bytes)?;
        let mut count = 0;
        while let Some(block) = decoder.block()? {
            count += elements(&block)?.len();
        }
        Ok((decoder.header.clone(), count, decoder.footer()))
    }

    #[test]
    fn backups_round_trip() {
        let (found, count, footer) = read(&file()).unwrap();
        assert_eq!((found, count), (header(), 5));
        let expected =
            Footer { records: 2, deletes: 1, log_entries: 1, indexes: 1, blocks: 2, bytes: 1_400_002 };
        assert_eq!(footer, expected);
        assert_eq!(footer_of(&mut std::io::Cursor::new(file())).unwrap(), expected);
    }

    #[test]
    fn a_byte_that_is_changed_lost_or_added_anywhere_is_told() {
        let good = file();
        for at in 0..good.len() {
            for bit in [1, 0x80] {
                let mut bad = good.clone();
                bad[at] ^= bit;
                let kind = read(&bad).unwrap_err().kind();
                assert!(matches!(kind, Kind::Corrupt | Kind::NotADatabase), "byte {at}: {kind:?}");
            }
            assert_eq!(read(&good[..at]).unwrap_err().kind(), Kind::Corrupt, "cut at {at}");
        }
        assert_eq!(read(&[good.clone(), vec![0]].concat()).unwrap_err().kind(), Kind::Corrupt);
        let _ = footer_of(&mut std::io::Cursor::new(&good[..3])).unwrap_err();
    }

    #[test]
    fn sizes_are_not_believed() {
        let mut bad = MAGIC.to_vec();
        bad.extend([b'H', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(read(&bad).unwrap_err().kind(), Kind::Corrupt);
    }
}
