"""From the JSON file to SQLite and back."""

from __future__ import annotations

from typing import Any, Optional

from .. import _chat_ffi as chat_ffi
from .._admin import watched
from .._admin_types import Progress, Watcher
from ._folder import Folder, ask

__all__ = ["Progress", "Watcher", "check_migration_status", "migrate_to_json", "migrate_to_sqlite"]


def check_migration_status(app_handle: Folder) -> dict[str, Any]:
    """Where the chat sessions are, and what state both places are in. Waits for nobody, changes nothing.

    "stage" ("not_started", "interrupted", "done", "reverted"), "backend" ("json", "sqlite"), "epoch", "json" and
    "sqlite" (each of "exists", "bytes", "sessions", "damage"), "backups", "quarantines".
    """
    status: dict[str, Any] = ask(chat_ffi.migration_status, app_handle)
    return status


def migrate_to_sqlite(
    app_handle: Folder, *, dry_run: bool = False, progress: Optional[Watcher] = None
) -> dict[str, Any]:
    """Moves the chat sessions from the JSON file to SQLite, or goes on with that; nothing when they are there.

    The file is copied first and stays. Every session is read back and compared before SQLite counts; until then what
    counted before still does, whatever happens. Sessions that no store takes are left out, kept in a file and reported.
    Answers "backend", "epoch", "moved", "sessions", "messages", "bytes", "written", "unchanged", "quarantined",
    "quarantine", "backup".

    dry_run: only look.
    """
    with watched(progress) as watching:
        report: dict[str, Any] = ask(chat_ffi.migrate_to_sqlite, app_handle, dry_run, *watching)
    return report


def migrate_to_json(app_handle: Folder, *, progress: Optional[Watcher] = None) -> dict[str, Any]:
    """Moves the chat sessions back from SQLite to the JSON file, as `migrate_to_sqlite` does the other way."""
    with watched(progress) as watching:
        report: dict[str, Any] = ask(chat_ffi.migrate_to_json, app_handle, *watching)
    return report
