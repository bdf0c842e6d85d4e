"""Reading many rows, page by page."""

from __future__ import annotations

from ctypes import byref, c_size_t, sizeof, string_at
from struct import Struct

from . import _ffi as ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Callable, Optional, Union

    from ._lobby_ffi import LobbyQuery
    from ._table_ffi import TableQuery

    Options = Union[ffi.ScanOptions, ffi.FindOptions, LobbyQuery, TableQuery]

_ROW = Struct("PNPNQq")


def scan_options(reverse: bool, keys_only: bool) -> ffi.ScanOptions:
    """How to read a range."""
    return ffi.ScanOptions(struct_size=sizeof(ffi.ScanOptions), reverse=reverse, keys_only=keys_only)


def rows(page: int) -> list[tuple[bytes, Optional[bytes]]]:
    """Copies the rows of a page. A value is None where the key does not exist or values were not asked for."""
    return [
        (string_at(key, key_len), string_at(value, value_len) if value else None)
        for key, key_len, value, value_len, _version, _expires_at in unpack(_ROW, ffi.page_rows, page)
    ]


def versioned(page: int) -> list[tuple[bytes, bytes, int]]:
    """Copies the rows of a page, each with its version."""
    return [
        (string_at(key, key_len), string_at(value, value_len), version)
        for key, key_len, value, value_len, version, _expires_at in unpack(_ROW, ffi.page_rows, page)
    ]


def values(page: int) -> list[Optional[bytes]]:
    """Copies the values of a page."""
    return [
        string_at(value, length) if value else None
        for _key, _key_len, value, length, _version, _expires_at in unpack(_ROW, ffi.page_rows, page)
    ]


def unpack(layout: Struct, array_of: Callable[..., Any], owner: int) -> Iterator[tuple[int, ...]]:
    """The structs of the array that `array_of` borrows from `owner`."""
    count = c_size_t()
    array = array_of(owner, byref(count))
    return layout.iter_unpack(string_at(array, count.value * layout.size) if array else b"")


def pages(query: Callable[..., Any], *arguments: object, options: Options) -> Iterator[int]:
    """Runs a query to its end. Yields handles that live until the next step."""
    while True:
        page = ffi.make(query, *arguments, byref(options))
        try:
            yield page
            length = c_size_t()
            cursor = ffi.page_cursor(page, byref(length))
            if not cursor:
                return
            options.cursor = string_at(cursor, length.value)
            options.cursor_len = length.value
        finally:
            ffi.page_free(page)


def items(query: Callable[..., Any], *arguments: object, options: Options) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values that a query finds, read as they are asked for."""
    for page in pages(query, *arguments, options=options):
        for key, value in rows(page):
            yield key, value or b""


def keys(query: Callable[..., Any], *arguments: object, options: Options) -> Iterator[bytes]:
    """The keys that a query finds, read as they are asked for."""
    for page in pages(query, *arguments, options=options):
        for key, _value in rows(page):
            yield key


def count(query: Callable[..., Any], *arguments: object, options: Options) -> int:
    """How many rows a query finds."""
    total = 0
    for page in pages(query, *arguments, options=options):
        length = c_size_t()
        ffi.page_rows(page, byref(length))
        total += length.value
    return total
