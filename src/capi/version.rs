//! Which library this is.

use std::ffi::c_char;

/// The version of the C ABI that this header describes. It rises only when the ABI breaks, together with the
/// library's SONAME.
pub const JOINLY_ABI_VERSION: u32 = 1;

/// The ABI version of the loaded library. A program compiled against this header needs it to equal
/// `JOINLY_ABI_VERSION`. Any thread; never fails.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_abi_version() -> u32 {
    JOINLY_ABI_VERSION
}

/// The library's version and that of the SQLite inside it, for example "1.0.0 (SQLite 3.54.1)". A static string
/// in UTF-8, never NULL and never to be freed. Any thread; never fails.
#[unsafe(no_mangle)]
pub extern "C" fn joinly_version_string() -> *const c_char {
    crate::VERSION_C.as_ptr()
}
