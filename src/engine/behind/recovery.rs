//! What a process that died left in its journal is written to the database before anybody writes again.

use std::path::Path;

use super::format::{HEADER, Id, Op, SEGMENT, SegmentHeader, each_op, records};
use super::{PROGRESS, journal};
use crate::engine::{Engine, Hold, Read, Space, Writer};
use crate::error::{Error, Kind, Result};
use crate::platform::journal_file::OwnedFile;

/// What the database knows of its journal: which it is, and the last transaction that it has of it.
pub(super) fn progress(id: Id, sequence: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    let (start, end) = bytes.split_at_mut(id.len());
    start.copy_from_slice(&id);
    end.copy_from_slice(&sequence.to_le_bytes());
    bytes
}

fn known(read: &(impl Read + ?Sized)) -> Result<Option<(Id, u64)>> {
    let Some(bytes) = read.entry(Space::Meta, PROGRESS)? else { return Ok(None) };
    let parts = bytes.split_first_chunk::<16>().map(|(id, rest)| (*id, rest.try_into()));
    match parts {
        Some((id, Ok(sequence))) => Ok(Some((id, u64::from_le_bytes(sequence)))),
        _ => Err(Error::new(Kind::Corrupt, "what the database knows of its journal is damaged")),
    }
}

/// Writes what a journal at `path` has more than the database to it, and removes the journal. False when a living process
/// owns the journal, which is then left alone. Nothing happens when there is none.
pub fn recover(engine: &dyn Engine, path: &Path) -> Result<bool> {
    let failed = |doing| move |error: std::io::Error| journal::failed(path, &error, doing);
    if !path.try_exists().map_err(failed("look for"))? {
        return Ok(true);
    }
    let file = match OwnedFile::open(path) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed("open")(error)),
    };
    let known = known(engine.snapshot(Hold::Short)?.as_ref())?;
    let segments = segments(&file).map_err(failed("read"))?;
    let mut own: Vec<_> =
        segments.iter().filter(|(_, header)| known.is_some_and(|k| k.0 == header.id)).collect();
    if own.is_empty() && !segments.is_empty() {
        return set_aside(path).map(|()| true);
    }
    own.sort_by_key(|(_, header)| header.number);
    if let Some((id, applied)) = known {
        let replayed = replay(engine, (id, applied), |visit| {
            let mut bytes = vec![0; SEGMENT];
            for (at, header) in &own {
                file.read_at(&mut bytes, at * SEGMENT as u64).map_err(failed("read"))?;
                for record in records(&bytes, header.salt) {
                    if !visit(record)? {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })?;
        if replayed > 0 {
            crate::log::info(format_args!("{replayed} transactions were recovered from {}", path.display()));
        }
    }
    std::fs::remove_file(path).map_err(failed("remove"))?;
    Ok(true)
}

/// The segments that were ever used: place and header.
fn segments(file: &OwnedFile) -> std::io::Result<Vec<(u64, SegmentHeader)>> {
    let mut found = Vec::new();
    for at in 0..file.len()? / SEGMENT as u64 {
        let mut header = [0; HEADER];
        file.read_at(&mut header, at * SEGMENT as u64)?;
        found.extend(SegmentHeader::decode(&header).map(|header| (at, header)));
    }
    Ok(found)
}

type Visit<'v> = &'v mut dyn FnMut((u64, &[u8])) -> Result<bool>;

/// Writes the transactions after the one applied last, in order and without a gap, in one of the engine.
fn replay(
    engine: &dyn Engine,
    (id, applied): (Id, u64),
    each: impl FnOnce(Visit<'_>) -> Result<()>,
) -> Result<u64> {
    let mut writer = engine.begin()?;
    let (mut reached, mut version, mut log) = (applied, 0, Vec::new());
    each(&mut |(sequence, payload)| {
        if sequence <= applied {
            return Ok(true);
        }
        // After a power loss the rest may be there without its beginning.
        if sequence != reached + 1 {
            crate::log::warn(format_args!(
                "the journal misses transaction {}: what follows is lost",
                reached + 1
            ));
            return Ok(false);
        }
        each_op(payload, |op| {
            op.apply(writer.as_mut())?;
            if let Op::Log { version: last, entry } = op {
                version = *last;
                log.extend_from_slice(entry);
            }
            Ok(())
        })?;
        reached = sequence;
        Ok(true)
    })?;
    if reached == applied {
        return Ok(0);
    }
    finish(writer, progress(id, reached), version, &log)?;
    Ok(reached - applied)
}

fn finish(mut writer: Box<dyn Writer + '_>, progress: [u8; 24], version: u64, log: &[u8]) -> Result<()> {
    if !log.is_empty() {
        writer.append_log(version, log)?;
    }
    writer.put_entry(Space::Meta, PROGRESS, &progress)?;
    writer.commit().map(drop).map_err(|failed| failed.error)
}

/// A journal of another database: somebody may want it.
fn set_aside(path: &Path) -> Result<()> {
    let aside = crate::platform::with_suffix(path, ".foreign");
    std::fs::rename(path, &aside).map_err(|error| journal::failed(path, &error, "set aside"))?;
    let aside = aside.display();
    crate::log::warn(format_args!("the journal of another database was set aside as {aside}"));
    Ok(())
}
