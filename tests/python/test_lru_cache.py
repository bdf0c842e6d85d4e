from __future__ import annotations

import threading

import pytest
from joinly_storage.cache import LRUCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_any_object() -> None:
    cache = LRUCache(max_size=10)
    thing = object()
    cache.set(("a", 1), thing)
    cache.set("none", None)
    assert cache.get(("a", 1)) is thing
    assert "none" in cache
    assert cache.get("none", 5) is None
    assert cache.get("missing") is None
    assert cache.get("missing", 5) == 5
    assert cache.delete("none") is True
    assert cache.delete("none") is False
    cache.clear()
    assert len(cache) == 0


def test_the_least_recently_used_makes_room() -> None:
    cache = LRUCache(max_size=2)
    cache.set("a", 1)
    cache.set("b", 2)
    assert cache.get("a") == 1
    cache.set("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    cache.set("a", 4)
    cache.set("d", 5)
    assert [cache.get(key) for key in "acd"] == [4, None, 5]


def test_expiry() -> None:
    clock = Clock()
    cache = LRUCache(default_ttl=10, clock=clock)
    cache.set("default", 1)
    cache.set("own", 1, ttl=20)
    clock.now = 9.99
    assert cache.get("default") == 1
    clock.now = 10
    assert "default" not in cache
    assert cache.get("default") is None
    assert cache.get("own") == 1
    clock.now = 20
    assert cache.delete("own") is False
    assert len(cache) == 0


def test_figures() -> None:
    cache = LRUCache(max_size=2)
    assert cache.get_stats()["hit_rate"] == 0.0
    for key in "abc":
        cache.set(key, key)
    for key in "abcc":
        cache.get(key)
    assert cache.get_stats() == {
        "hit_rate": 75.0,
        "hits": 3,
        "misses": 1,
        "evictions": 1,
        "size": 2,
        "max_size": 2,
    }


def test_threads() -> None:
    cache = LRUCache(max_size=50)

    def work() -> None:
        for number in range(2000):
            cache.set(number % 100, number % 100)
            assert cache.get(number % 100) in (number % 100, None)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = cache.get_stats()
    assert stats["hits"] + stats["misses"] == 8000
    assert stats["size"] == 50


def test_misuse() -> None:
    with pytest.raises(ValueError, match="max_size"):
        LRUCache(max_size=0)
    cache = LRUCache()
    for ttl in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="ttl"):
            cache.set("k", "v", ttl)
    with pytest.raises(TypeError):
        cache.set([], "v")  # type: ignore[arg-type]
