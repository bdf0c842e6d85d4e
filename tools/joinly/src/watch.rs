//! watch: the change log, followed.

use std::time::Duration;

use anyhow::Result;
use joinly_storage::Kind;
use joinly_storage::store::{Change, ChangeKind};
use serde_json::json;

use crate::args::Watch;
use crate::output::{Output, json_text};
use crate::{Outcome, text};

/// How long to wait when nothing else says.
const LONG: Duration = Duration::from_secs(3600);

pub fn watch(args: &Watch, output: &mut Output) -> Result<Outcome> {
    let store = args.of.open_to_read()?;
    let prefix = args.prefix.as_ref().map(|prefix| prefix.0.clone()).unwrap_or_default();
    let mut watch = match args.since {
        Some(version) => store.watch(version, &prefix)?,
        None => store.watch_from_now(&prefix)?,
    };
    let mut seen = 0;
    while args.commits.is_none_or(|most| seen < most) {
        let commit = match watch.poll(args.idle.unwrap_or(LONG)) {
            Ok(Some(commit)) => commit,
            Ok(None) if args.idle.is_some() => break,
            Ok(None) => continue,
            Err(error) if error.kind() == Kind::Compacted => {
                eprintln!("joinly: older commits are no longer in the log: going on with the oldest kept");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        seen += 1;
        for Change { key, kind } in &commit.changes {
            let record = json!({
                "version": commit.version, "time_ms": commit.time_ms, "change": word(*kind), "key": json_text(key),
            });
            output.line(&record, || format!("{}\t{}\t{}", commit.version, word(*kind), text::escape(key)))?;
        }
        output.finish()?;
    }
    Ok(Outcome::Done)
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Put => "put",
        ChangeKind::Delete => "delete",
        ChangeKind::Expire => "expire",
    }
}
