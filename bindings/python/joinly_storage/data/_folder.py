"""Calls about a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable, Union

from .. import _ffi as ffi
from .._structs import document, take_json

Folder = Union[str, os.PathLike[str]]


def ask(function: Callable[..., Any], folder: Folder, *arguments: object) -> Any:
    """Calls an export that answers JSON about a folder."""
    return take_json(ffi.make(function, os.fsencode(folder), *arguments))


def save(function: Callable[..., Any], folder: Folder, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Calls an export that saves."""
    saved: dict[str, Any] = ask(function, folder, *document(dict(payload)))
    return saved
