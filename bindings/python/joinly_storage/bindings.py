"""The native library by its file name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Union

from ._errors import invalid
from ._library import library_path
from ._text import TextStore


class NativeStorageBinding(TextStore):
    """Keys and values as `str`, through the native library called `library`.

    A name that is no existing file stands for the library that the package carries. Another library than the one
    loaded is refused: two copies in one process would release each other's locks on a file. Set the environment
    variable JOINLY_STORAGE_LIBRARY to choose one.
    """

    def __init__(
        self,
        library: Union[str, os.PathLike[str]] = "joinly_storage.dll",
        db_path: Union[str, os.PathLike[str]] = "joinly.db",
    ) -> None:
        if Path(library).is_file() and not Path(library).samefile(library_path):
            raise invalid(
                f"{library} is not the library in use, {library_path}: set JOINLY_STORAGE_LIBRARY to its path "
                "before the program starts"
            )
        super().__init__(db_path)
        self.library = Path(library_path)
