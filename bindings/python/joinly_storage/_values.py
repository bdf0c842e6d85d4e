"""Reading values."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_void_p, create_string_buffer, string_at

from . import _ffi as ffi
from ._args import to_bytes
from ._errors import NotFound
from ._ffi import NOT_FOUND, sizes
from ._owned import Owned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, ClassVar, Optional, Union, overload

    from ._types import Bytes, Default

    Scratch = tuple[Any, c_size_t, Any, c_void_p, Any]

_CAPACITY = c_size_t(64 * 1024)

# Taken for one read and put back, never shared: a signal handler or finalizer may read in the middle of a read.
_idle: list[Scratch] = []


def _new_scratch() -> Scratch:
    """Where the library puts a value, its length and an error: each of the last two with a reference to it."""
    length, error = c_size_t(), c_void_p()
    return create_string_buffer(_CAPACITY.value), length, byref(length), error, byref(error)


class Readable(Owned):
    """A native object that has values under keys."""

    _get: ClassVar[Callable[..., int]]
    _get_into: ClassVar[Callable[..., int]]
    """Bare; serves values up to the size of a scratch buffer, `_get` all others."""

    if TYPE_CHECKING:

        @overload
        def get(self, key: Bytes) -> Optional[bytes]: ...
        @overload
        def get(self, key: Bytes, default: Union[bytes, Default]) -> Union[bytes, Default]: ...

    def get(self, key: Bytes, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        if type(key) is not bytes:
            key = to_bytes(key)
        try:
            scratch = _idle.pop()
        except IndexError:
            scratch = _new_scratch()
        try:
            buffer, length, length_ref, error, error_ref = scratch
            status = self._get_into(self._pointer, key, sizes[len(key)], buffer, _CAPACITY, length_ref, error_ref)
            if status == 0:
                return buffer[: length.value]
            if status == NOT_FOUND:
                return default
            if status != ffi.BUFFER_TOO_SMALL:
                raise ffi.take_error(status, error)
        finally:
            _idle.append(scratch)
        value = ffi.make(self._get, self._handle, key, len(key))
        if not value:
            return default
        try:
            return copy_of(value)
        finally:
            ffi.value_free(value)

    def __getitem__(self, key: Bytes) -> bytes:
        value = self.get(key)
        if value is None:
            raise NotFound(NOT_FOUND, f"no such key: {key!r}")
        return value


def copy_of(value: int) -> bytes:
    """The bytes of a native value."""
    length = c_size_t()
    return string_at(ffi.value_data(value, byref(length)), length.value)
