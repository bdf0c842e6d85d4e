//! Logs whose operations are all in the files.

use std::path::Path;

use super::folder;
use super::layout::{Archive, Layout};
use crate::error::{Error, Result};

/// The zstd level of compressed archives.
const LEVEL: i32 = 3;

/// What becomes of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archives {
    /// How many are kept, the latest.
    pub keep: u32,
    /// Whether they are compressed with zstd.
    pub compress: bool,
}

/// Archives a log that was put aside, and removes the oldest archives.
pub(super) fn archive(layout: &Layout, log: &Path, archives: Archives) -> Result<()> {
    let mut all = layout.archives()?;
    if archives.keep == 0 {
        folder::remove(log)?;
    } else {
        let archive = Archive::after(all.last(), &super::now(), archives.compress);
        let path = layout.archive(&archive);
        if archives.compress {
            let packed = zstd::bulk::compress(&folder::read(log)?, LEVEL)
                .map_err(|error| Error::io(&error, format_args!("compress {}", log.display())))?;
            folder::replace(&path, |out| out.write(&packed))?;
            folder::remove(log)?;
        } else {
            folder::rename(log, &path)?;
        }
        all.push(archive);
    }
    let surplus = all.len().saturating_sub(archives.keep as usize);
    all.iter().take(surplus).try_for_each(|old| folder::remove(&layout.archive(old)))
}
