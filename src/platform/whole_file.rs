//! Files that are written as a whole: whoever reads one sees all of the old contents or all of the new ones, also after a
//! power loss.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// Puts `bytes` at `path`, readable and writable for the owner only. `temporary` is a path beside it that nobody else uses
/// meanwhile.
pub(crate) fn replace(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = private();
    let mut file = options.truncate(true).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(temporary, path)?;
    super::sync_directory_of(path)
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
    private().truncate(false).open(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
