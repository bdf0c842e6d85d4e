//! A file that one process owns, written through memory too.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use memmap2::{MmapOptions, MmapRaw};
use parking_lot::Mutex;

/// The files owned by this process. Its lock on a file would not keep itself out, and would end with any descriptor of it.
static OWNED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// An open file that nobody else has open in this way, in this process or another. It ends with the process.
pub(crate) struct OwnedFile {
    file: File,
    _claim: Claim,
}

/// A place in [`OWNED`].
struct Claim(PathBuf);

impl Claim {
    fn new(path: &Path) -> Option<Self> {
        let mut owned = OWNED.lock();
        if owned.iter().any(|known| known == path) {
            return None;
        }
        owned.push(path.to_owned());
        Some(Self(path.to_owned()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        OWNED.lock().retain(|known| *known != self.0);
    }
}

/// A part of such a file in memory.
pub(crate) struct Area(MmapRaw);

impl OwnedFile {
    /// Opens the file of an absolute path. None when it is owned.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        Self::own(path, OpenOptions::new().read(true).write(true))
    }

    /// Creates a file that only its owner may read and write. `AlreadyExists` when there is one; None when another took it
    /// at once.
    pub fn create(path: &Path) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = Self::own(path, super::private(&mut options))?;
        // So that the file is found after a power loss.
        #[cfg(unix)]
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        Ok(file)
    }

    /// Opens the file of an absolute path, made if need be, and for its owner alone. None when it is owned.
    pub fn open_or_create(path: &Path) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        Self::own(path, super::private(&mut options))
    }

    fn own(path: &Path, options: &OpenOptions) -> io::Result<Option<Self>> {
        let Some(claim) = Claim::new(path) else { return Ok(None) };
        let file = options.open(path)?;
        // Its owner may have removed it between the two steps.
        let owned = lock(&file)? && is_at(&file, path)?;
        Ok(owned.then_some(Self { file, _claim: claim }))
    }

    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Fills `bytes` from the file.
    #[cfg(unix)]
    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, bytes, offset)
    }

    #[cfg(windows)]
    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let read = std::os::windows::fs::FileExt::seek_read(&self.file, bytes, offset)?;
        if read == bytes.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    #[cfg(unix)]
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, offset)
    }

    #[cfg(windows)]
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let written = std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset)?;
        if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    /// Maps `len` bytes at `offset` that were written before: a write to a mapped hole of a full device would kill the
    /// process. Where the file system copies on write, a full one can still do that.
    pub fn map(&self, offset: u64, len: usize) -> io::Result<Area> {
        let map = MmapOptions::new().offset(offset).len(len).map_raw(&self.file)?;
        // Where the system cannot, the first writes to each page are slower.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::PopulateWrite);
        Ok(Area(map))
    }

    /// Makes it an empty file.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Waits until the device has everything that was written, through memory too.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Read for OwnedFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file.read(bytes)
    }
}

impl Write for OwnedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for OwnedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Area {
    /// Writes `bytes` at `at`; false when they do not fit.
    pub fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
        if at.checked_add(bytes.len()).is_none_or(|end| end > self.0.len()) {
            return false;
        }
        // SAFETY: the target lies within the mapping, which is writable and which nothing else in this process reads or
        // writes while `self` is borrowed exclusively. Other processes respect the lock.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.as_mut_ptr().add(at), bytes.len()) };
        true
    }
}

/// Takes the lock, which children of a fork do not inherit. False when another process has it.
#[cfg(unix)]
fn lock(file: &File) -> io::Result<bool> {
    let whole = libc::flock {
        l_type: libc::F_WRLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: an open descriptor and a valid lock description.
    let taken =
        unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(file), libc::F_SETLK, &raw const whole) };
    match io::Error::last_os_error() {
        _ if taken == 0 => Ok(true),
        error if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EAGAIN)) => Ok(false),
        error => Err(error),
    }
}

#[cfg(not(unix))]
fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Whether the file is still the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}
