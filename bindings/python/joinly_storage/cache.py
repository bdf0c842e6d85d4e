"""A cache of Python objects."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Callable, Optional, TypedDict


class CacheStats(TypedDict):
    """Figures of a cache since it was made."""

    hit_rate: float
    """Gets that found their key, in per cent of all gets, to two decimals."""
    hits: int
    misses: int
    evictions: int
    """Entries dropped to stay within the bound."""
    size: int
    """Entries now, expired ones not yet dropped included."""
    max_size: int


class LRUCache:
    """At most `max_size` Python objects; the least recently used one makes room for a new one.

    `default_ttl` is the life, in seconds, of entries set without one of their own; None: for ever. Usable from any
    thread; every operation takes constant time. `clock` gives the time in seconds.
    """

    def __init__(
        self,
        max_size: int = 1000,
        default_ttl: Optional[float] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_size < 1:
            raise ValueError(f"max_size is at least 1, not {max_size!r}")
        self._max_size = max_size
        self._default_ttl = _checked(default_ttl)
        self._clock = clock
        self._lock = threading.RLock()
        # From the least to the most recently used; each with the time of its end.
        self._entries: OrderedDict[Hashable, tuple[Any, Optional[float]]] = OrderedDict()
        self._hits = self._misses = self._evictions = 0

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The object of a key, or `default`."""
        with self._lock:
            entry = self._live(key)
            if entry is None:
                self._misses += 1
                return default
            self._hits += 1
            self._entries.move_to_end(key)
            return entry[0]

    def set(self, key: Hashable, value: Any, ttl: Optional[float] = None) -> None:
        """Keeps an object for `ttl` seconds; None: the cache's default."""
        life = self._default_ttl if ttl is None else _checked(ttl)
        with self._lock:
            self._entries[key] = (value, None if life is None else self._clock() + life)
            self._entries.move_to_end(key)
            if len(self._entries) > self._max_size:
                self._entries.popitem(last=False)
                self._evictions += 1

    def delete(self, key: Hashable) -> bool:
        """Drops a key; whether it was there."""
        with self._lock:
            found = self._live(key) is not None
            self._entries.pop(key, None)
            return found

    def clear(self) -> None:
        """Drops every key; the figures go on."""
        with self._lock:
            self._entries.clear()

    def get_stats(self) -> CacheStats:
        """Figures since the cache was made."""
        with self._lock:
            gets = self._hits + self._misses
            return {
                "hit_rate": round(100 * self._hits / gets, 2) if gets else 0.0,
                "hits": self._hits,
                "misses": self._misses,
                "evictions": self._evictions,
                "size": len(self._entries),
                "max_size": self._max_size,
            }

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return self._live(key) is not None

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _live(self, key: Hashable) -> Optional[tuple[Any, Optional[float]]]:
        entry = self._entries.get(key)
        if entry is not None and entry[1] is not None and entry[1] <= self._clock():
            del self._entries[key]
            return None
        return entry


def _checked(ttl: Optional[float]) -> Optional[float]:
    if ttl is not None and not ttl > 0:
        raise ValueError(f"a ttl is a positive number of seconds, or None, not {ttl!r}")
    return ttl
