from __future__ import annotations

import joinly_storage
import pytest
from joinly_storage import Closed, Store

KEYS = [f"k{number:04}".encode() for number in range(700)]


@pytest.fixture
def filled(store: Store) -> Store:
    store.update((key, key.upper()) for key in KEYS)
    return store


def test_a_scan_reads_as_many_pages_as_it_needs(filled: Store) -> None:
    assert list(filled.scan()) == [(key, key.upper()) for key in KEYS]
    assert list(filled.scan(reverse=True, keys_only=True)) == KEYS[::-1]
    assert len(filled) == 700


def test_ranges_are_half_open(filled: Store) -> None:
    assert list(filled.scan("k0010", "k0013", keys_only=True)) == KEYS[10:13]
    assert list(filled.scan("k0010", "k0013", keys_only=True, reverse=True)) == KEYS[12:9:-1]
    assert list(filled.scan("k0698", keys_only=True)) == KEYS[698:]
    assert list(filled.scan(end="k0002", keys_only=True)) == KEYS[:2]
    assert list(filled.scan("k0013", "k0010")) == []


def test_prefixes(filled: Store) -> None:
    assert list(filled.prefix("k012", keys_only=True)) == KEYS[120:130]
    assert list(filled.prefix("k012", keys_only=True, reverse=True)) == KEYS[129:119:-1]
    assert list(filled.prefix("x")) == []
    assert len(list(filled.prefix(""))) == 700


def test_pages_are_read_when_they_are_asked_for(filled: Store) -> None:
    rows = filled.scan(keys_only=True)
    assert next(rows) == KEYS[0]
    filled["k9999"] = "late"
    assert list(rows)[-1] == b"k9999"


def test_a_store_may_be_changed_while_it_is_scanned(filled: Store) -> None:
    for key in filled:
        del filled[key]
    assert not filled


def test_a_scan_of_a_closed_store(filled: Store) -> None:
    rows = filled.scan()
    next(rows)
    filled.close()
    with pytest.raises(Closed):
        list(rows)
    with pytest.raises(Closed):
        next(filled.scan())


def test_an_abandoned_scan_holds_nothing() -> None:
    with joinly_storage.open("memory:") as store:
        store.update((key, b"") for key in KEYS)
        for _ in range(1000):
            next(store.scan())
        assert len(store) == 700
