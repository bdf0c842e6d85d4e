//! What the suites over whole stores share: stores with a bit of everything, and everything that a store holds.

use std::ops::ControlFlow;

use joinly_storage::admin::Progress;
use joinly_storage::{Batch, Find, IndexSpec, Scan, Store};

use crate::support::keys;

/// Key, value, version and expiry.
pub type Record = (Vec<u8>, Vec<u8>, u64, i64);

/// Every record, then what each index finds.
pub type Contents = (Vec<Record>, Vec<(String, Vec<String>)>);

pub fn contents(store: &Store) -> Contents {
    let (mut rows, mut scan) = (Vec::new(), Scan::prefix(b"").limit(1000));
    loop {
        let page = store.scan(&scan).unwrap();
        rows.extend(
            page.rows
                .into_iter()
                .map(|row| (row.key, row.value.unwrap().to_vec(), row.version, row.expires_at)),
        );
        match page.cursor {
            Some(cursor) => scan = scan.after(&cursor),
            None => break,
        }
    }
    let find = |spec: &IndexSpec| {
        let found = store.find(spec.name(), &Find::all().limit(10_000)).unwrap();
        (spec.name().to_owned(), keys(&found.rows))
    };
    (rows, store.indexes().unwrap().iter().map(find).collect())
}

/// Fills a store with records of all sizes, expiries, deletions and indexes.
pub fn fill(store: &Store, count: u64) {
    store.declare_index(&IndexSpec::new("n", b"doc:", "$.n").unwrap()).unwrap();
    for from in (0..count).step_by(100) {
        let mut batch = Batch::new();
        for n in from..count.min(from + 100) {
            let text = n.to_string();
            batch.put(format!("doc:{n:06}").as_bytes(), format!(r#"{{"n":{n}}}"#).as_bytes()).unwrap();
            match n % 10 {
                0 => batch.put(format!("large:{n}").as_bytes(), &large(n)).unwrap(),
                1 => batch.put_ttl(format!("lease:{n}").as_bytes(), text.as_bytes(), 1 << 45).unwrap(),
                2 => batch.add(b"count", 1).unwrap(),
                3 => batch.delete(format!("doc:{:06}", n - 1).as_bytes()).unwrap(),
                _ => batch.put(&[b"b\0".as_slice(), &n.to_be_bytes()].concat(), b"").unwrap(),
            }
        }
        store.commit(&batch).unwrap();
    }
}

/// More than fits in a row; every other one can be compressed.
fn large(n: u64) -> Vec<u8> {
    let byte = |at: u64| (at.wrapping_mul(2_654_435_761).wrapping_add(n) >> 7) as u8;
    (0..3000).map(|at| if n.is_multiple_of(20) { b'x' } else { byte(at) }).collect()
}

pub fn on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Goes on for so many steps.
pub fn stop_after(steps: usize) -> impl FnMut(&Progress) -> ControlFlow<()> {
    let mut left = steps;
    move |_| {
        if left == 0 {
            return ControlFlow::Break(());
        }
        left -= 1;
        ControlFlow::Continue(())
    }
}
