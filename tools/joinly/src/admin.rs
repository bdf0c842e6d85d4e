//! backup, restore, migrate, repair: what is done to whole stores.

use anyhow::{Context, Result};
use joinly_storage::admin::{
    self, BackupInfo, BackupOptions, MigrateOptions, MigrateStatus, RepairOptions, RestoreOptions, Retention,
};
use serde_json::json;

use crate::args::{Backup, Migrate, OfStore, Repair, Restore};
use crate::output::Output;
use crate::progress::Progress;
use crate::store::config;
use crate::{Outcome, text};

pub fn backup(args: &Backup, output: &mut Output) -> Result<Outcome> {
    if args.list {
        return list(args, output);
    }
    let store = args.of.open_to_read()?;
    let age = args.max_age.map_or(0, |age| age.as_millis().try_into().unwrap_or(u64::MAX));
    let options = BackupOptions {
        incremental: args.incremental,
        level: args.level,
        retention: Retention { keep: args.keep, max_age_ms: age },
    };
    let progress = Progress::counting("backup");
    let report = admin::backup(&store, &args.folder, &options, &mut progress.watcher())?;
    drop(progress);
    output.line(&report, || {
        let mut text = described(&report.backup);
        if let Some(reason) = &report.full_because {
            text.push_str(&format!("\na full one, because {reason}"));
        }
        for file in &report.removed {
            text.push_str(&format!("\nremoved {}", file.display()));
        }
        text
    })?;
    Ok(Outcome::Done)
}

fn list(args: &Backup, output: &mut Output) -> Result<Outcome> {
    let backups = admin::list_backups(&args.folder)?;
    backups.iter().try_for_each(|backup| output.line(backup, || described(backup)))?;
    Ok(if backups.is_empty() { Outcome::Absent } else { Outcome::Done })
}

fn described(backup: &BackupInfo) -> String {
    let kind = if backup.base.is_some() { "incremental" } else { "full" };
    let (file, records) = (backup.file.display(), backup.records);
    format!(
        "{file}: {kind}, {records} records, {}, version {}",
        text::size(backup.file_bytes),
        backup.version
    )
}

pub fn restore(args: &Restore, output: &mut Output) -> Result<Outcome> {
    let options = RestoreOptions { backup: args.backup.clone(), overwrite: args.overwrite };
    let progress = Progress::counting("restore");
    let restored = admin::restore(&args.from, &args.to.config()?, &options, &mut progress.watcher())?;
    drop(progress);
    restored.store.close()?;
    let report = restored.report;
    output.line(&report, || {
        let replaced = report.replaced.as_ref().map(|path| format!("\nput aside: {}", path.display()));
        format!("restored {}{}", described(&report.backup), replaced.unwrap_or_default())
    })?;
    Ok(Outcome::Done)
}

pub fn migrate(args: &Migrate, output: &mut Output) -> Result<Outcome> {
    let of = OfStore { store: args.from.clone() };
    if args.status {
        return status(&of, output);
    }
    if args.reclaim {
        let store = of.open_existing()?;
        admin::reclaim(&store)?;
        store.close()?;
        output.line(&json!({"reclaimed": true}), || "written to again".to_owned())?;
        return Ok(Outcome::Done);
    }
    let to = config(args.to.as_deref().context("where to?")?)?;
    let source = if args.dry_run || args.copy { of.open_to_read()? } else { of.open_existing()? };
    let options = MigrateOptions {
        dry_run: args.dry_run,
        hand_over: !args.copy,
        backup: args.backup.clone(),
        ..MigrateOptions::default()
    };
    let progress = Progress::counting("migrate");
    let migration = admin::migrate(&source, &to, &options, &mut progress.watcher())?;
    drop(progress);
    migration.store.map_or(Ok(()), |store| store.close())?;
    let report = migration.report;
    output.line(&report, || {
        let (records, indexes, size) = (report.records, report.indexes, text::size(report.bytes));
        let backup = report.backup.as_ref().map(|file| format!("\nbackup: {file}")).unwrap_or_default();
        let done = if args.dry_run { "would move" } else { "moved and compared" };
        format!("{done} {records} records, {size}, {indexes} indexes; version {}{backup}", report.version)
    })?;
    Ok(Outcome::Done)
}

fn status(of: &OfStore, output: &mut Output) -> Result<Outcome> {
    let status = admin::migrate_status(&of.config()?)?;
    output.line(&status, || match &status {
        MigrateStatus::Incoming { records, .. } => format!("unfinished: {records} records so far"),
        MigrateStatus::Moved { to, epoch, .. } => format!("moved to {to} (epoch {epoch}): no longer written"),
        MigrateStatus::Arrived { epoch, .. } => format!("took the place of another (epoch {epoch})"),
        _ => "none has to do with it".to_owned(),
    })?;
    Ok(Outcome::Done)
}

pub fn repair(args: &Repair, output: &mut Output) -> Result<Outcome> {
    let options = RepairOptions { overwrite: args.overwrite };
    let progress = Progress::counting("repair");
    let repaired =
        admin::repair(&config(&args.damaged)?, &config(&args.to)?, &options, &mut progress.watcher())?;
    drop(progress);
    repaired.store.close()?;
    let report = repaired.report;
    output.line(&report, || {
        let mut text = format!("saved {} records, {}", report.records, text::size(report.bytes));
        for lost in &report.lost {
            let (after, before) = (lost.after.as_deref().unwrap_or(""), lost.before.as_deref().unwrap_or(""));
            text.push_str(&format!("\nlost: keys from {after:?} to {before:?}"));
        }
        for line in report.findings.iter().chain(&report.notes) {
            text.push_str(&format!("\n{line}"));
        }
        text
    })?;
    Ok(Outcome::Done)
}
