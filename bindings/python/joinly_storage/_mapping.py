"""The mapping protocol over a store."""

from __future__ import annotations

# As `collections.abc`, which imports the rest of `collections` too: a fifth of the time that this package takes.
from _collections_abc import ItemsView, KeysView, MutableMapping, ValuesView
from itertools import chain, islice

from . import _ffi as ffi
from . import _pages
from ._errors import NotFound
from ._keyvalues import KeyValues, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Union, overload

    from ._txn import Transaction
    from ._types import Bytes, Default, Key, Pairs

_CHUNK = 1000
_RAISE = object()


class StoreMapping(KeyValues, MutableMapping["Bytes", bytes]):
    """A mapping in bytewise order of its keys. Each method is one commit, except where it says otherwise.

    Views and iterators read lazily and see what others commit meanwhile; changing the store during an iteration is
    allowed. Stores compare by identity, not by content.
    """

    def __len__(self) -> int:
        """Counts the keys, in time proportional to their number."""
        return _pages.count(ffi.kv_scan, self._handle, b"", 0, b"", 0, options=_pages.scan_options(False, True))

    def __bool__(self) -> bool:
        """Whether there is any key; in constant time."""
        return next(iter(self), None) is not None

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def keys(self) -> KeysView[bytes]:
        return KeysView(self)

    def items(self) -> Items:
        return Items(self)

    def values(self) -> Values:
        return Values(self)

    if TYPE_CHECKING:

        @overload
        def pop(self, key: Bytes) -> bytes: ...
        @overload
        def pop(self, key: Bytes, default: Union[bytes, Default]) -> Union[bytes, Default]: ...

    def pop(self, key: Bytes, default: Any = _RAISE) -> Any:
        def take(txn: Transaction) -> Any:
            value = txn[key] if default is _RAISE else txn.get(key, default)
            txn.delete(key)
            return value

        return self.run_transaction(take)

    def popitem(self) -> tuple[bytes, bytes]:
        """Removes and returns the first key and its value; of several callers each gets another one."""

        def take(txn: Transaction) -> tuple[bytes, bytes]:
            for key, value in txn.scan():
                del txn[key]
                return key, value
            raise NotFound(ffi.NOT_FOUND, "the store is empty")

        return self.run_transaction(take)

    def setdefault(self, key: Bytes, default: Bytes = b"") -> bytes:
        def read_or_write(txn: Transaction) -> bytes:
            value = txn.get(key)
            if value is None:
                txn[key] = default
                value = txn[key]
            return value

        return self.run_transaction(read_or_write)

    def update(self, other: Pairs[Key] = (), /, **pairs: Bytes) -> None:  # type: ignore[override]
        """Writes any number of keys, in batches of 1000. For all or none, use `set_many`."""
        positional = rows_of(other)
        rows: Iterator[tuple[Bytes, Bytes]] = chain(positional, pairs.items())
        while chunk := list(islice(rows, _CHUNK)):
            self.set_many(chunk)

    def clear(self) -> None:
        """Deletes every key, in batches of 1000."""
        while chunk := list(islice(self, _CHUNK)):
            with self.batch() as batch:
                for key in chunk:
                    batch.delete(key)


class Items(ItemsView[bytes, bytes]):
    def __init__(self, store: StoreMapping) -> None:
        super().__init__(store)
        self._store = store

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._store.scan()

    def __reversed__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._store.scan(reverse=True)


class Values(ValuesView[bytes]):
    def __init__(self, store: StoreMapping) -> None:
        super().__init__(store)
        self._store = store

    def __iter__(self) -> Iterator[bytes]:
        return (value for _key, value in self._store.scan())

    def __reversed__(self) -> Iterator[bytes]:
        return (value for _key, value in self._store.scan(reverse=True))
