from __future__ import annotations

import ctypes.util
import re
import subprocess
import sys
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage._library import library_path
from support import ROOT


def test_versions() -> None:
    declared = re.search(r'(?m)^version = "(.+)"', (ROOT / "Cargo.toml").read_text("utf-8"))
    assert declared is not None
    assert joinly_storage.__version__ == declared[1]
    assert "SQLite" in joinly_storage.library_version()


def test_every_public_name_exists() -> None:
    assert sorted(joinly_storage.__all__) == joinly_storage.__all__
    for name in joinly_storage.__all__:
        assert getattr(joinly_storage, name) is not None


@pytest.mark.parametrize(
    ("library", "message"),
    [("/nonexistent/library.so", "cannot load"), (ctypes.util.find_library("c"), "is not the native library")],
)
def test_a_wrong_library_is_refused(library: str, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import joinly_storage"],
        env={"PYTHONPATH": str(ROOT / "bindings/python"), "JOINLY_STORAGE_LIBRARY": library},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ImportError" in done.stderr
    assert message in done.stderr


def test_the_named_library_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from joinly_storage._library import library_path; print(library_path)"],
        env={"PYTHONPATH": str(ROOT / "bindings/python"), "JOINLY_STORAGE_LIBRARY": str(library_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert Path(done.stdout.strip()) == library_path
