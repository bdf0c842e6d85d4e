from __future__ import annotations

import pytest
from joinly_storage import (
    AlreadyMatched,
    Exists,
    Expired,
    Forbidden,
    Invalid,
    Match,
    NotFound,
    Queue,
    Seeker,
    Store,
)

WIDE = {"start": 1000.0, "cap": 1000.0}


def ranked(store: Store, **rules: object) -> Queue:
    queue = store.queues["ranked"]
    queue.configure({"window": WIDE, **rules}, lobby={"kind": "ranked"})
    return queue


def pair(store: Store, queue: Queue) -> Match:
    for player in ("ann", "bob"):
        queue.enqueue(player)
    (match,) = queue.tick("test").matches
    return match


def test_a_match_has_a_lobby_with_a_seat_for_everyone(store: Store) -> None:
    queue = ranked(store)
    match = pair(store, queue)
    assert (sorted(match.players), match.state, match.queue) == (["ann", "bob"], "CONFIRMED", "ranked")
    assert match.lobby is not None
    lobby = store.lobbies[match.lobby]
    assert lobby.get().lobby.reserved == 2
    assert sorted(lobby.join("ann", "bob").players) == ["ann", "bob"]
    assert store.queues.match(match.id) == match
    assert queue.ticket(1).state == "ACCEPTED"
    with pytest.raises(AlreadyMatched):
        queue.cancel(1)


def test_players_who_are_asked(store: Store) -> None:
    queue = ranked(store, accept_ms=60_000)
    match = pair(store, queue)
    assert (match.state, match.accept_by is not None) == ("PENDING", True)
    assert store.queues.accept(match.id, "ann").state == "PENDING"
    with pytest.raises(Forbidden):
        store.queues.accept(match.id, "cid")
    store.queues.decline(match.id, "bob")
    assert store.queues.match(match.id).state == "DISSOLVED"
    with pytest.raises(Expired):
        store.queues.accept(match.id, "ann")
    assert (queue.ticket(1).state, queue.ticket(2).state) == ("QUEUED", "CANCELLED")
    queue.enqueue("cid")
    (again,) = queue.tick("test").matches
    for player in again.players:
        last = store.queues.accept(again.id, player)
    assert (sorted(last.players), last.state) == (["ann", "cid"], "CONFIRMED")


def test_what_tickets_ask_for(store: Store) -> None:
    queue = ranked(store)
    queue.enqueue(Seeker("ann", 1500, 50), attributes={"language": "de"}, blocked=["bob"])
    queue.enqueue(Seeker("bob", 1500, 50), attributes={"language": "de"})
    queue.enqueue(Seeker("cid", 1510, 50), filters=[("language", {"one_of": ["fr"]})])
    queue.enqueue("dan", keys={"mode": "other"}, latencies={"eu": 20})
    assert queue.tick("test").matches == []
    queue.enqueue(Seeker("eve", 1490, 50), attributes={"language": "fr"}, timeout=60)
    (match,) = queue.tick("test").matches
    assert "eve" in match.players
    with pytest.raises(Exists):
        queue.enqueue("dan")
    queue.cancel(4)
    assert queue.enqueue("dan").id == 6


def test_a_lease_saves_others_the_work(store: Store) -> None:
    queue = ranked(store)
    assert queue.tick("one", lease=60).held_by is None
    assert queue.tick("two").held_by == "one"


def test_players_for_a_match_under_way(store: Store) -> None:
    queue = ranked(store)
    lobby = store.lobbies.create(kind="ranked", teams=[1, 1], max_members=2, owner="ann", backfill=True)
    queue.backfill(lobby, [[Seeker("ann")], []])
    queue.enqueue("bob")
    (match,) = queue.tick("test").matches
    assert (match.lobby, match.players) == (lobby.id, ["bob"])
    assert lobby.join("bob").players == ["ann", "bob"]
    assert queue.stop_backfill(lobby)
    assert not queue.stop_backfill(lobby)
    with pytest.raises(NotFound):
        queue.backfilled(lobby)


def test_a_report_tells_waits_and_quality(store: Store) -> None:
    queue = ranked(store)
    pair(store, queue)
    report = queue.report()
    assert report.matches == 1
    assert sum(decile.tickets for decile in report.deciles) == 2
    assert all(decile.match_rate == 1 for decile in report.deciles)
    assert report.mean.gap == 0


def test_tickets_within_a_transaction(store: Store) -> None:
    ranked(store)
    with pytest.raises(RuntimeError), store.transaction() as txn:
        txn.queues["ranked"].enqueue("ann")
        raise RuntimeError
    with pytest.raises(NotFound):
        store.queues["ranked"].ticket(1)


def test_pairs_are_chosen_for_all_together_or_greedily(store: Store) -> None:
    queue = store.queues["ranked"]
    for pairing, count in (("greedy", 1), ("optimal", 2)):
        # The two who came first are the nearest to each other, and the only ones near to the others.
        queue.configure({"pairing": pairing, "window": {"start": 3, "growth": 0, "sigma_weight": 0, "late_growth": 0}})
        for player, mu in (("bob", 10), ("cid", 11), ("ann", 8), ("dan", 13)):
            queue.enqueue(Seeker(f"{player}.{pairing}", mu + 100 * count))
        assert len(queue.tick("test").matches) == count
    assert queue.document()["rules"]["pairing"] == "optimal"
    queue.configure({})
    assert queue.document()["rules"]["pairing"] == "optimal"


def test_wrong_input_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        store.queues["none"].enqueue("ann")
    with pytest.raises(Invalid):
        store.queues["ranked"].configure({"teams": 0})
    with pytest.raises(Invalid):
        store.queues["ranked"].configure({"colour": "red"})
    with pytest.raises(Invalid, match="beyond its cap"):
        store.queues["ranked"].configure({"window": {"start": 11}})
    queue = ranked(store)
    with pytest.raises(Invalid):
        queue.enqueue()
    with pytest.raises(Invalid):
        queue.enqueue(Seeker("ann", float("nan")))
    with pytest.raises(Invalid):
        queue.enqueue("ann", filters=[("level", {"near": 3})])
