from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage.base import StorageManager
from joinly_storage.sqlite_store import SQLiteStore


@pytest.fixture
def backend(path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(path) as backend:
        yield backend


@pytest.fixture
def storage(backend: SQLiteStore) -> StorageManager:
    return StorageManager(backend)


def test_lobbies(storage: StorageManager, backend: SQLiteStore) -> None:
    before = time.time()
    given = {"lobby_id": "1", "players": ["Ada", "Bob"]}
    storage.save_lobby("1", given)
    lobby = storage.load_lobby("1")
    assert lobby is not None
    assert before <= lobby["created_at"] <= time.time()
    assert lobby["updated_at"] == lobby["created_at"]
    assert {**lobby, **given} == lobby
    assert given == {"lobby_id": "1", "players": ["Ada", "Bob"]}
    assert backend.keys() == ["lobby:1"]
    assert json.loads(backend.get("lobby:1") or "") == lobby
    assert storage.get_all_lobbies() == ["1"]
    assert storage.delete_lobby("1") is True
    assert storage.delete_lobby("1") is False
    assert storage.load_lobby("1") is None


def test_stamps_are_kept(storage: StorageManager) -> None:
    storage.save_lobby("1", {"created_at": 5, "updated_at": 7})
    assert storage.load_lobby("1") == {"created_at": 5, "updated_at": 7}


def test_players(storage: StorageManager) -> None:
    storage.save_player("a:b", {"username": "Ünsal", "skill_rating": 1200})
    storage.save_lobby("1", {})
    assert storage.load_player("a:b") == {"username": "Ünsal", "skill_rating": 1200}
    assert storage.get_all_players() == ["a:b"]
    assert storage.delete_player("a:b") is True
    assert storage.load_player("a:b") is None


def test_pass_through(path: Path) -> None:
    with StorageManager(SQLiteStore(path)) as storage:
        storage.set("match:1", "x")
        assert storage.get("match:1") == "x"
        assert storage.delete("match:1") is True
    with SQLiteStore(path) as again:
        assert again.keys() == []


def test_what_is_no_json(storage: StorageManager) -> None:
    with pytest.raises(TypeError, match="object is not JSON"):
        storage.save_player("1", {"skill": object()})
    assert storage.get_all_players() == []


def test_live_lobbies_and_players_are_among_the_documents(path: Path) -> None:
    with joinly_storage.open(path) as store:
        lobby = store.lobbies.create(kind="duel", owner="7")
        store.players.create("7", name="Ada")
        store.players.adjust(joinly_storage.Delta("7", joinly_storage.Currency("gold"), 5))
        store.players.heartbeat("7", 30, "in menu")
    with StorageManager(SQLiteStore(path)) as storage:
        assert storage.get_all_lobbies() == [str(lobby.id)]
        found = storage.load_lobby(str(lobby.id))
        assert found is not None
        assert found["owner"] == "7"
        assert storage.get_all_players() == ["7"]
        player = storage.load_player("7")
        assert player is not None
        assert player["name"] == "Ada"
