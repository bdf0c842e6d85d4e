//! The methods.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::null;

use super::api::{METH_FASTCALL_KEYWORDS, MethodDef, Reference};
use super::call::{Answer, Call};
use crate::cache::Lookup;

/// A table that CPython reads for as long as the type exists.
pub(super) struct Methods<const N: usize>([MethodDef; N]);

// SAFETY: it points to functions and static strings, and nobody writes to it.
unsafe impl<const N: usize> Sync for Methods<N> {}

impl<const N: usize> Methods<N> {
    pub fn as_ptr(&'static self) -> *mut c_void {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// Declares [`METHODS`]: the functions that answer, their names in Python, signatures and summaries.
macro_rules! methods {
    ($($body:ident = $name:literal, $doc:literal;)*) => {
        pub(super) static METHODS: Methods<{ [$($name),*].len() + 1 }> = Methods([
            $({
                unsafe extern "C-unwind" fn method(
                    this: Reference,
                    arguments: *const Reference,
                    count: isize,
                    names: Reference,
                ) -> Reference {
                    // SAFETY: CPython calls a method with these.
                    unsafe { Call::answer($name, this, arguments, count, names, $body) }
                }
                MethodDef {
                    name: $name.as_ptr(),
                    method: Some(method),
                    flags: METH_FASTCALL_KEYWORDS,
                    doc: $doc.as_ptr(),
                }
            },)*
            MethodDef { name: null(), method: None, flags: 0, doc: null() },
        ]);
    };
}

methods! {
    get = c"get", c"get($self, key, default=None)\n--\n\nThe value of a key, or `default`.";
    get_item = c"__getitem__", c"__getitem__($self, key)\n--\n\nThe value of a key.";
    contains = c"__contains__", c"__contains__($self, key)\n--\n\nWhether a key exists.";
    get_many = c"get_many",
        c"get_many($self, keys)\n--\n\nThe values of many keys as of one moment, in their order; None for a missing one.";
    set = c"set",
        c"set($self, key, value, ttl=None)\n--\n\nWrites a key that expires `ttl` seconds after the commit; None: never.";
    set_item = c"__setitem__", c"__setitem__($self, key, value)\n--\n\nWrites a key that never expires.";
    delete = c"delete", c"delete($self, key)\n--\n\nDeletes a key; whether it existed.";
}

fn get(call: &Call) -> Answer {
    let Some(([key], default)) = call.with_option(c"default") else { return Ok(None) };
    let Some(key) = call.bytes(key) else { return Ok(None) };
    Ok(Some(read(call, key)?.unwrap_or_else(|| call.retained(default.unwrap_or(call.api.none)))))
}

fn get_item(call: &Call) -> Answer {
    let Some([key]) = call.exactly() else { return Ok(None) };
    let Some(key) = call.bytes(key) else { return Ok(None) };
    // Python raises for a missing key.
    read(call, key)
}

/// The value of a key as a new object.
fn read(call: &Call, key: &[u8]) -> Answer {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
    }
    let cached = BUFFER.try_with(|buffer| {
        let Ok(mut buffer) = buffer.try_borrow_mut() else { return Ok(None) };
        Ok(match call.at_once(|store| store.get_cached(key, &mut buffer))? {
            Lookup::Found(length) => buffer.get(..length).map(|value| Some(call.new_bytes(value))),
            Lookup::Absent => Some(None),
            Lookup::Unknown => None,
        })
    });
    if let Some(value) = cached.unwrap_or(Ok(None))? {
        return Ok(value);
    }
    Ok(call.waiting(|store| store.get(key))?.map(|value| call.new_bytes(&value)))
}

fn contains(call: &Call) -> Answer {
    let Some([key]) = call.exactly() else { return Ok(None) };
    let Some(key) = call.bytes(key) else { return Ok(None) };
    Ok(Some(call.new_bool(match call.at_once(|store| store.get_cached(key, &mut []))? {
        Lookup::Found(_) => true,
        Lookup::Absent => false,
        Lookup::Unknown => call.waiting(|store| store.exists(key))?,
    })))
}

fn get_many(call: &Call) -> Answer {
    let Some([keys]) = call.exactly() else { return Ok(None) };
    // The iterable is run through once, here, and its items are kept alive.
    // SAFETY: a live object.
    let keys = unsafe { (call.api.tuple_of)(keys) };
    if keys.is_null() {
        return Ok(Some(keys));
    }
    let answer = read_many(call, keys);
    let answer = answer.map(|values| values.unwrap_or_else(|| call.hand_on_with(c"get_many", keys)));
    call.release(keys);
    answer.map(Some)
}

fn read_many(call: &Call, tuple: Reference) -> Answer {
    // SAFETY: a live tuple, and an index below its length.
    let items = (0..).take(call.length(tuple)).map(|at| unsafe { (call.api.tuple_item)(tuple, at) });
    let Some(keys) = items.map(|item| call.bytes(item)).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut values = Vec::with_capacity(keys.len());
    let known =
        call.at_once(|store| store.get_many_cached(&keys, |value| values.push(new_value(call, value))));
    if !matches!(known, Ok(true)) {
        values.drain(..).for_each(|value| call.release(value));
        let found = known.and_then(|_| call.waiting(|store| store.get_many(&keys)))?;
        values.extend(found.iter().map(|value| new_value(call, value.as_deref())));
    }
    Ok(Some(new_list(call, &values)))
}

fn new_value(call: &Call, value: Option<&[u8]>) -> Reference {
    value.map_or_else(|| call.none(), |value| call.new_bytes(value))
}

/// A list that takes over references. When one is NULL, so is the list.
fn new_list(call: &Call, items: &[Reference]) -> Reference {
    let complete = !items.iter().any(|item| item.is_null());
    // SAFETY: the lock is held; every slot of a new list is set once.
    unsafe {
        let list = if complete { (call.api.list_new)(items.len() as isize) } else { std::ptr::null_mut() };
        for (at, item) in (0..).zip(items) {
            if list.is_null() {
                call.release(*item);
            } else {
                (call.api.list_set)(list, at, *item);
            }
        }
        list
    }
}

fn set(call: &Call) -> Answer {
    let Some(([key, value], ttl)) = call.with_option(c"ttl") else { return Ok(None) };
    let ttl_ms = match ttl {
        Some(ttl) if !std::ptr::eq(ttl, call.api.none) => call.number(ttl).and_then(to_milliseconds),
        _ => Some(0),
    };
    let Some(ttl_ms) = ttl_ms else { return Ok(None) };
    write(call, key, value, ttl_ms)
}

fn set_item(call: &Call) -> Answer {
    let Some([key, value]) = call.exactly() else { return Ok(None) };
    write(call, key, value, 0)
}

fn write(call: &Call, key: Reference, value: Reference, ttl_ms: u64) -> Answer {
    let (Some(key), Some(value)) = (call.bytes(key), call.bytes(value)) else { return Ok(None) };
    call.waiting(|store| store.put_ttl(key, value, ttl_ms))?;
    Ok(Some(call.none()))
}

/// A life in whole milliseconds, rounded up. None for one whose milliseconds this arithmetic may not tell exactly.
fn to_milliseconds(seconds: f64) -> Option<u64> {
    (seconds > 0.0 && seconds < 1e12).then(|| (seconds * 1000.0).ceil() as u64)
}

fn delete(call: &Call) -> Answer {
    let Some([key]) = call.exactly() else { return Ok(None) };
    let Some(key) = call.bytes(key) else { return Ok(None) };
    Ok(Some(call.new_bool(call.waiting(|store| store.delete(key))?)))
}

#[cfg(test)]
mod tests {
    use super::to_milliseconds;

    #[test]
    fn a_life_is_rounded_up_and_never_zero() {
        assert_eq!(to_milliseconds(1.0), Some(1000));
        assert_eq!(to_milliseconds(0.0101), Some(11));
        assert_eq!(to_milliseconds(f64::MIN_POSITIVE), Some(1));
        for refused in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e12] {
            assert_eq!(to_milliseconds(refused), None);
        }
    }
}
