//! The order of what is found, and where a page ends in it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::candidate::Candidate;
use super::{Order, Query};
use crate::error::{Error, Result};
use crate::models::document::encode;
use crate::store::{index_number, put_index_order};

/// Where something comes: by each order in turn, and where these agree, as an index has it along the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    /// The values of the orders, one after the other, so that ranks compare as these bytes do; then the key.
    bytes: Vec<u8>,
    /// Where that of the first order ends.
    first: usize,
    /// Where the key begins.
    key: usize,
    /// Whether keys are in descending order; the same in ranks that otherwise agree.
    descending: bool,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((place, key), (other_place, other_key)) = (self.parts(), other.parts());
        let by_key = || if self.descending { other_key.cmp(key) } else { key.cmp(other_key) };
        place.cmp(other_place).then_with(by_key)
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Rank {
    /// None for a document that has no value in an order.
    pub fn of(candidate: &Candidate, orders: &[Order]) -> Option<Self> {
        let put = |at: usize, bytes: &mut Vec<u8>| match candidate.entry.value() {
            Some(value) if at == 0 => {
                bytes.extend_from_slice(value);
                Some(())
            }
            _ => put_index_order(candidate.value(orders.get(at)?.path())?, bytes),
        };
        Self::at(put, candidate.entry.key(), orders)
    }

    /// `put` adds the value of an order.
    fn at(put: impl Fn(usize, &mut Vec<u8>) -> Option<()>, key: &[u8], orders: &[Order]) -> Option<Self> {
        // Room for two numbers and what follows.
        let mut bytes = Vec::with_capacity(key.len() + 32);
        let (mut first, mut descending, mut nearest) = (0, false, None);
        for (at, order) in orders.iter().enumerate() {
            let start = bytes.len();
            put(at, &mut bytes)?;
            let down = matches!(order, Order::Descending(_));
            if let Order::Near(_, target) = order {
                let number = index_number(bytes.get(start..)?);
                bytes.truncate(start);
                put_index_order(&distance(number, *target)?.into(), &mut bytes)?;
                if at == 0 {
                    nearest = number.map(|number| number < *target);
                }
            }
            turn_round(&mut bytes, start, down);
            if at == 0 {
                (first, descending) = (bytes.len(), down);
            }
        }
        if let Some(below) = nearest {
            // Of those equally near, first the ones above, then the ones below in descending order.
            bytes.push(below.into());
            let start = bytes.len();
            put(0, &mut bytes)?;
            turn_round(&mut bytes, start, below);
            descending = below;
        }
        let end = bytes.len();
        bytes.extend_from_slice(key);
        Some(Self { bytes, first, key: end, descending })
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.key).unwrap_or_default()
    }

    /// Whether it comes before another by the first order alone.
    pub fn is_before(&self, other: &Self) -> bool {
        self.bytes.get(..self.first) < other.bytes.get(..other.first)
    }
}

/// Has bytes from `start` on compare the other way round. No value's bytes begin those of another.
fn turn_round(bytes: &mut [u8], start: usize, descending: bool) {
    if descending {
        bytes.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
}

/// How far a number is from another.
pub(super) fn distance(number: Option<f64>, target: f64) -> Option<f64> {
    Some((number? - target).abs()).filter(|distance| distance.is_finite())
}

/// Where a page ended.
pub(super) struct Cursor {
    pub rank: Rank,
    /// The value by which the last one had its place in the first order.
    pub first: Value,
    pub key: Vec<u8>,
}

/// The same, as callers carry it.
#[derive(Serialize, Deserialize)]
struct Written {
    query: u64,
    values: Vec<Value>,
    key: String,
}

impl Cursor {
    pub fn write(last: &Candidate, query: &Query) -> Result<Vec<u8>> {
        let values = query.orders.iter().filter_map(|order| last.value(order.path())).cloned().collect();
        let key = String::from_utf8_lossy(last.entry.key()).into_owned();
        encode(&Written { query: fingerprint(query), values, key })
    }

    pub fn read(bytes: &[u8], query: &Query) -> Result<Self> {
        let foreign = || Error::invalid("the cursor is not of this query");
        if bytes.len() > super::MAX_CURSOR_BYTES {
            return Err(foreign());
        }
        let Written { query: of, values, key } = serde_json::from_slice(bytes).map_err(|_| foreign())?;
        if of != fingerprint(query) || values.len() != query.orders.len() {
            return Err(foreign());
        }
        let key = key.into_bytes();
        let put = |at: usize, bytes: &mut Vec<u8>| put_index_order(values.get(at)?, bytes);
        let rank = Rank::at(put, &key, &query.orders).ok_or_else(foreign)?;
        let first = values.into_iter().next().unwrap_or(Value::Null);
        Ok(Self { rank, first, key })
    }
}

/// Of what is found and in which order, whatever the page.
fn fingerprint(query: &Query) -> u64 {
    let Query { kind, filter, orders, full, .. } = query;
    xxh3_64(format!("{kind:?} {filter:?} {orders:?} {full}").as_bytes())
}
