//! The same in plain SQL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::Stroke;

/// A file with a table of keystrokes, or of characters and sessions.
pub struct Sql {
    file: PathBuf,
    connection: Connection,
    is_raw: bool,
}

impl Sql {
    pub fn raw(file: &Path) -> Self {
        let schema =
            "CREATE TABLE strokes (session INTEGER, key TEXT, time_ms REAL, correct INTEGER, at INTEGER);
            CREATE INDEX by_key ON strokes (key)";
        Self::open(file, schema, true)
    }

    pub fn by_char(file: &Path) -> Self {
        let schema = "CREATE TABLE char_session_stats (character TEXT, total_attempts INTEGER,
                correct_attempts INTEGER, total_time_ms REAL, min_time_ms REAL, max_time_ms REAL,
                session_date INTEGER);
            CREATE INDEX by_character ON char_session_stats (character)";
        Self::open(file, schema, false)
    }

    fn open(file: &Path, schema: &str, is_raw: bool) -> Self {
        let connection = Connection::open(file).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").unwrap();
        connection.execute_batch(schema).unwrap();
        Self { file: file.to_owned(), connection, is_raw }
    }

    pub fn flush(&mut self, session: i64, strokes: &[Stroke]) {
        let txn = self.connection.transaction().unwrap();
        if self.is_raw {
            let mut insert = txn.prepare_cached("INSERT INTO strokes VALUES (?, ?, ?, ?, ?)").unwrap();
            for (at, stroke) in strokes.iter().enumerate() {
                let at = 1_700_000_000_000 + session * super::BETWEEN + at as i64 * 150;
                insert.execute(params![session, stroke.key, stroke.time_ms, stroke.correct, at]).unwrap();
            }
        } else {
            let mut by_char: BTreeMap<&str, (i64, i64, f64, f64, f64)> = BTreeMap::new();
            for stroke in strokes {
                let (attempts, correct, total, min, max) =
                    by_char.entry(&stroke.key).or_insert((0, 0, 0.0, f64::INFINITY, 0.0));
                *attempts += 1;
                if stroke.correct {
                    *correct += 1;
                    *total += stroke.time_ms;
                    *min = min.min(stroke.time_ms);
                    *max = max.max(stroke.time_ms);
                }
            }
            let mut insert =
                txn.prepare_cached("INSERT INTO char_session_stats VALUES (?, ?, ?, ?, ?, ?, ?)").unwrap();
            for (key, (attempts, correct, total, min, max)) in by_char {
                insert.execute(params![key, attempts, correct, total, min, max, session]).unwrap();
            }
        }
        txn.commit().unwrap();
    }

    /// Ends the writing; the size of the file.
    pub fn finish(&self) -> f64 {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        super::bytes(&self.file)
    }

    /// Reads what there is of every key; how many these are.
    pub fn summary(&self) -> usize {
        let text = if self.is_raw {
            "SELECT key, count(*), sum(correct), sum(iif(correct, time_ms, 0)),
                min(iif(correct, time_ms, NULL)), max(iif(correct, time_ms, NULL)) FROM strokes GROUP BY key"
        } else {
            "SELECT character, sum(total_attempts), sum(correct_attempts), sum(total_time_ms), min(min_time_ms),
                max(max_time_ms) FROM char_session_stats GROUP BY character"
        };
        let mut summary = self.connection.prepare_cached(text).unwrap();
        summary.query_map([], |row| row.get::<_, i64>(1)).unwrap().map(|row| row.unwrap()).count()
    }
}
