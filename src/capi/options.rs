//! Options of opening, and the structs that tell about an open store.

use super::ffi;
use crate::error::{Error, Result};
use crate::store::{Capabilities, Durability, Limits, Mode, Options, Sharing, Stats};

/// Durability by default: `JOINLY_DURABILITY_PROCESS`.
pub const JOINLY_DURABILITY_DEFAULT: u32 = 0;
/// An acknowledged commit survives power loss: the device is synchronised before the call returns. Concurrent
/// writers share one synchronisation.
pub const JOINLY_DURABILITY_POWER: u32 = 1;
/// An acknowledged commit survives the death of the process. Power loss may roll back the last commits, never
/// part of one, and never damages the file.
pub const JOINLY_DURABILITY_PROCESS: u32 = 2;
/// Nothing survives the store. For `joinly_capabilities` alone.
pub const JOINLY_DURABILITY_NONE: u32 = 3;

/// One store of one process may have the data open at a time.
pub const JOINLY_SHARING_ONE_STORE: u32 = 1;
/// One store that writes, and others that read.
pub const JOINLY_SHARING_ONE_WRITER: u32 = 2;
/// Any number of stores and processes, each of which may write.
pub const JOINLY_SHARING_EVERYONE: u32 = 3;

/// Mode by default: `JOINLY_MODE_THROUGH`.
pub const JOINLY_MODE_DEFAULT: u32 = 0;
/// A commit is in the database before it is acknowledged. Any number of processes write.
pub const JOINLY_MODE_THROUGH: u32 = 1;
/// A commit is acknowledged once it is in a journal beside the file, and reaches the database later, sorted and
/// together with others. It survives the death of the process: whoever opens the store next recovers it. This store
/// alone writes meanwhile, and others get `JOINLY_BUSY`; they read what has been flushed. Power loss may roll back
/// what is not flushed, in order and never part of a commit, unless the durability is `JOINLY_DURABILITY_POWER`.
pub const JOINLY_MODE_BEHIND: u32 = 2;

/// How to open a store. Zero-initialise it, set `struct_size` to `sizeof(joinly_options)`, then what differs from
/// the defaults. A URL or TOML file sets the same options by the same names, and wins over this struct.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_options {
    /// `sizeof(joinly_options)`.
    pub struct_size: u32,
    /// One of `JOINLY_DURABILITY_*`. In URLs: `durability=power` or `process`.
    pub durability: u32,
    /// Memory for the cache of values, in bytes, taken as it is used; 0: 64 MiB. A value of more than about a tenth of
    /// it is read each time. In URLs also `cache_mb`, in MiB.
    pub cache_bytes: u64,
    /// How long a call waits for a lock that another process holds, in milliseconds; 0: 5000.
    pub busy_timeout_ms: u32,
    /// The longest that a read snapshot is held open, in milliseconds; 0: 1000. A longer interactive
    /// transaction loses with `JOINLY_CONFLICT`; shorter ages let the write-ahead log shrink sooner.
    pub snapshot_max_age_ms: u32,
    /// Values of at least this many bytes are compressed with zstd when that makes them smaller; 0: 1024. Not for
    /// folders of JSON Lines, whose values lie plain.
    pub compress_threshold: u32,
    /// The zstd level, 1 to 19; 0: 3; -1: never compress.
    pub compress_level: i32,
    /// How many commits the change log keeps for watches and for the caches of other processes; 0: 100000.
    pub log_keep: u64,
    /// How often expired keys are removed from the file, in milliseconds; 0: 1000. They are invisible at once.
    pub sweep_interval_ms: u32,
    /// 1: open an existing store for reading only. Works on read-only media; elsewhere, whoever may not write in the
    /// directory can open it only while somebody who may has it open.
    pub read_only: u8,
    /// 1: answer `JOINLY_NOT_FOUND` instead of creating a store that does not exist.
    pub must_exist: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// One of `JOINLY_MODE_*`. In URLs: `mode=through` or `behind`.
    pub mode: u32,
    /// In mode behind: how long a commit waits at most before it is flushed, while the database keeps up, in
    /// milliseconds; 0: 100.
    pub flush_interval_ms: u32,
    /// In mode behind: how many bytes of commits may wait; 0: 64 MiB. Writers are slowed down from half of it on. In
    /// URLs also `behind_mb`, in MiB.
    pub behind_bytes: u64,
    /// In a folder of JSON Lines: how many archives of the write-ahead log are kept, the latest; 0: 8; -1: none. In
    /// URLs 0 is none.
    pub archive_keep: i32,
    /// In a folder of JSON Lines: 1: archives are compressed with zstd.
    pub archive_compress: u32,
}

/// Figures of a store since it was opened, all of this process alone.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_stats {
    /// `sizeof(joinly_stats)`, set by the caller.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Reads answered from the cache, a cached absence included.
    pub cache_hits: u64,
    /// Reads that went to the engine.
    pub cache_misses: u64,
    /// Entries that the cache dropped to stay within its bound.
    pub cache_evictions: u64,
    /// Entries in the cache now.
    pub cache_entries: u64,
    /// Bytes in the cache now, keys, values and overhead.
    pub cache_bytes: u64,
    /// The bound of the cache in bytes.
    pub cache_capacity: u64,
    /// Entries dropped because another process or store changed their key.
    pub cache_invalidations: u64,
    /// Times the whole cache was dropped because what had changed could not be told.
    pub cache_resets: u64,
    /// The version of the latest commit that this store knows of.
    pub version: u64,
    /// Commits made through this store.
    pub commits: u64,
    /// Transactions of the engine that carried them: fewer than `commits` when writers were grouped.
    pub engine_commits: u64,
    /// Commits refused with `JOINLY_CONFLICT`.
    pub conflicts: u64,
    /// Expired keys removed from the file by this store.
    pub expired: u64,
    /// Size of the database in bytes, without its write-ahead log.
    pub file_bytes: u64,
    /// Of these, bytes in free pages, reused by later writes or returned by `joinly_store_compact`.
    pub free_bytes: u64,
    /// Bytes of the write-ahead log in use.
    pub wal_bytes: u64,
    /// In mode behind: transactions that were acknowledged and not yet flushed.
    pub queued: u64,
    /// Their bytes in the journal.
    pub queued_bytes: u64,
    /// How long the oldest of them has waited, in milliseconds.
    pub queue_lag_ms: u64,
    /// Flushes so far.
    pub flushes: u64,
    /// Rows that they wrote; a key that was written often in between is one.
    pub flushed_rows: u64,
    /// How fast the database took the journal lately, in bytes a second.
    pub flush_rate: u64,
}

/// What an engine can hold.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_limits {
    /// `sizeof(joinly_limits)`, set by the caller.
    pub struct_size: u32,
    /// The most operations of one batch, checks included.
    pub max_batch_ops: u32,
    /// The most bytes of a key. A key has at least one.
    pub max_key_bytes: u64,
    /// The most bytes of a value.
    pub max_value_bytes: u64,
    /// The most bytes of all keys and values of one batch.
    pub max_batch_bytes: u64,
    /// The most rows of one page.
    pub max_page_rows: u64,
}

/// What may be relied on; engines and ways of opening them differ in it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct joinly_capabilities {
    /// `sizeof(joinly_capabilities)`, set by the caller.
    pub struct_size: u32,
    /// What an acknowledged commit survives: one of `JOINLY_DURABILITY_*`, but not the default.
    pub durability: u32,
    /// Who may have the data open at the same time: one of `JOINLY_SHARING_*`.
    pub sharing: u32,
    /// 1: the data is a SQLite file, which other software reads with SQL.
    pub sqlite_file: u8,
    /// 1: values may be compressed; 0: they lie in the file as they were given, whatever the options of compression say.
    pub compresses: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

impl joinly_options {
    pub(super) fn to_options(self) -> Result<Options> {
        let mut options = Options::default();
        fn set<T: PartialEq + Default>(target: &mut T, given: T) {
            if given != T::default() {
                *target = given;
            }
        }
        match self.durability {
            JOINLY_DURABILITY_DEFAULT => {}
            JOINLY_DURABILITY_POWER => options.durability = Durability::Power,
            JOINLY_DURABILITY_PROCESS => options.durability = Durability::Process,
            other => {
                return Err(Error::invalid(format!(
                    "joinly_options.durability is {other}: no such durability"
                )));
            }
        }
        match self.mode {
            JOINLY_MODE_DEFAULT => {}
            JOINLY_MODE_THROUGH => options.mode = Mode::Through,
            JOINLY_MODE_BEHIND => options.mode = Mode::Behind,
            other => return Err(Error::invalid(format!("joinly_options.mode is {other}: no such mode"))),
        }
        set(&mut options.flush_interval_ms, self.flush_interval_ms);
        set(&mut options.behind_bytes, self.behind_bytes);
        set(&mut options.cache_bytes, self.cache_bytes);
        set(&mut options.busy_timeout_ms, self.busy_timeout_ms);
        set(&mut options.snapshot_max_age_ms, self.snapshot_max_age_ms);
        set(&mut options.compress_threshold, self.compress_threshold);
        set(&mut options.compress_level, self.compress_level);
        set(&mut options.log_keep, self.log_keep);
        set(&mut options.sweep_interval_ms, self.sweep_interval_ms);
        options.archive_keep = match self.archive_keep {
            0 => options.archive_keep,
            -1 => 0,
            keep => u32::try_from(keep)
                .map_err(|_| Error::invalid(format!("joinly_options.archive_keep is {keep}: at least -1")))?,
        };
        options.archive_compress = self.archive_compress != 0;
        options.read_only = self.read_only != 0;
        options.must_exist = self.must_exist != 0;
        if self.reserved != [0; 2] {
            return Err(Error::invalid("joinly_options.reserved is not zero"));
        }
        Ok(options)
    }
}

/// # Safety
/// As [`ffi::fill_sized`].
pub(super) unsafe fn fill_stats(out: *mut joinly_stats, stats: &Stats) -> Result<()> {
    let queue = stats.engine.queue.unwrap_or_default();
    let value = joinly_stats {
        struct_size: 0,
        reserved: 0,
        cache_hits: stats.cache.hits,
        cache_misses: stats.cache.misses,
        cache_evictions: stats.cache.evictions,
        cache_entries: stats.cache.entries,
        cache_bytes: stats.cache.bytes,
        cache_capacity: stats.cache.capacity,
        cache_invalidations: stats.cache_invalidations,
        cache_resets: stats.cache_resets,
        version: stats.version,
        commits: stats.commits,
        engine_commits: stats.engine_commits,
        conflicts: stats.conflicts,
        expired: stats.expired,
        file_bytes: stats.engine.file_bytes,
        free_bytes: stats.engine.free_bytes,
        wal_bytes: stats.engine.wal_bytes,
        queued: queue.transactions,
        queued_bytes: queue.bytes,
        queue_lag_ms: queue.lag.as_millis() as u64,
        flushes: queue.flushes,
        flushed_rows: queue.rows,
        flush_rate: queue.bytes_per_second,
    };
    // SAFETY: forwarded contract.
    unsafe { ffi::fill_sized(out, &value, "joinly_stats") }
}

/// # Safety
/// As [`ffi::fill_sized`].
pub(super) unsafe fn fill_limits(out: *mut joinly_limits, limits: Limits) -> Result<()> {
    let value = joinly_limits {
        struct_size: 0,
        max_batch_ops: limits.batch_ops as u32,
        max_key_bytes: limits.key_bytes as u64,
        max_value_bytes: limits.value_bytes as u64,
        max_batch_bytes: limits.batch_bytes as u64,
        max_page_rows: limits.page_rows as u64,
    };
    // SAFETY: forwarded contract.
    unsafe { ffi::fill_sized(out, &value, "joinly_limits") }
}

/// # Safety
/// As [`ffi::fill_sized`].
pub(super) unsafe fn fill_capabilities(out: *mut joinly_capabilities, given: Capabilities) -> Result<()> {
    let value = joinly_capabilities {
        struct_size: 0,
        durability: match given.durability {
            Some(Durability::Power) => JOINLY_DURABILITY_POWER,
            Some(Durability::Process) => JOINLY_DURABILITY_PROCESS,
            None => JOINLY_DURABILITY_NONE,
        },
        sharing: match given.sharing {
            Sharing::OneStore => JOINLY_SHARING_ONE_STORE,
            Sharing::OneWriter => JOINLY_SHARING_ONE_WRITER,
            Sharing::Everyone => JOINLY_SHARING_EVERYONE,
        },
        sqlite_file: given.sqlite_file.into(),
        compresses: given.compresses.into(),
        reserved: [0; 2],
    };
    // SAFETY: forwarded contract.
    unsafe { ffi::fill_sized(out, &value, "joinly_capabilities") }
}
