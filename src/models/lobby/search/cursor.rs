//! The order of what is found, and where a page ends in it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::candidate::Candidate;
use super::{Order, Query};
use crate::error::{Error, Result};
use crate::models::document::encode;
use crate::store::index_order;

/// Where something comes: by each order in turn, and where these agree, as an index has it along the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    places: Vec<Place>,
    /// Below the number that is wanted, among those equally near.
    below: bool,
    rest: Place,
}

/// Bytes that compare as values do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    order: Vec<u8>,
    descending: bool,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.order.cmp(&other.order);
        if self.descending { order.reverse() } else { order }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Rank {
    /// None for a document that has no value in an order.
    pub fn of(candidate: &Candidate, orders: &[Order]) -> Option<Self> {
        let values = orders.iter().map(|order| candidate.value(order.path()));
        Self::at(values.collect::<Option<Vec<_>>>()?.as_slice(), &candidate.key, orders)
    }

    fn at(values: &[&Value], key: &[u8], orders: &[Order]) -> Option<Self> {
        let place = |(value, order): (&&Value, &Order)| Place::of(value, order);
        let places = values.iter().zip(orders).map(place).collect::<Option<_>>()?;
        let (below, rest) = match (values.first(), orders.first()) {
            (Some(value), Some(Order::Near(_, target))) => {
                let below = value.as_f64()? < *target;
                (below, Place { order: [&index_order(value)?, key].concat(), descending: below })
            }
            (_, order) => {
                let descending = matches!(order, Some(Order::Descending(_)));
                (false, Place { order: key.to_vec(), descending })
            }
        };
        Some(Self { places, below, rest })
    }

    /// Whether it comes before another by the first order alone.
    pub fn is_before(&self, other: &Self) -> bool {
        self.places.first() < other.places.first()
    }
}

impl Place {
    /// The place of a value in an order.
    fn of(value: &Value, order: &Order) -> Option<Self> {
        let (order, descending) = match order {
            Order::Near(_, target) => (index_order(&distance(value.as_f64(), *target)?.into())?, false),
            Order::Ascending(_) => (index_order(value)?, false),
            Order::Descending(_) => (index_order(value)?, true),
        };
        Some(Self { order, descending })
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
        let key = String::from_utf8_lossy(&last.key).into_owned();
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
        let references: Vec<&Value> = values.iter().collect();
        let rank = Rank::at(&references, &key, &query.orders).ok_or_else(foreign)?;
        let first = values.into_iter().next().unwrap_or(Value::Null);
        Ok(Self { rank, first, key })
    }
}

/// Of what is found and in which order, whatever the page.
fn fingerprint(query: &Query) -> u64 {
    let Query { kind, filter, orders, full, .. } = query;
    xxh3_64(format!("{kind:?} {filter:?} {orders:?} {full}").as_bytes())
}
