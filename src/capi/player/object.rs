//! Objects.

use std::ffi::c_char;

use super::with_players;
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::{found, joinly_scan_options};
use crate::capi::page::{self, joinly_page};
use crate::capi::store::joinly_store;
use crate::capi::txn::joinly_txn;
use crate::capi::value::{self, joinly_value};
use crate::error::{Error, Kind, Result};
use crate::models::player::{Expected, Object, ObjectWrite, Written};

/// Whatever is there is replaced.
pub const JOINLY_EXPECT_ANY: u32 = 0;
/// Nothing is there.
pub const JOINLY_EXPECT_ABSENT: u32 = 1;
/// What is there has the version that the write names.
pub const JOINLY_EXPECT_VERSION: u32 = 2;

/// A write of an object. Zero-initialise it and set `struct_size`. Texts but the document are ids in UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_object_change {
    /// `sizeof(joinly_object_change)`.
    pub struct_size: u32,
    /// On which condition: one of `JOINLY_EXPECT_*`.
    pub expected: u32,
    /// For `JOINLY_EXPECT_VERSION`: which version, at least 1; else 0.
    pub version: u64,
    /// Whose.
    pub player: *const c_char,
    /// Length of `player`.
    pub player_len: usize,
    /// In which collection.
    pub collection: *const c_char,
    /// Length of `collection`.
    pub collection_len: usize,
    /// By what name there.
    pub name: *const c_char,
    /// Length of `name`.
    pub name_len: usize,
    /// The JSON document, at most 1 MiB; NULL deletes the object.
    pub document: *const c_char,
    /// Length of `document`.
    pub document_len: usize,
}

/// What became of writes of objects.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_written {
    /// `sizeof(joinly_written)`, set by the caller.
    pub struct_size: u32,
    /// After `JOINLY_CONFLICT`: which write found something else than it expected, counted from 1. 0: none.
    pub conflict: u32,
    /// The version of all that was written; 0 within a transaction, which has none yet.
    pub version: u64,
    /// After a conflict: the version of what is there; 0 when nothing is, or the transaction wrote it itself.
    pub present: u64,
}

/// # Safety
/// The texts of `write` are NULL or valid as described.
unsafe fn write(write: &joinly_object_change) -> Result<ObjectWrite> {
    let expected = match (write.expected, write.version) {
        (JOINLY_EXPECT_ANY, 0) => Expected::Any,
        (JOINLY_EXPECT_ABSENT, 0) => Expected::Absent,
        (JOINLY_EXPECT_VERSION, version) => Expected::Version(version),
        (JOINLY_EXPECT_ANY | JOINLY_EXPECT_ABSENT, version) => {
            return Err(Error::invalid(format!("version {version} is given, and no version is expected")));
        }
        (other, _) => return Err(Error::invalid(format!("there is no expectation {other}"))),
    };
    // SAFETY: forwarded contract.
    unsafe {
        let object = Object {
            player: ffi::text(write.player, write.player_len, "player")?.to_owned(),
            collection: ffi::text(write.collection, write.collection_len, "collection")?.to_owned(),
            name: ffi::text(write.name, write.name_len, "name")?.to_owned(),
        };
        let document = ffi::optional_text(write.document, write.document_len, "document")?;
        Ok(ObjectWrite { object, expected, document: document.map(|text| text.as_bytes().to_vec()) })
    }
}

/// Reads an object of a player, which is at the key `player:{player}:object:{collection}:{name}`. `*out` receives its JSON
/// document, to be freed with `joinly_value_free`; `joinly_value_version` tells the version to expect in a write. Any
/// thread. Errors: those of `joinly_player_get` but `JOINLY_WRONG_TYPE`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_object_get(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    collection: *const c_char,
    collection_len: usize,
    name: *const c_char,
    name_len: usize,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let object = Object {
                player: ffi::text(player, player_len, "player")?.to_owned(),
                collection: ffi::text(collection, collection_len, "collection")?.to_owned(),
                name: ffi::text(name, name_len, "name")?.to_owned(),
            };
            *out = value::make(found(with_players(store, txn, |players| players.object(&object))?)?)?;
            Ok(())
        })
    }
}

/// Reads a page of a player's objects in a collection, by name: the rows' keys end with it, after the last colon.
/// `options` may be NULL. `*out` receives the page, to be freed with `joinly_page_free`. Any thread. Errors: those of
/// `joinly_object_get` but `JOINLY_NOT_FOUND`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_object_list(
    store: *const joinly_store,
    txn: *mut joinly_txn,
    player: *const c_char,
    player_len: usize,
    collection: *const c_char,
    collection_len: usize,
    options: *const joinly_scan_options,
    out: *mut *mut joinly_page,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let out = ffi::out(out, std::ptr::null_mut(), "out")?;
            let options = ffi::sized(options, "joinly_scan_options")?;
            let player = ffi::text(player, player_len, "player")?;
            let collection = ffi::text(collection, collection_len, "collection")?;
            let page = with_players(store, txn, |players| {
                players.objects(player, collection, |scan| options.apply(scan))
            });
            *out = page::make(page?)?;
            Ok(())
        })
    }
}

/// Makes 1 to 100 writes of different objects, all or none. A version is that of the commit that wrote the object: it only
/// grows, and never comes back, not even after a deletion. `written` may be NULL. Any thread.
///
/// Errors: `JOINLY_CONFLICT` (a condition does not hold: `written` tells which, and the present version; or it lost every
/// race against other writers), and those of `joinly_player_create` but `JOINLY_EXISTS`. What fails changes nothing.
///
/// # Safety
/// `writes` is NULL or valid for `count` elements; pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_object_write(
    store: *mut joinly_store,
    txn: *mut joinly_txn,
    writes: *const joinly_object_change,
    count: usize,
    written: *mut joinly_written,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let fill = |conflict, version, present| {
                let value = joinly_written { struct_size: 0, conflict, version, present };
                ffi::fill_optional(written, &value, "joinly_written")
            };
            fill(0, 0, 0)?;
            let writes = ffi::sized_array(writes, count, "joinly_object_change")?;
            let writes: Vec<ObjectWrite> = writes.iter().map(|it| write(it)).collect::<Result<_>>()?;
            match with_players(store, txn, |players| players.write_objects(&writes))? {
                Written::Done { version } => fill(0, version, 0),
                Written::Conflict { write, current } => {
                    fill(write as u32 + 1, 0, current)?;
                    let text = format!("write {}: the object's version is {current}", write + 1);
                    Err(Error::new(Kind::Conflict, text))
                }
            }
        })
    }
}
