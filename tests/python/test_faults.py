from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Corrupt, Io, NotADatabase, NotFound, ReadOnly
from support import run_python

posix_permissions = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"some notes, not a database\n" * 500)
    with pytest.raises(NotADatabase, match="not a database"):
        joinly_storage.open(path)
    assert path.read_bytes().startswith(b"some notes")


def test_another_program_s_database(path: Path) -> None:
    run_python("import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('create table t(a)')", path)
    with pytest.raises(NotADatabase):
        joinly_storage.open(path)


def test_a_damaged_page_is_found_and_the_rest_is_kept(path: Path) -> None:
    with joinly_storage.open(path, compress_level=-1) as store:
        store.update((f"k{number:04}", os.urandom(500)) for number in range(1000))
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(16, size // 4096, 4):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    with joinly_storage.open(path) as store:
        with pytest.raises(Corrupt) as caught:
            store.verify()
        assert caught.value.message
        with pytest.raises(Corrupt):
            store["new"] = "v"
        kept = 0
        for number in range(1000):
            with suppress(Corrupt):
                kept += len(store[f"k{number:04}"]) == 500
        assert 0 < kept < 1000


def test_no_such_directory(tmp_path: Path) -> None:
    with pytest.raises(Io, match="missing"):
        joinly_storage.open(tmp_path / "missing" / "game.db")


def test_must_exist(path: Path) -> None:
    with pytest.raises(NotFound, match=r"game\.db"):
        joinly_storage.open(path, must_exist=True)
    assert not path.exists()


def test_read_only(path: Path) -> None:
    with joinly_storage.open(path) as store:
        store["k"] = "v"
    with joinly_storage.open(path, read_only=True) as store:
        assert store["k"] == b"v"
        assert list(store.items()) == [(b"k", b"v")]
        for write in (lambda: store.set("k", "w"), lambda: store.delete("k"), lambda: store.add("n")):
            with pytest.raises(ReadOnly):
                write()
        with store.transaction() as txn:
            assert txn["k"] == b"v"
        with pytest.raises(ReadOnly), store.batch() as batch:
            batch.set("k", "w")
    with pytest.raises(NotFound):
        joinly_storage.open(path.with_name("other.db"), read_only=True)


# Opens what is in a directory as somebody who may not write there.
STRANGER = """
import os, sys, joinly_storage
if os.getuid() == 0:
    os.setuid(65534)
for name, read_only in (("old.db", True), ("old.db", False), ("new.db", False)):
    try:
        with joinly_storage.open(sys.argv[1] + "/" + name, read_only=read_only) as store:
            print(store["k"].decode())
            store["k"] = "changed"
    except joinly_storage.ReadOnly as error:
        print(error.message)
"""


@pytest.fixture
def read_only_directory() -> Iterator[Path]:
    """Holds old.db, where k is v. Not in tmp_path, into which no other user may look."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with joinly_storage.open(directory / "old.db") as store:
            store["k"] = "v"
        (directory / "old.db").chmod(0o444)
        directory.chmod(0o555)
        yield directory
        directory.chmod(0o755)


@posix_permissions
def test_a_read_only_directory(read_only_directory: Path) -> None:
    read, write, create = run_python(STRANGER, read_only_directory).splitlines()
    for message in (read, write):
        assert "old.db: " in message
        assert "open it first and keep it open, or permit writing in the directory" in message
    assert "new.db: create the file: " in create


@posix_permissions
@pytest.mark.skipif(sys.platform != "win32" and os.getuid() != 0, reason="needs a second user")
def test_a_read_only_directory_where_a_writer_is(read_only_directory: Path) -> None:
    with joinly_storage.open(read_only_directory / "old.db") as store:
        store["k"] = "new"
        out = run_python(STRANGER, read_only_directory).splitlines()
    assert out[:3:2] == ["new", "new"]
    assert out[1] == "the store was opened with read_only"
    assert "write: attempt to write a readonly database" in out[3]


@posix_permissions
def test_the_file_is_private(path: Path) -> None:
    joinly_storage.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
