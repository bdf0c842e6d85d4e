//! What the views of the models show.

use joinly_storage::models::leaderboard::{Board, Leaderboards, Order};
use joinly_storage::models::lobby::{By, Create, Join, Lobbies, Migration, Reserve, Timing};
use joinly_storage::models::player::{Patch, Players};
use joinly_storage::models::stats::{RollUp, SessionOptions, Stats};

use super::*;

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
