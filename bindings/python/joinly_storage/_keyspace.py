"""Keys and values, as a store or a transaction sees them."""

from __future__ import annotations

from ctypes import byref, c_int64, c_uint64

from . import _ffi as ffi
from . import _pages
from ._args import to_bytes, to_delta, to_ttl
from ._errors import NotFound
from ._ffi import sizes
from ._values import Readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Callable, ClassVar, Literal, Optional, overload

    from ._entry import Entry
    from ._types import Bytes

_FOR_EVER = c_uint64(0)


class KeySpace(Readable):
    """Keys and values are bytes. Where one is passed, a `str` stands for its UTF-8; what is read is always bytes."""

    # The exports behind one kind of key space: their parameters are the same. The first two are bare.
    _put: ClassVar[Callable[..., int]]
    _delete: ClassVar[Callable[..., int]]
    _add: ClassVar[Callable[..., int]]
    _scan: ClassVar[Callable[..., int]]
    _scan_prefix: ClassVar[Callable[..., int]]

    def get_entry(self, key: Bytes) -> Optional[Entry]:
        """The value of a key with its version and expiry, or None."""
        from ._entry import read_entry

        return read_entry(self._get, self._handle, to_bytes(key))

    def set(self, key: Bytes, value: Bytes, ttl: Optional[float] = None) -> None:
        """Writes a key that expires `ttl` seconds after the commit; None: never."""
        key, value = to_bytes(key), to_bytes(value)
        life = _FOR_EVER if ttl is None else c_uint64(to_ttl(ttl))
        ffi.call(self._put, self._pointer, key, sizes[len(key)], value, sizes[len(value)], life)

    def delete(self, key: Bytes) -> bool:
        """Deletes a key; whether it existed."""
        key = to_bytes(key)
        return ffi.call(self._delete, self._pointer, key, sizes[len(key)])

    def add(self, key: Bytes, delta: int = 1) -> int:
        """Adds to a counter, atomically across threads and processes, and returns the sum.

        A counter is a value that holds a decimal integer of 64 bits; a missing key counts as 0. Anything else
        raises `WrongType`, a sum beyond 64 bits `OutOfRange`.
        """
        key = to_bytes(key)
        total = c_int64()
        ffi.call(self._add, self._handle, key, len(key), to_delta(delta), byref(total))
        return total.value

    if TYPE_CHECKING:

        @overload
        def scan(
            self, start: Bytes = ..., end: Bytes = ..., *, reverse: bool = ..., keys_only: Literal[False] = ...
        ) -> Iterator[tuple[bytes, bytes]]: ...
        @overload
        def scan(
            self, start: Bytes = ..., end: Bytes = ..., *, reverse: bool = ..., keys_only: Literal[True]
        ) -> Iterator[bytes]: ...

    def scan(
        self, start: Bytes = b"", end: Bytes = b"", *, reverse: bool = False, keys_only: bool = False
    ) -> Iterator[Any]:
        """The keys from `start` up to but without `end` (empty: the first, the last), in bytewise order.

        Yields pairs of key and value, or keys alone. Rows are read lazily, a page at a time: each page is one
        moment's state, the next may be of a later one (not in a transaction, which sees a single moment).
        """
        start, end = to_bytes(start), to_bytes(end)
        read_rows = _pages.keys if keys_only else _pages.items
        options = _pages.scan_options(reverse, keys_only)
        return read_rows(self._scan, self._handle, start, len(start), end, len(end), options=options)

    if TYPE_CHECKING:

        @overload
        def prefix(
            self, prefix: Bytes, *, reverse: bool = ..., keys_only: Literal[False] = ...
        ) -> Iterator[tuple[bytes, bytes]]: ...
        @overload
        def prefix(self, prefix: Bytes, *, reverse: bool = ..., keys_only: Literal[True]) -> Iterator[bytes]: ...

    def prefix(self, prefix: Bytes, *, reverse: bool = False, keys_only: bool = False) -> Iterator[Any]:
        """The keys that start with `prefix`; otherwise as `scan`."""
        prefix = to_bytes(prefix)
        read_rows = _pages.keys if keys_only else _pages.items
        options = _pages.scan_options(reverse, keys_only)
        return read_rows(self._scan_prefix, self._handle, prefix, len(prefix), options=options)

    def __setitem__(self, key: Bytes, value: Bytes) -> None:
        self.set(key, value)

    def __delitem__(self, key: Bytes) -> None:
        if not self.delete(key):
            raise NotFound(ffi.NOT_FOUND, f"no such key: {key!r}")

    def __contains__(self, key: object) -> bool:
        return self.get(to_bytes(key)) is not None

    def __iter__(self) -> Iterator[bytes]:
        return self.scan(keys_only=True)

    def __reversed__(self) -> Iterator[bytes]:
        return self.scan(reverse=True, keys_only=True)
