from __future__ import annotations

from collections.abc import MutableMapping

import pytest
from joinly_storage import NotFound, Store


def test_set_get_delete(store: Store) -> None:
    store[b"k"] = b"v"
    assert store[b"k"] == b"v"
    assert b"k" in store
    del store[b"k"]
    assert b"k" not in store
    assert store.get(b"k") is None
    assert store.get(b"k", 7) == 7


def test_a_missing_key_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError, match="no such key: b'k'"):
        store[b"k"]
    with pytest.raises(NotFound):
        del store[b"k"]
    assert store.delete(b"k") is False


def test_str_stands_for_utf8(store: Store) -> None:
    store["é"] = "ü"
    assert store["é".encode()] == "ü".encode()
    assert "é" in store
    assert list(store) == ["é".encode()]


@pytest.mark.parametrize("data", [b"v", bytearray(b"v"), memoryview(b"v"), memoryview(b"xvx")[1:2]])
def test_bytes_like_objects(store: Store, data: bytes) -> None:
    store[data] = data
    assert store[data] == b"v"
    assert list(store.items()) == [(b"v", b"v")]


def test_it_is_a_mapping_in_the_order_of_its_keys(store: Store) -> None:
    assert isinstance(store, MutableMapping)
    assert not store
    store.update({b"b": b"2", b"c": b"3"}, a="1")
    assert store
    assert len(store) == 3
    assert list(store) == list(store.keys()) == [b"a", b"b", b"c"]
    assert list(reversed(store)) == [b"c", b"b", b"a"]
    assert list(store.values()) == [b"1", b"2", b"3"]
    assert list(reversed(store.items())) == [(b"c", b"3"), (b"b", b"2"), (b"a", b"1")]
    assert dict(store) == {b"a": b"1", b"b": b"2", b"c": b"3"}
    assert (b"a", b"1") in store.items()
    assert b"4" not in store.values()


def test_pop_popitem_setdefault(store: Store) -> None:
    store.update({b"a": b"1", b"b": b"2"})
    assert store.pop(b"a") == b"1"
    assert store.pop(b"a", None) is None
    with pytest.raises(KeyError):
        store.pop(b"a")
    assert store.setdefault(b"b", b"9") == b"2"
    assert store.setdefault(b"c", "3") == b"3"
    assert store.popitem() == (b"b", b"2")
    assert store.popitem() == (b"c", b"3")
    with pytest.raises(KeyError):
        store.popitem()


def test_clear_and_update_take_any_number(store: Store) -> None:
    store.update((f"k{number:05}", str(number)) for number in range(2500))
    assert len(store) == 2500
    assert store["k02499"] == b"2499"
    store.clear()
    assert len(store) == 0


def test_stores_compare_by_identity(store: Store, memory: Store) -> None:
    assert store == store
    assert store != memory
    assert len({store, memory}) == 2


def test_get_many_keeps_the_order_and_set_many_is_one_commit(store: Store) -> None:
    before = store.version
    version = store.set_many({"a": "1", "b": ""})
    assert before < version == store.version
    assert store.stats().commits == 1
    assert store.get_many(["b", "missing", "a", "b"]) == [b"", None, b"1", b""]
    assert store.get_many([]) == []


def test_large_values(store: Store) -> None:
    for size in (0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 3_000_000):
        value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        store["k"] = value
        assert store["k"] == value


def test_an_entry_tells_its_version(store: Store) -> None:
    store["k"] = "v"
    entry = store.get_entry("k")
    assert entry is not None
    assert entry.value == b"v"
    assert entry.version == store.version
    assert entry.expires_at is None
    assert store.get_entry("missing") is None
