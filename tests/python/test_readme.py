from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import ROOT, run_python


def test_the_quickstart_runs_as_written(tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text("utf-8") if readme.exists() else "", re.M | re.S)
    if not blocks:
        pytest.skip("README.md has no Python quickstart yet")
    for number, block in enumerate(blocks):
        directory = tmp_path / str(number)
        directory.mkdir()
        run_python(block, cwd=directory)
