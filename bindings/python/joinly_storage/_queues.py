"""Matchmaking: parties wait in queues until they are matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes import byref, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Callable, Literal, Optional, Union

from . import _ffi as ffi
from . import _queue_ffi as queue_ffi
from ._args import to_seconds, to_ttl
from ._lobby import Lobby, Scope
from ._structs import document, take_json, text

TicketState = Literal["QUEUED", "MATCHED", "ACCEPTED", "CANCELLED", "EXPIRED"]
MatchState = Literal["PENDING", "CONFIRMED", "DISSOLVED"]
Scalar = Union[bool, int, float, str]
Document = dict[str, Any]


@dataclass(frozen=True)
class Seeker:
    """A player of a party, with the rating and its deviation."""

    player: str
    mu: float = 25.0
    sigma: float = 25.0 / 3
    role: Optional[str] = None
    """The role wanted, one of the queue's; None: any."""

    @classmethod
    def of(cls, seeker: Document) -> Seeker:
        """From the library's JSON."""
        return cls(seeker["player"], seeker["mu"], seeker["sigma"], seeker.get("role"))


@dataclass(frozen=True)
class Ticket:
    """A party in a queue. Times are seconds since 1970-01-01 UTC."""

    id: int
    party: list[Seeker]
    created: float
    """Since when it waits; also after a match that came to nothing."""
    deadline: Optional[float]
    state: TicketState
    match: Optional[str]
    """The id of its match, once it was matched."""
    document: Document
    """The whole document, as it is stored at `queue:{queue}:ticket:{id}`."""

    @classmethod
    def of(cls, ticket: Document) -> Ticket:
        """From the library's JSON."""
        return cls(
            ticket["id"],
            [Seeker.of(seeker) for seeker in ticket["party"]],
            to_seconds(ticket["created"]),
            to_seconds(ticket["deadline"]) if ticket["deadline"] else None,
            ticket["state"],
            ticket.get("match"),
            ticket,
        )


@dataclass(frozen=True)
class Quality:
    """How good a match is."""

    gap: float
    """Between the means of the best and the weakest team, in points of rating."""
    spread: float
    """The largest standard deviation within a team."""
    advantage: float
    """How far the best team's probability of winning is from that of even teams."""
    party_mismatch: int
    """Between the largest party of one team and that of another, in players."""


@dataclass(frozen=True)
class Match:
    """A match. Times are seconds since 1970-01-01 UTC."""

    id: str
    queue: str
    state: MatchState
    teams: list[list[Seeker]]
    waited: list[list[float]]
    """How long the ticket of each of these players had waited, in seconds."""
    lobby: Optional[int]
    """The number of its lobby, in which everyone has a reservation."""
    region: Optional[str]
    quality: Quality
    created: float
    accept_by: Optional[float]
    """Until when players may say that they are ready; None: they are not asked."""
    document: Document
    """The whole document, as it is stored at `match:{id}`."""

    @property
    def players(self) -> list[str]:
        """Everyone in it."""
        return [seeker.player for team in self.teams for seeker in team]

    @classmethod
    def of(cls, match: Document) -> Match:
        """From the library's JSON."""
        teams = match["teams"]
        return cls(
            match["id"],
            match["queue"],
            match["state"],
            [[Seeker.of(seeker) for ticket in team for seeker in ticket["party"]] for team in teams],
            [[to_seconds(ticket["waited_ms"]) for ticket in team for _ in ticket["party"]] for team in teams],
            match.get("lobby"),
            match.get("region"),
            Quality(**match["quality"]),
            to_seconds(match["created"]),
            to_seconds(match["accept_by"]) if match["accept_by"] else None,
            match,
        )


@dataclass(frozen=True)
class Tick:
    """What a tick did."""

    held_by: Optional[str]
    """Who holds the lease, when it is someone else: then nothing was done."""
    matches: list[Match]
    expired: list[int]
    """Tickets whose time was over."""
    stale: int
    """Matches decided on and not made, because something they rested on had changed."""


@dataclass(frozen=True)
class Decile:
    """A tenth of the tickets, by rating. Waits are in seconds."""

    lowest: float
    highest: float
    tickets: int
    match_rate: float
    """What part of them was matched."""
    wait_p50: float
    wait_p95: float
    wait_max: float


@dataclass(frozen=True)
class Report:
    """Waits and quality."""

    deciles: list[Decile]
    """From the lowest ratings to the highest; fewer than ten where there are fewer tickets."""
    matches: int
    mean: Quality
    worst: Quality


class Queue:
    """A queue, by its name. Making one costs nothing and reads nothing."""

    def __init__(self, scope: Scope, name: str) -> None:
        self._scope = scope
        self.name = name
        self._text = text(name)

    def configure(self, rules: Optional[Document] = None, *, lobby: Optional[Document] = None, seed: int = 0) -> None:
        """Makes the queue, or gives it new rules; tickets that wait are matched by those.

        rules: any of teams (2), team_size (1), roles ({"tank": 1, ...}), window ({"start", "growth", "cap",
            "late_after", "late_growth", "sigma_weight"}, in points of rating and seconds), policy ("mutual" or
            "older"), pairing ("optimal": pairs are chosen for up to 200 players together, as many as there can be, the
            oldest tickets first to be in one, then the nearest; "greedy": the oldest ticket chooses the nearest first),
            age_bonus, max_latency_ms, accept_ms (0: players are not asked) and rating.
        lobby: what the lobby of each match is created with, as in the header: {"kind": "ranked"}; None: matches are
            played elsewhere.
        seed: decides what the rules leave open.
        """
        queue: Document = {"rules": rules or {}, "seed": seed}
        if lobby is not None:
            queue["lobby"] = lobby
        self._call(queue_ffi.configure, *document(queue))

    def document(self) -> Document:
        """Its rules, lobby and seed, complete."""
        found: Document = self._document(queue_ffi.get)
        return found

    def enqueue(
        self,
        *party: Union[str, Seeker],
        timeout: Optional[float] = None,
        keys: Optional[Mapping[str, str]] = None,
        attributes: Optional[Mapping[str, Scalar]] = None,
        filters: Iterable[tuple[str, Document]] = (),
        latencies: Optional[Mapping[str, int]] = None,
        blocked: Iterable[str] = (),
    ) -> Ticket:
        """A party waits; it is never split. Raises `Exists` for who waits in the queue already.

        timeout: how long it waits at most, in seconds; None: for ever.
        keys: what must be equal in all tickets of a match, as a whole.
        attributes: what the filters of other tickets look at.
        filters: what every other ticket must have, such as ("language", {"one_of": ["de", "en"]}): tests are equal,
            not_equal, at_least, at_most and one_of.
        latencies: to each region, in milliseconds; None: any region will do.
        blocked: players whom this party never meets.
        """
        seekers = [Seeker(seeker) if isinstance(seeker, str) else seeker for seeker in party]
        tests = [{"key": key, "test": test} for key, test in filters]
        ticket = queue_ffi.Ticket(
            party=(queue_ffi.Seeker * len(seekers))(*[_seeker(seeker) for seeker in seekers]),
            party_count=len(seekers),
        )
        if timeout is not None:
            now = c_uint64()
            ffi.call(ffi.store_now, self._scope.store, byref(now))
            ticket.deadline = now.value + to_ttl(timeout)
        ticket.documents(
            keys=dict(keys) if keys else None,
            attributes=dict(attributes) if attributes else None,
            filters=tests or None,
            latencies=dict(latencies) if latencies else None,
            blocked=list(blocked) or None,
        )
        return Ticket.of(self._document(queue_ffi.enqueue, byref(ticket), byref(c_uint64())))

    def ticket(self, number: int) -> Ticket:
        """A ticket; for ten minutes also after its state became final."""
        return Ticket.of(self._document(queue_ffi.ticket, number))

    def cancel(self, number: int) -> None:
        """Withdraws a ticket. Raises `AlreadyMatched` when it is in a match."""
        self._call(queue_ffi.cancel, number)

    def backfill(self, lobby: Union[int, Lobby], teams: list[list[Seeker]], **document_: Any) -> Document:
        """Asks for players for a match under way in a lobby; `teams` are those who play.

        Also keys, attributes, filters, region, blocked and deadline, as in the header.
        """
        number = lobby.id if isinstance(lobby, Lobby) else lobby
        seats = [[{k: v for k, v in vars(seeker).items() if v is not None} for seeker in team] for team in teams]
        asked = document({"lobby": number, "teams": seats, **document_})
        answer: Document = self._document(queue_ffi.backfill, *asked)
        return answer

    def backfilled(self, lobby: Union[int, Lobby]) -> Document:
        """Who plays in a lobby that wants players."""
        number = lobby.id if isinstance(lobby, Lobby) else lobby
        answer: Document = self._document(queue_ffi.backfill_get, number)
        return answer

    def stop_backfill(self, lobby: Union[int, Lobby]) -> bool:
        """Asks for no more players; whether it did."""
        return self._call(queue_ffi.backfill_stop, lobby.id if isinstance(lobby, Lobby) else lobby)

    def tick(self, holder: str, lease: float = 10.0) -> Tick:
        """Makes what matches can be made now. The lease keeps others from doing the same work meanwhile."""
        value = ffi.make(queue_ffi.tick, self._scope.store, *self._text, *text(holder), to_ttl(lease))
        tick = take_json(value)
        return Tick(tick.get("held_by"), [Match.of(match) for match in tick["matches"]], tick["expired"], tick["stale"])

    def report(self, most: int = 10_000) -> Report:
        """Waits and quality of at most so many kept matches, and of the tickets that wait."""
        report = take_json(ffi.make(queue_ffi.report, self._scope.store, *self._text, most))
        deciles = [
            Decile(
                it["from"],
                it["to"],
                it["tickets"],
                it["match_rate"],
                to_seconds(it["wait_p50_ms"]),
                to_seconds(it["wait_p95_ms"]),
                to_seconds(it["wait_max_ms"]),
            )
            for it in report["deciles"]
        ]
        return Report(deciles, report["matches"], Quality(**report["mean"]), Quality(**report["worst"]))

    def _call(self, function: Callable[..., Any], *arguments: object) -> bool:
        return ffi.call(function, self._scope.store, byref(self._scope.caller()), *self._text, *arguments)

    def _document(self, function: Callable[..., Any], *arguments: object) -> Any:
        out = c_void_p()
        self._call(function, *arguments, byref(out))
        return take_json(out.value or 0)

    def __repr__(self) -> str:
        return f"<joinly_storage.Queue {self.name!r}>"


class Queues:
    """The queues of a store, or of a transaction: `store.queues`, `txn.queues`; and the matches they made."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Queue:
        """A queue, by its name; nothing is read."""
        return Queue(self._scope, name)

    def match(self, match: str) -> Match:
        """A match, by its id."""
        return Match.of(self._match(queue_ffi.match, *text(match)))

    def accept(self, match: str, player: str) -> Match:
        """A player is ready; when all have said so the match is on. Raises `Expired` when it is too late."""
        return Match.of(self._match(queue_ffi.accept, *text(match), *text(player)))

    def decline(self, match: str, player: str) -> None:
        """A player is not ready: the match is dissolved, and the others wait on with their age."""
        caller = self._scope.caller()
        ffi.call(queue_ffi.decline, self._scope.store, byref(caller), *text(match), *text(player))

    def _match(self, function: Callable[..., Any], *arguments: object) -> Any:
        return take_json(ffi.make(function, self._scope.store, byref(self._scope.caller()), *arguments))


def _seeker(seeker: Seeker) -> queue_ffi.Seeker:
    native = queue_ffi.Seeker(mu=seeker.mu, sigma=seeker.sigma)
    native.texts(player=seeker.player, role=seeker.role)
    return native
