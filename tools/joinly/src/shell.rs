//! completions, man: what a package installs beside the program.

use anyhow::Result;
use clap::CommandFactory;

use crate::Outcome;
use crate::args::{Args, Completions, Man};
use crate::output::Output;

pub fn completions(args: &Completions, output: &mut Output) -> Result<Outcome> {
    clap_complete::generate(args.shell, &mut Args::command(), "joinly", &mut output.writer());
    Ok(Outcome::Done)
}

/// The page of the program; into a folder, also those of its commands.
pub fn man(args: &Man, output: &mut Output) -> Result<Outcome> {
    match &args.folder {
        Some(folder) => clap_mangen::generate_to(Args::command(), folder)?,
        None => clap_mangen::Man::new(Args::command()).render(&mut output.writer())?,
    }
    Ok(Outcome::Done)
}
