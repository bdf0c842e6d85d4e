from __future__ import annotations

import threading

import pytest
from joinly_storage import OutOfRange, Store, WrongType


def test_add(store: Store) -> None:
    assert store.add("n") == 1
    assert store.add("n", 41) == 42
    assert store.add("n", -2) == 40
    assert store.add("n", 0) == 40
    assert store["n"] == b"40"


def test_a_counter_keeps_its_expiry(store: Store) -> None:
    store.set("n", "1", ttl=3600)
    store.add("n")
    assert store.ttl("n") is not None


def test_64_bits(store: Store) -> None:
    assert store.add("n", 2**63 - 1) == 2**63 - 1
    with pytest.raises(OutOfRange):
        store.add("n", 1)
    assert store.add("m", -(2**63)) == -(2**63)
    for delta in (2**63, -(2**63) - 1, 2**200):
        with pytest.raises(OutOfRange, match="64 bits"):
            store.add("k", delta)
    assert "k" not in store


def test_not_a_number(store: Store) -> None:
    store["text"] = "hello"
    with pytest.raises(WrongType):
        store.add("text")
    with pytest.raises(TypeError):
        store.add("n", 1.5)  # type: ignore[arg-type]
    assert store["text"] == b"hello"


def test_threads_lose_no_addition(store: Store) -> None:
    threads = [threading.Thread(target=lambda: [store.add("n") for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store["n"] == b"400"
