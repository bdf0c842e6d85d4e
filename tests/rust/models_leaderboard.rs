//! Leaderboards: ranks are those of a sorted list, and a result counts once.

use std::collections::BTreeMap;

use joinly_storage::Kind;
use joinly_storage::models::leaderboard::{
    Board, Leaderboards, MatchResult, Order, Period, Placement, Policy, Ranked,
};
use joinly_storage::models::rating::System;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{Home, get, kind};

fn names(ranked: &[Ranked]) -> Vec<(usize, &str, i64)> {
    ranked.iter().map(|ranked| (ranked.rank, ranked.player.as_str(), ranked.entry.score)).collect()
}

#[test]
fn equal_scores_rank_by_who_reached_them_first() {
    for home in Home::each() {
        let store = home.open();
        let boards = Leaderboards::new(&store);
        boards.create("kills", Board::default()).unwrap();
        for (player, score) in [("a", 5), ("b", 9), ("c", 5), ("d", 1), ("c", 3), ("a", 5)] {
            boards.submit("kills", player, score, 0).unwrap();
        }
        let top = boards.top("kills", None, 0, 10).unwrap();
        assert_eq!(names(&top), [(1, "b", 9), (2, "a", 5), (3, "c", 5), (4, "d", 1)]);
        assert_eq!(names(&boards.top("kills", None, 1, 2).unwrap()), [(2, "a", 5), (3, "c", 5)]);
        assert_eq!(
            names(&boards.around("kills", None, "c", 1, 1).unwrap()),
            [(2, "a", 5), (3, "c", 5), (4, "d", 1)]
        );
        assert_eq!(names(&boards.around("kills", None, "b", 5, 0).unwrap()), [(1, "b", 9)]);
        assert_eq!(boards.around("kills", None, "nobody", 1, 1).unwrap(), []);
        assert_eq!(boards.rank("kills", None, "nobody").unwrap(), None);
        assert_eq!(boards.count("kills", None).unwrap(), 4);
        // The subscore decides before the time does.
        boards.submit("kills", "d", 5, 1).unwrap();
        assert_eq!(boards.rank("kills", None, "d").unwrap().unwrap().rank, 2);
    }
}

#[test]
fn policies_say_what_a_score_does() {
    let home = Home::memory();
    let store = home.open();
    let boards = Leaderboards::new(&store);
    let score = |board: &str, policy, order, scores: &[i64]| {
        boards.create(board, Board { policy, order, ..Board::default() }).unwrap();
        scores
            .iter()
            .map(|score| boards.submit(board, "a", *score, 0).unwrap().entry.score)
            .collect::<Vec<_>>()
    };
    assert_eq!(score("best", Policy::Best, Order::Highest, &[5, 3, 8]), [5, 5, 8]);
    assert_eq!(score("time", Policy::Best, Order::Lowest, &[5, 3, 8]), [5, 3, 3]);
    assert_eq!(score("set", Policy::Set, Order::Highest, &[5, 3, 8]), [5, 3, 8]);
    assert_eq!(score("sum", Policy::Increment, Order::Highest, &[5, -3, 8]), [5, 2, 10]);
    assert_eq!(kind(boards.submit("sum", "a", i64::MAX, 0)), Kind::OutOfRange);
    assert_eq!(kind(boards.submit("none", "a", 1, 0)), Kind::NotFound);
    assert_eq!(kind(boards.create("sum", Board::default())), Kind::Exists);
    boards.submit("time", "b", i64::MIN, 0).unwrap();
    assert_eq!(boards.rank("time", None, "b").unwrap().unwrap().rank, 1);
    boards.submit("best", "b", i64::MIN, 0).unwrap();
    assert_eq!(boards.rank("best", None, "b").unwrap().unwrap().rank, 2);
}

#[test]
fn a_period_starts_anew_and_the_last_one_stays() {
    for home in Home::each() {
        let store = home.open();
        let boards = Leaderboards::new(&store);
        boards.create("day", Board { period: Period::Daily, ..Board::default() }).unwrap();
        assert_eq!(boards.submit("day", "a", 5, 0).unwrap().period, "1970-01-01");
        home.clock.advance(86_400_000);
        assert_eq!(boards.count("day", None).unwrap(), 0);
        assert_eq!(boards.submit("day", "a", 3, 0).unwrap().entry.score, 3);
        assert_eq!(names(&boards.top("day", Some("1970-01-01"), 0, 9).unwrap()), [(1, "a", 5)]);
        assert_eq!(names(&boards.top("day", Some("1970-01-02"), 0, 9).unwrap()), [(1, "a", 3)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariant 10: ranks are those of a sorted list, whoever wrote the scores and however short the change log is.
    #[test]
    fn ranks_are_those_of_a_sorted_list(
        steps in prop::collection::vec((0..12u8, -4..5i64, 0..12u8), 1..120),
        lowest in any::<bool>(),
        log_keep in prop::sample::select(vec![1u64, 1_000_000]),
    ) {
        for home in Home::each() {
            let home = home.with(|options| options.log_keep = log_keep);
            let store = home.open();
            let boards = Leaderboards::new(&store);
            let order = if lowest { Order::Lowest } else { Order::Highest };
            boards.create("b", Board { policy: Policy::Increment, order, ..Board::default() }).unwrap();
            // By player: the score, and the step that reached it.
            let mut model: BTreeMap<String, (i64, usize)> = BTreeMap::new();
            for (at, (player, score, look)) in steps.iter().enumerate() {
                let name = format!("p{player}");
                if *look == 0 {
                    // By hand, past the model.
                    store.delete(format!("board:b:all:{name}").as_bytes()).unwrap();
                    model.remove(&name);
                    continue;
                }
                boards.submit("b", &name, *score, 0).unwrap();
                let known = model.contains_key(&name);
                let entry = model.entry(name).or_insert((0, at));
                if *score != 0 || !known {
                    *entry = (entry.0 + score, at);
                }
                if *look > 3 {
                    continue;
                }
                let mut sorted: Vec<_> = model.iter().map(|(player, (score, at))| (*score, *at, player)).collect();
                sorted.sort_by_key(|(score, at, _)| (if lowest { *score } else { -*score }, *at));
                let expected: Vec<(usize, &str, i64)> =
                    sorted.iter().enumerate().map(|(at, (score, _, p))| (at + 1, p.as_str(), *score)).collect();
                let top = boards.top("b", None, 0, 100).unwrap();
                prop_assert_eq!(names(&top), expected);
                for ranked in &top {
                    let alone = boards.rank("b", None, &ranked.player).unwrap();
                    prop_assert_eq!(alone.as_ref(), Some(ranked));
                }
            }
        }
    }
}

fn result(id: &str, winner: &str, loser: &str) -> MatchResult {
    let team = |player: &str, place| Placement { players: vec![player.to_owned()], place };
    MatchResult {
        id: id.to_owned(),
        ladder: "duel".to_owned(),
        system: System::default(),
        teams: vec![team(winner, 1), team(loser, 2)],
        scores: [(winner.to_owned(), 3)].into(),
    }
}

#[test]
fn a_result_counts_once() {
    for home in Home::each() {
        let store = home.open();
        let boards = Leaderboards::new(&store);
        boards.create("duel", Board { policy: Policy::Increment, ..Board::default() }).unwrap();
        store.put(b"match:m1", br#"{"id":"m1","map":"dust"}"#).unwrap();
        let applied = boards.apply_result(&result("m1", "a", "b")).unwrap();
        assert!(applied.now && applied.changes["a"].after.mu > 25.0 && applied.changes["b"].after.mu < 25.0);
        let again = boards.apply_result(&result("m1", "b", "a")).unwrap();
        assert!(!again.now);
        assert_eq!((again.result, again.changes), (applied.result, applied.changes.clone()));
        let rated = boards.rating(&System::default(), "a", "duel").unwrap();
        assert_eq!(rated, applied.changes["a"].after);
        assert_eq!(boards.rank("duel", None, "a").unwrap().unwrap().entry.score, 3);
        assert!(String::from_utf8(get(&store, "match:m1").unwrap()).unwrap().contains(r#""map":"dust""#));

        let version = store.version().unwrap();
        assert_eq!(kind(boards.apply_result(&result("m2", "a", "a"))), Kind::Invalid);
        let mut stranger = result("m2", "a", "b");
        stranger.scores = [("c".to_owned(), 1)].into();
        assert_eq!(kind(boards.apply_result(&stranger)), Kind::Invalid);
        let mut boardless = result("m2", "a", "b");
        boardless.ladder = "other".to_owned();
        assert_eq!(kind(boards.apply_result(&boardless)), Kind::NotFound);
        assert_eq!(store.version().unwrap(), version);
    }
}

/// Invariant 10 while several stores on one file report the same results at once.
#[test]
fn results_reported_by_everyone_count_once() {
    let home = Home::sqlite();
    let store = home.open();
    let boards = Leaderboards::new(&store);
    boards.create("duel", Board { policy: Policy::Increment, ..Board::default() }).unwrap();
    let applied: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let store = home.open();
                scope.spawn(move || {
                    let boards = Leaderboards::new(&store);
                    let results = (0..12).map(|id| result(&format!("m{id}"), "a", "b"));
                    results.filter(|result| boards.apply_result(result).unwrap().now).count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(applied, 12);
    assert_eq!(boards.rank("duel", None, "a").unwrap().unwrap().entry.score, 36);
}
