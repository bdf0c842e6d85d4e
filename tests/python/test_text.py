from __future__ import annotations

from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Closed
from joinly_storage._library import library_path
from joinly_storage.bindings import NativeStorageBinding
from joinly_storage.sqlite_store import SQLiteStore
from support import wait_until


@pytest.fixture(autouse=True)
def in_a_scratch_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_str_in_and_out() -> None:
    with SQLiteStore() as storage:
        storage.set("é:1", "ü")
        assert storage.get("é:1") == "ü"
        assert storage.exists("é:1")
        assert "é:1" in storage
        assert storage.keys() == storage.keys("é:") == ["é:1"]
        assert storage.keys("x") == []
        assert storage.delete("é:1") is True
        assert storage.delete("é:1") is False
        assert storage.get("é:1") is None
        assert storage.get("é:1", "nothing") == "nothing"
    assert Path("joinly.db").is_file()


def test_it_is_an_ordinary_store() -> None:
    with SQLiteStore(db_path="other.db") as storage:
        storage.set("k", "v")
        storage.store["b"] = b"\xff\0"
        assert storage.get("b") == "\udcff\0"
        storage.set("c", "\udcff\0")
        assert storage.store["c"] == b"\xff\0"
        assert storage.db_path == "other.db"
    with joinly_storage.open("other.db") as store:
        assert store["k"] == b"v"


def test_a_ttl() -> None:
    with SQLiteStore() as storage:
        storage.set("k", "v", ttl=0.02)
        wait_until(lambda: not storage.exists("k"))


def test_objects_are_to_be_serialized_first() -> None:
    with SQLiteStore() as storage:
        for wrong in ({"a": 1}, b"v", None, 1):
            with pytest.raises(TypeError, match="serialize"):
                storage.set("k", wrong)  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                storage.get(wrong)  # type: ignore[call-overload]


def test_close_is_idempotent() -> None:
    storage = SQLiteStore()
    storage.close()
    storage.close()
    with pytest.raises(Closed):
        storage.get("k")


def test_a_binding_falls_back_to_the_packaged_library() -> None:
    with NativeStorageBinding("joinly_storage.dll") as storage:
        storage.set("key", "value")
        assert storage.get("key") == "value"
        assert storage.library == Path(library_path)
    with NativeStorageBinding(library_path, "joinly.db") as storage:
        assert storage.delete("key") is True


def test_a_second_library_is_refused() -> None:
    Path("joinly_storage.dll").write_bytes(b"another one")
    with pytest.raises(ValueError, match="JOINLY_STORAGE_LIBRARY"):
        NativeStorageBinding("joinly_storage.dll")
