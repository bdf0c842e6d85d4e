//! The part of CPython's stable ABI that the methods need. It is looked up in the running program, so that the library
//! neither links a Python nor needs one to be built.

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::ptr::NonNull;
use std::sync::LazyLock;

use crate::platform;

/// The head of every object, in builds with an interpreter lock.
#[repr(C)]
pub(super) struct Object {
    references: isize,
    pub kind: *const Object,
}

/// A reference to an object. A function of CPython that returns NULL has set an exception.
pub(super) type Reference = *mut Object;

/// How CPython calls a method declared with `METH_FASTCALL | METH_KEYWORDS`: self, the arguments, how many of them are
/// positional, and a tuple of the names of the others, or NULL.
pub(super) type Method =
    unsafe extern "C-unwind" fn(Reference, *const Reference, isize, Reference) -> Reference;

#[repr(C)]
pub(super) struct MethodDef {
    pub name: *const c_char,
    pub method: Option<Method>,
    pub flags: c_int,
    pub doc: *const c_char,
}

#[repr(C)]
pub(super) struct MemberDef {
    pub name: *const c_char,
    pub kind: c_int,
    pub offset: isize,
    pub flags: c_int,
    pub doc: *const c_char,
}

#[repr(C)]
pub(super) struct Slot {
    pub id: c_int,
    pub value: *mut c_void,
}

#[repr(C)]
pub(super) struct TypeSpec {
    pub name: *const c_char,
    pub basic_size: c_int,
    pub item_size: c_int,
    pub flags: c_uint,
    pub slots: *mut Slot,
}

pub(super) const METH_FASTCALL_KEYWORDS: c_int = 0x80 | 0x02;
pub(super) const T_ULONGLONG: c_int = 18;
pub(super) const TPFLAGS_DEFAULT_BASETYPE: c_uint = (1 << 18) | (1 << 10);
pub(super) const TP_METHODS: c_int = 64;
pub(super) const TP_MEMBERS: c_int = 72;

/// Declares [`Api`]: its fields, the symbols behind them, and the C types of these. Unwinding passes through them when
/// CPython ends a thread that outlived its interpreter.
macro_rules! api {
    (
        objects { $($object:ident = $object_symbol:literal,)* }
        functions { $($field:ident = $symbol:literal ($($argument:ty),*) $(-> $result:ty)?,)* }
    ) => {
        pub(super) struct Api {
            $(pub $object: Reference,)*
            $(pub $field: unsafe extern "C-unwind" fn($($argument),*) $(-> $result)?,)*
        }

        impl Api {
            fn find() -> Option<Self> {
                Some(Self {
                    $($object: platform::symbol($object_symbol)?.as_ptr().cast(),)*
                    // SAFETY: in every version that has it, the function of this name is of this type.
                    $($field: unsafe {
                        std::mem::transmute::<
                            NonNull<c_void>,
                            unsafe extern "C-unwind" fn($($argument),*) $(-> $result)?,
                        >(platform::symbol($symbol)?)
                    },)*
                })
            }
        }
    };
}

api! {
    objects {
        none = c"_Py_NoneStruct",
        object_type = c"PyBaseObject_Type",
        bytes_type = c"PyBytes_Type",
        str_type = c"PyUnicode_Type",
        int_type = c"PyLong_Type",
        float_type = c"PyFloat_Type",
    }
    functions {
        version = c"Py_GetVersion"() -> *const c_char,
        retain = c"Py_IncRef"(Reference),
        release = c"Py_DecRef"(Reference),
        save_thread = c"PyEval_SaveThread"() -> *mut c_void,
        restore_thread = c"PyEval_RestoreThread"(*mut c_void),
        error_clear = c"PyErr_Clear"(),
        type_new = c"PyType_FromSpec"(*mut TypeSpec) -> Reference,
        attribute = c"PyObject_GetAttrString"(Reference, *const c_char) -> Reference,
        call_method = c"PyObject_VectorcallMethod"(Reference, *const Reference, usize, Reference) -> Reference,
        bytes_new = c"PyBytes_FromStringAndSize"(*const c_char, isize) -> Reference,
        bytes_view = c"PyBytes_AsStringAndSize"(Reference, *mut *mut c_char, *mut isize) -> c_int,
        str_new = c"PyUnicode_FromString"(*const c_char) -> Reference,
        str_view = c"PyUnicode_AsUTF8AndSize"(Reference, *mut isize) -> *const c_char,
        str_is = c"PyUnicode_CompareWithASCIIString"(Reference, *const c_char) -> c_int,
        bool_new = c"PyBool_FromLong"(c_long) -> Reference,
        int_new = c"PyLong_FromSsize_t"(isize) -> Reference,
        int_value = c"PyLong_AsLong"(Reference) -> c_long,
        float_value = c"PyFloat_AsDouble"(Reference) -> f64,
        tuple_of = c"PySequence_Tuple"(Reference) -> Reference,
        tuple_size = c"PyTuple_Size"(Reference) -> isize,
        tuple_item = c"PyTuple_GetItem"(Reference, isize) -> Reference,
        list_new = c"PyList_New"(isize) -> Reference,
        list_set = c"PyList_SetItem"(Reference, isize, Reference) -> c_int,
    }
}

// SAFETY: addresses of functions and of immortal objects, which never change.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

impl Api {
    /// None in a program without a CPython that is known. The caller holds the interpreter lock, if there is one.
    pub fn get() -> Option<&'static Self> {
        static API: LazyLock<Option<Api>> = LazyLock::new(|| {
            let api = Api::find()?;
            // SAFETY: the version is a static C string.
            let version = unsafe { CStr::from_ptr((api.version)()) };
            (is_known(version.to_str().ok()?) && api.has_plain_objects()).then_some(api)
        });
        API.as_ref()
    }

    /// Whether objects begin with an [`Object`] and nothing else, which a debugging build may prepend.
    fn has_plain_objects(&self) -> bool {
        // SAFETY: a type has this attribute, which is an int.
        unsafe {
            let size = (self.attribute)(self.object_type, c"__basicsize__".as_ptr());
            if size.is_null() {
                (self.error_clear)();
                return false;
            }
            let plain = (self.int_value)(size) == size_of::<Object>() as c_long;
            (self.release)(size);
            plain
        }
    }
}

/// Versions that export all of [`Api`], in builds with an interpreter lock.
fn is_known(version: &str) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let minor = match (numbers.next(), numbers.next()) {
        (Some(Ok(3)), Some(Ok(minor))) => minor,
        _ => return false,
    };
    (9..=14).contains(&minor) && !version.contains("free-threading")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_without_a_lock_and_those_to_come_are_not_known() {
        assert!(is_known("3.9.18 (main, Jan  1 2024, 10:00:00) [GCC 12.2.0]"));
        assert!(is_known("3.14.0 (main, Oct  7 2025, 10:00:00) [GCC 12.2.0]"));
        assert!(!is_known(
            "3.13.0 experimental free-threading build (main, Oct  7 2024, 10:00:00) [GCC 12.2.0]"
        ));
        assert!(!is_known("3.14.0 free-threading build (main, Oct  7 2025, 10:00:00) [GCC 12.2.0]"));
        assert!(!is_known("3.8.18 (default)"));
        assert!(!is_known("3.15.0a1 (main)"));
        assert!(!is_known("4.10.0"));
        assert!(!is_known(""));
    }
}
