"""The library's own messages."""

from __future__ import annotations

import atexit
from typing import Callable, Literal, Optional

from . import _ffi as ffi
from ._errors import invalid

Level = Literal["error", "warn", "info"]

_LEVELS: dict[Level, int] = {"error": 1, "warn": 2, "info": 3}
_NAMES = {number: name for name, number in _LEVELS.items()}
_receiver: Optional[Callable[[Level, str], object]] = None


def _deliver(level: int, message: bytes, _user: object) -> None:
    receiver = _receiver
    if receiver is not None:
        receiver(_NAMES[level], message.decode("utf-8", "replace"))


# The one callback that the library ever gets: it may still run on another thread after it was replaced.
_forward = ffi.LogCallback(_deliver)


def set_log_callback(callback: Optional[Callable[[Level, str], object]], level: Level = "warn") -> None:
    """Sends the library's messages up to `level` to `callback(level, message)`; None: nowhere, as at start.

    One callback for the whole process. It is called from any thread and must not use a store.
    """
    global _receiver
    if level not in _LEVELS:
        raise invalid(f"level is one of {', '.join(_LEVELS)}, not {level!r}")
    _receiver = callback
    ffi.call(ffi.log_set, ffi.LogCallback() if callback is None else _forward, None, _LEVELS[level])


@atexit.register
def _silence() -> None:
    set_log_callback(None)
