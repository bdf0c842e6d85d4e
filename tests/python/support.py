"""What several tests need."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def run_python(program: str | Path, *arguments: object, cwd: Path | None = None, options: Iterable[str] = ()) -> str:
    """Runs a program, its text or its file, in a process of its own, and returns what it printed."""
    code = [program] if isinstance(program, Path) else ["-c", program]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "bindings/python")}
    done = subprocess.run(
        [sys.executable, *options, *code, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits for something that happens soon."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
