//! Queries in SQL: what they see, what they are refused, and that they end.

use std::time::Duration;

use joinly_storage::models;
use joinly_storage::models::leaderboard::{Board, Leaderboards, Order};
use joinly_storage::models::lobby::{By, Create, Join, Lobbies, Migration, Reserve, Timing};
use joinly_storage::models::player::{Patch, Players};
use joinly_storage::models::stats::{RollUp, SessionOptions, Stats};
use joinly_storage::store::{Sql, SqlParam, SqlValue};
use joinly_storage::{Batch, Kind, Result, Store};

use crate::support::{Home, kind};

use SqlValue::{Blob, Integer, Null, Real, Text};

fn text(text: &str) -> SqlValue {
    Text(text.to_owned())
}

fn param(value: SqlValue) -> SqlParam<'static> {
    SqlParam { name: None, value }
}

/// All rows, taken in pages of three.
fn rows_of(store: &Store, query: &Sql<'_>) -> Result<Vec<Vec<SqlValue>>> {
    let mut rows = models::sql(store, query)?;
    let mut all = Vec::new();
    loop {
        let page = rows.next_page(3)?;
        assert!(page.rows().len() <= 3);
        all.extend(page.rows().map(<[SqlValue]>::to_vec));
        if !page.more {
            assert_eq!(rows.next_page(3)?.rows().len(), 0);
            return Ok(all);
        }
    }
}

fn rows(store: &Store, sql: &str) -> Vec<Vec<SqlValue>> {
    rows_of(store, &Sql::new(sql)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn one(store: &Store, sql: &str) -> SqlValue {
    let mut rows = rows(store, sql);
    assert_eq!(rows.len(), 1, "{sql}");
    rows.remove(0).remove(0)
}

fn refused(store: &Store, sql: &str) -> Kind {
    match rows_of(store, &Sql::new(sql)) {
        Err(error) => error.kind(),
        Ok(rows) => panic!("{sql}: {rows:?}"),
    }
}

#[test]
fn every_engine_shows_its_live_records_decoded() {
    for home in Home::each() {
        let store = home.open();
        let long = "compressed ".repeat(1000);
        store.put(b"a:1", long.as_bytes()).unwrap();
        store.put(b"a:2", b"\xff\x00").unwrap();
        store.put(b"\xfe", b"").unwrap();
        store.put_ttl(b"b:1", b"soon gone", 1000).unwrap();
        let version = Integer(store.version().unwrap() as i64);
        let expires = Integer(home.clock_ms() + 1000);
        let found = rows(&store, "SELECT * FROM kv ORDER BY key");
        let value = |row: usize| found[row][1].clone();
        assert_eq!(found.len(), 4);
        assert_eq!((value(0), value(1)), (Text(long), Blob(vec![255, 0])));
        assert_eq!(found[2], [text("b:1"), text("soon gone"), version, expires]);
        assert_eq!(found[3], [Blob(vec![254]), text(""), Integer(3), Null]);
        home.clock.advance(1000);
        assert_eq!(one(&store, "SELECT count(*) FROM kv"), Integer(3));
        assert_eq!(one(&store, "SELECT joinly_now()"), Integer(home.clock_ms()));
    }
}

#[test]
fn keys_are_found_by_their_parts_as_by_reading_everything() {
    let store = Home::memory().open();
    let mut batch = Batch::new();
    for key in ["x", "x:", "x:1", "x:01", "x:10", "x:1:a", "x:1:a:b", "x:1:", "x:b", "xy:1", "y:1", "é:1:ü"]
    {
        batch.put(key.as_bytes(), b"{}").unwrap();
    }
    batch.put(b"x:\xff", b"").unwrap();
    batch.put(b"x:1:\xff", b"").unwrap();
    store.commit(&batch).unwrap();
    let values =
        ["'x'", "''", "'1'", "1", "1.0", "'01'", "'1.0'", "'b'", "'a'", "'a:b'", "NULL", "x'78'", "'x:1'"];
    let equal = ["key", "space", "name", "id", "rest"].into_iter().flat_map(|column| {
        values.iter().flat_map(move |value| ["=", "IS"].map(|sign| format!("{column} {sign} {value}")))
    });
    let others = [
        "key < 'x:1'",
        "key >= 'x:1'",
        "key > 'x:' AND key <= 'x:b'",
        "key >= x'78'",
        "key < x'79'",
        "key GLOB 'x:*'",
        "key GLOB 'x:1'",
        "key GLOB '*1'",
        "key GLOB 'x:[01]?'",
        "rest IS NULL",
        "key IN ('x:1', 'y:1', 'z')",
        "key COLLATE NOCASE = 'X:1'",
        "space IN ('x', 'y')",
        "1",
    ];
    let terms: Vec<String> = equal.chain(others.map(str::to_owned)).collect();
    // With a limit a subquery is read as it is: nothing is looked up.
    let everything = "SELECT key FROM (SELECT key, space, name, id, rest FROM kv LIMIT -1) WHERE";
    for before in ["", "space = 'x' AND ", "space = 'x' AND id = 1 AND ", "space = 'x' AND name = '1' AND "] {
        for term in &terms {
            let term = format!("{before}{term}");
            let wanted = rows(&store, &format!("{everything} {term} ORDER BY key"));
            let found = rows(&store, &format!("SELECT key FROM kv WHERE {term} ORDER BY key"));
            assert_eq!(found, wanted, "{term}");
        }
    }
    let plan =
        rows(&store, "EXPLAIN QUERY PLAN SELECT 1 FROM kv WHERE space = 'x' AND id = 1 AND rest IS NULL");
    assert!(format!("{plan:?}").contains("INDEX 1:siz"), "{plan:?}");
}

#[test]
fn lobbies_are_what_a_call_would_say() {
    let home = Home::sqlite();
    let store = home.open();
    let lobbies = Lobbies::new(&store);
    let timing = Timing { member_ms: 1000, reservation_ms: 500, stale_ms: 3000, close_ms: 6000 };
    let made = |owner: &str, migration, keep_empty| {
        let create = Create {
            owner: Some(Join::of(owner)),
            timing,
            migration,
            keep_empty,
            exclusive: false,
            ..Create::default()
        };
        let id = lobbies.create(create).unwrap().lobby;
        lobbies.join(id, Join::of("b with spaces")).unwrap();
        lobbies.reserve(id, &By::Host, &[Reserve { player: "r".into(), ..Reserve::default() }]).unwrap();
        id
    };
    let all = [
        made("a", Migration::Oldest, false),
        made("a", Migration::Close, false),
        made("a", Migration::Never, true),
        made("a", Migration::Manual, false),
    ];
    lobbies.start(all[3], &By::Host, Some(2000)).unwrap();
    store.put(b"lobby:foreign", br#"{"state":"open"}"#).unwrap();
    store.put(b"lobby:no-json", b"{").unwrap();
    let seen = |id: u64| {
        let sql = "SELECT state, owner, members, reserved, alive FROM lobbies WHERE id = ?";
        rows_of(&store, &Sql::new(sql).params(&[param(Integer(id as i64))])).unwrap().remove(0)
    };
    let members = |id: u64| {
        let sql = "SELECT player, seat FROM lobby_members WHERE lobby = ? ORDER BY seat";
        rows_of(&store, &Sql::new(sql).params(&[param(Integer(id as i64))])).unwrap()
    };
    for step in 0..14 {
        if step == 1 {
            assert_eq!(lobbies.heartbeat(all[0], &["b with spaces"]).unwrap(), [true]);
        }
        let before: Vec<_> = all.iter().map(|id| (seen(*id), members(*id))).collect();
        for (id, (seen, members)) in all.iter().zip(before) {
            // What time has decided is written by this call, after it was seen.
            let room = lobbies.room(*id).unwrap();
            let lobby = &room.lobby;
            let state = serde_json::to_value(lobby.state).unwrap();
            let alive = !lobby.is_stale(home.clock_ms()) && state != "closed";
            let wanted = [
                text(state.as_str().unwrap()),
                lobby.owner.as_deref().map_or(Null, text),
                Integer(lobby.members.into()),
                Integer(lobby.reserved.into()),
                Integer(alive.into()),
            ];
            assert_eq!(seen, wanted, "lobby {id} in step {step}");
            let mut taken: Vec<_> = room.seats.values().filter(|seat| seat.member.is_some()).collect();
            taken.sort_by_key(|seat| seat.number);
            let taken: Vec<_> =
                taken.iter().map(|seat| vec![text(&seat.player), Integer(seat.number.into())]).collect();
            assert_eq!(members, taken, "lobby {id} in step {step}");
        }
        home.clock.advance(700);
    }
    let ended = rows(&store, "SELECT id, state FROM lobbies WHERE alive IS NOT 1 ORDER BY id");
    let closed = all.iter().map(|id| vec![Integer(*id as i64), text("closed")]);
    assert_eq!(ended, closed.chain([vec![text("foreign"), text("open")]]).collect::<Vec<_>>());
}

#[test]
fn lobbies_and_their_members_are_joined_by_key() {
    let store = Home::memory().open();
    let lobbies = Lobbies::new(&store);
    for n in 0..30 {
        let attributes = serde_json::json!({"map": format!("map {}", n % 3), "n": n});
        let attributes = attributes.as_object().unwrap().clone();
        let owner = Some(Join::of(&format!("p{n}")));
        lobbies
            .create(Create { owner, name: format!("lobby {n}"), attributes, ..Create::default() })
            .unwrap();
    }
    let sql = "SELECT l.name FROM lobby_members m JOIN lobbies l ON l.id = m.lobby WHERE m.player = 'p7'";
    assert_eq!(rows(&store, sql), [[text("lobby 7")]]);
    let plan = format!("{:?}", rows(&store, &format!("EXPLAIN QUERY PLAN {sql}")));
    assert!(plan.contains("INDEX 0:szi"), "{plan}");
    let sql = "SELECT attributes ->> 'map' AS map, count(*), sum(members) FROM lobbies
        WHERE alive AND attributes ->> 'n' >= 15 GROUP BY map ORDER BY map";
    let group = |map| vec![text(map), Integer(5), Integer(5)];
    assert_eq!(rows(&store, sql), [group("map 0"), group("map 1"), group("map 2")]);
}

#[test]
fn players_are_there_while_their_lease_lasts() {
    let home = Home::sqlite();
    let store = home.open();
    let players = Players::new(&store);
    for (id, name) in [("7", "Ada"), ("x", "Bob")] {
        players.create(id, &Patch { name: Some(name.into()), ..Patch::default() }).unwrap();
    }
    let now = home.clock_ms();
    players.heartbeat("7", "in menu", 1000).unwrap();
    let sql = "SELECT id, name, status, online_until, version FROM players ORDER BY id";
    let offline = vec![text("x"), text("Bob"), Null, Null, Integer(1)];
    let online = vec![text("7"), text("Ada"), text("in menu"), Integer(now + 1000), Integer(1)];
    assert_eq!(rows(&store, sql), [online, offline.clone()]);
    home.clock.advance(1000);
    let gone = vec![text("7"), text("Ada"), Null, Null, Integer(1)];
    assert_eq!(rows(&store, sql), [gone, offline]);
}

#[test]
fn the_leaderboard_ranks_as_the_model_does() {
    let home = Home::sqlite();
    // A Wednesday: 2026-03-04.
    home.clock.set(1_772_582_400_000);
    let store = home.open();
    let boards = Leaderboards::new(&store);
    let rules = |period: &str, order| Board {
        period: serde_json::from_value(period.into()).unwrap(),
        order,
        ..Board::default()
    };
    let all = ["forever", "daily", "weekly", "monthly"];
    for (n, period) in all.iter().enumerate() {
        let order = if n % 2 == 0 { Order::Highest } else { Order::Lowest };
        boards.create(period, rules(period, order)).unwrap();
        for (player, score) in [("p1", 5), ("p2", i64::MIN), ("p3", 5), ("p4", i64::MAX), ("p5", -3)] {
            boards.submit(period, player, score, 0).unwrap();
        }
    }
    for board in all {
        let sql = "SELECT rank, player, score FROM leaderboard WHERE board = ? AND current ORDER BY rank";
        let seen = rows_of(&store, &Sql::new(sql).params(&[param(text(board))])).unwrap();
        let wanted: Vec<_> = boards.top(board, None, 0, 10).unwrap();
        let wanted: Vec<_> = wanted
            .iter()
            .map(|row| vec![Integer(row.rank as i64), text(&row.player), Integer(row.entry.score)])
            .collect();
        assert_eq!((seen.len(), &seen), (5, &wanted), "{board}");
    }
    home.clock.advance(32 * 86_400_000);
    assert_eq!(rows(&store, "SELECT DISTINCT board FROM leaderboard WHERE current"), [[text("forever")]]);
    assert_eq!(one(&store, "SELECT count(*) FROM leaderboard"), Integer(20));
}

#[test]
fn only_one_statement_that_reads_is_run() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k", b"v").unwrap();
    let attached = home.path("attached.db");
    let refusals = [
        "DELETE FROM kv",
        "INSERT INTO kv VALUES ('a', 'b', 1, 0)",
        "UPDATE kv SET value = 1",
        "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)",
        "DROP VIEW lobbies",
        "DROP TABLE kv",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "VACUUM",
        "VACUUM INTO '/tmp/joinly-must-not-exist.db'",
        "REINDEX",
        "ANALYZE",
        "PRAGMA writable_schema = ON",
        "PRAGMA query_only = OFF",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "DETACH main",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM kv",
        "SELECT 1;;; x",
        "SELECT 'a\0b'",
        "",
        "  -- nothing",
        ";",
        "SELEC 1",
        "SELECT nothing FROM kv",
        "SELECT * FROM meta",
        "SELECT \"no column\" FROM kv",
        "WITH x AS (SELECT 1) INSERT INTO kv SELECT * FROM x",
        "SELECT json_extract('{', '$')",
        "SELECT sum(9223372036854775807) FROM (SELECT 1 UNION ALL SELECT 2)",
    ];
    for sql in refusals {
        assert_eq!(refused(&store, sql), Kind::Invalid, "{sql}");
    }
    let attach = format!("ATTACH '{}' AS other", attached.display());
    assert_eq!(refused(&store, &attach), Kind::Invalid);
    assert!(!attached.exists());
    assert_eq!(rows(&store, "SELECT 1; -- one is enough"), [[Integer(1)]]);
    assert_eq!(one(&store, "SELECT value FROM kv"), text("v"));
}

#[test]
fn parameters_are_values_and_nothing_else() {
    let store = Home::memory().open();
    store.put(b"k", b"v").unwrap();
    let evil = "x' OR 1=1; DELETE FROM kv; --";
    let ask = |sql: &str, params: &[SqlParam<'_>]| rows_of(&store, &Sql::new(sql).params(params));
    assert!(ask("SELECT * FROM kv WHERE key = ?", &[param(text(evil))]).unwrap().is_empty());
    let values =
        [Null, Integer(i64::MIN), Real(-0.5), text("ü\0x"), Blob(vec![0, 255]), text(""), Blob(vec![])];
    for value in values {
        let given = [param(value.clone())];
        assert_eq!(ask("SELECT ?", &given).unwrap(), [[value.clone()]]);
        for name in ["n", ":n"] {
            let given = [SqlParam { name: Some(name), value: value.clone() }];
            assert_eq!(ask("SELECT :n WHERE :n IS :n", &given).unwrap(), [[value.clone()]]);
        }
    }
    assert_eq!(ask("SELECT @a, $b", &[named("b", 2), named("a", 1)]).unwrap(), [[Integer(1), Integer(2)]]);
    let wrong: [(&str, &[SqlParam<'_>]); 7] = [
        ("SELECT ?", &[]),
        ("SELECT 1", &[param(Null)]),
        ("SELECT ?, ?", &[param(Null)]),
        ("SELECT ?3", &[param(Null)]),
        ("SELECT :a", &[named("b", 1)]),
        ("SELECT :a", &[named("a", 1), named(":a", 1)]),
        ("SELECT ?", &[param(Real(f64::NAN))]),
    ];
    for (sql, params) in wrong {
        assert_eq!(kind(ask(sql, params)), Kind::Invalid, "{sql}");
    }
    let many = vec![param(Null); 10_001];
    assert_eq!(kind(ask("SELECT 1", &many)), Kind::TooLarge);
    assert_eq!(refused(&store, &format!("SELECT '{}'", "x".repeat(1 << 20))), Kind::TooLarge);
}

fn named(name: &str, number: i64) -> SqlParam<'_> {
    SqlParam { name: Some(name), value: Integer(number) }
}

#[test]
fn what_does_not_end_is_stopped() {
    let store = Home::memory().open();
    for n in 0..2000 {
        store.put(format!("k:{n}").as_bytes(), b"x").unwrap();
    }
    let endless = [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT count(*) FROM kv a, kv b, kv c, kv d WHERE a.value <> b.value",
    ];
    for sql in endless {
        let query = Sql::new(sql).timeout(Duration::from_millis(20));
        assert_eq!(kind(rows_of(&store, &query)), Kind::Timeout, "{sql}");
    }
    assert_eq!(refused(&store, "SELECT zeroblob(100000000)"), Kind::TooLarge);
    assert_eq!(refused(&store, "SELECT zeroblob(40000000), zeroblob(40000000)"), Kind::TooLarge);
    // Rows without end are given as long as somebody asks.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let mut endless = store.sql(&Sql::new(sql)).unwrap();
    for page in 0..3 {
        let page_rows = endless.next_page(1000).unwrap();
        assert_eq!((page_rows.values[0].clone(), page_rows.more), (Integer(page * 1000 + 1), true));
    }
}

#[test]
fn pages_are_bounded_by_bytes_and_of_one_moment() {
    for home in Home::each() {
        let home = home.with(|options| options.snapshot_max_age_ms = 60_000);
        let store = home.open();
        for n in 0..10 {
            store.put(format!("k:{n}").as_bytes(), &vec![b'x'; 6 << 20]).unwrap();
        }
        let mut pages = store.sql(&Sql::new("SELECT key, value FROM kv WHERE space = 'k'")).unwrap();
        assert_eq!(pages.columns(), ["key", "value"]);
        let first = pages.next_page(usize::MAX).unwrap();
        assert_eq!((first.rows().len(), first.more), (2, true));
        store.delete(b"k:9").unwrap();
        store.put(b"k:99", b"later").unwrap();
        let mut found = 2;
        loop {
            let page = pages.next_page(usize::MAX).unwrap();
            assert!(page.rows().all(|row| row[0] != text("k:99")));
            found += page.rows().len();
            if !page.more {
                break;
            }
        }
        assert_eq!(found, 10);
        assert_eq!(one(&store, "SELECT count(*) FROM kv"), Integer(10));
    }
}

#[test]
fn a_query_that_waits_for_too_long_is_given_up() {
    let home = Home::sqlite().with(|options| {
        options.snapshot_max_age_ms = 1000;
        options.sweep_interval_ms = 10;
    });
    let store = home.open();
    for n in 0..1000 {
        store.put(format!("k:{n}").as_bytes(), b"x").unwrap();
    }
    let mut waiting = store.sql(&Sql::new("SELECT * FROM kv")).unwrap();
    assert_eq!(waiting.next_page(1).unwrap().rows().len(), 1);
    let late = std::cell::Cell::new(None);
    crate::support::eventually("the snapshot is ended", || {
        std::thread::sleep(Duration::from_millis(100));
        late.set(waiting.next_page(1).err());
        late.take().is_some_and(|error| error.kind() == Kind::Conflict)
    });
    assert_eq!(waiting.next_page(1).unwrap().rows().len(), 0);
}

#[test]
fn a_closed_store_answers_so() {
    for home in Home::each() {
        let store = home.open();
        for n in 0..1000 {
            store.put(format!("k:{n}").as_bytes(), b"x").unwrap();
        }
        let mut rows = store.sql(&Sql::new("SELECT * FROM kv")).unwrap();
        rows.next_page(1).unwrap();
        store.close().unwrap();
        assert_eq!(kind(rows.next_page(1)), Kind::Closed);
        assert_eq!(refused(&store, "SELECT 1"), Kind::Closed);
        drop(store);
        assert_eq!(kind(rows.next_page(1)), Kind::Closed);
    }
}

#[test]
fn what_is_acknowledged_is_seen_and_what_others_wrote() {
    let home = Home::behind();
    let store = home.open();
    store.put(b"k", b"queued").unwrap();
    assert_eq!(one(&store, "SELECT value FROM kv"), text("queued"));
    store.close().unwrap();
    let home = home.with(|options| options.mode = joinly_storage::store::Mode::Through);
    let (one_store, other) = (home.open(), home.open());
    assert_eq!(one(&one_store, "SELECT value FROM kv"), text("queued"));
    other.put(b"k", b"other").unwrap();
    assert_eq!(one(&one_store, "SELECT value FROM kv"), text("other"));
}

#[test]
fn a_changed_byte_is_told_and_stops_writes() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"k:1", b"sound").unwrap();
    store.put(b"k:2", b"to be damaged").unwrap();
    store.close().unwrap();
    drop(store);
    let mut bytes = std::fs::read(home.file()).unwrap();
    let at = bytes.windows(13).position(|window| window == b"to be damaged").unwrap();
    bytes[at] ^= 1;
    std::fs::write(home.file(), bytes).unwrap();
    let store = home.open();
    assert_eq!(one(&store, "SELECT value FROM kv WHERE key = 'k:1'"), text("sound"));
    assert_eq!(refused(&store, "SELECT value FROM kv"), Kind::Corrupt);
    assert_eq!(kind(store.put(b"x", b"y")), Kind::Corrupt);
    assert_eq!(one(&store, "SELECT value FROM kv WHERE key = 'k:1'"), text("sound"));
}

#[test]
fn a_file_cannot_replace_the_views() {
    let home = Home::sqlite();
    let store = home.open();
    store.put(b"player:1", br#"{"id":"1","name":"Ada"}"#).unwrap();
    drop(store);
    let file = rusqlite::Connection::open(home.file()).unwrap();
    file.execute_batch("CREATE VIEW players AS SELECT 'forged' AS id; CREATE TABLE lobbies (id); ").unwrap();
    drop(file);
    let store = home.open();
    assert_eq!(rows(&store, "SELECT id, name FROM players"), [[text("1"), text("Ada")]]);
    assert!(rows(&store, "SELECT * FROM lobbies").is_empty());
}

#[test]
fn statistics_are_told_by_metric_in_total_and_by_session() {
    let home = Home::memory();
    let store = home.open();
    let stats = Stats::new(&store);
    let day = 86_400_000;
    for (id, began, samples) in [
        ("1", 5, &[("a", 10.0, true), ("a", 20.5, true), ("a", 1.0, false), ("b:", 1.0, false)][..]),
        ("2", day, &[("a", 30.0, true)]),
    ] {
        let options = SessionOptions { began: Some(began), journal_every: 0 };
        let mut session = stats.begin("ada", id, options).unwrap();
        for (metric, time, correct) in samples {
            session.record(metric, *time, *correct, began + 7).unwrap();
        }
        session.flush(&store).unwrap();
    }
    stats.roll_up("ada", RollUp { days_until: Some(day), months_until: None }).unwrap();
    store.put(b"stats:ada:total:x", b"no document").unwrap();
    let a = |attempts, correct, times: [f64; 4]| {
        let times = times.map(Real);
        [vec![text("a"), Integer(attempts), Integer(correct)], times.to_vec()].concat()
    };
    let missed = vec![text("b:"), Integer(1), Integer(0), Real(0.0), Null, Null, Null];
    let totals = rows(&store, "SELECT * FROM stat_totals WHERE subject = 'ada' ORDER BY metric");
    let ada = |rest: &[SqlValue]| [&[text("ada")], rest].concat();
    assert_eq!(totals, [ada(&a(4, 3, [60.5, 60.5 / 3.0, 10.0, 30.0])), ada(&missed)]);
    let entry = |rest: &[SqlValue], entry: [SqlValue; 5]| [ada(&entry), rest.to_vec()].concat();
    let rolled = || [text("day"), text(""), Integer(1), Integer(0), Integer(12)];
    let single = [text("session"), text("2"), Integer(1), Integer(day), Integer(day + 7)];
    let sessions = [
        entry(&a(3, 2, [30.5, 15.25, 10.0, 20.5]), rolled()),
        entry(&missed, rolled()),
        entry(&a(1, 1, [30.0, 30.0, 30.0, 30.0]), single),
    ];
    assert_eq!(rows(&store, "SELECT * FROM stat_sessions ORDER BY began, metric"), sessions);
}
