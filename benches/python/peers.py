"""The Python packages under test: for each, the calls that its users would make, and how it was opened."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

Value = Optional[bytes]


class Unavailable(Exception):
    """What a row is left out for."""


@dataclass
class Peer:
    name: str
    configuration: str
    get: Callable[[bytes], Value]
    set: Callable[[bytes, bytes], Any]
    # Loads many rows at once.
    load: Callable[[dict[bytes, bytes]], Any]
    get_many: Optional[Callable[[list[bytes]], Iterable[Value]]] = None
    # Waits until acknowledged writes have left queues in memory.
    flush: Callable[[], Any] = lambda: None
    close: Callable[[], Any] = lambda: None


def joinly(folder: Path, behind: bool = False) -> Peer:
    import joinly_storage

    options = "durability=process" + ("&mode=behind" if behind else "")
    store = joinly_storage.open(f"sqlite:{folder}/store.db?{options}")
    return Peer(
        "joinly_behind" if behind else "joinly",
        f"{options}, every read fresh across processes",
        store.get,
        store.set,
        lambda rows: store.update(rows),
        store.get_many,
        store.flush,
        store.close,
    )


def joinly_behind(folder: Path) -> Peer:
    import joinly_storage

    try:
        return joinly(folder, behind=True)
    except (joinly_storage.Unsupported, joinly_storage.Invalid) as reason:
        raise Unavailable(str(reason)) from reason


def builtin_dict(_folder: Path) -> Peer:
    rows: dict[bytes, bytes] = {}

    def get_many(keys: list[bytes]) -> list[Value]:
        get = rows.get
        return [get(key) for key in keys]

    return Peer("dict", "no lock, no bound", rows.get, rows.__setitem__, rows.update, get_many)


def cachetools(_folder: Path) -> Peer:
    from cachetools import LRUCache

    rows: LRUCache[bytes, bytes] = LRUCache(1 << 20)
    lock = threading.Lock()

    def get(key: bytes) -> Value:
        with lock:
            return rows.get(key)

    def put(key: bytes, value: bytes) -> None:
        with lock:
            rows[key] = value

    return Peer("cachetools", "LRUCache of 1,048,576 entries and a lock", get, put, rows.update)


def lmdb(folder: Path, held: bool = False) -> Peer:
    import lmdb

    environment = lmdb.open(str(folder), map_size=1 << 30, writemap=True, sync=False)

    def get_with_transaction(key: bytes) -> Value:
        with environment.begin() as reader:
            return reader.get(key)

    def put(key: bytes, value: bytes) -> None:
        with environment.begin(write=True) as writer:
            writer.put(key, value)

    def load(rows: dict[bytes, bytes]) -> None:
        with environment.begin(write=True) as writer, writer.cursor() as cursor:
            cursor.putmulti(rows.items())

    def get_many(keys: list[bytes]) -> list[Value]:
        with environment.begin() as reader, reader.cursor() as cursor:
            return [value for _key, value in cursor.getmulti(keys)]

    configuration = "writemap, sync=False, a transaction for each call"
    peer = Peer("py-lmdb", configuration, get_with_transaction, put, load, get_many, close=environment.close)
    if held:
        # Begun again when the harness has loaded the rows.
        reader = environment.begin()

        def load_and_hold(rows: dict[bytes, bytes]) -> None:
            nonlocal reader
            reader.abort()
            load(rows)
            reader = environment.begin()
            peer.get = reader.get

        peer.name = "py-lmdb_held"
        peer.configuration = "one read transaction held: sees no new commits"
        peer.get_many = None
        peer.load = load_and_hold
    return peer


def lmdb_held(folder: Path) -> Peer:
    return lmdb(folder, held=True)


def plyvel(folder: Path) -> Peer:
    import plyvel

    db = plyvel.DB(str(folder), create_if_missing=True, lru_cache_size=64 << 20, bloom_filter_bits=10)

    def load(rows: dict[bytes, bytes]) -> None:
        with db.write_batch() as batch:
            for key, value in rows.items():
                batch.put(key, value)

    configuration = "sync=False, block cache 64 MiB, bloom filter 10 bits"
    return Peer("plyvel", configuration, db.get, db.put, load, close=db.close)


def rocksdict(folder: Path) -> Peer:
    from rocksdict import Options, Rdict, WriteBatch

    db = Rdict(str(folder), Options(raw_mode=True))

    def load(rows: dict[bytes, bytes]) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in rows.items():
            batch.put(key, value)
        db.write(batch)

    configuration = "raw mode, sync=False"
    return Peer("rocksdict", configuration, db.get, db.__setitem__, load, db.__getitem__, close=db.close)


def diskcache(folder: Path) -> Peer:
    from diskcache import Cache

    cache = Cache(str(folder))

    def load(rows: dict[bytes, bytes]) -> None:
        with cache.transact():
            for key, value in rows.items():
                cache.set(key, value)

    return Peer("diskcache", "Cache with its defaults", cache.get, cache.set, load, close=cache.close)


def sqlitedict(folder: Path) -> Peer:
    from sqlitedict import SqliteDict

    rows = SqliteDict(
        str(folder / "store.db"), autocommit=True, journal_mode="WAL", encode=sqlite3.Binary, decode=bytes
    )
    return Peer(
        "sqlitedict",
        "autocommit, WAL, no pickling",
        rows.get,
        rows.__setitem__,
        rows.update,
        flush=lambda: rows.commit(blocking=True),
        close=rows.close,
    )


def sqlite(folder: Path) -> Peer:
    db = sqlite3.connect(folder / "store.db", isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
    execute = db.execute

    def get(key: bytes) -> Value:
        row = execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put(key: bytes, value: bytes) -> None:
        execute("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, value))

    def load(rows: dict[bytes, bytes]) -> None:
        execute("BEGIN")
        db.executemany("INSERT OR REPLACE INTO kv VALUES (?, ?)", rows.items())
        execute("COMMIT")

    def get_many(keys: list[bytes]) -> list[Value]:
        marks = ",".join("?" * len(keys))
        found = dict(execute(f"SELECT key, value FROM kv WHERE key IN ({marks})", keys).fetchall())
        return [found.get(key) for key in keys]

    configuration = f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=NORMAL, autocommit, WITHOUT ROWID"
    return Peer("sqlite3", configuration, get, put, load, get_many, close=db.close)


OPENERS: list[Callable[[Path], Peer]] = [
    joinly,
    joinly_behind,
    builtin_dict,
    cachetools,
    lmdb,
    lmdb_held,
    plyvel,
    rocksdict,
    sqlite,
    diskcache,
    sqlitedict,
]

# What a program runs before its first call; {folder} is an empty folder that exists.
IMPORT_AND_OPEN = {
    "joinly": "import joinly_storage; store = joinly_storage.open('{folder}/store.db')",
    "py-lmdb": "import lmdb; store = lmdb.open('{folder}')",
    "plyvel": "import plyvel; store = plyvel.DB('{folder}', create_if_missing=True)",
    "rocksdict": "import rocksdict; store = rocksdict.Rdict('{folder}')",
    "sqlite3": "import sqlite3; db = sqlite3.connect('{folder}/store.db'); db.execute('PRAGMA journal_mode = WAL')",
    "diskcache": "import diskcache; store = diskcache.Cache('{folder}')",
    "sqlitedict": "import sqlitedict; store = sqlitedict.SqliteDict('{folder}/store.db')",
    "cachetools": "import cachetools; store = cachetools.LRUCache(1000)",
}
