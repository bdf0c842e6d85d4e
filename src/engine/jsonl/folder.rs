//! The folder of a store: who has it, and its files as a whole.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

use super::JsonlOptions;
use super::layout::Layout;
use crate::engine::busy;
use crate::error::{Error, Kind, Result};
use crate::platform::journal_file::OwnedFile;
use crate::platform::whole_file::Draft;
use crate::platform::{create_private_folder, is_read_only_media};

/// Finds or makes the folder, and takes it. None on media that nobody can write.
pub(super) fn take(options: &JsonlOptions) -> Result<(Layout, Option<OwnedFile>)> {
    let JsonlOptions { path: root, read_only, must_exist, .. } = options;
    let (read_only, must_exist) = (*read_only, *must_exist);
    let exists = root.join("data").is_dir() && root.join("wal").is_dir();
    if !exists {
        refuse_others(root)?;
        if read_only || must_exist {
            return Err(Error::new(Kind::NotFound, "there is no such store"));
        }
        make(root)?;
    }
    let root = root.canonicalize().map_err(|error| Error::io(&error, "find the folder"))?;
    let layout = Layout::new(root);
    for folder in layout.folders() {
        if !read_only {
            make(&folder)?;
        }
    }
    let lock = busy::retry(options.busy_timeout, || lock(&layout, read_only))?;
    Ok((layout, lock))
}

fn lock(layout: &Layout, read_only: bool) -> Result<Option<OwnedFile>> {
    let path = layout.lock();
    let owned = match OwnedFile::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => OwnedFile::create(&path),
        other => other,
    };
    match owned {
        Ok(Some(lock)) => Ok(Some(lock)),
        Err(error) if error.kind() != ErrorKind::AlreadyExists => match read_only {
            true if is_read_only_media(layout.root()) => Ok(None),
            _ => Err(Error::io(&error, "take the file `lock`")),
        },
        Ok(None) | Err(_) => Err(Error::new(
            Kind::Busy,
            "another store has the folder open, and one at a time can: close it there",
        )),
    }
}

fn refuse_others(root: &Path) -> Result<()> {
    let not_ours = |what: &str| Err(Error::new(Kind::NotADatabase, what));
    match std::fs::read_dir(root) {
        Ok(mut entries) => match entries.find_map(|entry| entry.ok()) {
            // A folder whose making was interrupted.
            Some(entry) if ["schema", "data", "wal"].iter().all(|ours| entry.file_name() != *ours) => {
                not_ours("the folder has other files in it, and is no store")
            }
            _ => Ok(()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => not_ours("it is a file, and no folder"),
        Err(error) => Err(Error::io(&error, "look into the folder")),
    }
}

fn make(folder: &Path) -> Result<()> {
    match create_private_folder(folder) {
        // A store is made in a folder that is there.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = format!("make {}: {error}", folder.display());
            Err(Error::new(Kind::Io, text).with_engine_code(error.raw_os_error().unwrap_or(0)))
        }
        Err(error) => Err(Error::io(&error, format_args!("make {}", folder.display()))),
        Ok(false) => Ok(()),
        Ok(true) => sync_parent(folder),
    }
}

/// All of a file; nothing if there is none.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|error| Error::io(&error, format_args!("read {}", path.display()))),
    }
}

/// Opens a file to write, made if need be, and for its owner alone.
pub(super) fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed(path))
}

/// Has a file be `text` after its first `len` bytes, on the device too.
pub(super) fn append(path: &Path, len: u64, text: &[u8]) -> Result<()> {
    let mut file = open(path)?;
    // What an attempt that failed left.
    file.set_len(len).map_err(failed(path))?;
    file.seek(SeekFrom::Start(len)).map_err(failed(path))?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(failed(path))
}

/// Has a file be what `write` writes, on the device too; whoever reads it sees the old or the new one. Answers its length.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut Out<'_>) -> Result<()>) -> Result<u64> {
    let mut out = Out { path, draft: Draft::of(path).map_err(failed(path))? };
    write(&mut out)?;
    out.draft.put().map_err(failed(path))
}

/// A file that is written from its start to its end.
pub(super) struct Out<'p> {
    path: &'p Path,
    draft: Draft,
}

impl Out<'_> {
    pub fn write(&mut self, text: &[u8]) -> Result<()> {
        self.draft.write_all(text).map_err(failed(self.path))
    }
}

/// Moves a file within its folder.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(failed(to))?;
    sync_parent(to)
}

/// Removes a file if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(&error, format_args!("remove {}", path.display()))),
        Ok(()) => sync_parent(path),
    }
}

/// Has the device know which files a folder holds.
pub(super) fn sync_parent(path: &Path) -> Result<()> {
    crate::platform::sync_directory_of(path).map_err(failed(path))
}

pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::io(&error, format_args!("write {}", path.display()))
}
