"""What the models of a store have in common."""

from __future__ import annotations

from typing import Any, Callable, Optional

from . import _ffi as ffi
from ._owned import Owned
from ._structs import take_json


class Model:
    """Part of a store, or of a transaction, whose calls it then joins."""

    def __init__(self, owner: Owned, store: int, txn: Optional[int] = None) -> None:
        self._owner = owner
        """Kept, so that it is not closed while calls need it."""
        self._scope = (store, txn)

    def _call(self, function: Callable[..., Any], *arguments: object) -> bool:
        return ffi.call(function, *self._scope, *arguments)

    def _document(self, function: Callable[..., Any], *arguments: object) -> Any:
        """The document that a call answers; None for what is not there."""
        value = ffi.make(function, *self._scope, *arguments)
        return take_json(value) if value else None
