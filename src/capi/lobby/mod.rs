//! Lobbies.

use serde::Serialize;

use super::value::{self, joinly_value};
use crate::error::Result;
use crate::models::document::encode;

mod acts;
mod events;
mod look;
mod options;
mod search;
mod seats;

/// A document as a value: the same JSON in every language.
fn document(document: &impl Serialize) -> Result<*mut joinly_value> {
    value::make(encode(document)?.into())
}
