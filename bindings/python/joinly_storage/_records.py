"""Dataclasses as rows of tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Optional, TypeVar, Union, get_type_hints

from ._columns import column_type, to_json, unwrap
from ._errors import invalid

if TYPE_CHECKING:
    from ._tables import Condition
    from .database import Table

Self = TypeVar("Self", bound="Record")
_METADATA = {"primary_key", "nullable", "unique", "index", "formerly"}


class Record:
    """What a class gets that `table` decorates; a class that inherits it is also known to type checkers.

    Rows are instances of the class. Conditions and keywords are as in `Table`.
    """

    if TYPE_CHECKING:
        table: ClassVar[Table]
        """The table."""
        _enums: ClassVar[dict[str, Callable[[Any], Any]]]

    @classmethod
    def insert(cls: type[Self], record: Optional[Self] = None, /, **values: Any) -> Self:
        """Inserts an instance, or one of these values; returns it with the values that it did not have."""
        row = values if record is None else {**_values(record), **values}
        inserted: Self = _instance(cls, cls.table.insert(_complete(cls, row)))
        return inserted

    @classmethod
    def insert_many(cls: type[Self], records: Iterable[Union[Self, Mapping[str, Any]]]) -> list[Self]:
        """Inserts instances or their values, all of them or none."""
        rows = (_complete(cls, it if isinstance(it, Mapping) else _values(it)) for it in records)
        return [_instance(cls, row) for row in cls.table.insert_many(rows)]

    @classmethod
    def get(cls: type[Self], key: Any) -> Optional[Self]:
        """The one of a primary key, or None."""
        row = cls.table.get(key)
        return None if row is None else _instance(cls, row)

    @classmethod
    def select(
        cls: type[Self],
        *where: Condition,
        order_by: Union[str, Sequence[str]] = (),
        limit: Optional[int] = None,
        **equal: Any,
    ) -> list[Self]:
        """Those that pass, as a list."""
        return list(cls.stream(*where, order_by=order_by, limit=limit, **equal))

    @classmethod
    def stream(cls: type[Self], *where: Condition, **options: Any) -> Iterator[Self]:
        """The same, read as they are asked for; see `Table.stream`."""
        return (_instance(cls, row) for row in cls.table.stream(*where, **options))

    @classmethod
    def count(cls, *where: Condition, **equal: Any) -> int:
        """How many pass."""
        return cls.table.count(*where, **equal)

    @classmethod
    def update(cls: type[Self], key: Any, /, **values: Any) -> Self:
        """Gives the one of a primary key new values and returns it; raises `NotFound` when there is none."""
        updated: Self = _instance(cls, cls.table.update(key, **values))
        return updated

    @classmethod
    def update_where(cls, where: Sequence[Condition], **values: Any) -> int:
        """Gives those that pass new values, all of them or none; returns how many there were."""
        return cls.table.update_where(where, **values)

    @classmethod
    def delete(cls, key: Any) -> bool:
        """Deletes the one of a primary key; whether there was one."""
        return cls.table.delete(key)

    @classmethod
    def delete_where(cls, where: Sequence[Condition]) -> int:
        """Deletes those that pass, all of them or none; returns how many there were. No condition: all."""
        return cls.table.delete_where(where)

    @classmethod
    def lock(cls, *, ttl: float = 30.0, timeout: Optional[float] = None) -> AbstractContextManager[None]:
        """Holds the lock of the table while a block runs; see `Tables.lock`."""
        return cls.table.lock(ttl=ttl, timeout=timeout)


_METHODS = {name: it for name, it in vars(Record).items() if isinstance(it, classmethod)}


def schema_of(cls: type, name: str) -> dict[str, Any]:
    """The schema of a table that a dataclass describes."""
    if not dataclasses.is_dataclass(cls):
        raise invalid(f"{cls.__name__} is no dataclass: put @dataclass below @table")
    hints = _hints(cls)
    columns = {field.name: _column(cls, field, hints[field.name]) for field in dataclasses.fields(cls)}
    return {"table_name": name, "schema": columns}


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls)
    except NameError as error:
        raise invalid(f"{cls.__name__}: a type that is no global name of its module: {error}") from error


def _column(cls: type, field: dataclasses.Field[Any], annotation: Any) -> dict[str, Any]:
    what = f"{cls.__name__}.{field.name}"
    column: dict[str, Any] = {"type": column_type(annotation, what)}
    for key, value in field.metadata.items():
        if key not in _METADATA:
            raise invalid(f"{what}: metadata {key!r} means nothing: it may be {', '.join(sorted(_METADATA))}")
        column[key] = value
    if field.default is not dataclasses.MISSING and field.default is not None and not column.get("primary_key"):
        column["default"] = to_json(field.default)
    return column


def as_record(cls: Any, table: Table) -> None:
    """Gives a dataclass the methods of `Record`."""
    if not issubclass(cls, Record):
        taken = [name for name in [*_METHODS, "table"] if name in {field.name for field in dataclasses.fields(cls)}]
        if taken:
            raise invalid(f"{cls.__name__}: {taken[0]!r} is no name for a column of a class: it is that of a method")
        for name, method in _METHODS.items():
            if not hasattr(cls, name):
                setattr(cls, name, method)
    hints = _hints(cls)
    enums = {
        field.name: plain
        for field in dataclasses.fields(cls)
        if isinstance(plain := unwrap(hints[field.name])[0], type) and issubclass(plain, Enum)
    }
    cls.table, cls._enums = table, enums


def _values(record: Any) -> dict[str, Any]:
    """The values of an instance; a primary key that is None is left to the table."""
    row = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    keys = [field.name for field in dataclasses.fields(record) if field.metadata.get("primary_key")]
    return {name: value for name, value in row.items() if value is not None or name not in keys}


def _complete(cls: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with those that the class makes."""
    made = {
        field.name: field.default_factory()
        for field in dataclasses.fields(cls)
        if field.default_factory is not dataclasses.MISSING and field.name not in values
    }
    return {**values, **made}


def _instance(cls: Any, row: Mapping[str, Any]) -> Any:
    enums: Mapping[str, Callable[[Any], Any]] = cls._enums
    values = {name: enums[name](it) if name in enums and it is not None else it for name, it in row.items()}
    fields = dataclasses.fields(cls)
    made = cls(**{field.name: values[field.name] for field in fields if field.init})
    for field in fields:
        if not field.init:
            object.__setattr__(made, field.name, values[field.name])
    return made
