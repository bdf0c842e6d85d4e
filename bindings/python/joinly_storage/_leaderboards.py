"""The leaderboards of a store, and the results of matches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes import byref, c_uint8, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Literal, Optional

from . import _ffi as ffi
from . import _player_ffi as player_ffi
from ._args import to_delta, to_seconds
from ._errors import invalid
from ._model import Model
from ._ratings import Rating, RatingSystem, WengLin
from ._structs import document, optional_text, take_json, text

Period = Literal["forever", "daily", "weekly", "monthly"]
Policy = Literal["best", "set", "increment"]
BoardOrder = Literal["highest", "lowest"]


@dataclass(frozen=True)
class Submitted:
    """What a player has after a submission. Times are seconds since 1970-01-01 UTC."""

    period: str
    """The name of the period it counts for: its first day, as "2026-01-05", or "all"."""
    score: int
    subscore: int
    time: float
    """When the score was reached."""
    changed: bool
    """Whether this submission changed it."""


@dataclass(frozen=True)
class Ranked:
    """A player with a place."""

    rank: int
    """From 1 on; no two players share one: of equal scores the one reached earlier is better."""
    player: str
    score: int
    subscore: int
    time: float

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Ranked:
        return cls(**{**entry, "time": to_seconds(entry["time"])})


@dataclass(frozen=True)
class Placement:
    """A team of a match and how it did: 1 is best, equal places are a draw."""

    players: list[str]
    place: int


@dataclass(frozen=True)
class RatingChange:
    """What a result did to a player."""

    before: Rating
    after: Rating


@dataclass(frozen=True)
class Applied:
    """What became of a result."""

    result: dict[str, Any]
    """The result that counts: of two for one match the first."""
    changes: dict[str, RatingChange]
    """What it did, by player."""
    time: float
    """When it was applied."""
    repeated: bool
    """Whether it had been applied before: then nothing was changed."""


class Leaderboards(Model):
    """The leaderboards of a store, or of a transaction: `store.leaderboards`, `txn.leaderboards`.

    Places are those of the committed scores, within a transaction too. `period` is the name of a period; None: the
    present one. Usable from any thread.
    """

    def create(
        self, board: str, *, period: Period = "forever", policy: Policy = "best", order: BoardOrder = "highest"
    ) -> None:
        """Makes a board. Making the same again does nothing; with other rules it raises `Exists`.

        period: how long scores count together, in UTC, weeks from Monday on.
        policy: what a new score does: "best" replaces a worse one, "set" replaces it, "increment" is added.
        order: which scores are better.
        """
        rules = {"period": period, "policy": policy, "order": order}
        self._call(player_ffi.board_create, *text(board), *document(rules))

    def submit(self, board: str, player: str, score: int, subscore: int = 0) -> Submitted:
        """Submits a player's score; `subscore` decides between equal ones."""
        submitted = self._document(
            player_ffi.board_submit, *text(board), *text(player), to_delta(score), to_delta(subscore)
        )
        return Submitted(**{**submitted, "time": to_seconds(submitted["time"])})

    def rank(self, board: str, player: str, *, period: Optional[str] = None) -> Optional[Ranked]:
        """A player's place; None without a score. Raises `NotFound` without the board."""
        value = self._make(player_ffi.board_rank, *text(board), *optional_text(period), *text(player))
        return Ranked.of(take_json(value)) if value else None

    def top(self, board: str, count: int = 10, *, skip: int = 0, period: Optional[str] = None) -> list[Ranked]:
        """The best `count` players, at most 10,000, after the first `skip`."""
        numbers = (_count(skip), _count(count))
        return self._ranking(player_ffi.board_top, *text(board), *optional_text(period), *numbers)

    def around(
        self, board: str, player: str, before: int = 5, after: int = 5, *, period: Optional[str] = None
    ) -> list[Ranked]:
        """A player between the `before` next better and the `after` next worse; nobody without a score."""
        numbers = (_count(before), _count(after))
        return self._ranking(player_ffi.board_around, *text(board), *optional_text(period), *text(player), *numbers)

    def count(self, board: str, *, period: Optional[str] = None) -> int:
        """How many players have a score."""
        out = c_uint64()
        ffi.call(player_ffi.board_count, self._scope[0], *text(board), *optional_text(period), byref(out))
        return out.value

    def rating(self, player: str, ladder: str, system: Optional[RatingSystem] = None) -> Rating:
        """A player's rating on a ladder; that of a new player where there is none. Weng-Lin by default."""
        out = player_ffi.Rating()
        self._call(player_ffi.rating_get, *_system(system), *text(player), *text(ladder), byref(out))
        return Rating.of(out)

    def apply_result(
        self,
        match: str,
        ladder: str,
        teams: Iterable[Placement],
        *,
        scores: Optional[Mapping[str, int]] = None,
        system: Optional[RatingSystem] = None,
    ) -> Applied:
        """Applies the result of a match, once: the ratings on the ladder and the scores together.

        match: any id, also of a match that no queue made.
        scores: what players submit to the board of the same name as the ladder.
        system: how ratings change; Weng-Lin by default.
        """
        result = {
            "id": match,
            "ladder": ladder,
            "system": (system or WengLin()).to_json(),
            "teams": [{"players": list(team.players), "place": team.place} for team in teams],
            "scores": dict(scores or {}),
        }
        applied, repeated = c_void_p(), c_uint8()
        self._call(player_ffi.apply_result, *document(result), byref(applied), byref(repeated))
        answer = take_json(applied.value or 0)
        changes = {player: _change(change) for player, change in answer["changes"].items()}
        return Applied(answer["result"], changes, to_seconds(answer["time"]), bool(repeated.value))

    def _make(self, function: Any, *arguments: object) -> int:
        """Places know no transaction."""
        return ffi.make(function, self._scope[0], *arguments)

    def _ranking(self, function: Any, *arguments: object) -> list[Ranked]:
        return [Ranked.of(entry) for entry in take_json(self._make(function, *arguments))]


def _count(count: int) -> int:
    if not 0 <= count < 2**63:
        raise invalid(f"a count is a number from 0 on, not {count!r}")
    return count


def _system(system: Optional[RatingSystem]) -> tuple[bytes, int]:
    return document((system or WengLin()).to_json())


def _change(change: dict[str, dict[str, float]]) -> RatingChange:
    return RatingChange(Rating(**change["before"]), Rating(**change["after"]))
