from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support import ROOT

BUILD_TIMEOUT = 1200

PROGRAM = """
import joinly_storage
with joinly_storage.open("game.db") as store:
    store["k"] = "v"
    print(store["k"].decode(), joinly_storage.__file__)
"""


@pytest.mark.wheel
def test_pip_install_in_a_fresh_environment(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def run(*arguments: object, timeout: float = 60) -> str:
        done = subprocess.run(
            [python, "-I", *map(str, arguments)],
            cwd=tmp_path,
            env=without_our_variables(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    wheels = tmp_path / "wheels"
    run("-m", "pip", "wheel", "--no-deps", "--wheel-dir", wheels, ROOT, timeout=BUILD_TIMEOUT)
    [wheel] = wheels.iterdir()
    assert wheel.name.startswith("joinly_storage-")
    assert "-py3-none-" in wheel.name

    run("-m", "pip", "install", "--no-index", wheel)
    value, module = run("-c", PROGRAM).split()
    assert value == "v"
    assert Path(module).is_relative_to(environment)


def without_our_variables() -> dict[str, str]:
    ours = ("PYTHONPATH", "JOINLY_STORAGE_LIBRARY")
    return {name: value for name, value in os.environ.items() if name not in ours}
