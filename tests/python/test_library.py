from __future__ import annotations

import ctypes.util
import re
import subprocess
import sys
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage._library import library_path
from support import ROOT, run_python


def test_versions() -> None:
    declared = re.search(r'(?m)^version = "(.+)"', (ROOT / "Cargo.toml").read_text("utf-8"))
    assert declared is not None
    assert joinly_storage.__version__ == declared[1]
    assert "SQLite" in joinly_storage.library_version()


def test_every_public_name_exists() -> None:
    assert sorted(joinly_storage.__all__) == joinly_storage.__all__
    for name in joinly_storage.__all__:
        assert getattr(joinly_storage, name) is not None
        assert name in dir(joinly_storage)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = joinly_storage.nothing  # type: ignore[attr-defined]


def test_a_program_that_reads_and_writes_imports_little() -> None:
    use = (
        "import sys, joinly_storage; store = joinly_storage.open('memory:');"
        "store['k'] = 'v'; store.set('k', 'v', ttl=1.5); store.get_many(['k', 'none']); list(store.items());"
        "print(*sys.modules)"
    )
    modules = run_python(use, options=["-S"]).split()
    assert "joinly_storage._store" in modules
    assert not {"typing", "re", "enum", "collections", "dataclasses", "pathlib", "json", "random"}.intersection(modules)


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
    assert Path(done.stdout.strip()) == Path(library_path)
