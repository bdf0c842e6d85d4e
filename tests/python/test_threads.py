from __future__ import annotations

import signal
import threading
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Closed, Store


def run_all(*works: object) -> list[BaseException]:
    errors: list[BaseException] = []

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_readers_never_see_another_key(store: Store) -> None:
    keys = [f"{number}".encode() * 100 for number in range(8)]
    store.set_many((key, key) for key in keys)

    def read() -> None:
        for _ in range(300):
            for key in keys:
                assert store[key] == key

    assert run_all(*[read] * 4) == []


def test_readers_never_see_a_torn_or_older_value(store: Store) -> None:
    store["k"] = b"0" * 500
    done = threading.Event()

    def write() -> None:
        for number in range(1, 200):
            store["k"] = str(number).encode().ljust(500, b".")
        done.set()

    def read() -> None:
        latest = 0
        while not done.is_set():
            value = store["k"]
            assert len(value) == 500
            number = int(value.rstrip(b".")) if b"." in value else 0
            assert number >= latest
            latest = number

    assert run_all(write, read, read) == []


def test_closing_while_others_use_it(path: Path) -> None:
    store = joinly_storage.open(path)
    started = threading.Barrier(4)

    def use() -> None:
        started.wait()
        with pytest.raises(Closed):
            while True:
                store.set("k", "v")
                assert store.get("k") == b"v"

    def close() -> None:
        started.wait()
        store.close()

    assert run_all(use, use, use, close) == []
    with joinly_storage.open(path) as again:
        again.verify()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_a_signal_handler_may_read_in_the_middle_of_a_read(store: Store) -> None:
    store["a"], store["b"] = b"a" * 1000, b"b" * 1000
    seen: set[bytes] = set()
    previous = signal.signal(signal.SIGALRM, lambda _number, _frame: seen.add(store["b"]))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
    try:
        for _ in range(5000):
            assert store["a"] == b"a" * 1000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert seen == {b"b" * 1000}
