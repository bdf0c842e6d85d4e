//! What differs between operating systems, and nothing else.
#![allow(unsafe_code)]

pub(crate) mod barrier;
pub(crate) mod fork;
pub(crate) mod journal_file;
pub(crate) mod wait;
pub(crate) mod whole_file;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// The address of a function or variable that the program, or a library it was linked with, exports. None also where
/// there is no way to ask.
pub(crate) fn symbol(name: &std::ffi::CStr) -> Option<std::ptr::NonNull<std::ffi::c_void>> {
    #[cfg(unix)]
    {
        // SAFETY: a NUL-terminated name; the lookup has no other precondition.
        std::ptr::NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
    }
    #[cfg(not(unix))]
    {
        let _ = name;
        None
    }
}

/// A path whose name goes on.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Files that these options create are for their owner only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Creates an empty file that only its owner may read and write, if nothing is there. An existing file is left
/// unopened: closing a descriptor of a database file would drop the locks that SQLite holds on it.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// Creates a folder that only its owner may enter, if nothing is there. Answers whether it did.
pub(crate) fn create_private_folder(path: &Path) -> std::io::Result<bool> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        other => other.map(|()| true),
    }
}

/// Has the names in a folder survive power loss, where that takes a call.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The same for the folder that a file is in.
pub(crate) fn sync_directory_of(file: &Path) -> std::io::Result<()> {
    sync_folder(folder_of(file))
}

#[cfg(unix)]
fn c_path(path: &Path) -> std::io::Result<std::ffi::CString> {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::CString::new(path.as_os_str().as_bytes()).map_err(std::io::Error::from)
}

/// Has two files or folders of one file system change names, at once: everybody finds one or the other at any time.
/// `Unsupported` where there is no such call.
pub(crate) fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let (one, other) = (c_path(one)?, c_path(other)?);
        let (here, both) = (libc::AT_FDCWD, libc::RENAME_EXCHANGE);
        // SAFETY: two NUL-terminated paths that live as long as the call, and flags that it knows or refuses.
        match unsafe { libc::syscall(libc::SYS_renameat2, here, one.as_ptr(), here, other.as_ptr(), both) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (one, other);
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

#[cfg(unix)]
fn file_system_of(path: &Path) -> Option<libc::statvfs> {
    let path = c_path(path).ok()?;
    let mut file_system = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: a NUL-terminated path, and room for the answer, of which all-zero is a valid value.
    unsafe {
        (libc::statvfs(path.as_ptr(), file_system.as_mut_ptr()) == 0).then(|| file_system.assume_init())
    }
}

/// The bytes that are free for us where a path is. None where the system does not tell.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let file_system = file_system_of(path)?;
        // Some systems have narrower numbers.
        #[allow(clippy::unnecessary_cast)]
        let (blocks, size) = (file_system.f_bavail as u64, file_system.f_frsize as u64);
        Some(blocks.saturating_mul(size))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether a path is on media that nobody can write. False where the system does not tell.
pub(crate) fn is_read_only_media(path: &Path) -> bool {
    #[cfg(unix)]
    {
        file_system_of(path).is_some_and(|file_system| file_system.f_flag & libc::ST_RDONLY != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Whether this process has `path` open. False where the system does not tell.
pub(crate) fn has_open(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        let links = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        links.filter_map(|link| std::fs::read_link(link.path()).ok()).any(|open| open == path)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

/// Whether this process maps `path`, which it does when some copy of SQLite has the database of that WAL-index open.
/// False where the system does not tell.
pub(crate) fn maps_file(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = path.as_os_str().as_bytes();
        // No field before the path contains a slash.
        std::fs::read("/proc/self/maps")
            .is_ok_and(|maps| maps.split(|byte| *byte == b'\n').any(|line| path_in(line) == name))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

#[cfg(target_os = "linux")]
fn path_in(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| *byte == b'/');
    start.and_then(|start| line.get(start..)).unwrap_or_default()
}
