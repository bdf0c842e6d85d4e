"""Finds and loads the native library, once, when the package is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from ctypes import CDLL
from pathlib import Path

_ABI_VERSION = 1


def _candidates() -> Iterator[Path]:
    if sys.platform == "win32":
        names = ["joinly_storage.dll"]
    elif sys.platform == "darwin":
        names = ["libjoinly_storage.dylib"]
    else:
        names = ["libjoinly_storage.so.1", "libjoinly_storage.so"]
    package = Path(__file__).resolve().parent
    yield from (package / name for name in names)
    tree = package.parents[2]
    if (tree / "Cargo.toml").is_file():
        builds = ["target/release", "target/debug", "build/lib", "build/release/lib", "build/dev/lib"]
        found = [file for build in builds for name in names if (file := tree / build / name).is_file()]
        yield from sorted(found, key=lambda file: file.stat().st_mtime, reverse=True)


def _find() -> Path:
    override = os.environ.get("JOINLY_STORAGE_LIBRARY")
    if override:
        return Path(override)
    for file in _candidates():
        if file.is_file():
            return file
    raise ImportError(
        "the native library of joinly_storage was not found beside the package: reinstall it, or set "
        "JOINLY_STORAGE_LIBRARY to the path of the library"
    )


def _load(path: Path) -> CDLL:
    try:
        loaded = CDLL(str(path))
    except OSError as error:
        raise ImportError(f"cannot load the native library of joinly_storage from {path}: {error}") from error
    try:
        found = int(loaded.joinly_abi_version())
    except AttributeError:
        raise ImportError(f"{path} is not the native library of joinly_storage") from None
    if found != _ABI_VERSION:
        raise ImportError(
            f"{path} has ABI version {found}, this package needs {_ABI_VERSION}: reinstall joinly_storage"
        )
    return loaded


library_path = _find()
library = _load(library_path)
