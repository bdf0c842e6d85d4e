"""Statistics of sessions: how often and how fast a subject got each metric right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ctypes import byref, c_double, c_uint64
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Literal, Optional

from . import _ffi as ffi
from . import _session_ffi as session_ffi
from ._args import to_seconds
from ._errors import OutOfRange, invalid
from ._owned import Owned
from ._structs import document, take_json, text

Grain = Literal["session", "day", "month"]


@dataclass(frozen=True)
class Figures:
    """The attempts at a metric. Times are of the correct ones; None without one."""

    attempts: int
    correct: int
    miss_rate: float
    """What part of the attempts was not correct, from 0 to 1."""
    total_ms: float
    average_ms: Optional[float]
    min_ms: Optional[float]
    max_ms: Optional[float]


@dataclass(frozen=True)
class Trend(Figures):
    """The figures of a day, in UTC, or of a month that was rolled up."""

    day: str
    """The first day: "2026-01-05"."""
    grain: Grain
    sessions: int
    p50_ms: Optional[float]
    """The median time, within 1/128."""
    p95_ms: Optional[float]


@dataclass(frozen=True)
class PastSession:
    """A session that counts, or the day or month that sessions were rolled up into.

    Times are seconds since 1970-01-01 UTC.
    """

    grain: Grain
    id: str
    """Empty but for a session."""
    sessions: int
    began: float
    ended: float
    metrics: dict[str, Figures]


@dataclass(frozen=True)
class Flushed:
    """What a flush did."""

    subject: str
    session: str
    metrics: int
    attempts: int
    repeated: bool
    """Whether it counted before: then nothing was changed."""


class Session(Owned):
    """A session under way: `store.sessions.begin`. It counts from its flush on; leaving `with` without an exception
    flushes it. It belongs to one thread at a time."""

    def __init__(self, store: Owned, handle: int) -> None:
        super().__init__(handle, session_ffi.free)
        self._store = store
        """Kept, so that it is not closed before."""

    def record(self, metric: str, time_ms: float, correct: bool = True, *, at: Optional[float] = None) -> None:
        """Counts an attempt at a metric: a key that was typed, or any other text of up to 128 bytes.

        time_ms: how long it took, from 0 to a day; it counts when the attempt was correct.
        at: when that was, in seconds since 1970-01-01 UTC.
        """
        ffi.call(session_ffi.record, self._handle, *text(metric), time_ms, bool(correct), _time(at))

    def journal(self) -> None:
        """Writes the samples that wait to the journal, if the session has one."""
        ffi.call(session_ffi.journal, self._handle)

    def flush(self) -> Flushed:
        """Ends the session: it counts from now on. Again, it does nothing.

        Raises `Exists` when a session with the same id counts already, with other samples.
        """
        return Flushed(**take_json(ffi.make(session_ffi.flush, self._handle)))

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            if kind is None and not self.closed:
                self.flush()
        finally:
            self.close()


class Sessions:
    """The statistics of a store: `store.sessions`. Usable from any thread.

    A subject is a player, or a profile of one: statistics are kept apart. `since` and `until` bound when sessions
    began, in seconds since 1970-01-01 UTC; of what was rolled up, when its day or month did.
    """

    def __init__(self, store: Owned, handle: int) -> None:
        self._store, self._handle = store, handle

    def begin(self, subject: str, id: str = "", *, began: Optional[float] = None, journal_every: int = 0) -> Session:
        """Begins a session.

        id: a name for it: it counts once, however often its flush is tried. A random one by default.
        began: when it did, in seconds since 1970-01-01 UTC; now by default.
        journal_every: writes every so many samples to a journal in the store, so that `recover` can make them count
            after the death of the process; 0: a session is kept in memory alone.
        """
        if not 0 <= journal_every < 2**32:
            raise invalid(f"journal_every is a number from 0 to 2**32 - 1, not {journal_every!r}")
        names = (*text(subject), *text(id))
        return Session(self._store, ffi.make(session_ffi.begin, self._handle, *names, _time(began), journal_every))

    def figures(self, subject: str, metric: str) -> Optional[Figures]:
        """The figures of a metric over all sessions; None when it was never attempted."""
        value = ffi.make(session_ffi.figures, self._handle, *text(subject), *text(metric))
        return Figures(**take_json(value)) if value else None

    def summary(
        self, subject: str, *, since: Optional[float] = None, until: Optional[float] = None
    ) -> dict[str, Figures]:
        """The figures of every metric. Over all sessions it takes as long after thousands as after one."""
        return _by_metric(self._document(session_ffi.summary, *text(subject), _time(since), _time(until)))

    def worst(
        self, subject: str, *, by: Literal["miss_rate", "time"] = "miss_rate", min_attempts: int = 10, count: int = 10
    ) -> dict[str, Figures]:
        """The metrics that are missed most, or take longest, over all sessions; the worst first."""
        weakness = {"by": by, "min_attempts": min_attempts, "count": count}
        return _by_metric(self._document(session_ffi.worst, *text(subject), *document(weakness)))

    def percentiles(
        self,
        subject: str,
        quantiles: Sequence[float],
        *,
        metric: Optional[str] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
    ) -> Optional[list[float]]:
        """The times of correct attempts at quantiles from 0 to 1, in milliseconds, each within 1/128 of itself.

        Of a metric or of all together; None without a correct attempt.
        """
        count = len(quantiles)
        times = (c_double * count)()
        asked = (c_double * count)(*quantiles)
        names = (*text(subject), *_optional(metric))
        window = (_time(since), _time(until))
        found = ffi.call(session_ffi.percentiles, self._handle, *names, *window, asked, count, times)
        return list(times) if found else None

    def trend(
        self,
        subject: str,
        metric: Optional[str] = None,
        *,
        since: Optional[float] = None,
        until: Optional[float] = None,
    ) -> list[Trend]:
        """How a metric, or all together, went from day to day; days without an attempt are left out."""
        names = (*text(subject), *_optional(metric))
        return [Trend(**day) for day in self._document(session_ffi.trend, *names, _time(since), _time(until))]

    def history(
        self,
        subject: str,
        metric: Optional[str] = None,
        *,
        since: Optional[float] = None,
        until: Optional[float] = None,
        newest_first: bool = False,
    ) -> Iterator[PastSession]:
        """The sessions that count, read lazily, a page at a time; of a metric: those that have it, and that alone."""
        past: dict[str, Any] = {
            "metric": metric,
            "from": _time(since),
            "until": _time(until) or None,
            "newest_first": newest_first,
        }
        while True:
            page = self._document(session_ffi.history, *text(subject), *document(past))
            for session in page["sessions"]:
                metrics = {name: Figures(**figures) for name, figures in session["metrics"].items()}
                times = {name: to_seconds(session[name]) for name in ("began", "ended")}
                yield PastSession(**{**session, **times, "metrics": metrics})
            if page["next"] is None:
                return
            past["after"] = page["next"]

    def subjects(self) -> list[str]:
        """Of whom something is known, in order."""
        names: list[str] = self._document(session_ffi.subjects)
        return names

    def recover(self, idle: float) -> list[Flushed]:
        """Makes the journals of dead processes count: those to which nothing was written for `idle` seconds.

        A session that lives nevertheless loses nothing: what it records later counts as another one.
        """
        return [Flushed(**flushed) for flushed in self._document(session_ffi.recover, _time(idle))]

    def roll_up(self, subject: str, *, days_until: Optional[float] = None, months_until: Optional[float] = None) -> int:
        """Makes one entry of the sessions of each day, and of each month, that had ended at a time; days are in UTC.

        Figures, percentiles and trends stay what they are; single sessions are forgotten. How many entries are gone.
        """
        gone = c_uint64()
        bounds = (_time(days_until), _time(months_until))
        ffi.call(session_ffi.roll_up, self._handle, *text(subject), *bounds, byref(gone))
        return gone.value

    def delete(self, subject: str) -> int:
        """Forgets all that is known of a subject; how many keys that were."""
        deleted = c_uint64()
        ffi.call(session_ffi.delete, self._handle, *text(subject), byref(deleted))
        return deleted.value

    def _document(self, function: Callable[..., Any], *arguments: object) -> Any:
        return take_json(ffi.make(function, self._handle, *arguments))


def _time(seconds: Optional[float]) -> int:
    """A moment or span as the library takes it; 0 for None."""
    if seconds is None:
        return 0
    if not -(2**53) < seconds < 2**53:
        raise OutOfRange(8, f"a time is a number of seconds, not {seconds!r}")
    return round(seconds * 1000)


def _optional(metric: Optional[str]) -> tuple[Optional[bytes], int]:
    return (None, 0) if metric is None else text(metric)


def _by_metric(metrics: list[dict[str, Any]]) -> dict[str, Figures]:
    return {figures.pop("metric"): Figures(**figures) for figures in metrics}
