"""The chat sessions of a folder in SQLite, as a store: single sessions and messages, pages, search."""

from __future__ import annotations

import os

from .. import Store
from .. import open as open_store
from .._errors import Moved
from ._folder import Folder
from .migration import check_migration_status


def open_chat_store(app_handle: Folder) -> Store:
    """Opens the store whose `chats` are the sessions of the folder. Raises `Moved` unless they were migrated to it."""
    status = check_migration_status(app_handle)
    if status["backend"] != "sqlite":
        raise Moved(32, "the chat sessions are in the JSON file: migrate them first")
    return open_store(os.path.join(app_handle, "chat_sessions.db"), durability="power", must_exist=True)
