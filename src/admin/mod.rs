//! What is done to whole stores: moving them to another engine, backing them up and restoring them, saving what can be
//! read of damaged ones, taking over records of other programs.
//!
//! Every operation tells its [`Progress`] and asks whether to go on; one that was cancelled or killed changes nothing that
//! others see, and goes on, where that pays, when it is repeated. What a killed one leaves has a name that ends in `.part`,
//! or goes on so; the next to the same place removes it.

mod backup;
mod chunk;
mod import;
mod lines;
mod migrate;
mod place;
mod progress;
mod repair;

pub use backup::{
    BackupInfo, BackupOptions, BackupReport, BackupSchedule, RestoreOptions, RestoreReport, Restored,
    Retention, ScheduleStatus, backup, backup_file, check_backup, list_backups, prune_backups, restore,
};
pub use import::{Existing, ImportOptions, ImportReport, ImportStatus, Item, Source, import, import_status};
pub use lines::{Line, read_line, write_line};
pub use migrate::{
    MigrateOptions, MigrateReport, MigrateStatus, Migration, migrate, migrate_status, reclaim,
};
pub(crate) use progress::Reporter;
pub use progress::{Phase, Progress, Watcher};
pub use repair::{LostKeys, RepairOptions, RepairReport, Repaired, repair};
