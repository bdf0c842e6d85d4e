from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from joinly_storage import Store, Transaction
from support import PATIENCE, ROOT, wait_until

PEER = """
import sys
sys.path.insert(0, sys.argv[1])
import joinly_storage
with joinly_storage.open(sys.argv[2]) as store:
    for line in sys.stdin:
        operation, *words = line.split()
        print(getattr(store, operation)(*words), flush=True)
"""


class Peer:
    """A process with its own handle of a store, that does what it is told and answers."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PEER, ROOT / "bindings/python", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def stop(self) -> None:
        self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0


@pytest.fixture
def peer(store: Store, path: Path) -> Iterator[Peer]:
    peer = Peer(path)
    try:
        yield peer
        peer.stop()
    finally:
        peer.process.kill()
        peer.process.wait()


def test_no_read_is_ever_stale(store: Store, peer: Peer) -> None:
    assert peer("get", "k") == "None"
    for number in range(200):
        store["k"] = f"here{number}"
        assert peer("get", "k") == str(f"here{number}".encode())
        assert peer("set", "k", f"there{number}") == "None"
        assert store["k"] == f"there{number}".encode()
    assert peer("delete", "k") == "True"
    assert "k" not in store


def test_coherence_over_maintenance(store: Store, peer: Peer) -> None:
    for number in range(10):
        peer("set", "k", str(number))
        assert store["k"] == b"%d" % number
        for maintenance in ("checkpoint", "compact"):
            peer(maintenance)
            peer("add", "k")
            assert peer("get", "k") == str(store["k"])
    assert store["k"] == b"11"


def test_hits_are_hits_although_another_process_has_the_file(store: Store, peer: Peer) -> None:
    peer("set", "k", "v")
    assert store["k"] == b"v"
    before = store.stats()
    for _ in range(100):
        assert store["k"] == b"v"
    after = store.stats()
    assert after.cache_hits - before.cache_hits == 100
    assert after.cache_misses == before.cache_misses
    assert 0 < after.cache_hit_rate <= 1


def test_versions_are_shared(store: Store, peer: Peer) -> None:
    versions = []
    for _ in range(20):
        store.add("n")
        versions.append(store.version)
        peer("add", "n")
        versions.append(store.version)
    assert versions == sorted(set(versions))
    assert store["n"] == b"40"


def test_a_transaction_loses_against_another_process(store: Store, peer: Peer) -> None:
    store["n"] = "1"
    runs = []

    def body(txn: Transaction) -> None:
        runs.append(txn["n"])
        if len(runs) == 1:
            peer("set", "n", "10")
        txn["n"] = str(int(txn["n"]) + 1)

    store.run_transaction(body)
    assert runs == [b"1", b"10"]
    assert peer("get", "n") == "b'11'"


def test_expiry_is_the_same_for_all(store: Store, peer: Peer) -> None:
    store.set("k", "v", ttl=0.2)
    wait_until(lambda: peer("get", "k") == "None")
    assert "k" not in store


def test_what_a_killed_process_acknowledged_is_there(store: Store, path: Path) -> None:
    peer = Peer(path)
    for number in range(100):
        assert peer("add", "n") == str(number + 1)
    peer.process.kill()
    peer.process.communicate(timeout=PATIENCE)
    assert store["n"] == b"100"
    store.verify()
