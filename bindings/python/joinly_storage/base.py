"""Lobbies and players as documents."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Optional, Protocol, TypeVar

Document = dict[str, Any]

# What a player owns, and the presence, are kept below the player's own document.
_BELOW_A_PLAYER = re.compile(r":(presence$|(wallet|item|object|save):)")
Self = TypeVar("Self", bound="StorageManager")


class Backend(Protocol):
    """What a storage manager needs of a store of text."""

    def get(self, key: str) -> Optional[str]:
        """The value of a key, or None."""

    def set(self, key: str, value: str) -> None:
        """Writes a key."""

    def delete(self, key: str) -> bool:
        """Deletes a key; whether it existed."""

    def keys(self, prefix: str) -> Iterable[str]:
        """The keys that start with `prefix`."""

    def close(self) -> None:
        """Closes the store."""


class StorageManager:
    """Keeps lobbies under `lobby:{id}` and players under `player:{id}`, as JSON documents, in a store of text."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def save_lobby(self, lobby_id: str, lobby_data: Document) -> None:
        """Writes a lobby. `created_at` and `updated_at`, in seconds since 1970, are stamped where they are missing."""
        now = time.time()
        self._save("lobby:", lobby_id, {"created_at": now, "updated_at": now, **lobby_data})

    def load_lobby(self, lobby_id: str) -> Optional[Document]:
        """A lobby, or None."""
        return self._load("lobby:", lobby_id)

    def delete_lobby(self, lobby_id: str) -> bool:
        """Deletes a lobby; whether it existed."""
        return self.backend.delete(f"lobby:{lobby_id}")

    def get_all_lobbies(self) -> list[str]:
        """The ids of all lobbies."""
        return self._ids("lobby:")

    def save_player(self, player_id: str, player_data: Document) -> None:
        """Writes a player."""
        self._save("player:", player_id, player_data)

    def load_player(self, player_id: str) -> Optional[Document]:
        """A player, or None."""
        return self._load("player:", player_id)

    def delete_player(self, player_id: str) -> bool:
        """Deletes a player; whether it existed."""
        return self.backend.delete(f"player:{player_id}")

    def get_all_players(self) -> list[str]:
        """The ids of all players."""
        return [id for id in self._ids("player:") if not _BELOW_A_PLAYER.search(id)]

    def get(self, key: str) -> Optional[str]:
        """The text of a key, or None."""
        return self.backend.get(key)

    def set(self, key: str, value: str) -> None:
        """Writes text."""
        self.backend.set(key, value)

    def delete(self, key: str) -> bool:
        """Deletes a key; whether it existed."""
        return self.backend.delete(key)

    def close(self) -> None:
        """Closes the store."""
        self.backend.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def _save(self, prefix: str, id: str, document: Document) -> None:
        self.backend.set(f"{prefix}{id}", json.dumps(document, default=_placeholder))

    def _load(self, prefix: str, id: str) -> Optional[Document]:
        text = self.backend.get(f"{prefix}{id}")
        if text is None:
            return None
        document: Document = json.loads(text)
        return document

    def _ids(self, prefix: str) -> list[str]:
        return [key[len(prefix) :] for key in self.backend.keys(prefix)]


def _placeholder(value: object) -> None:
    # Documentation elides values as `...`: such an example can be pasted and run.
    if value is not ...:
        raise TypeError(f"{type(value).__name__} is not JSON serializable")
