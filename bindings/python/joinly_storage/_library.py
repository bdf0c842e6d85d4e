"""Finds and loads the native library, once, when the package is imported."""

from __future__ import annotations

import os
import sys
from ctypes import CDLL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ABI_VERSION = 1


def _candidates() -> Iterator[str]:
    if sys.platform == "win32":
        names = ["joinly_storage.dll"]
    elif sys.platform == "darwin":
        names = ["libjoinly_storage.dylib"]
    else:
        names = ["libjoinly_storage.so.1", "libjoinly_storage.so"]
    package = os.path.dirname(os.path.realpath(__file__))
    yield from (os.path.join(package, name) for name in names)
    tree = os.path.dirname(os.path.dirname(os.path.dirname(package)))
    if os.path.isfile(os.path.join(tree, "Cargo.toml")):
        builds = ["target/release", "target/debug", "build/lib", "build/release/lib", "build/dev/lib"]
        files = [os.path.join(tree, build, name) for build in builds for name in names]
        yield from sorted(filter(os.path.isfile, files), key=os.path.getmtime, reverse=True)


def _find() -> str:
    override = os.environ.get("JOINLY_STORAGE_LIBRARY")
    if override:
        return override
    for file in _candidates():
        if os.path.isfile(file):
            return file
    raise ImportError(
        "the native library of joinly_storage was not found beside the package: reinstall it, or set "
        "JOINLY_STORAGE_LIBRARY to the path of the library"
    )


def _load(path: str) -> CDLL:
    try:
        loaded = CDLL(path)
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
