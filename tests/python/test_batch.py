from __future__ import annotations

import pytest
from joinly_storage import Closed, Conflict, OutOfRange, Store, TooLarge, WrongType


def test_all_together(store: Store) -> None:
    store.set_many({"gone": "1", "n": "40", "brief": "1"})
    with store.batch() as batch:
        batch.set("a", "1")
        batch.set("b", "2", ttl=3600)
        batch.delete("gone")
        batch.delete("never there")
        batch.add("n", 2)
        batch.expire("brief", 3600)
        assert len(batch) == 6
        assert "a" not in store
    assert batch.version == store.version
    assert dict(store) == {b"a": b"1", b"b": b"2", b"brief": b"1", b"n": b"42"}
    assert store.ttl("a") is None
    assert store.ttl("b") is not None
    assert store.ttl("brief") is not None


def test_an_exception_drops_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.batch() as batch:
        batch.set("a", "1")
        raise ZeroDivisionError
    assert "a" not in store
    assert batch.version is None


def test_checks(store: Store) -> None:
    store["a"] = "1"
    entry = store.get_entry("a")
    assert entry is not None
    with store.batch() as batch:
        batch.check("a", entry.version)
        batch.check_absent("b")
        batch.set("a", "2")
    assert store["a"] == b"2"
    with pytest.raises(Conflict), store.batch() as batch:
        batch.check("a", entry.version)
        batch.set("b", "1")
    with pytest.raises(Conflict), store.batch() as batch:
        batch.check_absent("a")
        batch.set("b", "1")
    assert "b" not in store


def test_a_failed_addition_changes_nothing(store: Store) -> None:
    store.set_many({"text": "hello", "full": str(2**63 - 1)})
    for key, error in (("text", WrongType), ("full", OutOfRange)):
        with pytest.raises(error), store.batch() as batch:
            batch.set("a", "1")
            batch.add(key, 1)
    assert "a" not in store


def test_a_committed_batch_is_closed(store: Store) -> None:
    batch = store.batch()
    batch.set("a", "1")
    assert batch.commit() == store.version
    with pytest.raises(Closed):
        batch.set("b", "1")
    with pytest.raises(Closed):
        batch.commit()
    batch.close()


def test_a_batch_over_the_limit_is_refused(memory: Store) -> None:
    limit = memory.limits().max_batch_ops
    with pytest.raises(TooLarge), memory.batch() as batch:
        for _ in range(limit + 1):
            batch.delete("k")
