"""bench.py [--quick] OUTPUT FOLDER: measures the Python packages, and appends samples to OUTPUT as JSON lines.

All packages take turns in every round. CPU time is the process's while the calls ran; `process_cpu_ns` also has what
the package's threads did afterwards, until its queue was empty.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

from peers import IMPORT_AND_OPEN, OPENERS, Peer, Unavailable

ROWS = 10_000
VALUES = [random.Random(number).randbytes(100) for number in range(256)]
KEYS = [b"k%015d" % (2 * number) for number in range(ROWS)]
MANY = 100

# Runs calls for some keys.
Work = Callable[[list[bytes]], None]


class Harness:
    def __init__(self, output: Path, rounds: int, round_ms: float) -> None:
        self._output = output
        self._rounds = rounds
        self._round_ms = round_ms
        self._order = random.Random(1)

    def measure(self, workload: str, works: dict[str, tuple[Work, str, Callable[[], Any]]]) -> None:
        """Rounds of some works, by system; each work comes with its configuration and a call that empties queues."""
        print(workload, file=sys.stderr)
        counts = {system: self._calibrate(work) for system, (work, _, _) in works.items()}
        samples: dict[str, list[tuple[float, float, float]]] = {system: [] for system in works}
        for _ in range(self._rounds):
            for system, (work, _, flush) in works.items():
                samples[system].append(self._run(work, counts[system], flush))
        for system, rounds in samples.items():
            cpu, wall, process_cpu = zip(*rounds)
            self.write(workload, system, works[system][1], cpu_ns=cpu, wall_ns=wall, process_cpu_ns=process_cpu)

    def write(self, workload: str, system: str, configuration: str, **figures: Any) -> None:
        row = {"workload": workload, "system": system, "language": "python", "configuration": configuration, **figures}
        with self._output.open("a") as file:
            print(json.dumps(row), file=file)

    def _run(self, work: Work, count: int, flush: Callable[[], Any] = lambda: None) -> tuple[float, float, float]:
        # New objects: a program's keys come from outside, without a hash that is known already.
        keys = [bytes(memoryview(key)) for key in self._order.choices(KEYS, k=count)]
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        work(keys)
        end_cpu, end_wall = time.process_time_ns(), time.perf_counter_ns()
        flush()
        return (end_cpu - cpu) / count, (end_wall - wall) / count, (time.process_time_ns() - cpu) / count

    def _calibrate(self, work: Work) -> int:
        """How many keys fill a round; a multiple of MANY."""
        target = self._round_ms * 1e6
        count = MANY
        while (wall := self._run(work, count)[1]) * count < target / 4 and count < 1 << 18:
            count *= 2
        return max(1, min(int(target / wall), 1 << 18) // MANY) * MANY


def getting(peer: Peer) -> Work:
    def work(keys: list[bytes]) -> None:
        get = peer.get
        for key in keys:
            get(key)

    return work


def setting(peer: Peer) -> Work:
    def work(keys: list[bytes]) -> None:
        put = peer.set
        for key, value in zip(keys, VALUES * (len(keys) // len(VALUES) + 1)):
            put(key, value)

    return work


def getting_many(get_many: Callable[[list[bytes]], Any]) -> Work:
    def work(keys: list[bytes]) -> None:
        for first in range(0, len(keys), MANY):
            get_many(keys[first : first + MANY])

    return work


def check(peer: Peer, rows: dict[bytes, bytes]) -> None:
    """Reads what was written: a wrong answer ends the run, since its cost would mean nothing."""
    keys = list(rows)[: 10 * MANY]
    for key in keys:
        if peer.get(key) != rows[key]:
            raise AssertionError(f"{peer.name}: wrong answer for {key!r}")
    if peer.get_many and list(peer.get_many(keys)) != [rows[key] for key in keys]:
        raise AssertionError(f"{peer.name}: wrong answer for many keys")


def opened(harness: Harness, folder: Path) -> list[Peer]:
    rows = {key: VALUES[at % len(VALUES)] for at, key in enumerate(KEYS)}
    peers = []
    for opener in OPENERS:
        place = folder / opener.__name__
        place.mkdir()
        try:
            peer = opener(place)
        except Unavailable as reason:
            harness.write("py_set", opener.__name__, "", skipped=str(reason))
            continue
        peer.load(rows)
        check(peer, rows)
        peers.append(peer)
    return peers


def in_one_process(harness: Harness, folder: Path) -> None:
    peers = opened(harness, folder)
    harness.measure("py_get", {peer.name: (getting(peer), peer.configuration, peer.flush) for peer in peers})
    harness.measure(
        "py_get_many",
        {peer.name: (getting_many(peer.get_many), peer.configuration, peer.flush) for peer in peers if peer.get_many},
    )
    writers = [peer for peer in peers if peer.name != "py-lmdb_held"]
    harness.measure("py_set", {peer.name: (setting(peer), peer.configuration, peer.flush) for peer in writers})
    for peer in peers:
        peer.close()


def through_ctypes(harness: Harness, folder: Path, empty: Path) -> None:
    """Our get where the library cannot make methods, beside a call through ctypes that does nothing at all."""
    from joinly_storage import _ffi

    call = ctypes.CDLL(str(empty)).bench_empty
    call.argtypes = _ffi.kv_get_into.argtypes
    buffer = ctypes.create_string_buffer(1 << 16)
    length, error = ctypes.c_size_t(), ctypes.c_void_p()

    def nothing(keys: list[bytes]) -> None:
        length_ref, error_ref = ctypes.byref(length), ctypes.byref(error)
        for key in keys:
            call(1, key, len(key), buffer, 1 << 16, length_ref, error_ref)

    works = {}
    for opener in OPENERS:
        if opener.__name__ in ("joinly", "lmdb", "lmdb_held", "plyvel"):
            place = folder / f"{opener.__name__}_ctypes"
            place.mkdir()
            peer = opener(place)
            peer.load(dict.fromkeys(KEYS, VALUES[0]))
            works[peer.name] = (getting(peer), peer.configuration, peer.flush)
    joinly = works["joinly"]
    works["joinly"] = (joinly[0], f"JOINLY_STORAGE_CTYPES=1, {joinly[1]}", joinly[2])
    shape = "a C function that does nothing, with the arguments of joinly_kv_get_into"
    works["ctypes_empty"] = (nothing, shape, lambda: None)
    harness.measure("py_ctypes_get", works)


def import_and_open(harness: Harness, folder: Path, rounds: int) -> None:
    print("py_import_open", file=sys.stderr)
    samples: dict[str, list[tuple[float, float]]] = {system: [] for system in IMPORT_AND_OPEN}
    for at in range(rounds + 1):
        for system, statements in IMPORT_AND_OPEN.items():
            place = folder / f"open_{system}_{at}"
            place.mkdir()
            code = (
                "import time; cpu, wall = time.process_time_ns(), time.perf_counter_ns(); "
                + statements.format(folder=place)
                + "; print(time.process_time_ns() - cpu, time.perf_counter_ns() - wall)"
            )
            output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
            # The first round compiles what is imported.
            if at:
                cpu, wall = output.split()
                samples[system].append((float(cpu), float(wall)))
    for system, costs in samples.items():
        cpu_ns, wall_ns = zip(*costs)
        configuration = IMPORT_AND_OPEN[system].format(folder="...")
        harness.write("py_import_open", system, configuration, cpu_ns=cpu_ns, wall_ns=wall_ns, process_cpu_ns=cpu_ns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--empty", type=Path, help="the library with the function that does nothing")
    parser.add_argument("output", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    rounds = 5 if arguments.quick else 15
    harness = Harness(arguments.output, rounds, 20 if arguments.quick else 50)
    if os.environ.get("JOINLY_STORAGE_CTYPES"):
        through_ctypes(harness, arguments.folder, arguments.empty)
        return
    in_one_process(harness, arguments.folder)
    import_and_open(harness, arguments.folder, rounds)
    subprocess.run([sys.executable, *sys.argv], check=True, env={**os.environ, "JOINLY_STORAGE_CTYPES": "1"})


if __name__ == "__main__":
    main()
