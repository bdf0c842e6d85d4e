"""A matchmaker: pairs the players who wait in a queue, each match in a lobby of its own with a seat kept for everyone.

arena_matchmaker.py [URL [SECONDS]]
"""

from __future__ import annotations

import sys
import time

import joinly_storage
from joinly_storage import Store

# Ratings are Weng-Lin's, of 25 points at first: half a level apart at once, and a level more with every second.
WINDOW = {"start": 2.0, "growth": 4.0, "cap": 12.0, "late_after": 4.0, "late_growth": 8.0}


def match(store: Store, seconds: float) -> None:
    queue = store.queues["arena"]
    queue.configure({"window": WINDOW}, lobby={"kind": "arena"})
    end, matches = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        # Any number of matchmakers may run: the lease saves them from doing the same work, nothing more.
        matches += len(queue.tick("matchmaker", lease=1).matches)
        time.sleep(0.1)
    print(f"matchmaker: {matches} matches", flush=True)


if __name__ == "__main__":
    url, seconds = [*sys.argv[1:], *["game.db", "1"][len(sys.argv) - 1 :]]
    with joinly_storage.open(url) as store:
        match(store, float(seconds))
