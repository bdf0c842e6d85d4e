//! Memory for a part of the cache: zeroed words that cost nothing until they are touched.
#![allow(unsafe_code)]

use std::io;
use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// Memory up to here is taken page by page, so that a small use of a large cache stays small.
#[cfg(target_os = "linux")]
const SMALL_PAGES: usize = 2 << 20;

pub(super) struct Arena {
    map: MmapRaw,
    words: usize,
}

impl Arena {
    /// # Errors
    /// That the system has no such memory.
    pub fn new(words: usize) -> io::Result<Self> {
        let bytes = words.checked_mul(8).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut options = MmapOptions::new();
        options.len(bytes.max(8));
        // Miri has no such mappings.
        if !cfg!(miri) {
            options.no_reserve_swap();
        }
        let map = MmapRaw::from(options.map_anon()?);
        #[cfg(target_os = "linux")]
        if bytes > SMALL_PAGES {
            // Only advice: without it the cache is slower.
            let _ = map.advise_range(memmap2::Advice::HugePage, SMALL_PAGES, bytes - SMALL_PAGES);
        }
        Ok(Self { map, words })
    }
}

impl Deref for Arena {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: the mapping starts on a page, is zeroed, holds `words` words, lives as long as `self`, and is only
        // ever reached through these atomics.
        unsafe { std::slice::from_raw_parts(self.map.as_mut_ptr().cast(), self.words) }
    }
}
