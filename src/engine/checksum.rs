//! Checksums of rows, so that a changed byte is told: SQLite checks the structure of its pages, not what is in them, LevelDB
//! its blocks, not what becomes of them later.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Of a packed record and its data, if that is apart; never 0. A part of the file format.
pub(super) fn of_record(key: &[u8], body: &[u8], large: Option<&[u8]>) -> u32 {
    let of_key = xxh3_64(key);
    let seed = large.map_or(of_key, |data| xxh3_64_with_seed(data, of_key));
    folded(xxh3_64_with_seed(body, seed)).max(1)
}

/// Of an entry of the change log. A part of the file format.
pub(super) fn of_log_entry(version: u64, entry: &[u8]) -> u32 {
    folded(xxh3_64_with_seed(entry, version))
}

fn folded(hash: u64) -> u32 {
    ((hash >> 32) ^ hash) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_stays_and_every_part_counts() {
        let sum = of_record(b"key", b"7 9 1 data", None);
        assert_eq!((sum, of_log_entry(7, b"entry")), (2_186_483_921, 290_039_244));
        assert_ne!(of_record(b"kez", b"7 9 1 data", None), sum);
        assert_ne!(of_record(b"key", b"8 9 1 data", None), sum);
        let large = of_record(b"key", b"7 9 257 ", Some(b"data"));
        assert_ne!(of_record(b"key", b"7 9 257 ", Some(b"dat")), large);
        assert_ne!(of_record(b"key", b"7 9 257 ", None), large);
        assert_ne!(of_log_entry(8, b"entry"), of_log_entry(7, b"entry"));
    }
}
