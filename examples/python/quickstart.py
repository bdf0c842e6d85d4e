"""Remembers a player from one run to the next."""

import joinly_storage

with joinly_storage.open("game.db") as store:
    store["player:1"] = "Ada"
    store.set("online:1", "yes", ttl=30)
    wins = store.add("wins:1")

    name = store["player:1"].decode()
    online = "online" if "online:1" in store else "away"
    print(f"{name} won {wins} {'match' if wins == 1 else 'matches'} and is {online}")
