//! Records on their way into their table, several with one statement: then SQLite keeps its place in the tree from one to
//! the next, which halves what a row costs when the keys ascend.

use smallvec::SmallVec;

use super::statement::Param::{self, Bytes};
use super::statement::Session;
use crate::engine::{RecordRef, packed};
use crate::error::Result;

/// Records in one statement.
const MANY: usize = 16;

// The table says that its rows are replaced.
const PUT: &str = "INSERT INTO record (key, packed) VALUES (?, ?)";
const PUT_MANY: &str = "
    INSERT INTO record (key, packed) VALUES
    (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
    (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?)";

/// Records that were put and are not yet written.
#[derive(Default)]
pub(super) struct Puts {
    /// Keys and rows, one after the other.
    bytes: Vec<u8>,
    /// Where each key starts, where its row starts, and where that ends.
    places: SmallVec<[(usize, usize, usize); MANY]>,
}

impl Puts {
    pub fn push(&mut self, session: &Session, key: &[u8], record: &RecordRef<'_>, large: bool) -> Result<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        packed::pack(&mut self.bytes, key, record, large)?;
        self.places.push((start, start + key.len(), self.bytes.len()));
        if self.places.len() == MANY { self.flush(session) } else { Ok(()) }
    }

    /// Writes them, in the order in which they were put. Those that fail stay, so that no commit goes without them.
    pub fn flush(&mut self, session: &Session) -> Result<()> {
        let doing = "write";
        let mut params = SmallVec::<[Param<'_>; 2 * MANY]>::new();
        for (start, row, end) in &self.places {
            let (key, row) = (self.bytes.get(*start..*row), self.bytes.get(*row..*end));
            params.extend([Bytes(key.unwrap_or_default()), Bytes(row.unwrap_or_default())]);
        }
        match self.places.len() {
            MANY => session.run(doing, PUT_MANY, &params)?,
            _ => params.chunks_exact(2).try_for_each(|row| session.run(doing, PUT, row))?,
        }
        drop(params);
        self.bytes.clear();
        self.places.clear();
        Ok(())
    }
}
