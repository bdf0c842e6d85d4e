"""The types that signatures name.

Only type checkers and the modules that are imported on demand read this one: importing `typing` alone would take longer
than opening a store. So the others import it, and what else only annotations need, under `TYPE_CHECKING`, a constant
that type checkers take for true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar, Union

from ._args import Unset

Bytes = Union[str, bytes, bytearray, memoryview]
"""A key or value: any bytes-like object, or a `str`, which stands for its UTF-8."""

Default = TypeVar("Default")
Result = TypeVar("Result")

Key = TypeVar("Key", bound=Bytes)
Pairs = Union[Mapping[Key, Bytes], Iterable[tuple[Key, Bytes]]]

Scalar = Union[None, bool, int, float, str]
Condition = Union[Scalar, Unset]
"""A JSON scalar that an indexed value is compared with; None is the JSON value null."""

Durability = Literal["power", "process"]
Mode = Literal["through", "behind"]
