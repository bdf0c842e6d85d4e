from __future__ import annotations

from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Busy, Invalid, ReadOnly
from joinly_storage.base import StorageManager
from joinly_storage.leveldb_store import LevelDBStore


def test_text_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "é 100%?.leveldb"
    with LevelDBStore(folder) as storage:
        storage.set("é:1", "ü")
        assert storage.keys() == ["é:1"]
    assert (folder / "CURRENT").is_file()
    with LevelDBStore(folder, read_only=True) as storage:
        assert storage.get("é:1") == "ü"
        with pytest.raises(ReadOnly):
            storage.set("é:1", "x")


def test_lobbies_over_leveldb(tmp_path: Path) -> None:
    with StorageManager(LevelDBStore(tmp_path / "db")) as storage:
        storage.save_lobby("1", {"players": ["Ada"]})
        assert storage.get_all_lobbies() == ["1"]


def test_it_is_for_one_store_at_a_time(tmp_path: Path) -> None:
    with LevelDBStore(tmp_path / "db") as storage:
        with pytest.raises(Busy, match="this process has it open"):
            LevelDBStore(tmp_path / "db")
        storage.set("k", "v")
    with LevelDBStore(tmp_path / "db") as storage:
        assert storage.get("k") == "v"


def test_what_it_cannot_do_is_told(tmp_path: Path) -> None:
    url = f"leveldb:{tmp_path / 'db'}"
    with pytest.raises(Invalid, match="leveldb"):
        joinly_storage.open(url, mode="behind")
    with joinly_storage.open(url) as store:
        assert store.capabilities().sharing == "one store"
        assert not store.capabilities().sqlite_file
