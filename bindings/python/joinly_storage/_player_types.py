"""What players have: the documents of the library as dataclasses. Times are seconds since 1970-01-01 UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Union

from ._args import to_seconds

Property = Union[bool, int, float, str, list[str]]
"""A property of a profile; a list is a set of texts."""


@dataclass(frozen=True)
class Profile:
    """A player."""

    id: str
    name: str
    accounts: dict[str, str]
    """Accounts elsewhere: platform and id."""
    properties: dict[str, Property]
    """What the game says of the player."""
    created: float
    version: int
    """Grows by one with every change."""
    others: dict[str, Any]
    """What else a plain put wrote there; it is kept."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> Profile:
        known = cls.__annotations__
        return cls(
            document["id"],
            document["name"],
            document.get("accounts", {}),
            document.get("properties", {}),
            to_seconds(document["created"]),
            document["version"],
            {name: it for name, it in document.items() if name not in known},
        )


@dataclass(frozen=True)
class Presence:
    """That a player is there."""

    status: str
    """What the player is doing."""
    since: float
    until: float
    """When the lease lapses."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> Presence:
        return cls(document["status"], to_seconds(document["since"]), to_seconds(document["until"]))


class Currency(NamedTuple):
    """A currency in a player's wallet."""

    name: str


class Item(NamedTuple):
    """An item in a player's inventory."""

    name: str


Holding = Union[Currency, Item]


@dataclass(frozen=True)
class Delta:
    """A change of what a player owns: `Delta("ada", Currency("gold"), -5)`."""

    player: str
    holding: Holding
    amount: int


@dataclass(frozen=True)
class Balances:
    """All that a player owns, by name; what is not there is zero."""

    currencies: dict[str, int]
    items: dict[str, int]


@dataclass(frozen=True)
class Object:
    """An object of a player's: a JSON document."""

    player: str
    collection: str
    name: str
    document: Any
    version: int
    """What a write may expect; 0 when it is a write of the transaction itself."""


@dataclass(frozen=True)
class ObjectWrite:
    """A write of an object."""

    player: str
    collection: str
    name: str
    document: Any
    """What `json.dumps` takes."""
    expected: Optional[int] = None
    """The version that it replaces; 0: there is none; None: whatever there is."""


@dataclass(frozen=True)
class ObjectDelete:
    """A deletion of an object."""

    player: str
    collection: str
    name: str
    expected: Optional[int] = None
    """As for `ObjectWrite`."""


@dataclass(frozen=True)
class SaveInfo:
    """What is known of a saved game."""

    version: int
    """Its number, from 1 on; numbers of a slot never come back."""
    parent: int
    """The version that it was played on from; 0: none."""
    device: str
    bytes: int
    checksum: str
    """XXH3 of 64 bits, in hexadecimal."""
    time: float

    @classmethod
    def of(cls, document: dict[str, Any]) -> SaveInfo:
        return cls(**{**document, "time": to_seconds(document["time"])})


@dataclass(frozen=True)
class Save:
    """A saved game."""

    info: SaveInfo
    game: bytes
