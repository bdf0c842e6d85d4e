"""The tables of a store."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import byref, c_uint8, c_uint64
from typing import TYPE_CHECKING, Any, Optional, Union, cast

from . import _ffi as ffi
from . import _pages
from . import _table_ffi as table_ffi
from ._args import to_text, to_ttl
from ._columns import read_row, readers, to_json
from ._errors import Busy, NotFound, invalid
from ._model import Model
from ._structs import document, take_json, text

if TYPE_CHECKING:
    from ._store import Store

Row = dict[str, Any]
Condition = Union[tuple[str, str], tuple[str, str, Any], Mapping[str, Any]]
"""A column, an operator and a value: `("gpa", ">", 3.5)`. Operators: = != < <= > >= in not-in exists contains prefix.
Or alternatives, of which one must hold: `{"any": [condition, ...]}`."""

# A call takes at most 16 MiB of rows.
_CHUNK_BYTES = 8 << 20
_PAUSES = (0.005, 0.1)


class Tables(Model):
    """The tables of a store, or of a transaction: `store.tables`, `txn.tables`.

    Rows are dicts with a value for every column: int, float, str, bool, bytes, date, datetime, None, and what JSON has.
    A schema is a dict as `joinly_table_create` of the C header describes it. Tables are made, changed and dropped
    outside of transactions. Usable from any thread, except within a transaction.
    """

    def create(self, schema: Mapping[str, Any]) -> Row:
        """Makes a table; or, where there is one, gives it the columns and wider types that it lacks.

        Returns the schema as it is stored. Raises `Exists`, which tells the differences, for one that the rows cannot
        follow.
        """
        return take_json(ffi.make(table_ffi.create, self._scope[0], *document(schema)))  # type: ignore[no-any-return]

    def evolve(self, schema: Mapping[str, Any]) -> Row:
        """The same, and drops the columns that the schema does not have."""
        return take_json(ffi.make(table_ffi.evolve, self._scope[0], *document(schema)))  # type: ignore[no-any-return]

    def drop(self, table: str) -> None:
        """Drops a table with all its rows; raises `NotFound` when there is none."""
        ffi.call(table_ffi.drop, self._scope[0], *text(table))

    def names(self) -> list[str]:
        """The names of the tables, in order."""
        return self._document(table_ffi.names)  # type: ignore[no-any-return]

    def schema(self, table: str) -> Row:
        """The schema of a table; raises `NotFound` when there is none."""
        return self._document(table_ffi.schema, *text(table))  # type: ignore[no-any-return]

    def insert(self, table: str, row: Mapping[str, Any]) -> Row:
        """Inserts a row; returns it with the values that it did not have: numbers and defaults."""
        return self.insert_many(table, [row])[0]

    def insert_many(self, table: str, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
        """Inserts rows, all of them or none; raises what names the table, row and column that cannot be."""
        chunks = list(_chunks(rows))
        if len(chunks) > 1 and self._scope[1] is None:
            store = cast("Store", self._owner)
            return store.run_transaction(lambda txn: txn.tables._insert(table, chunks))
        return self._insert(table, chunks)

    def _insert(self, table: str, chunks: list[bytes]) -> list[Row]:
        read = self._readers(table)
        inserted: list[Row] = []
        for chunk in chunks:
            inserted += self._document(table_ffi.insert, *text(table), chunk, len(chunk))
        return [read_row(row, read) for row in inserted]

    def get(self, table: str, key: Any) -> Optional[Row]:
        """The row of a primary key, or None; of a table without one by its number, from 1 on."""
        row = self._document(table_ffi.get, *text(table), *document(to_json(key)))
        return None if row is None else read_row(row, self._readers(table))

    def select(
        self,
        table: str,
        where: Sequence[Condition] = (),
        *,
        order_by: Union[str, Sequence[str]] = (),
        limit: Optional[int] = None,
        page_rows: int = 256,
    ) -> Iterator[Row]:
        """The rows that pass every condition, read as they are asked for, a page of `page_rows` at a time.

        order_by: names of columns, with a minus before them for the greatest first; by primary key unless given. Then a
        page reads every row that passes.
        """
        if not 0 < page_rows < 2**32:
            raise invalid(f"page_rows is a number from 1 on, not {page_rows!r}")
        if limit is not None and limit <= 0:
            return
        read = self._readers(table)
        orders = [order_by] if isinstance(order_by, str) else order_by
        query = table_ffi.TableQuery(limit=page_rows if limit is None else min(page_rows, limit))
        query.documents(
            filter=_filter(where) or None,
            order=[{"column": order.lstrip("-"), "descending": order.startswith("-")} for order in orders] or None,
        )
        left = -1 if limit is None else limit
        for page in _pages.pages(table_ffi.select, *self._scope, *text(table), options=query):
            for data in _pages.values(page):
                yield read_row(json.loads(data or b"{}"), read)
                left -= 1
                if left == 0:
                    return

    def count(self, table: str, where: Sequence[Condition] = ()) -> int:
        """How many rows pass every condition."""
        return self._count(table_ffi.count, *self._scope, *text(table), *_conditions(where))

    def update(self, table: str, where: Sequence[Condition], values: Mapping[str, Any]) -> int:
        """Gives the rows that pass new values, all of them or none; returns how many there were."""
        changes = document({name: to_json(value) for name, value in values.items()})
        return self._count(table_ffi.update, *self._scope, *text(table), *_conditions(where), *changes)

    def delete(self, table: str, where: Sequence[Condition]) -> int:
        """Deletes the rows that pass, all of them or none; returns how many there were. No condition: every row."""
        return self._count(table_ffi.delete, *self._scope, *text(table), *_conditions(where))

    def export(self, table: str, path: Union[str, os.PathLike[str]]) -> int:
        """Writes a table to a file: {"table", "records", "count", "exported_at", "schema"}. Returns the count."""
        return self._count(table_ffi.export, self._scope[0], *text(table), to_text(path, "a path"))

    def import_(self, path: Union[str, os.PathLike[str]]) -> int:
        """Inserts the rows of such a file, all of them or none, into its table, which is made if need be."""
        return self._count(table_ffi.import_, self._scope[0], to_text(path, "a path"))

    def copy_to(self, target: Tables) -> dict[str, int]:
        """Copies every table into another store, of any engine, that has none of their names: all of them or none.

        Returns the number of rows by table; they are counted in the target before it shows them.
        """
        return dict(take_json(ffi.make(table_ffi.copy, self._scope[0], target._scope[0])))

    def stats(self, table: str) -> dict[str, int]:
        """Counts a table's "records", "size_bytes" (as lines of JSON) and "columns"."""
        return take_json(ffi.make(table_ffi.stats, self._scope[0], *text(table)))  # type: ignore[no-any-return]

    def check(self, table: str) -> int:
        """Reads every row, checks it, and puts right what hand-edited files left behind; returns how many there are."""
        return self._count(table_ffi.check, self._scope[0], *text(table))

    @contextmanager
    def lock(self, table: str, *, ttl: float = 30.0, timeout: Optional[float] = None) -> Iterator[None]:
        """Holds the lock of a table while the block runs, at most `ttl` seconds, across threads and processes.

        It is for work of many calls, and hinders only who asks for it too: single calls need no lock. Raises `Busy`
        when others held it for `timeout` seconds; None: waits as long as it takes.
        """
        owner = text(f"{os.getpid()}-{uuid.uuid4()}")
        name, life = text(table), to_ttl(ttl)
        deadline = None if timeout is None else time.monotonic() + timeout
        pause, longest = _PAUSES
        while True:
            try:
                ffi.call(table_ffi.lock, self._scope[0], *name, *owner, life)
                break
            except Busy:
                if deadline is not None and time.monotonic() >= deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, longest)
        try:
            yield
        finally:
            had = c_uint8()
            ffi.call(table_ffi.unlock, self._scope[0], *name, *owner, byref(had))

    def _readers(self, table: str) -> dict[str, Any]:
        return readers(self.schema(table))

    def _count(self, function: Any, *arguments: object) -> int:
        out = c_uint64()
        if not ffi.call(function, *arguments, byref(out)):
            raise NotFound(ffi.NOT_FOUND, "it is not there")
        return out.value


def _filter(where: Sequence[Condition]) -> list[Mapping[str, Any]]:
    return [_condition(condition) for condition in where]


def _condition(condition: Condition) -> Mapping[str, Any]:
    if isinstance(condition, Mapping):
        return {"any": _filter(condition["any"])} if "any" in condition else condition
    if not 2 <= len(condition) <= 3:
        raise invalid(f"a condition is a column, an operator and a value, not {condition!r}")
    test: dict[str, Any] = {"key": condition[0], "op": condition[1]}
    if len(condition) == 3:
        it = condition[2]
        test["value"] = [to_json(item) for item in it] if isinstance(it, (list, tuple, set)) else to_json(it)
    return test


def _conditions(where: Sequence[Condition]) -> tuple[bytes, int]:
    return document(_filter(where))


def _chunks(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Rows as JSON arrays of a size that a call takes."""
    chunk: list[bytes] = []
    size = 0
    for row in rows:
        data, length = document({name: to_json(value) for name, value in row.items()})
        if chunk and size + length > _CHUNK_BYTES:
            yield b"[" + b",".join(chunk) + b"]"
            chunk, size = [], 0
        chunk.append(data)
        size += length + 1
    if chunk:
        yield b"[" + b",".join(chunk) + b"]"
