//! Batches: what a commit is asked to check and to change.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use super::encoding::Compression;
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

/// One step of a commit. `B` is how it has its bytes: lent, or as their place in a batch.
#[derive(Clone, Debug)]
pub(super) enum Op<B> {
    /// The key's version is this; 0: it does not exist.
    Check {
        key: B,
        version: u64,
    },
    /// No commit after the version touched the range.
    Unchanged {
        range: Arc<Range>,
        since: u64,
    },
    Put {
        key: B,
        data: Data<B>,
        expiry: Expiry,
    },
    Delete {
        key: B,
    },
    Add {
        key: B,
        delta: i64,
    },
    Expire {
        key: B,
        expiry: Expiry,
    },
    /// Delete the key if it is expired, and its entry among the expiries.
    Sweep {
        key: B,
        entry: B,
    },
}

/// A value, with its encoded form where that was worth it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<B> {
    pub plain: B,
    pub packed: Option<(u8, B)>,
}

/// Where bytes are in a batch.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
}

impl<B: Copy> Op<B> {
    /// The same with its bytes in another form.
    #[inline]
    fn map<C>(&self, form: impl Fn(B) -> C) -> Op<C> {
        let data = |data: &Data<B>| Data {
            plain: form(data.plain),
            packed: data.packed.map(|(encoding, bytes)| (encoding, form(bytes))),
        };
        match *self {
            Self::Check { key, version } => Op::Check { key: form(key), version },
            Self::Unchanged { ref range, since } => Op::Unchanged { range: Arc::clone(range), since },
            Self::Put { key, data: ref value, expiry } => {
                Op::Put { key: form(key), data: data(value), expiry }
            }
            Self::Delete { key } => Op::Delete { key: form(key) },
            Self::Add { key, delta } => Op::Add { key: form(key), delta },
            Self::Expire { key, expiry } => Op::Expire { key: form(key), expiry },
            Self::Sweep { key, entry } => Op::Sweep { key: form(key), entry: form(entry) },
        }
    }
}

/// A list of checks and mutations, committed together or not at all. It belongs to no store.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    ops: SmallVec<[Op<Span>; 1]>,
    /// The keys and values of all operations.
    bytes: Vec<u8>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for so many operations, and bytes of their keys and values.
    pub(super) fn with_room(ops: usize, bytes: usize) -> Self {
        Self { ops: SmallVec::with_capacity(ops), bytes: Vec::with_capacity(bytes) }
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
        self.bytes.clear();
    }

    /// The commit is refused with [`Kind::Conflict`] unless the key's version is `version`, or, for 0, unless the key does
    /// not exist. All checks see the state before the batch.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an empty key, [`Kind::TooLarge`] over a limit; so for all methods below.
    pub fn check(&mut self, key: &[u8], version: u64) -> Result<()> {
        limits::check_key(key)?;
        self.push([key], |[key]| Op::Check { key, version })
    }

    /// Writes a value that never expires.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.put_expiring(key, value, Expiry::Never)
    }

    /// Writes a value that expires `ttl_ms` milliseconds after the commit; 0: never.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn put_ttl(&mut self, key: &[u8], value: &[u8], ttl_ms: u64) -> Result<()> {
        self.put_expiring(key, value, Expiry::ttl(ttl_ms))
    }

    /// Writes a value.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn put_expiring(&mut self, key: &[u8], value: &[u8], expiry: Expiry) -> Result<()> {
        limits::check_key(key)?;
        limits::check_value(value)?;
        self.push([key, value], |[key, plain]| Op::Put { key, data: Data { plain, packed: None }, expiry })
    }

    /// Deletes a key; nothing happens when it does not exist.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        limits::check_key(key)?;
        self.push([key], |[key]| Op::Delete { key })
    }

    /// Adds to a counter: a decimal integer of 64 bits in ASCII; a missing key counts as 0. It sees the mutations before
    /// it in the batch.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn add(&mut self, key: &[u8], delta: i64) -> Result<()> {
        limits::check_key(key)?;
        self.push([key], |[key]| Op::Add { key, delta })
    }

    /// Changes when a key expires: `ttl_ms` milliseconds after the commit; 0: never. Nothing happens when it does not
    /// exist.
    ///
    /// # Errors
    /// As [`Batch::check`].
    pub fn expire(&mut self, key: &[u8], ttl_ms: u64) -> Result<()> {
        limits::check_key(key)?;
        self.push([key], |[key]| Op::Expire { key, expiry: Expiry::ttl(ttl_ms) })
    }

    pub(super) fn unchanged(&mut self, range: Range, since: u64) -> Result<()> {
        self.push([], |[]| Op::Unchanged { range: Arc::new(range), since })
    }

    pub(super) fn sweep(&mut self, key: &[u8], entry: &[u8]) -> Result<()> {
        self.push([key, entry], |[key, entry]| Op::Sweep { key, entry })
    }

    fn push<const N: usize>(
        &mut self,
        parts: [&[u8]; N],
        op: impl FnOnce([Span; N]) -> Op<Span>,
    ) -> Result<()> {
        if self.ops.len() >= limits::MAX_BATCH_OPS {
            return Err(limits::too_many("operations in a batch", self.ops.len() + 1, limits::MAX_BATCH_OPS));
        }
        let added: usize = parts.iter().map(|part| part.len()).sum();
        let total = self.bytes.len().saturating_add(added);
        if total > limits::MAX_BATCH_BYTES {
            let text = format!("a batch of {total} bytes: the limit is {}", limits::MAX_BATCH_BYTES);
            return Err(Error::new(Kind::TooLarge, text));
        }
        self.bytes.reserve(added);
        self.ops.push(op(parts.map(|part| keep(&mut self.bytes, part))));
        Ok(())
    }

    /// The checks.
    pub(super) fn checks(&self) -> impl Iterator<Item = Op<&[u8]>> {
        self.select(|op| matches!(op, Op::Check { .. } | Op::Unchanged { .. }))
    }

    /// The mutations in their order.
    pub(super) fn mutations(&self) -> impl Iterator<Item = Op<&[u8]>> {
        self.select(|op| !matches!(op, Op::Check { .. } | Op::Unchanged { .. }))
    }

    /// The keys that it writes.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.ops.iter().filter_map(|op| match op {
            Op::Put { key, .. } => self.bytes.get(key.start..key.end),
            _ => None,
        })
    }

    #[inline]
    fn select(&self, which: impl Fn(&Op<Span>) -> bool) -> impl Iterator<Item = Op<&[u8]>> {
        let lend = |span: Span| self.bytes.get(span.start..span.end).unwrap_or_default();
        self.ops.iter().filter(move |op| which(op)).map(move |op| op.map(lend))
    }

    /// Compresses what is worth it, before any lock is taken.
    pub(super) fn pack(mut self, compression: &Compression) -> Self {
        for op in &mut self.ops {
            if let Op::Put { data, .. } = op {
                let plain = self.bytes.get(data.plain.start..data.plain.end).unwrap_or_default();
                if let (encoding, Cow::Owned(packed)) = compression.encode(plain) {
                    data.packed = Some((encoding, keep(&mut self.bytes, &packed)));
                }
            }
        }
        self
    }
}

fn keep(bytes: &mut Vec<u8>, part: &[u8]) -> Span {
    let start = bytes.len();
    bytes.extend_from_slice(part);
    Span { start, end: bytes.len() }
}
