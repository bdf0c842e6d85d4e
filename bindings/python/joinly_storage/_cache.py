"""A cache of its own, without a store."""

from __future__ import annotations

from ctypes import byref, sizeof
from typing import ClassVar, Optional

from . import _ffi as ffi
from ._args import to_bytes, to_ttl
from ._errors import NotFound, invalid
from ._stats import CacheStats, cache_stats
from ._types import Bytes
from ._values import Readable


class Cache(Readable):
    """A bounded cache of bytes in native memory, with least-recently-used eviction and expiry.

    `max_entries` and `max_bytes` (keys, values and overhead) bound it; with neither it holds 64 MiB. `default_ttl`
    is the life, in seconds, of entries set without one of their own; None: for ever. Every operation takes constant
    time. Usable from any thread at the same time. `joinly_storage.cache.LRUCache` holds Python objects instead.
    """

    _get = ffi.cache_get
    _get_into = ffi.bare(ffi.cache_get_into)

    def __init__(
        self,
        *,
        max_entries: Optional[int] = None,
        max_bytes: Optional[int] = None,
        default_ttl: Optional[float] = None,
    ) -> None:
        options = ffi.CacheOptions(
            struct_size=sizeof(ffi.CacheOptions),
            max_entries=_bound("max_entries", max_entries),
            max_bytes=_bound("max_bytes", max_bytes),
            default_ttl_ms=to_ttl(default_ttl),
        )
        super().__init__(ffi.make(ffi.cache_new, byref(options)), ffi.cache_free)

    def set(self, key: Bytes, value: Bytes, ttl: Optional[float] = None) -> None:
        """Stores a value for `ttl` seconds; None: the cache's default."""
        key, value = to_bytes(key), to_bytes(value)
        ffi.call(ffi.cache_set, self._handle, key, len(key), value, len(value), to_ttl(ttl))

    def delete(self, key: Bytes) -> bool:
        """Deletes a key; whether it existed."""
        key = to_bytes(key)
        return ffi.call(ffi.cache_delete, self._handle, key, len(key))

    def clear(self) -> None:
        """Empties the cache; its figures go on."""
        ffi.cache_clear(self._handle)

    def stats(self) -> CacheStats:
        """Figures since the cache was made."""
        return cache_stats(self._handle)

    def __setitem__(self, key: Bytes, value: Bytes) -> None:
        self.set(key, value)

    def __delitem__(self, key: Bytes) -> None:
        if not self.delete(key):
            raise NotFound(ffi.NOT_FOUND, f"no such key: {key!r}")

    def __contains__(self, key: Bytes) -> bool:
        return self.get(key) is not None

    __iter__: ClassVar[None] = None

    def __len__(self) -> int:
        return self.stats().entries


def _bound(name: str, value: Optional[int]) -> int:
    if value is None:
        return 0
    if not 0 < value < 2**64:
        raise invalid(f"{name} is a positive number, or None, not {value!r}")
    return value
