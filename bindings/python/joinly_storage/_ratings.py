"""Ratings: what is believed of players' strength, and how results change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ctypes import byref, c_double, pointer
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Optional

from . import _ffi as ffi
from . import _player_ffi as player_ffi
from ._errors import invalid
from ._structs import document

Score = Literal["win", "draw", "loss"]
"""How a game ended for the player."""

_SCORES = {"win": 1, "draw": 2, "loss": 3}


@dataclass(frozen=True)
class Rating:
    """A strength and how uncertain it is, on the scale of its system."""

    mu: float
    """The estimate."""
    sigma: float
    """Its standard deviation."""
    volatility: float = 0.0
    """Glicko-2 only: how erratic the player's results are."""

    @property
    def conservative(self) -> float:
        """What the player is worth almost surely: three deviations below the estimate."""
        return self.mu - 3 * self.sigma

    @classmethod
    def of(cls, native: player_ffi.Rating) -> Rating:
        return cls(native.mu, native.sigma, native.volatility)


@dataclass(frozen=True)
class RatingSystem:
    """How results change ratings: `WengLin()` or `Glicko2()`. Pure: needs no store. Usable from any thread."""

    _name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The system as documents hold it."""
        return {"system": self._name, **{name: it for name, it in vars(self).items() if it is not None}}

    def initial(self) -> Rating:
        """The rating of a player of whom nothing is known."""
        out = player_ffi.Rating()
        ffi.call(player_ffi.rating_initial, *document(self.to_json()), byref(out))
        return Rating.of(out)

    def rate(self, teams: Iterable[Sequence[Rating]], places: Optional[Iterable[int]] = None) -> list[list[Rating]]:
        """The ratings after a match, in the order of the teams and of the players in them.

        `places` tells how each team did, 1 being best and equal places a draw; None: the teams are given from the
        best to the worst.
        """
        given = list(teams)
        native = _teams(given, range(1, len(given) + 1) if places is None else places)
        after = (player_ffi.Rating * sum(map(len, given)))()
        ffi.call(player_ffi.rating_rate, *document(self.to_json()), native, len(native), after, len(after))
        rated = iter(after)
        return [[Rating.of(next(rated)) for _player in team] for team in given]

    def rate_period(self, player: Rating, games: Iterable[tuple[Rating, Score]]) -> Rating:
        """A player's rating after a period of games: opponents as they were before it, and how each game ended.

        Glicko-2 counts them all at once, as it is meant to, and without games its deviation grows; Weng-Lin counts
        them one after the other.
        """
        native = [
            player_ffi.Game(score=_score(score), opponent=pointer(_native(opponent))) for opponent, score in games
        ]
        array, out = (player_ffi.Game * len(native))(*native), player_ffi.Rating()
        system = document(self.to_json())
        ffi.call(player_ffi.rate_period, *system, byref(_native(player)), array, len(array), byref(out))
        return Rating.of(out)

    def win_probabilities(self, teams: Iterable[Sequence[Rating]]) -> list[float]:
        """How probably each team wins."""
        given = list(teams)
        native, chances = _teams(given, [0] * len(given)), (c_double * len(given))()
        ffi.call(player_ffi.win_probabilities, *document(self.to_json()), native, len(native), chances)
        return list(chances)


@dataclass(frozen=True)
class WengLin(RatingSystem):
    """The Bayesian approximation of Weng and Lin, as in OpenSkill: any number of teams of any size."""

    _name = "weng_lin"

    beta: Optional[float] = None
    """The difference of strength that wins two games in three; 25/6 by default."""


@dataclass(frozen=True)
class Glicko2(RatingSystem):
    """Glickman's Glicko-2: one player against one."""

    _name = "glicko2"

    tau: Optional[float] = None
    """How much volatility may change, 0.3 to 1.2; 0.5 by default."""


def _native(rating: Rating) -> player_ffi.Rating:
    return player_ffi.Rating(rating.mu, rating.sigma, rating.volatility)


def _score(score: Score) -> int:
    if score not in _SCORES:
        raise invalid(f"a score is one of {', '.join(_SCORES)}, not {score!r}")
    return _SCORES[score]


def _teams(teams: list[Sequence[Rating]], places: Iterable[int]) -> Any:
    numbers = list(places)
    if len(numbers) != len(teams):
        raise ValueError(f"{len(teams)} teams have {len(numbers)} places")
    return (player_ffi.Team * len(teams))(*map(_team, teams, numbers))


def _team(ratings: Sequence[Rating], place: int) -> player_ffi.Team:
    if not 0 <= place < 2**32:
        raise ValueError(f"a place is a number from 1 on, not {place!r}")
    native = [_native(rating) for rating in ratings]
    return player_ffi.Team(place=place, ratings=(player_ffi.Rating * len(native))(*native), count=len(native))
