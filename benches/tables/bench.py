"""bench.py [--rows N] [--rounds N]: tables beside TinyDB and sqlite-utils.

Each system keeps students in files of its own, appends rows one by one, inserts as many at once, opens what is there
and counts it, and does so after a writer that was killed. Systems take turns in every round. Printed are medians of CPU
microseconds for a row, of the process with its threads.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

Insert = Callable[[list[dict[str, object]]], None]
SCHEMA = {
    "table_name": "student",
    "schema": {
        "id": {"type": "int", "primary_key": True},
        "name": {"type": "str", "nullable": False},
        "email": {"type": "str", "unique": True},
        "gpa": {"type": "float"},
    },
}


def students(first: int, count: int) -> list[dict[str, object]]:
    return [
        {"id": number, "name": f"Student {number}", "email": f"{number}@university.edu", "gpa": number % 40 / 10}
        for number in range(first, first + count)
    ]


class Joinly:
    """One commit for each call, durable against the death of the process."""

    def __init__(self, folder: Path, engine: str) -> None:
        from joinly_storage.database import Database

        self._db = Database("university", persist=True, base_path=folder, engine=engine)
        self._table = self._db.create_table(SCHEMA)

    def insert(self, rows: list[dict[str, object]]) -> None:
        self._table.insert_many(rows)

    def count(self) -> int:
        return len(self._table)

    def close(self) -> None:
        self._db.close()


class SqliteUtils:
    """The same: one transaction for each call, in WAL mode with synchronous=NORMAL."""

    def __init__(self, folder: Path) -> None:
        import sqlite_utils

        self._db = sqlite_utils.Database(folder / "university.db")
        self._db.enable_wal()
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._table = self._db["student"]
        if not self._table.exists():
            self._table.create({"id": int, "name": str, "email": str, "gpa": float}, pk="id", not_null={"name"})
            self._table.create_index(["email"], unique=True)

    def insert(self, rows: list[dict[str, object]]) -> None:
        self._table.insert_all(rows)

    def count(self) -> int:
        return self._table.count

    def close(self) -> None:
        self._db.conn.close()


class Tiny:
    """The file is written anew by each call, without a guard against the death of the process; nothing is unique."""

    def __init__(self, folder: Path) -> None:
        import tinydb

        self._db = tinydb.TinyDB(folder / "university.json")
        self._table = self._db.table("student")

    def insert(self, rows: list[dict[str, object]]) -> None:
        self._table.insert_multiple(rows)

    def count(self) -> int:
        return len(self._table)

    def close(self) -> None:
        self._db.close()


SYSTEMS: dict[str, Callable[[Path], Joinly | SqliteUtils | Tiny]] = {
    "joinly jsonl": lambda folder: Joinly(folder, "jsonl"),
    "joinly sqlite": lambda folder: Joinly(folder, "sqlite"),
    "sqlite-utils": SqliteUtils,
    "tinydb": Tiny,
}
# TinyDB writes all rows for each: it is given fewer, which is to its advantage.
APPENDED_TO_TINYDB = 300


def write_and_die(name: str, folder: Path, rows: int) -> None:
    """What a child does: inserts rows and is killed."""
    SYSTEMS[name](folder).insert(students(1, rows))
    os.kill(os.getpid(), signal.SIGKILL)


def measure(name: str, rows: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    open_system, appended = SYSTEMS[name], rows if name != "tinydb" else min(rows, APPENDED_TO_TINYDB)

    def open_and_count(folder: Path, expected: int) -> None:
        system = open_system(folder)
        assert system.count() == expected
        system.close()

    def cpu_per_row(what: str, count: int, work: Callable[[], object]) -> None:
        start = time.process_time()
        work()
        figures[what] = (time.process_time() - start) / count * 1e6

    with tempfile.TemporaryDirectory() as folder:
        system = open_system(Path(folder))
        single = [[row] for row in students(1, appended)]
        cpu_per_row("append", appended, lambda: [system.insert(row) for row in single])
        bulk = students(appended + 1, rows)
        cpu_per_row("insert_many", rows, lambda: system.insert(bulk))
        system.close()
        cpu_per_row("open and count", appended + rows, lambda: open_and_count(Path(folder), appended + rows))
    with tempfile.TemporaryDirectory() as folder:
        code = f"import bench, pathlib; bench.write_and_die({name!r}, pathlib.Path({folder!r}), {rows})"
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, timeout=600, check=False)

        cpu_per_row("recover and count", rows, lambda: open_and_count(Path(folder), rows))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in SYSTEMS}
    for _ in range(arguments.rounds):
        for name in SYSTEMS:
            rounds[name].append(measure(name, arguments.rows))
    workloads = list(next(iter(rounds.values()))[0])
    print("| CPU µs for a row |", " | ".join(workloads), "|")
    print("| --- |", " | ".join("---:" for _ in workloads), "|")
    for name, figures in rounds.items():
        medians = (statistics.median(figure[workload] for figure in figures) for workload in workloads)
        print(f"| {name} |", " | ".join(f"{median:.2f}" for median in medians), "|")


if __name__ == "__main__":
    main()
