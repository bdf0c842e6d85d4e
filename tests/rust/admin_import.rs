//! Taking over records of other programs.

use std::ops::ControlFlow;

use joinly_storage::admin::{Existing, ImportOptions, Item, Source, import, import_status};
use joinly_storage::store::Expiry;
use joinly_storage::{Kind, Result, Store};

use crate::support::{Home, TestClock, get, kind};

struct Rows {
    rows: Vec<(String, String)>,
    fingerprint: u64,
}

impl Rows {
    fn new(count: usize) -> Self {
        let row = |n| (format!("chat:{n:05}"), format!("{{\"n\":{n}}}"));
        Self { rows: (0..count).map(row).collect(), fingerprint: 7 }
    }
}

impl Source for Rows {
    fn name(&self) -> &str {
        "rows"
    }

    fn fingerprint(&mut self) -> Result<u64> {
        Ok(self.fingerprint)
    }

    fn read(&mut self, after: &[u8], visit: &mut dyn FnMut(Item<'_>) -> Result<bool>) -> Result<()> {
        for (key, value) in self.rows.iter().filter(|(key, _)| key.as_bytes() > after) {
            let expiry = if key.ends_with('9') { Expiry::At(TestClock::START + 10) } else { Expiry::Never };
            if !visit(Item { key: key.as_bytes(), value: value.as_bytes(), expiry })? {
                break;
            }
        }
        Ok(())
    }
}

fn options() -> ImportOptions {
    ImportOptions { chunk_records: 7, ..ImportOptions::default() }
}

fn run(
    store: &Store,
    source: &mut Rows,
    options: &ImportOptions,
) -> Result<joinly_storage::admin::ImportReport> {
    import(store, source, options, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn an_import_that_is_stopped_anywhere_goes_on_and_ends_the_same() {
    for home in [Home::memory, Home::sqlite, Home::leveldb, Home::behind, Home::jsonl] {
        let whole = run(&Home::memory().open(), &mut Rows::new(100), &options()).unwrap();
        assert_eq!((whole.imported, whole.kept), (100, 0));
        for stop in 0..18 {
            let home = home();
            let store = home.open();
            store.put(b"chat:0000", b"not of the source").unwrap();
            let mut steps = 0;
            let first = import(&store, &mut Rows::new(100), &options(), &mut |_| {
                steps += 1;
                if steps > stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if stop < 17 {
                assert_eq!(kind(first), Kind::Cancelled, "stopped at {stop}");
                assert!(!import_status(&store, "rows").unwrap().is_some_and(|status| status.done));
            }
            assert_eq!(run(&store, &mut Rows::new(100), &options()).unwrap(), whole, "stopped at {stop}");
            assert!(import_status(&store, "rows").unwrap().unwrap().done);
            let version = store.version().unwrap();
            assert_eq!(run(&store, &mut Rows::new(100), &options()).unwrap(), whole);
            assert_eq!(store.version().unwrap(), version, "nothing is written again");
            assert_eq!(get(&store, "chat:00042").unwrap(), b"{\"n\":42}");
            assert_eq!(store.get(b"chat:00019").unwrap().unwrap().expires_at(), TestClock::START + 10);
            assert_eq!(get(&store, "chat:0000").unwrap(), b"not of the source");
            store.verify().unwrap();
        }
    }
}

#[test]
fn records_that_the_store_has_are_refused_kept_or_replaced() {
    let at = |existing| {
        let store = Home::memory().open();
        store.put(b"chat:00050", b"mine").unwrap();
        let report = run(&store, &mut Rows::new(100), &ImportOptions { existing, ..options() });
        (report, get(&store, "chat:00050").unwrap())
    };
    let (report, value) = at(Existing::Refuse);
    let error = report.unwrap_err();
    assert_eq!((error.kind(), value), (Kind::Exists, b"mine".to_vec()));
    assert!(error.message().contains("chat:00050"), "{error}");
    let (report, value) = at(Existing::Keep);
    assert_eq!((report.unwrap().kept, value), (1, b"mine".to_vec()));
    let (report, value) = at(Existing::Replace);
    assert_eq!((report.unwrap().imported, value), (100, b"{\"n\":50}".to_vec()));
}

#[test]
fn what_cannot_be_imported_is_told() {
    let store = Home::memory().open();
    let mut rows = Rows::new(10);
    let looked = run(&store, &mut rows, &ImportOptions { dry_run: true, ..options() }).unwrap();
    assert_eq!((looked.imported, store.version().unwrap()), (10, 0), "a dry run writes nothing");
    rows.rows.swap(3, 4);
    assert_eq!(kind(run(&store, &mut rows, &options())), Kind::Invalid);
    let mut rows = Rows::new(10);
    run(&store, &mut rows, &options()).unwrap();
    rows.fingerprint = 8;
    assert_eq!(kind(run(&store, &mut rows, &options())), Kind::Conflict);
    store.put(b"import:rows", b"{}").unwrap();
    assert_eq!(kind(import_status(&store, "rows")), Kind::WrongType);
    assert_eq!(kind(import_status(&store, "a:b")), Kind::Invalid);
    assert_eq!(import_status(&store, "other").unwrap(), None);
}
