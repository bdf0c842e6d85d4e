"""A store of text, under the classes that keep `str`."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Optional, TypeVar, Union, overload

from . import open as open_store

Default = TypeVar("Default")
Self = TypeVar("Self", bound="TextStore")


class TextStore:
    """Keys and values are `str`, stored as UTF-8. `store` is the `joinly_storage.Store` below, with all it can do.

    Bytes in the file that are no UTF-8 are read as lone surrogates and written back unchanged.
    """

    def __init__(self, url: Union[str, os.PathLike[str]], read_only: bool = False) -> None:
        self.store = open_store(url, read_only=read_only)

    @overload
    def get(self, key: str) -> Optional[str]: ...
    @overload
    def get(self, key: str, default: Union[str, Default]) -> Union[str, Default]: ...
    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        value = self.store.get(_encode(key))
        return default if value is None else _decode(value)

    def set(self, key: str, value: str, ttl: Optional[float] = None) -> None:
        """Writes a key that expires after `ttl` seconds; None: never. Serialize other objects first, as JSON."""
        self.store.set(_encode(key), _encode(value), ttl)

    def delete(self, key: str) -> bool:
        """Deletes a key; whether it existed."""
        return self.store.delete(_encode(key))

    def exists(self, key: str) -> bool:
        """Whether a key exists."""
        return _encode(key) in self.store

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that start with `prefix`, in order."""
        return [_decode(key) for key in self.store.prefix(_encode(prefix), keys_only=True)]

    def close(self) -> None:
        """Closes the store. Further calls do nothing."""
        self.store.close()

    def __contains__(self, key: str) -> bool:
        return self.exists(key)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


def _encode(text: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"keys and values are str, not {type(text).__name__}: serialize objects first, as JSON")
    return text.encode("utf-8", "surrogateescape")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
