//! The write-ahead log: one line for each operation, the last of a commit ending it.
//!
//! Whoever dies while it writes leaves a part of what it wrote: what comes after the last commit that ended was never
//! acknowledged, and is dropped. A whole line that is not what was written is damage, and is reported as that.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::folder;
use super::line::{self, Line, lines};
use super::operation::{self, FIRST, Operation};
use super::record::Stated;
use crate::engine::CommitError;
use crate::error::{Error, Kind, Result};

/// The log, open for appending.
pub(super) struct Wal {
    path: PathBuf,
    file: Option<File>,
    end: End,
    power_safe: bool,
    /// Why nothing can be appended any more: it is not known what the file holds.
    failed: Option<Error>,
}

/// Where the last whole commit of a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub len: u64,
    /// The checksum of its last line.
    pub checksum: u64,
}

impl End {
    pub const EMPTY: Self = Self { len: 0, checksum: FIRST };
}

impl Wal {
    /// Continues a log at its end: what is after that is dropped.
    pub fn open(path: PathBuf, end: End, power_safe: bool) -> Result<Self> {
        let mut wal = Self { path, file: None, end, power_safe, failed: None };
        wal.file()?.set_len(end.len).map_err(folder::failed(&wal.path))?;
        Ok(wal)
    }

    pub fn end(&self) -> End {
        self.end
    }

    /// Appends whole commits, the last line of which has that checksum.
    pub fn append(&mut self, text: &[u8], checksum: u64) -> std::result::Result<(), CommitError> {
        if let Some(error) = &self.failed {
            let error = Error::new(Kind::Poisoned, format!("writes are refused since: {error}"));
            return Err(CommitError { error, outcome_unknown: false });
        }
        let (path, start, power_safe) = (self.path.clone(), self.end.len, self.power_safe);
        let known = |error| CommitError { error, outcome_unknown: false };
        let file = self.file().map_err(known)?;
        let written = file.seek(SeekFrom::Start(start)).and_then(|_| file.write_all(text));
        if let Err(error) = written {
            let error = folder::failed(&path)(error);
            // Without what was written of it the commit did not happen.
            let undone = file.set_len(start);
            return Err(if undone.is_ok() { known(error) } else { self.fail(error) });
        }
        // What a failed synchronisation leaves on the device cannot be told, nor synchronised again.
        if power_safe && let Err(error) = file.sync_data() {
            return Err(self.fail(folder::failed(&path)(error)));
        }
        self.end = End { len: start + text.len() as u64, checksum };
        Ok(())
    }

    fn fail(&mut self, error: Error) -> CommitError {
        self.failed = Some(error.clone());
        CommitError { error, outcome_unknown: true }
    }

    /// Puts the log aside and begins a new one.
    pub fn rotate(&mut self, aside: &Path) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(Error::new(Kind::Poisoned, format!("writes are refused since: {error}")));
        }
        // Nothing of the next log may be on the device without all of this one.
        let path = self.path.clone();
        self.file()?.sync_all().map_err(folder::failed(&path))?;
        std::fs::rename(&path, aside).map_err(folder::failed(aside))?;
        (self.file, self.end) = (None, End::EMPTY);
        // It has been put aside, even where the next log cannot be made yet.
        let _ = self.file();
        Ok(())
    }

    /// The file, made if there is none.
    fn file(&mut self) -> Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = folder::open(&self.path)?;
                if self.power_safe {
                    folder::sync_parent(&self.path)?;
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

/// A commit of a log.
pub(super) struct Commit {
    pub operations: Vec<Stated>,
    /// Its entries of the change log.
    pub changes: Vec<(u64, Vec<u8>)>,
}

/// Reads the commits of a log in order; answers where the last one ends.
///
/// # Errors
/// [`Kind::Corrupt`] for a line that is not what was written.
pub(super) fn replay(path: &Path, text: &[u8], mut each: impl FnMut(Commit) -> Result<()>) -> Result<End> {
    let mut end = End::EMPTY;
    let (mut checksum, mut operations) = (FIRST, Vec::new());
    for line in lines(text) {
        let Some(sum) = line::sealed(line.text, checksum) else {
            if is_torn(&line, checksum) {
                break;
            }
            return Err(damaged(path, line.number, "it is not what was written"));
        };
        checksum = sum;
        match operation::read(line.text).map_err(|why| damaged(path, line.number, &why))? {
            Operation::Do(stated) => operations.push(stated),
            // Its end of line is the last that is written.
            Operation::Commit(_) if !line.ended => break,
            Operation::Commit(changes) => {
                each(Commit { operations: std::mem::take(&mut operations), changes })?;
                end = End { len: (line.start + line.text.len() + 1) as u64, checksum };
            }
        }
    }
    Ok(end)
}

/// Whether a line is a part of one, as a write that was cut off leaves it: a whole one with something else than its end
/// after it is not.
fn is_torn(line: &Line<'_>, before: u64) -> bool {
    let shorter = line.text.split_last().map(|(_, rest)| rest);
    !line.ended && shorter.is_none_or(|shorter| line::sealed(shorter, before).is_none())
}

fn damaged(path: &Path, line: usize, why: &str) -> Error {
    Error::new(Kind::Corrupt, format!("{}, line {line}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RecordRef;
    use crate::engine::jsonl::layout::Home;
    use crate::engine::jsonl::operation::Lines;

    /// A log of three commits, and where each ends.
    fn sample() -> (Vec<u8>, Vec<usize>) {
        let (mut text, mut ends, mut checksum) = (Vec::new(), Vec::new(), FIRST);
        for version in 1..=3 {
            let mut lines = Lines::new("2026-01-22T20:31:17.592245".to_owned(), checksum);
            let record = RecordRef { version, expires_at: 0, encoding: 0, data: br#"{"id": 1}"# };
            lines.put(b"table:t:1", (Home::Rows("t"), record), None);
            lines.delete(b"k", (Home::Keys, b""));
            lines.commit(&[(version, vec![version as u8])]);
            text.extend_from_slice(&lines.text);
            checksum = lines.checksum;
            ends.push(text.len());
        }
        (text, ends)
    }

    fn commits(text: &[u8]) -> Result<(Vec<u64>, End)> {
        let mut versions = Vec::new();
        let end = replay(Path::new("log"), text, |commit| {
            assert_eq!(commit.operations.len(), 2);
            versions.push(commit.changes[0].0);
            Ok(())
        })?;
        Ok((versions, end))
    }

    #[test]
    fn a_log_that_was_cut_off_anywhere_keeps_its_whole_commits() {
        let (text, ends) = sample();
        for cut in 0..=text.len() {
            let (versions, end) = commits(&text[..cut]).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(versions, (1..=whole as u64).collect::<Vec<_>>(), "cut at {cut}");
            assert_eq!(end.len as usize, ends.get(whole.wrapping_sub(1)).copied().unwrap_or(0));
        }
    }

    #[test]
    fn damage_anywhere_is_told_or_harmless() {
        let (text, _) = sample();
        for at in 0..text.len() {
            for flip in [1, 0x20, 0x80] {
                let mut damaged = text.clone();
                damaged[at] ^= flip;
                let error = commits(&damaged).unwrap_err();
                assert_eq!(error.kind(), Kind::Corrupt);
                assert!(error.message().starts_with("log, line "), "{error}");
            }
        }
    }

    #[test]
    fn commits_that_are_missing_or_twice_are_told() {
        let (text, ends) = sample();
        let missing = [&text[..ends[0]], &text[ends[1]..]].concat();
        let first_missing = &text[ends[0]..];
        let twice = [&text[..ends[1]], &text[ends[0]..]].concat();
        for damaged in [&missing[..], first_missing, &twice] {
            assert_eq!(commits(damaged).unwrap_err().kind(), Kind::Corrupt);
        }
    }
}
