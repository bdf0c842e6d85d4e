"""Runs the language-neutral behaviour cases; their format is described in tests/cases/README.md."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ctypes import byref, c_size_t, c_void_p, create_string_buffer, sizeof
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from case_models import NOT_FOUND, OK, Models
from joinly_storage import Batch, JoinlyError, Store, Transaction, Watch, _pages
from joinly_storage import _ffi as ffi


class Step(NamedTuple):
    line: int
    operation: str
    arguments: list[bytes]
    expected: list[bytes]


class Case(NamedTuple):
    name: str
    steps: list[Step]


def decode(word: str) -> bytes:
    """The bytes that a word of a case file stands for."""
    if word == "\\e":
        return b""
    repeated = re.fullmatch(r"\\r(\d+):(.*)", word)
    if repeated:
        return decode(repeated[2]) * int(repeated[1])
    escapes = {b"\\s": b" ", b"\\\\": b"\\"}
    return re.sub(
        rb"\\(?:x[0-9a-fA-F]{2}|s|\\)",
        lambda match: escapes.get(match[0]) or bytes([int(match[0][2:], 16)]),
        word.encode(),
    )


def parse(text: str) -> list[Case]:
    """The cases of a file."""
    cases: list[Case] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "case":
            cases.append(Case(words[1], []))
            continue
        arrow = words.index("->")
        arguments, expected = words[1:arrow], words[arrow + 1 :]
        cases[-1].steps.append(Step(number, words[0], [*map(decode, arguments)], [*map(decode, expected)]))
    return cases


def load(folder: Path) -> list[tuple[str, Case]]:
    """Every case of a folder, with the name of its file."""
    return [(file.stem, case) for file in sorted(folder.glob("*.case")) for case in parse(file.read_text("utf-8"))]


class Runner(Models):
    """Runs steps on a store and answers in the words of the case files."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.versions: dict[bytes, int] = {}
        self.transactions: dict[bytes, Transaction] = {}
        self.watches: dict[bytes, Watch] = {}
        self.open_batch: Optional[Batch] = None
        self.scanned: Iterator[int] = iter(())
        self.found: Iterator[int] = iter(())

    def run(self, case: Case) -> None:
        with ExitStack() as stack:
            self._stack = stack
            for step in case.steps:
                answer = self.step(step)
                assert answer == step.expected, f"{case.name}, line {step.line}: {step.operation} answered {answer}"

    def step(self, step: Step) -> list[bytes]:
        operation: Callable[..., list[bytes]] = getattr(self, f"do_{step.operation}")
        try:
            return operation(*step.arguments)
        except JoinlyError as error:
            name: bytes = ffi.status_name(error.status)
            return [name]

    def do_get(self, key: bytes) -> list[bytes]:
        return _value(self.store.get(key))

    def do_get_into(self, key: bytes, capacity: bytes) -> list[bytes]:
        buffer, length, error = create_string_buffer(max(1, int(capacity))), c_size_t(), c_void_p()
        status = ffi.kv_get_into(self.store._handle, key, len(key), buffer, int(capacity), byref(length), byref(error))
        if status == ffi.BUFFER_TOO_SMALL:
            return [b"BUFFER_TOO_SMALL", str(length.value).encode()]
        if status:
            raise ffi.take_error(status, error)
        return [buffer.raw[: length.value]]

    def do_exists(self, key: bytes) -> list[bytes]:
        return [b"yes" if key in self.store else b"no"]

    def do_get_many(self, *keys: bytes) -> list[bytes]:
        return [word for value in self.store.get_many(keys) for word in _value(value)]

    def do_put(self, key: bytes, value: bytes) -> list[bytes]:
        self.store.set(key, value)
        return OK

    def do_put_ttl(self, key: bytes, value: bytes, milliseconds: bytes) -> list[bytes]:
        self.store.set(key, value, _ttl(milliseconds))
        return OK

    def do_delete(self, key: bytes) -> list[bytes]:
        return OK if self.store.delete(key) else NOT_FOUND

    def do_expire(self, key: bytes, milliseconds: bytes) -> list[bytes]:
        return OK if self.store.expire(key, _ttl(milliseconds)) else NOT_FOUND

    def do_add(self, key: bytes, delta: bytes) -> list[bytes]:
        return [b"%d" % self.store.add(key, int(delta))]

    def do_ttl(self, key: bytes) -> list[bytes]:
        left = self.store.ttl(key)
        return [b"never" if left is None else b"future" if left > 0 else b"past"]

    def do_sleep(self, milliseconds: bytes) -> list[bytes]:
        time.sleep(int(milliseconds) / 1000)
        return OK

    def do_scan(self, start: bytes, end: bytes, limit: bytes, *flags: bytes) -> list[bytes]:
        self.scanned = self._scan(self.store, [start, end], limit, flags)
        return self.do_scan_next()

    def do_prefix(self, prefix: bytes, limit: bytes, *flags: bytes) -> list[bytes]:
        self.scanned = self._scan(self.store, [prefix], limit, flags)
        return self.do_scan_next()

    def do_scan_next(self) -> list[bytes]:
        return _page(next(self.scanned))

    def do_remember(self, name: bytes, key: bytes) -> list[bytes]:
        entry = self.store.get_entry(key)
        self.versions[name] = entry.version if entry else 0
        return OK

    def do_batch(self) -> list[bytes]:
        self.open_batch = self.store.batch()
        self._stack.callback(self.open_batch.close)
        return OK

    def do_b_check(self, key: bytes, name: bytes) -> list[bytes]:
        self._batch().check(key, self.versions[name])
        return OK

    def do_b_absent(self, key: bytes) -> list[bytes]:
        self._batch().check_absent(key)
        return OK

    def do_b_put(self, key: bytes, value: bytes) -> list[bytes]:
        self._batch().set(key, value)
        return OK

    def do_b_put_ttl(self, key: bytes, value: bytes, milliseconds: bytes) -> list[bytes]:
        self._batch().set(key, value, _ttl(milliseconds))
        return OK

    def do_b_delete(self, key: bytes) -> list[bytes]:
        self._batch().delete(key)
        return OK

    def do_b_add(self, key: bytes, delta: bytes) -> list[bytes]:
        self._batch().add(key, int(delta))
        return OK

    def do_b_expire(self, key: bytes, milliseconds: bytes) -> list[bytes]:
        self._batch().expire(key, _ttl(milliseconds))
        return OK

    def do_commit(self) -> list[bytes]:
        self._batch().commit()
        return OK

    def do_begin(self, name: bytes) -> list[bytes]:
        self.transactions[name] = self.store.transaction()
        self._stack.callback(self.transactions[name].close)
        return OK

    def do_t_get(self, name: bytes, key: bytes) -> list[bytes]:
        return _value(self.transactions[name].get(key))

    def do_t_put(self, name: bytes, key: bytes, value: bytes) -> list[bytes]:
        self.transactions[name].set(key, value)
        return OK

    def do_t_delete(self, name: bytes, key: bytes) -> list[bytes]:
        return OK if self.transactions[name].delete(key) else NOT_FOUND

    def do_t_add(self, name: bytes, key: bytes, delta: bytes) -> list[bytes]:
        return [b"%d" % self.transactions[name].add(key, int(delta))]

    def do_t_prefix(self, name: bytes, prefix: bytes, limit: bytes) -> list[bytes]:
        scanned = self._scan(self.transactions[name], [prefix], limit, ())
        return _page(next(scanned))

    def do_t_commit(self, name: bytes) -> list[bytes]:
        self.transactions[name].commit()
        return OK

    def do_t_rollback(self, name: bytes) -> list[bytes]:
        self.transactions[name].rollback()
        return OK

    def do_watch(self, name: bytes, start: bytes, prefix: bytes) -> list[bytes]:
        self.watches[name] = self.store.watch(prefix, None if start == b"now" else int(start))
        self._stack.callback(self.watches[name].close)
        return OK

    def do_poll(self, name: bytes) -> list[bytes]:
        commit = self.watches[name].poll()
        return [b"TIMEOUT"] if commit is None else [kind.encode() + b":" + key for kind, key in commit.changes]

    def do_index(self, name: bytes, prefix: bytes, path: bytes) -> list[bytes]:
        self.store.create_index(name.decode(), prefix, path.decode())
        return OK

    def do_index_drop(self, name: bytes) -> list[bytes]:
        self.store.drop_index(name.decode())
        return OK

    def do_index_rebuild(self, name: bytes) -> list[bytes]:
        self.store.rebuild_index(name.decode())
        return OK

    def do_indexes(self) -> list[bytes]:
        return [name.encode() for name in self.store.indexes()]

    def do_find(self, name: bytes, limit: bytes, *conditions: bytes) -> list[bytes]:
        options = ffi.FindOptions(struct_size=sizeof(ffi.FindOptions), limit=int(limit))
        for condition in conditions:
            field, given, text = condition.decode().partition("=")
            setattr(options, field, text.encode() if given else 1)
            if given:
                setattr(options, f"{field}_len", len(text.encode()))
        self.found = _pages.pages(ffi.index_find, self.store._handle, name, options=options)
        return self.do_find_next()

    def do_find_next(self) -> list[bytes]:
        return _page(next(self.found), keys_only=True)

    def do_flush(self) -> list[bytes]:
        self.store.flush()
        return OK

    def do_checkpoint(self) -> list[bytes]:
        self.store.checkpoint()
        return OK

    def do_verify(self) -> list[bytes]:
        self.store.verify()
        return OK

    def do_compact(self) -> list[bytes]:
        self.store.compact()
        return OK

    def _batch(self) -> Batch:
        assert self.open_batch is not None
        return self.open_batch

    @staticmethod
    def _scan(space: Any, bounds: list[bytes], limit: bytes, flags: tuple[bytes, ...]) -> Iterator[int]:
        options = _pages.scan_options(b"reverse" in flags, b"keys" in flags)
        options.limit = int(limit)
        query = space._scan if len(bounds) == 2 else space._scan_prefix
        spread = [part for bound in bounds for part in (bound, len(bound))]
        return _pages.pages(query, space._handle, *spread, options=options)


def _value(value: Optional[bytes]) -> list[bytes]:
    return NOT_FOUND if value is None else [value]


def _ttl(milliseconds: bytes) -> Optional[float]:
    return int(milliseconds) / 1000 or None


def _page(page: int, keys_only: bool = False) -> list[bytes]:
    words = [key if value is None or keys_only else key + b"=" + value for key, value in _pages.rows(page)]
    return [*words, b"..."] if ffi.page_cursor(page, None) else words
