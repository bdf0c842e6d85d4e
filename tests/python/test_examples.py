from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import joinly_storage
import pytest
from support import PATIENCE, ROOT, run_python

EXAMPLES = ROOT / "examples/python"


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda example: example.stem)
def test_an_example_runs_without_arguments(example: Path, tmp_path: Path) -> None:
    assert run_python(example, cwd=tmp_path)


def test_the_quickstart(tmp_path: Path) -> None:
    example = EXAMPLES / "quickstart.py"
    assert run_python(example, cwd=tmp_path) == "Ada won 1 match and is online\n"
    assert run_python(example, cwd=tmp_path) == "Ada won 2 matches and is online\n"


def test_the_shared_counter(tmp_path: Path) -> None:
    assert run_python(EXAMPLES / "shared_counter.py", cwd=tmp_path) == "4 processes counted to 4000\n"


def test_players_of_two_processes_meet_in_the_arena(path: Path) -> None:
    def start(example: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(EXAMPLES / f"{example}.py"), str(path), *arguments]
        environment = {"PYTHONPATH": str(ROOT / "bindings/python")}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    joinly_storage.open(path).close()
    processes = [start("arena_matchmaker", "4"), *(start("arena_players", name, "5", "4") for name in ("ada", "bob"))]
    printed = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], printed
    with joinly_storage.open(path) as store:
        ((matches,),) = store.sql("SELECT count(*) FROM kv WHERE key GLOB 'match:arena-*'")
        assert matches == 5
        assert sum(lobby.members for lobby in store.lobbies.search(kind="arena", include_full=True)) == 10
