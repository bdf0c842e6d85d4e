"""Text in an SQLite file."""

from __future__ import annotations

import os
from typing import Union

from ._text import TextStore


class SQLiteStore(TextStore):
    """Keys and values as `str` in an SQLite file, which any number of processes may open."""

    def __init__(self, db_path: Union[str, os.PathLike[str]] = "joinly.db") -> None:
        super().__init__(db_path)
        self.db_path = db_path
