"""Keeps a university in files that people can read, from one run to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from joinly_storage.database import Database, Record, table

with Database(name="university", persist=True, base_path="./data") as db:

    @table(db=db)
    @dataclass
    class Student(Record):
        id: int = field(metadata={"primary_key": True})
        name: str = field(metadata={"nullable": False})
        email: str = field(metadata={"unique": True})
        gpa: float = 0.0

    if Student.count() == 0:
        Student.insert(name="Alice", email="alice@university.edu", gpa=3.8)
        Student.insert(name="Bob", email="bob@university.edu", gpa=3.5)
    else:
        Student.update_where([("name", "=", "Bob")], gpa=3.6)

    db.save()
    print((Path("data/university/data/student.records")).read_text(), end="")

    for operation in db.storage.replay_wal() if db.storage else []:
        if operation["table"]:
            print(f"{operation['operation']} on {operation['table']}: {operation['record']}")
    print(f"{db.export_table('student', 'exports/students.json')} students exported")
    print(f"{db.get_stats()['disk']['total_size_bytes']} bytes on disk")
