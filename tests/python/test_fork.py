from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

FORK = """
import os, sys, warnings
warnings.simplefilter("ignore")
import joinly_storage
from joinly_storage import Forked

store = joinly_storage.open(sys.argv[1])
store["k"] = "v"
txn, watch, batch = store.transaction(), store.watch(), store.batch()
assert txn["k"] == b"v"
batch.set("from", "parent")

child = os.fork()
if child == 0:
    def forked(use):
        try:
            use()
        except Forked:
            return
        raise SystemExit(f"the child was served: {use}")

    forked(lambda: store.get("k"))
    forked(lambda: store.set("k", "child"))
    forked(lambda: list(store))
    forked(lambda: txn.get("k"))
    forked(lambda: watch.poll())
    forked(lambda: batch.commit())
    forked(lambda: joinly_storage.open(sys.argv[1]))
    store.close()
    store.close()
    del txn, watch, batch
    sys.exit(0)

_, status = os.waitpid(child, 0)
assert status == 0, status
assert store["k"] == b"v"
store["k"] = "parent"
txn["other"] = "parent"
txn.rollback()
batch.commit()
assert watch.poll(timeout=30).changes == [("put", b"k")]
assert dict(store) == {b"k": b"parent", b"from": b"parent"}
store.verify()
store.close()
print("unharmed")
"""

SPAWN = """
import multiprocessing, sys
import joinly_storage

def add(path):
    with joinly_storage.open(path) as store:
        return [store.add("n") for _ in range(50)]

if __name__ == "__main__":
    with joinly_storage.open(sys.argv[1]) as store:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            sums = pool.map(add, [sys.argv[1]] * 4)
        assert sorted(n for part in sums for n in part) == list(range(1, 201))
        print(store["n"].decode())
"""


def test_a_forked_child_is_refused_and_its_parent_unharmed(path: Path) -> None:
    assert run_python(FORK, path) == "unharmed\n"


def test_spawned_children_open_their_own(path: Path, tmp_path: Path) -> None:
    script = tmp_path / "spawn.py"
    script.write_text(SPAWN, "utf-8")
    assert run_python(script, path) == "200\n"


def test_a_child_may_open_a_store_that_its_parent_closed(path: Path) -> None:
    code = """
import os, sys, joinly_storage
with joinly_storage.open(sys.argv[1]) as store:
    store["k"] = "parent"
child = os.fork()
if child == 0:
    with joinly_storage.open(sys.argv[1]) as store:
        store["k"] = "child"
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
with joinly_storage.open(sys.argv[1]) as store:
    print(store["k"].decode())
"""
    assert run_python(code, path) == "child\n"
