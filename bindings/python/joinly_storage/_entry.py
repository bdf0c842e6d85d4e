"""A value with what the store knows about it."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from . import _ffi as ffi
from ._args import to_seconds
from ._values import copy_of


class Entry(NamedTuple):
    """A value with what the store knows about it."""

    value: bytes
    version: int
    """The version of the commit that wrote the value, for `Batch.check`."""
    expires_at: Optional[float]
    """When the value expires, in seconds since 1970-01-01 UTC; None when it never does."""


def read_entry(get: Callable[..., Any], handle: int, key: bytes) -> Optional[Entry]:
    """The value of a key with its version and expiry, or None."""
    value = ffi.make(get, handle, key, len(key))
    if not value:
        return None
    try:
        expires_at: int = ffi.value_expires_at(value)
        return Entry(copy_of(value), ffi.value_version(value), to_seconds(expires_at) if expires_at else None)
    finally:
        ffi.value_free(value)
