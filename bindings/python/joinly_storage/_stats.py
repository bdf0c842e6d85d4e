"""Figures: what a store or cache has done, and what an engine can hold and promises."""

from __future__ import annotations

from ctypes import Structure, byref, c_uint8, c_uint32, c_uint64, sizeof
from dataclasses import dataclass
from typing import Any, Callable

from . import _ffi as ffi


@dataclass(frozen=True)
class Stats:
    """Figures of a store since it was opened, all of this process alone. Sizes are in bytes."""

    cache_hits: int
    """Reads answered from the cache, a cached absence included."""
    cache_misses: int
    """Reads that went to the engine."""
    cache_evictions: int
    """Entries that the cache dropped to stay within its bound."""
    cache_entries: int
    """Entries in the cache now."""
    cache_bytes: int
    """Size of the cache now."""
    cache_capacity: int
    """The bound of the cache."""
    cache_invalidations: int
    """Entries dropped because another process or store changed their key."""
    cache_resets: int
    """Times the whole cache was dropped because what had changed could not be told."""
    version: int
    """The version of the latest commit that this store knows of."""
    commits: int
    """Commits made through this store."""
    engine_commits: int
    """Transactions of the engine that carried them: fewer when writers were grouped."""
    conflicts: int
    """Commits refused with `Conflict`."""
    expired: int
    """Expired keys removed from the file by this store."""
    file_bytes: int
    """Size of the database without its write-ahead log."""
    free_bytes: int
    """Of these, bytes that later writes reuse or `compact` returns."""
    wal_bytes: int
    """Size of the write-ahead log in use."""
    queued: int
    """In mode behind: transactions that were acknowledged and not yet flushed."""
    queued_bytes: int
    """Their size in the journal."""
    queue_lag_ms: int
    """How long the oldest of them has waited, in milliseconds."""
    flushes: int
    """Flushes so far."""
    flushed_rows: int
    """Rows that they wrote; a key that was written often in between is one."""
    flush_rate: int
    """How fast the database took the journal lately, in bytes a second."""

    @property
    def cache_hit_rate(self) -> float:
        """The share of reads that the cache answered, from 0 to 1."""
        return self.cache_hits / max(1, self.cache_hits + self.cache_misses)


@dataclass(frozen=True)
class Limits:
    """What an engine can hold."""

    max_batch_ops: int
    """The most operations of one batch, checks included."""
    max_key_bytes: int
    """The most bytes of a key. A key has at least one."""
    max_value_bytes: int
    """The most bytes of a value."""
    max_batch_bytes: int
    """The most bytes of all keys and values of one batch."""
    max_page_rows: int
    """The most keys of one `get_many`."""


@dataclass(frozen=True)
class Capabilities:
    """What may be relied on; engines and ways of opening them differ in it."""

    durability: str
    """What an acknowledged commit survives: "power" loss, the death of the "process", or "none"."""
    sharing: str
    """Who may have the data open at the same time: "one store", "one writer" and others that read, or "everyone"."""
    sqlite_file: bool
    """The data is a SQLite file, which other software reads with SQL."""
    compresses: bool
    """Values may be compressed; else they lie in the file as they were given."""


@dataclass(frozen=True)
class CacheStats:
    """Figures of a cache since it was made."""

    hits: int
    """Gets that found their key."""
    misses: int
    """Gets that did not."""
    evictions: int
    """Entries dropped to stay within the bounds."""
    entries: int
    """Entries now, expired ones not yet dropped included."""
    bytes: int
    """Bytes now."""
    max_entries: int
    """The bound in entries; 0: none."""
    max_bytes: int
    """The bound in bytes; 0: none."""


_DURABILITIES = {1: "power", 2: "process", 3: "none"}
_SHARINGS = {1: "one store", 2: "one writer", 3: "everyone"}


class _Stats(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        *((name, c_uint64) for name in Stats.__dataclass_fields__),
    ]


class _Limits(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_batch_ops", c_uint32),
        *((name, c_uint64) for name in Limits.__dataclass_fields__ if name != "max_batch_ops"),
    ]


class _Capabilities(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("durability", c_uint32),
        ("sharing", c_uint32),
        ("sqlite_file", c_uint8),
        ("compresses", c_uint8),
        ("reserved", c_uint8 * 2),
    ]


class _CacheStats(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        *((name, c_uint64) for name in CacheStats.__dataclass_fields__),
    ]


def stats(store: int) -> Stats:
    return Stats(**_figures(ffi.store_stats, store, _Stats, Stats))


def limits(store: int) -> Limits:
    return Limits(**_figures(ffi.store_limits, store, _Limits, Limits))


def capabilities(store: int) -> Capabilities:
    told = _figures(ffi.store_capabilities, store, _Capabilities, Capabilities)
    return Capabilities(
        durability=_DURABILITIES[told["durability"]],
        sharing=_SHARINGS[told["sharing"]],
        sqlite_file=bool(told["sqlite_file"]),
        compresses=bool(told["compresses"]),
    )


def cache_stats(cache: int) -> CacheStats:
    return CacheStats(**_figures(ffi.cache_stats_get, cache, _CacheStats, CacheStats))


def _figures(function: Callable[..., int], handle: int, layout: type[Structure], result: type[Any]) -> dict[str, int]:
    native = layout(sizeof(layout))
    ffi.call(function, handle, byref(native))
    return {name: getattr(native, name) for name in result.__dataclass_fields__}
