from __future__ import annotations

import gc
import pickle
from pathlib import Path
from typing import Any, Callable

import joinly_storage
import pytest
from joinly_storage import Closed, Invalid, Store, TooLarge

USES: dict[str, Callable[[Store], Any]] = {
    "get": lambda store: store.get("k"),
    "get_entry": lambda store: store.get_entry("k"),
    "get_many": lambda store: store.get_many(["k"]),
    "set": lambda store: store.set("k", "v"),
    "set_many": lambda store: store.set_many({"k": "v"}),
    "delete": lambda store: store.delete("k"),
    "add": lambda store: store.add("k"),
    "expire": lambda store: store.expire("k", 1),
    "ttl": lambda store: store.ttl("k"),
    "contains": lambda store: "k" in store,
    "len": len,
    "bool": bool,
    "iter": list,
    "scan": lambda store: list(store.scan()),
    "prefix": lambda store: list(store.prefix("k")),
    "transaction": lambda store: store.transaction(),
    "run_transaction": lambda store: store.run_transaction(lambda txn: txn.get("k")),
    "watch": lambda store: store.watch(),
    "create_index": lambda store: store.create_index("i", "k", "$.a"),
    "drop_index": lambda store: store.drop_index("i"),
    "rebuild_index": lambda store: store.rebuild_index("i"),
    "indexes": lambda store: store.indexes(),
    "find": lambda store: list(store.find("i")),
    "version": lambda store: store.version,
    "now": lambda store: store.now(),
    "stats": lambda store: store.stats(),
    "limits": lambda store: store.limits(),
    "capabilities": lambda store: store.capabilities(),
    "flush": lambda store: store.flush(),
    "checkpoint": lambda store: store.checkpoint(),
    "compact": lambda store: store.compact(),
    "verify": lambda store: store.verify(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_use_after_close(store: Store, use: Callable[[Store], Any]) -> None:
    store.close()
    with pytest.raises(Closed):
        use(store)


def test_close_is_idempotent(path: Path) -> None:
    store = joinly_storage.open(path)
    assert not store.closed
    assert "sqlite" in repr(store)
    with store:
        store.close()
    store.close()
    assert store.closed
    assert store.engine == ""
    assert "closed" in repr(store)


def test_a_batch_of_a_closed_store(store: Store) -> None:
    batch = store.batch()
    batch.set("a", "1")
    store.close()
    with pytest.raises(Closed):
        batch.commit()


@pytest.mark.parametrize("wrong", [None, 1, 1.5, True, ["k"], object()])
def test_wrong_types(store: Store, wrong: Any) -> None:
    for use in (
        lambda: store.get(wrong),
        lambda: store.set(wrong, "v"),
        lambda: store.set("k", wrong),
        lambda: store.delete(wrong),
        lambda: wrong in store,
        lambda: store.add(wrong),
        lambda: store.get_many([wrong]),
        lambda: store.set_many({"k": wrong}),
        lambda: store.prefix(wrong),
        lambda: store.scan(wrong),
        lambda: store.watch(wrong),
        lambda: store.create_index("i", wrong, "$.a"),
    ):
        with pytest.raises(TypeError, match="bytes-like or str"):
            use()
    assert not store


def test_lone_surrogates_are_no_text(store: Store) -> None:
    with pytest.raises(UnicodeEncodeError):
        store["\ud800"] = "v"


def test_lengths_beyond_the_limits(memory: Store) -> None:
    limits = memory.limits()
    key, value = b"k" * limits.max_key_bytes, b"v" * limits.max_value_bytes
    memory[key] = "v"
    assert memory[key] == b"v"
    for use in (
        lambda: memory.get(key + b"k"),
        lambda: memory.set(key + b"k", "v"),
        lambda: memory.set("k", value + b"v"),
        lambda: memory.get_many(["k"] * (limits.max_page_rows + 1)),
    ):
        with pytest.raises(TooLarge):
            use()
    assert list(memory) == [key]


def test_an_empty_key(store: Store) -> None:
    for use in (lambda: store.get(""), lambda: store.set("", "v"), lambda: "" in store, lambda: store.delete("")):
        with pytest.raises(Invalid):
            use()


def test_versions_out_of_range(store: Store) -> None:
    for version in (-1, 2**64):
        with pytest.raises(ValueError, match="version"):
            store.flush(version)
        with pytest.raises(ValueError, match="version"):
            store.watch(from_version=version)
        with pytest.raises(ValueError, match="version"):
            store.batch().check("k", version)
    with pytest.raises(TypeError):
        store.flush(1.5)  # type: ignore[arg-type]


def test_native_objects_are_not_pickled(store: Store) -> None:
    with pytest.raises(TypeError, match="belongs to its process"):
        pickle.dumps(store)


def test_a_forgotten_store_is_closed(path: Path) -> None:
    store = joinly_storage.open(path)
    store["k"] = "v"
    txn, watch, batch = store.transaction(), store.watch(), store.batch()
    del store
    gc.collect()
    with pytest.raises(Closed):
        txn.get("k")
    with pytest.raises(Closed):
        watch.poll()
    with pytest.raises(Closed):
        batch.commit()
