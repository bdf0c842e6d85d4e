//! Checking the files: all of them are read again, and have to tell what is in memory.

use super::{JsonlEngine, folder, load};
use crate::engine::memory::MemoryEngine;
use crate::engine::{Engine, Fields, Hold, Range, Snapshot, Space};
use crate::error::{Kind, Result};

/// Findings that are listed.
const LISTED: usize = 100;

/// What the files tell otherwise. Writers go on meanwhile.
pub(super) fn findings(engine: &JsonlEngine) -> Result<Vec<String>> {
    // The files hold still, and the log only grows.
    let files = engine.files.lock();
    let (now, end) = {
        let _writer = engine.memory.begin()?;
        (engine.memory.snapshot(Hold::Long)?, engine.desk.lock().log_end())
    };
    let memory = MemoryEngine::new();
    let found = read(engine, end.len, &memory);
    drop(files);
    let mut findings = match found {
        Err(error) if error.kind() == Kind::Corrupt => return Ok(vec![error.message().to_owned()]),
        found => found?,
    };
    differences(memory.snapshot(Hold::Long)?.as_ref(), now.as_ref(), &mut findings)?;
    Ok(findings)
}

/// Reads the state that the files tell into `memory`; answers what was edited by hand.
fn read(engine: &JsonlEngine, log_len: u64, memory: &MemoryEngine) -> Result<Vec<String>> {
    let mut writer = memory.begin()?;
    let found = load::files(&engine.layout, &engine.options, writer.as_mut())?;
    let mut edited = found.edited;
    for (path, len) in [(engine.layout.checkpoint(), u64::MAX), (engine.layout.log(), log_len)] {
        let mut text = folder::read(&path)?;
        text.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        let (_, touched) = load::replay(&path, &text, writer.as_mut())?;
        edited.retain(|key, _| !touched.keys.contains(key));
    }
    writer.commit().map_err(|failed| failed.error)?;
    let edited = edited.keys();
    Ok(edited
        .map(|key| format!("key {:?}: other software changed it", String::from_utf8_lossy(key)))
        .collect())
}

fn differences(there: &dyn Snapshot, now: &dyn Snapshot, findings: &mut Vec<String>) -> Result<()> {
    let mut differ = |one: &dyn Snapshot, other: &dyn Snapshot, what: &str| -> Result<()> {
        one.scan(&Range::all(), false, Fields::All, &mut |key, record| {
            let same = other.get(key)?.is_some_and(|found| {
                (found.version, found.expires_at, found.encoding, &*found.data)
                    == (record.version, record.expires_at, record.encoding, record.data)
            });
            if !same {
                findings.push(format!("key {:?}: {what}", String::from_utf8_lossy(key)));
            }
            Ok(findings.len() < LISTED)
        })?;
        one.entries(Space::Meta, &Range::all(), false, &mut |key, value| {
            if other.entry(Space::Meta, key)?.as_deref() != Some(value) {
                findings.push(format!("{:?}: {what}", String::from_utf8_lossy(key)));
            }
            Ok(findings.len() < LISTED)
        })
    };
    differ(now, there, "the files do not have it so")?;
    differ(there, now, "the files have it otherwise")?;
    let (last, told) = (now.last_version()?, there.last_version()?);
    if told != last {
        findings.push(format!("the change log ends with {told} and not {last}"));
    }
    Ok(())
}
