//! Copies bytes out of words that a writer may be replacing. What was copied is a guess until its position is found held.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// From so many bytes on the processor's own copy beats one by blocks.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const STRING: usize = 4096;

/// Bytes of a block.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const BLOCK: usize = 32;

/// Fills `bytes` from the words, the first byte from the lowest of the first word.
#[inline(always)]
pub(super) fn unpack(words: &[AtomicU64], bytes: &mut [u8]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if bytes.len() >= BLOCK && words.len() * 8 >= bytes.len() {
        return if bytes.len() < STRING { unpack_blocks(words, bytes) } else { unpack_string(words, bytes) };
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

/// No Rust type has a copy that may meet stores of others; a machine instruction may. The last block overlaps the one
/// before it. Of at least a block.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[allow(unsafe_code)]
#[inline(always)]
fn unpack_blocks(words: &[AtomicU64], bytes: &mut [u8]) {
    // SAFETY: both ranges have `bytes.len()` bytes, which every block is within, and do not overlap, for one is borrowed
    // exclusively. Loads of the machine may meet stores, and are done in their order.
    unsafe {
        std::arch::asm!(
            "2:",
            "movups {low}, [{from} + {at}]",
            "movups {high}, [{from} + {at} + 16]",
            "movups [{to} + {at}], {low}",
            "movups [{to} + {at} + 16], {high}",
            "add {at}, 32",
            "cmp {at}, {last}",
            "jb 2b",
            "movups {low}, [{from} + {last}]",
            "movups {high}, [{from} + {last} + 16]",
            "movups [{to} + {last}], {low}",
            "movups [{to} + {last} + 16], {high}",
            from = in(reg) words.as_ptr(),
            to = in(reg) bytes.as_mut_ptr(),
            at = inout(reg) 0_usize => _,
            last = in(reg) bytes.len() - BLOCK,
            low = out(xmm_reg) _,
            high = out(xmm_reg) _,
            options(nostack),
        );
    }
}

/// The same for many bytes.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[allow(unsafe_code)]
fn unpack_string(words: &[AtomicU64], bytes: &mut [u8]) {
    // SAFETY: as above; `lfence` has all loads done before what follows.
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
