"""Players, simulated: each waits in the queue, joins the lobby that keeps a seat, plays, and waits again.

arena_players.py [URL [NAME [COUNT [SECONDS]]]]

One process plays them all from the feed of events. How they play is simulated; that processes write the same lobbies,
queue and file is not.
"""

from __future__ import annotations

import heapq
import random
import sys
import time

import joinly_storage
from joinly_storage import Event, Join, NotFound, Seeker, Store, WrongState

THINKING = 1.0
"""The longest pause between two games, in seconds."""


def play(store: Store, name: str, count: int, seconds: float) -> None:
    skill = {f"{name}{number}": random.gauss(1500, 350) for number in range(count)}
    players: dict[int, list[str]] = {}
    waiting = [(time.monotonic() + random.uniform(0, THINKING), player) for player in skill]
    heapq.heapify(waiting)

    def happened(event: Event) -> None:
        if event.kind == "created":
            mine = [seat["player"] for seat in event.change.get("seats", []) if seat["player"] in skill]
            for player in mine:
                players.setdefault(event.lobby, []).append(player)
                store.lobbies[event.lobby].join(Join(player, attributes={"skill": skill[player]}))
        elif event.kind == "moved" and event.change["to"] == "closed":
            for player in players.pop(event.lobby, []):
                heapq.heappush(waiting, (time.monotonic() + random.uniform(0, THINKING), player))

    end, games, after = time.monotonic() + seconds, 0, store.lobbies.poll(2**63).next
    while time.monotonic() < end:
        while waiting and waiting[0][0] <= time.monotonic():
            player = heapq.heappop(waiting)[1]
            rating = store.leaderboards.rating(player, "arena")
            store.queues["arena"].enqueue(Seeker(player, rating.mu, rating.sigma))
        found = store.lobbies.poll(after, timeout=0.05)
        after = found.next
        for event in found.events:
            try:
                happened(event)
            except (NotFound, WrongState):
                games -= 1
            games += event.kind == "joined" and event.actor in skill
    print(f"{name}: {count} players joined {games} times", flush=True)


if __name__ == "__main__":
    url, name, count, seconds = [*sys.argv[1:], *["game.db", "ada", "2", "1"][len(sys.argv) - 1 :]]
    with joinly_storage.open(url) as store:
        # The matchmaker, if it comes later, sets rules of its own.
        if "queue:arena" not in store:
            store.queues["arena"].configure(lobby={"kind": "arena"})
        play(store, name, int(count), float(seconds))
