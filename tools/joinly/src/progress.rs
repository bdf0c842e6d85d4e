//! How far long work is: a bar on standard error where a person looks at it, else nothing.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};
use joinly_storage::admin;

/// Shows records as they pass.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of unknown length.
    pub fn counting(what: &'static str) -> Self {
        let style =
            ProgressStyle::with_template("{spinner} {msg}: {human_pos} records, {per_sec}, {elapsed}");
        let bar = ProgressBar::new_spinner().with_message(what);
        Self(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    pub fn add(&self, records: u64) {
        self.0.inc(records);
    }

    /// What an operation on a whole store tells.
    pub fn watcher(&self) -> impl FnMut(&admin::Progress) -> ControlFlow<()> {
        |progress| {
            self.0.set_message(progress.phase.name());
            self.0.set_position(progress.records);
            ControlFlow::Continue(())
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
