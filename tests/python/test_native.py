"""The methods that the library makes, against those that Python defines."""

from __future__ import annotations

import gc
import inspect
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import joinly_storage
import pytest
from joinly_storage import BadHandle, NotFound, Store, TooLarge
from joinly_storage._mapping import StoreMapping
from joinly_storage._native import StoreMethods
from support import run_python, wait_until

NAMES = ["get", "get_many", "set", "delete", "__getitem__", "__setitem__", "__contains__"]
MADE = "get" in vars(StoreMethods)
ROUNDS = 500
KNOWN = (
    sys.platform == "linux"
    and sys.implementation.name == "cpython"
    and sys.version_info < (3, 15)
    and getattr(sys, "_is_gil_enabled", lambda: True)()
)

made = pytest.mark.skipif(not MADE, reason="the library does not make methods here")


class Text(str):
    pass


class Data(bytes):
    pass


def test_the_library_makes_methods_where_it_knows_python() -> None:
    wanted = KNOWN and not os.environ.get("JOINLY_STORAGE_CTYPES")
    assert wanted == MADE


@made
@pytest.mark.parametrize("name", NAMES)
def test_a_method_looks_like_the_one_of_python(name: str) -> None:
    ours, portable = getattr(Store, name), getattr(StoreMapping, name)
    assert ours is not portable
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(portable).parameters)
    assert ours.__doc__


@pytest.mark.parametrize("kind", [bytes, str, bytearray, memoryview, Text, Data], ids=lambda kind: kind.__name__)
def test_every_type_of_key_and_value(store: Store, kind: Any) -> None:
    def of(text: str) -> Any:
        return kind(text) if issubclass(kind, str) else kind(text.encode())

    key = of("key")
    store.set(key, of("one"))
    assert (store.get(key), store[key], key in store, store.get_many([key])) == (b"one", b"one", True, [b"one"])
    store[key] = of("two")
    assert store.get(key) == b"two"
    assert store.delete(key)
    assert (store.get(key), key in store, store.get_many([key]), store.delete(key)) == (None, False, [None], False)


@pytest.mark.parametrize("size", [0, 1, 4096, 64 * 1024, 64 * 1024 + 1, 1_000_000])
def test_values_of_every_size(store: Store, size: int) -> None:
    value = bytes(range(256)) * (size // 256) + bytes(size % 256)
    store["k"] = value
    for _ in range(2):
        assert store.get("k") == value
        assert store.get_many(["k", "none", "k"]) == [value, None, value]


def test_optional_arguments_by_position_and_by_name(store: Store) -> None:
    missing = object()
    assert store.get("k", missing) is missing
    assert store.get("k", default=missing) is missing
    assert store.get(key="k") is None
    store.set("k", "v", 3600)
    assert 3599 < (store.ttl("k") or 0) <= 3600
    store.set("k", "v", ttl=0.5 * 7200)
    assert 3599 < (store.ttl("k") or 0) <= 3600
    store.set(key="k", value="w", ttl=None)
    assert store.ttl("k") is None
    store.set("k", "w", True)
    assert 0 < (store.ttl("k") or 0) <= 1
    assert store.delete(key="k")
    assert store.get_many(keys=["k"]) == [None]


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), float("inf"), 2**53, 10**400])
def test_a_wrong_ttl_writes_nothing(store: Store, ttl: float) -> None:
    with pytest.raises(ValueError, match="a ttl is a positive number"):
        store.set("k", "v", ttl)
    assert "k" not in store


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get(),
        lambda store: store.get("k", 1, 2),
        lambda store: store.get("k", wrong=1),
        lambda store: store.get("k", "d", default="d"),
        lambda store: store.get(1),
        lambda store: store.get(None),
        lambda store: store.get_many(),
        lambda store: store.get_many(7),
        lambda store: store.get_many(["k", 7]),
        lambda store: store.set("k"),
        lambda store: store.set("k", 1),
        lambda store: store.set("k", "v", "1"),
        lambda store: store.set("k", "v", ttl=1, wrong=1),
        lambda store: store.set(1, "v"),
        lambda store: store.delete(),
        lambda store: store.delete(1.0),
        lambda store: store[1],
        lambda store: 1 in store,
        lambda store: store.__setitem__("k"),
        lambda store: store.__setitem__("k", None),
    ],
)
def test_wrong_arguments_are_a_type_error(store: Store, call: Any) -> None:
    with pytest.raises(TypeError):
        call(store)
    assert not store


def test_text_without_a_utf8(store: Store) -> None:
    for call in (store.get, store.delete, store.__getitem__, store.__contains__, lambda key: store.get_many([key])):
        with pytest.raises(UnicodeEncodeError):
            call("\ud800")
    with pytest.raises(UnicodeEncodeError):
        store.set("k", "\ud800")


def test_keys_at_the_limits(store: Store) -> None:
    longest = b"k" * store.limits().max_key_bytes
    store[longest] = b"v"
    assert store[longest] == b"v"
    for call in (store.get, store.delete, store.__getitem__, store.__contains__, lambda key: store.get_many([key])):
        with pytest.raises(TooLarge):
            call(longest + b"k")
        with pytest.raises(ValueError, match="empty"):
            call(b"")
    with pytest.raises(TooLarge):
        store.get_many([b"k"] * (store.limits().max_page_rows + 1))


def test_many_keys_of_any_iterable(store: Store) -> None:
    store.update({"a": "1", "b": "2"})
    assert store.get_many(key for key in "ab-") == [b"1", b"2", None]
    assert store.get_many("ab") == [b"1", b"2"]
    assert store.get_many({"b": None, "a": None}) == [b"2", b"1"]
    assert store.get_many(key for key in (bytearray(b"a"), "b")) == [b"1", b"2"]
    assert store.get_many([]) == []

    def failing() -> Any:
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.get_many(failing())


def test_a_missing_key_is_named(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(NotFound, match="no such key: 'k'"):
            store["k"]


def test_a_closed_store(store: Store) -> None:
    store.close()
    calls: list[Any] = [
        lambda: store.get("k"),
        lambda: store["k"],
        lambda: "k" in store,
        lambda: store.get_many(["k"]),
        lambda: store.set("k", "v"),
        lambda: store.__setitem__("k", "v"),
        lambda: store.delete("k"),
    ]
    for call in calls:
        with pytest.raises(BadHandle) as caught:
            call()
        assert caught.value.status == 10
        assert caught.value.message


def test_a_store_that_was_never_opened() -> None:
    with pytest.raises((BadHandle, AttributeError)):
        Store.__new__(Store).get("k")


def test_a_subclass_overrides(path: Path) -> None:
    class Loud(Store):
        def get(self, key: Any, default: Any = None) -> Any:
            value = super().get(key, default)
            return value.upper() if isinstance(value, bytes) else value

    with joinly_storage.open(path) as store:
        store["k"] = "v"
        loud = Loud(store._handle)
        assert loud.get("k") == b"V"
        assert loud.get("none", 7) == 7
        loud._finalizer.detach()


def test_references_are_balanced(store: Store) -> None:
    key, value = b"key" * 10, b"value" * 10
    default: Any = object()
    keys = [key, b"other" * 10]
    shared = [key, value, default, keys, None, True, False, store]

    def use() -> None:
        store.set(key, value)
        store.set(key, value, 1000)
        store.set(key, value, ttl=1000)
        assert store.get(key, default) == value
        assert store.get(keys[1], default) is default
        assert store.get(keys[1]) is None
        assert store[key] == value
        assert key in store
        assert store.get_many(keys) == [value, None]
        for wrong in (lambda: store.get_many([*keys, default]), lambda: store.get(default), lambda: store[b"none"]):
            with pytest.raises((TypeError, NotFound)):
                wrong()
        with pytest.raises(TooLarge):
            store.get(b"k" * 10_000)
        assert store.delete(key)
        assert not store.delete(key)

    use()
    gc.collect()
    before = [sys.getrefcount(item) for item in shared]
    for _ in range(ROUNDS):
        use()
    gc.collect()
    after = [sys.getrefcount(item) for item in shared]
    # Other code shares None, True and False; one reference too many or too few each time would be more.
    assert all(abs(late - early) < ROUNDS / 2 for early, late in zip(before, after)), (before, after)


def test_other_threads_run_while_a_call_waits(path: Path) -> None:
    """A writer that waits for another one's lock holds up no thread that does not touch the store."""
    ready = path.with_name("ready")
    program = (
        "import sqlite3, sys, pathlib; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('BEGIN IMMEDIATE'); pathlib.Path(sys.argv[2]).touch(); sys.stdin.read()"
    )
    with joinly_storage.open(path, busy_timeout_ms=2000) as store:
        store["k"] = "v"

        def write() -> None:
            with pytest.raises(joinly_storage.Busy):
                store["k"] = "w"

        with subprocess.Popen([sys.executable, "-c", program, str(path), str(ready)], stdin=subprocess.PIPE) as other:
            wait_until(ready.exists)
            turns = 0
            waiting = threading.Thread(target=write)
            waiting.start()
            while waiting.is_alive():
                turns += 1
            waiting.join()
            assert turns > 1000
            assert other.stdin is not None
            other.stdin.close()


DAEMONS = """
import sys, threading
import joinly_storage

store = joinly_storage.open(sys.argv[1])
started = threading.Barrier(5)

def use(name):
    started.wait()
    at = 0
    while True:
        at += 1
        store[f"{name}:{at % 100}"] = "v"
        store.get(f"{name}:{at}")
        store.get_many([f"{name}:{at % 100}", f"none:{at}"])

for name in range(4):
    threading.Thread(target=use, args=(name,), daemon=True).start()
started.wait()
print("leaving")
"""


def test_daemon_threads_end_with_the_program(tmp_path: Path) -> None:
    for at in range(5):
        assert run_python(DAEMONS, tmp_path / f"{at}.db") == "leaving\n"


SUBINTERPRETER = """
import sys
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    print("used")
    raise SystemExit
import joinly_storage

with joinly_storage.open("memory:") as store:
    store["k"] = "v"
    other = interpreters.create()
    interpreters.run_string(other, '''
import sys
sys.path[:] = %r
try:
    import joinly_storage
except ImportError:  # ctypes refuses an interpreter with a lock of its own
    pass
else:
    with joinly_storage.open("memory:") as store:
        store["k"] = "other"
        assert store["k"] == b"other" and store.get_many(["k", "none"]) == [b"other", None]
        try:
            store.get(b"")
        except joinly_storage.Invalid:
            pass
        else:
            raise AssertionError
''' % (sys.path,))
    interpreters.destroy(other)
    assert store["k"] == b"v"
    print("used")
"""


def test_an_interpreter_beside_the_first() -> None:
    assert run_python(SUBINTERPRETER) == "used\n"
