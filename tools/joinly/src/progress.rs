//! How far long work is: a bar on standard error where a person looks at it, else nothing.

use indicatif::{ProgressBar, ProgressStyle};

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
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
