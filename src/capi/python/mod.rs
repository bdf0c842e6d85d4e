//! The methods of a Python store that matter for speed, made inside the library: calling one costs what calling a C
//! extension costs, a fraction of a call through `ctypes`.
//!
//! A method does the plain case. Whatever else it is given, other types of arguments, wrong ones, too many, it hands on
//! to the method of the same name that Python defines ([`call::Call::hand_on`]), so that the two cannot differ. It holds
//! the interpreter lock while only the cache is asked, and releases it before anything that may wait.

mod api;
mod call;
mod methods;

use std::ffi::c_void;
use std::ptr::null_mut;

use api::{
    Api, MemberDef, Object, Slot, T_ULONGLONG, TP_MEMBERS, TP_METHODS, TPFLAGS_DEFAULT_BASETYPE, TypeSpec,
};

/// An instance of the type.
#[repr(C)]
struct Instance {
    head: Object,
    /// The handle of a store, or any other number: handles are never dereferenced.
    store: u64,
}

/// For the Python package alone: a new Python type with fast methods for a store, as a new reference that the caller
/// owns; its subclass sets `_handle` to the store. NULL without an exception when the program runs no Python whose
/// interface is known: then the package calls the other functions of this header through `ctypes`. NULL with an exception
/// when Python has no memory.
///
/// The caller holds Python's interpreter lock, as a call through `ctypes.PyDLL` does. A program without Python may call
/// it from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_python_store_type() -> *mut c_void {
    Api::get().map_or(null_mut(), |api| new_type(api).cast())
}

fn new_type(api: &Api) -> *mut Object {
    let handle = MemberDef {
        name: c"_handle".as_ptr(),
        kind: T_ULONGLONG,
        offset: std::mem::offset_of!(Instance, store) as isize,
        flags: 0,
        doc: std::ptr::null(),
    };
    let end = MemberDef { name: std::ptr::null(), kind: 0, offset: 0, flags: 0, doc: std::ptr::null() };
    let mut members = [handle, end];
    let mut slots = [
        Slot { id: TP_METHODS, value: methods::METHODS.as_ptr() },
        Slot { id: TP_MEMBERS, value: members.as_mut_ptr().cast() },
        Slot { id: 0, value: null_mut() },
    ];
    let mut spec = TypeSpec {
        name: c"joinly_storage._native.StoreMethods".as_ptr(),
        basic_size: size_of::<Instance>() as i32,
        item_size: 0,
        flags: TPFLAGS_DEFAULT_BASETYPE,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the lists end as CPython expects; it copies the members and keeps only the name and the methods, which are
    // static. The caller holds the interpreter lock.
    unsafe { (api.type_new)(&raw mut spec) }
}
