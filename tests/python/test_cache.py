from __future__ import annotations

import threading

import pytest
from joinly_storage import Cache, Closed, NotFound
from support import wait_until


def test_set_get_delete() -> None:
    with Cache() as cache:
        cache["k"] = "v"
        cache.set(b"\0", b"")
        assert cache["k"] == b"v"
        assert cache.get(b"\0") == b""
        assert cache.get("missing", 7) == 7
        assert len(cache) == 2
        assert "k" in cache
        assert "missing" not in cache
        with pytest.raises(TypeError, match="not iterable"):
            iter(cache)  # type: ignore[call-overload]
        assert cache.delete("k") is True
        assert cache.delete("k") is False
        with pytest.raises(NotFound):
            cache["k"]
        with pytest.raises(KeyError):
            del cache["k"]
        cache.clear()
        assert len(cache) == 0


def test_the_least_recently_used_makes_room() -> None:
    with Cache(max_entries=2) as cache:
        cache["a"], cache["b"] = "1", "2"
        assert cache["a"] == b"1"
        cache["c"] = "3"
        assert [cache.get(key) for key in "abc"] == [b"1", None, b"3"]
        stats = cache.stats()
        assert (stats.hits, stats.misses, stats.evictions, stats.entries, stats.max_entries) == (3, 1, 1, 2, 2)


def test_it_is_bounded_by_bytes() -> None:
    with Cache(max_bytes=100_000) as cache:
        for number in range(1000):
            cache[f"{number}"] = b"x" * 1000
        stats = cache.stats()
        assert 0 < stats.bytes <= stats.max_bytes == 100_000
        assert stats.evictions == 1000 - stats.entries
        cache["large"] = b"x" * 200_000
        assert cache.get("large") is None


def test_expiry() -> None:
    with Cache(default_ttl=0.02) as cache:
        cache["brief"] = "1"
        cache.set("long", "1", ttl=3600)
        wait_until(lambda: cache.get("brief") is None)
        assert cache["long"] == b"1"


def test_large_values() -> None:
    with Cache() as cache:
        cache["k"] = b"x" * 1_000_000
        assert cache["k"] == b"x" * 1_000_000


def test_threads() -> None:
    with Cache(max_entries=50) as cache:

        def work(name: str) -> None:
            for number in range(500):
                key = f"{number % 100}"
                cache[key] = key
                assert cache.get(key) in (key.encode(), None)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stats = cache.stats()
        assert stats.hits + stats.misses == 2000
        assert stats.entries <= 50


def test_misuse() -> None:
    for bound in (0, -1, 2**64):
        with pytest.raises(ValueError, match="max_entries"):
            Cache(max_entries=bound)
        with pytest.raises(ValueError, match="max_bytes"):
            Cache(max_bytes=bound)
    cache = Cache()
    with pytest.raises(ValueError, match="ttl"):
        cache.set("k", "v", ttl=0)
    with pytest.raises(TypeError):
        cache.get(1)  # type: ignore[call-overload]
    cache.close()
    cache.close()
    cache.clear()
    for use in (lambda: cache.get("k"), lambda: cache.set("k", "v"), lambda: cache.delete("k"), cache.stats):
        with pytest.raises(Closed):
            use()
