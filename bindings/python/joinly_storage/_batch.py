"""Batches: checks and mutations that are committed together."""

from __future__ import annotations

from ctypes import byref, c_uint64

from . import _ffi as ffi
from ._args import to_bytes, to_delta, to_ttl, to_version
from ._owned import Owned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional

    from ._types import Bytes


class Batch(Owned):
    """Checks and mutations, committed all or none. Leaving `with` commits; an exception inside drops the batch."""

    def __init__(self, store: int) -> None:
        super().__init__(ffi.make(ffi.batch_new), ffi.batch_free)
        self._store = store
        self.version: Optional[int] = None
        """The version of the commit; None until then."""

    def check(self, key: Bytes, version: int) -> None:
        """The commit raises `Conflict` unless the key still has this version (of `Store.get_entry`)."""
        key = to_bytes(key)
        ffi.call(ffi.batch_check, self._handle, key, len(key), to_version(version))

    def check_absent(self, key: Bytes) -> None:
        """The commit raises `Conflict` if the key exists."""
        self.check(key, 0)

    def set(self, key: Bytes, value: Bytes, ttl: Optional[float] = None) -> None:
        """Writes a key that expires `ttl` seconds after the commit; None: never."""
        key, value = to_bytes(key), to_bytes(value)
        ffi.call(ffi.batch_put, self._handle, key, len(key), value, len(value), to_ttl(ttl))

    def delete(self, key: Bytes) -> None:
        """Deletes a key if it exists."""
        key = to_bytes(key)
        ffi.call(ffi.batch_delete, self._handle, key, len(key))

    def add(self, key: Bytes, delta: int = 1) -> None:
        """Adds to a counter, as `Store.add`."""
        key = to_bytes(key)
        ffi.call(ffi.batch_add, self._handle, key, len(key), to_delta(delta))

    def expire(self, key: Bytes, ttl: Optional[float]) -> None:
        """Lets a key expire `ttl` seconds after the commit, None: never, if it exists."""
        key = to_bytes(key)
        ffi.call(ffi.batch_expire, self._handle, key, len(key), to_ttl(ttl))

    def commit(self) -> int:
        """Commits, finishes the batch whatever the outcome, and returns the version."""
        version = c_uint64()
        try:
            ffi.call(ffi.store_commit, self._store, self._handle, byref(version))
        finally:
            self.close()
        self.version = version.value
        return self.version

    def __len__(self) -> int:
        count: int = ffi.batch_len(self._handle)
        return count

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if kind is None and not self.closed:
            self.commit()
        self.close()
