//! How an entry lies in words: a header, the key, the value, the last two padded to whole words.
//!
//! ```text
//! word 0   bits 63..32 length of the value   bit 16 set: the key is known not to exist   bits 15..0 length of the key
//! word 1   version of the value
//! word 2   when it expires, in milliseconds; 0: never
//! ```
//! Words are read one by one while a writer may be replacing them, so what an [`Item`] tells is a guess until its
//! position is found to be held still. No guess leads out of the ring.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::copy::unpack;
use crate::value::{Value, ValueRef};

const HEADER_WORDS: usize = 3;
const ABSENT: u64 = 1 << 16;
const KEY_LEN: u64 = u16::MAX as u64;

/// The first word of no item: here a lap of the ring ends early.
pub(super) const GAP: u64 = 0;

/// The words that so many bytes take: in one step less than `div_ceil`, since no length is near the largest number.
#[inline(always)]
fn words_for(bytes: usize) -> usize {
    (bytes + 7) >> 3
}

/// The first word of an item.
#[derive(Clone, Copy)]
pub(super) struct Header(u64);

impl Header {
    /// None for what cannot be kept: an empty key, or lengths beyond their fields.
    pub fn new(key: &[u8], value: Option<ValueRef<'_>>) -> Option<Self> {
        let key_len = u64::from(u16::try_from(key.len()).ok().filter(|len| *len > 0)?);
        Some(Self(match value {
            Some(value) => u64::from(u32::try_from(value.data.len()).ok()?) << 32 | key_len,
            None => ABSENT | key_len,
        }))
    }

    #[inline(always)]
    fn key_len(self) -> usize {
        (self.0 & KEY_LEN) as usize
    }

    #[inline(always)]
    fn value_len(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// Words of the whole item.
    #[inline(always)]
    pub fn words(self) -> usize {
        HEADER_WORDS + words_for(self.key_len()) + words_for(self.value_len())
    }
}

/// An entry as it is read.
pub(super) struct Item<'a> {
    header: Header,
    /// The item to its end.
    words: &'a [AtomicU64],
    value: &'a [AtomicU64],
}

impl<'a> Item<'a> {
    /// None when there is a gap, or by chance of a torn read.
    #[inline(always)]
    pub fn at(words: &'a [AtomicU64], start: usize) -> Option<Self> {
        let words = words.get(start..)?;
        let header = Header(words.first()?.load(Relaxed));
        let words = words.get(..header.words())?;
        let value = words.get(HEADER_WORDS + words_for(header.key_len())..)?;
        (header.0 != GAP).then_some(Self { header, words, value })
    }

    /// The item, if it is of that key. The value is found by the length of that key rather than the header's, so that
    /// the processor fetches it without waiting for the header.
    #[inline(always)]
    pub fn of_key(words: &'a [AtomicU64], start: usize, key: &[u8]) -> Option<Self> {
        let header = Header(words.get(start)?.load(Relaxed));
        let before_value = HEADER_WORDS + words_for(key.len());
        let end = start + before_value + words_for(header.value_len());
        let words = words.get(start..end)?;
        let (before_value, value) = words.split_at_checked(before_value)?;
        let key_words = before_value.get(HEADER_WORDS..)?;
        let (whole, part) = key.as_chunks::<8>();
        let same = header.key_len() == key.len()
            && whole
                .iter()
                .zip(key_words)
                .all(|(bytes, word)| u64::from_le_bytes(*bytes) == word.load(Relaxed))
            && (part.is_empty() || key_words.last().is_some_and(|word| pack(part) == word.load(Relaxed)));
        same.then_some(Self { header, words, value })
    }

    /// Fills the words of a new item.
    pub fn write(words: &[AtomicU64], header: Header, key: &[u8], value: Option<ValueRef<'_>>) {
        let absent = ValueRef { data: &[], version: 0, expires_at: 0 };
        let ValueRef { data, version, expires_at } = value.unwrap_or(absent);
        let Some((head, rest)) = words.split_first_chunk::<HEADER_WORDS>() else { return };
        for (word, content) in head.iter().zip([header.0, version, expires_at.cast_unsigned()]) {
            word.store(content, Relaxed);
        }
        let (key_words, data_words) = rest.split_at_checked(header.key_len().div_ceil(8)).unwrap_or_default();
        fill(key_words, key);
        fill(data_words, data);
    }

    /// Copies it to another place; that may overlap its own if it starts before.
    pub fn copy_to(&self, words: &[AtomicU64]) {
        for (to, from) in words.iter().zip(self.words) {
            to.store(from.load(Relaxed), Relaxed);
        }
    }

    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Replaces what `key` holds by the key of the item.
    pub fn key_into(&self, key: &mut Vec<u8>) {
        key.resize(self.header.key_len(), 0);
        unpack(self.words.get(HEADER_WORDS..).unwrap_or_default(), key);
    }

    pub fn is_absent(&self) -> bool {
        self.header.0 & ABSENT != 0
    }

    pub fn expires_at(&self) -> i64 {
        self.words.get(2).map_or(0, |word| word.load(Relaxed).cast_signed())
    }

    pub fn version(&self) -> u64 {
        self.words.get(1).map_or(0, |word| word.load(Relaxed))
    }

    /// Copies the value into `buf` when it fits, and returns its length either way.
    #[inline(always)]
    pub fn copy_into(&self, buf: &mut [u8]) -> usize {
        let len = self.header.value_len();
        if let Some(buf) = buf.get_mut(..len) {
            unpack(self.value, buf);
        }
        len
    }

    /// Replaces what `buf` holds by the value.
    pub fn copy_to_vec(&self, buf: &mut Vec<u8>) {
        buf.resize(self.header.value_len(), 0);
        unpack(self.value, buf);
    }

    /// A copy of the value.
    pub fn to_value(&self) -> Value {
        let mut data: Arc<[u8]> = std::iter::repeat_n(0, self.header.value_len()).collect();
        if let Some(data) = Arc::get_mut(&mut data) {
            self.copy_into(data);
        }
        Value::new(data, self.version(), self.expires_at())
    }
}

/// Stores bytes in as many words as they need.
#[inline]
fn fill(words: &[AtomicU64], bytes: &[u8]) {
    let (whole, part) = bytes.as_chunks::<8>();
    for (word, bytes) in words.iter().zip(whole) {
        word.store(u64::from_le_bytes(*bytes), Relaxed);
    }
    if let Some(word) = words.get(whole.len()).filter(|_| !part.is_empty()) {
        word.store(pack(part), Relaxed);
    }
}

/// Up to eight bytes as a word, the first lowest.
fn pack(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}
