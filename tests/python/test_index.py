from __future__ import annotations

import json

import pytest
from joinly_storage import Exists, Index, Invalid, NotFound, Store
from joinly_storage._types import Condition


@pytest.fixture
def lobbies(store: Store) -> Store:
    store.create_index("size", "lobby:", "$.size")
    store.set_many((f"lobby:{size}", json.dumps({"size": size})) for size in range(10))
    store.set_many({"lobby:none": '{"size": null}', "lobby:text": '{"size": "x"}', "lobby:raw": "no JSON"})
    return store


def found(store: Store, **conditions: Condition) -> list[str]:
    rows = store.find("size", **conditions)  # type: ignore[arg-type]
    return [key.decode().partition(":")[2] for key, _document in rows]


def test_find(lobbies: Store) -> None:
    assert found(lobbies, equal=3) == ["3"]
    assert found(lobbies, equal=3.0) == ["3"]
    assert found(lobbies, equal=None) == ["none"]
    assert found(lobbies, equal="x") == ["text"]
    assert found(lobbies, equal=77) == []
    assert found(lobbies, lower=2, upper=5) == ["2", "3", "4"]
    assert found(lobbies, lower=2, lower_exclusive=True, upper=5, upper_inclusive=True) == ["3", "4", "5"]
    assert found(lobbies, lower=8, descending=True) == ["text", "9", "8"]
    assert found(lobbies, limit=2) == ["none", "0"]
    assert found(lobbies, limit=0) == []
    assert len(found(lobbies)) == 12


def test_documents_come_along(lobbies: Store) -> None:
    assert list(lobbies.find("size", equal=3)) == [(b"lobby:3", b'{"size": 3}')]


def test_more_than_a_page(store: Store) -> None:
    store.create_index("n", "", "$.n")
    store.update((f"k{n:04}", json.dumps({"n": -n})) for n in range(600))
    assert [key for key, _ in store.find("n", limit=590)] == [f"k{n:04}".encode() for n in range(599, 9, -1)]


def test_changes_are_followed(lobbies: Store) -> None:
    lobbies["lobby:3"] = '{"size": 77}'
    del lobbies["lobby:4"]
    assert found(lobbies, lower=2, upper=6) == ["2", "5"]
    assert found(lobbies, equal=77) == ["3"]


def test_listing_dropping_rebuilding(lobbies: Store) -> None:
    assert lobbies.indexes() == {"size": Index("lobby:", "$.size")}
    lobbies.create_index("size", "lobby:", "$.size")
    with pytest.raises(Exists):
        lobbies.create_index("size", "lobby:", "$.other")
    lobbies.rebuild_index("size")
    assert found(lobbies, equal=3) == ["3"]
    lobbies.drop_index("size")
    assert lobbies.indexes() == {}
    for use in (lobbies.drop_index, lobbies.rebuild_index, lambda name: next(lobbies.find(name))):
        with pytest.raises(NotFound):
            use("size")


def test_text_of_any_language(store: Store) -> None:
    store.create_index("naïve", "é:", "$.größe")
    store["é:1"] = json.dumps({"größe": 'ü"\\'})
    assert [key for key, _ in store.find("naïve", equal='ü"\\')] == ["é:1".encode()]


def test_what_is_no_scalar(lobbies: Store) -> None:
    with pytest.raises(TypeError, match="list"):
        lobbies.find("size", equal=[1])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="JSON"):
        lobbies.find("size", equal=float("nan"))
    with pytest.raises(ValueError, match="limit"):
        lobbies.find("size", limit=-1)
    with pytest.raises(Invalid):
        next(lobbies.find("size", equal=1, lower=1))


def test_malformed_declarations(store: Store) -> None:
    with pytest.raises(Invalid):
        store.create_index("state", "lobby:", "state")
    with pytest.raises(Invalid, match="NUL"):
        store.create_index("a\0b", "lobby:", "$.state")
    with pytest.raises(TypeError):
        store.create_index(b"state", "lobby:", "$.state")  # type: ignore[arg-type]
