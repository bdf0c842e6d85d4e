"""The cost of one hot read in Python beside py-lmdb's, in CPU nanoseconds: rounds interleaved, medians.

10,000 keys of 16 bytes with values of 100 bytes; every read makes the value a bytes object.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

import joinly_storage
import lmdb

KEYS = [f"key:{number:012d}".encode() for number in range(10_000)]
ORDER = random.Random(1).choices(KEYS, k=50_000)
VALUE = b"v" * 100
ROUNDS = 11


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = joinly_storage.open(str(Path(folder, "joinly.db")))
        store.set_many(dict.fromkeys(KEYS, VALUE))
        environment = lmdb.open(str(Path(folder, "lmdb")), map_size=64 << 20)
        with environment.begin(write=True) as writer:
            for key in KEYS:
                writer.put(key, VALUE)
        held = environment.begin()

        def ours() -> None:
            get = store.get
            for key in ORDER:
                get(key)

        def held_transaction() -> None:
            get = held.get
            for key in ORDER:
                get(key)

        def transaction_each() -> None:
            for key in ORDER:
                with environment.begin() as reader:
                    reader.get(key)

        rounds: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for run in (ours, held_transaction, transaction_each):
                start = time.process_time_ns()
                run()
                rounds.setdefault(run.__name__, []).append((time.process_time_ns() - start) / len(ORDER))
        figures = {name: statistics.median(times) for name, times in rounds.items()}
        print(
            f"hot get, Python: store.get {figures['ours']:.0f} ns, "
            f"py-lmdb {figures['held_transaction']:.0f} ns with a transaction held, "
            f"{figures['transaction_each']:.0f} ns with one for each get"
        )
        held.abort()
        environment.close()
        store.close()


if __name__ == "__main__":
    main()
