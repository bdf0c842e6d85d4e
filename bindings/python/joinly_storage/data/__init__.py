"""The chat sessions of a program's data folder: in one JSON file, in SQLite, and on the way between.

    from joinly_storage.data import *

    chats = load_chat_sessions_hybrid(folder)
    chats["chats"].append({"id": "1", "title": "First", "history": []})
    save_chat_sessions_hybrid(folder, chats)

`app_handle` is the path of the folder. A payload is {"chats": [...]} with the "etag" that a load answered: a save that
does not rest on the present state raises `Conflict`, and nothing is lost.
"""

from __future__ import annotations

from .hybrid_store import load_chat_sessions_hybrid, save_chat_sessions_hybrid
from .json_store import backups, load_chat_sessions, restore_backup, save_chat_sessions
from .migration import Progress, check_migration_status, migrate_to_json, migrate_to_sqlite

__all__ = [
    "Progress",
    "backups",
    "check_migration_status",
    "load_chat_sessions",
    "load_chat_sessions_hybrid",
    "migrate_to_json",
    "migrate_to_sqlite",
    "restore_backup",
    "save_chat_sessions",
    "save_chat_sessions_hybrid",
]
