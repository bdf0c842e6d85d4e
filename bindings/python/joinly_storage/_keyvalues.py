"""What a store does to keys, beyond what a transaction does too."""

from __future__ import annotations

import time
from _collections_abc import Mapping
from ctypes import addressof, byref, c_int64, c_size_t, c_uint8, create_string_buffer
from itertools import accumulate, chain

from . import _ffi as ffi
from . import _pages
from ._args import to_bytes, to_seconds, to_ttl
from ._errors import Conflict, NotFound, invalid
from ._keyspace import KeySpace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Callable, Optional

    from ._batch import Batch
    from ._txn import Transaction
    from ._types import Bytes, Key, Pairs, Result


def rows_of(pairs: Pairs[Key]) -> Iterable[tuple[Key, Bytes]]:
    """The pairs of key and value of a mapping, or of an iterable of them."""
    return pairs.items() if isinstance(pairs, Mapping) else pairs


class KeyValues(KeySpace):
    """Commits of one key, of many keys, and of transactions."""

    _get = ffi.kv_get
    _get_into = ffi.bare(ffi.kv_get_into)
    _put = ffi.bare(ffi.kv_put_ttl)
    _delete = ffi.bare(ffi.kv_delete)
    _add = ffi.kv_add
    _scan = ffi.kv_scan
    _scan_prefix = ffi.kv_scan_prefix

    def get_many(self, keys: Iterable[Bytes]) -> list[Optional[bytes]]:
        """The values of many keys as of one moment, in their order; None for a missing one."""
        wanted = [to_bytes(key) for key in keys]
        joined = create_string_buffer(b"".join(wanted))
        ends = accumulate(map(len, wanted), initial=addressof(joined))
        rows = (ffi.Bytes * len(wanted))()
        table = (c_size_t * (2 * len(wanted))).from_buffer(rows)
        table[:] = [*chain.from_iterable(zip(ends, map(len, wanted)))]
        page = ffi.make(ffi.kv_get_many, self._handle, rows, len(wanted))
        try:
            return _pages.values(page)
        finally:
            ffi.page_free(page)

    def set_many(self, pairs: Pairs[Key], ttl: Optional[float] = None) -> int:
        """Writes many keys, all or none, and returns the version of the commit.

        `pairs` is a mapping or an iterable of pairs, within `limits` for one batch; `update` takes any number.
        """
        with self.batch() as batch:
            for key, value in rows_of(pairs):
                batch.set(key, value, ttl)
            return batch.commit()

    def expire(self, key: Bytes, ttl: Optional[float]) -> bool:
        """Lets a key expire in `ttl` seconds, None: never; whether the key exists. The value stays."""
        key = to_bytes(key)
        return ffi.call(ffi.kv_expire, self._handle, key, len(key), to_ttl(ttl))

    def ttl(self, key: Bytes) -> Optional[float]:
        """The seconds that a key still lives, None when it never expires; raises `NotFound` for a missing one."""
        entry = self.get_entry(key)
        if entry is None:
            raise NotFound(ffi.NOT_FOUND, f"no such key: {key!r}")
        return None if entry.expires_at is None else max(0.0, entry.expires_at - self.now())

    def now(self) -> float:
        """The store's clock in seconds since 1970-01-01 UTC. It never goes back, even when the system's clock does."""
        now = c_int64()
        ffi.call(ffi.store_now, self._handle, byref(now))
        return to_seconds(now.value)

    def batch(self) -> Batch:
        """A new batch; `with store.batch() as batch:` commits it at the end of the block."""
        from ._batch import Batch

        return Batch(self._handle)

    def transaction(self) -> Transaction:
        """A new transaction; `with store.transaction() as tx:` commits it at the end of the block."""
        from ._txn import Transaction

        return Transaction(self._handle)

    def run_transaction(self, body: Callable[[Transaction], Result], attempts: int = 32) -> Result:
        """Runs `body` in a transaction, commits, and returns its result.

        When the transaction loses against another writer, `body` is run again on the new state, at most `attempts`
        times in all and a little later each time; then `Conflict` is raised. So `body` may run more than once. One of a
        call that expected another version, which its `present_version` tells, is raised at once.
        """
        import random

        if attempts < 1:
            raise invalid(f"attempts is at least 1, not {attempts!r}")
        attempt = 1
        while True:
            try:
                with self.transaction() as txn:
                    return body(txn)
            except Conflict as conflict:
                if attempt == attempts or not conflict.retryable:
                    raise
            time.sleep(random.uniform(0, min(0.1, 0.001 * 2**attempt)))
            attempt += 1

    def __contains__(self, key: object) -> bool:
        data = to_bytes(key)
        exists = c_uint8()
        ffi.call(ffi.kv_exists, self._handle, data, len(data), byref(exists))
        return exists.value != 0
