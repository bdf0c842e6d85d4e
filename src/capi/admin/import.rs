//! Taking over records of another program.

use std::ffi::{c_char, c_void};

use super::migrate::told;
use super::progress::{joinly_progress_callback, watcher};
use crate::admin::{self, Existing, ImportOptions, Item, Source};
use crate::capi::error::{joinly_error, joinly_status};
use crate::capi::ffi;
use crate::capi::guard::guard;
use crate::capi::kv::found;
use crate::capi::store::{joinly_store, with_store};
use crate::capi::value::{document, joinly_value};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::store::Expiry;

/// The import is refused with `JOINLY_EXISTS` when the store has a key of it already.
pub const JOINLY_EXISTING_REFUSE: u32 = 0;
/// Records that the store has already stay as they are.
pub const JOINLY_EXISTING_KEEP: u32 = 1;
/// Records that the store has already are replaced.
pub const JOINLY_EXISTING_REPLACE: u32 = 2;

/// How to import. Zero-initialise it, set `struct_size` to `sizeof(joinly_import_options)`, then what differs from the
/// defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_import_options {
    /// `sizeof(joinly_import_options)`.
    pub struct_size: u32,
    /// One of `JOINLY_EXISTING_*`.
    pub existing: u32,
    /// The most records of one commit; 0: 1000.
    pub chunk_records: u32,
    /// 1: only look: count and check every record, write nothing.
    pub dry_run: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// About the most bytes of one commit; 0: 4 MiB.
    pub chunk_bytes: u64,
}

impl joinly_import_options {
    fn to_options(self) -> Result<ImportOptions> {
        let mut options = ImportOptions { dry_run: self.dry_run != 0, ..ImportOptions::default() };
        options.existing = match self.existing {
            JOINLY_EXISTING_REFUSE => Existing::Refuse,
            JOINLY_EXISTING_KEEP => Existing::Keep,
            JOINLY_EXISTING_REPLACE => Existing::Replace,
            other => return Err(Error::invalid(format!("existing is {other}: one of JOINLY_EXISTING_*"))),
        };
        if self.chunk_records != 0 {
            options.chunk_records = self.chunk_records as usize;
        }
        if self.chunk_bytes != 0 {
            options.chunk_bytes = usize::try_from(self.chunk_bytes).unwrap_or(usize::MAX);
        }
        Ok(options)
    }
}

/// A record of a `joinly_import_callback`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_import_record {
    /// Bytes of this struct, as the library knows it: fields beyond it are not there.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Its key in the store, of `key_len` bytes. What the source points to stays until it is called again.
    pub key: *const u8,
    /// Bytes of the key.
    pub key_len: usize,
    /// Its value, of `value_len` bytes; may be NULL when that is 0.
    pub value: *const u8,
    /// Bytes of the value.
    pub value_len: usize,
    /// When it expires, in milliseconds since 1970-01-01 UTC; 0: never.
    pub expires_at: i64,
}

/// Gives the next record of an import, on the thread of the call: fills `record`, whose fields are zero, and answers 1, or 0
/// after the last; anything else ends the import with `JOINLY_CANCELLED`. Keys come in ascending order, each once. `after`,
/// of `after_len` bytes, is the key of the record before, or where an earlier attempt stopped: a source may go on there, and
/// one that begins anew is asked until it is past it. `user` is what was given with it. It may call the library, and must
/// not unwind.
pub type joinly_import_callback = Option<
    unsafe extern "C" fn(
        after: *const u8,
        after_len: usize,
        record: *mut joinly_import_record,
        user: *mut c_void,
    ) -> i32,
>;

/// The host's source.
struct HostSource<'a> {
    name: &'a str,
    fingerprint: u64,
    next: unsafe extern "C" fn(*const u8, usize, *mut joinly_import_record, *mut c_void) -> i32,
    user: *mut c_void,
    /// The last key that it gave.
    given: Vec<u8>,
    ended: bool,
}

impl<'a> HostSource<'a> {
    /// # Safety
    /// `next` is NULL or a function that is safe to call with `user` on this thread, and keeps what
    /// [`joinly_import_callback`] says.
    unsafe fn new(
        name: &'a str,
        fingerprint: u64,
        next: joinly_import_callback,
        user: *mut c_void,
    ) -> Result<Self> {
        let next = next.ok_or_else(|| Error::invalid("source is NULL"))?;
        Ok(Self { name, fingerprint, next, user, given: Vec::new(), ended: false })
    }

    /// What the host answers, told what comes before that.
    fn ask(&self, after: &[u8]) -> Result<Option<joinly_import_record>> {
        let mut record = joinly_import_record {
            struct_size: size_of::<joinly_import_record>() as u32,
            reserved: 0,
            key: std::ptr::null(),
            key_len: 0,
            value: std::ptr::null(),
            value_len: 0,
            expires_at: 0,
        };
        // SAFETY: the host promised that its source may be called with `user`; key and record live during the call.
        match unsafe { (self.next)(after.as_ptr(), after.len(), &raw mut record, self.user) } {
            0 => Ok(None),
            1 => Ok(Some(record)),
            _ => Err(Error::new(Kind::Cancelled, "the source ended the import")),
        }
    }
}

impl Source for HostSource<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn fingerprint(&mut self) -> Result<u64> {
        Ok(self.fingerprint)
    }

    fn read(&mut self, after: &[u8], visit: &mut dyn FnMut(Item<'_>) -> Result<bool>) -> Result<()> {
        while !self.ended {
            let Some(record) = self.ask(after.max(&self.given))? else {
                self.ended = true;
                break;
            };
            // SAFETY: the host promised that what the record points to stays until it is asked again.
            let (key, value) = unsafe {
                (
                    ffi::bytes(record.key, record.key_len, limits::MAX_KEY_BYTES, "the key of a record")?,
                    ffi::bytes(
                        record.value,
                        record.value_len,
                        limits::MAX_VALUE_BYTES,
                        "the value of a record",
                    )?,
                )
            };
            if key <= self.given.as_slice() {
                let key = String::from_utf8_lossy(key);
                return Err(Error::invalid(format!("the source gave the key {key:?} out of order")));
            }
            self.given = key.to_vec();
            // A source that begins anew is not past it yet.
            if key <= after {
                continue;
            }
            let expiry = if record.expires_at == 0 { Expiry::Never } else { Expiry::At(record.expires_at) };
            if !visit(Item { key, value, expiry })? {
                break;
            }
        }
        Ok(())
    }
}

/// Takes over all records of `source` into a store that may hold other data and be in use, many in a commit, which also
/// tells how far that is, at the key `import:{name}`. After a failure, a cancellation or the death of the process the same
/// call goes on where it stopped, and no record is written twice; repeated after the end it does nothing.
///
/// `name` names the import: 1 to 128 printable bytes without a colon. `fingerprint` tells these records from all others, for
/// example a hash of the file that they are in: an import goes on with the same ones only. `source_user` is for `source`.
/// `options` may be NULL, and so may `callback`, whose `user` is its own. `*report` (may be NULL) receives a JSON object of
/// "imported", "kept" (records that the store had already and kept), "bytes" and "digest" (a number over all records in
/// their order, the same for the same records), to be freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_CANCELLED`, `JOINLY_CONFLICT` (another import of the name is at work, or one was begun with another
/// fingerprint), `JOINLY_EXISTS` (the store has a key already; the message names it), `JOINLY_INVALID` (records out of
/// order, or a name that is none), `JOINLY_TOO_LARGE`, and those of `joinly_store_commit`. What was imported stays.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_import(
    store: *mut joinly_store,
    name: *const c_char,
    fingerprint: u64,
    source: joinly_import_callback,
    source_user: *mut c_void,
    options: *const joinly_import_options,
    callback: joinly_progress_callback,
    user: *mut c_void,
    report: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        ffi::optional(report, std::ptr::null_mut());
        guard(err, || {
            let mut source = HostSource::new(ffi::string(name, "name")?, fingerprint, source, source_user)?;
            let options = ffi::sized(options, "joinly_import_options")?.to_options()?;
            let mut watcher = watcher(callback, user);
            let made = with_store(store, |store| admin::import(store, &mut source, &options, &mut watcher))?;
            told(&made, report)
        })
    }
}

/// Tells where the import of a name is. `*out` receives a JSON object of "fingerprint", "after" (the last key that was
/// imported, in hexadecimal digits), "done" (whether all of it was imported) and what `joinly_import` reports, so far; to be
/// freed with `joinly_value_free`. Any thread.
///
/// Errors: `JOINLY_NOT_FOUND` (there was none), `JOINLY_WRONG_TYPE` (its key holds something else), `JOINLY_INVALID`, and
/// those of `joinly_kv_get`.
///
/// # Safety
/// Pointers are NULL or valid as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn joinly_import_status(
    store: *mut joinly_store,
    name: *const c_char,
    out: *mut *mut joinly_value,
    err: *mut *mut joinly_error,
) -> joinly_status {
    // SAFETY: forwarded contract.
    unsafe {
        guard(err, || {
            let (out, name) = (ffi::out(out, std::ptr::null_mut(), "out")?, ffi::string(name, "name")?);
            let status = with_store(store, |store| admin::import_status(store, name))?;
            *out = document(&found(status)?)?;
            Ok(())
        })
    }
}
