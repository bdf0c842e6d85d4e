"""Stores."""

from __future__ import annotations

import os
from ctypes import byref, c_uint64

from . import _ffi as ffi
from ._args import UNSET, to_bytes, to_text, to_version
from ._mapping import StoreMapping
from ._native import StoreMethods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Optional, Union

    from ._admin import BackupSchedule, Records
    from ._admin_types import (
        BackupInfo,
        BackupReport,
        Existing,
        ImportReport,
        ImportStatus,
        Migration,
        Watcher,
    )
    from ._chats import Chats
    from ._index import Index
    from ._leaderboards import Leaderboards
    from ._lobbies import Lobbies
    from ._players import Players
    from ._queues import Queues
    from ._sessions import Sessions
    from ._sql import SqlParams, SqlRows
    from ._stats import Capabilities, Limits, Stats
    from ._tables import Tables
    from ._types import Bytes, Condition
    from ._watch import Watch

    Path = Union[str, os.PathLike[str]]


class Store(StoreMethods, StoreMapping):
    """An open store: a mapping of bytes to bytes, shared with every process that opens the same file.

    Opened with `joinly_storage.open`. Usable from any thread at the same time. After `fork` the child's copy raises
    `Forked`. Closed by `close`, by leaving `with`, or when it is collected.
    """

    _fail = staticmethod(ffi.fail)
    """What `StoreMethods` calls to raise."""

    def __init__(self, handle: int) -> None:
        super().__init__(handle, ffi.store_free)

    @property
    def _portable(self) -> object:
        """Has the methods that `StoreMethods` hides."""
        return super(StoreMethods, self)

    def close(self) -> None:
        """Waits for the commits under way, releases the file and raises what went wrong. Further calls do nothing.

        Transactions, batches and watches of the store raise `Closed` from then on.
        """
        if self._finalizer.detach() and os.getpid() == self._owner:
            ffi.call(ffi.store_close, self._handle)

    def watch(self, prefix: Bytes = b"", from_version: Optional[int] = None) -> Watch:
        """Watches the keys that start with `prefix`, for commits of every process.

        `from_version` is the version after which to begin: None: now, 0: as far back as the log reaches.
        """
        from ._watch import Watch

        return Watch(self._handle, prefix, from_version)

    def create_index(self, name: str, prefix: Bytes, path: str) -> None:
        """Indexes the JSON documents whose key starts with `prefix` by the scalar at `path`, such as "$.state".

        Existing documents are indexed at once; from then on every commit of every process maintains it. Documents
        without a scalar there are stored and not indexed. Declaring the same index again does nothing; a different
        one under a taken name raises `Exists`.
        """
        prefix = to_bytes(prefix)
        name_, path_ = to_text(name, "the name of an index"), to_text(path, "a JSON path")
        ffi.call(ffi.index_declare, self._handle, name_, prefix, len(prefix), path_)

    def drop_index(self, name: str) -> None:
        """Drops an index; raises `NotFound` when there is none of this name."""
        ffi.call(ffi.index_drop, self._handle, to_text(name, "the name of an index"))

    def rebuild_index(self, name: str) -> None:
        """Builds an index anew from the documents; raises `NotFound` when there is none of this name."""
        ffi.call(ffi.index_rebuild, self._handle, to_text(name, "the name of an index"))

    def indexes(self) -> dict[str, Index]:
        """The declared indexes by their names."""
        from . import _index

        return _index.listing(self._handle)

    def find(
        self,
        name: str,
        *,
        equal: Condition = UNSET,
        lower: Condition = UNSET,
        upper: Condition = UNSET,
        lower_exclusive: bool = False,
        upper_inclusive: bool = False,
        descending: bool = False,
        limit: Optional[int] = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        """The keys and documents that an index finds, ordered by the indexed value and then by key.

        `equal`, or the range from `lower` up to but without `upper`, are JSON scalars; they order as None < False
        < True < numbers < strings. At most `limit` rows, read lazily, a page at a time. Iterating raises `NotFound`
        when there is no such index.
        """
        from . import _index

        return _index.find(
            self._handle,
            name,
            equal=equal,
            lower=lower,
            upper=upper,
            lower_exclusive=lower_exclusive,
            upper_inclusive=upper_inclusive,
            descending=descending,
            limit=limit,
        )

    def sql(
        self, query: str, params: SqlParams = (), *, timeout: Optional[float] = None, page_rows: int = 256
    ) -> SqlRows:
        """Runs a query in SQL, in SQLite's dialect, and returns its rows: tuples of None, int, float, str and bytes.

        `params` are the values of the `?` in it, or a mapping of the names of its `:name`. It reads `kv` (key, value,
        version, expires_at) and the views `lobbies`, `lobby_members`, `lobby_reservations`, `players`, `leaderboard`,
        `stat_totals` and `stat_sessions`, and every table of `tables` by its name, on every engine, and writes nothing.
        The header of the library describes the views' columns.

        Reading `page_rows` rows may take `timeout` seconds, 5 by default; then `Timeout` is raised.
        """
        from ._sql import SqlRows

        return SqlRows(self._handle, query, params, timeout, page_rows)

    @property
    def queues(self) -> Queues:
        """The matchmaking queues of the store."""
        from ._lobby import Scope
        from ._queues import Queues

        return Queues(Scope(self, self._handle))

    @property
    def lobbies(self) -> Lobbies:
        """The lobbies of the store."""
        from ._lobbies import Lobbies
        from ._lobby import Scope

        return Lobbies(Scope(self, self._handle))

    @property
    def players(self) -> Players:
        """The players of the store."""
        from ._players import Players

        return Players(self, self._handle)

    @property
    def leaderboards(self) -> Leaderboards:
        """The leaderboards of the store."""
        from ._leaderboards import Leaderboards

        return Leaderboards(self, self._handle)

    @property
    def tables(self) -> Tables:
        """The tables of the store."""
        from ._tables import Tables

        return Tables(self, self._handle)

    @property
    def sessions(self) -> Sessions:
        """Statistics of the sessions of players."""
        from ._sessions import Sessions

        return Sessions(self, self._handle)

    @property
    def chats(self) -> Chats:
        """The chat sessions of the store."""
        from ._chats import Chats

        return Chats(self, self._handle)

    @property
    def version(self) -> int:
        """The version of the latest commit, of any process; 0 for a new store."""
        version = c_uint64()
        ffi.call(ffi.store_version, self._handle, byref(version))
        return version.value

    @property
    def engine(self) -> str:
        """The name of the engine, as in URLs: "sqlite", "leveldb", "jsonl", "memory"; empty when it is closed."""
        name: bytes = ffi.store_engine(self._handle) or b""
        return name.decode()

    def stats(self) -> Stats:
        """Figures since the store was opened, of this process alone."""
        from . import _stats

        return _stats.stats(self._handle)

    def limits(self) -> Limits:
        """What the engine can hold."""
        from . import _stats

        return _stats.limits(self._handle)

    def capabilities(self) -> Capabilities:
        """What may be relied on: durability, and who else may have the data open."""
        from . import _stats

        return _stats.capabilities(self._handle)

    def flush(self, version: int = 0) -> None:
        """Waits until the commit of `version` (0: all so far) is as durable as the store promises."""
        ffi.call(ffi.store_flush, self._handle, to_version(version))

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the file; of use before copying or measuring it. May raise `Busy`."""
        ffi.call(ffi.store_checkpoint, self._handle)

    def compact(self) -> None:
        """Rewrites the file without its free pages. Needs up to twice its size in free space. May raise `Busy`."""
        ffi.call(ffi.store_compact, self._handle)

    def verify(self) -> None:
        """Checks every page, row, log entry and index; raises `Corrupt` with the findings."""
        ffi.call(ffi.store_verify, self._handle)

    def migrate(
        self,
        to: Path,
        *,
        dry_run: bool = False,
        keep_source: bool = False,
        backup: Optional[Path] = None,
        progress: Optional[Watcher] = None,
    ) -> Migration:
        """Moves the store to another path or URL, of any engine, while it is read and written.

        Keys, values, versions, expiries and indexes go along. Every record is compared before one commit marks this
        store as moved: from then on every writer of every process gets `Moved`, and reads go on. Go on with the `store`
        of what this returns. After a failure or the death of the process the same call goes on where it stopped. The
        way back is `moved.store.migrate(...)` to the old place, and takes over only what was changed since.

        dry_run: only looks. keep_source: makes a copy of one moment, and this store goes on. backup: a folder where a
        backup of it is made first. progress: called with a `Progress` after every step; False ends it, which raises
        `Cancelled`.

        Raises `Exists` when the destination holds other data, `Corrupt` with the key for a record that cannot be read.
        """
        from . import _admin

        return _admin.migrate_store(self._handle, to, dry_run, keep_source, backup, progress)

    def reclaim(self) -> None:
        """Takes the mark off a store that was moved, so that it is written to again; what the other place holds stays
        there.

        Raises `WrongState` when it was not moved.
        """
        from . import _admin_ffi

        ffi.call(_admin_ffi.migrate_reclaim, self._handle)

    def backup(
        self,
        folder: Path,
        *,
        incremental: bool = False,
        level: int = 3,
        keep: int = 0,
        max_age: Optional[float] = None,
        progress: Optional[Watcher] = None,
    ) -> BackupReport:
        """Makes a backup in a folder, which is created when missing, while the store is read and written.

        It is of one moment, is read again before it has its name, and can be restored to any engine. `incremental`:
        only what was changed since the latest backup of the folder, if the change log tells it. `level` is that of
        zstd. Of the backups, `keep` (0: all) that are at most `max_age` seconds old are kept, the latest always, and so
        is every one that a kept one continues. progress: as of `migrate`.
        """
        from . import _admin

        return _admin.backup(self._handle, folder, incremental, level, keep, max_age, progress)

    def backup_file(self, file: Path, *, progress: Optional[Watcher] = None) -> BackupInfo:
        """Makes a full backup in a file, which must not exist; else as `backup`."""
        from . import _admin

        return _admin.backup_file(self._handle, file, progress)

    def schedule_backups(
        self,
        folder: Path,
        every: float,
        *,
        incremental: bool = True,
        level: int = 3,
        keep: int = 0,
        max_age: Optional[float] = None,
    ) -> BackupSchedule:
        """Has a thread make a backup whenever the latest in the folder is older than `every` seconds, until it is
        closed.

        The options are those of `backup`. One that failed is tried again after a tenth of the time.
        """
        from ._admin import BackupSchedule

        return BackupSchedule(self._handle, folder, every, incremental, level, keep, max_age)

    def import_records(
        self,
        name: str,
        records: Records,
        *,
        fingerprint: int = 0,
        existing: Existing = "refuse",
        dry_run: bool = False,
        progress: Optional[Watcher] = None,
    ) -> ImportReport:
        """Takes over records of another program: `(key, value)` or `(key, value, expires)` in order of their keys, each
        once; `expires` is in seconds since 1970-01-01 UTC, None for never.

        The store may hold other data and be in use. Many records are written in a commit, which also tells how far that
        is: after a failure or the death of the process the same call, with the records from the begin or from where it
        stopped, goes on there; repeated after the end it does nothing. `fingerprint`, of 64 bits, tells these records
        from all others, for example a hash of their file. `existing`: what becomes of a record whose key the store has.
        `dry_run`: only counts and checks. Raises `Conflict` when an import of the name was begun with another
        fingerprint or is at work, `Exists`, and `Invalid` for records out of order.
        """
        from . import _admin

        return _admin.import_records(self._handle, name, records, fingerprint, existing, dry_run, progress)

    def import_status(self, name: str) -> Optional[ImportStatus]:
        """Where the import of a name is; None if there was none."""
        from . import _admin

        return _admin.import_status(self._handle, name)

    def __repr__(self) -> str:
        return f"<joinly_storage.Store {'closed' if self.closed else self.engine}>"
