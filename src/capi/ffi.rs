//! Casts between what C passes and what Rust takes; every check of a raw argument is here.

use std::ffi::{CStr, c_char};

use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};
use crate::limits;

/// The most bytes of a text, JSON included: any that a model takes is shorter.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// Bytes given as pointer and length. NULL is allowed for length 0.
///
/// # Safety
/// `data` is NULL or valid for reads of `len` bytes for the duration of the call.
pub(super) unsafe fn bytes<'a>(data: *const u8, len: usize, max: usize, what: &str) -> Result<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        // SAFETY: non-NULL, readable for `len` bytes by the caller's contract, and `len` is far below isize::MAX.
        (false, _) if len <= max => Ok(unsafe { std::slice::from_raw_parts(data, len) }),
        _ => Err(bad_bytes(len, max, what)),
    }
}

/// An array given as pointer and count. NULL is allowed for count 0.
///
/// # Safety
/// `data` is NULL or valid for reads of `count` elements for the duration of the call.
pub(super) unsafe fn array<'a, T>(data: *const T, count: usize, max: usize, what: &str) -> Result<&'a [T]> {
    match (data.is_null(), count) {
        _ if count > max => Err(limits::too_many(what, count, max)),
        (_, 0) => Ok(&[]),
        (true, _) => Err(is_null(what)),
        // SAFETY: non-NULL and valid for `count` elements by the caller's contract.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data, count) }),
    }
}

#[cold]
fn bad_bytes(len: usize, max: usize, what: &str) -> Error {
    match len > max {
        true => Error::new(Kind::TooLarge, format!("{what} of {len} bytes: the limit is {max}")),
        false => Error::invalid(format!("{what} is NULL with a length of {len}")),
    }
}

#[cold]
fn is_null(what: &str) -> Error {
    Error::invalid(format!("{what} is NULL"))
}

/// A key, at most [`limits::MAX_KEY_BYTES`].
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn key<'a>(data: *const u8, len: usize) -> Result<&'a [u8]> {
    // SAFETY: forwarded contract.
    unsafe { bytes(data, len, limits::MAX_KEY_BYTES, "key") }
}

/// A value, at most [`limits::MAX_VALUE_BYTES`].
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn value<'a>(data: *const u8, len: usize) -> Result<&'a [u8]> {
    // SAFETY: forwarded contract.
    unsafe { bytes(data, len, limits::MAX_VALUE_BYTES, "value") }
}

/// A NUL-terminated UTF-8 string.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
pub(super) unsafe fn string<'a>(text: *const c_char, what: &str) -> Result<&'a str> {
    if text.is_null() {
        return Err(is_null(what));
    }
    // SAFETY: non-NULL and NUL-terminated by the caller's contract.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Error::invalid(format!("{what} is not UTF-8")))
}

/// UTF-8 text given as pointer and length; None for NULL.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn optional_text<'a>(
    data: *const c_char,
    len: usize,
    what: &str,
) -> Result<Option<&'a str>> {
    // SAFETY: forwarded contract.
    let bytes = unsafe { bytes(data.cast(), len, MAX_TEXT_BYTES, what)? };
    let text = std::str::from_utf8(bytes).map_err(|_| Error::invalid(format!("{what} is not UTF-8")))?;
    Ok((!data.is_null()).then_some(text))
}

/// The same, empty for NULL.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn text<'a>(data: *const c_char, len: usize, what: &str) -> Result<&'a str> {
    // SAFETY: forwarded contract.
    Ok(unsafe { optional_text(data, len, what)? }.unwrap_or_default())
}

/// A JSON object; None for NULL and for an empty text.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn json<T: DeserializeOwned>(
    data: *const c_char,
    len: usize,
    what: &str,
) -> Result<Option<T>> {
    // SAFETY: forwarded contract. A list of its members would be taken for a struct too, if it were not asked for a map.
    unsafe { json_of::<serde_json::Map<_, _>, T>(data, len, what) }
}

/// Any JSON that is no object and no array.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn scalar(data: *const c_char, len: usize, what: &str) -> Result<serde_json::Value> {
    // SAFETY: forwarded contract.
    let text = unsafe { text(data, len, what)? };
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_) | serde_json::Value::Array(_)) => {
            Err(Error::invalid(format!("{what}: wanted a JSON scalar")))
        }
        scalar => scalar.map_err(|error| Error::invalid(format!("{what}: {error}"))),
    }
}

/// A JSON array; None for NULL and for an empty text.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn json_array<T: DeserializeOwned>(
    data: *const c_char,
    len: usize,
    what: &str,
) -> Result<Option<Vec<T>>> {
    // SAFETY: forwarded contract.
    unsafe { json_of::<Vec<serde_json::Value>, Vec<T>>(data, len, what) }
}

/// # Safety
/// As [`bytes`].
unsafe fn json_of<Form: DeserializeOwned + Into<serde_json::Value>, T: DeserializeOwned>(
    data: *const c_char,
    len: usize,
    what: &str,
) -> Result<Option<T>> {
    // SAFETY: forwarded contract.
    let text = unsafe { text(data, len, what)? };
    if text.is_empty() {
        return Ok(None);
    }
    let form: serde_json::Result<Form> = serde_json::from_str(text);
    form.and_then(|form| serde_json::from_value(form.into()))
        .map(Some)
        .map_err(|error| Error::invalid(format!("{what}: {error}")))
}

/// An array of size-versioned structs: each is as far from the next as the first one's `struct_size` says.
///
/// # Safety
/// Each element as [`sized`]; `items` is NULL or valid for `count` of them.
pub(super) unsafe fn sized_array<T: Copy>(items: *const T, count: usize, what: &str) -> Result<Vec<T>> {
    if items.is_null() && count > 0 {
        return Err(Error::invalid(format!("an array of {what} is NULL with a count of {count}")));
    }
    if count > limits::MAX_PAGE_ROWS {
        return Err(limits::too_many(what, count, limits::MAX_PAGE_ROWS));
    }
    let mut list = Vec::with_capacity(count);
    let (mut next, mut stride) = (items.cast::<u8>(), None);
    for _ in 0..count {
        // SAFETY: within the array by the caller's contract; the first field is a readable u32.
        let size = unsafe { next.cast::<u32>().read_unaligned() };
        if *stride.get_or_insert(size) != size {
            return Err(Error::invalid(format!("the structs of an array of {what} differ in struct_size")));
        }
        // SAFETY: forwarded contract; the size was checked by the read of this element before the next one is looked at.
        unsafe {
            list.push(sized(next.cast::<T>(), what)?);
            next = next.add(size as usize);
        }
    }
    Ok(list)
}

/// An array that receives outputs, zeroed at once; empty for NULL, which means that the caller does not want them.
///
/// # Safety
/// `items` is NULL or writable for `count` elements for the duration of the call, for which all-zero bytes are valid.
pub(super) unsafe fn optional_array<'a, T: Copy>(
    items: *mut T,
    count: usize,
    what: &str,
) -> Result<&'a mut [T]> {
    if items.is_null() || count == 0 {
        return Ok(&mut []);
    }
    if count > limits::MAX_PAGE_ROWS {
        return Err(limits::too_many(what, count, limits::MAX_PAGE_ROWS));
    }
    // SAFETY: non-NULL, so writable for `count` elements by the caller's contract.
    unsafe {
        items.write_bytes(0, count);
        Ok(std::slice::from_raw_parts_mut(items, count))
    }
}

/// A required output, set to `initial` at once so that it is defined whatever happens later.
///
/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn out<'a, T>(out: *mut T, initial: T, what: &str) -> Result<&'a mut T> {
    if out.is_null() {
        return Err(is_null(what));
    }
    // SAFETY: non-NULL, so writable by the caller's contract; `write` does not read the uninitialised old value.
    unsafe {
        out.write(initial);
        Ok(&mut *out)
    }
}

/// An optional output: NULL means that the caller does not want it.
///
/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn optional<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: non-NULL, so writable by the caller's contract.
        unsafe { out.write(value) };
    }
}

/// Copies a size-versioned struct in: a shorter one (an older caller) is zero-filled, a longer one (a newer caller)
/// is accepted when the part unknown here is all zero. NULL gives all defaults.
///
/// # Safety
/// `T` is a `repr(C)` struct for which all-zero bytes are valid and whose first field is `struct_size: u32`;
/// `given` is NULL or points to at least that many bytes.
pub(super) unsafe fn sized<T: Copy>(given: *const T, what: &str) -> Result<T> {
    const LONGEST: usize = 4096;
    // SAFETY: all-zero is a valid T by the caller's contract.
    let mut result: T = unsafe { std::mem::zeroed() };
    if given.is_null() {
        return Ok(result);
    }
    // SAFETY: the first field is a readable u32; the struct may be unaligned when it comes from a script.
    let size = unsafe { given.cast::<u32>().read_unaligned() } as usize;
    if !(size_of::<u32>()..=LONGEST).contains(&size) {
        return Err(Error::invalid(format!("{what}.struct_size is {size}: set it to sizeof({what})")));
    }
    // SAFETY: the caller promises `struct_size` readable bytes.
    let source = unsafe { std::slice::from_raw_parts(given.cast::<u8>(), size) };
    let known = size.min(size_of::<T>());
    // SAFETY: `known` bytes are within both; a prefix of T over zeroes is a valid T by the caller's contract.
    unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), (&raw mut result).cast::<u8>(), known) };
    if source.iter().skip(known).any(|byte| *byte != 0) {
        return Err(Error::invalid(format!(
            "{what} has fields this library does not know: it is newer than the library"
        )));
    }
    Ok(result)
}

/// The same where the caller may not want it.
///
/// # Safety
/// As [`fill_sized`].
pub(super) unsafe fn fill_optional<T: Copy>(target: *mut T, value: &T, what: &str) -> Result<()> {
    // SAFETY: forwarded contract.
    if target.is_null() { Ok(()) } else { unsafe { fill_sized(target, value, what) } }
}

/// Fills a size-versioned output struct with as many bytes as the caller's version has.
///
/// # Safety
/// `T` is `repr(C)` with `struct_size: u32` first; `target` is NULL or writable for the size it states.
pub(super) unsafe fn fill_sized<T: Copy>(target: *mut T, value: &T, what: &str) -> Result<()> {
    if target.is_null() {
        return Err(is_null(what));
    }
    // SAFETY: the first field is a readable u32.
    let size = unsafe { target.cast::<u32>().read_unaligned() };
    if (size as usize) < size_of::<u32>() {
        return Err(Error::invalid(format!("{what}.struct_size is {size}: set it to sizeof({what})")));
    }
    let known = (size as usize).min(size_of::<T>());
    // SAFETY: `known` bytes are within both structs; the size field is put back as the caller set it.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const *value).cast::<u8>(), target.cast::<u8>(), known);
        target.cast::<u32>().write_unaligned(size);
    }
    Ok(())
}
