"""The lobbies of a store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from ctypes import byref, c_uint32, c_uint64, c_void_p, pointer
from itertools import islice
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _ffi as ffi
from . import _lobby_events as events
from . import _lobby_ffi as lobby_ffi
from . import _pages
from ._args import to_seconds, to_ttl
from ._errors import invalid
from ._lobby import Lobby, Player, Scope, joins
from ._lobby_events import Pull
from ._lobby_types import (
    Condition,
    Event,
    Events,
    Explain,
    Invitation,
    LobbyInfo,
    LobbyOptions,
    LobbyQuery,
    Order,
    Snapshot,
    Swept,
)
from ._structs import take_json, text

if TYPE_CHECKING:
    from typing_extensions import Unpack

_VISIBILITIES = {"public": 0, "friends": 1, "private": 2}
_MIGRATIONS = {"oldest": 0, "manual": 1, "never": 2, "close": 3}


class Lobbies:
    """The lobbies of a store, or of a transaction: `store.lobbies`, `txn.lobbies`. Usable from any thread."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, number: int) -> Lobby:
        """A lobby, by its number; nothing is read."""
        return Lobby(self._scope, number)

    def create(self, *, request: Optional[str] = None, **options: Unpack[LobbyOptions]) -> Lobby:
        """Creates a lobby. See `LobbyOptions`."""
        done = self._scope.change(lobby_ffi.create, byref(_native(options)), request=request)
        return Lobby(self._scope, done.lobby)

    def quick_join(
        self,
        *players: Player,
        where: Iterable[Union[Condition, list[Condition]]] = (),
        order: Iterable[Order] = (),
        request: Optional[str] = None,
        **create: Unpack[LobbyOptions],
    ) -> tuple[Lobby, Snapshot]:
        """Players join the first lobby that is found and admits them all, or else create one, which the first owns.

        `where` and `order` as in `search`, the others as in `create`. Of two who create at the same moment, one joins
        the other's.
        """
        query, options = _query({"where": where, "order": order}), _native(create)
        number, snapshot = self._scope.enter(
            lobby_ffi.quick_join, byref(query), *joins(players), byref(options), request=request
        )
        return Lobby(self._scope, number), snapshot

    def by_code(self, code: str) -> Optional[Lobby]:
        """The live lobby that has a code, as people write it; None: there is none."""
        number = c_uint64()
        caller = self._scope.caller()
        found = ffi.call(lobby_ffi.by_code, self._scope.store, byref(caller), *text(code), byref(number))
        return Lobby(self._scope, number.value) if found else None

    def of_player(self, kind: str, player: str) -> Optional[Lobby]:
        """In which exclusive lobby of a kind a player is; None: in none."""
        number = c_uint64()
        caller = self._scope.caller()
        found = ffi.call(
            lobby_ffi.of_player,
            self._scope.store,
            byref(caller),
            *text(kind),
            *text(player),
            byref(number),
        )
        return Lobby(self._scope, number.value) if found else None

    def invitations(self, player: str) -> list[Invitation]:
        """Where a player is invited."""
        caller = self._scope.caller()
        found = take_json(ffi.make(lobby_ffi.invitations, self._scope.store, byref(caller), *text(player)))
        return [Invitation(it["lobby"], it["by"], to_seconds(it["until"])) for it in found]

    def search(self, **query: Unpack[LobbyQuery]) -> Iterator[LobbyInfo]:
        """The public lobbies that players could join, a page at a time. See `LobbyQuery`."""
        return islice(_found(self._scope.store, _query(query)), query.get("limit"))

    def explain(self, **query: Unpack[LobbyQuery]) -> Explain:
        """How the first page of a search is found."""
        asked, explain, page = _query(query), lobby_ffi.Explain(), c_void_p()
        ffi.call(lobby_ffi.search, self._scope.store, byref(asked), byref(page), byref(explain))
        ffi.page_free(page)
        index: str = explain.index.decode()
        return Explain(index or None, bool(explain.ordered), explain.read, bool(explain.exhausted))

    def poll(self, after: int = 0, *, timeout: Optional[float] = 0, limit: int = 256) -> Events:
        """What happened in all lobbies after commit `after` (a version of the store), in at most `limit` commits.

        Waits as `Lobby.poll`. Go on after `next`, also when there are no events, since only other keys were changed. A
        version still to come is answered at once, with `resync` and the present version in `next`.
        """
        return events.poll(self._pull(limit), after, timeout)

    async def poll_async(self, after: int = 0, *, timeout: Optional[float] = None, limit: int = 256) -> Events:
        """`poll`, for asyncio."""
        return await events.poll_async(self._pull(limit), after, timeout)

    def events(self, after: int = 0) -> Iterator[Union[Event, Snapshot]]:
        """Every event of all lobbies after commit `after`, and then those to come."""
        return events.follow(self._pull(256), after)

    def events_async(self, after: int = 0) -> AsyncIterator[Union[Event, Snapshot]]:
        """`events`, for asyncio."""
        return events.follow_async(self._pull(256), after)

    def sweep(self, *, keep: float = 86_400) -> Swept:
        """Deletes closed lobbies older than `keep` seconds.

        Of use now and then for the size of the file: nothing else depends on it.
        """
        swept = lobby_ffi.Swept()
        ffi.call(lobby_ffi.sweep, self._scope.store, int(keep * 1000), byref(swept))
        return Swept(swept.settled, swept.deleted)

    def _pull(self, limit: int) -> Pull:
        return lambda after, timeout_ms: ffi.make(lobby_ffi.poll_all, self._scope.store, after, limit, timeout_ms)


def _native(given: LobbyOptions) -> lobby_ffi.LobbyOptions:
    _check_names(given, LobbyOptions, "a lobby")
    sizes, owner = list(given.get("teams", ())), given.get("owner")
    options = lobby_ffi.LobbyOptions(
        max_members=given.get("max_members", 0),
        team_count=len(sizes),
        visibility=_choice(_VISIBILITIES, given.get("visibility", "public"), "visibility"),
        migration=_choice(_MIGRATIONS, given.get("migration", "oldest"), "migration"),
        member_ms=to_ttl(given.get("member_lease")),
        reservation_ms=to_ttl(given.get("reservation_lease")),
        stale_ms=to_ttl(given.get("stale_after")),
        close_ms=to_ttl(given.get("close_after")),
        chat_burst=given.get("chat_burst", 0),
        chat_every_ms=to_ttl(given.get("chat_every")),
        keep_events=given.get("keep_events", 0),
        not_exclusive=not given.get("exclusive", True),
        backfill=given.get("backfill", False),
        keep_empty=given.get("keep_empty", False),
    )
    options.texts(
        kind=given.get("kind"), name=given.get("name"), password=given.get("password"), build=given.get("build")
    )
    options.documents(
        attributes=given.get("attributes"),
        member_attributes=given.get("member_attributes"),
        owner_attributes=given.get("owner_attributes"),
    )
    if sizes:
        options.teams = (c_uint32 * len(sizes))(*sizes)
    if owner is not None:
        options.owner = pointer(joins([owner])[0][0])
    return options


def _query(given: LobbyQuery) -> lobby_ffi.LobbyQuery:
    _check_names(given, LobbyQuery, "a search")
    limit = given.get("limit")
    if limit is not None and limit < 0:
        raise invalid(f"limit is a count, or None for all, not {limit!r}")
    query = lobby_ffi.LobbyQuery(
        limit=0 if limit is None else min(limit, 256),
        budget=given.get("budget", 0),
        include_full=given.get("include_full", False),
    )
    query.texts(kind=given.get("kind"))
    conditions = [
        {"any": [_condition(one) for one in it]} if isinstance(it, list) else _condition(it)
        for it in given.get("where", ())
    ]
    query.documents(filter=conditions or None, order=[_order(it) for it in given.get("order", ())] or None)
    return query


def _check_names(given: Mapping[str, object], of: type, what: str) -> None:
    unknown = given.keys() - of.__annotations__.keys()
    if unknown:
        raise TypeError(f"{what} has no {', '.join(sorted(unknown))}")


def _condition(condition: Condition) -> dict[str, Any]:
    key, op, *value = condition
    return {"key": key, "op": op, **({"value": value[0]} if value else {})}


def _order(order: Order) -> dict[str, Any]:
    if isinstance(order, str):
        return {"key": order[1:], "descending": True} if order.startswith("-") else {"key": order}
    key, near = order
    return {"key": key, "near": near}


def _found(store: int, query: lobby_ffi.LobbyQuery) -> Iterator[LobbyInfo]:
    def search(store: int, query: object, out: object, err: object) -> Any:
        return lobby_ffi.search(store, query, out, None, err)

    for page in _pages.pages(search, store, options=query):
        for _key, document in _pages.rows(page):
            yield LobbyInfo.of(json.loads(document or b"{}"))


def _choice(choices: dict[str, int], choice: str, what: str) -> int:
    if choice not in choices:
        raise invalid(f"{what} is one of {', '.join(choices)}, not {choice!r}")
    return choices[choice]
