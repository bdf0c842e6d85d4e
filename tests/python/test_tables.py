from __future__ import annotations

import json
import threading
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from joinly_storage import Busy, Exists, Invalid, NotFound, Store, TooLarge, WrongType
from support import run_python

STUDENT: dict[str, Any] = {
    "table_name": "student",
    "schema": {
        "id": {"type": "int", "primary_key": True},
        "name": {"type": "str", "nullable": False},
        "email": {"type": "str", "unique": True},
        "gpa": {"type": "float", "default": 0.0},
    },
}


TAKE = """
import sys, joinly_storage
try:
    with joinly_storage.open(sys.argv[1]).tables.lock("student", timeout=0):
        print("mine")
except joinly_storage.Busy:
    print("busy")
"""


@pytest.fixture
def students(store: Store) -> Store:
    store.tables.create(STUDENT)
    rows = [{"name": "Alice", "gpa": 3.8, "email": "a"}, {"name": "Bob", "gpa": 2}, {"name": "Carol", "gpa": 3.9}]
    assert [row["id"] for row in store.tables.insert_many("student", rows)] == [1, 2, 3]
    return store


def test_rows_are_inserted_and_found(students: Store) -> None:
    tables = students.tables
    assert tables.names() == ["student"]
    assert list(tables.schema("student")["schema"]) == ["id", "name", "email", "gpa"]
    alice = {"id": 1, "name": "Alice", "email": "a", "gpa": 3.8}
    assert tables.get("student", 1) == alice
    assert tables.get("student", 9) is None
    assert students["table:student:0000000000000000001"] == json.dumps(alice, separators=(",", ":")).encode()
    names = [row["name"] for row in tables.select("student", [("gpa", ">", 3)], order_by=["-gpa"])]
    assert names == ["Carol", "Alice"]
    assert [row["id"] for row in tables.select("student", order_by="-id", limit=2, page_rows=1)] == [3, 2]
    either = {"any": [("name", "=", "Bob"), ("email", "exists")]}
    assert tables.count("student", [either, ("id", "in", (1, 2, 3)), ("name", "!=", "Carol")]) == 2
    assert tables.update("student", [("id", "=", 2)], {"gpa": 3}) == 1
    assert tables.delete("student", [("gpa", "<", 3.5)]) == 1
    assert tables.stats("student")["records"] == 2


def test_what_breaks_a_constraint_is_named(students: Store) -> None:
    tables, version = students.tables, students.version
    with pytest.raises(Exists, match='row 1: table student, column email: row 1 has "a" already'):
        tables.insert_many("student", [{"name": "D"}, {"name": "E", "email": "a"}])
    with pytest.raises(WrongType, match="table student, column name: null"):
        tables.insert("student", {"email": "b"})
    with pytest.raises(Invalid, match='no column "age"'):
        tables.insert("student", {"name": "F", "age": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        tables.insert("student", {"name": "F", "gpa": float("nan")})
    with pytest.raises(NotFound, match="there is no table"):
        tables.insert("nobody", {})
    with pytest.raises(NotFound, match="there is no table"):
        list(tables.select("nobody"))
    with pytest.raises(TooLarge):
        tables.insert("student", {"name": "F", "email": "x" * 600})
    assert students.version == version


def test_every_type_comes_back(store: Store) -> None:
    kinds = ["int", "float", "str", "bool", "bytes", "date", "datetime", "json"]
    store.tables.create({"table_name": "t", "schema": {kind: {"type": kind} for kind in kinds}})
    moment = datetime(2026, 1, 22, 20, 31, 17, 592172)
    row = {
        "int": -(2**63),
        "float": 0.1 + 0.2,
        "str": "ünï\0",
        "bool": True,
        "bytes": b"\0\xff",
        "date": date(2024, 2, 29),
        "datetime": moment,
        "json": {"a": [1, None]},
    }
    assert store.tables.insert("t", row) == row
    assert list(store.tables.select("t", [("datetime", "=", moment), ("bytes", "=", b"\0\xff")])) == [row]
    there = moment.replace(tzinfo=timezone(timedelta(hours=2)))
    assert store.tables.insert("t", {"datetime": there})["datetime"] == there
    assert store.tables.insert("t", {}) == dict.fromkeys(kinds)


def test_schemas_evolve(students: Store) -> None:
    tables = students.tables
    columns = {**STUDENT["schema"], "grade": {"type": "float", "formerly": "gpa"}, "year": {"type": "int"}}
    del columns["gpa"]
    assert tables.create({"table_name": "student", "schema": columns})["version"] == 1
    assert tables.get("student", 1) == {"id": 1, "name": "Alice", "email": "a", "grade": 3.8, "year": None}
    with pytest.raises(Exists, match="column grade is missing here"):
        tables.create(STUDENT)
    narrow = {"table_name": "student", "schema": {"id": {"type": "int", "primary_key": True}}}
    tables.evolve(narrow)
    assert tables.get("student", 1) == {"id": 1}
    tables.drop("student")
    assert tables.names() == []


def test_transactions_have_tables(students: Store) -> None:
    with pytest.raises(RuntimeError), students.transaction() as txn:
        txn.tables.insert("student", {"name": "D"})
        assert txn.tables.count("student") == 4
        raise RuntimeError
    assert students.tables.count("student") == 3
    # More than one call takes, and still all or none.
    many = [{"name": "x" * 1_000_000} for _ in range(9)]
    with pytest.raises(Exists):
        students.tables.insert_many("student", [*many, {"name": "x", "email": "a"}])
    assert students.tables.count("student") == 3
    assert len(students.tables.insert_many("student", many)) == 9


def test_tables_are_exported_imported_and_copied(students: Store, memory: Store, tmp_path: Path) -> None:
    path = tmp_path / "students.json"
    assert students.tables.export("student", path) == 3
    written = json.loads(path.read_text())
    assert list(written) == ["table", "records", "count", "exported_at", "schema"]
    assert memory.tables.import_(path) == 3
    assert list(memory.tables.select("student")) == list(students.tables.select("student"))
    with pytest.raises(NotFound):
        memory.tables.import_(tmp_path / "nothing.json")
    with pytest.raises(Exists):
        students.tables.copy_to(memory.tables)
    memory.tables.drop("student")
    assert students.tables.copy_to(memory.tables) == {"student": 3}
    assert memory.tables.check("student") == 3


def test_tables_are_sql(students: Store) -> None:
    assert list(students.sql("SELECT name FROM student WHERE gpa > ? ORDER BY gpa", [3])) == [("Alice",), ("Carol",)]


def test_locks_take_turns(students: Store, path: Path) -> None:
    with students.tables.lock("student"):
        with pytest.raises(Busy), students.tables.lock("student", timeout=0.05):
            pass
        assert run_python(TAKE, path) == "busy\n"
    turns: list[int] = []

    def take(number: int) -> None:
        with students.tables.lock("student", timeout=60):
            turns.extend([number, number])

    threads = [threading.Thread(target=take, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns[::2]) == [0, 1, 2]
    assert turns[::2] == turns[1::2]
