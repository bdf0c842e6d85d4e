"""A typist's statistics, by the names of typing tutors: metrics are single characters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from ._sessions import Figures, Flushed, Session
from ._store import Store


@dataclass(frozen=True)
class CharStat:
    """One character that was typed."""

    character: str
    time_to_press_ms: float
    was_correct: bool = True
    timestamp: Optional[float] = None
    """When, in seconds since 1970-01-01 UTC."""


@dataclass(frozen=True)
class CharSessionStats:
    """What became of a character in a session. Times are of the correct attempts; 0 without one."""

    character: str
    total_attempts: int
    correct_attempts: int
    total_time_ms: float
    min_time_ms: float
    max_time_ms: float
    session_date: float
    """When the session began, in seconds since 1970-01-01 UTC."""


class StatsDb:
    """The statistics of one typist in a store: a session at a time is recorded, and all that were flushed are asked.

    It belongs to one thread at a time.
    """

    def __init__(self, store: Store, subject: str = "default", *, journal_every: int = 0) -> None:
        self._sessions = store.sessions
        self._subject = subject
        self._journal_every = journal_every
        self._session: Optional[Session] = None

    def record_char_stat(self, stat: CharStat) -> None:
        """Counts a character in the present session, or in a new one."""
        if self._session is None:
            self._session = self._sessions.begin(self._subject, began=stat.timestamp, journal_every=self._journal_every)
        self._session.record(stat.character, stat.time_to_press_ms, stat.was_correct, at=stat.timestamp)

    def record_char_stats_batch(self, stats: Iterable[CharStat]) -> None:
        """Counts characters, and ends the session with them."""
        for stat in stats:
            self.record_char_stat(stat)
        self.flush()

    def flush(self) -> Optional[Flushed]:
        """Ends the present session, if there is one, in one commit."""
        if self._session is None:
            return None
        flushed = self._session.flush()
        self._session.close()
        self._session = None
        return flushed

    def get_avg_time_to_press(self, character: str) -> Optional[float]:
        """The average time of the correct attempts, in milliseconds; None without one."""
        figures = self._figures(character)
        return figures.average_ms if figures else None

    def get_miss_rate(self, character: str) -> float:
        """What part of the attempts was not correct, from 0 to 1; 0 without an attempt."""
        figures = self._figures(character)
        return figures.miss_rate if figures else 0.0

    def get_all_char_summary(self) -> list[tuple[str, float, float, int]]:
        """Of every character its average time (0 without a correct attempt), its miss rate and its attempts."""
        summary = self._sessions.summary(self._subject)
        return [(char, it.average_ms or 0.0, it.miss_rate, it.attempts) for char, it in summary.items()]

    def get_char_session_stats(self, character: str) -> list[CharSessionStats]:
        """What became of a character in each session that had it, the oldest first."""
        return [
            CharSessionStats(
                character, it.attempts, it.correct, it.total_ms, it.min_ms or 0.0, it.max_ms or 0.0, session.began
            )
            for session in self._sessions.history(self._subject, character)
            for it in session.metrics.values()
        ]

    def _figures(self, character: str) -> Optional[Figures]:
        return self._sessions.figures(self._subject, character)
