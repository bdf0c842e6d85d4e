"""Native objects with one owner."""

from __future__ import annotations

import os
import weakref
from ctypes import c_void_p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, NoReturn, Optional, TypeVar

    Self = TypeVar("Self", bound="Owned")


class Owned:
    """Frees a native object once: by `close`, by leaving `with`, at collection, or when the program ends.

    The library recognises handles that are freed, so calls after `close`, or on another thread during it, raise
    `Closed`. A forked child frees nothing: what it inherited belongs to its parent.
    """

    def __init__(self, handle: int, free: Callable[[int], Any]) -> None:
        self._handle = handle
        self._pointer = c_void_p(handle)
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _free, free, handle, self._owner)

    def close(self) -> None:
        """Frees the object. Further calls do nothing."""
        self._finalizer()

    @property
    def closed(self) -> bool:
        """Whether the object is freed."""
        return not self._finalizer.alive

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} belongs to its process: open another one there")


def _free(free: Callable[[int], Any], handle: int, owner: int) -> None:
    if os.getpid() == owner:
        free(handle)
