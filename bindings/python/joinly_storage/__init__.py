"""Key-value storage over SQLite with a cache that is never stale, also while other processes write the same file.

import joinly_storage

with joinly_storage.open("game.db") as store:
    store["player:1"] = "Ada"
    print(store["player:1"])
"""

from __future__ import annotations

import os

from . import _ffi, _options
from ._errors import (
    AlreadyMatched,
    BadHandle,
    BufferTooSmall,
    Busy,
    Cancelled,
    Closed,
    Compacted,
    Conflict,
    Corrupt,
    Exists,
    Expired,
    Forbidden,
    Forked,
    Full,
    Insufficient,
    Invalid,
    Io,
    JoinlyError,
    LobbyFull,
    Moved,
    NewerSchema,
    NoMemory,
    NotADatabase,
    NotFound,
    ObjectConflict,
    OutOfRange,
    Panic,
    Poisoned,
    RateLimited,
    ReadOnly,
    SaveConflict,
    Timeout,
    TooLarge,
    Unsupported,
    WrongState,
    WrongType,
)
from ._store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    from ._admin import BackupSchedule, check_backup, list_backups, migrate, migrate_status, repair, restore
    from ._admin_types import (
        BackupInfo,
        BackupReport,
        ImportReport,
        ImportStatus,
        LostKeys,
        MigrateReport,
        Migration,
        Progress,
        Repaired,
        Restored,
        ScheduleStatus,
    )
    from ._batch import Batch
    from ._cache import Cache
    from ._chats import Chats
    from ._entry import Entry
    from ._index import Index
    from ._leaderboards import Applied, Leaderboards, Placement, Ranked, RatingChange, Submitted
    from ._lobbies import Lobbies
    from ._lobby import Lobby
    from ._lobby_types import (
        Event,
        Events,
        Invitation,
        Join,
        LobbyInfo,
        LobbyOptions,
        Owner,
        Seat,
        SeatRequest,
        Snapshot,
    )
    from ._log import set_log_callback
    from ._player_types import (
        Balances,
        Currency,
        Delta,
        Item,
        Object,
        ObjectDelete,
        ObjectWrite,
        Presence,
        Profile,
        Property,
        Save,
        SaveInfo,
    )
    from ._players import Players
    from ._queues import Decile, Match, Quality, Queue, Queues, Report, Seeker, Tick, Ticket
    from ._ratings import Glicko2, Rating, RatingSystem, WengLin
    from ._sessions import Figures, Flushed, PastSession, Session, Sessions, Trend
    from ._sql import SqlRows
    from ._stats import CacheStats, Capabilities, Limits, Stats
    from ._tables import Tables
    from ._txn import Transaction
    from ._types import Durability, Mode
    from ._watch import Change, Commit, Watch

__all__ = [
    "AlreadyMatched",
    "Applied",
    "BackupInfo",
    "BackupReport",
    "BackupSchedule",
    "BadHandle",
    "Balances",
    "Batch",
    "BufferTooSmall",
    "Busy",
    "Cache",
    "CacheStats",
    "Cancelled",
    "Capabilities",
    "Change",
    "Chats",
    "Closed",
    "Commit",
    "Compacted",
    "Conflict",
    "Corrupt",
    "Currency",
    "Decile",
    "Delta",
    "Durability",
    "Entry",
    "Event",
    "Events",
    "Exists",
    "Expired",
    "Figures",
    "Flushed",
    "Forbidden",
    "Forked",
    "Full",
    "Glicko2",
    "ImportReport",
    "ImportStatus",
    "Index",
    "Insufficient",
    "Invalid",
    "Invitation",
    "Io",
    "Item",
    "Join",
    "JoinlyError",
    "Leaderboards",
    "Limits",
    "Lobbies",
    "Lobby",
    "LobbyFull",
    "LobbyInfo",
    "LobbyOptions",
    "LobbyQuery",
    "LostKeys",
    "Match",
    "MigrateReport",
    "Migration",
    "Mode",
    "Moved",
    "NewerSchema",
    "NoMemory",
    "NotADatabase",
    "NotFound",
    "Object",
    "ObjectConflict",
    "ObjectDelete",
    "ObjectWrite",
    "OutOfRange",
    "Owner",
    "Panic",
    "PastSession",
    "Placement",
    "Players",
    "Poisoned",
    "Presence",
    "Profile",
    "Progress",
    "Property",
    "Quality",
    "Queue",
    "Queues",
    "Ranked",
    "RateLimited",
    "Rating",
    "RatingChange",
    "RatingSystem",
    "ReadOnly",
    "Repaired",
    "Report",
    "Restored",
    "Save",
    "SaveConflict",
    "SaveInfo",
    "ScheduleStatus",
    "Seat",
    "SeatRequest",
    "Seeker",
    "Session",
    "Sessions",
    "Snapshot",
    "SqlRows",
    "Stats",
    "Store",
    "Submitted",
    "Tables",
    "Tick",
    "Ticket",
    "Timeout",
    "TooLarge",
    "Transaction",
    "Trend",
    "Unsupported",
    "Watch",
    "WengLin",
    "WrongState",
    "WrongType",
    "check_backup",
    "library_version",
    "list_backups",
    "migrate",
    "migrate_status",
    "open",
    "open_config",
    "repair",
    "restore",
    "set_log_callback",
]


# Imported when they are first used: a program that only reads and writes starts sooner.
_ON_DEMAND = {
    "Applied": "_leaderboards",
    "BackupInfo": "_admin_types",
    "BackupReport": "_admin_types",
    "BackupSchedule": "_admin",
    "Balances": "_player_types",
    "Batch": "_batch",
    "Cache": "_cache",
    "CacheStats": "_stats",
    "Capabilities": "_stats",
    "Change": "_watch",
    "Chats": "_chats",
    "Commit": "_watch",
    "Currency": "_player_types",
    "Decile": "_queues",
    "Delta": "_player_types",
    "Durability": "_types",
    "Entry": "_entry",
    "Event": "_lobby_types",
    "Events": "_lobby_types",
    "Figures": "_sessions",
    "Flushed": "_sessions",
    "Glicko2": "_ratings",
    "ImportReport": "_admin_types",
    "ImportStatus": "_admin_types",
    "Index": "_index",
    "Invitation": "_lobby_types",
    "Item": "_player_types",
    "Join": "_lobby_types",
    "Leaderboards": "_leaderboards",
    "Limits": "_stats",
    "Lobbies": "_lobbies",
    "Lobby": "_lobby",
    "LobbyInfo": "_lobby_types",
    "LobbyOptions": "_lobby_types",
    "LobbyQuery": "_lobby_types",
    "LostKeys": "_admin_types",
    "Match": "_queues",
    "MigrateReport": "_admin_types",
    "Migration": "_admin_types",
    "Mode": "_types",
    "Object": "_player_types",
    "ObjectDelete": "_player_types",
    "ObjectWrite": "_player_types",
    "Owner": "_lobby_types",
    "PastSession": "_sessions",
    "Placement": "_leaderboards",
    "Players": "_players",
    "Presence": "_player_types",
    "Profile": "_player_types",
    "Progress": "_admin_types",
    "Property": "_player_types",
    "Quality": "_queues",
    "Queue": "_queues",
    "Queues": "_queues",
    "Ranked": "_leaderboards",
    "Rating": "_ratings",
    "RatingChange": "_leaderboards",
    "RatingSystem": "_ratings",
    "Repaired": "_admin_types",
    "Report": "_queues",
    "Restored": "_admin_types",
    "Save": "_player_types",
    "SaveInfo": "_player_types",
    "ScheduleStatus": "_admin_types",
    "Seat": "_lobby_types",
    "SeatRequest": "_lobby_types",
    "Seeker": "_queues",
    "Session": "_sessions",
    "Sessions": "_sessions",
    "Snapshot": "_lobby_types",
    "SqlRows": "_sql",
    "Stats": "_stats",
    "Submitted": "_leaderboards",
    "Tables": "_tables",
    "Tick": "_queues",
    "Ticket": "_queues",
    "Transaction": "_txn",
    "Trend": "_sessions",
    "Watch": "_watch",
    "WengLin": "_ratings",
    "check_backup": "_admin",
    "list_backups": "_admin",
    "migrate": "_admin",
    "migrate_status": "_admin",
    "repair": "_admin",
    "restore": "_admin",
    "set_log_callback": "_log",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f".{_ON_DEMAND[name]}", __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def library_version() -> str:
    """The version of the native library and of the SQLite inside it."""
    text: bytes = _ffi.version_string()
    return text.decode()


__version__ = library_version().split()[0]


def open(
    url: Union[str, os.PathLike[str]],
    *,
    durability: Optional[Durability] = None,
    mode: Optional[Mode] = None,
    behind_bytes: Optional[int] = None,
    flush_interval_ms: Optional[int] = None,
    cache_bytes: Optional[int] = None,
    busy_timeout_ms: Optional[int] = None,
    snapshot_max_age_ms: Optional[int] = None,
    compress_threshold: Optional[int] = None,
    compress_level: Optional[int] = None,
    log_keep: Optional[int] = None,
    sweep_interval_ms: Optional[int] = None,
    archive_keep: Optional[int] = None,
    archive_compress: bool = False,
    read_only: bool = False,
    must_exist: bool = False,
) -> Store:
    """Opens or creates a store.

    `url` is a path ("game.db", or any path object), a URL ("sqlite:game.db?cache_mb=64&durability=power",
    "leveldb:folder", "jsonl:folder"), or "memory:" for a store that lives in this process only. Options in a URL win
    over arguments; None means the default.

    durability: "process" (the default): a commit survives the death of the process; "power": also power loss.
    mode: "through" (the default): a commit is in the database before it is acknowledged; "behind": it is in a journal,
        which survives the death of the process, and flushed to the database later. This store alone writes then;
        other processes read what has been flushed. Power loss may roll back the rest, unless the durability is "power".
    behind_bytes: in mode behind, how many bytes of commits may wait; 64 MiB by default.
    flush_interval_ms: in mode behind, how long a commit waits at most while the database keeps up; 100 by default.
    cache_bytes: memory for the cache of values; 64 MiB by default.
    busy_timeout_ms: how long a call waits for a lock that another process holds; 5000 by default.
    snapshot_max_age_ms: the longest that a transaction may take; 1000 by default.
    compress_threshold: values of at least this many bytes are compressed; 1024 by default.
    compress_level: the zstd level, 1 to 19; 3 by default; -1: never compress.
    log_keep: how many commits the log keeps for watches; 100000 by default.
    sweep_interval_ms: how often expired keys are removed from the file; 1000 by default. They are invisible at once.
    archive_keep: in a folder of JSON Lines, how many archives of the write-ahead log are kept; 8 by default.
    archive_compress: in a folder of JSON Lines, whether they are compressed, with zstd.
    read_only: opens an existing store for reading only; works on read-only media. Elsewhere, whoever may not write in
        the directory can open it only while somebody who may has it open.
    must_exist: raises `NotFound` instead of creating a store.
    """
    return Store(
        _options.open_store(
            url,
            durability=durability,
            mode=mode,
            behind_bytes=behind_bytes,
            flush_interval_ms=flush_interval_ms,
            read_only=read_only,
            must_exist=must_exist,
            compress_level=compress_level,
            archive_keep=archive_keep,
            archive_compress=archive_compress,
            cache_bytes=cache_bytes,
            busy_timeout_ms=busy_timeout_ms,
            snapshot_max_age_ms=snapshot_max_age_ms,
            compress_threshold=compress_threshold,
            log_keep=log_keep,
            sweep_interval_ms=sweep_interval_ms,
        )
    )


def open_config(path: Union[str, os.PathLike[str]]) -> Store:
    """Opens the store that a TOML file describes: `url = "sqlite:game.db"` and options by their names."""
    return Store(_options.open_config(path))
