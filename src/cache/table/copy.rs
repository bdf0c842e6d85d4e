//! Copies bytes out of words that a writer may be replacing. What was copied is a guess until its position is found held.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// From so many bytes on the processor's own copy beats one by words.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const STRING: usize = 512;

/// Fills `bytes` from the words, the first byte from the lowest of the first word.
#[inline]
pub(super) fn unpack(words: &[AtomicU64], bytes: &mut [u8]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if bytes.len() >= STRING && words.len() * 8 >= bytes.len() {
        return unpack_string(words, bytes);
    }
    let (whole, rest) = bytes.as_chunks_mut::<8>();
    for (bytes, word) in whole.iter_mut().zip(words) {
        *bytes = word.load(Relaxed).to_le_bytes();
    }
    if let Some(word) = words.get(whole.len()) {
        let mut word = word.load(Relaxed);
        for byte in rest {
            *byte = word as u8;
            word >>= 8;
        }
    }
}

/// No Rust type has a copy that may meet stores of others; a machine instruction may.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[allow(unsafe_code)]
fn unpack_string(words: &[AtomicU64], bytes: &mut [u8]) {
    // SAFETY: both ranges have `bytes.len()` bytes and do not overlap, for one is borrowed exclusively. Loads of the
    // machine may meet stores, and `lfence` has all of them done before what follows.
    unsafe {
        std::arch::asm!(
            "rep movsb",
            "lfence",
            inout("rcx") bytes.len() => _,
            inout("rdi") bytes.as_mut_ptr() => _,
            inout("rsi") words.as_ptr() => _,
            options(nostack, preserves_flags),
        );
    }
}
