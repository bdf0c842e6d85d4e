"""A player: joins lobbies on the file that a game server and other players use at the same time.

game_client.py [URL [NAME [SECONDS]]]
"""

from __future__ import annotations

import json
import sys
import time
from typing import Optional

import joinly_storage
from joinly_storage import Store, Transaction

SEATS = 4
LEASE = 2.0


def join(txn: Transaction, name: str) -> Optional[str]:
    """Takes a seat in the first open lobby that has one, opens a lobby where there is none; the lobby's key."""
    lobbies = {key.decode(): json.loads(document) for key, document in txn.prefix("lobby:")}
    mine = f"lobby:{name}"
    if not lobbies:
        lobbies[mine] = {"lobby_id": name, "state": "open", "players": []}
    for key, lobby in lobbies.items():
        if lobby["state"] == "open" and name not in lobby["players"] and len(lobby["players"]) < SEATS:
            lobby["players"].append(name)
            txn[key] = json.dumps(lobby)
            txn.set(f"lease:{lobby['lobby_id']}:{name}", "alive", ttl=LEASE)
            txn.add("counter:joins")
            return key
    return None


def renew(store: Store, name: str) -> None:
    """Keeps the leases of this player alive; one that has expired is lost."""
    for key in store.prefix("lease:", keys_only=True):
        if key.endswith(f":{name}".encode()):
            store.expire(key, LEASE)


def play(store: Store, name: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    next_move = 0.0
    own: set[int] = set()
    with store.watch("lobby:") as watch:
        while time.monotonic() < end:
            if time.monotonic() >= next_move:
                next_move = time.monotonic() + LEASE / 4
                renew(store, name)
                txn, key = store.run_transaction(lambda txn: (txn, join(txn, name)))
                if key:
                    own.add(txn.version or 0)
                    print(f"{name}: joined {key}, join number {store['counter:joins'].decode()}", flush=True)
            commit = watch.poll(timeout=0.1)
            if commit and commit.version not in own:
                for kind, changed in commit.changes:
                    print(f"{name}: another process {kind} {changed.decode()}: {store.get(changed, b'')!r}", flush=True)


if __name__ == "__main__":
    url, name, seconds = [*sys.argv[1:], *["game.db", "ada", "1"][len(sys.argv) - 1 :]]
    with joinly_storage.open(url) as store:
        play(store, name, float(seconds))
