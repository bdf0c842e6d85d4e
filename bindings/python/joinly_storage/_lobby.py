"""One lobby, by its number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from ctypes import byref, c_uint8, c_void_p
from typing import Any, Callable, Optional, Union

from . import _ffi as ffi
from . import _lobby_events as events
from . import _lobby_ffi as lobby_ffi
from ._args import to_ttl, to_version
from ._lobby_events import Pull
from ._lobby_types import Attributes, Event, Events, Join, Owner, SeatRequest, Snapshot, Viewer
from ._owned import Owned
from ._structs import optional_text, take_json, text, to_json

_VIEWERS = {"public": 0, "member": 1, "owner": 2}
_MOVES = {"lock": 1, "unlock": 2, "start": 3, "cancel": 4, "reopen": 5, "close": 6}

Player = Union[str, Join]


class Scope:
    """A store, or a transaction of it, that calls on lobbies are part of."""

    def __init__(self, owner: Owned, store: int, txn: Optional[int] = None) -> None:
        self._owner = owner
        """Kept, so that it is not closed while calls need it."""
        self.store = store
        self.txn = txn

    def caller(self, by: Optional[Owner] = None, request: Optional[str] = None) -> lobby_ffi.Caller:
        """Who calls, and how."""
        caller = lobby_ffi.Caller(txn=self.txn)
        if by is not None:
            caller.texts(player=by.player)
            caller.epoch = to_version(by.epoch)
        caller.texts(request=request)
        return caller

    def change(
        self,
        function: Callable[..., Any],
        *arguments: object,
        by: Optional[Owner] = None,
        request: Optional[str] = None,
    ) -> lobby_ffi.Done:
        """Makes a change."""
        done = lobby_ffi.Done()
        ffi.call(function, self.store, byref(self.caller(by, request)), *arguments, byref(done))
        return done

    def enter(
        self, function: Callable[..., Any], *arguments: object, request: Optional[str] = None
    ) -> tuple[int, Snapshot]:
        """Players join: which lobby, and what they see of it."""
        snapshot = c_void_p()
        done = self.change(function, *arguments, byref(snapshot), request=request)
        return done.lobby, Snapshot.of(take_json(snapshot.value or 0))


def joins(players: Iterable[Player]) -> tuple[Any, int]:
    """Players who join, as an array."""
    array = [_join(Join(player) if isinstance(player, str) else player) for player in players]
    return (lobby_ffi.Join * len(array))(*array), len(array)


def _join(join: Join) -> lobby_ffi.Join:
    native = lobby_ffi.Join(team=0 if join.team is None else join.team + 1, is_friend=join.friend)
    native.texts(player=join.player, password=join.password, code=join.code, build=join.build, role=join.role)
    native.documents(attributes=join.attributes)
    return native


class Lobby:
    """A lobby, by its number. Making one costs nothing and reads nothing.

    Changes are made by the host, which is the program itself, unless `by` names the owner and the epoch in which the
    lobby became theirs (`Snapshot.lobby.epoch`): a former owner is refused with `Forbidden`. A call with a `request`,
    an id of the caller's, is done once: repeated within an hour, it is answered the same and does nothing.
    """

    def __init__(self, scope: Scope, number: int) -> None:
        self._scope = scope
        self.id = number

    def get(self, viewer: Viewer = "owner") -> Snapshot:
        """The lobby, as a viewer may know it."""
        return Snapshot.of(
            take_json(
                ffi.make(lobby_ffi.get, self._scope.store, byref(self._scope.caller()), self.id, _VIEWERS[viewer])
            )
        )

    def as_of(self, version: int, viewer: Viewer = "owner") -> Snapshot:
        """The lobby as it was when event `version` had just happened, while the events up to there are kept."""
        version = to_version(version)
        return Snapshot.of(take_json(ffi.make(lobby_ffi.as_of, self._scope.store, self.id, version, _VIEWERS[viewer])))

    def join(self, *players: Player, request: Optional[str] = None) -> Snapshot:
        """Players join, all or none: what they see.

        Raises `LobbyFull`, `Forbidden` (banned; wrong password, build or code), `WrongState`, `Expired`, or `Exists`
        for who is a member already, here or in another exclusive lobby of the kind.
        """
        return self._scope.enter(lobby_ffi.join, self.id, *joins(players), request=request)[1]

    def reserve(
        self, *seats: Union[str, SeatRequest], by: Optional[Owner] = None, request: Optional[str] = None
    ) -> int:
        """Keeps seats for players, all or none. The number of the last event, as of all changes below."""
        requests = [_seat(SeatRequest(seat) if isinstance(seat, str) else seat) for seat in seats]
        array = (lobby_ffi.SeatRequest * len(requests))(*requests)
        return self._change(lobby_ffi.reserve, array, len(requests), by=by, request=request)

    def leave(self, player: str, *, request: Optional[str] = None) -> int:
        """A player gives up the seat, or the reservation."""
        return self._change(lobby_ffi.leave, *text(player), request=request)

    def kick(self, player: str, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Takes a player's seat away."""
        return self._change(lobby_ffi.kick, *text(player), by=by, request=request)

    def ban(
        self,
        player: str,
        *,
        until: Optional[float] = None,
        by: Optional[Owner] = None,
        request: Optional[str] = None,
    ) -> int:
        """Takes a player's seat away and keeps the player from joining until a time; None: for ever."""
        at = 0 if until is None else max(1, int(until * 1000))
        return self._change(lobby_ffi.ban, *text(player), at, by=by, request=request)

    def unban(self, player: str, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Lets a player join again."""
        return self._change(lobby_ffi.unban, *text(player), by=by, request=request)

    def transfer(self, player: str, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Gives the ownership to another member, in a new epoch."""
        return self._change(lobby_ffi.transfer, *text(player), by=by, request=request)

    def lock(self, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Only who has a reservation may join from now on."""
        return self._move("lock", by=by, request=request)

    def unlock(self, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Opens a locked lobby."""
        return self._move("unlock", by=by, request=request)

    def start(
        self,
        *,
        ready_within: Optional[float] = None,
        by: Optional[Owner] = None,
        request: Optional[str] = None,
    ) -> int:
        """Starts the game: at once, or when all members have said within so many seconds that they are ready."""
        return self._move("start", to_ttl(ready_within), by=by, request=request)

    def ready(self, player: str, ready: bool = True, *, request: Optional[str] = None) -> int:
        """A member is ready, or not any more; the game starts when all are."""
        return self._change(lobby_ffi.ready, *text(player), ready, request=request)

    def cancel(self, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Opens a lobby that is starting."""
        return self._move("cancel", by=by, request=request)

    def reopen(self, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Opens a lobby whose game is over."""
        return self._move("reopen", by=by, request=request)

    def close(self, *, by: Optional[Owner] = None, request: Optional[str] = None) -> int:
        """Ends the lobby."""
        return self._move("close", by=by, request=request)

    def patch(
        self,
        *,
        expected: int = 0,
        by: Optional[Owner] = None,
        request: Optional[str] = None,
        **fields: Any,
    ) -> int:
        """Changes the fields that are named, of the version `expected`; 0: of any.

        Fields are name, visibility, build, max_members, backfill, migration, chat (with burst and every_ms), password
        ("" removes it), and attributes, member_attributes and owner_attributes, in which None removes one. Raises
        `Conflict` for another version, which `present_version` of it tells.
        """
        document = text(to_json(fields))
        return self._change(lobby_ffi.patch, *document, to_version(expected), by=by, request=request)

    def patch_member(
        self, player: str, attributes: Attributes, *, expected: int = 0, request: Optional[str] = None
    ) -> int:
        """Changes attributes of a member; None removes one. `expected` as in `patch`."""
        document = text(to_json(attributes))
        return self._change(lobby_ffi.patch_member, *text(player), *document, to_version(expected), request=request)

    def say(self, player: str, message: str, *, request: Optional[str] = None) -> int:
        """A member says something to the others: at most 4096 bytes. Raises `RateLimited` for more than members may."""
        return self._change(lobby_ffi.say, *text(player), *text(message), request=request)

    def invite(
        self,
        player: str,
        *,
        sender: Optional[str] = None,
        seconds: Optional[float] = None,
        request: Optional[str] = None,
    ) -> int:
        """Invites a player, who may then join once without a code or a password, for five minutes unless told.

        sender: the member who invites; None: the program itself.
        """
        return self._change(lobby_ffi.invite, *optional_text(sender), *text(player), to_ttl(seconds), request=request)

    def uninvite(self, player: str, *, sender: Optional[str] = None, request: Optional[str] = None) -> int:
        """Takes an invitation back: the program itself, the owner, who made it, or the invited player."""
        return self._change(lobby_ffi.uninvite, *optional_text(sender), *text(player), request=request)

    def heartbeat(self, *players: str) -> bool:
        """Renews the leases of members, and that of the lobby if its owner is among them; nobody: of the host's lobby.

        Whether all of them are members still: an expired lease is not renewed.
        """
        if not players:
            return ffi.call(lobby_ffi.heartbeat_host, self._scope.store, self.id)
        array = (ffi.Bytes * len(players))(*[ffi.Bytes(*text(player)) for player in players])
        alive = (c_uint8 * len(players))()
        ffi.call(lobby_ffi.heartbeat, self._scope.store, self.id, array, len(players), alive)
        return all(alive)

    def said(self, limit: int = 256) -> list[Event]:
        """The last of what members said, oldest first."""
        return events.take(ffi.make(lobby_ffi.said, self._scope.store, self.id, limit)).events

    def poll(
        self, after: int = 0, *, timeout: Optional[float] = 0, limit: int = 256, viewer: Viewer = "owner"
    ) -> Events:
        """The events after number `after`, waiting at most `timeout` seconds for the first; None: for ever."""
        return events.poll(self._pull(limit, viewer), after, timeout)

    async def poll_async(
        self, after: int = 0, *, timeout: Optional[float] = None, limit: int = 256, viewer: Viewer = "owner"
    ) -> Events:
        """`poll`, for asyncio."""
        return await events.poll_async(self._pull(limit, viewer), after, timeout)

    def events(self, after: int = 0, *, viewer: Viewer = "owner") -> Iterator[Union[Event, Snapshot]]:
        """Every event after number `after`, and then those to come; a `Snapshot` where events are no longer kept."""
        return events.follow(self._pull(256, viewer), after)

    def events_async(self, after: int = 0, *, viewer: Viewer = "owner") -> AsyncIterator[Union[Event, Snapshot]]:
        """`events`, for asyncio."""
        return events.follow_async(self._pull(256, viewer), after)

    def _pull(self, limit: int, viewer: Viewer) -> Pull:
        return lambda after, timeout_ms: ffi.make(
            lobby_ffi.poll, self._scope.store, self.id, after, _VIEWERS[viewer], limit, timeout_ms
        )

    def _change(
        self,
        function: Callable[..., Any],
        *arguments: object,
        by: Optional[Owner] = None,
        request: Optional[str] = None,
    ) -> int:
        done = self._scope.change(function, self.id, *arguments, by=by, request=request)
        sequence: int = done.sequence
        return sequence

    def _move(self, move: str, ready_ms: int = 0, *, by: Optional[Owner], request: Optional[str]) -> int:
        return self._change(lobby_ffi.move, _MOVES[move], ready_ms, by=by, request=request)

    def __repr__(self) -> str:
        return f"<joinly_storage.Lobby {self.id}>"


def _seat(seat: SeatRequest) -> lobby_ffi.SeatRequest:
    team = 0 if seat.team is None else seat.team + 1
    native = lobby_ffi.SeatRequest(team=team, for_ms=to_ttl(seat.seconds))
    native.texts(player=seat.player, role=seat.role)
    return native
