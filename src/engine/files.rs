//! Names of files, and what the operating system says of them, for every engine that has files.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// The one name of a file, links resolved: what lies beside it has that name, and locks are known by it.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::invalid("the path of the database is empty"));
    }
    let path = std::path::absolute(path).map_err(|error| Error::io(&error, "find the current directory"))?;
    if let Ok(resolved) = path.canonicalize() {
        return Ok(resolved);
    }
    Ok(match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => path,
    })
}

/// The directory that a file is or is to be in, which must exist.
pub(super) fn directory_of(path: &Path) -> Result<&Path> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    match directory.is_dir() {
        true => Ok(directory),
        false => Err(Error::new(
            Kind::Io,
            format!("the directory {} does not exist: create it first", directory.display()),
        )),
    }
}
