"""Watching what every process commits."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from ctypes import string_at
from struct import Struct
from typing import Literal, NamedTuple, Optional

from . import _ffi as ffi
from ._args import to_bytes, to_seconds, to_version
from ._errors import Closed
from ._owned import Owned
from ._pages import unpack
from ._types import Bytes

Kind = Literal["put", "delete", "expire"]

_CHANGE = Struct("PNII")
_KINDS: dict[int, Kind] = {1: "put", 2: "delete", 3: "expire"}

# The longest wait inside the library, where no signal handler runs.
_SLICE = 0.2


class Change(NamedTuple):
    """One changed key."""

    kind: Kind
    key: bytes


class Commit(NamedTuple):
    """The changes of one commit to the watched keys."""

    version: int
    time: float
    """When it was made, in seconds since 1970-01-01 UTC."""
    changes: list[Change]


class Watch(Owned):
    """A position in the change log: yields commits in order and skips none, until it or the store is closed.

    `Compacted` is raised when the log no longer reaches back so far; the watch then goes on with the oldest commit
    kept, after the caller has read the state anew. A watch belongs to one thread at a time.
    """

    def __init__(self, store: int, prefix: Bytes, from_version: Optional[int]) -> None:
        prefix = to_bytes(prefix)
        since = ffi.FROM_NOW if from_version is None else to_version(from_version)
        super().__init__(ffi.make(ffi.watch_open, store, since, prefix, len(prefix)), ffi.watch_free)

    @property
    def version(self) -> int:
        """The version up to which the watch has reported; a new watch may start from it."""
        version: int = ffi.watch_version(self._handle)
        return version

    def poll(self, timeout: Optional[float] = 0) -> Optional[Commit]:
        """The next commit, or None after `timeout` seconds (0: only looks; None: waits for ever)."""
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            changes = ffi.make(ffi.watch_poll, self._handle, math.ceil(1000 * max(0, min(left, _SLICE))))
            if changes:
                return _commit(changes)
            if left <= _SLICE:
                return None

    def __iter__(self) -> Iterator[Commit]:
        return self

    def __next__(self) -> Commit:
        try:
            commit = self.poll(timeout=None)
        except Closed:
            raise StopIteration from None
        assert commit is not None
        return commit


def _commit(changes: int) -> Commit:
    try:
        return Commit(
            ffi.changes_version(changes),
            to_seconds(ffi.changes_time(changes)),
            [
                Change(_KINDS[kind], string_at(key, key_len))
                for key, key_len, kind, _reserved in unpack(_CHANGE, ffi.changes_rows, changes)
            ],
        )
    finally:
        ffi.changes_free(changes)
