"""Indexes on JSON documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ctypes import sizeof
from itertools import islice
from typing import NamedTuple, Optional

from . import _ffi as ffi
from . import _pages
from ._args import Unset, to_text
from ._errors import invalid
from ._types import Condition


class Index(NamedTuple):
    """A declared index."""

    prefix: str
    """The prefix of the keys whose documents are indexed."""
    path: str
    """The JSON path of the indexed value."""


def find(
    store: int,
    name: str,
    *,
    equal: Condition,
    lower: Condition,
    upper: Condition,
    lower_exclusive: bool,
    upper_inclusive: bool,
    descending: bool,
    limit: Optional[int],
) -> Iterator[tuple[bytes, bytes]]:
    """The documents that an index finds."""
    if limit is not None and limit < 0:
        raise invalid(f"limit is a count, or None for all, not {limit!r}")
    options = ffi.FindOptions(
        struct_size=sizeof(ffi.FindOptions),
        limit=0 if limit is None else min(limit, 256),
        lower_exclusive=lower_exclusive,
        upper_inclusive=upper_inclusive,
        descending=descending,
    )
    options.equal, options.equal_len = _json(equal)
    options.lower, options.lower_len = _json(lower)
    options.upper, options.upper_len = _json(upper)
    found = _pages.items(ffi.index_find, store, to_text(name, "the name of an index"), options=options)
    return islice(found, limit)


def listing(store: int) -> dict[str, Index]:
    """The declared indexes by their names."""
    page = ffi.make(ffi.index_list, store)
    try:
        return {key.decode(): Index(**json.loads(document or b"{}")) for key, document in _pages.rows(page)}
    finally:
        ffi.page_free(page)


def _json(value: Condition) -> tuple[Optional[bytes], int]:
    if isinstance(value, Unset):
        return None, 0
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"an index orders null, bool, numbers and str, not {type(value).__name__}")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return text, len(text)
