//! The write-ahead log of the SQLite engine.

use joinly_storage::Batch;

use crate::support::Home;

/// A page in the log, with its header.
const FRAME_BYTES: u64 = 4096 + 24;

#[test]
fn the_log_stays_short_while_rows_are_loaded() {
    const ROWS: u64 = 60_000;
    const AT_ONCE: u64 = 2_000;
    let home = Home::sqlite();
    let store = home.open();
    let (mut longest, mut written) = (0, 0);
    for round in 0..2 {
        for first in (0..ROWS).step_by(AT_ONCE as usize) {
            let mut batch = Batch::new();
            // Rows of everywhere: each batch changes most pages.
            for row in (first..first + AT_ONCE).map(|row| row * 7_919 % ROWS) {
                batch.put(format!("{row:016}").as_bytes(), &[round; 100]).unwrap();
            }
            let before = store.stats().unwrap().engine.wal_bytes;
            store.commit(&batch).unwrap();
            let after = store.stats().unwrap().engine.wal_bytes;
            longest = longest.max(after);
            written += if after >= before { after - before } else { after };
        }
    }
    assert!(written > 40_000 * FRAME_BYTES, "{written} bytes are too few to tell");
    assert!(longest < written / 3, "{longest} of {written} bytes");
}
