//! get, set, del, scan.

use std::io::Read;

use anyhow::{Context, Result};
use joinly_storage::store::Expiry;
use joinly_storage::{Batch, Scan};
use serde_json::json;

use crate::args::{Del, Get, Scan as ScanArgs, Set};
use crate::output::{Output, json_text};
use crate::pages::each_page;
use crate::{Outcome, text};

pub fn get(get: &Get, output: &mut Output) -> Result<Outcome> {
    let store = get.of.open_to_read()?;
    let Some(value) = store.get(&get.key.0)? else { return Ok(Outcome::Absent) };
    match output.json {
        true => output.record(&get.key.0, &value, value.version(), value.expires_at())?,
        false => output.bytes(&value)?,
    }
    Ok(Outcome::Done)
}

pub fn set(set: &Set, output: &mut Output) -> Result<Outcome> {
    let value = match &set.value {
        Some(text) => text.clone().into_bytes(),
        None => {
            let mut bytes = Vec::new();
            // A byte more than any value may have: what is larger is refused, not cut off.
            let most = joinly_storage::limits::MAX_VALUE_BYTES as u64 + 1;
            std::io::stdin().take(most).read_to_end(&mut bytes).context("standard input")?;
            bytes
        }
    };
    let store = set.of.open()?;
    let mut batch = Batch::new();
    if let Some(version) = set.if_version {
        batch.check(&set.key.0, version)?;
    }
    match set.ttl {
        Some(ttl) => batch.put_ttl(&set.key.0, &value, ttl.as_millis().try_into().unwrap_or(u64::MAX))?,
        None => batch.put_expiring(&set.key.0, &value, Expiry::Never)?,
    }
    let version = store.commit(&batch)?;
    store.close()?;
    if output.json {
        output.line(&json!({"key": json_text(&set.key.0), "version": version}), String::new)?;
    }
    Ok(Outcome::Done)
}

pub fn del(del: &Del, output: &mut Output) -> Result<Outcome> {
    let store = del.of.open_existing()?;
    let mut deleted = 0_u64;
    for key in &del.keys {
        if !del.prefix {
            deleted += u64::from(store.delete(&key.0)?);
            continue;
        }
        each_page(&store, Scan::prefix(&key.0).keys_only(true), usize::MAX, |page| {
            let mut batch = Batch::new();
            page.rows.iter().try_for_each(|row| batch.delete(&row.key))?;
            if !batch.is_empty() {
                store.commit(&batch)?;
                deleted += page.rows.len() as u64;
            }
            Ok::<_, joinly_storage::Error>(usize::MAX)
        })?;
    }
    store.close()?;
    output.line(&json!({"deleted": deleted}), || format!("{deleted} deleted"))?;
    Ok(if deleted == 0 { Outcome::Absent } else { Outcome::Done })
}

pub fn scan(scan: &ScanArgs, output: &mut Output) -> Result<Outcome> {
    let store = scan.of.open_to_read()?;
    scan.selection.visit(&store, scan.keys, |row| -> Result<()> {
        let key = || text::escape(&row.key);
        match &row.value {
            Some(value) if output.json => output.record(&row.key, value, row.version, row.expires_at),
            Some(value) => output.text(&format!("{}\t{}", key(), text::escape(value))),
            None => output.line(&json!({"key": json_text(&row.key), "version": row.version}), key),
        }
    })?;
    Ok(Outcome::Done)
}
