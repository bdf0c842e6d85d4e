//! `joinly`: keys and values, lobbies, backups and migration of any store from the shell. All through the library: no
//! command opens a database file itself.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use joinly_storage::Kind;

mod admin;
mod args;
mod kv;
mod live;
mod output;
mod pages;
mod progress;
mod query;
mod shell;
mod store;
mod text;
mod transfer;
mod watch;

use args::{Args, Command};
use output::Output;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// What was asked for is not there.
    Absent,
}

fn main() -> ExitCode {
    let Args { json, command } = Args::parse();
    let mut output = Output::stdout(json);
    let result = run(command, &mut output).and_then(|outcome| output.finish().map(|()| outcome));
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Absent) => ExitCode::from(1),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::report(&error, json);
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run(command: Command, output: &mut Output) -> anyhow::Result<Outcome> {
    match command {
        Command::Get(get) => kv::get(&get, output),
        Command::Set(set) => kv::set(&set, output),
        Command::Del(del) => kv::del(&del, output),
        Command::Scan(scan) => kv::scan(&scan, output),
        Command::Import(import) => transfer::import(&import, output),
        Command::Export(export) => transfer::export(&export, output),
        Command::Backup(backup) => admin::backup(&backup, output),
        Command::Restore(restore) => admin::restore(&restore, output),
        Command::Migrate(migrate) => admin::migrate(&migrate, output),
        Command::Repair(repair) => admin::repair(&repair, output),
        Command::Verify(verify) => store::verify(&verify, output),
        Command::Stats(stats) => store::stats(&stats, output),
        Command::Sql(sql) => query::sql(&sql, output),
        Command::Watch(watch) => watch::watch(&watch, output),
        Command::Lobbies(lobbies) => live::lobbies(&lobbies, output),
        Command::Top(top) => live::top(&top, output),
        Command::Completions(completions) => shell::completions(&completions, output),
        Command::Man(man) => shell::man(&man, output),
    }
}

/// As `joinly help` lists them.
fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<joinly_storage::Error>().map(joinly_storage::Error::kind) {
        Some(Kind::NotFound) => 1,
        Some(Kind::Invalid | Kind::TooLarge | Kind::Unsupported) => 2,
        Some(kind) if kind.is_retryable() => 3,
        Some(Kind::Corrupt | Kind::NotADatabase | Kind::NewerSchema) => 4,
        _ => 5,
    }
}

/// The reader of our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
