//! Numbers that processes share beside the store: what was acknowledged, in a mapped file.
#![allow(unsafe_code)]

use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

pub const CELLS: usize = 64;

/// Cells of a file, the same for every process that maps it.
pub struct Shared(*mut AtomicU64);

// SAFETY: atomics in a mapping that is never undone.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub fn map(path: &Path) -> Self {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .unwrap();
        file.set_len((CELLS * 8) as u64).unwrap();
        Self(map(&file, CELLS * 8).cast())
    }

    pub fn cell(&self, at: usize) -> &AtomicU64 {
        assert!(at < CELLS);
        // SAFETY: inside the mapping.
        unsafe { &*self.0.add(at) }
    }

    pub fn raise(&self, at: usize, value: u64) {
        self.cell(at).fetch_max(value, Ordering::SeqCst);
    }

    pub fn get(&self, at: usize) -> u64 {
        self.cell(at).load(Ordering::SeqCst)
    }
}

fn map(file: &std::fs::File, len: usize) -> *mut u8 {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping of an open file.
    let memory =
        unsafe { libc::mmap(std::ptr::null_mut(), len, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    memory.cast()
}

/// Tears the WAL-index as a process does that dies while it writes the header: the second copy is new, the first old.
pub fn tear_wal_index(shm: &Path) {
    // A descriptor of this file drops this process's locks on it when closed: it stays open until the process dies.
    let file = std::fs::OpenOptions::new().read(true).write(true).open(shm).unwrap();
    let memory = map(&file, 136);
    std::mem::forget(file);
    // SAFETY: bytes 48 to 95 of the mapping are the second copy of the header.
    unsafe { memory.add(56).cast::<u32>().write_volatile(memory.add(56).cast::<u32>().read_volatile() + 1) };
}

/// A child neither outlives its parent nor hangs for ever.
pub fn limit_life(longest: std::time::Duration) {
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::alarm(longest.as_secs().try_into().unwrap());
    }
}

/// Ends this process as `kill -9` does.
pub fn die() -> ! {
    // SAFETY: plain system calls.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
        libc::_exit(1)
    }
}
