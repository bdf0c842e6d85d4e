"""What lobbies look like: the documents of the library as dataclasses. Times are seconds since 1970-01-01 UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Optional, TypedDict, Union

from ._args import to_seconds

State = Literal["open", "locked", "starting", "in_game", "closed"]
Visibility = Literal["public", "friends", "private"]
Migration = Literal["oldest", "manual", "never", "close"]
Viewer = Literal["public", "member", "owner"]
Attributes = dict[str, Any]
"""None, bool, int, float, str and lists of str, by name."""

Condition = tuple[Any, ...]
"""A key, an operator and, unless that is "exists", an operand: ("rating", ">=", 1500)."""
Order = Union[str, tuple[str, float]]
"""A key, least first; "-key", greatest first; or a key and the number to be near to: ("rating", 1500)."""


class Owner(NamedTuple):
    """In whose name an owner's act is done: a player, and the epoch in which the lobby became theirs."""

    player: str
    epoch: int


@dataclass(frozen=True)
class Join:
    """A player who joins."""

    player: str
    password: Optional[str] = None
    code: Optional[str] = None
    """The lobby's code, as people write it."""
    build: Optional[str] = None
    team: Optional[int] = None
    """The wanted team, from 0; None: the one with the most free seats."""
    role: Optional[str] = None
    friend: bool = False
    """Whether the game vouches that the player is a friend of the members."""
    attributes: Optional[Attributes] = None


class LobbyOptions(TypedDict, total=False):
    """What a lobby is created with."""

    kind: str
    """What sort of lobby, a word of the game's: letters, digits, "_", "-" and "."."""
    name: str
    """Its name, for people."""
    max_members: int
    """How many seats it has, up to 1000; 8 by default."""
    teams: Iterable[int]
    """The sizes of its teams, which add up to `max_members`."""
    owner: Optional[Union[str, Join]]
    """The first member and owner; None: the program itself hosts it."""
    visibility: Visibility
    """Who finds it."""
    password: Optional[str]
    """What joining needs; its salted hash is stored."""
    build: Optional[str]
    """The build that joining players need."""
    migration: Migration
    """What becomes of the ownership when the owner goes."""
    exclusive: bool
    """Whether its members can be in no other exclusive lobby of the kind; true by default."""
    backfill: bool
    """Whether players may join while it is in game."""
    keep_empty: bool
    """Whether it stays when the last one leaves."""
    member_lease: Optional[float]
    """How long a member is believed after a heartbeat, in seconds; 30 by default."""
    reservation_lease: Optional[float]
    """How long a reservation is kept; 15 by default."""
    stale_after: Optional[float]
    """How long the lobby is believed after a heartbeat of its owner or host; 30 by default."""
    close_after: Optional[float]
    """How long a stale lobby stays; 3600 by default."""
    chat_burst: int
    """How many things a member may say at once, counted anew for who has left and joined again; 0, the default: as many
    as they like."""
    chat_every: Optional[float]
    """How long it is then until one more, in seconds."""
    keep_events: int
    """At least so many of its last events are kept; 1000 by default."""
    attributes: Optional[Attributes]
    """For everybody."""
    member_attributes: Optional[Attributes]
    """For members."""
    owner_attributes: Optional[Attributes]
    """For the owner."""


class LobbyQuery(TypedDict, total=False):
    """Which lobbies to find."""

    kind: Optional[str]
    """Only those of a kind."""
    where: Iterable[Union[Condition, list[Condition]]]
    """Conditions that must all hold, such as ("rating", ">=", 1500); in place of one, a list of which one must.

    A key is the name of a public attribute, or a path into the document such as "$.name"; operators are = != < <= > >=
    in not-in exists contains prefix.
    """
    order: Iterable[Order]
    """What comes first: keys, least first; "-key", greatest first; ("rating", 1500): the nearest first."""
    limit: Optional[int]
    """The most lobbies; None: all."""
    budget: int
    """The most documents to read for a page where no index serves; 0: 10000."""
    include_full: bool
    """Also those that nobody can join now: full, locked, starting or in game."""


@dataclass(frozen=True)
class SeatRequest:
    """A seat to keep for a player."""

    player: str
    team: Optional[int] = None
    role: Optional[str] = None
    seconds: Optional[float] = None
    """For how long; None: as the lobby has it."""


@dataclass(frozen=True)
class Seat:
    """A seat: taken by a member or kept for a player."""

    player: str
    number: int
    team: int
    role: str
    deadline: float
    """Until when it is believed."""
    is_member: bool
    """Whether the player sits there; otherwise it is reserved."""
    joined: int
    """The number of the event by which the player joined; 0 for a reservation."""
    ready: int
    """The last ready check in which the player was ready; 0: none."""
    attributes: Attributes
    spoken: Optional[float]
    """Until when what the player said counts against how much members may say; None: it does not."""

    @classmethod
    def of(cls, seat: dict[str, Any]) -> Seat:
        """From the library's JSON."""
        member = seat.get("member") or {}
        return cls(
            player=seat["player"],
            number=seat["number"],
            team=seat["team"],
            role=seat["role"],
            deadline=to_seconds(seat["deadline"]),
            is_member=bool(member),
            joined=member.get("joined", 0),
            ready=member.get("ready", 0),
            attributes=member.get("attributes", {}),
            spoken=to_seconds(member["spoken"]) if "spoken" in member else None,
        )


@dataclass(frozen=True)
class LobbyInfo:
    """What everybody may know of a lobby."""

    id: int
    version: int
    """The number of its last event."""
    kind: str
    name: str
    state: State
    visibility: Visibility
    owner: Optional[str]
    epoch: int
    """That of the owner."""
    members: int
    reserved: int
    max_members: int
    code: str
    build: str
    protected: bool
    """Whether joining needs a password."""
    created: float
    attributes: Attributes
    document: dict[str, Any] = field(repr=False)
    """The whole document, as it is stored at `lobby:{id}`."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> LobbyInfo:
        """From the library's JSON. A document that a plain put wrote may lack what it likes."""
        get = document.get
        return cls(
            id=get("id", 0),
            version=get("version", 0),
            kind=get("kind", ""),
            name=get("name", ""),
            state=get("state", "open"),
            visibility=get("visibility", "public"),
            owner=get("owner"),
            epoch=get("epoch", 0),
            members=get("members", 0),
            reserved=get("reserved", 0),
            max_members=get("max_members", 0),
            code=get("code", ""),
            build=get("build", ""),
            protected=get("protected", False),
            created=to_seconds(get("created", 0)),
            attributes=get("attributes", {}),
            document=document,
        )


class Invitation(NamedTuple):
    """That a player may join a lobby, once, without a code or a password."""

    lobby: int
    by: Optional[str]
    """The member who invited; None: the program itself."""
    until: float


@dataclass(frozen=True)
class Snapshot:
    """What a viewer may know of a lobby."""

    lobby: LobbyInfo
    seats: list[Seat]
    """By number; for members only."""
    member_attributes: Attributes
    owner_attributes: Attributes
    bans: dict[str, Optional[float]]
    """Until when players may not join, those whose ban has passed among them; None: for ever. For the owner only."""
    invites: dict[str, Invitation]
    """Who is invited; for members only."""

    @property
    def version(self) -> int:
        """The number of the last event that is in it: go on after it."""
        return self.lobby.version

    @property
    def players(self) -> list[str]:
        """The members, by seat."""
        return [seat.player for seat in self.seats if seat.is_member]

    @classmethod
    def of(cls, snapshot: dict[str, Any]) -> Snapshot:
        """From the library's JSON."""
        return cls(
            LobbyInfo.of(snapshot["lobby"]),
            [Seat.of(seat) for seat in snapshot["seats"]],
            snapshot["member_attributes"],
            snapshot["owner_attributes"],
            {player: to_seconds(ban["until"]) if ban["until"] else None for player, ban in snapshot["bans"].items()},
            {
                player: Invitation(snapshot["lobby"]["id"], invite["by"], to_seconds(invite["until"]))
                for player, invite in snapshot["invites"].items()
            },
        )


class Event(NamedTuple):
    """Something that happened in a lobby."""

    lobby: int
    version: int
    """Its number in the lobby: from 1, without a gap."""
    time: float
    actor: Optional[str]
    """The player who made it; None: the host, or time."""
    kind: str
    """"created", "joined", "reserved", "left", "banned", "unbanned", "owner", "moved", "ready", "patched",
    "member_patched", "said", "invited" or "uninvited"."""
    change: dict[str, Any]
    """What happened, with the names of the library's JSON."""
    sequence: int
    """From `Lobbies.poll`: the version of the commit that made it; else 0."""


class Events(NamedTuple):
    """What a poll answers."""

    events: list[Event]
    """In order; none when nothing happened in time."""
    next: int
    """After which number to go on."""
    resync: bool
    """Whether events are missing because they are no longer kept: what is known must be read anew."""
    snapshot: Optional[Snapshot]
    """The lobby as it is, when events of it are missing."""


@dataclass(frozen=True)
class Explain:
    """How a search went about it."""

    index: Optional[str]
    """The index it went along; None: it scanned all lobbies."""
    ordered: bool
    """Whether that gave the first order, so that it could stop early."""
    read: int
    """How many documents it read."""
    exhausted: bool
    """Whether its budget ended it: there may be others that it did not see."""


class Swept(NamedTuple):
    """What a sweep has done."""

    settled: int
    """Lobbies in which time had decided something."""
    deleted: int
    """Closed lobbies that were deleted."""
