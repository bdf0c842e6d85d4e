"""Structs that begin with their size, and the texts and documents in them."""

from __future__ import annotations

import json
from ctypes import Structure, c_char_p, c_size_t, sizeof
from typing import Any, Optional

from . import _ffi as ffi
from ._values import copy_of

TEXT = (c_char_p, c_size_t)
"""The types of a text and its length."""


def text_fields(*names: str) -> list[tuple[str, type]]:
    """Texts and their lengths as fields of a struct."""
    return [field for name in names for field in ((name, c_char_p), (f"{name}_len", c_size_t))]


class Sized(Structure):
    """A struct that begins with its size."""

    def __init__(self, **fields: object) -> None:
        super().__init__(struct_size=sizeof(self), **fields)

    def texts(self, **texts: Optional[str]) -> None:
        """Sets fields to UTF-8; None leaves one out."""
        for name, text in texts.items():
            if text is not None:
                data = text.encode()
                setattr(self, name, data)
                setattr(self, f"{name}_len", len(data))

    def documents(self, **documents: object) -> None:
        """Sets fields to JSON; None leaves one out."""
        self.texts(**{name: None if it is None else to_json(it) for name, it in documents.items()})


def to_json(document: object) -> str:
    """JSON as the library takes it: NaN and infinities are refused."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def text(data: str) -> tuple[bytes, int]:
    """UTF-8, and its length."""
    encoded = data.encode()
    return encoded, len(encoded)


def optional_text(data: Optional[str]) -> tuple[Optional[bytes], int]:
    """The same; NULL for None."""
    return (None, 0) if data is None else text(data)


def document(value: object) -> tuple[bytes, int]:
    """JSON, and its length."""
    return text(to_json(value))


def take_bytes(value: int) -> bytes:
    """The bytes of a value, which is freed."""
    try:
        return copy_of(value)
    finally:
        ffi.value_free(value)


def take_json(value: int) -> Any:
    """The document of a value, which is freed."""
    return json.loads(take_bytes(value))
