"""The chat sessions of a folder, wherever they are: in the JSON file or, after a migration, in SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _chat_ffi as chat_ffi
from ._folder import Folder, ask, save


def load_chat_sessions_hybrid(app_handle: Folder) -> dict[str, Any]:
    """All chat sessions: {"chats": [...], "etag", "loadedFrom"}.

    "loadedFrom" is {"backend" and "epoch": where they are, "used": where they were read, "fallback": why not where they
    are, or None}. After a fallback there is no "etag": no save may rest on these.
    """
    loaded: dict[str, Any] = ask(chat_ffi.hybrid_load, app_handle)
    return loaded


def save_chat_sessions_hybrid(app_handle: Folder, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Saves all chat sessions where they are, never elsewhere, and answers the new "etag".

    Raises `Conflict` when they were saved since the payload was loaded, `Busy` while another process saves or migrates.
    """
    return save(chat_ffi.hybrid_save, app_handle, payload)
