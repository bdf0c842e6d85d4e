from __future__ import annotations

from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import BadHandle, Closed, Corrupt, Invalid, OutOfRange, SqlRows, Store, Timeout, TooLarge
from support import run_python

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"


@pytest.mark.parametrize("value", [None, 0, -(2**63), 2**63 - 1, 0.5, "", "ü\0x", b"", b"\0\xff"])
def test_values_go_there_and_back(memory: Store, value: object) -> None:
    assert list(memory.sql("SELECT ?", [value])) == [(value,)]  # type: ignore[list-item]
    assert list(memory.sql("SELECT :v", {"v": value})) == [(value,)]


def test_other_types_of_parameters(memory: Store) -> None:
    assert list(memory.sql("SELECT ?, ?", [True, bytearray(b"x")])) == [(1, b"x")]
    for wrong in ([object()], "text", b"bytes", {1: 2}):
        with pytest.raises(TypeError):
            memory.sql("SELECT ?", wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        memory.sql(b"SELECT 1")  # type: ignore[arg-type]
    with pytest.raises(OutOfRange):
        memory.sql("SELECT ?", [2**63])
    for timeout in (0, -1, float("nan"), 1e9):
        with pytest.raises(Invalid):
            memory.sql("SELECT 1", timeout=timeout)
    with pytest.raises(Invalid):
        memory.sql("SELECT 1", page_rows=0)


def test_rows_have_names(store: Store) -> None:
    store["k"] = "v"
    rows = store.sql("SELECT key, value AS what, expires_at FROM kv")
    assert isinstance(rows, SqlRows)
    assert rows.columns == ("key", "what", "expires_at")
    assert list(rows.dicts()) == [{"key": "k", "what": "v", "expires_at": None}]
    assert list(rows) == []


def test_what_is_no_text_is_bytes(store: Store) -> None:
    store.update([(b"k\xff", b"\xfe"), (b"k", "ü".encode())])
    assert list(store.sql("SELECT key, value FROM kv ORDER BY key")) == [("k", "ü"), (b"k\xff", b"\xfe")]
    assert list(store.sql("SELECT CAST(x'ff' AS TEXT)")) == [(b"\xff",)]


def test_large_values_are_decoded_and_expired_ones_hidden(path: Path) -> None:
    with joinly_storage.open(path, compress_threshold=100) as store:
        store["large"] = "abc" * 10_000
        store.set("short", "lived", ttl=0.001)
        while "short" in store:
            pass
        assert list(store.sql("SELECT key, length(value) FROM kv")) == [("large", 30_000)]


def test_pages_are_of_one_moment_while_another_process_writes(path: Path) -> None:
    with joinly_storage.open(path, snapshot_max_age_ms=60_000) as store:
        store.update((f"k:{number}", "x") for number in range(1000))
        rows = store.sql("SELECT id, value FROM kv WHERE space = 'k' ORDER BY id", page_rows=10)
        first = next(rows)
        run_python(
            f"import joinly_storage\nwith joinly_storage.open({str(path)!r}) as s: s['k:999'] = 'y'; del s['k:5']"
        )
        assert [first, *rows] == [(number, "x") for number in range(1000)]
        assert list(store.sql("SELECT count(*), max(value) FROM kv")) == [(999, "y")]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM kv",
        "INSERT INTO kv (key) VALUES (1)",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "SELECT 1; DELETE FROM kv",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/hostname')",
        "SELECT 1 \0",
        "nonsense",
        "",
        "SELECT ?",
    ],
)
def test_only_queries_are_run(store: Store, query: str) -> None:
    store["k"] = "v"
    with pytest.raises(Invalid):
        store.sql(query)
    assert dict(store) == {b"k": b"v"}


def test_parameters_are_no_sql(store: Store) -> None:
    store["k"] = "v"
    for evil in ("' OR 1=1 --", "'; DELETE FROM kv; --", "k' UNION SELECT 1"):
        assert list(store.sql("SELECT * FROM kv WHERE key = ?", [evil])) == []
        assert list(store.sql("SELECT value FROM kv WHERE key = 'k' AND :evil <> ''", {"evil": evil})) == [("v",)]


def test_what_does_not_end_is_stopped(memory: Store) -> None:
    with pytest.raises(Timeout, match="time-out"):
        memory.sql(ENDLESS.format("count(*)"), timeout=0.02)
    with pytest.raises(TooLarge):
        memory.sql("SELECT zeroblob(100000000)")
    with memory.sql(ENDLESS.format("i")) as endless:
        assert [next(endless)[0] for _ in range(1000)] == list(range(1, 1001))
    with pytest.raises((Closed, BadHandle)):
        list(endless)


def test_a_closed_store_answers_so(store: Store) -> None:
    store.update((f"{number}", "x") for number in range(100))
    rows = store.sql("SELECT key FROM kv", page_rows=1)
    store.close()
    with pytest.raises(Closed):
        list(rows)
    with pytest.raises((Closed, BadHandle)):
        store.sql("SELECT 1")


def test_a_changed_byte_is_told(path: Path) -> None:
    with joinly_storage.open(path) as store:
        store["k"] = "to be damaged"
    path.write_bytes(path.read_bytes().replace(b"to be damaged", b"to be damaqed"))
    with joinly_storage.open(path) as store, pytest.raises(Corrupt):
        store.sql("SELECT value FROM kv")


def test_documents_are_tables(store: Store) -> None:
    store["player:1"] = '{"id": "1", "name": "Ada", "properties": {"level": 3}}'
    store["board:race"] = '{"order": "lowest"}'
    store["board:race:all:Ada"] = '{"score": 7}'
    store["board:race:all:Bob"] = '{"score": 5}'
    assert list(store.sql("SELECT name, properties ->> 'level' FROM players WHERE id = '1'")) == [("Ada", 3)]
    ranks = store.sql("SELECT rank, player FROM leaderboard WHERE board = ? AND current ORDER BY rank", ["race"])
    assert list(ranks) == [(1, "Bob"), (2, "Ada")]
    assert list(store.sql("SELECT id FROM lobbies")) == []
