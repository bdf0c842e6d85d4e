"""The blocks of data/guide.md, run as written."""

from __future__ import annotations

import queue
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).with_name("data") / "guide.md"


class Lobby:
    def to_dict(self) -> dict[str, Any]:
        return {"lobby_id": "lobby_789", "state": "waiting"}


class Guide:
    """Runs a block found by its first words, in the namespace that all blocks share."""

    def __init__(self) -> None:
        self.blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)
        self.names: dict[str, Any] = {"time": time, "async_queue": queue.Queue()}

    def run(self, *starts: str) -> dict[str, Any]:
        for start in starts:
            assert self.blocks[0].startswith(start), self.blocks[0]
            exec(self.blocks.pop(0), self.names)
        return self.names


def test_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    guide = Guide()

    names = guide.run("from joinly_storage.sqlite_store", "storage = SQLiteStore(", "from joinly_storage.cache")
    assert names["value"] == "value"
    names["storage"].close()

    names = guide.run("storage = StorageManager", "lobby_data =", "lobby =")
    assert names["lobby"].items() >= {"lobby_id": "lobby_123", "state": "waiting", "players": [None]}.items()
    names = guide.run("player_data =", "player =", "lobby_ids =", "player_ids =")
    assert names["player"] == names["player_data"]
    assert names["lobby_ids"] == ["lobby_123"]
    assert names["player_ids"] == ["player_456"]
    assert names["backend"].keys() == ["lobby:lobby_123", "player:player_456"]

    names = guide.run("cache.set('key', 'value')\nstorage", "cache.set('key', 'value')\nasync_queue")
    assert names["storage"].get("key") == "value"
    assert names["async_queue"].get() == ("key", "value")
    names["cache"].clear()
    names = guide.run("value = cache.get")
    assert names["value"] == names["cache"].get("key") == "value"

    names.update(lobby=Lobby(), lobby_id="lobby_789", players=[{"player_id": "1"}, {"player_id": "2"}])
    names = guide.run("import json")
    assert names["storage"].load_lobby("lobby_789") == Lobby().to_dict()
    names = guide.run("try:")
    assert names["storage"].load_lobby("lobby_789")["lobby_id"] == "lobby_123"
    assert names["storage"].get_all_players() == ["1", "2", "player_456"]

    names["storage"].save_lobby("old", {"created_at": time.time() - 100_000})
    names = guide.run("def cleanup_old_data")
    names["cleanup_old_data"]()
    assert names["storage"].get_all_lobbies() == ["lobby_123", "lobby_789"]
    names = guide.run("storage.delete_lobby")
    assert names["storage"].get_all_lobbies() == ["lobby_789"]

    capsys.readouterr()
    names = guide.run("stats =", "import os")
    assert re.fullmatch(r"Hit rate: 66\.67%\nSize: 1/1000\nDatabase size: \d+\.\d\d MB\n", capsys.readouterr().out)
    assert names["db_size"] > 0

    names = guide.run("from joinly_storage.sqlite_store")
    origin, migrated = names["sqlite"], names["leveldb"]
    keys = origin.keys()
    assert "lobby:lobby_789" in keys
    assert migrated.keys() == keys
    assert all(migrated.get(key) == origin.get(key) for key in keys)
    names["sqlite"].close()
    names["leveldb"].close()

    names["storage"].close()
    shutil.copy("joinly.db", "joinly_backup.db")
    Path("joinly.db").unlink()
    names = guide.run("import shutil")
    assert names["storage"].get("key") == "value"
    names["storage"].close()

    names = guide.run("from joinly_storage.bindings")
    assert names["value"] == "value"
    assert not names["storage"].exists("key")
    names["storage"].close()
    assert guide.blocks == []
