from __future__ import annotations

import pytest
from joinly_storage import Store

AWKWARD = [b"\0", b"\0\0", b"a\0b", b"\xff", b"\xff\xff", b"\xc3\x28", bytes(range(256)), b" ", b"\n"]


@pytest.mark.parametrize("data", AWKWARD)
def test_any_bytes_are_a_key_and_a_value(store: Store, data: bytes) -> None:
    store[data] = data
    assert store[data] == data
    assert list(store.prefix(data)) == [(data, data)]
    assert store.get_many([data]) == [data]
    with store.transaction() as txn:
        assert txn[data] == data
        txn[data] = data * 2
    assert store.pop(data) == data * 2


def test_keys_are_ordered_bytewise(store: Store) -> None:
    store.set_many((key, b"") for key in AWKWARD)
    assert list(store) == sorted(AWKWARD)


def test_a_watch_and_a_batch_take_any_bytes(store: Store) -> None:
    with store.watch(b"a\0") as watch:
        with store.batch() as batch:
            batch.set(b"a\0\xff", b"\0")
            batch.set(b"a", b"\0")
        commit = watch.poll(timeout=30)
        assert commit is not None
        assert commit.changes == [("put", b"a\0\xff")]
