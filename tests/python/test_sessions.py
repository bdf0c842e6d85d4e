from __future__ import annotations

import math
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Closed, Exists, Figures, Invalid, OutOfRange, Store, TooLarge
from joinly_storage.stats import CharSessionStats, CharStat, StatsDb
from support import run_python

DAY = 86400


def test_figures_are_those_of_the_samples(memory: Store) -> None:
    sessions = memory.sessions
    with sessions.begin("ada", "s", began=1) as session:
        session.record("a", 100)
        session.record("a", 50.5, at=3)
        session.record("a", 7, False)
        session.record("th", 80, False)
    a = Figures(3, 2, 1 / 3, 150.5, 75.25, 50.5, 100)
    th = Figures(1, 0, 1, 0, None, None, None)
    assert sessions.figures("ada", "a") == a
    assert sessions.figures("ada", "b") is None
    assert sessions.summary("ada") == {"a": a, "th": th}
    assert sessions.summary("ada", since=2) == sessions.summary("ada", until=1) == {}
    assert list(sessions.worst("ada", min_attempts=1)) == ["th", "a"]
    assert list(sessions.worst("ada", by="time", min_attempts=1, count=5)) == ["a"]
    assert sessions.percentiles("ada", [0, 1]) == [50.5, 100]
    assert sessions.percentiles("ada", [0.5], metric="th") is None
    [day] = sessions.trend("ada", "a")
    assert (day.day, day.grain, day.attempts, day.sessions) == ("1970-01-01", "day", 3, 1)
    assert day.p95_ms == pytest.approx(100, rel=1 / 128)
    [past] = sessions.history("ada")
    assert (past.id, past.grain, past.began, past.ended) == ("s", "session", 1, 3)
    assert past.metrics == {"a": a, "th": th}
    assert sessions.subjects() == ["ada"]
    assert list(memory.sql("SELECT attempts, total_ms FROM stat_totals WHERE metric = 'a'")) == [(3, 150.5)]
    assert sessions.delete("ada") == 4
    assert sessions.subjects() == []


def test_a_session_counts_once(memory: Store) -> None:
    session = memory.sessions.begin("ada", "s")
    session.record("a", 1)
    assert not session.flush().repeated
    assert session.flush().repeated
    with pytest.raises(Closed):
        session.record("a", 1)
    again = memory.sessions.begin("ada", "s")
    again.record("a", 1)
    assert again.flush().repeated
    other = memory.sessions.begin("ada", "s")
    other.record("a", 2)
    with pytest.raises(Exists):
        other.flush()
    with pytest.raises(ZeroDivisionError), memory.sessions.begin("ada") as failed:
        failed.record("a", 1)
        raise ZeroDivisionError
    figures = memory.sessions.figures("ada", "a")
    assert figures is not None
    assert figures.attempts == 1


def test_what_cannot_be_is_refused(memory: Store) -> None:
    session = memory.sessions.begin("ada")
    for time in (-1, math.nan, math.inf, 86_400_001):
        with pytest.raises(OutOfRange):
            session.record("a", time)
    with pytest.raises(OutOfRange):
        session.record("a", 1, at=-1)
    with pytest.raises(TooLarge):
        session.record("x" * 129, 1)
    with pytest.raises(Invalid):
        memory.sessions.begin("a:b")
    with pytest.raises(Invalid):
        memory.sessions.begin("ada", journal_every=-1)
    with pytest.raises(Invalid):
        memory.sessions.percentiles("ada", [2])
    with pytest.raises(OutOfRange):
        memory.sessions.summary("ada", since=math.nan)


def test_history_is_paged_and_rolled_up(memory: Store) -> None:
    sessions = memory.sessions
    for n in range(1, 600):
        with sessions.begin("ada", began=n * DAY / 100) as session:
            session.record("a", n)
    before = [it.began for it in sessions.history("ada", newest_first=True)]
    assert before == [n * DAY / 100 for n in reversed(range(1, 600))]
    summary = sessions.summary("ada")
    medians = [day.p50_ms for day in sessions.trend("ada")]
    assert sessions.roll_up("ada", days_until=4 * DAY) == 4 * 99 - 1
    assert [it.grain for it in sessions.history("ada")] == ["day"] * 4 + ["session"] * 200
    assert sessions.summary("ada") == summary == sessions.summary("ada", since=0, until=6 * DAY)
    assert [day.p50_ms for day in sessions.trend("ada")] == medians


def test_a_journal_survives_its_process(path: Path) -> None:
    run_python(
        """
import os, sys
import joinly_storage

store = joinly_storage.open(sys.argv[1])
session = store.sessions.begin("ada", "s", journal_every=4)
for n in range(10):
    session.record("a", n)
os._exit(0)
""",
        path,
    )
    with joinly_storage.open(path) as store:
        assert store.sessions.recover(3600) == []
        [flushed] = store.sessions.recover(0)
        assert (flushed.subject, flushed.session, flushed.attempts) == ("ada", "s", 8)
        figures = store.sessions.figures("ada", "a")
        assert figures is not None
        assert (figures.attempts, figures.total_ms) == (8, sum(range(8)))


def test_the_names_of_typing_tutors(store: Store) -> None:
    db = StatsDb(store, "ada")
    assert db.flush() is None
    first = [CharStat("a", 100, timestamp=5), CharStat("a", 140), CharStat("a", 1, False), CharStat("é", 80, False)]
    db.record_char_stats_batch(first)
    db.record_char_stat(CharStat("a", 60, timestamp=9))
    assert db.get_avg_time_to_press("a") == 120
    flushed = db.flush()
    assert flushed is not None
    assert flushed.attempts == 1
    assert db.get_avg_time_to_press("a") == 100
    assert db.get_avg_time_to_press("é") is None
    assert (db.get_miss_rate("a"), db.get_miss_rate("z")) == (0.25, 0)
    assert db.get_all_char_summary() == [("a", 100, 0.25, 4), ("é", 0, 1, 1)]
    assert db.get_char_session_stats("a") == [
        CharSessionStats("a", 3, 2, 240, 100, 140, 5),
        CharSessionStats("a", 1, 1, 60, 60, 60, 9),
    ]
