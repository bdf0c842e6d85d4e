"""The methods of a store that the library itself makes, where it knows the interpreter of this Python.

They cost a fraction of a call through ctypes. Elsewhere (PyPy, builds without the interpreter lock, versions to come),
and when the environment variable JOINLY_STORAGE_CTYPES is set, a store uses those that Python defines.
"""

from __future__ import annotations

import os
import sys
from ctypes import PyDLL, c_void_p, cast, py_object, pythonapi

from ._library import library

TYPE_CHECKING = False


class _NoMethods:
    __slots__ = ()


def _store_methods() -> type:
    if sys.implementation.name == "cpython" and not os.environ.get("JOINLY_STORAGE_CTYPES"):
        make = PyDLL(None, handle=library._handle).joinly_python_store_type
        make.restype = c_void_p
        address = make()
        if address:
            made: type = cast(address, py_object).value
            # The reference that the library gave away; `made` holds one of its own.
            pythonapi.Py_DecRef(py_object(made))
            return made
    return _NoMethods


if TYPE_CHECKING:

    class StoreMethods: ...

else:
    StoreMethods = _store_methods()
