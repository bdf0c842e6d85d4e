//! Files that are written as a whole: whoever reads one sees all of the old contents or all of the new ones, also after a
//! power loss.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::journal_file::OwnedFile;

/// Ends the name of a file that is not whole yet.
pub(crate) const PART: &str = ".part";

/// A file that is written beside its place and put there when it is whole. Nobody else writes it meanwhile, and it is
/// removed when dropped before it is there.
pub(crate) struct Draft {
    path: PathBuf,
    target: PathBuf,
    file: BufWriter<OwnedFile>,
    len: u64,
    placed: bool,
}

impl Draft {
    /// Begins the file that is to be at `target`, readable and writable for the owner only. What a killed process left of
    /// it is lost; `ResourceBusy` while somebody writes it.
    pub fn of(target: &Path) -> io::Result<Self> {
        let target = resolved(target)?;
        let path = super::with_suffix(&target, PART);
        let file = OwnedFile::open_or_create(&path)?.ok_or(io::ErrorKind::ResourceBusy)?;
        let draft = Self { path, target, file: BufWriter::new(file), len: 0, placed: false };
        draft.file.get_ref().clear()?;
        Ok(draft)
    }

    /// Waits until the device has what was written.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync()
    }

    /// Reads what was written, from its start. Nothing can be written afterwards.
    pub fn reader(&mut self) -> io::Result<impl Read + '_> {
        // The lock would end with another descriptor of the file.
        self.file.rewind()?;
        Ok(self.file.get_mut())
    }

    /// Puts the file in its place, in place of what is there. Answers its length.
    pub fn put(mut self) -> io::Result<u64> {
        self.sync()?;
        std::fs::rename(&self.path, &self.target)?;
        self.placed = true;
        super::sync_directory_of(&self.target)?;
        Ok(self.len)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Puts `bytes` at `path`.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::of(path)?;
    draft.write_all(bytes)?;
    draft.put().map(drop)
}

/// Removes a draft that nobody writes any more.
pub(crate) fn discard(draft: &Path) -> io::Result<()> {
    let draft = resolved(draft)?;
    match OwnedFile::open(&draft)? {
        Some(_owned) => std::fs::remove_file(&draft),
        None => Ok(()),
    }
}

/// The path with the same spelling for everybody, of a file that may not be there.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(super::folder_of(path).canonicalize()?.join(name))
}

/// Reads a file of at most `most` bytes. None when there is none; `FileTooLarge` for a longer one.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}

/// Opens a file to lock, which only its owner may read and write.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    super::private(&mut options).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_seen_when_it_is_whole_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (file, part) = (home.path().join("file"), home.path().join("file.part"));
        std::fs::write(&file, b"old").unwrap();
        // What a killed process left.
        std::fs::write(&part, b"longer than what is written now").unwrap();
        let mut draft = Draft::of(&file).unwrap();
        draft.write_all(b"the ").unwrap();
        assert_eq!(Draft::of(&file).err().unwrap().kind(), io::ErrorKind::ResourceBusy);
        discard(&part).unwrap();
        draft.write_all(b"new").unwrap();
        draft.sync().unwrap();
        let mut read = String::new();
        draft.reader().unwrap().read_to_string(&mut read).unwrap();
        assert_eq!((read.as_str(), std::fs::read(&file).unwrap().as_slice()), ("the new", &b"old"[..]));
        assert_eq!(draft.put().unwrap(), 7);
        assert_eq!(std::fs::read(&file).unwrap(), b"the new");
        drop(Draft::of(&file).unwrap());
        assert!(!part.exists());
        std::fs::write(&part, b"left").unwrap();
        discard(&part).unwrap();
        assert!(!part.exists());
        assert_eq!(std::fs::read(&file).unwrap(), b"the new");
    }
}
