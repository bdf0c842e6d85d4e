from __future__ import annotations

import json
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


def test_two_game_clients_share_the_lobbies(path: Path) -> None:
    with joinly_storage.open(path) as store:
        for number in range(3):
            document = {"lobby_id": str(number), "state": "open", "players": []}
            store[f"lobby:{number}"] = json.dumps(document)
        clients = [
            subprocess.Popen(
                [sys.executable, EXAMPLES / "game_client.py", path, name, "2"],
                env={"PYTHONPATH": str(ROOT / "bindings/python")},
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("ada", "bob")
        ]
        printed = [client.communicate(timeout=PATIENCE)[0] for client in clients]
        assert [client.returncode for client in clients] == [0, 0]
        joins = int(store["counter:joins"])
        seats = [player for _key, lobby in store.prefix("lobby:") for player in json.loads(lobby)["players"]]
        assert joins == len(seats) > 0
        assert len(list(store.prefix("lease:"))) <= joins
    assert all("joined" in text for text in printed)
