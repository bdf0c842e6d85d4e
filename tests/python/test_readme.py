from __future__ import annotations

import re
from pathlib import Path

from support import ROOT, run_python


def test_the_quickstart_runs_as_written(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    assert blocks, "README.md has no Python quickstart"
    for number, block in enumerate(blocks):
        directory = tmp_path / str(number)
        directory.mkdir()
        run_python(block, cwd=directory)
