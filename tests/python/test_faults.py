from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Corrupt, Io, NotADatabase, NotFound, ReadOnly
from support import run_python


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


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_a_read_only_directory() -> None:
    code = """
import os, sys, joinly_storage
if os.getuid() == 0:
    os.setuid(65534)
with joinly_storage.open(sys.argv[1] + "/old.db", read_only=True) as store:
    assert store["k"] == b"v"
for name in ("old.db", "new.db"):
    try:
        joinly_storage.open(sys.argv[1] + "/" + name)["k"] = "w"
    except joinly_storage.ReadOnly:
        print("refused", name)
"""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with joinly_storage.open(directory / "old.db") as store:
            store["k"] = "v"
        (directory / "old.db").chmod(0o444)
        directory.chmod(0o555)
        try:
            assert run_python(code, directory) == "refused old.db\nrefused new.db\n"
        finally:
            directory.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_the_file_is_private(path: Path) -> None:
    joinly_storage.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
