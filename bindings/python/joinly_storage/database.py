"""Tables of dataclasses, in memory or in files that people can read.

from dataclasses import dataclass, field
from joinly_storage.database import Database, table

db = Database(name="university", persist=True, base_path="./data")

@table(db=db)
@dataclass
class Student:
    id: int = field(metadata={"primary_key": True})
    name: str = field(metadata={"nullable": False})
    gpa: float = 0.0

Student.insert(name="Alice", gpa=3.8)
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Literal, Optional, TypeVar, Union

import joinly_storage

from ._errors import Closed, NotFound, invalid
from ._records import Record, as_record, schema_of
from ._store import Store
from ._tables import Condition, Row, Tables
from ._wal import operations_of_changes, operations_of_folder

__all__ = ["Database", "Record", "Storage", "Table", "table"]

Engine = Literal["jsonl", "sqlite"]
T = TypeVar("T")
Self = TypeVar("Self", bound="Database")


class Database:
    """Tables, in memory or kept by an engine of the library.

    persist: keep them under `base_path`: with the engine "jsonl" in the folder `{base_path}/{name}`, as lines of JSON;
    with "sqlite" in the file `{base_path}/{name}.db`. Every change is durable when its call returns.
    url: a store that is opened instead, see `joinly_storage.open`.
    auto_save: `save` after every change of a table.

    Databases of one place share its store within a process. Usable from any thread. Closed by `close`, by leaving
    `with`, or when it is collected.
    """

    def __init__(
        self,
        name: str = "default",
        persist: bool = False,
        base_path: Union[str, os.PathLike[str]] = "./data",
        *,
        engine: Engine = "jsonl",
        url: Optional[str] = None,
        auto_save: bool = False,
    ) -> None:
        if engine not in ("jsonl", "sqlite"):
            raise invalid(f"the engine is jsonl or sqlite, not {engine!r}")
        if not name or name in (".", "..") or any(sign in name for sign in "/\\\0"):
            raise invalid(f"the name of a database is that of a file or folder, not {name!r}")
        self.name = name
        self.auto_save = auto_save
        self.path: Optional[Path] = None
        """Where it is kept, if it is by name."""
        if url is None and persist:
            base = Path(base_path).absolute()
            base.mkdir(parents=True, exist_ok=True)
            self.path = base / (name if engine == "jsonl" else f"{name}.db")
            url = f"{engine}:{_quoted(self.path)}"
        self._lease = _lease(url or "memory:")
        self._finalizer = weakref.finalize(self, self._lease.end)
        self.storage: Optional[Storage] = None if url is None else Storage(self)
        """What is kept on disk; None in memory."""

    @property
    def store(self) -> Store:
        """The store below: keys and values, transactions, SQL."""
        if not self._finalizer.alive:
            raise Closed(11, "the database was closed")
        return self._lease.store

    @property
    def tables(self) -> Tables:
        """The tables below, by their names."""
        return self.store.tables

    def get_table(self, name: str) -> Table:
        """A table; raises `NotFound` when there is none."""
        self.tables.schema(name)
        return Table(self, name)

    def create_table(self, schema: Mapping[str, Any]) -> Table:
        """Makes a table of a schema, as `Tables.create`."""
        return Table(self, self.tables.create(schema)["table_name"])

    def drop_table(self, name: str) -> None:
        """Drops a table with all its rows."""
        self.tables.drop(name)

    def load(self) -> list[str]:
        """Checks every row of every table that is kept, as after files were edited by hand; returns their names."""
        names = self.tables.names()
        for name in names:
            self.tables.check(name)
        return names

    def save(self) -> None:
        """Writes what the log holds into the files of the tables. Nothing is lost without it: see `Database`."""
        self.store.checkpoint()

    def checkpoint(self) -> None:
        """Saves, archives the log and starts a fresh one."""
        self.store.checkpoint()

    def export_table(self, name: str, path: Union[str, os.PathLike[str]]) -> int:
        """Writes a table to a JSON file, its folders made if need be; returns the number of rows."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return self.tables.export(name, path)

    def import_table(self, path: Union[str, os.PathLike[str]]) -> int:
        """Inserts the rows of a file that `export_table` wrote, all of them or none; returns their number."""
        count = self.tables.import_(path)
        self.changed()
        return count

    def copy_to(self, target: Database) -> dict[str, int]:
        """Copies all tables to another database that has none of their names; see `Tables.copy_to`."""
        return self.tables.copy_to(target.tables)

    def get_stats(self) -> dict[str, Any]:
        """Figures: "name", "tables" ("records" and "columns" of each) and, of a persistent one, "disk":
        "total_size_bytes", and "records" and "size_bytes" of each of its "tables"."""
        figures = {name: self.tables.stats(name) for name in self.tables.names()}
        stats: dict[str, Any] = {
            "name": self.name,
            "tables": {name: {"records": it["records"], "columns": it["columns"]} for name, it in figures.items()},
        }
        if self.storage is not None:
            tables = {name: {"records": it["records"], "size_bytes": it["size_bytes"]} for name, it in figures.items()}
            stats["disk"] = {"total_size_bytes": self.storage.size_bytes(), "tables": tables}
        return stats

    def changed(self) -> None:
        """Saves if every change is to be saved."""
        if self.auto_save:
            self.save()

    def close(self) -> None:
        """Closes it, and the store unless another database of this process has it open."""
        self._finalizer()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


class Storage:
    """What a database keeps on disk."""

    def __init__(self, database: Database) -> None:
        self._database = weakref.ref(database)
        self._path = database.path

    def replay_wal(self) -> list[dict[str, Any]]:
        """The operations that the logs tell, archived ones included, in order: "timestamp" (in UTC), "operation",
        "table", "record", "old_record".

        The engine jsonl keeps all of it. Others keep a list of what changed: then a record is None, and "key" tells it.
        """
        database = self._open()
        if database.store.engine == "jsonl" and self._path is not None:
            return list(operations_of_folder(self._path / "wal"))
        return list(operations_of_changes(database.store))

    def size_bytes(self) -> int:
        """The bytes of its files."""
        if self._path is None:
            stats = self._open().store.stats()
            return stats.file_bytes + stats.wal_bytes
        files = self._path.rglob("*") if self._path.is_dir() else self._path.parent.glob(f"{self._path.name}*")
        return sum(file.stat().st_size for file in files if file.is_file())

    def _open(self) -> Database:
        database = self._database()
        if database is None:
            raise Closed(11, "the database was closed")
        return database


class Table:
    """A table of a database. Its rows are dicts; conditions are as in `Tables.select`.

    Keywords stand for conditions of equality: `select(name="Alice")`.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self.name = name

    @property
    def schema(self) -> Row:
        """The schema, as a schema file has it."""
        return self.database.tables.schema(self.name)

    def insert(self, values: Optional[Mapping[str, Any]] = None, /, **others: Any) -> Row:
        """Inserts a row; returns it with the values that it did not have."""
        return self.insert_many([{**(values or {}), **others}])[0]

    def insert_many(self, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
        """Inserts rows, all of them or none."""
        inserted = self.database.tables.insert_many(self.name, rows)
        self.database.changed()
        return inserted

    def get(self, key: Any) -> Optional[Row]:
        """The row of a primary key, or None."""
        return self.database.tables.get(self.name, key)

    def select(
        self,
        *where: Condition,
        order_by: Union[str, Sequence[str]] = (),
        limit: Optional[int] = None,
        **equal: Any,
    ) -> list[Row]:
        """The rows that pass, as a list."""
        return list(self.stream(*where, order_by=order_by, limit=limit, **equal))

    def stream(
        self,
        *where: Condition,
        order_by: Union[str, Sequence[str]] = (),
        limit: Optional[int] = None,
        page_rows: int = 256,
        **equal: Any,
    ) -> Iterator[Row]:
        """The same, read as they are asked for: as many rows as there are, in little memory."""
        conditions = _conditions(where, equal)
        return self.database.tables.select(self.name, conditions, order_by=order_by, limit=limit, page_rows=page_rows)

    def count(self, *where: Condition, **equal: Any) -> int:
        """How many rows pass."""
        return self.database.tables.count(self.name, _conditions(where, equal))

    def update(self, key: Any, /, **values: Any) -> Row:
        """Gives the row of a primary key new values and returns it; raises `NotFound` when there is none."""
        if not self.update_where([self._is(key)], **values):
            raise NotFound(1, f"table {self.name}: there is no row {key!r}")
        return self.get(values.get(self._primary_key(), key)) or {}

    def update_where(self, where: Sequence[Condition], **values: Any) -> int:
        """Gives the rows that pass new values, all of them or none; returns how many there were."""
        count = self.database.tables.update(self.name, where, values)
        self.database.changed()
        return count

    def delete(self, key: Any) -> bool:
        """Deletes the row of a primary key; whether there was one."""
        return self.delete_where([self._is(key)]) > 0

    def delete_where(self, where: Sequence[Condition]) -> int:
        """Deletes the rows that pass, all of them or none; returns how many there were. No condition: every row."""
        count = self.database.tables.delete(self.name, where)
        self.database.changed()
        return count

    def lock(self, *, ttl: float = 30.0, timeout: Optional[float] = None) -> AbstractContextManager[None]:
        """Holds the lock of the table while a block runs; see `Tables.lock`."""
        return self.database.tables.lock(self.name, ttl=ttl, timeout=timeout)

    def _is(self, key: Any) -> Condition:
        return (self._primary_key(), "=", key)

    def _primary_key(self) -> str:
        for name, column in self.schema["schema"].items():
            if column.get("primary_key"):
                return str(name)
        raise invalid(f"table {self.name} has no primary key: use update_where and delete_where")

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[Row]:
        return self.stream()

    def __repr__(self) -> str:
        return f"<table {self.name} of {self.database.name}>"


def table(db: Database, name: Optional[str] = None, *, drop_columns: bool = False) -> Callable[[type[T]], type[T]]:
    """Makes a dataclass a table of a database, by its name in lower case unless another is given.

    The class gets the methods of `Record`: insert, get, select, update, delete and others. A table that is there
    follows the class where its rows can, and else `Exists` tells the differences; only with `drop_columns` does it
    lose the columns that the class does not have.

    Metadata of fields: `primary_key`, `nullable` (True), `unique`, `index`, `formerly` (the column's name before).
    """

    def decorate(cls: type[T]) -> type[T]:
        schema = schema_of(cls, name or cls.__name__.lower())
        make = db.tables.evolve if drop_columns else db.tables.create
        stored = make(schema)
        as_record(cls, Table(db, stored["table_name"]))
        return cls

    return decorate


class _Lease:
    """One of those who have a store open."""

    def __init__(self, url: str, store: Store) -> None:
        self.url = url
        self.store = store
        self.holders = 1

    def end(self) -> None:
        with _leases_lock:
            self.holders -= 1
            if self.holders == 0:
                if _leases.get((os.getpid(), self.url)) is self:
                    del _leases[os.getpid(), self.url]
                self.store.close()


_leases: dict[tuple[int, str], _Lease] = {}
_leases_lock = threading.RLock()


def _lease(url: str) -> _Lease:
    with _leases_lock:
        lease = _leases.get((os.getpid(), url))
        if lease is not None:
            lease.holders += 1
            return lease
        lease = _Lease(url, joinly_storage.open(url))
        if url != "memory:":
            _leases[os.getpid(), url] = lease
        return lease


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path))


def _conditions(where: Sequence[Condition], equal: Mapping[str, Any]) -> list[Condition]:
    return [*where, *((name, "=", value) for name, value in equal.items())]
