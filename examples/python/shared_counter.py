"""Several processes count together, without a server and without a lock of their own."""

import multiprocessing

import joinly_storage

PROCESSES = 4
STEPS = 1000


def count(steps: int) -> None:
    with joinly_storage.open("counter.db") as store:
        for _ in range(steps):
            store.add("count")


if __name__ == "__main__":
    with joinly_storage.open("counter.db") as store:
        store["count"] = "0"
        # A forked child must not inherit an open store: spawn.
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            pool.map(count, [STEPS] * PROCESSES)
        print(f"{PROCESSES} processes counted to {store['count'].decode()}")
