//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::text;

const ABOUT_STORES: &str = "\
STORE is a path (game.db), a URL (sqlite:game.db?mode=behind, leveldb:folder, jsonl:folder) or a TOML file of options \
(store.toml). Commands that only read never create one.

Keys are text; \\xNN, \\n, \\t and \\\\ stand for bytes that are not.

Exit codes: 0 done; 1 not found; 2 wrong usage; 3 busy or a conflict, try again; 4 damaged; 5 any other failure.";

/// Keys and values, lobbies and players of any store, from the shell.
#[derive(Debug, Parser)]
#[command(name = "joinly", version, after_help = ABOUT_STORES, max_term_width = 100)]
pub struct Args {
    /// Print JSON, a line for each result.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the value of a key.
    Get(Get),
    /// Write a key.
    Set(Set),
    /// Delete keys.
    Del(Del),
    /// List keys and values, in order.
    Scan(Scan),
    /// Write the records of a file of JSON lines.
    Import(Import),
    /// Write records into a file of JSON lines.
    Export(Export),
    /// Write a backup of a store in use into a folder, checked.
    Backup(Backup),
    /// Make a store from a backup.
    Restore(Restore),
    /// Move a store to another engine or place, while it is read and written; go on with an interrupted move.
    Migrate(Migrate),
    /// Check every record and index.
    Verify(OfStore),
    /// Save what can be read of a damaged store into a new one.
    Repair(Repair),
    /// Print figures.
    Stats(OfStore),
    /// Ask in SQL: tables kv, lobbies, lobby_members, players, leaderboard and others.
    Sql(Sql),
    /// Print every change as it is committed, by any process.
    Watch(Watch),
    /// List lobbies, or show one.
    Lobbies(Lobbies),
    /// Show what is going on, live.
    Top(Top),
    /// Print a script that completes commands in a shell.
    Completions(Completions),
    /// Print the manual page.
    Man(Man),
}

#[derive(Debug, clap::Args)]
pub struct OfStore {
    /// Path, URL or TOML file.
    pub store: String,
}

#[derive(Debug, clap::Args)]
pub struct Get {
    #[command(flatten)]
    pub of: OfStore,
    #[arg(value_parser = text::parse_key)]
    pub key: text::Key,
}

#[derive(Debug, clap::Args)]
pub struct Set {
    #[command(flatten)]
    pub of: OfStore,
    #[arg(value_parser = text::parse_key)]
    pub key: text::Key,
    /// The value; read from standard input if it is not given.
    pub value: Option<String>,
    /// Expire after so long: 500ms, 30s, 5m, 2h, 7d.
    #[arg(long, value_parser = text::parse_duration)]
    pub ttl: Option<Duration>,
    /// Only if the key has this version; 0: only if it does not exist.
    #[arg(long)]
    pub if_version: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub struct Del {
    #[command(flatten)]
    pub of: OfStore,
    #[arg(required = true, value_parser = text::parse_key)]
    pub keys: Vec<text::Key>,
    /// Delete every key that starts with one of these.
    #[arg(long)]
    pub prefix: bool,
}

/// Which records.
#[derive(Debug, clap::Args)]
pub struct Selection {
    /// The keys that start so.
    #[arg(value_parser = text::parse_key)]
    pub prefix: Option<text::Key>,
    /// From this key on.
    #[arg(long, value_parser = text::parse_key, conflicts_with = "prefix")]
    pub from: Option<text::Key>,
    /// Before this key.
    #[arg(long, value_parser = text::parse_key, conflicts_with = "prefix")]
    pub to: Option<text::Key>,
    /// At most so many.
    #[arg(long)]
    pub limit: Option<usize>,
    /// From the last to the first.
    #[arg(long)]
    pub reverse: bool,
}

#[derive(Debug, clap::Args)]
pub struct Scan {
    #[command(flatten)]
    pub of: OfStore,
    #[command(flatten)]
    pub selection: Selection,
    /// Keys alone.
    #[arg(long)]
    pub keys: bool,
}

#[derive(Debug, clap::Args)]
pub struct Import {
    #[command(flatten)]
    pub of: OfStore,
    /// A file as `export` writes it; standard input if it is not given.
    pub file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    #[command(flatten)]
    pub of: OfStore,
    #[command(flatten)]
    pub selection: Selection,
    /// The file; standard output if it is not given. It appears once it is complete.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Backup {
    #[command(flatten)]
    pub of: OfStore,
    /// The folder; created when missing.
    pub folder: PathBuf,
    /// Only what changed since the latest backup in the folder.
    #[arg(long, short)]
    pub incremental: bool,
    /// List the backups in the folder instead.
    #[arg(long, conflicts_with_all = ["incremental", "keep", "max_age", "level"])]
    pub list: bool,
    /// Remove the oldest backups beyond so many.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub keep: u32,
    /// Remove backups that are older: 7d.
    #[arg(long, value_parser = text::parse_duration)]
    pub max_age: Option<Duration>,
    /// How hard to compress, by zstd: 1 to 19.
    #[arg(long, default_value_t = 3)]
    pub level: i32,
}

#[derive(Debug, clap::Args)]
pub struct Restore {
    /// A backup, or a folder of backups: then the latest.
    pub from: PathBuf,
    #[command(flatten)]
    pub to: OfStore,
    /// Which backup of the folder: the begin of its id, or its file's name.
    #[arg(long)]
    pub backup: Option<String>,
    /// Put aside what is at STORE.
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, clap::Args)]
pub struct Migrate {
    /// The store that is moved.
    pub from: String,
    /// Where to: empty, or the store that it was once moved from.
    #[arg(required_unless_present_any = ["status", "reclaim"])]
    pub to: Option<String>,
    /// Only count and check what would be moved.
    #[arg(long)]
    pub dry_run: bool,
    /// Make a copy of one moment; FROM stays in use.
    #[arg(long)]
    pub copy: bool,
    /// Back FROM up into this folder first.
    #[arg(long, value_name = "FOLDER")]
    pub backup: Option<PathBuf>,
    /// Tell where FROM is in a migration.
    #[arg(long, conflicts_with_all = ["to", "dry_run", "copy", "backup"])]
    pub status: bool,
    /// FROM was moved, and what it was moved to is lost: write to it again.
    #[arg(long, conflicts_with_all = ["to", "dry_run", "copy", "backup", "status"])]
    pub reclaim: bool,
}

#[derive(Debug, clap::Args)]
pub struct Repair {
    /// The damaged store; it is only read.
    pub damaged: String,
    /// The new one.
    pub to: String,
    /// Put aside what is at TO.
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, clap::Args)]
pub struct Sql {
    #[command(flatten)]
    pub of: OfStore,
    /// One query.
    pub query: String,
    /// What stands for ?1, ?2, ...: numbers where they are written as such, else text.
    pub params: Vec<String>,
    /// How long a page of rows may take.
    #[arg(long, value_parser = text::parse_duration, default_value = "60s")]
    pub timeout: Duration,
}

#[derive(Debug, clap::Args)]
pub struct Watch {
    #[command(flatten)]
    pub of: OfStore,
    /// The keys that start so.
    #[arg(value_parser = text::parse_key)]
    pub prefix: Option<text::Key>,
    /// Begin after this version instead of now.
    #[arg(long)]
    pub since: Option<u64>,
    /// End after so many commits.
    #[arg(long)]
    pub commits: Option<u64>,
    /// End when nothing was committed for so long.
    #[arg(long, value_parser = text::parse_duration)]
    pub idle: Option<Duration>,
}

#[derive(Debug, clap::Args)]
pub struct Lobbies {
    #[command(flatten)]
    pub of: OfStore,
    /// The members of this lobby.
    pub id: Option<u64>,
    /// Of this kind.
    #[arg(long)]
    pub kind: Option<String>,
    /// Also those that are closed or whose lease has passed.
    #[arg(long)]
    pub all: bool,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

#[derive(Debug, clap::Args)]
pub struct Top {
    #[command(flatten)]
    pub of: OfStore,
    /// How often to look.
    #[arg(long, value_parser = text::parse_duration, default_value = "1s")]
    pub interval: Duration,
    /// End after so many looks.
    #[arg(long)]
    pub looks: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub struct Completions {
    pub shell: clap_complete::Shell,
}

#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write it, and a page for each command, into this folder instead.
    pub folder: Option<PathBuf>,
}
