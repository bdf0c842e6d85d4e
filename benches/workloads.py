"""What each workload is, in the order of the report, and by which of its figures systems are compared."""

from __future__ import annotations

from typing import NamedTuple


class Workload(NamedTuple):
    title: str
    # The figure that a ratio compares: `cpu_ns` where the processor is the cost, `wall_ns` where waiting is.
    basis: str = "cpu_ns"
    # The plot that shows it.
    plot: str = ""


WORKLOADS = {
    "get_hot": Workload("Get, 10,000 hot keys", plot="reads"),
    "get_missing": Workload("Get of a missing key, hot", plot="reads"),
    "get_hot_1k": Workload("Get, 10,000 hot values of 1 KiB"),
    "get_hot_16k": Workload("Get, 1,000 hot values of 16 KiB"),
    "get_zipf": Workload("Get, large set, Zipf 0.99, all of it fits the caches", plot="reads"),
    "get_uniform": Workload("Get, large set, uniform, all of it fits the caches", plot="reads"),
    "get_cold": Workload("Get, large set, uniform, caches of 4 MiB: pages from the operating system", plot="reads"),
    "get_many_100": Workload("100 gets in one call, Zipf; cost of one key", plot="reads"),
    "scan_100": Workload("Scan of 100 rows; cost of the scan", plot="reads"),
    "threads_2": Workload("Get by two threads, Zipf; CPU of one get, wall clock over both"),
    "processes_2": Workload("Get, 10,000 hot keys, while another process puts 1,000 of them a second"),
    "get_hot_instructions": Workload("Instructions of a hot get, harness included"),
    "put_none": Workload("Put that need not survive the process", plot="writes"),
    "put_process": Workload("Put that survives the death of the process", plot="writes"),
    "put_process_1k": Workload("The same, values of 1 KiB"),
    "put_process_16k": Workload("The same, values of 16 KiB"),
    "put_behind": Workload("The same through a write-behind queue; peers as in put_process", plot="writes"),
    "put_durable_1": Workload("Put that survives power loss, one writer", "wall_ns", "writes"),
    "put_durable_8": Workload("The same, eight writers; wall clock over all", "wall_ns", "writes"),
    "batch_random": Workload("Batches of 1,000 random rows; cost of one row", plot="writes"),
    "batch_asc": Workload("Batches of 1,000 new rows, ascending; cost of one row", plot="writes"),
    "sustained_random": Workload("Random rows in batches of 1,000 into an empty store: the last quarter", "wall_ns"),
    "sustained_random_p999": Workload("Its slowest calls: the 99.9th percentile"),
    "sustained_put": Workload("Random rows one by one into an empty store: the last quarter", "wall_ns"),
    "sustained_put_p999": Workload("Its slowest calls: the 99.9th percentile"),
    "ycsb_a": Workload("YCSB A: 50 % reads, 50 % updates"),
    "ycsb_b": Workload("YCSB B: 95 % reads, 5 % updates"),
    "ycsb_c": Workload("YCSB C: reads"),
    "ycsb_d": Workload("YCSB D: 95 % reads of the latest rows, 5 % inserts"),
    "ycsb_e": Workload("YCSB E: 95 % scans of up to 100 rows, 5 % inserts"),
    "ycsb_f": Workload("YCSB F: 50 % reads, 50 % read and rewritten"),
    "open_first_get": Workload("Open a large store and get one key"),
    "memory": Workload("Growth of resident memory by reading the large set once"),
    "memory_private": Workload("The part of it that no other process shares"),
    "file_size": Workload("Space of the large set on the device"),
    "lobby_join": Workload("A player joins a lobby: the median", plot="models"),
    "lobby_join_crowd": Workload("The same, into a lobby of 250", plot="models"),
    "lobby_join_8": Workload("Eight processes join and leave the same four lobbies; wall clock over all"),
    "lobby_join_8_worst": Workload("The longest that one of them waited", plot="models"),
    "lobby_load": Workload("Load of a hot lobby's document", plot="models"),
    "lobby_near_p50": Workload("The 50 lobbies of nearest rating among many: the median", plot="models"),
    "lobby_near_p99": Workload("The same: the 99th percentile"),
    "board_rank": Workload("Rank of a player among many", plot="models"),
    "match_tick": Workload("Matchmaking of many tickets in pairs, a lobby for each, commits included", plot="models"),
    "event_visible": Workload("Until an event is seen in another process: the 99th percentile", plot="models"),
    "py_get": Workload("Python: get, 10,000 hot keys", plot="python"),
    "py_get_many": Workload("Python: 100 gets in one call; cost of one key", plot="python"),
    "py_set": Workload("Python: set that survives the death of the process, where the system can", plot="python"),
    "py_ctypes_get": Workload("Python: get through plain ctypes, where the library cannot make methods", plot="python"),
    "py_import_open": Workload("Python: import and open", plot="python"),
}
