//! How far an operation is, and whether it is to go on.

use std::ops::ControlFlow;

use crate::error::{Error, Kind, Result};

/// What an operation is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Writing records to where they go.
    Copy,
    /// Writing what was changed meanwhile.
    CatchUp,
    /// Comparing or checking what was written.
    Verify,
    /// Making it visible.
    Finish,
}

impl Phase {
    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::CatchUp => "catch_up",
            Self::Verify => "verify",
            Self::Finish => "finish",
        }
    }
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is at.
    pub phase: Phase,
    /// Records so far in this phase, those of earlier attempts that need not be repeated included.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// Told of progress after every step, on the thread of the operation; `Break` ends it with [`Kind::Cancelled`].
pub type Watcher<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// Counts, tells and asks.
pub(crate) struct Reporter<'a> {
    watcher: Watcher<'a>,
    progress: Progress,
}

impl<'a> Reporter<'a> {
    pub fn new(watcher: Watcher<'a>, phase: Phase) -> Self {
        Self { watcher, progress: Progress { phase, records: 0, bytes: 0 } }
    }

    /// Begins a phase, in which so much was done before.
    pub fn phase(&mut self, phase: Phase, records: u64, bytes: u64) -> Result<()> {
        self.progress = Progress { phase, records, bytes };
        self.ask()
    }

    pub fn add(&mut self, records: u64, bytes: u64) -> Result<()> {
        self.progress.records += records;
        self.progress.bytes += bytes;
        self.ask()
    }

    fn ask(&mut self) -> Result<()> {
        match (self.watcher)(&self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                let phase = self.progress.phase.name();
                Err(Error::new(Kind::Cancelled, format!("cancelled in the phase {phase}")))
            }
        }
    }
}
