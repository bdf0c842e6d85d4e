//! Checksums of rows, so that a changed byte is told: SQLite checks the structure of its pages, not what is in them.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::engine::RecordRef;

/// Of a record. A part of the file format.
pub(super) fn of_record(key: &[u8], record: &RecordRef<'_>) -> i32 {
    let RecordRef { version, expires_at, encoding, data } = record;
    let of_key = xxh3_64_with_seed(key, version ^ u64::from(*encoding).rotate_right(8));
    folded(xxh3_64_with_seed(data, of_key ^ expires_at.cast_unsigned()))
}

/// Of an entry of the change log. A part of the file format.
pub(super) fn of_log_entry(version: u64, entry: &[u8]) -> i32 {
    folded(xxh3_64_with_seed(entry, version))
}

fn folded(hash: u64) -> i32 {
    ((hash >> 32) ^ hash) as u32 as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_stays_and_every_part_counts() {
        let record = RecordRef { version: 7, expires_at: 9, encoding: 1, data: b"data" };
        let sum = of_record(b"key", &record);
        assert_eq!((sum, of_log_entry(7, b"entry")), (-988_308_977, 290_039_244));
        let others = [
            RecordRef { version: 8, ..record },
            RecordRef { expires_at: 8, ..record },
            RecordRef { encoding: 0, ..record },
            RecordRef { data: b"dat", ..record },
        ];
        assert!(others.iter().all(|other| of_record(b"key", other) != sum));
        assert_ne!(of_record(b"kez", &record), sum);
        assert_ne!(of_log_entry(8, b"entry"), of_log_entry(7, b"entry"));
    }
}
