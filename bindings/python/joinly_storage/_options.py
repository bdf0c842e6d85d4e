"""How to open a store."""

from __future__ import annotations

import os
from ctypes import byref, sizeof

from . import _ffi as ffi
from ._args import to_text
from ._errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    from ._types import Durability, Mode

_DURABILITIES = {"power": 1, "process": 2}
_MODES = {"through": 1, "behind": 2}
_BITS = {"cache_bytes": 64, "log_keep": 64, "behind_bytes": 64}


def open_store(
    url: Union[str, os.PathLike[str]],
    durability: Optional[Durability],
    mode: Optional[Mode],
    read_only: bool,
    must_exist: bool,
    compress_level: Optional[int],
    archive_keep: Optional[int],
    archive_compress: bool,
    **numbers: Optional[int],
) -> int:
    """The handle of a newly opened store."""
    options = ffi.Options(struct_size=sizeof(ffi.Options), read_only=bool(read_only), must_exist=bool(must_exist))
    options.durability = _choice("durability", durability, _DURABILITIES)
    options.mode = _choice("mode", mode, _MODES)
    if compress_level is not None:
        if compress_level != -1 and not 1 <= compress_level <= 19:
            raise invalid(f"compress_level is 1 to 19, or -1 for never, not {compress_level!r}")
        options.compress_level = compress_level
    if archive_keep is not None:
        if not 0 <= archive_keep < 2**31:
            raise invalid(f"archive_keep is a number from 0 to 2**31 - 1, not {archive_keep!r}")
        options.archive_keep = archive_keep or -1
    options.archive_compress = bool(archive_compress)
    for name, number in numbers.items():
        if number is not None:
            bits = _BITS.get(name, 32)
            if not 0 < number < 2**bits:
                raise invalid(f"{name} is a number from 1 to 2**{bits} - 1, not {number!r}")
            setattr(options, name, number)
    if isinstance(url, os.PathLike):
        # A path object is never a URL, whatever its name.
        url = os.path.abspath(url)
    return ffi.make(ffi.store_open, to_text(url, "the URL of a store"), byref(options))


def _choice(name: str, given: Optional[str], choices: dict[str, int]) -> int:
    if given is None:
        return 0
    if given not in choices:
        raise invalid(f"{name} is one of {', '.join(choices)}, not {given!r}")
    return choices[given]


def open_config(path: Union[str, os.PathLike[str]]) -> int:
    """The handle of a newly opened store that a TOML file describes."""
    return ffi.make(ffi.store_open_config, to_text(path, "the path of a configuration"))
