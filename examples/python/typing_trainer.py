"""What a typing trainer tells: sessions of a simulated typist on a real text, the weakest keys and pairs, the progress.

python typing_trainer.py [TEXT [DATABASE]]
"""

import random
import sys
from pathlib import Path

import joinly_storage

DAY = 86400
START = 1767225600  # 2026-01-01
LINES = 11

text = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "data/packages.txt"
lines = [line for line in text.read_text("utf-8").splitlines() if line.strip()]
typist = random.Random("ada")

with joinly_storage.open(sys.argv[2] if len(sys.argv) > 2 else "memory:") as store:
    # A session for some lines, one a day; what a process that died had journalled is not lost.
    store.sessions.recover(idle=600)
    for day, first in enumerate(range(0, len(lines), LINES)):
        began = START + day * DAY
        with store.sessions.begin("ada", f"day {day}", began=began, journal_every=100) as session:
            before = ""
            for key in "\n".join(lines[first : first + LINES]):
                slow = 90 + 15 * (not key.isalpha()) + 40 * (not key.islower()) - 6 * day
                time_ms, correct = typist.lognormvariate(0, 0.3) * slow, typist.random() > slow / 3000
                session.record(key, time_ms, correct)
                if before:
                    session.record(before + key, time_ms, correct)
                before = key

    keys = {key: it for key, it in store.sessions.summary("ada").items() if len(key) == 1}
    print(f"{sum(it.attempts for it in keys.values())} keystrokes, {len(keys)} keys")
    missed = store.sessions.worst("ada", min_attempts=15, count=3)
    print("missed most: ", ", ".join(f"{key!r} {100 * it.miss_rate:.0f} %" for key, it in missed.items()))
    slow_pairs = store.sessions.worst("ada", by="time", min_attempts=15, count=3)
    print("slowest:     ", ", ".join(f"{key!r} {it.average_ms:.0f} ms" for key, it in slow_pairs.items()))
    p50, p95 = store.sessions.percentiles("ada", [0.5, 0.95], metric="e") or (0.0, 0.0)
    print(f"an 'e' takes:  {p50:.0f} ms, 95 of 100 at most {p95:.0f} ms")
    for trend in store.sessions.trend("ada", "e"):
        print(f"{trend.day}:    {trend.attempts} times, {trend.average_ms or 0:.0f} ms on average")
