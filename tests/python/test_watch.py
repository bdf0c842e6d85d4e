from __future__ import annotations

import threading
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Closed, Compacted, Store, Watch
from support import run_python, wait_until


def told(watch: Watch) -> list[tuple[str, bytes]]:
    commit = watch.poll(timeout=30)
    assert commit is not None
    return [(kind, key) for kind, key in commit.changes]


def test_commits_in_order_and_nothing_else(store: Store) -> None:
    with store.watch("lobby:") as watch:
        assert watch.poll() is None
        store["player:1"] = "x"
        store["lobby:1"] = "a"
        with store.batch() as batch:
            batch.set("lobby:2", "b")
            batch.delete("lobby:1")
            batch.set("player:2", "x")
        assert told(watch) == [("put", b"lobby:1")]
        assert sorted(told(watch)) == [("delete", b"lobby:1"), ("put", b"lobby:2")]
        assert watch.poll() is None
        assert watch.version == store.version


def test_from_a_version(store: Store) -> None:
    store["a"] = "1"
    version = store.version
    store["b"] = "2"
    with store.watch(from_version=version) as watch:
        assert told(watch) == [("put", b"b")]
    with store.watch(from_version=0) as watch:
        assert told(watch) == [("put", b"a")]
        assert told(watch) == [("put", b"b")]


def test_a_commit_tells_its_version_and_time(store: Store) -> None:
    with store.watch() as watch:
        before = store.now()
        store["a"] = "1"
        commit = watch.poll(timeout=30)
        assert commit is not None
        assert commit.version == store.version
        assert before <= commit.time <= store.now()


def test_an_expiry_is_told(path: Path) -> None:
    with joinly_storage.open(path, sweep_interval_ms=10) as store, store.watch() as watch:
        store.set("k", "v", ttl=0.02)
        assert told(watch) == [("put", b"k")]
        assert told(watch) == [("expire", b"k")]


def test_it_wakes_for_another_thread(store: Store) -> None:
    with store.watch() as watch:
        threading.Timer(0.05, store.set, ("a", "1")).start()
        assert told(watch) == [("put", b"a")]


def test_it_sees_other_processes(store: Store, path: Path) -> None:
    with store.watch() as watch:
        run_python("import joinly_storage, sys; joinly_storage.open(sys.argv[1])['a'] = '1'", path)
        assert told(watch) == [("put", b"a")]


def test_iteration_ends_when_the_watch_is_closed(store: Store) -> None:
    watch = store.watch()
    store["a"] = "1"
    seen = []
    for commit in watch:
        seen += commit.changes
        watch.close()
    assert seen == [("put", b"a")]
    with pytest.raises(Closed):
        watch.poll()


def test_iteration_ends_when_the_store_is_closed(store: Store) -> None:
    watch = store.watch()
    threading.Timer(0.05, store.close).start()
    assert list(watch) == []


def test_a_time_out(store: Store) -> None:
    with store.watch() as watch:
        assert watch.poll(timeout=0.3) is None
        assert watch.poll(timeout=-1) is None


def test_a_reader_too_far_behind_is_told(path: Path) -> None:
    with joinly_storage.open(path, log_keep=5, sweep_interval_ms=10) as store:
        store["first"] = "1"
        watch = store.watch(from_version=store.version)

        def compacted() -> bool:
            for _ in range(20):
                store.add("n")
            try:
                store.watch(from_version=1).poll()
            except Compacted:
                return True
            return False

        wait_until(compacted)
        with pytest.raises(Compacted):
            watch.poll()
        commit = watch.poll()
        assert commit is not None
        assert commit.changes == [("put", b"n")]
