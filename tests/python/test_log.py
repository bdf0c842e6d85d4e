from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joinly_storage
import pytest
from support import run_python


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    yield
    joinly_storage.set_log_callback(None)


def test_messages_arrive_up_to_their_level(path: Path) -> None:
    messages: list[tuple[str, str]] = []
    joinly_storage.set_log_callback(lambda level, text: messages.append((level, text)), "info")
    joinly_storage.open(path).close()
    assert ("info", "opened") in [(level, text.split()[0]) for level, text in messages]
    joinly_storage.set_log_callback(lambda level, text: messages.append((level, text)), "error")
    messages.clear()
    joinly_storage.open(path).close()
    assert messages == []


def test_no_such_level() -> None:
    with pytest.raises(ValueError, match="level"):
        joinly_storage.set_log_callback(print, "loud")  # type: ignore[arg-type]


def test_a_callback_does_not_outlive_the_interpreter(path: Path) -> None:
    code = """
import sys, joinly_storage
joinly_storage.set_log_callback(lambda level, text: None, "info")
store = joinly_storage.open(sys.argv[1], sweep_interval_ms=1)
store.set("k", "v", ttl=0.001)
"""
    assert run_python(code, path) == ""
