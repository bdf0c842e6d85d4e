//! lobbies, top: what is going on in a game.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use joinly_storage::store::{Sql, SqlParam, SqlValue};
use joinly_storage::{Kind, Store, Watch, models};
use serde_json::json;

use crate::args::{Lobbies, Top};
use crate::output::Output;
use crate::query::print;
use crate::{Outcome, text};

const LIST: &str = "
    SELECT id, kind, name, state, owner, members, reserved, max_members, visibility, build FROM lobbies
    WHERE (alive OR ?1) AND (?2 IS NULL OR kind = ?2) ORDER BY id LIMIT ?3";

const MEMBERS: &str = "
    SELECT player, seat, team, role, ready, joined, alive_until, attributes FROM lobby_members
    WHERE lobby = ?1 ORDER BY joined";

const TOTALS: &str = "
    SELECT (SELECT count(*) FROM lobbies WHERE alive), (SELECT count(*) FROM lobby_members),
        (SELECT count(*) FROM players WHERE status IS NOT NULL)";

fn param(value: SqlValue) -> SqlParam<'static> {
    SqlParam { name: None, value }
}

pub fn lobbies(args: &Lobbies, output: &mut Output) -> Result<Outcome> {
    let store = args.of.open_to_read()?;
    if let Some(id) = args.id {
        let params = [param(SqlValue::Integer(id.try_into()?))];
        let members = print(&store, &Sql::new(MEMBERS).params(&params), output)?;
        return Ok(if members == 0 { Outcome::Absent } else { Outcome::Done });
    }
    let params = [
        param(SqlValue::Integer(args.all.into())),
        param(args.kind.clone().map_or(SqlValue::Null, SqlValue::Text)),
        param(SqlValue::Integer(args.limit.into())),
    ];
    print(&store, &Sql::new(LIST).params(&params), output)?;
    Ok(Outcome::Done)
}

/// What was committed between two looks.
#[derive(Default)]
struct Traffic {
    commits: u64,
    /// Changed keys by what stands before their first colon.
    changes: BTreeMap<String, u64>,
}

impl Traffic {
    /// Follows the log until `until`.
    fn follow(watch: &mut Watch, until: Instant) -> Result<Self> {
        let mut traffic = Self::default();
        loop {
            match watch.poll(until.saturating_duration_since(Instant::now())) {
                Ok(Some(commit)) => {
                    traffic.commits += 1;
                    for change in commit.changes {
                        let space = change.key.split(|byte| *byte == b':').next().unwrap_or_default();
                        *traffic.changes.entry(text::escape(space)).or_default() += 1;
                    }
                }
                Ok(None) => return Ok(traffic),
                // More was committed than the log keeps: those are not counted.
                Err(error) if error.kind() == Kind::Compacted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

pub fn top(args: &Top, output: &mut Output) -> Result<Outcome> {
    let store = args.of.open_to_read()?;
    let mut watch = store.watch_from_now(b"")?;
    let mut looks = 0;
    while args.looks.is_none_or(|most| looks < most) {
        let began = Instant::now();
        let traffic = Traffic::follow(&mut watch, began + args.interval)?;
        show(&store, &traffic, began.elapsed().as_secs_f64(), output)?;
        output.finish()?;
        looks += 1;
    }
    Ok(Outcome::Done)
}

fn show(store: &Store, traffic: &Traffic, seconds: f64, output: &mut Output) -> Result<()> {
    let stats = store.stats()?;
    let totals = models::sql(store, &Sql::new(TOTALS))?.next_page(1)?.values;
    let total = |at: usize| match totals.get(at) {
        Some(SqlValue::Integer(number)) => *number,
        _ => 0,
    };
    let (lobbies, members, online) = (total(0), total(1), total(2));
    let per_second = |count: u64| count as f64 / seconds.max(f64::MIN_POSITIVE);
    let mut spaces: Vec<_> = traffic.changes.iter().collect();
    spaces.sort_by_key(|(name, changes)| (std::cmp::Reverse(**changes), *name));
    if output.is_terminal() && !output.json {
        output.writer().write_all(b"\x1b[H\x1b[2J")?;
    }
    let record = json!({
        "version": stats.version, "seconds": seconds, "commits": traffic.commits, "changes": traffic.changes,
        "lobbies": lobbies, "members": members, "players_online": online,
        "file_bytes": stats.engine.file_bytes, "wal_bytes": stats.engine.wal_bytes,
    });
    output.line(&record, || {
        let mut text = format!(
            "version {}   {:.0} commits/s   file {} + log {}\n{lobbies} lobbies, {members} members, {online} players online",
            stats.version,
            per_second(traffic.commits),
            text::size(stats.engine.file_bytes),
            text::size(stats.engine.wal_bytes),
        );
        for (space, changes) in spaces.iter().take(20) {
            text.push_str(&format!("\n{:>10.0}/s  {space}", per_second(**changes)));
        }
        text
    })
}
