//! Batches: what a commit is asked to check and to change.

use std::sync::Arc;

use smallvec::SmallVec;

use super::encoding::{Compression, RAW};
use crate::engine::Range;
use crate::error::{Error, Kind, Result};
use crate::limits;

/// When a key expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// This many milliseconds after the commit.
    After(u64),
    /// At this time, in milliseconds since 1970-01-01 UTC.
    At(i64),
}

impl Expiry {
    /// The meaning of a time to live: 0 is for ever.
    pub(super) fn ttl(ttl_ms: u64) -> Self {
        if ttl_ms == 0 { Self::Never } else { Self::After(ttl_ms) }
    }

    /// The time as records store it: 0 is never.
    pub(super) fn at(self, now: i64) -> i64 {
        match self {
            Self::Never => 0,
            Self::After(ms) => now.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)),
            Self::At(time) => time.max(1),
        }
    }
}

/// One step of a commit.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// The key's version is this; 0: it does not exist.
    Check {
        key: Box<[u8]>,
        version: u64,
    },
    /// No commit after the version touched the range.
    Unchanged {
        range: Range,
        since: u64,
    },
    /// Write a value, with its encoded form where that was worth it.
    Put {
        key: Box<[u8]>,
        data: Arc<[u8]>,
        packed: Option<(u8, Vec<u8>)>,
        expiry: Expiry,
    },
    Delete {
        key: Box<[u8]>,
    },
    Add {
        key: Box<[u8]>,
        delta: i64,
    },
    /// Write a value under the next number of a feed.
    Append {
        feed: Box<[u8]>,
        data: Arc<[u8]>,
        packed: Option<(u8, Vec<u8>)>,
    },
    Expire {
        key: Box<[u8]>,
        expiry: Expiry,
    },
    /// Delete the key if it is expired, and its entry among the expiries.
    Sweep {
        key: Box<[u8]>,
        entry: Box<[u8]>,
    },
}

/// The key of a number in a feed: the feed, `:` and 20 digits, so that keys are ordered as numbers.
pub fn feed_key(feed: &[u8], number: u64) -> Vec<u8> {
    [feed, format!(":{number:020}").as_bytes()].concat()
}

/// A list of checks and mutations, committed together or not at all. It belongs to no store.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(super) ops: SmallVec<[Op; 1]>,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many checks and mutations it holds.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.ops.clear();
        self.bytes = 0;
    }

    /// The commit is refused with [`Kind::Conflict`] unless the key's version is `version`, or, for 0, unless the key does
    /// not exist. All checks see the state before the batch.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an empty key, [`Kind::TooLarge`] over a limit; so for all methods below.
    pub fn check(&mut self, key: &[u8], version: u64) -> Result<()> {
        limits::check_key(key)?;
        self.push(key.len(), || Op::Check { key: key.into(), version })
    }

    /// Writes a value that never expires.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.put_expiring(key, value.into(), Expiry::Never)
    }

    /// Writes a value that expires `ttl_ms` milliseconds after the commit; 0: never.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn put_ttl(&mut self, key: &[u8], value: &[u8], ttl_ms: u64) -> Result<()> {
        limits::check_value(value)?;
        self.put_expiring(key, value.into(), Expiry::ttl(ttl_ms))
    }

    /// Writes a value.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn put_expiring(&mut self, key: &[u8], data: Arc<[u8]>, expiry: Expiry) -> Result<()> {
        limits::check_key(key)?;
        limits::check_value(&data)?;
        self.push(key.len() + data.len(), || Op::Put { key: key.into(), data, packed: None, expiry })
    }

    /// Deletes a key; nothing happens when it does not exist.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        limits::check_key(key)?;
        self.push(key.len(), || Op::Delete { key: key.into() })
    }

    /// Adds to a counter: a decimal integer of 64 bits in ASCII; a missing key counts as 0. It sees the mutations before
    /// it in the batch.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn add(&mut self, key: &[u8], delta: i64) -> Result<()> {
        limits::check_key(key)?;
        self.push(key.len(), || Op::Add { key: key.into(), delta })
    }

    /// Writes a value under the next number of a feed: the commit adds 1 to the counter `feed` and writes the value at
    /// [`feed_key`] of the sum. Numbers start at 1 and have no gap, in the order of the commits, and commits of appends to
    /// one feed do not conflict. It sees the mutations before it in the batch.
    ///
    /// # Errors
    /// As [`Batch::check`]. The commit fails with [`Kind::WrongType`] when `feed` holds no counter, with
    /// [`Kind::OutOfRange`] when that is negative or used up.
    pub fn append(&mut self, feed: &[u8], value: &[u8]) -> Result<()> {
        self.append_shared(feed, value.into())
    }

    pub(super) fn append_shared(&mut self, feed: &[u8], data: Arc<[u8]>) -> Result<()> {
        limits::check_feed(feed)?;
        limits::check_value(&data)?;
        self.push(feed.len() + data.len(), || Op::Append { feed: feed.into(), data, packed: None })
    }

    /// Changes when a key expires: `ttl_ms` milliseconds after the commit; 0: never. Nothing happens when it does not
    /// exist.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn expire(&mut self, key: &[u8], ttl_ms: u64) -> Result<()> {
        limits::check_key(key)?;
        self.push(key.len(), || Op::Expire { key: key.into(), expiry: Expiry::ttl(ttl_ms) })
    }

    pub(super) fn unchanged(&mut self, range: Range, since: u64) -> Result<()> {
        self.push(0, || Op::Unchanged { range, since })
    }

    pub(super) fn sweep(&mut self, key: &[u8], entry: &[u8]) -> Result<()> {
        self.push(key.len(), || Op::Sweep { key: key.into(), entry: entry.into() })
    }

    fn push(&mut self, bytes: usize, op: impl FnOnce() -> Op) -> Result<()> {
        if self.ops.len() >= limits::MAX_BATCH_OPS {
            return Err(limits::too_many("operations in a batch", self.ops.len() + 1, limits::MAX_BATCH_OPS));
        }
        let total = self.bytes.saturating_add(bytes);
        if total > limits::MAX_BATCH_BYTES {
            let text = format!("a batch of {total} bytes: the limit is {}", limits::MAX_BATCH_BYTES);
            return Err(Error::new(Kind::TooLarge, text));
        }
        self.ops.push(op());
        self.bytes = total;
        Ok(())
    }

    /// Compresses what is worth it, before any lock is taken.
    pub(super) fn pack(mut self, compression: &Compression) -> Self {
        for op in &mut self.ops {
            if let Op::Put { data, packed, .. } | Op::Append { data, packed, .. } = op {
                let (encoding, bytes) = compression.encode(data);
                if encoding != RAW {
                    *packed = Some((encoding, bytes.into_owned()));
                }
            }
        }
        self
    }
}
