//! An open database of LevelDB behind safe types: each owns what it got from the library and gives it back when dropped.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::ops::Bound;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::Duration;

use super::error::map;
use super::library::{self, Db, DbSnapshot, FilterPolicy, Functions, Options, ReadOptions, WriteOptions};
use super::open::Registration;
use crate::engine::{Range, VisitEntry, busy};
use crate::error::{Error, Result};

/// Bits for each key, so that one in a hundred searches for a key that a table lacks reads it nevertheless.
const BLOOM_BITS: i32 = 10;

/// An open database. Usable from any thread, as LevelDB says of its own.
pub(super) struct Database {
    functions: &'static Functions,
    db: *mut Db,
    options: *mut Options,
    filter: *mut FilterPolicy,
    write_options: *mut WriteOptions,
    /// Dropped after the database was closed.
    registration: Registration,
}

// SAFETY: "All of its public methods are thread-safe" (`leveldb/db.h`); options are only read once they are set.
unsafe impl Send for Database {}
// SAFETY: as above.
unsafe impl Sync for Database {}

impl Database {
    /// Opens the database in a folder, creating it if it is missing. A commit is on the device when it is `sync`.
    pub fn open(registration: Registration, sync: bool, busy_timeout: Duration) -> Result<Self> {
        let functions = library::functions()?;
        let name = CString::new(registration.folder().as_os_str().as_encoded_bytes())
            .map_err(|_| Error::invalid("the path of the database contains NUL"))?;
        // SAFETY: constructors without preconditions; what they make is given back in `drop`. The filter outlives the
        // database.
        let mut this = unsafe {
            let filter = (functions.filterpolicy_create_bloom)(BLOOM_BITS);
            let options = (functions.options_create)();
            (functions.options_set_create_if_missing)(options, 1);
            (functions.options_set_paranoid_checks)(options, 1);
            (functions.options_set_filter_policy)(options, filter);
            let write_options = (functions.writeoptions_create)();
            (functions.writeoptions_set_sync)(write_options, sync.into());
            Self { functions, db: null_mut(), options, filter, write_options, registration }
        };
        this.db = busy::retry(busy_timeout, || {
            let mut failure = Failure::new(functions);
            // SAFETY: options and a NUL-terminated path.
            let db = unsafe { (functions.open)(this.options, name.as_ptr(), failure.place()) };
            failure.into_result(this.folder(), "open")?;
            Ok(db)
        })?;
        Ok(this)
    }

    pub fn folder(&self) -> &Path {
        self.registration.folder()
    }

    /// Writes a batch as one record of the log: all of it or nothing.
    pub fn write(&self, batch: &Batch) -> Result<()> {
        let mut failure = Failure::new(self.functions);
        // SAFETY: the database is open; nobody else has the batch.
        unsafe { (self.functions.write)(self.db, self.write_options, batch.batch, failure.place()) };
        failure.into_result(self.folder(), "commit")
    }

    /// Rewrites the tables that have keys in a range, those of the newest changes in any case.
    pub fn compact(&self, range: Option<(&[u8], &[u8])>) {
        let ((start, start_len), (end, end_len)) = match range {
            Some((start, end)) => (pointer(start), pointer(end)),
            None => ((std::ptr::null(), 0), (std::ptr::null(), 0)),
        };
        // SAFETY: keys with their lengths; null for no bound.
        unsafe { (self.functions.compact_range)(self.db, start, start_len, end, end_len) };
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: every snapshot and batch keeps the database alive, and iterators their snapshot: nobody uses it any more.
        unsafe {
            if !self.db.is_null() {
                (self.functions.close)(self.db);
            }
            (self.functions.options_destroy)(self.options);
            (self.functions.writeoptions_destroy)(self.write_options);
            (self.functions.filterpolicy_destroy)(self.filter);
        }
    }
}

fn pointer(bytes: &[u8]) -> (*const c_char, usize) {
    (bytes.as_ptr().cast(), bytes.len())
}

/// Receives the message of a call that may fail.
struct Failure {
    functions: &'static Functions,
    message: *mut c_char,
}

impl Failure {
    fn new(functions: &'static Functions) -> Self {
        Self { functions, message: null_mut() }
    }

    fn place(&mut self) -> library::Message {
        &raw mut self.message
    }

    fn into_result(self, folder: &Path, doing: &str) -> Result<()> {
        if self.message.is_null() {
            return Ok(());
        }
        // SAFETY: a NUL-terminated text that lives until this is dropped.
        let text = unsafe { CStr::from_ptr(self.message) }.to_string_lossy();
        Err(map(&text, folder, doing))
    }
}

impl Drop for Failure {
    fn drop(&mut self) {
        // SAFETY: null, or a text that LevelDB allocated for the caller.
        unsafe { (self.functions.free)(self.message.cast()) };
    }
}

/// Changes to be written together.
pub(super) struct Batch {
    functions: &'static Functions,
    batch: *mut library::WriteBatch,
}

impl Batch {
    pub fn new(database: &Database) -> Self {
        let functions = database.functions;
        // SAFETY: a constructor; given back in `drop`.
        Self { functions, batch: unsafe { (functions.writebatch_create)() } }
    }

    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        let ((key, key_len), (value, value_len)) = (pointer(key), pointer(value));
        // SAFETY: bytes with their lengths, which it copies.
        unsafe { (self.functions.writebatch_put)(self.batch, key, key_len, value, value_len) };
    }

    pub fn delete(&mut self, key: &[u8]) {
        let (key, len) = pointer(key);
        // SAFETY: bytes with their length, which it copies.
        unsafe { (self.functions.writebatch_delete)(self.batch, key, len) };
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // SAFETY: made in `new`, and used by nobody else.
        unsafe { (self.functions.writebatch_destroy)(self.batch) };
    }
}

/// The database as it was when this was made. Usable from any thread.
pub(super) struct Snapshot {
    database: Arc<Database>,
    snapshot: *const DbSnapshot,
    options: *mut ReadOptions,
}

// SAFETY: neither the snapshot nor the options change once they are made.
unsafe impl Send for Snapshot {}
// SAFETY: as above.
unsafe impl Sync for Snapshot {}

impl Snapshot {
    pub fn new(database: &Arc<Database>) -> Self {
        let functions = database.functions;
        // SAFETY: the database is open, and stays so until `drop`, which gives both back.
        unsafe {
            let snapshot = (functions.create_snapshot)(database.db);
            let options = (functions.readoptions_create)();
            (functions.readoptions_set_verify_checksums)(options, 1);
            (functions.readoptions_set_snapshot)(options, snapshot);
            Self { database: Arc::clone(database), snapshot, options }
        }
    }

    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// Shows the value of a key, if it has one.
    pub fn get(&self, key: &[u8], show: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Database { functions, db, .. } = &*self.database;
        let (mut failure, mut len) = (Failure::new(functions), 0);
        let (key, key_len) = pointer(key);
        // SAFETY: a key with its length, and places for the length of the value and for an error.
        let value =
            unsafe { (functions.get)(*db, self.options, key, key_len, &raw mut len, failure.place()) };
        let value = Owned { functions, value, len };
        failure.into_result(self.database.folder(), "read")?;
        value.bytes().map_or(Ok(()), show)
    }

    /// Shows the entries of a range, until `visit` answers false.
    pub fn walk(&self, range: &Range, reverse: bool, visit: VisitEntry<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let mut entries = Iterator::new(self);
        if reverse {
            entries.seek_to_end(&range.end)
        } else {
            entries.seek_to_start(&range.start)
        }
        while let Some((key, value)) = entries.current() {
            if !range.contains(key) || !visit(key, value)? {
                break;
            }
            if reverse { entries.back() } else { entries.forward() }
        }
        entries.check()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Database { functions, db, .. } = &*self.database;
        // SAFETY: made in `new`; the database is still open.
        unsafe {
            (functions.readoptions_destroy)(self.options);
            (functions.release_snapshot)(*db, self.snapshot);
        }
    }
}

/// A value that LevelDB allocated for the caller.
struct Owned {
    functions: &'static Functions,
    value: *mut c_char,
    len: usize,
}

impl Owned {
    fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: it has that many bytes, and lives until this is dropped.
        (!self.value.is_null()).then(|| unsafe { std::slice::from_raw_parts(self.value.cast(), self.len) })
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: null, or allocated for the caller.
        unsafe { (self.functions.free)(self.value.cast()) };
    }
}

/// A place in a snapshot.
struct Iterator<'s> {
    snapshot: &'s Snapshot,
    iterator: *mut library::Iterator,
}

impl<'s> Iterator<'s> {
    fn new(snapshot: &'s Snapshot) -> Self {
        let Database { functions, db, .. } = &*snapshot.database;
        // SAFETY: the database is open while the snapshot lives; given back in `drop`.
        let iterator = unsafe { (functions.create_iterator)(*db, snapshot.options) };
        Self { snapshot, iterator }
    }

    fn functions(&self) -> &'static Functions {
        self.snapshot.database.functions
    }

    /// Goes to the first key at or after it.
    fn seek(&mut self, key: &[u8]) {
        let (key, len) = pointer(key);
        // SAFETY: a key with its length.
        unsafe { (self.functions().iter_seek)(self.iterator, key, len) };
    }

    fn seek_to_start(&mut self, start: &Bound<Vec<u8>>) {
        match start {
            // SAFETY: the iterator is alive.
            Bound::Unbounded => unsafe { (self.functions().iter_seek_to_first)(self.iterator) },
            Bound::Included(key) => self.seek(key),
            Bound::Excluded(key) => {
                self.seek(key);
                if self.current().is_some_and(|(found, _)| found == key) {
                    self.forward();
                }
            }
        }
    }

    fn seek_to_end(&mut self, end: &Bound<Vec<u8>>) {
        if let Bound::Included(key) | Bound::Excluded(key) = end {
            self.seek(key);
            match self.current() {
                Some((found, _)) if found == key && matches!(end, Bound::Included(_)) => return,
                Some(_) => return self.back(),
                // It may be at the end, or have failed, which `check` tells.
                None => {}
            }
        }
        // SAFETY: the iterator is alive.
        unsafe { (self.functions().iter_seek_to_last)(self.iterator) };
    }

    fn forward(&mut self) {
        // SAFETY: called at an entry.
        unsafe { (self.functions().iter_next)(self.iterator) };
    }

    fn back(&mut self) {
        // SAFETY: called at an entry.
        unsafe { (self.functions().iter_prev)(self.iterator) };
    }

    /// The entry it is at. None at either end, and after an error.
    fn current(&self) -> Option<(&[u8], &[u8])> {
        let functions = self.functions();
        let bytes = |of: unsafe extern "C" fn(*const library::Iterator, *mut usize) -> *const c_char| {
            let mut len = 0;
            // SAFETY: it is at an entry, whose bytes stay until it moves, which borrows it mutably. Empty ones may be null.
            unsafe {
                let start = of(self.iterator, &raw mut len);
                if len == 0 { &[][..] } else { std::slice::from_raw_parts(start.cast(), len) }
            }
        };
        // SAFETY: the iterator is alive.
        let valid = unsafe { (functions.iter_valid)(self.iterator) } != 0;
        valid.then(|| (bytes(functions.iter_key), bytes(functions.iter_value)))
    }

    /// Whether it ended because of an error.
    fn check(&self) -> Result<()> {
        let mut failure = Failure::new(self.functions());
        // SAFETY: the iterator is alive.
        unsafe { (self.functions().iter_get_error)(self.iterator, failure.place()) };
        failure.into_result(self.snapshot.database.folder(), "read")
    }
}

impl Drop for Iterator<'_> {
    fn drop(&mut self) {
        // SAFETY: made in `new`.
        unsafe { (self.functions().iter_destroy)(self.iterator) };
    }
}
