"""What columns hold in Python and as JSON."""

from __future__ import annotations

import base64
import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any, Callable, Literal, Union, get_args, get_origin

from ._errors import invalid

ColumnType = Literal["int", "float", "str", "bool", "bytes", "date", "datetime", "json"]

_TYPES: dict[Any, ColumnType] = {
    int: "int",
    float: "float",
    str: "str",
    bool: "bool",
    bytes: "bytes",
    date: "date",
    datetime: "datetime",
    dict: "json",
    list: "json",
    object: "json",
    Any: "json",
    Mapping: "json",
    Sequence: "json",
}


def to_json(value: Any) -> Any:
    """A value as the library takes it."""
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(timezone.utc)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _to_bytes(value: str) -> bytes:
    return base64.b64decode(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "bytes": _to_bytes,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def readers(schema: dict[str, Any]) -> dict[str, Callable[[Any], Any]]:
    """How values of some columns of a schema are read from JSON; those of others are as they are."""
    kinds = {name: column["type"] for name, column in schema["schema"].items()}
    return {name: _READERS[kind] for name, kind in kinds.items() if kind in _READERS}


def read_row(row: dict[str, Any], by_column: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """A row, its values as Python has them."""
    for name, read in by_column.items():
        if row.get(name) is not None:
            row[name] = read(row[name])
    return row


def unwrap(annotation: Any) -> tuple[Any, bool]:
    """A type without `Optional`, and whether it was one."""
    if get_origin(annotation) not in (Union, getattr(types, "UnionType", Union)):
        return annotation, False
    others = [part for part in get_args(annotation) if part is not type(None)]
    return (others[0] if len(others) == 1 else Any), len(others) < len(get_args(annotation))


def column_type(annotation: Any, what: str) -> ColumnType:
    """The type of the column that a field is."""
    plain, _ = unwrap(annotation)
    if isinstance(plain, type) and issubclass(plain, Enum):
        kinds = {_TYPES.get(type(member.value)) for member in plain}
        if len(kinds) == 1 and (kind := kinds.pop()):
            return kind
        raise invalid(f"{what}: the values of {plain.__name__} are not of one type that columns have")
    plain = get_origin(plain) or plain
    found = _TYPES.get(plain)
    if found is None:
        raise invalid(f"{what}: no column has the type {annotation!r}")
    return found
