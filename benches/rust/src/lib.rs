//! The Rust peers behind one table of functions, as `rust.cpp` declares it: the C++ harness measures them in the same
//! rounds as everything else. A failure of a peer panics, which ends the run: its cost would mean nothing.

mod engines;
mod maps;

use std::ffi::{CStr, c_char};
use std::path::Path;

// Nothing here calls it: the C++ part links with the SQLite that this crate carries.
use libsqlite3_sys as _;

/// What an acknowledged write survives, in the order of the harness's own enum.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "made by C++")]
pub enum Durability {
    Nothing,
    Process,
    Behind,
    Power,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const u8,
    len: usize,
}

impl Bytes {
    fn get(&self) -> &[u8] {
        // SAFETY: the harness passes live bytes for the length of a call.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

#[repr(C)]
pub struct Row {
    key: Bytes,
    value: Bytes,
}

/// A system under test. Reads copy what they find into `into`; `None` is "not offered" for `scan` and `get_many`.
pub trait Peer: Send + Sync + Sized {
    fn open(folder: &Path, durability: Durability, cache_bytes: usize) -> Self;
    fn get(&self, key: &[u8], into: &mut [u8]) -> Option<usize>;
    fn put(&self, key: &[u8], value: &[u8]);
    fn put_batch(&self, rows: &[Row]) {
        for row in rows {
            self.put(row.key.get(), row.value.get());
        }
    }
    fn scan(&self, _from: &[u8], _rows: usize, _into: &mut [u8]) -> Option<usize> {
        None
    }
    fn get_many(&self, _keys: &[Bytes], _into: &mut [u8]) -> Option<usize> {
        None
    }
}

/// Copies a value to where a caller wants it; its length.
fn copy(value: &[u8], into: &mut [u8]) -> usize {
    into[..value.len()].copy_from_slice(value);
    value.len()
}

const NONE: usize = usize::MAX;
/// What the buffer of a session holds, as the harness makes it.
const BUFFER: usize = 64 << 10;

/// What C++ calls. All rely on this: stores come from `open` of the same table and are not used after `close`; pointers
/// and lengths are those of live memory; buffers have `BUFFER` bytes that nobody else uses during the call.
#[repr(C)]
pub struct Functions {
    open: unsafe extern "C" fn(*const c_char, Durability, usize) -> *mut (),
    close: unsafe extern "C" fn(*mut ()),
    get: unsafe extern "C" fn(*const (), Bytes, *mut u8) -> usize,
    put: unsafe extern "C" fn(*const (), Bytes, Bytes),
    put_batch: unsafe extern "C" fn(*const (), *const Row, usize),
    scan: unsafe extern "C" fn(*const (), Bytes, usize, *mut u8) -> usize,
    get_many: unsafe extern "C" fn(*const (), *const Bytes, usize, *mut u8) -> usize,
}

impl Functions {
    const fn of<P: Peer>() -> Self {
        Self {
            open: open::<P>,
            close: close::<P>,
            get: get::<P>,
            put: put::<P>,
            put_batch: put_batch::<P>,
            scan: scan::<P>,
            get_many: get_many::<P>,
        }
    }
}

unsafe extern "C" fn open<P: Peer>(
    folder: *const c_char,
    durability: Durability,
    cache_bytes: usize,
) -> *mut () {
    // SAFETY: as `Functions` says.
    let folder = unsafe { CStr::from_ptr(folder) }.to_str().expect("a path in UTF-8");
    Box::into_raw(Box::new(P::open(Path::new(folder), durability, cache_bytes))).cast()
}

unsafe extern "C" fn close<P: Peer>(store: *mut ()) {
    // SAFETY: as `Functions` says.
    drop(unsafe { Box::from_raw(store.cast::<P>()) });
}

unsafe fn peer<'a, P: Peer>(store: *const ()) -> &'a P {
    // SAFETY: as `Functions` says.
    unsafe { &*store.cast::<P>() }
}

unsafe fn buffer<'a>(into: *mut u8) -> &'a mut [u8] {
    // SAFETY: as `Functions` says.
    unsafe { std::slice::from_raw_parts_mut(into, BUFFER) }
}

unsafe extern "C" fn get<P: Peer>(store: *const (), key: Bytes, into: *mut u8) -> usize {
    // SAFETY: as `Functions` says.
    let (peer, into) = unsafe { (peer::<P>(store), buffer(into)) };
    peer.get(key.get(), into).unwrap_or(NONE)
}

unsafe extern "C" fn put<P: Peer>(store: *const (), key: Bytes, value: Bytes) {
    // SAFETY: as `Functions` says.
    unsafe { peer::<P>(store) }.put(key.get(), value.get());
}

unsafe extern "C" fn put_batch<P: Peer>(store: *const (), rows: *const Row, count: usize) {
    // SAFETY: as `Functions` says.
    let (peer, rows) = unsafe { (peer::<P>(store), std::slice::from_raw_parts(rows, count)) };
    peer.put_batch(rows);
}

unsafe extern "C" fn scan<P: Peer>(store: *const (), from: Bytes, rows: usize, into: *mut u8) -> usize {
    // SAFETY: as `Functions` says.
    let (peer, into) = unsafe { (peer::<P>(store), buffer(into)) };
    peer.scan(from.get(), rows, into).unwrap_or(NONE)
}

unsafe extern "C" fn get_many<P: Peer>(
    store: *const (),
    keys: *const Bytes,
    count: usize,
    into: *mut u8,
) -> usize {
    // SAFETY: as `Functions` says.
    let (peer, into) = unsafe { (peer::<P>(store), buffer(into)) };
    // SAFETY: as `Functions` says.
    let keys = unsafe { std::slice::from_raw_parts(keys, count) };
    peer.get_many(keys, into).unwrap_or(NONE)
}

#[unsafe(no_mangle)]
pub static bench_redb: Functions = Functions::of::<engines::Redb>();
#[unsafe(no_mangle)]
pub static bench_fjall: Functions = Functions::of::<engines::Fjall>();
#[unsafe(no_mangle)]
pub static bench_quick_cache: Functions = Functions::of::<maps::Quick>();
#[unsafe(no_mangle)]
pub static bench_moka: Functions = Functions::of::<maps::Moka>();
#[unsafe(no_mangle)]
pub static bench_rwlock_map: Functions = Functions::of::<maps::RwLockMap>();
