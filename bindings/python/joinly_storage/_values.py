"""Reading one value."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_void_p, create_string_buffer, string_at
from typing import Any, Callable, NamedTuple, Optional

from . import _ffi as ffi
from ._args import to_seconds


class Entry(NamedTuple):
    """A value with what the store knows about it."""

    value: bytes
    version: int
    """The version of the commit that wrote the value, for `Batch.check`."""
    expires_at: Optional[float]
    """When the value expires, in seconds since 1970-01-01 UTC; None when it never does."""


class _Scratch:
    """Where the library puts a value, its length and an error."""

    __slots__ = ("buffer", "error", "error_ref", "length", "length_ref")

    CAPACITY = 64 * 1024

    def __init__(self) -> None:
        self.buffer = create_string_buffer(self.CAPACITY)
        self.length = c_size_t()
        self.length_ref = byref(self.length)
        self.error = c_void_p()
        self.error_ref = byref(self.error)


# Taken for one read and put back, never shared: a signal handler or finalizer may read in the middle of a read.
_idle: list[_Scratch] = []


def read(get_into: Callable[..., int], get: Callable[..., int], handle: int, key: bytes) -> Optional[bytes]:
    """The value of a key, or None. `get_into` serves values up to the size of a scratch buffer, `get` all others."""
    try:
        scratch = _idle.pop()
    except IndexError:
        scratch = _Scratch()
    try:
        status = get_into(
            handle, key, len(key), scratch.buffer, _Scratch.CAPACITY, scratch.length_ref, scratch.error_ref
        )
        if status == 0:
            return scratch.buffer[: scratch.length.value]  # type: ignore[return-value]
        if status == ffi.NOT_FOUND:
            return None
        if status != ffi.BUFFER_TOO_SMALL:
            raise ffi.take_error(status, scratch.error)
    finally:
        _idle.append(scratch)
    entry = read_entry(get, handle, key)
    return None if entry is None else entry.value


def read_entry(get: Callable[..., Any], handle: int, key: bytes) -> Optional[Entry]:
    """The value of a key with its version and expiry, or None."""
    value = ffi.make(get, handle, key, len(key))
    if not value:
        return None
    try:
        length = c_size_t()
        data = ffi.value_data(value, byref(length))
        expires_at: int = ffi.value_expires_at(value)
        return Entry(
            string_at(data, length.value),
            ffi.value_version(value),
            to_seconds(expires_at) if expires_at else None,
        )
    finally:
        ffi.value_free(value)
