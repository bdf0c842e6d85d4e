from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import (
    Conflict,
    Event,
    Exists,
    Expired,
    Forbidden,
    Invalid,
    Join,
    Lobby,
    LobbyFull,
    NotFound,
    OutOfRange,
    Owner,
    SeatRequest,
    Store,
    Transaction,
    WrongState,
    WrongType,
)
from support import run_python


def duel(store: Store) -> Lobby:
    return store.lobbies.create(kind="duel", max_members=2, owner="ann", attributes={"rating": 1500})


def kinds(lobby: Lobby, after: int = 0) -> list[str]:
    return [event.kind for event in lobby.poll(after).events]


def test_from_its_creation_to_its_end(store: Store) -> None:
    lobby = duel(store)
    snapshot = lobby.join("bob")
    assert snapshot.players == ["ann", "bob"]
    assert (snapshot.lobby.owner, snapshot.lobby.members, snapshot.lobby.state) == ("ann", 2, "open")
    with pytest.raises(LobbyFull):
        lobby.join("cid")
    lobby.start(ready_within=30)
    lobby.ready("ann")
    assert lobby.get().lobby.state == "starting"
    lobby.ready("bob")
    assert lobby.get().lobby.state == "in_game"
    with pytest.raises(WrongState):
        lobby.lock()
    lobby.reopen()
    lobby.lock()
    lobby.unlock()
    lobby.leave("bob")
    lobby.close()
    assert lobby.get().lobby.state == "closed"
    assert kinds(lobby)[:4] == ["created", "joined", "owner", "joined"]
    assert kinds(lobby)[-2:] == ["left", "moved"]


def test_who_looks_sees_what_is_theirs(store: Store) -> None:
    lobby = store.lobbies.create(
        owner=Join("ann", attributes={"hero": "elf"}),
        attributes={"map": "dust"},
        member_attributes={"voice": "x"},
        owner_attributes={"seed": 7},
    )
    public, member, owner = lobby.get("public"), lobby.get("member"), lobby.get("owner")
    assert (public.seats, public.member_attributes, public.owner_attributes) == ([], {}, {})
    assert (member.member_attributes, member.owner_attributes) == ({"voice": "x"}, {})
    assert owner.owner_attributes == {"seed": 7}
    assert member.seats[0].attributes == {"hero": "elf"}
    assert public.lobby.attributes == {"map": "dust"}


def test_a_former_owner_decides_nothing(store: Store) -> None:
    lobby = duel(store)
    epoch = lobby.join("bob").lobby.epoch
    lobby.transfer("bob", by=Owner("ann", epoch))
    with pytest.raises(Forbidden):
        lobby.kick("bob", by=Owner("ann", epoch))
    lobby.kick("ann", by=Owner("bob", lobby.get().lobby.epoch))
    lobby.ban("ann")
    with pytest.raises(Forbidden):
        lobby.join("ann")
    lobby.unban("ann")
    assert lobby.join("ann").players == ["bob", "ann"] or "ann" in lobby.get().players


def test_a_request_is_done_once(store: Store) -> None:
    lobby = duel(store)
    first = lobby.join("bob", request="join-bob")
    lobby.say("bob", "hello")
    again = lobby.join("bob", request="join-bob")
    assert again.players == first.players
    assert kinds(lobby).count("joined") == 2


def test_passwords_codes_teams_and_reservations(store: Store) -> None:
    lobby = store.lobbies.create(visibility="private", password="moss", teams=[1, 2], max_members=3)
    code = lobby.get().lobby.code
    found = store.lobbies.by_code(f" {code[:3].lower()}-{code[3:]} ")
    assert found is not None
    assert found.id == lobby.id
    for join in (Join("ann"), Join("ann", code=code), Join("ann", code=code, password="fern")):
        with pytest.raises(Forbidden):
            lobby.join(join)
    lobby.join(Join("ann", code=code, password="moss", team=1))
    lobby.reserve(SeatRequest("cid", team=0, seconds=60), "bob")
    assert {seat.player: seat.team for seat in lobby.get().seats} == {"ann": 1, "bob": 1, "cid": 0}
    # Who has a reservation needs neither.
    assert set(lobby.join("bob", "cid").players) == {"ann", "bob", "cid"}


def test_search_and_how_it_was_found(store: Store) -> None:
    for rating in range(20):
        attributes = {"rating": rating, "map": "dust" if rating % 2 else "lake"}
        store.lobbies.create(kind="duel", owner=f"p{rating}", attributes=attributes)
    store.create_index("rating", "lobby:", "$.attributes.rating")
    search = store.lobbies.search
    near = [it.attributes["rating"] for it in search(order=[("rating", 9.9)], where=[("map", "=", "dust")], limit=3)]
    assert sorted(near) == [7, 9, 11]
    either = search(where=[[("rating", "<", 2), ("rating", ">=", 18)]], order=["-rating"])
    assert [it.attributes["rating"] for it in either] == [19, 18, 1, 0]
    assert [it.owner for it in search(where=[("map", "in", ["lake"]), ("rating", "exists")], order=["rating"], limit=2)]
    assert list(search(kind="ffa")) == []
    explain = store.lobbies.explain(order=[("rating", 9.9)], limit=3)
    assert (explain.index, explain.ordered, explain.exhausted) == ("rating", True, False)
    assert store.lobbies.explain(where=[("map", "=", "dust")]).index is None


def test_of_players_who_play_quickly_the_second_joins_the_first(store: Store) -> None:
    first, _ = store.lobbies.quick_join("ann", kind="duel", max_members=2)
    second, snapshot = store.lobbies.quick_join("bob", kind="duel", max_members=2)
    assert (second.id, snapshot.players) == (first.id, ["ann", "bob"])
    third, _ = store.lobbies.quick_join("cid", "dan", kind="duel", max_members=2)
    assert third.id != first.id
    of = store.lobbies.of_player("duel", "cid")
    assert of is not None
    assert of.id == third.id
    assert store.lobbies.of_player("duel", "eve") is None
    with pytest.raises(Exists):
        store.lobbies.create(kind="duel", owner="ann")


def test_a_stale_version_in_a_transaction_is_told_at_once(store: Store) -> None:
    lobby = duel(store)
    runs = []

    def patch(tx: Transaction) -> None:
        runs.append(1)
        tx.lobbies[lobby.id].patch(expected=1, name="late")

    with pytest.raises(Conflict) as conflict:
        store.run_transaction(patch)
    assert (len(runs), conflict.value.present_version) == (1, lobby.get().version)


def test_patches_and_what_they_meet(store: Store) -> None:
    lobby = duel(store)
    version = lobby.get().version
    lobby.patch(expected=version, name="Arena", attributes={"rating": None, "map": "dust"})
    with pytest.raises(Conflict) as conflict:
        lobby.patch(expected=version, name="Cave")
    assert conflict.value.present_version == version + 1
    assert not conflict.value.retryable
    info = lobby.get().lobby
    assert (info.name, info.attributes) == ("Arena", {"map": "dust"})
    lobby.patch_member("ann", {"hero": "elf"})
    assert lobby.get().seats[0].attributes == {"hero": "elf"}


def test_calls_within_a_transaction(store: Store) -> None:
    lobby = duel(store)
    with pytest.raises(RuntimeError), store.transaction() as txn:
        txn.lobbies[lobby.id].join("bob")
        assert txn.lobbies[lobby.id].get().players == ["ann", "bob"]
        raise RuntimeError
    assert lobby.get().players == ["ann"]
    with store.transaction() as txn:
        txn.lobbies[lobby.id].join("bob")
        txn.add("gold:bob", -5)
    assert (lobby.get().players, store["gold:bob"]) == (["ann", "bob"], b"-5")


def test_what_is_over_is_believed_by_nobody(store: Store) -> None:
    lobby = store.lobbies.create(owner="ann", keep_empty=True, member_lease=0.05, stale_after=0.05)
    time.sleep(0.1)
    assert not lobby.heartbeat("ann")
    with pytest.raises(Expired):
        lobby.join("bob")
    assert lobby.heartbeat()
    assert lobby.join("bob").players == ["bob"]
    assert lobby.heartbeat("bob")


def test_the_past_and_what_was_said(store: Store) -> None:
    lobby = duel(store)
    before = lobby.get().version
    lobby.join("bob")
    lobby.say("bob", "hello")
    assert lobby.as_of(before).players == ["ann"]
    assert [event.change["text"] for event in lobby.said()] == ["hello"]
    with pytest.raises(OutOfRange):
        lobby.as_of(99)


def test_readers_who_come_too_late_start_anew(store: Store) -> None:
    lobby = store.lobbies.create(owner="ann", keep_events=1)
    for at in range(200):
        lobby.say("ann", str(at))
    events = lobby.poll(0)
    assert events.resync
    assert not events.events
    assert events.snapshot is not None
    assert events.next == events.snapshot.version


def test_all_lobbies_in_one_feed(store: Store) -> None:
    first, second = duel(store), store.lobbies.create()
    second.join("bob")
    events = store.lobbies.poll()
    assert [(event.lobby, event.kind) for event in events.events if event.kind != "owner"] == [
        (first.id, "created"),
        (first.id, "joined"),
        (second.id, "created"),
        (second.id, "joined"),
    ]
    assert len({event.sequence for event in events.events}) == 3
    assert events.next == max(event.sequence for event in events.events)
    assert store.lobbies.poll(events.next).events == []
    store["other"] = b"1"
    passed = store.lobbies.poll(events.next)
    assert (passed.events, passed.resync) == ([], False)
    assert passed.next > events.next


def test_events_of_another_process_wake_a_reader(path: Path) -> None:
    with joinly_storage.open(path) as store:
        lobby = duel(store)
        after = lobby.get().version
        program = f"""
import time, joinly_storage
with joinly_storage.open({str(path)!r}) as store:
    time.sleep(0.2)
    store.lobbies[{lobby.id}].join("bob")
"""
        thread = threading.Thread(target=run_python, args=[program])
        thread.start()
        events = lobby.poll(after, timeout=60)
        thread.join()
        assert [(event.kind, event.actor) for event in events.events] == [("joined", "bob")]


def test_asyncio_waits_without_blocking(store: Store) -> None:
    async def main() -> None:
        lobby = duel(store)
        after = lobby.get().version
        heard = asyncio.create_task(lobby.poll_async(after, timeout=60))
        await asyncio.sleep(0.05)
        assert not heard.done()
        lobby.say("ann", "hello")
        assert [event.kind for event in (await heard).events] == ["said"]
        async for event in lobby.events_async(after):
            assert isinstance(event, Event)
            assert event.change["text"] == "hello"
            break
        async for event in store.lobbies.events_async():
            assert isinstance(event, Event)
            assert event.kind == "created"
            break
        assert (await lobby.poll_async(after + 1, timeout=0.05)).events == []
        never = asyncio.create_task(lobby.poll_async(after + 1))
        await asyncio.sleep(0.05)
        never.cancel()
        with pytest.raises(asyncio.CancelledError):
            await never

    asyncio.run(main())


def test_wrong_input_changes_nothing(store: Store) -> None:
    lobby = duel(store)
    before = lobby.get()
    with pytest.raises(NotFound):
        store.lobbies[99].get()
    with pytest.raises(Invalid):
        lobby.join()
    with pytest.raises(Invalid):
        lobby.join("bob", "bob")
    with pytest.raises(Invalid):
        lobby.join("bo:b")
    with pytest.raises(Invalid):
        lobby.patch(colour="red")
    with pytest.raises(ValueError, match="Out of range"):
        lobby.patch(attributes={"rating": float("nan")})
    with pytest.raises(WrongType):
        lobby.patch(attributes={"rating": {"deep": 1}})
    with pytest.raises(Invalid):
        store.lobbies.create(visibility="hidden")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        store.lobbies.create(seats=3)  # type: ignore[call-arg]
    with pytest.raises(Invalid):
        list(store.lobbies.search(where=[("rating", "~", 1)]))
    with pytest.raises(Invalid):
        list(store.lobbies.search(limit=-1))
    assert lobby.get().lobby.document == before.lobby.document


def test_plain_calls_see_the_documents(store: Store) -> None:
    lobby = duel(store)
    assert b'"kind":"duel"' in store[f"lobby:{lobby.id}"]
    store["lobby:by-hand"] = '{"attributes": {"rating": 3}, "state": "open"}'
    rated = store.lobbies.search(where=[("rating", "=", 3)], include_full=True)
    assert [it.attributes for it in rated] == [{"rating": 3}]
