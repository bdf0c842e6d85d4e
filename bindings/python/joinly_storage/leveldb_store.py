"""Text in a folder of LevelDB."""

from __future__ import annotations

import os
from typing import Union
from urllib.parse import quote

from ._text import TextStore


class LevelDBStore(TextStore):
    """Keys and values as `str` in a folder of LevelDB, which one process at a time may open.

    LevelDB itself must be installed: the package libleveldb1d on Debian and Ubuntu. `read_only` opens a folder that
    other software wrote, such as plyvel, to read its keys.
    """

    def __init__(self, db_path: Union[str, os.PathLike[str]] = "joinly_leveldb", read_only: bool = False) -> None:
        super().__init__(f"leveldb:{quote(os.fspath(db_path))}", read_only=read_only)
        self.db_path = db_path
