//! Values as readers hold them.

use std::ops::Deref;
use std::sync::Arc;

/// A value: a reference-counted pin of immutable bytes. It outlives eviction, overwriting and the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    data: Arc<[u8]>,
    version: u64,
    expires_at: i64,
}

/// A value that lies somewhere else.
#[derive(Clone, Copy)]
pub(crate) struct ValueRef<'a> {
    pub data: &'a [u8],
    pub version: u64,
    pub expires_at: i64,
}

impl Value {
    pub(crate) fn new(data: Arc<[u8]>, version: u64, expires_at: i64) -> Self {
        Self { data, version, expires_at }
    }

    pub(crate) fn to_ref(&self) -> ValueRef<'_> {
        ValueRef { data: &self.data, version: self.version, expires_at: self.expires_at }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// The version of the commit that wrote it, for checks; 0 outside a store.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When it expires, in milliseconds since 1970-01-01 UTC; 0: never.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// Copies the bytes into `buf` when they fit, and returns their count either way.
    pub(crate) fn copy_into(&self, buf: &mut [u8]) -> usize {
        if let Some(target) = buf.get_mut(..self.data.len()) {
            target.copy_from_slice(&self.data);
        }
        self.data.len()
    }

    pub(crate) fn without_expiry(self) -> Self {
        Self { expires_at: 0, ..self }
    }

    /// Whether it is expired at `now`.
    pub(crate) fn expired(&self, now: i64) -> bool {
        self.expires_at != 0 && self.expires_at <= now
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.data
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes.into(), 0, 0)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}
