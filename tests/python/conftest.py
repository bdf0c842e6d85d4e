from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joinly_storage
import pytest
from joinly_storage import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "game.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with joinly_storage.open(path) as store:
        yield store


@pytest.fixture
def memory() -> Iterator[Store]:
    with joinly_storage.open("memory:") as store:
        yield store
