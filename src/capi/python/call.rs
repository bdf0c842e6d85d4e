//! One call of a method, as CPython hands it over, and how it is answered.

use std::ffi::{CStr, c_char};
use std::mem::ManuallyDrop;
use std::ptr::{null, null_mut};

use super::super::error::make;
use super::super::guard::contain;
use super::super::store::{joinly_store, with_store};
use super::Instance;
use super::api::{Api, Reference};
use crate::error::{Error, Result};
use crate::store::Store;

/// What a method answers: an owned reference (NULL: an exception is set), or None to have the call handed on.
pub(super) type Answer = Result<Option<Reference>>;

/// A call, made while the interpreter lock is held. The caller keeps its arguments alive until it returns.
pub(super) struct Call {
    pub api: &'static Api,
    this: Reference,
    arguments: *const Reference,
    count: usize,
    names: Reference,
}

impl Call {
    /// Has `body` answer a call of the method `name`. It does not panic: what a store does is contained, and a
    /// guard around all of it would stop the unwinding by which CPython may end this thread.
    ///
    /// # Safety
    /// The arguments are what CPython passes to a method of a type whose instances are [`Instance`]s.
    pub unsafe fn answer(
        name: &CStr,
        this: Reference,
        arguments: *const Reference,
        count: isize,
        names: Reference,
        body: impl FnOnce(&Self) -> Answer,
    ) -> Reference {
        let Some(api) = Api::get() else { return null_mut() };
        let call = Self { api, this, arguments, count: usize::try_from(count).unwrap_or(0), names };
        match body(&call) {
            Ok(Some(answer)) => answer,
            Ok(None) => call.hand_on(name),
            Err(error) => call.fail(error),
        }
    }

    /// The positional arguments, when there are `N` and no others.
    pub fn exactly<const N: usize>(&self) -> Option<[Reference; N]> {
        if self.count != N || !self.names.is_null() {
            return None;
        }
        self.first()
    }

    /// `N` positional arguments, and perhaps one more, by position or by `name`.
    pub fn with_option<const N: usize>(&self, name: &CStr) -> Option<([Reference; N], Option<Reference>)> {
        let last = match (self.count.checked_sub(N)?, self.names.is_null()) {
            (0, true) => None,
            (1, true) => Some(self.argument(N)),
            (0, false) if self.is_only_name(name) => Some(self.argument(N)),
            _ => return None,
        };
        Some((self.first()?, last))
    }

    fn first<const N: usize>(&self) -> Option<[Reference; N]> {
        (self.count >= N).then(|| std::array::from_fn(|at| self.argument(at)))
    }

    /// An argument; those passed by name follow the others.
    fn argument(&self, at: usize) -> Reference {
        // SAFETY: callers have compared `at` with the number of arguments.
        unsafe { *self.arguments.add(at) }
    }

    fn is_only_name(&self, name: &CStr) -> bool {
        // SAFETY: the names are a tuple of str, by CPython's calling convention.
        self.length(self.names) == 1
            && unsafe { (self.api.str_is)((self.api.tuple_item)(self.names, 0), name.as_ptr()) == 0 }
    }

    /// The bytes of a key or value that is a plain bytes or str, which have no way to change while they are alive; None
    /// for other types, and for a str without a UTF-8.
    pub fn bytes(&self, object: Reference) -> Option<&[u8]> {
        let mut length = 0;
        // SAFETY: a live object, and the functions for exactly its type.
        let data = unsafe {
            let kind = (*object).kind;
            if std::ptr::eq(kind, self.api.bytes_type) {
                let mut data: *mut c_char = null_mut();
                (self.api.bytes_view)(object, &raw mut data, &raw mut length);
                data.cast_const()
            } else if std::ptr::eq(kind, self.api.str_type) {
                (self.api.str_view)(object, &raw mut length)
            } else {
                return None;
            }
        };
        if data.is_null() {
            // SAFETY: the lock is held.
            unsafe { (self.api.error_clear)() };
            return None;
        }
        // SAFETY: the object owns this many bytes there, and lives until the call is answered.
        Some(unsafe { std::slice::from_raw_parts(data.cast(), usize::try_from(length).ok()?) })
    }

    /// A number that is a plain int or float.
    pub fn number(&self, object: Reference) -> Option<f64> {
        // SAFETY: a live object; converting one of these types runs no Python code.
        unsafe {
            let kind = (*object).kind;
            if !std::ptr::eq(kind, self.api.float_type) && !std::ptr::eq(kind, self.api.int_type) {
                return None;
            }
            let number = (self.api.float_value)(object);
            // An int may be too large.
            (self.api.error_clear)();
            Some(number)
        }
    }

    /// Another reference to a live object.
    pub fn retained(&self, object: Reference) -> Reference {
        // SAFETY: a live object.
        unsafe { (self.api.retain)(object) };
        object
    }

    pub fn none(&self) -> Reference {
        self.retained(self.api.none)
    }

    pub fn new_bool(&self, value: bool) -> Reference {
        // SAFETY: the lock is held.
        unsafe { (self.api.bool_new)(value.into()) }
    }

    pub fn new_bytes(&self, bytes: &[u8]) -> Reference {
        // SAFETY: the function copies this many readable bytes.
        unsafe { (self.api.bytes_new)(bytes.as_ptr().cast(), bytes.len() as isize) }
    }

    /// The store, for what never waits. Under the interpreter lock.
    pub fn at_once<T>(&self, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        contain(|| with_store(self.store(), work))
    }

    /// The store, for what may wait: the interpreter lock is released meanwhile.
    pub fn waiting<T>(&self, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        // SAFETY: this thread holds the lock, and touches no object until it has it back.
        unsafe {
            let state = (self.api.save_thread)();
            let result = ManuallyDrop::new(contain(|| with_store(self.store(), work)));
            // Ends the thread if the interpreter is gone, past this frame: nothing here may need dropping.
            (self.api.restore_thread)(state);
            ManuallyDrop::into_inner(result)
        }
    }

    fn store(&self) -> *const joinly_store {
        // SAFETY: CPython has checked that `self` is an instance, which it keeps alive.
        let handle = unsafe { (*self.this.cast::<Instance>()).store };
        handle as usize as *const joinly_store
    }

    /// Calls the method of this name that Python defines, `self._portable.<name>`, with the same arguments.
    fn hand_on(&self, name: &CStr) -> Reference {
        let all = self.count + self.length(self.names);
        self.call_portable(name, (0..all).map(|at| self.argument(at)), self.names)
    }

    /// As [`Call::answer`] does for None, with one other argument.
    pub fn hand_on_with(&self, name: &CStr, argument: Reference) -> Reference {
        self.call_portable(name, std::iter::once(argument), null_mut())
    }

    fn call_portable(
        &self,
        name: &CStr,
        arguments: impl Iterator<Item = Reference>,
        names: Reference,
    ) -> Reference {
        // SAFETY: a live object and a C string.
        let portable = unsafe { (self.api.attribute)(self.this, c"_portable".as_ptr()) };
        if portable.is_null() {
            return null_mut();
        }
        let arguments: Vec<_> = std::iter::once(portable).chain(arguments).collect();
        let result = self.call_method(name, &arguments, names);
        self.release(portable);
        result
    }

    /// Raises the exception of an error, as `self._fail(status, error)` does; the error is Python's from then on.
    fn fail(&self, error: Error) -> Reference {
        let status = error.kind() as isize;
        let handle = if error.message().is_empty() { null() } else { make(error).cast_const() };
        // SAFETY: the lock is held.
        let (status, handle) = unsafe { ((self.api.int_new)(status), (self.api.int_new)(handle as isize)) };
        let mut result = null_mut();
        if !status.is_null() && !handle.is_null() {
            result = self.call_method(c"_fail", &[self.this, status, handle], null_mut());
        }
        self.release(status);
        self.release(handle);
        result
    }

    /// Calls a method of the first argument; the last ones have the names.
    fn call_method(&self, name: &CStr, arguments: &[Reference], names: Reference) -> Reference {
        let positional = arguments.len().saturating_sub(self.length(names));
        // SAFETY: the lock is held, and the arguments are alive.
        unsafe {
            let name = (self.api.str_new)(name.as_ptr());
            let mut result = null_mut();
            if !name.is_null() {
                result = (self.api.call_method)(name, arguments.as_ptr(), positional, names);
            }
            self.release(name);
            result
        }
    }

    /// The length of a tuple, or of NULL.
    pub fn length(&self, tuple: Reference) -> usize {
        // SAFETY: a live tuple when not NULL.
        let length = if tuple.is_null() { 0 } else { unsafe { (self.api.tuple_size)(tuple) } };
        usize::try_from(length).unwrap_or(0)
    }

    /// Ends an owned reference, or NULL.
    pub fn release(&self, object: Reference) {
        // SAFETY: an owned reference, which ends here, or NULL, which is ignored.
        unsafe { (self.api.release)(object) };
    }
}
