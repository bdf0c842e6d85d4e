"""One JSON file with all chat sessions, as programs of this kind begin with: kept for compatibility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .. import _chat_ffi as chat_ffi
from .._structs import text
from ._folder import Folder, ask, save


def load_chat_sessions(app_handle: Folder) -> dict[str, Any]:
    """All chat sessions of the file: {"chats": [...], "etag"}; none when there never was a file.

    Raises `Corrupt` for a file that cannot be read, or is gone: it is never taken for an empty one. After a migration
    these are the sessions of before.
    """
    loaded: dict[str, Any] = ask(chat_ffi.file_load, app_handle)
    return loaded


def save_chat_sessions(app_handle: Folder, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Saves all chat sessions in the file, and answers the new "etag". The file of before becomes a backup.

    Raises `Conflict` when the file was saved since the payload was loaded, `Moved` after a migration, `Busy` while
    another process saves or migrates for long. Then nothing was changed.
    """
    return save(chat_ffi.file_save, app_handle, payload)


def backups(app_handle: Folder) -> list[dict[str, Any]]:
    """The backups of the file, from the oldest to the latest: "name", "bytes", "damage" (None: it can be restored)."""
    found: list[dict[str, Any]] = ask(chat_ffi.file_backups, app_handle)
    return found


def restore_backup(app_handle: Folder, name: Optional[str] = None) -> str:
    """Puts a backup in the place of the file; None: the latest that can be read. Answers which.

    The file, broken or not, becomes a backup itself.
    """
    restored: str = ask(chat_ffi.file_restore, app_handle, *((None, 0) if name is None else text(name)))
    return restored
