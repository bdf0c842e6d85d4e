//! Pinned values.

use serde::Serialize;

use super::handle::{Table, object};
use crate::error::Result;
use crate::models::document::encode;
use crate::store::Value;

/// A value read from a store or cache: a reference-counted pin. Its bytes stay valid and unchanged until it is
/// freed, whatever happens to the key, the cache or the store. Immutable; usable from any thread.
pub struct joinly_value {
    _private: (),
}

object!(joinly_value => Value, VALUES, 2, Short);

pub(super) fn make(value: Value) -> Result<*mut joinly_value> {
    VALUES.insert(value)
}

/// A document of a model: the same JSON in every language.
pub(super) fn document(document: &impl Serialize) -> Result<*mut joinly_value> {
    make(encode(document)?.into())
}

/// The bytes of a value; `*len` (may be NULL) receives their count. Borrowed: valid until `joinly_value_free`.
/// Never NULL for a live value, even an empty one; NULL and 0 for NULL or a freed one. Any thread.
///
/// # Safety
/// `len` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_value_data(value: *const joinly_value, len: *mut usize) -> *const u8 {
    let (data, count) =
        VALUES.with(value, |v| (v.bytes().as_ptr(), v.bytes().len())).unwrap_or((std::ptr::null(), 0));
    // SAFETY: forwarded contract.
    unsafe { super::ffi::optional(len, count) };
    data
}

/// The version of the commit that wrote the value, for `joinly_batch_check`; 0 for a value of a `joinly_cache`, for a
/// write of the transaction itself, for NULL and for a freed one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_value_version(value: *const joinly_value) -> u64 {
    VALUES.with(value, Value::version).unwrap_or(0)
}

/// When the value expires, in milliseconds since 1970-01-01 UTC; 0 when it never does, for NULL and for a freed
/// one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_value_expires_at(value: *const joinly_value) -> i64 {
    VALUES.with(value, Value::expires_at).unwrap_or(0)
}

/// Frees a value. NULL and a value that is freed already are ignored. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_value_free(value: *mut joinly_value) {
    VALUES.remove(value);
}
