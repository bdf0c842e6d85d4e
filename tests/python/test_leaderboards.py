from __future__ import annotations

import pytest
from joinly_storage import (
    Exists,
    Glicko2,
    Invalid,
    NotFound,
    OutOfRange,
    Placement,
    Rating,
    Store,
    WengLin,
)
from joinly_storage._ratings import Score

DUEL = [Placement(["ada"], 1), Placement(["bob"], 2)]


def test_glickmans_worked_example() -> None:
    player = Rating(1500, 200, 0.06)
    games: list[tuple[Rating, Score]] = [
        (Rating(1400, 30), "win"),
        (Rating(1550, 100), "loss"),
        (Rating(1700, 300), "loss"),
    ]
    rated = Glicko2(tau=0.5).rate_period(player, games)
    assert rated.mu == pytest.approx(1464.05, abs=0.02)
    assert rated.sigma == pytest.approx(151.52, abs=0.02)
    assert rated.volatility == pytest.approx(0.05999, abs=0.00001)
    idle = Glicko2().rate_period(player, [])
    assert (idle.mu, idle.sigma > 200) == (1500, True)
    assert WengLin().rate_period(WengLin().initial(), [(WengLin().initial(), "win")]).mu > 25
    with pytest.raises(Invalid):
        Glicko2().rate_period(player, [(player, "won")])  # type: ignore[list-item]


def test_ratings_follow_results() -> None:
    system = WengLin()
    new = system.initial()
    assert (new.mu, new.volatility) == (25, 0)
    assert new.sigma == pytest.approx(25 / 3)
    assert new.conservative == pytest.approx(0)
    [[winner], losers] = system.rate([[new], [new, new]])
    assert winner.mu > 25 > losers[0].mu == losers[1].mu
    [[one], [other]] = system.rate([[new], [new]], places=[1, 1])
    assert one.mu == pytest.approx(other.mu) == pytest.approx(25)
    assert system.win_probabilities([[winner], [losers[0]]])[0] > 0.5
    teams = [[winner], [losers[0]]]
    assert WengLin(beta=1).win_probabilities(teams)[0] > system.win_probabilities(teams)[0]
    assert sum(system.win_probabilities([[new], [winner], losers])) == pytest.approx(1)


def test_glicko_2_is_one_against_one() -> None:
    system = Glicko2(tau=0.5)
    new = system.initial()
    assert new == Rating(1500, 350, 0.06)
    assert system.rate([[new], [new]])[0][0].mu > 1500
    with pytest.raises(Invalid):
        system.rate([[new, new], [new]])


def test_what_is_no_match_is_refused() -> None:
    new = WengLin().initial()
    for teams in ([], [[new]], [[new], []], [[new], [Rating(float("nan"), 1)]]):
        with pytest.raises(Invalid):
            WengLin().rate(teams)
        with pytest.raises(Invalid):
            WengLin().win_probabilities(teams)
    with pytest.raises(Invalid):
        WengLin(beta=-1).initial()
    with pytest.raises(ValueError, match="2 teams have 1 places"):
        WengLin().rate([[new], [new]], places=[1])


def test_a_board_ranks(store: Store) -> None:
    boards = store.leaderboards
    with pytest.raises(NotFound):
        boards.rank("speed", "ada")
    boards.create("speed", order="lowest")
    boards.create("speed", order="lowest")
    with pytest.raises(Exists):
        boards.create("speed")
    for player, score, subscore in [("ada", 70, 0), ("bob", 60, 2), ("cy", 60, 1), ("dan", 70, 0)]:
        submitted = boards.submit("speed", player, score, subscore)
        assert (submitted.score, submitted.changed, submitted.period) == (score, True, "all")
    again = boards.submit("speed", "ada", 80)
    assert (again.score, again.changed) == (70, False)
    assert again.time == pytest.approx(store.now(), abs=60)

    assert [entry.player for entry in boards.top("speed")] == ["cy", "bob", "ada", "dan"]
    assert [(entry.rank, entry.player) for entry in boards.top("speed", 2, skip=1)] == [(2, "bob"), (3, "ada")]
    ada = boards.rank("speed", "ada")
    assert ada is not None
    assert (ada.rank, ada.score, ada.subscore) == (3, 70, 0)
    assert boards.rank("speed", "eve") is None
    assert [entry.rank for entry in boards.around("speed", "bob", 1, 1)] == [1, 2, 3]
    assert boards.around("speed", "eve") == []
    assert (boards.count("speed"), boards.count("speed", period="2026-01-05")) == (4, 0)
    with pytest.raises(Invalid):
        boards.top("speed", -1)
    with pytest.raises(Invalid):
        boards.count("speed", period="")


def test_policies(store: Store) -> None:
    boards = store.leaderboards
    boards.create("kills", policy="increment")
    boards.create("level", policy="set", period="weekly")
    boards.submit("kills", "ada", 2)
    assert boards.submit("kills", "ada", 3).score == 5
    with pytest.raises(OutOfRange):
        boards.submit("kills", "ada", 2**63 - 1)
    with pytest.raises(OutOfRange):
        boards.submit("kills", "ada", 2**63)
    boards.submit("level", "ada", 9)
    week = boards.submit("level", "ada", 1)
    assert week.score == 1
    assert boards.count("level", period=week.period) == 1
    with pytest.raises(Invalid):
        boards.create("odd", policy="worst")  # type: ignore[arg-type]


def test_a_result_is_applied_once(store: Store) -> None:
    boards = store.leaderboards
    with pytest.raises(NotFound):
        boards.apply_result("m1", "duel", DUEL, scores={"ada": 3})
    assert boards.rating("ada", "duel").mu == 25
    boards.create("duel")
    applied = boards.apply_result("m1", "duel", DUEL, scores={"ada": 3})
    assert not applied.repeated
    assert applied.changes["ada"].before.mu == 25
    assert applied.changes["ada"].after == boards.rating("ada", "duel")
    again = boards.apply_result("m1", "duel", DUEL)
    assert again.repeated
    assert (again.result, again.changes, again.time) == (applied.result, applied.changes, applied.time)
    assert boards.count("duel") == 1
    assert boards.rating("ada", "chess", Glicko2()).mu == 1500
    with pytest.raises(Invalid):
        boards.apply_result("m2", "duel", [Placement(["ada"], 1), Placement(["ada"], 2)])


def test_a_result_in_a_transaction(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as txn:
        txn.leaderboards.apply_result("m1", "duel", DUEL)
        assert txn.leaderboards.rating("ada", "duel").mu > 25
        raise ZeroDivisionError
    assert store.leaderboards.rating("ada", "duel").mu == 25
    with store.transaction() as txn:
        txn.leaderboards.apply_result("m1", "duel", DUEL)
    assert store.leaderboards.rating("ada", "duel").mu > 25
