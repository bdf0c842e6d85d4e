//! Google's library, loaded when it is first needed: without it everything but `leveldb:` works. See `leveldb/c.h`.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_void};

use libloading::Library;
use once_cell::race::OnceBox;

use crate::error::{Error, Kind, Result};
use crate::platform::fork::Process;

/// Under which names it is installed.
const NAMES: &[&str] = if cfg!(windows) {
    &["leveldb.dll", "libleveldb.dll"]
} else if cfg!(target_os = "macos") {
    &["libleveldb.1.dylib", "libleveldb.dylib"]
} else {
    &["libleveldb.so.1d", "libleveldb.so.1", "libleveldb.so"]
};

macro_rules! opaque {
    ($($name:ident)*) => {
        $(
            #[repr(C)]
            pub(super) struct $name([u8; 0]);
        )*
    };
}

opaque! { Db Options ReadOptions WriteOptions WriteBatch Iterator DbSnapshot FilterPolicy }

/// Where a failing function leaves its message, to be released with `free`.
pub(super) type Message = *mut *mut c_char;

macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions of its C interface, without the prefix of their names.
        pub(super) struct Functions {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Or the name of the first that is missing.
            ///
            /// # Safety
            /// The library is LevelDB, and is never unloaded.
            unsafe fn of(library: &Library) -> std::result::Result<Self, &'static str> {
                $(
                    let name = concat!("leveldb_", stringify!($name));
                    // SAFETY: these are the types in `leveldb/c.h`, which only ever grew.
                    let $name = *unsafe { library.get(name) }.map_err(|_| name)?;
                )*
                Ok(Self { $($name,)* })
            }
        }
    };
}

functions! {
    open(*const Options, *const c_char, Message) -> *mut Db;
    close(*mut Db);
    write(*mut Db, *const WriteOptions, *mut WriteBatch, Message);
    get(*mut Db, *const ReadOptions, *const c_char, usize, *mut usize, Message) -> *mut c_char;
    compact_range(*mut Db, *const c_char, usize, *const c_char, usize);
    create_snapshot(*mut Db) -> *const DbSnapshot;
    release_snapshot(*mut Db, *const DbSnapshot);
    create_iterator(*mut Db, *const ReadOptions) -> *mut Iterator;
    iter_destroy(*mut Iterator);
    iter_valid(*const Iterator) -> c_uchar;
    iter_seek_to_first(*mut Iterator);
    iter_seek_to_last(*mut Iterator);
    iter_seek(*mut Iterator, *const c_char, usize);
    iter_next(*mut Iterator);
    iter_prev(*mut Iterator);
    iter_key(*const Iterator, *mut usize) -> *const c_char;
    iter_value(*const Iterator, *mut usize) -> *const c_char;
    iter_get_error(*const Iterator, Message);
    writebatch_create() -> *mut WriteBatch;
    writebatch_destroy(*mut WriteBatch);
    writebatch_put(*mut WriteBatch, *const c_char, usize, *const c_char, usize);
    writebatch_delete(*mut WriteBatch, *const c_char, usize);
    options_create() -> *mut Options;
    options_destroy(*mut Options);
    options_set_create_if_missing(*mut Options, c_uchar);
    options_set_paranoid_checks(*mut Options, c_uchar);
    options_set_filter_policy(*mut Options, *mut FilterPolicy);
    filterpolicy_create_bloom(c_int) -> *mut FilterPolicy;
    filterpolicy_destroy(*mut FilterPolicy);
    readoptions_create() -> *mut ReadOptions;
    readoptions_destroy(*mut ReadOptions);
    readoptions_set_verify_checksums(*mut ReadOptions, c_uchar);
    readoptions_set_snapshot(*mut ReadOptions, *const DbSnapshot);
    writeoptions_create() -> *mut WriteOptions;
    writeoptions_destroy(*mut WriteOptions);
    writeoptions_set_sync(*mut WriteOptions, c_uchar);
    free(*mut c_void);
}

struct Loaded {
    functions: Functions,
    process: Process,
}

/// Loads it, once in a process.
///
/// # Errors
/// [`Kind::Unsupported`] when it is not installed; [`Kind::Forked`] in a child of a process that had loaded it: its
/// background thread is not there, and a database that needs it would stand still.
pub(super) fn functions() -> Result<&'static Functions> {
    static LOADED: OnceBox<Loaded> = OnceBox::new();
    let loaded = LOADED.get_or_try_init(|| load(NAMES).map(Box::new))?;
    if !loaded.process.is_current() {
        return Err(Error::new(
            Kind::Forked,
            "this process was forked from one that had used LevelDB, whose thread it lacks: start workers by spawning",
        ));
    }
    Ok(&loaded.functions)
}

fn load(names: &[&str]) -> Result<Loaded> {
    let process = Process::current();
    // SAFETY: what it runs when loaded is the initialisation of a C++ library.
    let found = names.iter().find_map(|name| unsafe { Library::new(*name) }.ok());
    let library = found.ok_or_else(|| {
        Error::new(
            Kind::Unsupported,
            format!(
                "leveldb: needs Google's LevelDB, and none of {} is installed: on Debian and Ubuntu it is in the package \
                 libleveldb1d",
                names.join(", ")
            ),
        )
    })?;
    // Its thread runs as long as the process: it is never unloaded.
    let library = Box::leak(Box::new(library));
    // SAFETY: by its name it is LevelDB, and it was just leaked.
    let functions = unsafe { Functions::of(library) }.map_err(|missing| {
        Error::new(
            Kind::Unsupported,
            format!("leveldb: the installed LevelDB is too old: it has no {missing}"),
        )
    })?;
    Ok(Loaded { functions, process })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_missing_is_named() {
        for (name, named) in [("libnowhere.so.7", "libleveldb1d"), ("libc.so.6", "leveldb_open")] {
            let error = load(&[name]).err().unwrap();
            assert_eq!(error.kind(), Kind::Unsupported);
            assert!(error.message().contains(named), "{error}");
        }
    }
}
