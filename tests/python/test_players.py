from __future__ import annotations

import pickle

import joinly_storage
import pytest
from joinly_storage import (
    Balances,
    Conflict,
    Corrupt,
    Currency,
    Delta,
    Exists,
    Insufficient,
    Invalid,
    Item,
    NotFound,
    ObjectConflict,
    ObjectDelete,
    ObjectWrite,
    OutOfRange,
    Property,
    SaveConflict,
    Store,
    TooLarge,
    WrongType,
)

GOLD = Currency("gold")
SWORD = Item("sword")


def test_a_profile_keeps_its_types(store: Store) -> None:
    properties: dict[str, Property] = {"vip": True, "level": 2**63 - 1, "ratio": 0.5, "clan": "röd", "tags": ["a", "b"]}
    ada = store.players.create("ada", name="Ada", accounts={"steam": "a1"}, properties=properties)
    assert (ada.id, ada.name, ada.version, ada.properties) == ("ada", "Ada", 1, properties)
    assert isinstance(ada.properties["vip"], bool)
    assert ada.created == pytest.approx(store.now(), abs=60)
    assert store.players.get("ada") == store.players.by_account("steam", "a1") == ada
    assert store.players.get("bob") is None
    assert store.players.by_account("steam", "b1") is None
    with pytest.raises(Exists):
        store.players.create("bob", accounts={"steam": "a1"})


def test_a_patch_expects_a_version(store: Store) -> None:
    players = store.players
    players.create("ada", properties={"vip": True, "level": 1}, accounts={"steam": "a1"})
    ada = players.patch("ada", name="Ada", properties={"vip": None, "level": 2}, accounts={"steam": None}, expected=1)
    assert (ada.name, ada.properties, ada.accounts, ada.version) == ("Ada", {"level": 2}, {}, 2)
    with pytest.raises(Conflict) as conflict:
        players.patch("ada", name="Eve", expected=1)
    assert conflict.value.present_version == 2
    assert players.patch("ada").version == 3
    with pytest.raises(NotFound):
        players.patch("bob", name="Bob")
    with pytest.raises(Invalid):
        players.patch("ada", expected=0)


@pytest.mark.parametrize("value", [{}, [1], 2**64 - 1, [None]])
def test_what_is_no_property_is_refused(store: Store, value: object) -> None:
    with pytest.raises(Invalid):
        store.players.create("ada", properties={"x": value})  # type: ignore[dict-item]
    assert store.players.get("ada") is None


def test_presence_is_a_lease(store: Store) -> None:
    players = store.players
    assert players.presence("ada") is None
    first = players.heartbeat("ada", 60, "in a raid")
    assert first.status == "in a raid"
    assert first.until - first.since == pytest.approx(60)
    assert players.heartbeat("ada", 90).since == first.since
    assert (seen := players.presence("ada")) is not None
    assert seen.status == ""
    assert players.leave("ada")
    assert not players.leave("ada")
    assert players.presence("ada") is None
    for lease in (0, -1, 2**33):
        with pytest.raises(Invalid):
            players.heartbeat("ada", lease)


def test_a_purchase_is_whole_or_nothing(store: Store) -> None:
    players = store.players
    assert players.adjust(Delta("ada", GOLD, 100)) == [100]
    buy = (Delta("ada", GOLD, -60), Delta("ada", SWORD, 1))
    assert players.adjust(*buy) == [40, 1]
    with pytest.raises(Insufficient):
        players.adjust(*buy)
    assert players.balances("ada") == Balances({"gold": 40}, {"sword": 1})
    players.transfer("ada", "bob", GOLD, 15)
    with pytest.raises(Insufficient):
        players.transfer("ada", "bob", GOLD, 26)
    assert players.balances("bob") == Balances({"gold": 15}, {})
    assert players.balances("cy") == Balances({}, {})
    assert store["player:ada:wallet:gold"] == b"25"
    assert players.adjust() == []
    with pytest.raises(OutOfRange):
        players.adjust(Delta("ada", GOLD, 2**63))
    with pytest.raises(OutOfRange):
        players.adjust(Delta("ada", GOLD, 2**63 - 1))
    store["player:ada:wallet:gold"] = b"many"
    with pytest.raises(WrongType):
        players.balances("ada")


def test_objects_are_written_under_conditions(store: Store) -> None:
    players = store.players
    main, side = ("ada", "decks", "main"), ("ada", "decks", "side")
    version = players.write_objects(ObjectWrite(*main, [1], expected=0), ObjectWrite(*side, {"ö": None}))
    assert version > 0
    stored = players.object(*main)
    assert stored is not None
    assert (stored.document, stored.version) == ([1], version)
    with pytest.raises(ObjectConflict) as conflict:
        players.write_objects(ObjectWrite("ada", "decks", "new", 1), ObjectWrite(*main, [2], expected=0))
    assert (conflict.value.write, conflict.value.present_version) == (1, version)
    assert players.object("ada", "decks", "new") is None
    assert [(it.name, it.document, it.version) for it in players.objects("ada", "decks")] == [
        ("main", [1], version),
        ("side", {"ö": None}, version),
    ]
    players.write_objects(ObjectDelete(*main, expected=version))
    with pytest.raises(ObjectConflict) as conflict:
        players.write_objects(ObjectDelete(*main, expected=version))
    assert (conflict.value.write, conflict.value.present_version) == (0, 0)
    with pytest.raises(Invalid):
        players.write_objects()
    with pytest.raises(ValueError, match="not JSON compliant"):
        players.write_objects(ObjectWrite(*main, float("inf")))


def test_many_objects_are_read_in_pages(store: Store) -> None:
    for start in range(0, 600, 100):
        store.players.write_objects(*(ObjectWrite("ada", "cards", f"{at:03}", at) for at in range(start, start + 100)))
    assert [it.document for it in store.players.objects("ada", "cards")] == list(range(600))


def test_saves_lose_nothing(store: Store) -> None:
    players = store.players
    assert players.load("ada", "auto") is None
    first = players.save("ada", "auto", b"one", device="pc")
    assert (first.version, first.parent, first.device, first.bytes) == (1, 0, "pc", 3)
    second = players.save("ada", "auto", bytearray(b"two"), parent=1, device="pc")
    with pytest.raises(SaveConflict) as conflict:
        players.save("ada", "auto", b"mine", parent=1, device="phone")
    assert (conflict.value.stored.game, conflict.value.stored.info) == (b"two", second)
    assert pickle.loads(pickle.dumps(conflict.value)).stored == conflict.value.stored
    merged = players.save("ada", "auto", b"merged", parent=2, keep=2)
    assert players.save_history("ada", "auto") == [second, merged]
    latest = players.load("ada", "auto")
    assert latest is not None
    assert (latest.game, latest.info) == (b"merged", merged)
    assert players.load("ada", "auto", 1) is None
    store["player:ada:save:auto:3:0"] = b"broken"
    with pytest.raises(Corrupt):
        players.load("ada", "auto")
    assert players.clear_save("ada", "auto")
    assert not players.clear_save("ada", "auto")
    assert players.save("ada", "auto", b"").version == 4
    with pytest.raises(Invalid):
        players.save("ada", "auto", b"", keep=33)


def test_everything_in_one_transaction(store: Store) -> None:
    store.leaderboards.create("spent")
    store.players.adjust(Delta("ada", GOLD, 5))

    def buy(price: int) -> None:
        with store.transaction() as txn:
            txn.players.adjust(Delta("ada", SWORD, 1), Delta("ada", GOLD, -price))
            assert txn.players.balances("ada").items == {"sword": 1}
            assert txn.players.write_objects(ObjectWrite("ada", "deeds", "sword", 1, expected=0)) == 0
            with pytest.raises(ObjectConflict):
                txn.players.write_objects(ObjectWrite("ada", "deeds", "sword", 2, expected=0))
            txn.leaderboards.submit("spent", "ada", price)
            txn.lobbies.create(kind="shop")
            txn["receipt"] = b"paid"

    with pytest.raises(Insufficient):
        buy(6)
    assert "receipt" not in store
    assert store.leaderboards.count("spent") == 0
    assert store.players.balances("ada") == Balances({"gold": 5}, {})
    buy(5)
    assert store["receipt"] == b"paid"
    assert store.leaderboards.count("spent") == 1
    assert store.players.balances("ada") == Balances({}, {"sword": 1})


@pytest.mark.parametrize("player", ["", "a:b", "a\nb"])
def test_what_is_no_id_is_refused(store: Store, player: str) -> None:
    with pytest.raises(Invalid):
        store.players.create(player)
    with pytest.raises(TooLarge):
        store.players.create("x" * 129)


def test_a_model_keeps_its_store() -> None:
    players = joinly_storage.open("memory:").players
    players.create("ada")
    assert players.get("ada") is not None
