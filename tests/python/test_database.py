"""Tables of dataclasses, and the blocks of data/database.md, run as written."""

from __future__ import annotations

import enum
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, make_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Optional

import pytest
from joinly_storage import Busy, Closed, Exists, Invalid, NotFound, WrongType
from joinly_storage.database import Database, Record, table
from support import run_python

GUIDE = Path(__file__).with_name("data") / "database.md"


@pytest.fixture(params=["memory", "jsonl", "sqlite"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "memory":
        made = Database("university")
    else:
        made = Database("university", persist=True, base_path=tmp_path, engine=request.param)
    with made:
        yield made


class Level(enum.Enum):
    BACHELOR = "b"
    MASTER = "m"


def declare(db: Database) -> Any:
    @table(db=db)
    @dataclass
    class Student(Record):
        id: Optional[int] = field(default=None, metadata={"primary_key": True})
        name: str = field(default="?", metadata={"nullable": False})
        email: Optional[str] = field(default=None, metadata={"unique": True})
        gpa: float = 0.0
        born: Optional[date] = None
        level: Level = Level.BACHELOR
        tags: list[str] = field(default_factory=list)

    return Student


def test_a_dataclass_is_a_table(db: Database) -> None:
    Student = declare(db)
    alice = Student.insert(name="Alice", gpa=3.8, born=date(2000, 2, 29), level=Level.MASTER, tags=["x"])
    assert alice == Student(1, "Alice", None, 3.8, date(2000, 2, 29), Level.MASTER, ["x"])
    assert Student.insert(Student(name="Bob")) == Student(2, "Bob", None, 0.0, None, Level.BACHELOR, [])
    assert Student.insert_many([Student(name="Carol", email="c"), {"name": "Dan"}])[1].id == 4
    assert Student.get(1) == alice
    assert Student.get(9) is None
    assert Student.select(name="Alice") == Student.select(("gpa", ">", 3)) == [alice]
    assert Student.select(level=Level.MASTER, born=date(2000, 2, 29)) == [alice]
    assert [it.id for it in Student.stream(order_by="-id", page_rows=1)] == [4, 3, 2, 1]
    assert Student.count(("id", "<", 3)) == 2
    assert Student.update(2, gpa=3.5).gpa == 3.5
    assert Student.update(4, id=7).id == 7
    assert Student.update_where([("gpa", "<", 1)], level=Level.MASTER) == 2
    assert Student.delete(2)
    assert not Student.delete(2)
    assert Student.delete_where([("id", "in", [3, 7])]) == 2
    with pytest.raises(NotFound):
        Student.update(2, gpa=1)
    with pytest.raises(WrongType, match="column name"):
        Student.insert(name=None)
    with pytest.raises(Invalid, match="no column"):
        Student.insert(nam="x")
    rows = db.get_table("student")
    assert len(rows) == 1
    assert [row["born"] for row in rows] == [date(2000, 2, 29)]
    assert rows.insert({"name": "Eve"}, gpa=1)["id"] == 8


def test_a_class_that_disagrees_is_refused(db: Database) -> None:
    declare(db)

    @table(db=db, name="student")
    @dataclass
    class More:
        id: int = field(metadata={"primary_key": True})
        name: str = field(metadata={"nullable": False})
        email: str = field(metadata={"unique": True})
        grade: float = field(metadata={"formerly": "gpa"})
        born: Optional[date]
        level: str
        tags: Any
        year: int = 1

    with pytest.raises(Exists, match="column year is missing here"):
        declare(db)

    @dataclass
    class Other:
        id: str = field(metadata={"primary_key": True})

    with pytest.raises(Exists, match="column id is str here, int stored"):
        table(db=db, name="student", drop_columns=True)(Other)
    for wrong in (complex, type("Plain", (), {})):
        with pytest.raises(Invalid, match=r"Bad\.it"):
            table(db=db)(make_dataclass("Bad", [("it", wrong)]))
    with pytest.raises(Invalid, match="no dataclass"):
        table(db=db)(object)


def test_files_are_those_of_the_guide(tmp_path: Path) -> None:
    with Database("university", persist=True, base_path=tmp_path) as db:
        Student = declare(db)
        Student.insert(name="Alice")
        folder = tmp_path / "university"
        # Durable before it is saved: whoever opens the folder next has it.
        assert db.storage is not None
        assert "Alice" in (folder / "wal/transaction.log").read_text()
        shutil.copytree(folder, tmp_path / "copy")
        db.save()
        assert (folder / "data/student.records").read_text().count("\n") == 1
        schema = json.loads((folder / "schema/student.schema.json").read_text())
        assert schema["schema"]["id"] == {"type": "int", "primary_key": True, "nullable": True, "unique": False}
        Student.update(1, name="Ada")
        operations = [operation for operation in db.storage.replay_wal() if operation["table"] == "student"]
        assert [operation["operation"] for operation in operations] == ["CREATE_TABLE", "INSERT", "UPDATE"]
        assert operations[2]["record"]["name"] == "Ada"
        assert operations[2]["old_record"]["name"] == "Alice"
        disk = db.get_stats()["disk"]
        assert disk["tables"]["student"]["records"] == 1
        assert disk["total_size_bytes"] > disk["tables"]["student"]["size_bytes"] > 0
    with Database("copy", persist=True, base_path=tmp_path) as db:
        assert db.load() == ["student"]
        assert [row["name"] for row in db.get_table("student")] == ["Alice"]


def test_lines_that_were_added_by_hand_are_rows(tmp_path: Path) -> None:
    with Database("u", persist=True, base_path=tmp_path) as db:
        declare(db).insert(name="Alice", email="a")
        db.save()
    records = tmp_path / "u/data/student.records"
    with records.open("a") as file:
        file.write('{"id": 7, "name": "Hand", "email": "h"}\n')
    with Database("u", persist=True, base_path=tmp_path) as db:
        db.load()
        Student = declare(db)
        assert [student.name for student in Student.select()] == ["Alice", "Hand"]
        assert Student.insert(name="Next").id == 8
        with pytest.raises(Exists, match="row 7 has"):
            Student.insert(name="Other", email="h")
    records.write_text('{"id": 1, "name": 5}\n')
    with Database("u", persist=True, base_path=tmp_path) as db, pytest.raises(WrongType, match="row 1: column name"):
        db.load()


def test_databases_of_one_place_share_it(tmp_path: Path) -> None:
    one = Database("u", persist=True, base_path=tmp_path)
    other = Database("u", persist=True, base_path=tmp_path)
    Student = declare(one)
    Student.insert(name="Alice")
    one.close()
    one.close()
    assert len(other.get_table("student")) == 1
    with pytest.raises(Closed):
        Student.insert(name="Bob")
    program = "import sys; from joinly_storage.database import Database; from joinly_storage import Busy\n"
    program += (
        "try:\n Database('u', persist=True, base_path=sys.argv[1])\n print('opened')\nexcept Busy:\n print('busy')"
    )
    assert run_python(program, tmp_path) == "busy\n"
    other.close()
    assert run_python(program, tmp_path) == "opened\n"


def test_what_is_not_saved_by_hand_saves_itself(tmp_path: Path) -> None:
    with Database("u", persist=True, base_path=tmp_path, auto_save=True) as db:
        declare(db).insert(name="Alice")
        assert "Alice" in (tmp_path / "u/data/student.records").read_text()


def test_copies_and_files_bring_everything_back(db: Database, tmp_path: Path) -> None:
    Student = declare(db)
    Student.insert_many([{"name": str(number), "gpa": number / 7} for number in range(50)])
    assert db.export_table("student", tmp_path / "exports/students.json") == 50
    for engine in ("jsonl", "sqlite"):
        with Database("copy", persist=True, base_path=tmp_path / engine, engine=engine) as copy:
            assert db.copy_to(copy) == {"student": 50}
            assert copy.get_table("student").select() == db.get_table("student").select()
            copy.drop_table("student")
            assert copy.import_table(tmp_path / "exports/students.json") == 50
            assert [vars(student) for student in declare(copy).stream()] == [vars(it) for it in Student.select()]
            assert copy.get_table("student").select() == db.get_table("student").select()


def test_locks_of_tables(db: Database) -> None:
    Student = declare(db)
    with Student.lock(), pytest.raises(Busy), db.get_table("student").lock(timeout=0):
        pass


def test_names_stay_inside_their_folder(tmp_path: Path) -> None:
    for name in ("", ".", "..", "a/b", "a\\b", "a\0"):
        with pytest.raises(Invalid):
            Database(name, persist=True, base_path=tmp_path)
    with Database("ünï 100%?#&", persist=True, base_path=tmp_path) as db:
        declare(db)
        assert (tmp_path / "ünï 100%?#&" / "wal").is_dir()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)


def test_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks("python"):
        if "for student in students" in block:
            names["students"] = [{"name": "Carol"}, {"name": "Dan"}]
        exec(block.replace("/var/lib/myapp/data", str(tmp_path / "elsewhere")), names)
        if 'Student.insert(name="Bob"' in block:
            assert (tmp_path / "data/university/data/student.records").read_text().count("\n") == 2
        if "db.load()" in block:
            assert [student["name"] for student in names["students"]] == ["Alice", "Bob"]
        if "replay_wal" in block:
            told = [re.sub(r"^[-\d]+T[:.\d]+: ", "", line) for line in capsys.readouterr().out.splitlines()]
            assert [line for line in told if line.endswith("student")][:2] == [
                "CREATE_TABLE on student",
                "INSERT on student",
            ]
    assert names["db"].path == tmp_path / "elsewhere/mydb"
    assert names["Student"].count() == 6
    assert json.loads((tmp_path / "exports/students.json").read_text())["count"] == 2
    names["Student"].table.database.save()
    printed = []
    for block in blocks("bash"):
        if "data/university" not in block:
            continue
        block = block.replace("python -m", f"{sys.executable} -m")
        done = subprocess.run(["sh", "-ec", block], capture_output=True, text=True, check=True, timeout=60)
        printed.append(done.stdout)
    schema, records, count, found, _wal = printed
    assert json.loads(schema)["table_name"] == "student"
    assert records.count("\n") == int(count.split()[0]) == 6
    assert json.loads(found)["name"] == "Alice"
