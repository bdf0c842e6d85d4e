//! Records of a selection, page by page.

use joinly_storage::store::{Page, Row};
use joinly_storage::{Result, Scan, Store};

use crate::args::Selection;
use crate::text::Key;

/// About as many records as a commit or a page of a command has.
pub const CHUNK: usize = 1000;

impl Selection {
    fn scan(&self) -> Scan {
        let bytes = |key: &Option<Key>| key.as_ref().map(|key| key.0.clone()).unwrap_or_default();
        let scan = match &self.prefix {
            Some(prefix) => Scan::prefix(&prefix.0),
            None => Scan::range(&bytes(&self.from), &bytes(&self.to)),
        };
        scan.reverse(self.reverse)
    }

    /// Visits the records, each page of one moment.
    pub fn visit<E: From<joinly_storage::Error>>(
        &self,
        store: &Store,
        keys_only: bool,
        mut visit: impl FnMut(Row) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut left = self.limit.unwrap_or(usize::MAX);
        each_page(store, self.scan().keys_only(keys_only), left, |page| {
            for row in page.rows {
                visit(row)?;
                left -= 1;
            }
            Ok(left)
        })
    }
}

/// Reads pages until there are no more, or `visit` wants no more records.
pub fn each_page<E: From<joinly_storage::Error>>(
    store: &Store,
    scan: Scan,
    mut wanted: usize,
    mut visit: impl FnMut(Page) -> std::result::Result<usize, E>,
) -> std::result::Result<(), E> {
    let mut cursor: Option<Vec<u8>> = None;
    while wanted > 0 {
        let next = scan.clone().limit(wanted.min(CHUNK));
        let mut page: Page = read(store, next, cursor.as_deref())?;
        cursor = page.cursor.take();
        wanted = visit(page)?;
        if cursor.is_none() {
            break;
        }
    }
    Ok(())
}

fn read(store: &Store, scan: Scan, cursor: Option<&[u8]>) -> Result<Page> {
    store.scan(&cursor.map_or(scan.clone(), |cursor| scan.after(cursor)))
}
