"""Interactive transactions."""

from __future__ import annotations

from ctypes import byref, c_uint64

from . import _ffi as ffi
from ._keyspace import KeySpace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional

    from ._chats import Chats
    from ._leaderboards import Leaderboards
    from ._lobbies import Lobbies
    from ._players import Players
    from ._queues import Queues
    from ._tables import Tables


class Transaction(KeySpace):
    """Reads of one moment plus its own writes, committed together or not at all.

    It takes no lock until it commits. When another writer changed what it read, it raises `Conflict`, has changed
    nothing, and is to be repeated from its begin: `Store.run_transaction` does that. It belongs to one thread at a
    time. Leaving `with` commits; an exception inside rolls back.
    """

    _get = ffi.txn_get
    _get_into = ffi.bare(ffi.txn_get_into)
    _put = ffi.bare(ffi.txn_put)
    _delete = ffi.bare(ffi.txn_delete)
    _add = ffi.txn_add
    _scan = ffi.txn_scan
    _scan_prefix = ffi.txn_scan_prefix

    def __init__(self, store: int) -> None:
        super().__init__(ffi.make(ffi.txn_begin, store), ffi.txn_free)
        self._store = store
        self.version: Optional[int] = None
        """The version of the commit; None until then."""
        self._finished = False

    @property
    def queues(self) -> Queues:
        """The matchmaking queues of the store, for calls that are committed and undone with the transaction."""
        from ._lobby import Scope
        from ._queues import Queues

        return Queues(Scope(self, self._store, self._handle))

    @property
    def lobbies(self) -> Lobbies:
        """The lobbies of the store, for calls that are committed and undone with the transaction.

        Searches and polls are as they are without it.
        """
        from ._lobbies import Lobbies
        from ._lobby import Scope

        return Lobbies(Scope(self, self._store, self._handle))

    @property
    def players(self) -> Players:
        """The players of the store, for calls that are committed and undone with the transaction."""
        from ._players import Players

        return Players(self, self._store, self._handle)

    @property
    def leaderboards(self) -> Leaderboards:
        """The leaderboards of the store, for calls that are committed and undone with the transaction."""
        from ._leaderboards import Leaderboards

        return Leaderboards(self, self._store, self._handle)

    @property
    def tables(self) -> Tables:
        """The tables of the store, for calls that are committed and undone with the transaction."""
        from ._tables import Tables

        return Tables(self, self._store, self._handle)

    @property
    def chats(self) -> Chats:
        """The chat sessions of the store, for calls that are committed and undone with the transaction."""
        from ._chats import Chats

        return Chats(self, self._store, self._handle)

    def commit(self) -> int:
        """Commits, finishes the transaction whatever the outcome, and returns the version."""
        self._finished = True
        version = c_uint64()
        ffi.call(ffi.txn_commit, self._handle, byref(version))
        self.version = version.value
        return self.version

    def rollback(self) -> None:
        """Drops the writes and finishes the transaction."""
        self._finished = True
        ffi.call(ffi.txn_rollback, self._handle)

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            if kind is None and not self._finished:
                self.commit()
        finally:
            self.close()
