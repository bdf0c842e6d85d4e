//! The header of the WAL-index, read in shared memory: the cheapest way to know whether any process committed.
//!
//! Layout (<https://sqlite.org/walformat.html>): two copies of a 48-byte header. A commit writes the second copy, then the
//! first; a reader of SQLite believes them only when they are equal. Words of 8 bytes, in the machine's order:
//!
//! ```text
//! 0  version, unused      1  iChange (low half), flags, page size     2  mxFrame (low half), pages of the database
//! 3  frame checksum       4  salts                                    5  checksum of all before
//! ```
//! `iChange` rises by one with each commit; recovery after a crash resets it, which the other words give away unless the
//! log is empty: then all are zero.
#![allow(unsafe_code)]

use std::os::raw::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

use rusqlite::{Connection, ffi};

use super::error::{map_code, mapped};
use crate::engine::{AtomicGeneration, Generation};
use crate::error::{Error, Kind, Result};
use crate::platform;

const WORDS: usize = 6;
const REGION_BYTES: c_int = 32 * 1024;
/// A torn header is rare and short, unless its writer died: then only SQLite's recovery ends it.
const TRIES: usize = 100;
/// Commits through other software wake nobody: look again after this.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// The two copies of the header, or none for a file that nobody can write.
#[derive(Clone)]
pub(super) struct WalIndex(Option<NonNull<[[AtomicU64; WORDS]; 2]>>);

// SAFETY: the memory is only accessed through atomics, and stays mapped while the engine's writer connection is open,
// which outlives every use: the engine and its pool, the only holders, make none after the writer closes.
unsafe impl Send for WalIndex {}
// SAFETY: as above.
unsafe impl Sync for WalIndex {}

/// Finds the header of the file that `connection` has open in WAL mode.
pub(super) fn map(connection: &Connection) -> Result<WalIndex> {
    // The WAL-index is opened by the first read.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(mapped("open the WAL-index"))?;
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    let mut region: *mut c_void = std::ptr::null_mut();
    // SAFETY: the connection is open; FILE_POINTER stores one pointer into `file`. The methods of an open file of a
    // WAL database have xShmMap (version 2 of the table), which stores the address of region 0, mapped as long as
    // any connection of this process to the file is open, and aligned to a page.
    let code = unsafe {
        let code = ffi::sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_FILE_POINTER,
            (&raw mut file).cast(),
        );
        if code != ffi::SQLITE_OK
            || file.is_null()
            || (*file).pMethods.is_null()
            || (*(*file).pMethods).iVersion < 2
        {
            ffi::SQLITE_ERROR
        } else {
            match (*(*file).pMethods).xShmMap {
                Some(shm_map) => shm_map(file, 0, REGION_BYTES, 0, &raw mut region),
                None => ffi::SQLITE_ERROR,
            }
        }
    };
    match NonNull::new(region.cast()) {
        Some(header) if code == ffi::SQLITE_OK || code == ffi::SQLITE_READONLY => Ok(WalIndex(Some(header))),
        _ if code == ffi::SQLITE_OK || code == ffi::SQLITE_ERROR => {
            Err(Error::new(Kind::Unsupported, "the database is not in WAL mode").with_engine_code(code))
        }
        _ => Err(map_code(code, "open the WAL-index")),
    }
}

impl WalIndex {
    /// Of a file that nobody can write.
    pub fn constant() -> Self {
        Self(None)
    }

    fn copies(&self) -> Option<&[[AtomicU64; WORDS]; 2]> {
        // SAFETY: mapped and aligned as long as `self` is used (see the impl of Send).
        self.0.map(|header| unsafe { header.as_ref() })
    }

    /// The present header when it is whole, else `UNKNOWN`.
    pub fn generation(&self) -> Generation {
        let Some([first, second]) = self.copies() else { return Generation([0; WORDS]) };
        for _ in 0..TRIES {
            let one = Generation(load(first));
            fence(Ordering::Acquire);
            if one == Generation(load(second)) {
                return one;
            }
            std::hint::spin_loop();
        }
        Generation::UNKNOWN
    }

    /// Whether the present header is `seen`. The first copy tells: a commit writes it last, and nobody has read what was
    /// committed while it is as before.
    pub fn is_at(&self, seen: &AtomicGeneration) -> bool {
        let Some([first, _]) = self.copies() else { return self.generation() == seen.load() };
        let pairs = first.iter().zip(&seen.0);
        let differences = pairs.map(|(one, two)| one.load(Ordering::Acquire) ^ two.load(Ordering::Acquire));
        differences.fold(0, |all, difference| all | difference) == 0
    }

    /// Whether recovery made the header, from an empty log. Then nothing in it tells it from that of a later recovery.
    pub fn is_nameless(&self) -> bool {
        self.copies().is_some_and(|[[.., salts, _], _]| salts.load(Ordering::Relaxed) == 0)
    }

    /// Frames in the write-ahead log that no checkpoint has copied into the database yet.
    pub fn pending(&self) -> u32 {
        // SAFETY: nBackfill is the aligned 32-bit word after the two headers, in the same mapped region.
        let copied = self.0.map(|header| unsafe { AtomicU32::from_ptr(header.as_ptr().add(1).cast()) });
        copied.map_or(0, |copied| self.frames().saturating_sub(copied.load(Ordering::Relaxed)))
    }

    /// Frames in the write-ahead log.
    pub fn frames(&self) -> u32 {
        let Some([[_, _, word, ..], _]) = self.copies() else { return 0 };
        let word = word.load(Ordering::Relaxed);
        if cfg!(target_endian = "big") { (word >> 32) as u32 } else { word as u32 }
    }

    /// Waits until the header differs from `seen`; may return early.
    pub fn wait(&self, seen: &Generation, timeout: Duration) {
        let timeout = timeout.min(LONGEST_WAIT);
        match self.change_counter() {
            Some(word) if self.generation() == *seen => platform::wait::wait(word, changes(seen), timeout),
            Some(_) => {}
            None => std::thread::sleep(timeout),
        }
    }

    /// Wakes the waiters of every process after a commit.
    pub fn wake(&self) {
        if let Some(word) = self.change_counter() {
            platform::wait::wake(word);
        }
    }

    fn change_counter(&self) -> Option<&AtomicU32> {
        // SAFETY: iChange is the aligned 32-bit word at byte 8 of the mapped header on either byte order. It is waited
        // on, never read through this reference, so that no access mixes sizes.
        self.0.map(|header| unsafe { AtomicU32::from_ptr(header.as_ptr().cast::<u32>().add(2)) })
    }
}

/// The number of commits, modulo 2^32, since the WAL-index was made.
pub(super) fn changes(generation: &Generation) -> u32 {
    let [_, word, ..] = generation.0;
    if cfg!(target_endian = "big") { (word >> 32) as u32 } else { word as u32 }
}

/// The checksum of all frames up to the last, which outlives checkpoints and recovery.
pub(super) fn last_frame(generation: &Generation) -> u64 {
    let [_, _, _, checksum, ..] = generation.0;
    checksum
}

fn load(words: &[AtomicU64; WORDS]) -> [u64; WORDS] {
    words.each_ref().map(|word| word.load(Ordering::Acquire))
}
