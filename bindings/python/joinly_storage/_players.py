"""The players of a store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from ctypes import byref, c_int64, c_void_p, sizeof
from typing import Optional, Union

from . import _ffi as ffi
from . import _pages
from . import _player_ffi as player_ffi
from ._args import to_bytes, to_delta, to_ttl, to_version
from ._errors import Conflict, ObjectConflict, SaveConflict, invalid
from ._model import Model
from ._player_types import (
    Balances,
    Currency,
    Delta,
    Holding,
    Object,
    ObjectDelete,
    ObjectWrite,
    Presence,
    Profile,
    Property,
    Save,
    SaveInfo,
)
from ._structs import document, take_bytes, take_json, text, to_json

_ANY, _ABSENT, _VERSION = 0, 1, 2
_LONGEST_LEASE = 2**32 - 1


class Players(Model):
    """The players of a store, or of a transaction: `store.players`, `txn.players`. Usable from any thread."""

    def create(
        self,
        player: str,
        *,
        name: Optional[str] = None,
        accounts: Optional[Mapping[str, str]] = None,
        properties: Optional[Mapping[str, Property]] = None,
    ) -> Profile:
        """Makes a profile. Raises `Exists` when the id, or one of the accounts, is taken."""
        patch = _patch(name, accounts, properties)
        return Profile.of(self._document(player_ffi.create, *text(player), *patch))

    def get(self, player: str) -> Optional[Profile]:
        """A player's profile; None: there is none."""
        found = self._document(player_ffi.get, *text(player))
        return found and Profile.of(found)

    def by_account(self, platform: str, account: str) -> Optional[Profile]:
        """The player who has an account elsewhere."""
        found = self._document(player_ffi.by_account, *text(platform), *text(account))
        return found and Profile.of(found)

    def patch(
        self,
        player: str,
        *,
        name: Optional[str] = None,
        accounts: Optional[Mapping[str, Optional[str]]] = None,
        properties: Optional[Mapping[str, Optional[Property]]] = None,
        expected: Optional[int] = None,
    ) -> Profile:
        """Changes what is given; None in a mapping removes that one. The profile now.

        With `expected`, raises `Conflict` when the profile has another version, which is its `present_version`.
        """
        patch = _patch(name, accounts, properties)
        version = 0 if expected is None else _version(expected)
        return Profile.of(self._document(player_ffi.patch, *text(player), *patch, version))

    def heartbeat(self, player: str, lease: float, status: str = "") -> Presence:
        """Says that a player is there, for `lease` seconds from now on. Needs no profile."""
        lease_ms = to_ttl(lease)
        if lease_ms > _LONGEST_LEASE:
            raise invalid(f"a lease lasts at most {_LONGEST_LEASE // 1000} seconds, not {lease!r}")
        return Presence.of(self._document(player_ffi.heartbeat, *text(player), *text(status), lease_ms))

    def presence(self, player: str) -> Optional[Presence]:
        """That a player is there; None: not there, or the lease has lapsed."""
        found = self._document(player_ffi.presence, *text(player))
        return found and Presence.of(found)

    def leave(self, player: str) -> bool:
        """Says that a player is gone: whether it was there."""
        return self._call(player_ffi.leave, *text(player))

    def adjust(self, *deltas: Delta) -> list[int]:
        """Makes all changes of what players own or none: the new balances, in their order.

        Raises `Insufficient` when one would go below zero.
        """
        array = (player_ffi.Delta * len(deltas))(*map(_delta, deltas))
        balances = (c_int64 * len(deltas))()
        self._call(player_ffi.adjust, array, len(deltas), balances)
        return list(balances)

    def transfer(self, sender: str, receiver: str, holding: Holding, amount: int) -> None:
        """Moves an amount from one player to another. Raises `Insufficient` when the sender has less."""
        self._call(
            player_ffi.transfer,
            *text(sender),
            *text(receiver),
            _kind(holding),
            *text(holding.name),
            to_delta(amount),
        )

    def balances(self, player: str) -> Balances:
        """All that a player owns."""
        return Balances(**self._document(player_ffi.balances, *text(player)))

    def object(self, player: str, collection: str, name: str) -> Optional[Object]:
        """An object of a player's; None: there is none."""
        value = ffi.make(player_ffi.object_get, *self._scope, *text(player), *text(collection), *text(name))
        if not value:
            return None
        version = ffi.value_version(value)
        return Object(player, collection, name, take_json(value), version)

    def objects(self, player: str, collection: str) -> Iterator[Object]:
        """A player's objects in a collection, by name, read a page at a time."""
        options = ffi.ScanOptions(struct_size=sizeof(ffi.ScanOptions))
        where = (*text(player), *text(collection))
        for page in _pages.pages(player_ffi.object_list, *self._scope, *where, options=options):
            for key, value, version in _pages.versioned(page):
                name = key.rpartition(b":")[2].decode()
                yield Object(player, collection, name, json.loads(value), version)

    def write_objects(self, *writes: Union[ObjectWrite, ObjectDelete]) -> int:
        """Makes all writes or none: the version of what was written; 0 within a transaction, which has none yet.

        Raises `ObjectConflict` when a write found something else than it expected.
        """
        array = (player_ffi.ObjectChange * len(writes))(*map(_change, writes))
        written = player_ffi.Written()
        try:
            self._call(player_ffi.object_write, array, len(writes), byref(written))
        except Conflict as conflict:
            if not written.conflict:
                raise
            error = ObjectConflict(conflict.status, conflict.message, 0, written.present)
            error.write = written.conflict - 1
            raise error from None
        version: int = written.version
        return version

    def save(
        self,
        player: str,
        slot: str,
        game: Union[bytes, bytearray, memoryview],
        *,
        parent: int = 0,
        device: str = "",
        keep: int = 5,
    ) -> SaveInfo:
        """Saves a game that was played on from version `parent` of the slot; 0: from none.

        Raises `SaveConflict`, which holds the stored game, when the slot is no longer at that version. The slot keeps
        its last `keep` versions, up to 32; `device` is for the player to choose by.
        """
        if not 1 <= keep <= 32:
            raise invalid(f"a slot keeps 1 to 32 versions, not {keep!r}")
        data = to_bytes(game)
        options = player_ffi.SaveOptions(keep=keep, parent=to_version(parent))
        options.texts(device=device)
        info, stored = c_void_p(), c_void_p()
        where = (*text(player), *text(slot))
        try:
            self._call(player_ffi.save_put, *where, data, len(data), byref(options), byref(info), byref(stored))
        except Conflict as conflict:
            if not stored:
                raise
            error = SaveConflict(conflict.status, conflict.message)
            error.stored = _save(info, stored)
            raise error from None
        return SaveInfo.of(take_json(info.value or 0))

    def load(self, player: str, slot: str, version: Optional[int] = None) -> Optional[Save]:
        """A version of a slot, None being the latest; None when there is none. The checksum is verified."""
        wanted = 0 if version is None else _version(version)
        game, info = c_void_p(), c_void_p()
        found = self._call(player_ffi.save_load, *text(player), *text(slot), wanted, byref(game), byref(info))
        return _save(info, game) if found else None

    def save_history(self, player: str, slot: str) -> list[SaveInfo]:
        """The versions that a slot keeps, from the oldest to the latest."""
        return [SaveInfo.of(info) for info in self._document(player_ffi.save_history, *text(player), *text(slot))]

    def clear_save(self, player: str, slot: str) -> bool:
        """Empties a slot: whether it held anything. Its version numbers go on."""
        return self._call(player_ffi.save_clear, *text(player), *text(slot))


def _patch(name: Optional[str], accounts: Optional[object], properties: Optional[object]) -> tuple[bytes, int]:
    given = {"name": name, "accounts": accounts, "properties": properties}
    return document({key: it for key, it in given.items() if it is not None})


def _version(version: int) -> int:
    """A version that is expected, for which 0 means any to the library."""
    if version == 0:
        raise invalid("versions begin with 1")
    return to_version(version)


def _kind(holding: Holding) -> int:
    return 0 if isinstance(holding, Currency) else 1


def _delta(delta: Delta) -> player_ffi.Delta:
    native = player_ffi.Delta(holding=_kind(delta.holding), amount=to_delta(delta.amount))
    native.texts(player=delta.player, name=delta.holding.name)
    return native


def _change(write: Union[ObjectWrite, ObjectDelete]) -> player_ffi.ObjectChange:
    expected = _ANY if write.expected is None else _VERSION if write.expected else _ABSENT
    native = player_ffi.ObjectChange(expected=expected, version=to_version(write.expected or 0))
    native.texts(player=write.player, collection=write.collection, name=write.name)
    if isinstance(write, ObjectWrite):
        native.texts(document=to_json(write.document))
    return native


def _save(info: c_void_p, game: c_void_p) -> Save:
    """Takes both values."""
    return Save(SaveInfo.of(take_json(info.value or 0)), take_bytes(game.value or 0))
