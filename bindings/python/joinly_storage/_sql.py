"""Queries in SQL."""

from __future__ import annotations

import math
from _collections_abc import Mapping
from collections.abc import Iterable, Iterator
from ctypes import byref, c_size_t, c_void_p, sizeof, string_at
from struct import Struct
from typing import Optional, Union

from . import _ffi as ffi
from ._args import to_bytes, to_int64
from ._errors import invalid
from ._owned import Owned
from ._pages import unpack

SqlValue = Union[None, int, float, str, bytes]
SqlParam = Union[SqlValue, bytearray, memoryview]
SqlParams = Union[Iterable[SqlParam], Mapping[str, SqlParam]]

_VALUE = Struct("IIqdPN")
_COLUMN = Struct("PN")
_INTEGER, _REAL, _TEXT, _BLOB = 1, 2, 3, 4


class SqlRows(Owned):
    """The rows of a query, as tuples, all of the moment at which it began; read as they are asked for, and only once.

    `close`, or leaving `with`, lets go of a query that is not read to its end. A program that waits longer than
    `snapshot_max_age_ms` before it asks for more gets `Conflict`. A query belongs to one thread at a time.
    """

    columns: tuple[str, ...]
    """The names of the columns."""

    def __init__(self, store: int, query: str, params: SqlParams, timeout: Optional[float], page_rows: int) -> None:
        text = _text(query, "a query")
        if not 0 < page_rows < 2**32:
            raise invalid(f"page_rows is a number from 1 on, not {page_rows!r}")
        given = _params(params)
        array = (ffi.SqlParam * len(given))(*given)
        options = ffi.SqlOptions(
            struct_size=sizeof(ffi.SqlOptions), max_rows=page_rows, timeout_ms=_milliseconds(timeout)
        )
        page, cursor = c_void_p(), c_void_p()
        ffi.call(ffi.sql_query, store, text, len(text), array, len(given), byref(options), byref(page), byref(cursor))
        super().__init__(cursor.value or 0, ffi.sql_free)
        self._page_rows = page_rows
        self.columns = tuple(
            string_at(name, length).decode() for name, length in unpack(_COLUMN, ffi.sql_rows_columns, page.value or 0)
        )
        self._take(page.value or 0)

    def __iter__(self) -> Iterator[tuple[SqlValue, ...]]:
        return self

    def __next__(self) -> tuple[SqlValue, ...]:
        row = next(self._rows, None)
        if row is None and self._more:
            self._take(ffi.make(ffi.sql_next, self._handle, self._page_rows))
            row = next(self._rows, None)
        if row is None:
            raise StopIteration
        return row

    def dicts(self) -> Iterator[dict[str, SqlValue]]:
        """The rows as dicts by the names of the columns."""
        for row in self:
            yield dict(zip(self.columns, row))

    def _take(self, page: int) -> None:
        """Copies a page, which ends here."""
        try:
            self._more = bool(ffi.sql_rows_more(page))
            count = c_size_t()
            first = ffi.sql_rows_values(page, byref(count))
            size = count.value * len(self.columns) * _VALUE.size
            values = [_value(*value) for value in _VALUE.iter_unpack(string_at(first, size) if first else b"")]
        finally:
            ffi.sql_rows_free(page)
        self._rows = zip(*[iter(values)] * len(self.columns))


def _value(kind: int, _reserved: int, integer: int, real: float, data: int, length: int) -> SqlValue:
    if kind == _INTEGER:
        return integer
    if kind == _REAL:
        return real
    if kind == _TEXT:
        return string_at(data, length).decode()
    return string_at(data, length) if kind == _BLOB else None


def _params(params: SqlParams) -> list[ffi.SqlParam]:
    if isinstance(params, Mapping):
        named = [(_text(name, "the name of a parameter"), value) for name, value in params.items()]
        return [_param(value, name=name, name_len=len(name)) for name, value in named]
    if isinstance(params, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"params are a mapping or a sequence of values, not {type(params).__name__}")
    return [_param(value) for value in params]


def _param(value: SqlParam, **name: object) -> ffi.SqlParam:
    if value is None:
        return ffi.SqlParam(**name)
    if isinstance(value, int):
        return ffi.SqlParam(kind=_INTEGER, integer=to_int64(value), **name)
    if isinstance(value, float):
        return ffi.SqlParam(kind=_REAL, real=value, **name)
    data = to_bytes(value)
    return ffi.SqlParam(kind=_TEXT if isinstance(value, str) else _BLOB, data=data, len=len(data), **name)


def _text(text: str, what: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {type(text).__name__}")
    return text.encode()


def _milliseconds(timeout: Optional[float]) -> int:
    if timeout is None:
        return 0
    if not 0 < timeout <= 2**31 / 1000:
        raise invalid(f"a timeout is a positive number of seconds, or None for the default, not {timeout!r}")
    return math.ceil(timeout * 1000)
