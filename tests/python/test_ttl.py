from __future__ import annotations

import math
import time

import pytest
from joinly_storage import NotFound, Store
from support import wait_until


def test_a_key_expires_for_every_read(store: Store) -> None:
    store["stays"] = "1"
    store.set("k", "v", ttl=0.05)
    wait_until(lambda: "k" not in store)
    assert store.get("k") is None
    assert store.get_entry("k") is None
    assert store.get_many(["k"]) == [None]
    assert list(store) == [b"stays"]
    assert len(store) == 1
    assert store.expire("k", 10) is False
    with pytest.raises(NotFound):
        store.ttl("k")


def test_what_is_left(store: Store) -> None:
    store.set("k", "v", ttl=3600)
    left = store.ttl("k")
    assert left is not None
    assert 0 < left <= 3600
    entry = store.get_entry("k")
    assert entry is not None
    assert entry.expires_at is not None
    assert store.now() < entry.expires_at <= store.now() + 3600


def test_expire_changes_the_life_and_not_the_value(store: Store) -> None:
    store["k"] = "v"
    assert store.ttl("k") is None
    assert store.expire("k", 3600) is True
    assert store.ttl("k") is not None
    assert store["k"] == b"v"
    store.expire("k", None)
    assert store.ttl("k") is None
    assert store.expire("missing", 1) is False


def test_a_put_removes_the_expiry(store: Store) -> None:
    store.set("k", "v", ttl=3600)
    store["k"] = "w"
    assert store.ttl("k") is None


def test_set_many_takes_a_ttl(store: Store) -> None:
    store.set_many({"a": "1", "b": "2"}, ttl=3600)
    assert store.ttl("a") is not None
    assert store.ttl("b") is not None


@pytest.mark.parametrize("ttl", [0, -1, -0.001, math.nan, math.inf, 1e300])
def test_a_ttl_is_positive(store: Store, ttl: float) -> None:
    with pytest.raises(ValueError, match="ttl"):
        store.set("k", "v", ttl)
    with pytest.raises(ValueError, match="ttl"):
        store.expire("k", ttl)
    assert "k" not in store


def test_a_tiny_ttl_is_not_for_ever(store: Store) -> None:
    store.set("k", "v", ttl=1e-9)
    wait_until(lambda: "k" not in store)


def test_the_clock_does_not_go_back(store: Store) -> None:
    moments = [store.now() for _ in range(100)]
    assert moments == sorted(moments)
    assert abs(moments[-1] - time.time()) < 3600
