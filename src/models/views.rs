//! The models' documents as tables of SQL: what a person at a prompt asks them.
//!
//! The views say what a call of the model would say at the same moment: of a lobby whose lease [`next`] has passed they draw
//! the same conclusions, from its seats. They are made anew for each query, so that none is ever older than the library.
//!
//! [`next`]: super::lobby::Lease::next

use super::table;
use crate::error::Result;
use crate::store::{Sql, SqlRows, Store};

/// Begins a query over `kv`, as [`Store::sql`], and over views of the models:
///
/// - `lobbies`: `id, kind, name, state, alive, owner, members, reserved, max_members, visibility, build, code, protected,
///   created, alive_until, version, attributes, teams`. `alive` is 1 while a search finds it: its lease has not passed and
///   it is not closed.
/// - `lobby_members`: `lobby, player, seat, team, role, joined, ready, alive_until, attributes`, without those whose lease
///   has passed; `lobby_reservations`: `lobby, player, seat, team, role, alive_until`.
/// - `players`: `id, name, status, online_since, online_until, created, version, accounts, properties`; the presence is NULL
///   of a player who is not there.
/// - `leaderboard`: `board, period, current, rank, player, score, subscore, time`; `current` is 1 for the present period.
/// - `stat_totals`: `subject, metric, attempts, correct, total_ms, average_ms, min_ms, max_ms`, over all sessions;
///   `stat_sessions`: `subject, grain, session, sessions, began, ended` and the same of each metric in each session, or in
///   each day and month that sessions were rolled up into.
/// - `chat_sessions`: `id, title, created, updated, archived, messages, attachments, bytes, fields`; `chat_messages`: `session,
///   number, time, edited, sender, text, attachments, message`, where `attachments` is how many there are.
///
/// - every table of [`table`], by its name or, where one of these has that, after `table_`: its columns with their types
///   (bool: 0 or 1; json: as `->>` tells it).
///
/// Times are milliseconds since 1970-01-01 UTC, attributes and the like JSON. A row of a foreign document has NULL where it
/// lacks a field.
///
/// # Errors
/// As [`Store::sql`].
pub fn sql(store: &Store, query: &Sql<'_>) -> Result<SqlRows> {
    let tables = table::views::views(store)?;
    store.sql_with(&format!("{VIEWS}{tables}"), query)
}

/// Whether a view of the models has the name.
pub(super) fn is_view(name: &str) -> bool {
    let mut names = VIEWS.split("CREATE VIEW ").skip(1).filter_map(|view| view.split_whitespace().next());
    names.any(|view| view.eq_ignore_ascii_case(name))
}

const VIEWS: &str = "
    -- Seats whose lease has not passed, taken and reserved ones.
    CREATE VIEW lobby_seats AS SELECT
        id AS lobby, rest AS player, document ->> 'number' AS seat, document ->> 'team' AS team,
        document ->> 'role' AS role, document ->> 'deadline' AS alive_until,
        document ->> '$.member.joined' AS joined, document ->> '$.member.ready' AS ready,
        document -> '$.member.attributes' AS attributes
    FROM kv WHERE space = 'lobby.seat' AND rest IS NOT NULL AND document ->> 'deadline' > joinly_now();

    CREATE VIEW lobby_members AS
    SELECT lobby, player, seat, team, role, joined, ready, alive_until, attributes
    FROM lobby_seats WHERE joined IS NOT NULL;

    CREATE VIEW lobby_reservations AS
    SELECT lobby, player, seat, team, role, alive_until FROM lobby_seats WHERE joined IS NULL;

    -- Until its next deadline a lobby's document is right; later its seats are.
    CREATE VIEW lobby_documents AS SELECT
        id, version AS stored, document, document ->> '$.lease.next' <= joinly_now() AS due,
        document ->> '$.lease.deadline' AS alive_until,
        document ->> '$.lease.deadline' + (document ->> '$.timing.close_ms') AS closes_at
    FROM kv WHERE space = 'lobby' AND rest IS NULL AND document IS NOT NULL;

    CREATE VIEW lobby_states AS SELECT *,
        CASE WHEN due THEN (SELECT count(*) FROM lobby_members WHERE lobby = id)
            ELSE document ->> 'members' END AS members,
        CASE WHEN due THEN (SELECT count(*) FROM lobby_reservations WHERE lobby = id)
            ELSE document ->> 'reserved' END AS reserved,
        CASE WHEN NOT due OR EXISTS (
                SELECT 1 FROM lobby_members WHERE lobby = id AND player = document ->> 'owner')
            THEN document ->> 'owner'
            WHEN document ->> 'owner' IS NOT NULL AND document ->> 'migration' = 'oldest'
            THEN (SELECT player FROM lobby_members WHERE lobby = id ORDER BY joined LIMIT 1)
            END AS owner
    FROM lobby_documents;

    CREATE VIEW lobbies_now AS SELECT *,
        CASE WHEN NOT due THEN document ->> 'state'
            WHEN closes_at <= joinly_now() THEN 'closed'
            WHEN members + reserved = 0 AND document ->> 'members' + (document ->> 'reserved') > 0
                AND NOT document ->> 'keep_empty' THEN 'closed'
            WHEN owner IS NULL AND document ->> 'owner' IS NOT NULL AND document ->> 'migration' = 'close'
            THEN 'closed'
            WHEN document ->> 'state' = 'starting' AND (members < document ->> 'members'
                OR document ->> '$.ready_check.deadline' <= joinly_now()) THEN 'open'
            ELSE document ->> 'state' END AS state
    FROM lobby_states;

    CREATE VIEW lobbies AS SELECT
        id, document ->> 'kind' AS kind, document ->> 'name' AS name, state,
        state <> 'closed' AND alive_until > joinly_now() AS alive,
        owner, members, reserved, document ->> 'max_members' AS max_members,
        document ->> 'visibility' AS visibility, document ->> 'build' AS build, document ->> 'code' AS code,
        document ->> 'protected' AS protected, document ->> 'created' AS created, alive_until,
        document ->> 'version' AS version, document -> 'attributes' AS attributes, document -> 'teams' AS teams
    FROM lobbies_now;

    CREATE VIEW presences AS
    SELECT name AS player, document FROM kv WHERE space = 'player' AND rest = 'presence';

    CREATE VIEW players AS SELECT
        name AS id, document ->> 'name' AS name,
        (SELECT p.document ->> 'status' FROM presences p WHERE p.player = kv.name) AS status,
        (SELECT p.document ->> 'since' FROM presences p WHERE p.player = kv.name) AS online_since,
        (SELECT p.document ->> 'until' FROM presences p WHERE p.player = kv.name) AS online_until,
        document ->> 'created' AS created, document ->> 'version' AS version,
        document -> 'accounts' AS accounts, document -> 'properties' AS properties
    FROM kv WHERE space = 'player' AND rest IS NULL AND document IS NOT NULL;

    -- Keys are board:{board}:{period}:{player}; the board's rules are at board:{board}.
    CREATE VIEW leaderboard AS SELECT
        rules.name AS board, substr(score.rest, 1, instr(score.rest, ':') - 1) AS period,
        substr(score.rest, 1, instr(score.rest, ':') - 1) =
            CASE coalesce(rules.document ->> 'period', 'forever')
            WHEN 'daily' THEN date(joinly_now() / 1000, 'unixepoch')
            WHEN 'weekly' THEN date(joinly_now() / 1000, 'unixepoch', 'weekday 0', '-6 days')
            WHEN 'monthly' THEN date(joinly_now() / 1000, 'unixepoch', 'start of month')
            ELSE 'all' END AS current,
        row_number() OVER (
            PARTITION BY rules.name, substr(score.rest, 1, instr(score.rest, ':') - 1)
            -- The complement turns the order round, without the overflow of a negation.
            ORDER BY
                CASE rules.document ->> 'order' WHEN 'lowest' THEN score.document ->> 'score'
                    ELSE ~(score.document ->> 'score') END,
                CASE rules.document ->> 'order' WHEN 'lowest' THEN coalesce(score.document ->> 'subscore', 0)
                    ELSE ~coalesce(score.document ->> 'subscore', 0) END,
                score.version, score.rest) AS rank,
        substr(score.rest, instr(score.rest, ':') + 1) AS player,
        score.document ->> 'score' AS score, coalesce(score.document ->> 'subscore', 0) AS subscore,
        coalesce(score.document ->> 'time', 0) AS time
    FROM kv AS rules CROSS JOIN kv AS score
    WHERE rules.space = 'board' AND rules.rest IS NULL AND rules.document IS NOT NULL
        AND score.space = 'board' AND score.name = rules.name AND instr(score.rest, ':') > 0
        AND score.document ->> 'score' IS NOT NULL;

    -- Keys are stats:{subject}:total:{metric} and stats:{subject}:log:{began}:...
    CREATE VIEW stat_tallies AS
    SELECT 'total' AS grain, name AS subject, substr(rest, 7) AS metric, document AS entry, document AS tally
    FROM kv WHERE space = 'stats' AND rest >= 'total:' AND rest < 'total;' AND document IS NOT NULL
    UNION ALL
    SELECT document ->> 'grain', name, metric.key, document, metric.value
    FROM kv, json_each(document, '$.metrics') AS metric
    WHERE space = 'stats' AND rest >= 'log:' AND rest < 'log;' AND document IS NOT NULL;

    CREATE VIEW stat_figures AS SELECT
        grain, subject, metric, entry, tally ->> 'attempts' AS attempts, tally ->> 'correct' AS correct,
        (tally ->> 'total_us') / 1000.0 AS total_ms,
        (tally ->> 'total_us') / 1000.0 / nullif(tally ->> 'correct', 0) AS average_ms,
        iif(tally ->> 'correct', (tally ->> 'min_us') / 1000.0, NULL) AS min_ms,
        iif(tally ->> 'correct', (tally ->> 'max_us') / 1000.0, NULL) AS max_ms
    FROM stat_tallies;

    CREATE VIEW stat_totals AS
    SELECT subject, metric, attempts, correct, total_ms, average_ms, min_ms, max_ms
    FROM stat_figures WHERE grain = 'total';

    CREATE VIEW stat_sessions AS SELECT
        subject, grain, entry ->> 'id' AS session, entry ->> 'sessions' AS sessions, entry ->> 'began' AS began,
        entry ->> 'ended' AS ended, metric, attempts, correct, total_ms, average_ms, min_ms, max_ms
    FROM stat_figures WHERE grain <> 'total';

    CREATE VIEW chat_sessions AS SELECT
        document ->> 'id' AS id, document ->> '$.fields.title' AS title,
        document ->> 'created' AS created, document ->> 'updated' AS updated,
        coalesce(document ->> '$.fields.archived', 0) AS archived, document ->> 'messages' AS messages,
        document ->> 'attachments' AS attachments, document ->> 'bytes' AS bytes, document -> 'fields' AS fields
    FROM kv WHERE space = 'chat' AND rest IS NULL AND document IS NOT NULL;

    -- Keys are chat:{id}:m:{number}, and names are encoded: the session's document tells the id.
    CREATE VIEW chat_messages AS SELECT
        session.document ->> 'id' AS session, message.document ->> 'number' AS number,
        message.document ->> 'time' AS time, message.document ->> 'edited' AS edited,
        message.document ->> '$.message.sender' AS sender,
        coalesce(message.document ->> '$.message.text', message.document ->> '$.message.content') AS text,
        coalesce(json_array_length(message.document, '$.attachments'), 0) AS attachments,
        message.document -> 'message' AS message
    FROM kv AS session CROSS JOIN kv AS message
    WHERE session.space = 'chat' AND session.rest IS NULL AND session.document IS NOT NULL
        AND message.space = 'chat' AND message.name = session.name
        AND message.rest >= 'm:' AND message.rest < 'm;' AND message.document IS NOT NULL;
";
