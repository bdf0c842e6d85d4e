"""From what Python programs pass to what the library takes, with a clear error for what it cannot take."""

from __future__ import annotations

import os

from ._errors import OutOfRange, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union


class Unset:
    """The default of a condition that is not given, since None means something."""


UNSET = Unset()


def to_bytes(data: object) -> bytes:
    """The bytes of a key or value."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    try:
        return bytes(memoryview(data))  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"keys and values are bytes-like or str, not {type(data).__name__}") from None


def to_text(text: Union[str, os.PathLike[str]], what: str) -> bytes:
    """A path, URL or name as the library takes it: UTF-8 that ends at the first NUL."""
    text = os.fspath(text)
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {type(text).__name__}")
    if "\0" in text:
        raise invalid(f"{what} contains a NUL character")
    return text.encode()


def to_ttl(seconds: Optional[float]) -> int:
    """A life in seconds as whole milliseconds, rounded up; None, for ever, is 0."""
    if seconds is None:
        return 0
    if not 0 < seconds < 2**53:
        raise invalid(f"a ttl is a positive number of seconds, or None for ever, not {seconds!r}")
    return int(-(-seconds * 1000 // 1))


def to_version(version: int) -> int:
    """A version of a key or commit."""
    version = _index(version)
    if not 0 <= version < 2**64:
        raise invalid(f"a version is a number from 0 to 2**64 - 1, not {version!r}")
    return version


def to_delta(delta: int) -> int:
    """What to add to a counter."""
    return to_int64(_index(delta))


def to_int64(number: int) -> int:
    """A number of 64 bits."""
    if not -(2**63) <= number < 2**63:
        raise OutOfRange(8, f"a number has 64 bits: {number!r} does not fit")
    return number


def to_seconds(milliseconds: int) -> float:
    """A moment or span of the library."""
    return milliseconds / 1000


def _index(number: int) -> int:
    """The number as an int, if it is a whole one."""
    import operator

    return operator.index(number)
